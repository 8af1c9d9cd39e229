"""The commands of chat, described in server/PROTOCOL.md."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Annotated

from lsprotocol import types
from msgspec import Meta, Struct
from pygls.exceptions import JsonRpcException

from infill_ls.chat.chat import Reply, Tell
from infill_ls.chat.conversation import Turn
from infill_ls.chat.mentions import code_mentioned
from infill_ls.errors import BadInput, InfillError
from infill_ls.lsp import work_done
from infill_ls.lsp.chat_context import Context, code_of, folders_of, open_files
from infill_ls.lsp.commands import read
from infill_ls.lsp.language_server import Server
from infill_ls.lsp.protocol import CHAT_DELTA, ChatDeltaParams
from infill_ls.text import Text

SEND = "infill-ls.chat.send"
RETRY = "infill-ls.chat.retry"
STOP = "infill-ls.chat.stop"
CLEAR = "infill-ls.chat.clear"
SENT = "infill-ls.chat.sent"
EXPORT = "infill-ls.chat.export"


class Said(Struct, frozen=True):
    """A question from before, and what was answered."""

    text: str
    answer: str


class Send(Struct, frozen=True, rename="camel"):
    """The argument of `infill-ls.chat.send`."""

    text: str
    conversation: str | None = None
    turns: Annotated[int, Meta(ge=0)] | None = None
    """After how many of the conversation's questions this one comes; later ones are forgotten."""
    history: list[Said] = []
    """What a new conversation goes on from, the oldest first."""
    context: Context | list[Context] = []
    work_done_token: types.ProgressToken | None = None


class Of(Struct, frozen=True, rename="camel"):
    """The argument of the other commands."""

    conversation: str
    work_done_token: types.ProgressToken | None = None
    """Only `infill-ls.chat.retry` has a use for it."""


def register(server: Server) -> None:
    """Add the commands to the server."""
    server.command(SEND)(send)
    server.command(RETRY)(retry)
    server.command(STOP)(stop)
    server.command(CLEAR)(clear)
    server.command(SENT)(sent)
    server.command(EXPORT)(export)


async def send(server: Server, argument: object) -> dict[str, object]:
    """Ask a question, and return the whole answer; its pieces go out before."""
    asked = read(SEND, argument, Send)
    clearance = server.session.clearance
    contexts = asked.context if isinstance(asked.context, list) else [asked.context]
    code = [code_of(context, server.buffers, clearance) for context in contexts]
    folders, opened = folders_of(contexts, server.buffers), open_files(server.buffers)
    mentioned = await code_mentioned(asked.text, folders, opened, clearance)
    chat = server.session.chat
    conversation = chat.ask(
        _clean(asked.text),
        conversation=asked.conversation,
        code=tuple(dict.fromkeys([*code, *mentioned])),
        turns=asked.turns,
        said=[Turn(_clean(said.text), answer=_clean(said.answer)) for said in asked.history],
    )
    return await _answered(server, conversation, asked.work_done_token, chat.answer)


async def retry(server: Server, argument: object) -> dict[str, object]:
    """Ask the last question again."""
    asked = read(RETRY, argument, Of)
    chat = server.session.chat
    return await _answered(server, asked.conversation, asked.work_done_token, chat.retry)


async def stop(server: Server, argument: object) -> dict[str, bool]:
    """End the answer that is being written."""
    return {"stopped": server.session.chat.stop(read(STOP, argument, Of).conversation)}


async def clear(server: Server, argument: object) -> None:
    """Forget a conversation."""
    server.session.chat.clear(read(CLEAR, argument, Of).conversation)


async def sent(server: Server, argument: object) -> dict[str, object]:
    """Return what the model was asked with last."""
    last = server.session.chat.sent(read(SENT, argument, Of).conversation)
    messages = [{"role": message.role, "text": message.text} for message in last.messages]
    return {"messages": messages, "cut": last.cut}


async def export(server: Server, argument: object) -> dict[str, str]:
    """Return a conversation as Markdown."""
    return {"markdown": server.session.chat.export(read(EXPORT, argument, Of).conversation)}


def _clean(text: str) -> str:
    """Return a text as every other text of a user is: without lone surrogates."""
    return str(Text(text))


async def _answered(
    server: Server,
    conversation: str,
    token: types.ProgressToken | None,
    answer: Callable[[str, Tell], Awaitable[Reply]],
) -> dict[str, object]:
    """Have a question answered; a failure tells in which conversation it is kept."""
    token = work_done.REQUESTED.get() if token is None else token
    chat = server.session.chat
    words = _Words()

    def tell(conversation: str, message: int, text: str) -> None:
        delta = ChatDeltaParams(conversation, message, text, token)
        server.protocol.notify(CHAT_DELTA, delta)
        if words.grow(text):
            report(f"{words.count} word{'s' if words.count > 1 else ''}")

    def stop() -> None:
        with suppress(BadInput):  # It may have been cleared.
            chat.stop(conversation)

    try:
        with work_done.shown(server, token, "answering", stop) as report:
            return _told(await answer(conversation, tell))
    except InfillError as error:
        raise JsonRpcException(
            message=error.sentence(),
            code=types.LSPErrorCodes.RequestFailed,
            data={"conversation": conversation},
        ) from error


class _Words:
    """Counts the words of a text that comes in pieces."""

    def __init__(self) -> None:
        self.count = 0
        self._last = ""

    def grow(self, text: str) -> bool:
        """Take the next piece; tell whether a word has begun in it."""
        begun = len(f"{self._last}{text}".split()) - len(self._last.split())
        self._last = f"{self._last}{text}"[-1:]
        self.count += begun
        return begun > 0


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
