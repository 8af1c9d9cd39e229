"""The ways in which hosts of OpenAI's kind are asked for completions, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from infill_ls.backends.as_text import text_of
from infill_ls.backends.openai_chunks import COUNTED
from infill_ls.backends.sampling import DEEPSEEK, MISTRAL, OPENAI, Table
from infill_ls.types import Code, Prompt


@dataclass(frozen=True, slots=True)
class Route:
    """One way of asking for completions, told by how the URL ends."""

    endings: tuple[str, ...]
    """Parts of the URL that say so, longest first."""
    path: str
    """Where completions are, below what is before the ending."""
    table: Table
    more: Mapping[str, object]
    """Further fields of a request."""
    suffix: bool
    """True where the host takes prefix and suffix apart."""

    chat: str = "/v1/chat/completions"
    """Where the Messages API is."""
    models: str = "/v1/models"
    """Where the models are named."""

    def base_of(self, url: str) -> str:
        """Return the URL without what told the route."""
        base = url.rstrip("/")
        for ending in self.endings:
            base = base.removesuffix(ending)
        return base

    def fields_of(self, prompt: Prompt) -> dict[str, str]:
        """Return the prompt's texts by the names of their fields."""
        if not self.suffix:
            return {"prompt": text_of(prompt)}
        code = [part for part in prompt.parts if isinstance(part, Code)]
        return {
            "prompt": "".join(part.plain() for part in code if part.before_cursor),
            "suffix": "".join(part.plain() for part in code if not part.before_cursor),
        }


ROUTES = (
    Route(
        ("/fim/completions",),
        "/fim/completions",
        MISTRAL,
        {},
        suffix=True,
        chat="/chat/completions",
        models="/models",
    ),
    Route(
        ("/beta/completions", "/beta"),
        "/beta/completions",
        DEEPSEEK,
        COUNTED,
        suffix=True,
        chat="/chat/completions",
        models="/models",
    ),
    Route(("/v1/completions", "/v1"), "/v1/completions", OPENAI, COUNTED, suffix=False),
)
USUAL = ROUTES[-1]


def told_by(url: str) -> Route | None:
    """Return the route that the URL's end tells, if any."""
    path = url.rstrip("/")
    return next((route for route in ROUTES if path.endswith(route.endings)), None)
