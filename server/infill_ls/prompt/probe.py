"""Short prompts that show how a host reads a format, before any code is sent."""

from __future__ import annotations

from infill_ls.prompt.dialects import Dialect, Side
from infill_ls.types import Code, Control, Part, Prompt, Sampling

_ANY = "x"


def opening(dialect: Dialect) -> Prompt:
    """Return the format's first token before a text: a model of another family has none such."""
    controls = [part for part in dialect.psm if isinstance(part, Control)]
    first = next((at for at, part in enumerate(controls) if part.text), len(controls))
    return _prompt(dialect, (*controls[: first + 1], Code((_ANY,), before_cursor=True)))


def fragile(dialect: Dialect) -> Prompt:
    """Return the format's tokens, that before the suffix once for each start that may break it."""
    at = dialect.psm.index(Side.SUFFIX)
    marker = dialect.psm[at - 1]
    assert isinstance(marker, Control)
    suffixes: list[Part] = []
    for start in dialect.fragile:
        suffixes += [marker, Code((f"{start}{_ANY}",), before_cursor=False)]
    sides = [part for part in dialect.psm[: at - 1] if isinstance(part, Control)]
    rest = [part for part in dialect.psm[at + 1 :] if isinstance(part, Control)]
    return _prompt(dialect, (*sides, *suffixes, *rest))


def _prompt(dialect: Dialect, parts: tuple[Part, ...]) -> Prompt:
    return Prompt(parts, dialect.end, dialect.sentencepiece, Sampling(max_new_tokens=1))
