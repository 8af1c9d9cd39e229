"""The questions of one conversation in the terminal, each answered and kept."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress

from infill_ls.chat.chat import Chat
from infill_ls.chat.conversation import Code
from infill_ls.chat.history import History, HistoryFailed, Kept
from infill_ls.cli.chat_drawing import growing
from infill_ls.cli.console import err, say
from infill_ls.errors import InfillError
from infill_ls.text import Text


class Session:
    """One conversation, from the first question here to the last."""

    def __init__(self, runner: asyncio.Runner, chat: Chat, history: History, kept: Kept) -> None:
        """Take the conversation up."""
        self._runner = runner
        self._chat = chat
        self._history = history
        self._kept = kept
        self._is_kept = True
        chat.take_up(kept.conversation)

    def ask(self, question: str, code: Sequence[Code] = ()) -> None:
        """Print the answer while it comes, and keep it, whole or not.

        Raises InfillError where the host fails, KeyboardInterrupt once Ctrl-C has stopped it.
        """
        try:
            self._runner.run(self._answered(question, code))
        finally:
            self._keep()

    def in_turns(self, code: Sequence[Code] = ()) -> None:
        """Ask until the end of input, or Ctrl-C twice; code goes with the first question.

        A failure, or Ctrl-C, ends an answer only.
        """
        self._set_up_lines()
        was_interrupted = False
        while True:
            try:
                question = _line()
            except KeyboardInterrupt:
                if was_interrupted:
                    break
                was_interrupted = True
                say(err(), "\nCtrl-C once more, or Ctrl-D, leaves")
                continue
            if question is None:
                break
            if question.strip():
                was_interrupted = not self._asked(question, code)
                code = ()
        self._leave()

    def _asked(self, question: str, code: Sequence[Code]) -> bool:
        """Ask; return False if Ctrl-C has stopped the answer."""
        try:
            self.ask(question, code)
        except InfillError as error:
            say(err(), error.sentence())
        except KeyboardInterrupt:
            say(err(), "Stopped; Ctrl-C once more, or Ctrl-D, leaves")
            return False
        return True

    async def _answered(self, question: str, code: Sequence[Code]) -> None:
        # Text has no lone surrogates, which a terminal's wrong bytes become and nobody takes.
        asked, conversation = str(Text(question)), self._kept.conversation.id
        with growing() as show:
            reply = await self._chat.send(
                asked, lambda *told: show(told[-1]), conversation=conversation, code=code
            )
        if reply.cut:
            say(err(), "Not everything had room; older turns or code were left out")

    def _keep(self) -> None:
        if not self._kept.conversation.turns:
            return
        id_ = self._kept.id
        try:
            self._history.keep(self._kept)
        except HistoryFailed as error:
            if self._is_kept:
                say(err(), f"This conversation is not kept: {error.sentence()}")
            self._is_kept = False
            return
        self._is_kept = True
        if self._kept.id != id_:
            say(err(), f"Conversation {id_} was changed elsewhere; this one is {self._kept.id} now")

    def _set_up_lines(self) -> None:
        """Have lines edited as in a shell, with the earlier questions at the arrow keys."""
        if not sys.stdin.isatty():
            return
        with suppress(ImportError):  # Windows edits lines itself.
            import readline  # noqa: PLC0415 - it sets up the terminal

            for turn in self._kept.conversation.turns:
                readline.add_history(turn.question)

    def _leave(self) -> None:
        if not sys.stdin.isatty():
            return
        say(err(), "")
        if self._kept.content:
            say(err(), f"Go on with it: infill-ls chat --conversation {self._kept.id}")


def _line() -> str | None:
    """Return what is typed, or None at the end of input."""
    prompt = "> " if sys.stdin.isatty() else ""
    if prompt and not sys.stdout.isatty():
        # Standard output is for the answers.
        print(prompt, end="", file=sys.stderr, flush=True)
        prompt = ""
    try:
        return input(prompt)
    except EOFError:
        return None
