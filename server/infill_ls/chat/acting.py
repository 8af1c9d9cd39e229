"""The way of one action, top to bottom: the code, the question, the answer, and what it changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from infill_ls.chat.actions import Action, NotApplied
from infill_ls.chat.chat import Chat
from infill_ls.chat.conversation import Code
from infill_ls.chat.edits import Edit, edit_of
from infill_ls.chat.target import Target
from infill_ls.types import Document

Tell = Callable[[str], None]
"""Is told each piece of the answer, in order."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action came to."""

    answer: str
    """What the model said."""
    edit: Edit | None
    """What that changes; None where it is to be read."""
    why_not: str = ""
    """Why it changes nothing, where it should."""


async def act(
    chat: Chat, action: Action, document: Document, target: Target, problem: str, tell: Tell
) -> Outcome:
    """Ask for an action on some lines of a document, which may be shown.

    `problem` says what is to be fixed, or is empty. Raises BackendError if the host fails.
    """
    lines = target.lines(document.text)
    code = Code(document.path, document.language, target.text(document), lines)
    question = f"{action.instruction}\n\nThe problem: {problem}" if problem else action.instruction
    reply = await chat.once(question, lambda _, __, text: tell(text), code=(code,))
    if reply.cut:
        return Outcome(reply.text, None, "the code was too long for the model to be shown it")
    if action.becomes == "text":
        return Outcome(reply.text, None)
    if reply.finish == "length":
        return Outcome(reply.text, None, "the answer is longer than chat.maxTokens")
    if reply.finish is None:
        return Outcome(reply.text, None, "the answer was stopped")
    try:
        return Outcome(reply.text, edit_of(action, reply.text, document, target))
    except NotApplied as error:
        return Outcome(reply.text, None, str(error))
