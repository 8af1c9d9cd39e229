"""The way of one chat message, top to bottom.

Conversation, what fits, the host's own template or ours, stream, remember.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from uuid import uuid4

from infill_ls.backends.base import Backend
from infill_ls.chat.conversation import Code, Conversation, Sent, Turn
from infill_ls.chat.room import fitted
from infill_ls.errors import BadInput, NotFound, RequestRejected
from infill_ls.prompt.chat import (
    WORD_JOINER,
    chat_prompt,
    defused,
    messages_mended,
    shown_so_far,
    without_markers,
)
from infill_ls.prompt.templates import Template, template_of
from infill_ls.settings.section import speaking_of
from infill_ls.settings.tree import BackendSettings, Settings
from infill_ls.types import Delta, Finish, Message, Sampling

Tell = Callable[[str, int, str], None]
"""Is told each piece of an answer, in order: with its conversation, and the number of the answer
in it, from 0."""

Connect = Callable[[BackendSettings], Backend]
"""Makes a back end; nothing is sent."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of a question."""

    conversation: str
    message: int
    """The number of the answer in the conversation, from 0."""
    text: str
    """All that was told, in one."""
    finish: Finish | None
    """None where it was stopped."""
    cut: bool
    """Whether older turns or code had to be left out."""
    prompt_tokens: int | None
    completion_tokens: int | None


