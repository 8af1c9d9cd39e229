"""The hosted API of Hugging Face: for each model TGI's routes, behind a proxy of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from fakes.faces import messages
from fakes.faces.tgi import Tgi
from fakes.record import Request
from fakes.response import Response, json_response
from fakes.script import Reply

INVALID_TOKEN = {"error": "Authorization header is correct, but the token seems invalid"}

RATE_LIMIT = json_response(
    {"error": "Rate limit reached. Please log in or use a HF access token"}, 429
)
NEEDS_PRO = json_response(
    {
        "error": "Model requires a Pro subscription; check out hf.co/pricing to learn more. "
        "Make sure to include your HF token in your query."
    },
    400,
)


def loading(model: str, *, status: int = 503, seconds: float = 98.8) -> Response:
    """Return what is answered while a model loads; it has come with status 200, too."""
    value = {"error": f"Model {model} is currently loading", "estimated_time": seconds}
    return json_response(value, status)


@dataclass(frozen=True, slots=True)
class HuggingFace:
    """A face of the API as it is now, or with `old=True` as it was in 2023."""

    model: str = "codellama/CodeLlama-7b-hf"
    root: str = ""
    """What stands before `/models`."""
    old: bool = False
    """A wrong token is told with status 400, and TGI is 1.1."""
    cold: bool = False
    """The model is not loaded: only those who say that they wait get an answer."""
    tgi: Tgi = field(default_factory=Tgi)

    def respond(
        self, request: Request, token: str | None, next_reply: Callable[[], Reply]
    ) -> Response:
        """Answer as the proxy does, or let TGI answer."""
        if token is not None and request.headers.get("authorization") != f"Bearer {token}":
            return json_response(INVALID_TOKEN, 400 if self.old else 401)
        here = f"{self.root}/models/{self.model}"
        path = request.path.removeprefix(here) or "/"
        if not request.path.startswith(here) or path not in ("/", messages.PATH):
            name = request.path.removeprefix(f"{self.root}/models/")
            return json_response({"error": f"Model {name} does not exist"}, 404)
        if self.cold and "x-wait-for-model" not in request.headers:
            return loading(self.model)
        tgi = replace(self.tgi, model=self.model, old=self.old)
        return tgi.respond(replace(request, path=path), None, next_reply)
