"""The infilling formats, as data: which tokens stand where, and what a buffer must not spell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from infill_ls.prompt.repository import Files
from infill_ls.types import Control


class Side(Enum):
    """A place in a format that takes the user's code."""

    PREFIX = "prefix"
    SUFFIX = "suffix"


def divided(text: str, control: re.Pattern[str]) -> tuple[str, ...]:
    """Divide a text after the first character of everything that spells a control token."""
    cuts = [match.start() + 1 for match in control.finditer(text)]
    return tuple(text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True))


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one family of models wants to be asked."""

    name: str
    """As in `prompt.template`."""
    models: re.Pattern[str]
    """Found in the names of the models that speak it."""
    psm: tuple[Control | Side, ...]
    """The parts in prefix-suffix-middle order, or in the only one that the model knows."""
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

    files: Files | None = None
    """How it is told of other files, if it was trained on that."""

    @property
    def shows_suffix(self) -> bool:
        """Whether the model is shown what comes after the cursor."""
        return Side.SUFFIX in self.psm

    def order(self, wanted: str) -> tuple[Control | Side, ...]:
        """Return the parts in the wanted order ("psm", "spm") if the model knows it, else PSM."""
        return self.spm if wanted == "spm" and self.spm else self.psm

    def rereads_suffix(self, wanted: str) -> bool:
        """Return whether a suffix comes after the prefix, which grows with each keystroke."""
        sides = [part for part in self.order(wanted) if isinstance(part, Side)]
        return sides == [Side.PREFIX, Side.SUFFIX]


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


def _fim(prefix: str, suffix: str, middle: str) -> tuple[Control | Side, ...]:
    """Return the order that most families know, behind whatever token the model begins with."""
    begin = Control("")
    return (begin, Control(prefix), Side.PREFIX, Control(suffix), Side.SUFFIX, Control(middle))


# Qwen2.5-Coder technical report (arXiv 2409.12186), section 3.2.2, and the model's
# tokenizer_config.json. Suffix-first orders are not in its training: on 30 single-line tasks
# they solved 73 % and 0 % against 87 %.
QWEN_CODER = Dialect(
    name="qwen2.5-coder",
    models=re.compile(r"qwen[-_ ]?2[._-]?5[-_ ]?coder", re.IGNORECASE),
    psm=_fim("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
    spm=None,
    end=(
        Control("<|endoftext|>"),
        Control("<|fim_pad|>"),
        Control("<|file_sep|>"),
        Control("<|im_end|>"),
    ),
    control=re.compile(r"<\|[a-z_]+\|>|</?tool_call>"),
    sentencepiece=False,
    files=Files(before=Control("<|file_sep|>")),
)

_STAR = _fim("<fim_prefix>", "<fim_suffix>", "<fim_middle>")
_END_OF_TEXT = Control("<|endoftext|>")
_STAR_CONTROL = re.compile(
    r"<\|endoftext\|>|<(?:fim_(?:prefix|suffix|middle|pad)|file_sep|filename|reponame|repo_name"
    r"|gh_stars|empty_output|code_to_intermediate|intermediate_to_code"
    r"|(?:issue|jupyter|commit)_[a-z_]+|pr(?:_[a-z_]+)?|NAME|EMAIL|KEY|PASSWORD)>"
)
"""The control tokens of StarCoder 1 and 2; no element of HTML is among them."""

# bigcode/starcoder, tokenizer_config.json. Instruct and chat models made from it do not fill in.
STARCODER = Dialect(
    name="starcoder",
    models=re.compile(r"star[-_ ]?coder(?![-_ ]?2|.*chat)", re.IGNORECASE),
    psm=_STAR,
    spm=None,
    end=(_END_OF_TEXT,),
    control=_STAR_CONTROL,
    sentencepiece=False,
)

# bigcode/starcoder2-15b, tokenizer_config.json; files are told apart by <file_sep>.
STARCODER2 = Dialect(
    name="starcoder2",
    models=re.compile(r"star[-_ ]?coder[-_ ]?2(?!.*instruct)", re.IGNORECASE),
    psm=_STAR,
    spm=None,
    end=(_END_OF_TEXT, Control("<file_sep>")),
    control=_STAR_CONTROL,
    sentencepiece=False,
    files=Files(before=Control("<file_sep>"), between=""),
)

# bigcode/santacoder, README.md: with hyphens, where its successors have underscores.
SANTACODER = Dialect(
    name="santacoder",
    models=re.compile(r"santa[-_ ]?coder", re.IGNORECASE),
    psm=_fim("<fim-prefix>", "<fim-suffix>", "<fim-middle>"),
    spm=None,
    end=(_END_OF_TEXT,),
    control=re.compile(r"<\|endoftext\|>|<fim-(?:prefix|suffix|middle|pad)>"),
    sentencepiece=False,
)

# deepseek-ai/DeepSeek-Coder, README.md, "Code Insertion", and DeepSeek-Coder-V2's: the bars are
# U+FF5C, the low lines U+2581.
DEEPSEEK_CODER = Dialect(
    name="deepseek-coder",
    models=re.compile(r"deepseek[-_ ]?coder", re.IGNORECASE),
    psm=_fim("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"),
    spm=None,
    end=(Control("<｜end▁of▁sentence｜>"), Control("<|EOT|>")),
    control=re.compile(r"<[|｜][^\s<>|｜]+[|｜]>"),
    sentencepiece=False,
)

# google/codegemma-2b, README.md, "How to use"; the -it models are for chat.
CODEGEMMA = Dialect(
    name="codegemma",
    models=re.compile(r"code[-_ ]?gemma(?!.*(?:\bit\b|instruct))", re.IGNORECASE),
    psm=_fim("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
    spm=None,
    end=(Control("<|file_separator|>"), Control("<eos>"), Control("<|fim_prefix|>")),
    control=re.compile(r"<\|[a-z_]+\|>|<(?:[be]os|pad|unk|mask|(?:start|end)_of_turn|unused\d+)>"),
    sentencepiece=False,
    files=Files(before=None, after=Control("<|file_separator|>"), between=""),
)

# ibm-granite/granite-3b-code-base, tokenizer_config.json: StarCoder's tokenizer.
GRANITE_CODE = Dialect(
    name="granite-code",
    models=re.compile(r"granite.*code", re.IGNORECASE),
    psm=_STAR,
    spm=None,
    end=(_END_OF_TEXT,),
    control=_STAR_CONTROL,
    sentencepiece=False,
)

# ibm-granite/granite-3.3-8b-base, README.md, and Granite 4's.
GRANITE = Dialect(
    name="granite",
    models=re.compile(r"granite[-_ ]?(?:3\.3|4)", re.IGNORECASE),
    psm=_fim("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
    spm=None,
    end=(Control("<|end_of_text|>"), Control("<|fim_pad|>")),
    control=re.compile(r"<\|[a-z_]+\|>"),
    sentencepiece=False,
)

# stabilityai/stable-code-3b, README.md, "Fill In Middle".
STABLE_CODE = Dialect(
    name="stable-code",
    models=re.compile(r"stable[-_ ]?code(?!.*(?:alpha|instruct))", re.IGNORECASE),
    psm=_STAR,
    spm=None,
    end=(_END_OF_TEXT,),
    control=_STAR_CONTROL,
    sentencepiece=False,
)

# smallcloudai/Refact-1_6B-fim, README.md, "Fill-in-the-middle".
REFACT = Dialect(
    name="refact",
    models=re.compile(r"\brefact[-_ ]?1", re.IGNORECASE),
    psm=_STAR,
    spm=None,
    end=(_END_OF_TEXT,),
    control=_STAR_CONTROL,
    sentencepiece=False,
)

_CODESTRAL = (Control(""), Control("[SUFFIX]"), Side.SUFFIX, Control("[PREFIX]"), Side.PREFIX)

# mistral_common 1.13, tokens/tokenizers/instruct.py `encode_fim`: the suffix is first and without
# SentencePiece's blank, and nothing stands between the prefix and the answer.
CODESTRAL = Dialect(
    name="codestral",
    models=re.compile(r"(?<!mamba-)codestral(?!.*mamba)", re.IGNORECASE),
    psm=_CODESTRAL,
    spm=_CODESTRAL,
    end=(Control("</s>"), Control("[SUFFIX]"), Control("[PREFIX]")),
    control=re.compile(
        r"\[(?:PREFIX|MIDDLE|SUFFIX|/?INST|/?SYSTEM_PROMPT|TOOL_(?:CALLS|CONTENT)"
        r"|/?(?:AVAILABLE_TOOLS|TOOL_RESULTS|THINK)|IMG(?:_BREAK|_END)?)\]|</?s>|<(?:unk|pad)>"
    ),
    sentencepiece=True,
)

_INFILLING = (
    CODE_LLAMA, QWEN_CODER, STARCODER, STARCODER2, SANTACODER, DEEPSEEK_CODER, CODEGEMMA,
    GRANITE_CODE, GRANITE, STABLE_CODE, REFACT, CODESTRAL,
)  # fmt: skip

# A model that knows no infilling, or that we do not know: it continues the prefix.
PLAIN = Dialect(
    name="plain",
    models=re.compile(r"(?!)"),
    psm=(Control(""), Side.PREFIX),
    spm=None,
    end=(),
    # It may be of any family, under a name of its own.
    control=re.compile("|".join(dialect.control.pattern for dialect in _INFILLING)),
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

DIALECTS = (*_INFILLING, PLAIN)


def choose(template: str, model: str) -> Dialect:
    """Return the dialect that `prompt.template` names, or for "auto" the one of the model's name.

    A model that no dialect claims is asked plainly, since a foreign sentinel is worse than none.
    """
    for dialect in DIALECTS:
        if dialect.name == template or (template == "auto" and dialect.models.search(model)):
            return dialect
    return PLAIN
