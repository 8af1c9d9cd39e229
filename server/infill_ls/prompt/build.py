"""Build the prompt for one request: choose the dialect, cut the windows, guard the user's text."""

from __future__ import annotations

from infill_ls.prompt.dialects import Dialect, Side, choose
from infill_ls.prompt.window import window
from infill_ls.settings.tree import Settings
from infill_ls.types import Code, CompletionRequest, Control, ModelInfo, Prompt

EMBEDDED_TOKENS = 192
"""The embedded model evaluates about 57 tokens a second on two cores: a little over 3 s cold."""

REMOTE_TOKENS = 1024


def build(request: CompletionRequest, model: ModelInfo, settings: Settings) -> Prompt:
    """Return the prompt for the request, in the format of the model that will answer it."""
    dialect = choose(settings.prompt.template, model.name)
    return render(
        dialect,
        *window(
            request.document.text,
            request.offset,
            _budget(model, settings),
            settings.prompt.suffix_share if dialect.name != "plain" else 0.0,
        ),
        settings=settings,
    )


def render(dialect: Dialect, prefix: str, suffix: str, *, settings: Settings) -> Prompt:
    """Put a prefix and a suffix into the dialect's format, in the order of the settings."""
    sides = {Side.PREFIX: prefix, Side.SUFFIX: suffix}
    return Prompt(
        parts=tuple(
            part if isinstance(part, Control) else _code(dialect, part, sides[part])
            for part in dialect.order(settings.prompt.order)
        ),
        end=dialect.end,
        sentencepiece=dialect.sentencepiece,
        max_tokens=settings.completion.max_tokens,
        temperature=settings.completion.temperature,
    )


def _budget(model: ModelInfo, settings: Settings) -> int:
    """Tokens for both windows: what is wanted, within what the host takes.

    A third of the host's context stays free, because the windows are measured by estimate.
    """
    wanted = settings.prompt.max_tokens or (EMBEDDED_TOKENS if model.slow else REMOTE_TOKENS)
    if model.context_tokens is None:
        return wanted
    room = (model.context_tokens - settings.completion.max_tokens) * 2 // 3
    return max(16, min(wanted, room))


def _code(dialect: Dialect, side: Side, text: str) -> Code:
    """Divide the text after the first character of everything that spells a control token."""
    cuts = [match.start() + 1 for match in dialect.control.finditer(text)]
    segments = tuple(text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True))
    return Code(segments, before_cursor=side is Side.PREFIX)
