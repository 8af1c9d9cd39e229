"""TGI's Messages API, which makes a prompt of the conversation and goes on as for any other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle

from fakes.faces.messages import Conversation, Manner, Speech
from fakes.faces.tgi_answers import STATUS, error, generated, refused
from fakes.faces.tgi_checks import U32, U64, Body, Limits, Parameters, input_tokens, refusal
from fakes.response import Response, json_response
from fakes.script import Answer, Reply, Trouble

_NOW = Manner(every={"role": "assistant"}, more={"id": "", "system_fingerprint": "3.3.7-native"})
_EARLY = Manner(
    every={"role": "assistant"},
    counts="never",
    done=False,
    more={"id": "", "system_fingerprint": "1.4.0-native"},
)

_FINISH = {"eos_token": "stop", "length": "length", "stop_sequence": "stop_sequence"}
"""What 2.3 and later call the ends of an answer."""


class Asked(Conversation):
    """A request; wrong types are no request, and of stops there is only a list."""

    max_tokens: U32 | None = None
    frequency_penalty: float | None = None
    seed: U64 | None = None
    stop: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Chat:
    """The route of one host."""

    model: str
    limits: Limits
    template: bool
    early: bool

    def answer(self, asked: Asked, next_reply: Callable[[], Reply]) -> Response:
        """Answer a conversation; what the template says against it comes with a status of its own.

        All else that is wrong comes in the stream, if one is asked for.
        """
        unfit = _unfit(asked) if self.template else "template not found"
        if unfit:
            told = Trouble(f"Template error: {unfit}", "template_error")
            return json_response(error(told), STATUS[told.type])
        body = self._body(asked)
        words = refusal(body, self.limits, stream=asked.stream)
        reply: Reply = refused(words) if words else next_reply()
        if not isinstance(reply, Answer):
            return reply.response
        if reply.trouble and not asked.stream:
            return json_response(error(reply.trouble), STATUS.get(reply.trouble.type, 500))
        manner = _EARLY if self.early else _NOW
        trouble = self._event(reply.trouble) if reply.trouble else None
        return manner.respond(asked, reply, self._speech(body, reply), trouble)

    def _body(self, asked: Asked) -> Body:
        """Return the request that a conversation becomes; an early one samples in any case."""
        greedy = asked.temperature == 0 and not self.early
        parameters = Parameters(
            max_new_tokens=100 if self.early and asked.max_tokens is None else asked.max_tokens,
            temperature=None if greedy else asked.temperature,
            do_sample=not greedy,
            top_p=asked.top_p,
            frequency_penalty=asked.frequency_penalty,
            seed=asked.seed,
            stop=asked.stops(),
        )
        return Body(inputs=asked.text(), parameters=parameters)

    def _speech(self, body: Body, answer: Answer) -> Speech:
        tokens, finish = generated(answer, body)
        return Speech(
            model=self.model,
            contents=tuple("" if t.special and not self.early else t.text for t in tokens),
            finish=finish if self.early else _FINISH[finish],
            prompt_tokens=answer.prompt_tokens or input_tokens(body, self.limits),
            completion_tokens=len(tokens),
        )

    def _event(self, trouble: Trouble) -> dict[str, object]:
        """Return an error in a stream; from 3.0 on, all are of one status."""
        if self.early:
            return error(trouble)
        return {"error": {"message": trouble.message, "http_status_code": 422}}


def _unfit(asked: Asked) -> str | None:
    """Return what Llama 2's template says against a conversation, or None."""
    is_told = bool(asked.messages) and asked.messages[0].role == "system"
    turns = asked.messages[is_told:]
    if all(turn.role == role for turn, role in zip(turns, cycle(("user", "assistant")))):
        return None
    return (
        "invalid operation: Conversation roles must alternate user/assistant/user/assistant/..."
        " (in <string>:1)"
    )
