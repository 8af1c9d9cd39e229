"""What can be done with code by asking a model: what it is asked, and what its answer becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from infill_ls.errors import InfillError
from infill_ls.settings.tree import ChatSettings

Becomes = Literal["code", "comment", "documentation", "tests", "text"]
"""What an answer becomes: the code itself, the comment itself, a docstring or comment that says
what the code is for, a new file, or nothing but a text to read."""


class NotApplied(InfillError):
    """An answer cannot be put into the document; it is there to read."""


@dataclass(frozen=True, slots=True)
class Action:
    """One of them."""

    id: str
    title: str
    kind: str
    """As in LSP: "quickfix", "refactor.rewrite" and so on."""
    instruction: str
    """What the model is told, above the code."""
    becomes: Becomes


_ONLY_CODE = (
    "Answer with the whole of the code above as it is to be, in one fenced block, "
    "and with nothing else."
)

FIX = Action(
    "fix",
    "Fix",
    "quickfix",
    f"Fix this problem in the code above, and change nothing else. {_ONLY_CODE}",
    "code",
)
DOCUMENT = Action(
    "document",
    "Write a docstring",
    "refactor.rewrite",
    "Write a docstring or documentation comment for the code above, in the usual style of its "
    "language: what it does, its parameters, and what it returns. Answer with the code and its "
    "documentation, in one fenced block, and with nothing else.",
    "documentation",
)
SIMPLIFY = Action(
    "simplify",
    "Simplify",
    "refactor.rewrite",
    "Make the code above simpler and easier to read, without any change of what it does, of its "
    f"name or of its parameters. {_ONLY_CODE}",
    "code",
)
TRANSLATE = Action(
    "translate",
    "Translate the comment into English",
    "refactor.rewrite",
    f"Translate the comment above into English; it stays a comment. {_ONLY_CODE}",
    "comment",
)
TEST = Action(
    "test",
    "Write tests",
    "refactor",
    "Write tests for the code above, with the usual test framework of its language, and with all "
    "imports that they need. Answer with one whole file, in one fenced block, and nothing else.",
    "tests",
)
EXPLAIN = Action(
    "explain", "Explain", "", "Explain in a few sentences what the code above does.", "text"
)

OF_CODE = (EXPLAIN, DOCUMENT, SIMPLIFY, TEST)
"""What can be done with any code."""


def own(settings: ChatSettings) -> tuple[Action, ...]:
    """Return the user's own actions; each becomes the code."""
    return tuple(
        Action(f"own.{title}", title, "refactor.rewrite", f"{instruction} {_ONLY_CODE}", "code")
        for title, instruction in settings.actions.items()
    )


def action_of(id_: str, settings: ChatSettings) -> Action | None:
    """Return the action with an id; None if there is none, or no longer."""
    known = (FIX, DOCUMENT, SIMPLIFY, TRANSLATE, TEST, EXPLAIN, *own(settings))
    return next((action for action in known if action.id == id_), None)
