"""Build the prompt for one request: choose the dialect, cut the windows, guard the user's text."""

from __future__ import annotations

from dataclasses import replace

from infill_ls.prompt.dialects import SIDES, Dialect, Side, choose
from infill_ls.prompt.window import window
from infill_ls.settings.tree import CompletionSettings, Settings
from infill_ls.types import Code, CompletionRequest, Control, ModelInfo, Prompt, Sampling

EMBEDDED_TOKENS = 192
"""The embedded model evaluates about 57 tokens a second on two cores: a little over 3 s cold."""

REMOTE_TOKENS = 1024


def build(request: CompletionRequest, model: ModelInfo, settings: Settings) -> Prompt:
    """Return the prompt for the request, in the format of the model that will answer it."""
    dialect = dialect_for(model, settings)
    prefix, suffix = window(
        request.document.text,
        request.offset,
        _budget(model, settings),
        settings.prompt.suffix_share if dialect.name != "plain" else 0.0,
    )
    shown = suffix if model.takes_ids else suffix.lstrip(dialect.fragile)
    prompt = render(dialect, prefix, shown, settings=settings)
    return replace(prompt, left_out=suffix[: len(suffix) - len(shown)])


def dialect_for(model: ModelInfo, settings: Settings) -> Dialect:
    """Return the format that the model wants to be asked in."""
    return SIDES if model.infills else choose(settings.prompt.template, model.name)


def render(dialect: Dialect, prefix: str, suffix: str, *, settings: Settings) -> Prompt:
    """Put a prefix and a suffix into the dialect's format, in the order of the settings."""
    sides = {Side.PREFIX: prefix, Side.SUFFIX: suffix}
    return Prompt(
        parts=tuple(
            part if isinstance(part, Control) else _code(dialect, part, sides[part])
            for part in dialect.order(_order(prefix, settings))
        ),
        end=dialect.end,
        sentencepiece=dialect.sentencepiece,
        sampling=_sampling(settings.completion),
    )


def _order(prefix: str, settings: Settings) -> str:
    """Return the order in which the model fills in best where the prefix ends.

    Source: the Code Llama paper (arXiv 2308.12950), appendix E: suffix first solves 83.3 % of
    single lines against 74.1 %, but of spans that begin anywhere, inside tokens too, 39.0 % against
    59.7 %.
    """
    if settings.prompt.order != "auto":
        return settings.prompt.order
    last = prefix[-1:]
    return "psm" if last.isalnum() or last == "_" else "spm"


def _sampling(settings: CompletionSettings) -> Sampling:
    return Sampling(
        max_new_tokens=settings.max_tokens,
        temperature=settings.temperature,
        top_p=settings.top_p,
        top_k=settings.top_k,
        typical_p=settings.typical_p,
        repetition_penalty=settings.repetition_penalty,
        frequency_penalty=settings.frequency_penalty,
        seed=settings.seed,
        stop=settings.stop,
        do_sample=settings.do_sample,
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
