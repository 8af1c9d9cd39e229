"""The chat templates: how each family was trained to read a conversation.

They are for hosts that take a raw prompt; a host with a Messages API knows its model's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from infill_ls.prompt.dialects import CODE_LLAMA, QWEN_CODER
from infill_ls.types import Control, Message

Piece = Control | str | Message
"""Of a conversation as it is laid out: a control token, the template's own words, or what somebody
said."""


@dataclass(frozen=True, slots=True)
class Template:
    """How one family of models wants to be talked to."""

    name: str
    """As messages tell it."""
    models: re.Pattern[str]
    """Found in the names of the models that were trained on it."""
    layout: Callable[[Sequence[Message]], Iterator[Piece]]
    """Lays out messages as `messages_mended` returns them."""
    end: tuple[Control, ...]
    """Tokens that end the answer."""
    control: re.Pattern[str]
    """What a message must not spell. It begins before the second character of what is to be broken:
    between any others it may be made of the same tokens as before."""
    sentencepiece: bool
    """True where the vocabulary puts a blank before each text."""
    head: re.Pattern[str]
    """What stands before an answer's first word and is no part of it."""
    tails: tuple[str, ...] = ()
    """What a model goes on with that was not stopped at the end of its answer."""


def template_of(name: str) -> Template | None:
    """Return the template that the model of this name was trained on.

    None where it is not known, or where the model was not trained to chat: a foreign template is
    worse than none.
    """
    return next((each for each in TEMPLATES if each.models.search(name)), None)


_BOS = Control("", 1)


def _llama_2(messages: Sequence[Message]) -> Iterator[Piece]:
    yield _BOS
    for before, message in pairwise((None, *messages)):
        assert message is not None
        if message.role == "system":
            yield from ("[INST] <<SYS>>\n", message, "\n<</SYS>>\n\n")
        elif message.role == "assistant":
            yield from (" ", _stripped(message), " ", Control("</s>", 2), Control("<s>", 1))
        elif before is not None and before.role == "system":
            # Meta strips the two texts as one, so the blanks between them stay.
            yield from (replace(message, text=message.text.rstrip()), " [/INST]")
        else:
            yield from ("[INST] ", _stripped(message), " [/INST]")


def _code_llama_70b(messages: Sequence[Message]) -> Iterator[Piece]:
    yield _BOS
    for message in messages:
        yield from (f"Source: {message.role}\n\n ", _stripped(message), Control(" <step> ", _STEP))
    yield "Source: assistant\nDestination: user\n\n "


def _qwen_coder(messages: Sequence[Message]) -> Iterator[Piece]:
    start, end = Control("<|im_start|>"), Control("<|im_end|>")
    given = messages[0].role == "system"
    yield Control("")
    for message in messages if given else (_QWEN_SYSTEM, *messages):
        yield from (start, f"{message.role}\n", message, end, "\n")
    yield from (start, "assistant\n")


def _stripped(message: Message) -> Message:
    return replace(message, text=message.text.strip())


# facebookresearch/codellama, llama/generation.py `chat_completion`: one begin and one end token for
# each turn that is over. The brackets are words there, so that nothing but their spelling tells
# them from a user's.
LLAMA_2 = Template(
    name="llama-2",
    models=re.compile(r"code[-_ ]?llama(?!.*70b).*instruct|llama[-_ ]?2.*chat", re.IGNORECASE),
    layout=_llama_2,
    end=(Control("</s>", 2),),
    control=re.compile(
        rf"{CODE_LLAMA.control.pattern}"
        r"|(?:(?<=\[)|(?<=\[/))INST(?=\])|(?:(?<=<<)|(?<=<</))SYS(?=>>)"
    ),
    sentencepiece=True,
    head=re.compile(r" ?"),
)

# codellama/CodeLlama-70b-Instruct-hf, tokenizer_config.json and generation_config.json. Where there
# is no system prompt, Meta's own code puts an empty one, and this template none.
_STEP = 32015

CODE_LLAMA_70B = Template(
    name="codellama-70b",
    models=re.compile(r"code[-_ ]?llama(?=.*70b).*instruct", re.IGNORECASE),
    layout=_code_llama_70b,
    end=(Control("<step>", _STEP), Control("</s>", 2)),
    control=re.compile(rf"{CODE_LLAMA.control.pattern}|<step>|(?<!\S)(?:Source|Destination|EOT):"),
    sentencepiece=True,
    head=re.compile(r"\s*(?:(?:Source|Destination): (?:system|user|assistant)\n\s*)*"),
    tails=(
        "<step>",
        "Source: system\n",
        "Source: user\n",
        "Source: assistant\n",
        "Destination: user\n",
        "EOT: true\n",
    ),
)

# Qwen/Qwen2.5-Coder-7B-Instruct, tokenizer_config.json, `chat_template`: texts as they are, and a
# system prompt always.
_QWEN_SYSTEM = Message(
    "system", "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
)

QWEN_CODER_INSTRUCT = Template(
    name="qwen2.5-coder",
    models=re.compile(rf"{QWEN_CODER.models.pattern}.*instruct", re.IGNORECASE),
    layout=_qwen_coder,
    end=(Control("<|im_end|>"), Control("<|endoftext|>")),
    control=QWEN_CODER.control,
    sentencepiece=False,
    head=re.compile(""),
)

TEMPLATES = (LLAMA_2, CODE_LLAMA_70B, QWEN_CODER_INSTRUCT)
