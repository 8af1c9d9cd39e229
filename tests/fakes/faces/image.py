"""A host that draws: Hugging Face's API for Stable Diffusion, which answers with a picture."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from PIL import Image

from fakes.record import Request
from fakes.response import Response, json_response
from fakes.script import Fail, Reply

MODEL = "stabilityai/stable-diffusion-xl-base-1.0"

_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}


class _Parameters(Struct, forbid_unknown_fields=True):
    negative_prompt: str = ""
    guidance_scale: float = 5.0
    num_inference_steps: int = 20
    width: Annotated[int, Meta(multiple_of=8)] = 64
    height: Annotated[int, Meta(multiple_of=8)] = 64
    seed: int = 0


class _Asked(Struct):
    inputs: str
    parameters: _Parameters = msgspec.field(default_factory=_Parameters)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A face that draws one colour, which the seed decides."""

    always: str | None = None
    """The type that is sent whatever is asked for; None sends what `Accept` names, else JPEG."""

    def respond(
        self, request: Request, token: str | None, next_reply: Callable[[], Reply]
    ) -> Response:
        """Answer as the API does."""
        if token is not None and request.headers.get("authorization") != f"Bearer {token}":
            return json_response({"error": "Invalid username or password."}, 401)
        if request.path != f"/models/{MODEL}":
            return json_response({"error": "Model does not exist"}, 404)
        try:
            asked = msgspec.json.decode(request.body, type=_Asked)
        except msgspec.DecodeError as error:
            return json_response({"error": [str(error)], "warnings": []}, 400)
        reply = next_reply()
        if isinstance(reply, Fail):
            return reply.response
        accepted = request.headers.get("accept", "")
        media_type = self.always or (accepted if accepted in _FORMATS else "image/jpeg")
        picture = drawn(asked.parameters, media_type)
        return Response(200, {"content-type": media_type}, (picture,), reply.gate)


def drawn(parameters: _Parameters, media_type: str) -> bytes:
    """Return a picture of the size and in the format that are asked for."""
    size = (parameters.width, parameters.height)
    picture = Image.new("RGB", size, (parameters.seed % 256, 0, 0))
    file = io.BytesIO()
    picture.save(file, _FORMATS[media_type])
    return file.getvalue()
