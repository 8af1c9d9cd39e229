"""A conversation as a raw prompt in the model's own template, and its answer as it may be shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from infill_ls.prompt.dialects import divided
from infill_ls.prompt.templates import TEMPLATES, Template
from infill_ls.types import Code, Control, Message, Part, Prompt, Sampling

WORD_JOINER = "\u2060"
"""Nobody sees it, and no tokenizer of these models drops it."""

_BLANK_LINE = "\n\n"

_ANY_CONTROL = re.compile(
    "|".join([*(f"(?:{each.control.pattern})" for each in TEMPLATES), r"<\|[\w.\- ]{1,40}\|>"])
)
"""The last is how most families spell theirs."""


@dataclass(frozen=True, slots=True)
class Spoken(Code):
    """What stands between two control tokens of a conversation.

    A message cannot end at what spells a control token, as a window can. So a host that takes text
    is given all of it, with a sign that nobody sees inside everything that spells one.
    """

    blank: str = ""
    """With this the first segment begins, which SentencePiece puts before a text itself: token ids
    need it spelled, because segments are tokenised without."""

    def plain(self) -> str:
        """Return what a host that takes text may be given: all segments, kept apart."""
        return WORD_JOINER.join(self.segments).removeprefix(self.blank)


def messages_mended(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return a conversation that every template takes, with all that was said in it.

    There is at most one system message, at the head, made of all; then user and assistant
    alternate, and the user is first and last. Messages of one role in a row become one; an empty
    one is left out, unless the user has to say something.
    """
    said = [message for message in messages if message.text.strip()]
    system = _merged([message for message in said if message.role == "system"])
    turns = _merged([message for message in said if message.role != "system"])
    nothing = Message("user", "")
    first = () if turns and turns[0].role == "user" else (nothing,)
    last = (nothing,) if turns and turns[-1].role == "assistant" else ()
    return (*system, *first, *turns, *last)


def defused(messages: Sequence[Message], template: Template | None) -> tuple[Message, ...]:
    """Return a conversation in which nothing spells a control token, for a host that templates it.

    Hosts look for control tokens in all that their template gives, messages included. Where the
    model's template is not known, all that are known are looked for.
    """
    control = template.control if template else _ANY_CONTROL
    return tuple(
        replace(message, text=WORD_JOINER.join(divided(message.text, control)))
        for message in messages
    )


def chat_prompt(messages: Sequence[Message], template: Template, sampling: Sampling) -> Prompt:
    """Put a conversation into the template, up to where the assistant's next message begins.

    It is mended first, so none is refused.
    """
    return Prompt(
        parts=tuple(_parts(messages_mended(messages), template)),
        end=template.end,
        sentencepiece=template.sentencepiece,
        sampling=sampling,
    )


def without_markers(answer: str, template: Template) -> str:
    """Return what of a whole answer may be shown: none of the template's words, no blanks around.

    Where it repeats what was defused in a message, it is as it was in the message.
    """
    return _shown(answer, template, ended=True)


def shown_so_far(answer: str, template: Template) -> str:
    """Return what of an answer that is still being written may be shown, whatever comes yet.

    It is the beginning of what `without_markers` returns in the end.
    """
    return _shown(answer, template, ended=False)


def _merged(messages: Sequence[Message]) -> list[Message]:
    return [
        Message(role, _BLANK_LINE.join(message.text for message in group))
        for role, group in groupby(messages, key=lambda message: message.role)
    ]


def _parts(messages: Sequence[Message], template: Template) -> Iterator[Part]:
    """Yield control tokens, and all that stands between two of them as one part.

    It must be one, because tokens span what is said and the template's words around it.
    """
    stretch: list[str | Message] = []
    for piece in template.layout(messages):
        if not isinstance(piece, Control):
            stretch.append(piece)
            continue
        if stretch:
            yield _spoken(stretch, template)
            stretch = []
        yield piece
    yield _spoken(stretch, template)


def _spoken(pieces: Sequence[str | Message], template: Template) -> Spoken:
    blank = " " if template.sentencepiece else ""
    segments = [blank]
    for piece in pieces:
        said = divided(piece.text, template.control) if isinstance(piece, Message) else (piece,)
        first, *rest = said
        segments[-1] += first
        segments += rest
    return Spoken(tuple(segments), before_cursor=False, blank=blank)


def _shown(answer: str, template: Template, *, ended: bool) -> str:
    head = template.head.match(answer)
    body = answer[head.end() if head else 0 :]
    # A line that the answer ends with may be one of the template's.
    whole = body + "\n" if ended else body
    found = [at for tail in template.tails if (at := whole.find(tail)) >= 0]
    sure = len(body) if ended else len(body) - _begun(body, template.tails)
    return body[: min([*found, sure])].rstrip().replace(WORD_JOINER, "")


def _begun(text: str, tails: Sequence[str]) -> int:
    """Return how many characters at the text's end may be the beginning of a tail."""
    lengths = (n for tail in tails for n in range(1, len(tail)) if text.endswith(tail[:n]))
    return max(lengths, default=0)
