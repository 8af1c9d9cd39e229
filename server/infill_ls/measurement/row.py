"""What is kept of one suggestion: figures and names, and not a character of anybody's code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Acceptance = Literal["", "part", "whole"]
"""Whether all that was left of a suggestion was accepted at once, or a beginning, or nothing."""


@dataclass(frozen=True, slots=True)
class Row:
    """One suggestion; the fields are the columns of the table."""

    id: str
    """Says nothing; a later state of the suggestion has the same."""
    time: float
    """When it was answered first, in seconds since 1970."""
    language: str
    """The editor's language identifier, or empty."""
    backend: str
    """The kind of the back end."""
    model: str
    """Its name; of a model file, the file's name without its folder."""
    source: str
    """Where it came from when it was answered first."""
    first_token_ms: float | None
    total_ms: float
    prompt_tokens: int | None
    completion_tokens: int
    characters: int
    """How long it was, at its end."""
    shown: bool = False
    accepted: Acceptance = ""
    accepted_characters: int = 0
    typed_characters: int = 0
    """So many were typed as suggested, one by one."""
    kept_30s: float | None = None
    """The share of the accepted characters that were there 30 seconds later, from 0 to 1; None
    where that is not known, because the document was closed before."""
    kept_5min: float | None = None
    """The same after 5 minutes."""
