"""TGI (text-generation-inference), as its router answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Literal

import msgspec

from fakes.faces import messages
from fakes.faces.tgi_answers import STATUS, Finish, error, generated, refused
from fakes.faces.tgi_chat import Asked, Chat
from fakes.faces.tgi_checks import Body, Limits, input_tokens, refusal
from fakes.record import Request
from fakes.response import Response, json_response
from fakes.script import Answer, Reply, Token, json_text

_STREAM_HEADERS = {
    "content-type": "text/event-stream",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
    "x-compute-type": "gpu+optimized",
}


@dataclass(frozen=True, slots=True)
class Tgi:
    """A face of TGI 3, or with `old=True` of TGI 1.1."""

    model: str = "codellama/CodeLlama-7b-hf"
    limits: Limits = field(default_factory=Limits)
    old: bool = False
    """`data:` without a blank, no `index`, no `/tokenize`, and `max_input_length` in `/info`."""
    template: bool = False
    """Whether the model has a chat template; that of Llama 2."""
    early: bool = False
    """The Messages API is that of 1.4 to 2.0.1: no temperature of 0, no usage, no `[DONE]`, and the
    end token is spelled."""
    tokenize: Callable[[str], list[tuple[int, str]]] = field(default=lambda text: pieces(text))
    """Divides a text into tokens, each with its number."""

    def respond(
        self, request: Request, token: str | None, next_reply: Callable[[], Reply]
    ) -> Response:
        """Answer as the routes of the router do; only POST routes ask for the token."""
        if request.method == "GET":
            return self._inform(request.path)
        if request.path not in self._routes():
            return Response(404)
        if token is not None and request.headers.get("authorization") != f"Bearer {token}":
            return Response(401)
        return self._check(request, next_reply)

    def _routes(self) -> tuple[str, ...]:
        first = ("/", "/generate", "/generate_stream")
        return first if self.old else (*first, "/tokenize", messages.PATH)

    def _inform(self, path: str) -> Response:
        if path in ("/", "/health", "/ping"):
            return Response(200)
        return json_response(self._info()) if path == "/info" else Response(404)

    def _info(self) -> dict[str, object]:
        length = "max_input_length" if self.old else "max_input_tokens"
        return {
            "model_id": self.model,
            "model_sha": None,
            "model_pipeline_tag": "text-generation",
            "max_concurrent_requests": 128,
            "max_best_of": self.limits.max_best_of,
            "max_stop_sequences": self.limits.max_stop_sequences,
            length: self.limits.max_input_tokens,
            "max_total_tokens": self.limits.max_total_tokens,
            "validation_workers": 2,
            "max_client_batch_size": 4,
            "router": "text-generation-router",
            "version": "1.1.0" if self.old else "3.3.7",
            "sha": None,
            "docker_label": None,
        }

    def _check(self, request: Request, next_reply: Callable[[], Reply]) -> Response:
        """Reject what is no request at all, in plain text, as the web framework does."""
        if len(request.body) > self.limits.max_bytes:
            return _text(413, "Failed to buffer the request body: length limit exceeded")
        if not request.headers.get("content-type", "").startswith("application/json"):
            return _text(415, "Expected request with `Content-Type: application/json`")
        try:
            if request.path == messages.PATH:
                asked = msgspec.json.decode(request.body, type=Asked)
                chat = Chat(self.model, self.limits, template=self.template, early=self.early)
                return chat.answer(asked, next_reply)
            body = msgspec.json.decode(request.body, type=Body)
        except msgspec.ValidationError as error:
            failed = "Failed to deserialize the JSON body into the target type"
            return _text(422, f"{failed}: {error}")
        except msgspec.DecodeError as error:
            return _text(400, f"Failed to parse the request body as JSON: {error}")
        return self._route(request.path, body, next_reply)

    def _route(self, path: str, body: Body, next_reply: Callable[[], Reply]) -> Response:
        if path == "/tokenize":
            return _tokenized(self.tokenize(body.inputs))
        stream = body.stream if path == "/" else path == "/generate_stream"
        words = refusal(body, self.limits, stream=stream)
        reply: Reply = refused(words) if words else next_reply()
        if not isinstance(reply, Answer):
            return reply.response
        return self._stream(body, path, reply) if stream else self._whole(body, path, reply)

    def _whole(self, body: Body, path: str, answer: Answer) -> Response:
        if answer.trouble:
            return json_response(error(answer.trouble), STATUS.get(answer.trouble.type, 500))
        tokens, finish = generated(answer, body)
        value: dict[str, object] = {"generated_text": _text_of(tokens, body, path)}
        if body.parameters.details:
            shown = [_token(token) for token in tokens]
            value["details"] = {**_details(tokens, finish), "prefill": [], "tokens": shown}
        return replace(json_response([value] if path == "/" else value), gate=answer.gate)

    def _stream(self, body: Body, path: str, answer: Answer) -> Response:
        wire = replace(answer.wire, space=False) if self.old else answer.wire
        pieces = wire.pieces([json_text(event) for event in self._events(body, path, answer)])
        ending: Literal["complete", "cut"] = "cut" if answer.cut == "abrupt" else "complete"
        return Response(200, _STREAM_HEADERS, pieces, answer.gate, ending)

    def _events(self, body: Body, path: str, answer: Answer) -> list[dict[str, object]]:
        tokens, finish = generated(answer, body)
        events = [self._event(number, token) for number, token in enumerate(tokens, 1)]
        if answer.trouble:
            events.append(error(answer.trouble))
        elif answer.cut is None:
            events[-1]["generated_text"] = _text_of(tokens, body, path)
            if body.parameters.details:
                events[-1]["details"] = self._stream_details(body, answer, tokens, finish)
        return events

    def _event(self, number: int, token: Token) -> dict[str, object]:
        index = {} if self.old else {"index": number}
        return {**index, "token": _token(token), "generated_text": None, "details": None}

    def _stream_details(
        self, body: Body, answer: Answer, tokens: list[Token], finish: Finish
    ) -> dict[str, object]:
        length = answer.prompt_tokens or input_tokens(body, self.limits)
        counted = {} if self.old else {"input_length": length}
        return {**_details(tokens, finish), **counted}


def _text_of(tokens: list[Token], body: Body, path: str) -> str:
    """Decode as the tokenizer does: without control tokens and without a leading blank."""
    text = "".join(token.text for token in tokens if not token.special).removeprefix(" ")
    full = body.parameters.return_full_text
    return body.inputs + text if full or (full is None and path == "/") else text


def _token(token: Token) -> dict[str, object]:
    return {"id": token.id, "text": token.text, "logprob": -0.25, "special": token.special}


def _details(tokens: list[Token], finish: Finish) -> dict[str, object]:
    return {"finish_reason": finish, "generated_tokens": len(tokens), "seed": None}


CONTROLS = {"<PRE>": 32007, "<SUF>": 32008, "<MID>": 32009, "<EOT>": 32010}


def pieces(text: str) -> list[tuple[int, str]]:
    """Divide a text into short pieces and control tokens; each other piece has its own number."""
    found = re.findall(r" ?<(?:PRE|SUF|MID|EOT)>| ?\w{1,4}|\s+|.", text)
    return [(CONTROLS.get(piece.strip(), 1000 + at), piece) for at, piece in enumerate(found)]


def _tokenized(tokens: list[tuple[int, str]]) -> Response:
    starts = accumulate((len(text) for _, text in tokens), initial=0)
    return json_response([
        {"id": number, "text": text, "start": start, "stop": start + len(text)}
        for (number, text), start in zip(tokens, starts, strict=False)
    ])  # fmt: skip


def _text(status: int, words: str) -> Response:
    return Response(status, {"content-type": "text/plain; charset=utf-8"}, (words.encode(),))
