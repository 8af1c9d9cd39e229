"""The infilling formats, as data: which tokens stand where, and what a buffer must not spell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from infill_ls.types import Control


class Side(Enum):
    """A place in a format that takes the user's code."""

    PREFIX = "prefix"
    SUFFIX = "suffix"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one family of models wants to be asked."""

    name: str
    """As in `prompt.template`."""
    models: re.Pattern[str]
    """Found in the names of the models that speak it."""
    psm: tuple[Control | Side, ...]
    """The parts in prefix-suffix-middle order."""
    spm: tuple[Control | Side, ...] | None
    """The parts in suffix-prefix-middle order, or None where the model was not trained on it."""
    end: tuple[Control, ...]
    """Tokens that end the answer, besides the model's own end of text."""
    control: re.Pattern[str]
    """Text that a tokenizer could read as a control token of this family."""
    sentencepiece: bool
    """True where the vocabulary puts a blank before each text, which a suffix must not have."""
    fragile: str = ""
    """Characters with which a suffix must not begin where the prompt goes as text, because the
    tokenizer would join the last one of the token before it to them."""

    def order(self, wanted: str) -> tuple[Control | Side, ...]:
        """Return the parts in the wanted order ("psm", "spm") if the model knows it, else PSM."""
        return self.spm if wanted == "spm" and self.spm else self.psm


# Ids and layout: facebookresearch/codellama, llama/generation.py `infilling_prompt_tokens` and
# llama/tokenizer.py. A blank belongs to each token ("▁<PRE>"); `Control.text` spells it for hosts
# that take text and add the begin token themselves.
_BOS = Control("", 1)
_PRE, _SUF, _MID = 32007, 32008, 32009

CODE_LLAMA = Dialect(
    name="codellama",
    # 34B, and every -Python, was trained without infilling; 70B is disputed (paper v3 against
    # the model's README), so it is asked plainly.
    models=re.compile(r"code[-_ ]?llama(?!.*(34b|70b|python))", re.IGNORECASE),
    psm=(
        _BOS,
        Control("<PRE>", _PRE),
        Side.PREFIX,
        Control(" <SUF>", _SUF),
        Side.SUFFIX,
        Control(" <MID>", _MID),
    ),
    spm=(
        _BOS,
        Control("<PRE>", _PRE),
        Control(" <SUF>", _SUF),
        Side.SUFFIX,
        Control(" <MID>", _MID),
        Side.PREFIX,
    ),
    end=(Control("<EOT>", 32010),),
    control=re.compile(r"<(?:PRE|SUF|MID|EOT|FILL_ME|/?s|unk)>"),
    sentencepiece=True,
    # "▁<SUF>" is no special token there but made of pieces, its ">" last. These are the second
    # characters of all pieces that begin with ">", so whatever begins otherwise leaves it whole.
    fragile="\r\"&'(),./:;<=>[\\`{",
)

# Qwen2.5-Coder technical report (arXiv 2409.12186), section 3.2.2, and the model's
# tokenizer_config.json. Suffix-first orders are not in its training: on 30 single-line tasks
# they solved 73 % and 0 % against 87 %.
QWEN_CODER = Dialect(
    name="qwen2.5-coder",
    models=re.compile(r"qwen[-_ ]?2[._-]?5[-_ ]?coder", re.IGNORECASE),
    psm=(
        Control("<|fim_prefix|>"),
        Side.PREFIX,
        Control("<|fim_suffix|>"),
        Side.SUFFIX,
        Control("<|fim_middle|>"),
    ),
    spm=None,
    end=(
        Control("<|endoftext|>"),
        Control("<|fim_pad|>"),
        Control("<|file_sep|>"),
        Control("<|im_end|>"),
    ),
    control=re.compile(r"<\|[a-z_]+\|>|</?tool_call>"),
    sentencepiece=False,
)

# A model that knows no infilling, or that we do not know: it continues the prefix.
PLAIN = Dialect(
    name="plain",
    models=re.compile(r"(?!)"),
    psm=(Control(""), Side.PREFIX),
    spm=None,
    end=(),
    control=re.compile(r"<[|｜][^\s<>|｜]+[|｜]>|<(?:/?s|unk)>"),
    sentencepiece=False,
)

# For hosts that take prefix and suffix apart, and guard their own control tokens.
SIDES = Dialect(
    name="sides",
    models=re.compile(r"(?!)"),
    psm=(Side.PREFIX, Side.SUFFIX),
    spm=None,
    end=(),
    control=re.compile(r"(?!)"),
    sentencepiece=False,
)

DIALECTS = (CODE_LLAMA, QWEN_CODER, PLAIN)


def choose(template: str, model: str) -> Dialect:
    """Return the dialect that `prompt.template` names, or for "auto" the one of the model's name.

    A model that no dialect claims is asked plainly, since a foreign sentinel is worse than none.
    """
    for dialect in DIALECTS:
        if dialect.name == template or (template == "auto" and dialect.models.search(model)):
            return dialect
    return PLAIN
