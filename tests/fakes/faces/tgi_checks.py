"""What TGI refuses, in its own words; see `validation.rs` of text-generation-inference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated

import msgspec

U32 = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]
U64 = Annotated[int, msgspec.Meta(ge=0)]
I32 = Annotated[int, msgspec.Meta(ge=-(2**31), lt=2**31)]


class Parameters(msgspec.Struct):
    """The parameters of a request; unknown names are ignored, wrong types are not."""

    max_new_tokens: U32 | None = None
    temperature: float | None = None
    top_p: float | None = None
    typical_p: float | None = None
    top_k: I32 | None = None
    repetition_penalty: float | None = None
    frequency_penalty: float | None = None
    do_sample: bool = False
    seed: U64 | None = None
    stop: list[str] = []
    truncate: U64 | None = None
    return_full_text: bool | None = None
    best_of: U64 | None = None
    details: bool = False
    decoder_input_details: bool = False
    top_n_tokens: U32 | None = None
    watermark: bool = False


class Body(msgspec.Struct):
    """A request to `/`, `/generate` or `/generate_stream`."""

    inputs: str
    parameters: Parameters = msgspec.field(default_factory=Parameters)
    stream: bool = False


def words(text: str) -> int:
    """Count a text's words, which here stand for tokens."""
    return len(text.split())


@dataclass(frozen=True, slots=True)
class Limits:
    """What a host allows; the defaults are those of TGI 1.1."""

    max_input_tokens: int = 1024
    max_total_tokens: int = 2048
    max_stop_sequences: int = 4
    max_best_of: int = 2
    max_top_n_tokens: int = 5
    max_bytes: int = 2_000_000
    default_new_tokens: int | None = None
    """20 in TGI 1.1; None is all that `max_total_tokens` leaves."""
    count: Callable[[str], int] = words
    """Counts the tokens of the input."""


def refusal(body: Body, limits: Limits, *, stream: bool) -> str | None:
    """Return what TGI says against a request, or None; the first of its checks that fails."""
    checks = (_best_of, _numbers, _stops, _rest, _lengths)
    found = (words for check in checks for words in check(body, limits, stream))
    return next(found, None)


def _best_of(body: Body, limits: Limits, stream: bool) -> Iterator[str]:
    given = body.parameters.best_of
    if given is None:
        return
    if not 0 < given <= limits.max_best_of:
        yield f"`best_of` must be > 0 and <= {limits.max_best_of}. Given: {given}"
    if given > 1 and not _samples(body.parameters):
        yield "you must use sampling when `best_of` is > 1"
    if given > 1 and stream:
        yield "`best_of` != 1 is not supported when streaming tokens"


def _samples(parameters: Parameters) -> bool:
    narrowed = (parameters.top_k, parameters.top_p, parameters.typical_p)
    warm = parameters.temperature not in (None, 1.0)
    return parameters.do_sample or warm or any(value is not None for value in narrowed)


def _numbers(body: Body, limits: Limits, stream: bool) -> Iterator[str]:
    given = body.parameters
    if given.temperature is not None and given.temperature <= 0:
        yield "`temperature` must be strictly positive"
    if given.repetition_penalty is not None and given.repetition_penalty <= 0:
        yield "`repetition_penalty` must be strictly positive"
    if not -2 <= (given.frequency_penalty or 0) <= 2:
        yield "`frequency_penalty` must be >= -2.0 and <= 2.0"
    if given.top_p is not None and not 0 < given.top_p < 1:
        yield "`top_p` must be > 0.0 and < 1.0"
    if given.typical_p is not None and not 0 < given.typical_p < 1:
        yield "`typical_p` must be > 0.0 and < 1.0"
    if given.top_k is not None and given.top_k <= 0:
        yield "`top_k` must be strictly positive"
    if given.max_new_tokens == 0:
        yield "`max_new_tokens` must be strictly positive"


def _stops(body: Body, limits: Limits, stream: bool) -> Iterator[str]:
    given, allowed = len(body.parameters.stop), limits.max_stop_sequences
    if given > allowed:
        yield f"`stop` supports up to {allowed} stop sequences. Given: {given}"


def _rest(body: Body, limits: Limits, stream: bool) -> Iterator[str]:
    given = body.parameters
    if given.seed is not None and (given.best_of or 1) > 1:
        yield "`seed` must not be set when `best_of` > 1"
    if (given.top_n_tokens or 0) > limits.max_top_n_tokens:
        yield (
            f"`top_n_tokens` must be >= 0 and <= {limits.max_top_n_tokens}."
            f" Given: {given.top_n_tokens}"
        )
    if given.decoder_input_details and stream:
        yield "`decoder_input_details` == true is not supported when streaming tokens"
    if not body.inputs:
        yield "`inputs` cannot be empty"


def _lengths(body: Body, limits: Limits, stream: bool) -> Iterator[str]:
    truncate, most = body.parameters.truncate, limits.max_input_tokens
    if truncate is not None and not 0 < truncate <= most:
        yield f"`truncate` must be strictly positive and less than {most}. Given: {truncate}"
    length = input_tokens(body, limits)
    new = body.parameters.max_new_tokens or limits.default_new_tokens or 0
    if length + new > limits.max_total_tokens:
        yield (
            f"`inputs` tokens + `max_new_tokens` must be <= {limits.max_total_tokens}."
            f" Given: {length} `inputs` tokens and {new} `max_new_tokens`"
        )
    if length > most:
        yield f"`inputs` must have less than {most} tokens. Given: {length}"


def input_tokens(body: Body, limits: Limits) -> int:
    """Return how many tokens of the input the model is given."""
    length = limits.count(body.inputs)
    return min(length, body.parameters.truncate or length)
