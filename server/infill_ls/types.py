"""The values that flow from a keystroke to a suggestion, all frozen.

Document → CompletionRequest → Prompt → Delta … → Completion; for chat, Message … → Delta …
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Literal

from infill_ls.text import Text

Progress = Callable[[str], AbstractAsyncContextManager[None]]
"""Shows the user that something slow is under way: `async with progress("loading the model"):`."""

Finish = Literal["end", "length", "line", "overlap", "block"]
"""Why a completion ended: the model's end token, the token limit, the end of the line in
single-line mode, text that the suffix already holds, or the end of the block in multi-line
mode."""


@dataclass(frozen=True, slots=True)
class Document:
    """A snapshot of an open buffer; later edits do not change it."""

    uri: str
    language: str
    """The editor's language identifier ("python"), or empty."""
    version: int
    text: Text
    path: str = ""
    """Relative to the workspace, with "/" between folders; a mere name where there is none."""


class Trigger(Enum):
    """What made the editor ask."""

    INVOKED = "invoked"
    AUTOMATIC = "automatic"


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """One wish for a completion at one place of one document."""

    document: Document
    offset: int
    """The cursor, in code points from the start of the document."""
    trigger: Trigger
    neighbours: tuple[Document, ...] = ()
    """Other open documents that may be shown to the model, the one last edited first."""
    waited_ms: float = 0.0
    """So long the editor has waited after the last key before it asked."""


Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Control:
    """A control token of the model's vocabulary, placed by a dialect and by nothing else."""

    text: str
    """How it is spelled where a host takes text, with the blank before it if that belongs to the
    token. Empty for the begin token, which such hosts add themselves."""
    id: int | None = None
    """Its number where that is fixed; None where the host is asked."""


@dataclass(frozen=True, slots=True)
class Code:
    """Text of the user's buffer, which must never become a control token."""

    segments: tuple[str, ...]
    """The text, divided inside everything that spells a control token: a host that takes token
    ids tokenises each segment on its own, so that none is ever read as one."""
    before_cursor: bool

    def plain(self) -> str:
        """Return what a host that takes text may be given: the segment at the cursor.

        There is no way to escape a control token's spelling in a text, so the window ends at it.
        """
        return self.segments[-1 if self.before_cursor else 0]


Part = Control | Code


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the answer's tokens are chosen; what is None is left to the host."""

    max_new_tokens: int
    temperature: float = 0.0
    """0 is greedy."""
    top_p: float | None = None
    top_k: int | None = None
    typical_p: float | None = None
    repetition_penalty: float | None = None
    frequency_penalty: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    """Texts that end the answer and are not in it."""
    do_sample: bool | None = None
    """None lets the temperature decide."""
    section: str = field(default="completion", compare=False)
    """Where in the settings these stand, for messages."""

    @property
    def greedy(self) -> bool:
        """Whether always the likeliest token is taken."""
        return self.temperature == 0 if self.do_sample is None else not self.do_sample


@dataclass(frozen=True, slots=True)
class Prompt:
    """All that is sent to the host; equal prompts to one model deserve one answer."""

    parts: tuple[Part, ...]
    end: tuple[Control, ...]
    """Tokens that end the answer, besides the model's own end of text."""
    sentencepiece: bool
    """True where the tokenizer puts a blank before each text (Llama's SentencePiece), which the
    text after the cursor must not have (`encode_infilling` in Meta's code)."""
    sampling: Sampling
    left_out: str = ""
    """What stands between the cursor and the suffix as it is shown, so that the model has to write
    it itself. Nothing where the host takes token ids."""

    def up_to_cursor(self) -> Prompt | None:
        """Return the prompt without what comes after its prefix, or None if its suffix is first."""
        codes = [at for at, part in enumerate(self.parts) if isinstance(part, Code)]
        prefixes = [at for at in codes if self._is_prefix(at)]
        if not prefixes or any(at < prefixes[-1] for at in codes if not self._is_prefix(at)):
            return None
        return replace(self, parts=self.parts[: prefixes[-1] + 1])

    def _is_prefix(self, at: int) -> bool:
        part = self.parts[at]
        return isinstance(part, Code) and part.before_cursor


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What reading a prompt cost the host, as it says itself."""

    tokens: int
    """Tokens of the prompt that it had to read."""
    cached: int
    """Tokens that it knew from an earlier prompt."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of the answer, as the host streams it; control tokens are never in its text."""

    text: str
    finish: Finish | None = None
    """Set on the last delta only."""
    prompt_tokens: int | None = None
    """Tokens of the prompt, on the last delta of a host that counts them."""
    completion_tokens: int | None = None
    """Tokens generated, on the last delta of a host that counts them."""
    evaluation: Evaluation | None = field(default=None, compare=False)
    """Where the host tells it, on the first delta at the latest."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a host says of the model it serves."""

    name: str
    """A name that tells the family ("codellama/CodeLlama-7b-hf"), or empty."""
    context_tokens: int | None
    """Prompt and answer together may have at most this many tokens; None where unknown."""
    input_tokens: int | None = None
    """The prompt alone may have at most this many tokens; None where that is not limited."""
    tokens_per_s: float | None = None
    """So many tokens of a prompt are read in a second, until it is measured; None where it is not
    known to be slow."""
    takes_ids: bool = False
    """True where a prompt goes as token ids, so that no text can break its control tokens."""
    infills: bool = False
    """True where the host takes prefix and suffix apart, and knows the model's format itself."""


Source = Literal["network", "joined", "cache", "ahead"]
"""Where a completion comes from: a request of its own, one that was running for an earlier
keystroke, what was known before, or what was written before anybody asked."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one completion cost; times count from when the host was ready, with its model loaded."""

    backend: str
    model: str
    first_token_ms: float | None
    """None where nothing was generated."""
    total_ms: float
    prompt_tokens: int | None
    completion_tokens: int
    source: Source = "network"


@dataclass(frozen=True, slots=True)
class Completion:
    """Text to put in place of the range [start, end) of the document that was asked about."""

    text: str
    start: int
    end: int
    """Offsets in code points; equal where nothing is replaced."""
    finish: Finish | None
    """None while the model goes on writing."""
    report: Report
