"""The Messages API: what one asks, and how each host in its own manner answers."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import msgspec

from fakes.faces.llamacpp_tokens import length_of
from fakes.generation import Asked, generated
from fakes.response import Response, json_response
from fakes.script import Answer, Token, json_text

PATH = "/v1/chat/completions"

FINISH = {"eos": "stop", "word": "stop", "limit": "length"}
"""What most hosts call the ends of an answer."""

Part = Mapping[str, object]


class Turn(msgspec.Struct):
    """One message of a conversation."""

    role: str
    content: str


class StreamOptions(msgspec.Struct):
    """What a stream is to have besides."""

    include_usage: bool = False


class Conversation(msgspec.Struct):
    """A request for the next message; unknown names are ignored."""

    messages: list[Turn]
    model: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: str | list[str] | None = None
    stream: bool = False
    stream_options: StreamOptions | None = None

    def text(self) -> str:
        """Return all that was said."""
        return "\n".join(turn.content for turn in self.messages)

    def stops(self) -> list[str]:
        """Return the stop texts as a list."""
        return [self.stop] if isinstance(self.stop, str) else self.stop or []

    def wants_usage(self) -> bool:
        """Return whether the stream is to end with the usage."""
        return self.stream_options is not None and self.stream_options.include_usage


@dataclass(frozen=True, slots=True)
class Speech:
    """What the model says, as its host shows it."""

    model: str
    contents: tuple[str, ...]
    """One for each chunk."""
    finish: str
    """In the host's words."""
    prompt_tokens: int
    completion_tokens: int

    def usage(self) -> dict[str, int]:
        """Return the counts as all hosts spell them."""
        total = self.prompt_tokens + self.completion_tokens
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": total,
        }


def speech(
    asked: Conversation,
    answer: Answer,
    model: str,
    *,
    ends: Container[int],
    shows: Callable[[Token], str],
    all_tokens: bool = False,
) -> Speech:
    """Have the model say its answer; with `all_tokens`, one that shows nothing has a chunk too."""
    said = generated(answer, Asked(asked.max_tokens, asked.stops(), ends, shows))
    return Speech(
        model=model,
        contents=said.contents if all_tokens else tuple(filter(None, said.contents)),
        finish=FINISH[said.stop_type],
        prompt_tokens=answer.prompt_tokens or length_of(asked.text()),
        completion_tokens=len(said.tokens),
    )


@dataclass(frozen=True, slots=True)
class Manner:
    """How one host spells the chunks of an answer."""

    opening: Part | None = None
    """The delta of a chunk before the first token, where there is one."""
    every: Part = field(default_factory=dict)
    """What each delta has beside its content."""
    closing: Part | None = None
    """The delta of the chunk that tells the finish; None where the last token's tells it."""
    counts: Literal["asked", "always", "never"] = "asked"
    """The usage comes in a chunk of its own where it is asked for, or always with the finish."""
    done: bool = True
    """A last event `[DONE]`."""
    more: Part = field(default_factory=dict)
    """Further fields of each chunk."""

    def respond(
        self, asked: Conversation, answer: Answer, speech: Speech, trouble: Part | None = None
    ) -> Response:
        """Return the answer as it is asked for; `trouble` is the event of an error in a stream."""
        if asked.stream:
            return self._stream(asked, answer, speech, trouble)
        return self._whole(answer, speech)

    def _stream(
        self, asked: Conversation, answer: Answer, speech: Speech, trouble: Part | None
    ) -> Response:
        chunks = [self._chunk(speech, delta) for delta in self._deltas(answer, speech)]
        if trouble is not None:
            chunks.append(dict(trouble))
        elif answer.cut is None:
            chunks = self._ended(chunks, asked, answer, speech)
        # Without its blank line, it is the last event of the answer itself that has no end.
        is_done = self.done and answer.cut is None and answer.wire.final_blank
        pieces = answer.wire.pieces([*map(json_text, chunks), *(["[DONE]"] if is_done else [])])
        ending: Literal["complete", "cut"] = "cut" if answer.cut == "abrupt" else "complete"
        return Response(200, {"content-type": "text/event-stream"}, pieces, answer.gate, ending)

    def _whole(self, answer: Answer, speech: Speech) -> Response:
        message = {"role": "assistant", "content": "".join(speech.contents)}
        choice = {"index": 0, "message": message, "finish_reason": speech.finish}
        value = {
            **self._headed(speech, [choice]),
            "object": "chat.completion",
            "usage": speech.usage(),
        }
        return replace(json_response(value), gate=answer.gate)

    def _deltas(self, answer: Answer, speech: Speech) -> list[Part]:
        said = [{**self.every, "content": content} for content in speech.contents]
        ended = answer.trouble is None and answer.cut is None
        before = [] if self.opening is None else [self.opening]
        after = [self.closing] if ended and self.closing is not None else []
        return [*before, *said, *after]

    def _ended(
        self, chunks: list[dict[str, Any]], asked: Conversation, answer: Answer, speech: Speech
    ) -> list[dict[str, Any]]:
        chunks[-1]["choices"][0]["finish_reason"] = speech.finish
        usage = {"usage": speech.usage()}
        if self.counts == "always":
            return [*chunks[:-1], chunks[-1] | usage]
        wanted = self.counts == "asked" and asked.wants_usage() and answer.wire.final_blank
        return [*chunks, self._headed(speech, []) | usage] if wanted else chunks

    def _chunk(self, speech: Speech, delta: Part) -> dict[str, Any]:
        return self._headed(speech, [{"index": 0, "delta": dict(delta), "finish_reason": None}])

    def _headed(self, speech: Speech, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": speech.model,
            **self.more,
            "choices": choices,
        }
