"""A dedicated Inference Endpoint: TGI behind a proxy that asks for the token everywhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from fakes.faces.tgi import Tgi
from fakes.record import Request
from fakes.response import Response, json_response
from fakes.script import Reply

BAD_GATEWAY = Response(
    502,
    {"content-type": "text/html"},
    (b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body></body>\r\n</html>\r\n",),
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A face of an endpoint that is awake, or with `asleep` says so in one way or the other."""

    tgi: Tgi = field(default_factory=Tgi)
    asleep: Response | None = None

    def respond(
        self, request: Request, token: str | None, next_reply: Callable[[], Reply]
    ) -> Response:
        """Answer as the proxy does, or let TGI answer."""
        if token is not None and request.headers.get("authorization") != f"Bearer {token}":
            return json_response({"error": "Unauthorized"}, 401)
        return self.asleep or self.tgi.respond(request, None, next_reply)