class Chat:
    """The conversations of one session, with the model that the settings name for it."""

    def __init__(
        self,
        settings: Settings,
        connect: Connect,
        *,
        new_id: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        """Start nothing: `connect` is called at the first question."""
        self._take(settings)
        self._connect = connect
        self._new_id = new_id
        self._backend: Backend | None = None
        self._conversations: dict[str, Conversation] = {}
        self._answering: dict[str, asyncio.Task[Reply]] = {}

    def take_up(self, conversation: Conversation) -> None:
        """Let questions be asked in a conversation from before."""
        self._conversations[conversation.id] = conversation

    async def send(
        self,
        question: str,
        tell: Tell,
        *,
        conversation: str | None = None,
        code: Sequence[Code] = (),
    ) -> Reply:
        """Ask in a conversation, or in a new one; return the whole answer.

        Raises BackendError if the host fails, BadInput as `ask` does. The question is kept in any
        case, and so is what was answered before a failure, a stop or a cancel.
        """
        return await self.answer(self.ask(question, conversation=conversation, code=code), tell)

    def ask(
        self,
        question: str,
        *,
        conversation: str | None = None,
        code: Sequence[Code] = (),
        turns: int | None = None,
        said: Sequence[Turn] = (),
    ) -> str:
        """Add a question to a conversation, or to a new one, which is returned.

        What was said after the first `turns` is forgotten, where that is a number; a new
        conversation goes on from what was `said` elsewhere, the oldest first. Raises BadInput for a
        blank question, a conversation that is not there or one that is still answering.
        """
        if not question.strip():
            raise BadInput("there is no question")
        if conversation is None:
            asked = Conversation(self._new_id(), list(said))
            self._conversations[asked.id] = asked
        else:
            asked = self._idle(conversation)
            asked.turns = asked.turns[:turns]
        asked.turns.append(Turn(question, tuple(code)))
        return asked.id

    async def answer(self, conversation: str, tell: Tell) -> Reply:
        """Have the newest question answered; raises as `send` does."""
        return await self._answered(self._idle(conversation), tell)

    async def once(self, question: str, tell: Tell, *, code: Sequence[Code] = ()) -> Reply:
        """Ask a question that belongs to no conversation; raises BackendError if the host fails."""
        asked = Conversation(self._new_id(), [Turn(question, tuple(code))])
        return await self._answered(asked, tell)

    async def retry(self, conversation: str, tell: Tell) -> Reply:
        """Ask the last question again, and forget its answer; raises as `send` does."""
        asked = self._idle(conversation)
        if not asked.turns:
            raise BadInput("nothing was asked yet")
        asked.turns[-1].answer = ""
        return await self._answered(asked, tell)

    def stop(self, conversation: str) -> bool:
        """End the answer that is being written; return whether there was one."""
        self._found(conversation)
        answering = self._answering.get(conversation)
        # A second time would break off the closing of the connection.
        if answering is None or answering.cancelling():
            return False
        answering.cancel()
        return True

    def clear(self, conversation: str) -> None:
        """Stop and forget a conversation."""
        self.stop(conversation)
        del self._conversations[conversation]

    def sent(self, conversation: str) -> Sent:
        """Return what the model was asked with last. Raises BadInput where that was nothing."""
        found = self._found(conversation)
        if found.sent is None:
            raise BadInput("the newest question was not sent to the model")
        return found.sent

    def export(self, conversation: str) -> str:
        """Return a conversation as Markdown."""
        return self._found(conversation).markdown()

    async def configure(self, settings: Settings) -> None:
        """Take new settings; answers that are being written for the old ones end."""
        await self.aclose()
        self._take(settings)

    async def aclose(self) -> None:
        """End all answers, then close the back end; the conversations stay."""
        for answering in self._answering.values():
            answering.cancel()
        await asyncio.gather(*self._answering.values(), return_exceptions=True)
        backend, self._backend = self._backend, None
        if backend is not None:
            await backend.aclose()

    def _take(self, settings: Settings) -> None:
        self._settings = settings.chat
        self._backend_settings = settings.chat_backend or settings.backend
        self._section = "chatBackend" if settings.chat_backend else "backend"
        self._templates_itself = True

    async def _answered(self, asked: Conversation, tell: Tell) -> Reply:
        """Have the newest question answered; to be stopped from elsewhere."""
        asked.sent = None
        answering = asyncio.create_task(self._answer(asked, tell), name=f"chat {asked.id}")
        self._answering[asked.id] = answering
        try:
            with speaking_of(self._section):
                return await answering
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if caller is not None and caller.cancelling():
                raise
            cut = asked.sent is not None and asked.sent.cut
            answer = asked.turns[-1].answer
            return Reply(asked.id, len(asked.turns) - 1, answer, None, cut, None, None)
        finally:
            del self._answering[asked.id]

    async def _answer(self, asked: Conversation, tell: Tell) -> Reply:
        backend = self._connected()
        model = await backend.model()
        room = model.context_tokens and max(0, model.context_tokens - self._settings.max_tokens)
        messages, cut = fitted(self._settings.system, asked.turns, room)
        asked.sent = Sent(messages_mended(messages), cut)
        turn, number, last = asked.turns[-1], len(asked.turns) - 1, Delta("")
        async with self._opened(backend, asked.sent.messages, template_of(model.name)) as deltas:
            async for last in deltas:
                if last.text:
                    turn.answer += last.text
                    tell(asked.id, number, last.text)
        usage = last.prompt_tokens, last.completion_tokens
        return Reply(asked.id, number, turn.answer, last.finish, cut, *usage)

    @asynccontextmanager
    async def _opened(
        self, backend: Backend, messages: Sequence[Message], template: Template | None
    ) -> AsyncIterator[AsyncIterator[Delta]]:
        """Have the host use its own template; where it has none, or that refuses, use ours."""
        if self._templates_itself or template is None:
            has_begun = False
            try:
                said = defused(messages, template)
                async with (
                    backend.converse(said, self._sampling()) as deltas,
                    aclosing(_as_it_was(deltas)) as shown,
                ):
                    has_begun = True
                    yield shown
                    return
            except (NotFound, RequestRejected) as error:
                if has_begun or template is None:
                    raise
                # A template that refuses this conversation may take the next one.
                self._templates_itself = not isinstance(error, NotFound)
        async with (
            backend.stream(chat_prompt(messages, template, self._sampling())) as deltas,
            aclosing(_shown(deltas, template)) as shown,
        ):
            yield shown

    def _sampling(self) -> Sampling:
        settings = self._settings
        return Sampling(
            max_new_tokens=settings.max_tokens,
            temperature=settings.temperature,
            top_p=settings.top_p,
            section="chat",
        )

    def _connected(self) -> Backend:
        if self._backend is None:
            self._backend = self._connect(self._backend_settings)
        return self._backend

    def _found(self, conversation: str) -> Conversation:
        with suppress(KeyError):
            return self._conversations[conversation]
        raise BadInput(f"there is no conversation {conversation!r}", hint="begin a new one")

    def _idle(self, conversation: str) -> Conversation:
        found = self._found(conversation)
        if conversation in self._answering:
            raise BadInput("the answer before is still being written", hint="stop it first")
        return found


async def _as_it_was(deltas: AsyncIterator[Delta]) -> AsyncGenerator[Delta, None]:
    """Take out what made a message harmless, where the answer repeats that."""
    async for delta in deltas:
        yield replace(delta, text=delta.text.replace(WORD_JOINER, ""))


async def _shown(deltas: AsyncIterator[Delta], template: Template) -> AsyncGenerator[Delta, None]:
    """Leave out what belongs to the template."""
    answer = told = ""
    async for delta in deltas:
        answer += delta.text
        shown = without_markers if delta.finish else shown_so_far
        text = shown(answer, template)
        yield Delta(
            text.removeprefix(told), delta.finish, delta.prompt_tokens, delta.completion_tokens
        )
        told = text
