"""Pictures from a model such as Stable Diffusion XL, of Hugging Face's API or one of its shape."""

from __future__ import annotations

import mimetypes
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct, to_builtins
from msgspec.structs import replace

from infill_ls.backends import hub_token
from infill_ls.backends.huggingface import located
from infill_ls.errors import BackendError, BadInput
from infill_ls.settings.tree import BackendSettings, Settings

_READ_TIMEOUT_MS = 120_000
"""A picture takes many seconds, during which the host is silent."""

Size = Annotated[int, Meta(ge=64, le=4_096, multiple_of=8)]


class Wish(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What is to be drawn; what is None is left to the host."""

    prompt: str
    negative_prompt: str | None = None
    guidance_scale: float | None = None
    width: Size | None = None
    height: Size | None = None
    num_inference_steps: Annotated[int, Meta(ge=1, le=500)] | None = None
    seed: Annotated[int, Meta(ge=0)] | None = None


async def draw(wish: Wish, path: Path, settings: Settings) -> Path:
    """Write a picture and return where: at the path, with the suffix of what the host sent.

    A file that is there is replaced, by a whole picture or not at all. Raises BadInput or
    BackendError.
    """
    if not path.parent.is_dir():
        raise BadInput(f"there is no folder {path.parent}")
    host, model = located(_backend(settings))
    parameters = to_builtins(wish)
    body = {"inputs": parameters.pop("prompt"), "parameters": parameters}
    async with aclosing(host):
        try:
            media_type, data = await host.media(
                f"/models/{model}", body, _kind_of_picture(path) or "image/png"
            )
        except BackendError as error:
            hint = "check the settings of `image`" if "backend." in error.hint else error.hint
            raise type(error)(str(error), hint=hint) from error
    return _written(_named(path, media_type), data)


def _backend(settings: Settings) -> BackendSettings:
    given = settings.image
    return replace(
        settings.backend,
        url=given.url,
        model=given.model,
        # The token of Hugging Face's own tools is for Hugging Face.
        token=given.token or (None if given.url else hub_token.find()),
        headers={},
        client_certificate=None,
        read_timeout_ms=max(settings.backend.read_timeout_ms, _READ_TIMEOUT_MS),
    )


def _kind_of_picture(path: Path) -> str | None:
    """Return the media type that a name stands for, if it is one of pictures."""
    media_type, _ = mimetypes.guess_type(path.name, strict=False)
    return media_type if media_type and media_type.startswith("image/") else None


def _named(path: Path, media_type: str) -> Path:
    """Return the path with the suffix of a type, in place of that of another picture."""
    kind = _kind_of_picture(path)
    if kind == media_type:
        return path
    suffix = mimetypes.guess_extension(media_type, strict=False) or ""
    return path.with_suffix(suffix) if kind else path.with_name(path.name + suffix)


def _written(path: Path, data: bytes) -> Path:
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(data)
        return part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise BadInput(f"{path} cannot be written ({error.strerror})") from error
