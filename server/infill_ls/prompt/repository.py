"""Several files in one prompt, where a model was trained on a format for that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from infill_ls.prompt.snippet import Snippet
from infill_ls.types import Control


@dataclass(frozen=True, slots=True)
class Files:
    """How a family's format tells files apart."""

    before: Control | None
    """Stands before each file, its path first."""
    after: Control | None = None
    """Stands after each file but the one that is completed."""
    between: str = "\n"
    """Stands where one file ends, besides the tokens."""


def parts(files: Files, snippets: Sequence[Snippet], path: str) -> Iterator[Control | str]:
    """Yield the tokens and texts that go before the format's own, ending with the file's path."""
    for snippet in snippets:
        if files.before:
            yield files.before
        yield f"{snippet.path}\n{snippet.text.rstrip()}{files.between}"
        if files.after:
            yield files.after
    if files.before:
        yield files.before
    yield f"{path}\n"
