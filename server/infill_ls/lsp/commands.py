"""The commands of `workspace/executeCommand`, described in server/PROTOCOL.md."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path
from typing import TypeVar

import msgspec
from lsprotocol import types
from msgspec import Struct
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams
from pygls.uris import to_fs_path

from infill_ls.errors import InfillError
from infill_ls.lsp import work_done
from infill_ls.lsp.language_server import Server
from infill_ls.lsp.progress import progress_of

T = TypeVar("T")

IMAGE = "infill-ls.image"
MODELS = "infill-ls.models"


class ImageArguments(Struct, frozen=True, kw_only=True):
    """The argument of `infill-ls.image`; all else in it is what `backends/image.py` wishes."""

    path: str
    """Where to write, absolute or from the workspace's root."""


def register(server: Server) -> None:
    """Add all commands to the server."""
    server.command(IMAGE)(image)
    server.command(MODELS)(models)


async def execute(server: Server, params: types.ExecuteCommandParams) -> object:
    """Run a command; what goes wrong is an error with one sentence."""
    command: Callable[..., Awaitable[object]] | None = server.protocol.fm.commands.get(
        params.command
    )
    if command is None:
        raise JsonRpcInvalidParams(message=f"there is no command {params.command!r}")
    argument = params.arguments[0] if params.arguments else {}
    work_done.REQUESTED.set(params.work_done_token)
    try:
        return await command(argument)
    except InfillError as error:
        code = types.LSPErrorCodes.RequestFailed
        raise JsonRpcException(message=error.sentence(), code=code) from error


async def image(server: Server, argument: object) -> dict[str, str]:
    """Draw a picture, and return the path that it was written to."""
    # httpx need not be imported before somebody wants a picture.
    drawing = import_module("infill_ls.backends.image")
    path = read(IMAGE, argument, ImageArguments).path
    wished = {key: value for key, value in read(IMAGE, argument, dict).items() if key != "path"}
    wish = read(IMAGE, wished, drawing.Wish)
    root = to_fs_path(server.workspace.root_uri or "") or "."
    async with progress_of(server)("drawing a picture"):
        written = await drawing.draw(wish, Path(root, path), server.session.settings)
    return {"path": str(written)}


async def models(server: Server, _argument: object) -> dict[str, object]:
    """Return which models the back end has, and the one that the settings name."""
    session = server.session
    return {"model": session.settings.backend.model, "models": await session.models()}


def read(command: str, argument: object, kind: type[T]) -> T:
    """Return a command's argument; one that is no such thing is an error that says why."""
    try:
        return msgspec.convert(argument, kind)
    except msgspec.ValidationError as error:
        raise JsonRpcInvalidParams(message=f"{command}: {error}") from error
