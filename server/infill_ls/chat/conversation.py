"""One conversation: what was asked, with the code at hand, and what was answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from infill_ls.types import Message


@dataclass(frozen=True, slots=True)
class Code:
    """A piece of code that goes with a question."""

    path: str
    """As the model is to know it, with "/" between folders."""
    language: str
    """The editor's identifier of the language, or nothing."""
    text: str
    lines: tuple[int, int] | None = None
    """Its first and last line, from 1; None where it is the whole file."""


@dataclass
class Turn:
    """A question and its answer, as far as it is written."""

    question: str
    code: tuple[Code, ...] = ()
    answer: str = ""

    def messages(self) -> Iterator[Message]:
        """Yield the question, with its code before it, and the answer if there is one."""
        yield Message("user", "\n\n".join([*map(_shown, self.code), self.question]))
        if self.answer:
            yield Message("assistant", self.answer)


@dataclass
class Conversation:
    """All turns, the oldest first."""

    id: str
    turns: list[Turn] = field(default_factory=list)

    def markdown(self) -> str:
        """Return it as a text that people read."""
        parts = (
            f"## You\n\n{turn.question}\n\n## Answer\n\n{turn.answer}\n" for turn in self.turns
        )
        return "\n".join(parts)


def _shown(code: Code) -> str:
    """Put code into a fence that is longer than any in it."""
    fence = "```"
    while fence in code.text:
        fence += "`"
    lines = f", lines {code.lines[0]} to {code.lines[1]}" if code.lines else ""
    end = "" if code.text.endswith("\n") else "\n"
    return f"{code.path}{lines}:\n\n{fence}{code.language}\n{code.text}{end}{fence}"
