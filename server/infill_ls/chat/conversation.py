"""One conversation: what was asked, with the code at hand, and what was answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from infill_ls.types import Message


@dataclass(frozen=True, slots=True)
class Problem:
    """What a tool reports of some code."""

    lines: tuple[int, int]
    """The first and the last that it is on, from 1."""
    code: str
    """What stands there, of many lines the first ones."""
    words: str


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
    problems: tuple[Problem, ...] = ()
    """What is reported of it."""


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


@dataclass(frozen=True, slots=True)
class Sent:
    """What the model was asked with."""

    messages: tuple[Message, ...]
    cut: bool
    """Whether older turns or code had no room and were left out."""


@dataclass
class Conversation:
    """All turns, the oldest first."""

    id: str
    turns: list[Turn] = field(default_factory=list)
    sent: Sent | None = None
    """For the newest question; None before anything was sent for it."""

    def markdown(self) -> str:
        """Return it as a text that people read."""
        parts = (
            f"## You\n\n{turn.question}\n\n## Answer\n\n{turn.answer}\n" for turn in self.turns
        )
        return "\n".join(parts)


def _shown(code: Code) -> str:
    """Show code by its path, and below it what is reported of it."""
    lines = f", {_named(code.lines)}" if code.lines else ""
    return "\n\n".join([
        f"{code.path}{lines}:\n\n{_fenced(code.text, code.language)}",
        *(_told(problem, code.language) for problem in code.problems),
    ])  # fmt: skip


def _told(problem: Problem, language: str) -> str:
    lines = _named(problem.lines).capitalize()
    return f"{lines}, {problem.words}\n\n{_fenced(problem.code, language)}"


def _named(lines: tuple[int, int]) -> str:
    first, last = lines
    return f"line {first}" if first == last else f"lines {first} to {last}"


def _fenced(code: str, language: str) -> str:
    """Put code into a fence that is longer than any in it."""
    fence = "```"
    while fence in code:
        fence += "`"
    end = "" if code.endswith("\n") else "\n"
    return f"{fence}{language}\n{code}{end}{fence}"
