"""A piece of another place that a model is shown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Snippet:
    """Whole lines of a file."""

    path: str
    """Relative to the workspace, with "/" between folders."""
    text: str
    """Ends with a line feed; all line ends are line feeds."""

    def __str__(self) -> str:
        return f"{self.path}\n{self.text}"
