"""The commands of chat, described in server/PROTOCOL.md."""

from __future__ import annotations

from collections.abc import Callable

from lsprotocol import types
from msgspec import Struct

from infill_ls.chat.chat import Reply
from infill_ls.chat.conversation import Code
from infill_ls.errors import BadInput
from infill_ls.lsp.commands import read
from infill_ls.lsp.language_server import Server
from infill_ls.lsp.positions import offset_at
from infill_ls.lsp.protocol import CHAT_DELTA, ChatDeltaParams

SEND = "infill-ls.chat.send"
RETRY = "infill-ls.chat.retry"
STOP = "infill-ls.chat.stop"
CLEAR = "infill-ls.chat.clear"
EXPORT = "infill-ls.chat.export"


class Place(Struct, frozen=True, rename="camel"):
    """A position, as in LSP."""

    line: int
    character: int


class Range(Struct, frozen=True, rename="camel"):
    """A range, as in LSP."""

    start: Place
    end: Place


class Context(Struct, frozen=True, rename="camel"):
    """Code that goes with a question."""

    uri: str
    range: Range | None = None
    """Without it, the whole document."""


class Send(Struct, frozen=True, rename="camel"):
    """The argument of `infill-ls.chat.send`."""

    text: str
    conversation: str | None = None
    context: Context | list[Context] = []


class Of(Struct, frozen=True, rename="camel"):
    """The argument of the other commands."""

    conversation: str


def register(server: Server) -> None:
    """Add the commands to the server."""
    server.command(SEND)(send)
    server.command(RETRY)(retry)
    server.command(STOP)(stop)
    server.command(CLEAR)(clear)
    server.command(EXPORT)(export)


async def send(server: Server, argument: object) -> dict[str, object]:
    """Ask a question, and return the whole answer; its pieces go out before."""
    asked = read(SEND, argument, Send)
    contexts = asked.context if isinstance(asked.context, list) else [asked.context]
    reply = await server.session.chat.send(
        asked.text,
        _teller(server),
        conversation=asked.conversation,
        code=[_code(server, context) for context in contexts],
    )
    return _told(reply)


async def retry(server: Server, argument: object) -> dict[str, object]:
    """Ask the last question again."""
    conversation = read(RETRY, argument, Of).conversation
    return _told(await server.session.chat.retry(conversation, _teller(server)))


async def stop(server: Server, argument: object) -> dict[str, bool]:
    """End the answer that is being written."""
    return {"stopped": server.session.chat.stop(read(STOP, argument, Of).conversation)}


async def clear(server: Server, argument: object) -> None:
    """Forget a conversation."""
    server.session.chat.clear(read(CLEAR, argument, Of).conversation)


async def export(server: Server, argument: object) -> dict[str, str]:
    """Return a conversation as Markdown."""
    return {"markdown": server.session.chat.export(read(EXPORT, argument, Of).conversation)}


def _teller(server: Server) -> Callable[[str, int, str], None]:
    def tell(conversation: str, message: int, text: str) -> None:
        server.protocol.notify(CHAT_DELTA, ChatDeltaParams(conversation, message, text))

    return tell


def _told(reply: Reply) -> dict[str, object]:
    return {
        "conversation": reply.conversation,
        "message": reply.message,
        "text": reply.text,
        "finish": reply.finish or "stopped",
        "cut": reply.cut,
        "usage": {
            "promptTokens": reply.prompt_tokens,
            "completionTokens": reply.completion_tokens,
        },
    }


def _code(server: Server, context: Context) -> Code:
    """Return what a context names of an open document. Raises BadInput if it must not be shown."""
    document = server.buffers.snapshot(context.uri)
    if document is None:
        raise BadInput(f"{context.uri} is not open in the editor")
    document = server.session.clearance.checked(document)
    text = document.text
    if context.range is None:
        return Code(document.path, document.language, str(text))
    start, end = (
        offset_at(text, types.Position(at.line, at.character), server.buffers.position_encoding)
        for at in (context.range.start, context.range.end)
    )
    lines = text.position(start)[0] + 1, text.position(end)[0] + 1
    return Code(document.path, document.language, text.slice(start, max(start, end)), lines)
