"""llama.cpp's server, as seen on the real one with a Code Llama vocabulary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from fakes.faces import messages
from fakes.faces.llamacpp_tokens import CONTROLS, Tokenize, length_of, tokenized
from fakes.faces.messages import Conversation, Manner
from fakes.generation import Asked, Said, generated
from fakes.record import Request
from fakes.response import Response, json_response
from fakes.script import EOS, EOT, Answer, Fail, Reply, Token, Trouble, json_text

ENDS = frozenset({EOS.id, EOT.id})
"""Tokens that end an answer; the second is shown like a word, the first is not."""

_CODES = {
    "invalid_request_error": 400,
    "exceed_context_size_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "server_error": 500,
    "not_supported_error": 501,
    "unavailable_error": 503,
}


_MANNER = Manner(
    opening={"role": "assistant", "content": None},
    closing={},
    more={"system_fingerprint": "b6000-fake"},
)


class Completion(msgspec.Struct):
    """A request to `/completion`; unknown names are ignored."""

    prompt: str | list[int | str]
    n_predict: int = -1
    stop: list[str] = []
    stream: bool = False


@dataclass(frozen=True, slots=True)
class LlamaCpp:
    """A face of llama.cpp's server; a text has as many tokens as bytes in UTF-8."""

    model: str = "/models/codellama-7b.Q4_K_M.gguf"
    context_tokens: int = 4096

    def respond(
        self, request: Request, token: str | None, next_reply: Callable[[], Reply]
    ) -> Response:
        """Answer as the server does; all but `/health` ask for the key."""
        if request.path == "/health":
            return json_response({"status": "ok"})
        if token is not None and request.headers.get("authorization") != f"Bearer {token}":
            return _error(Trouble("Invalid API Key", "authentication_error"))
        if request.method == "GET" and request.path == "/props":
            return json_response(self._props())
        if request.method != "POST":
            return _NOTHING_HERE
        return self._post(request, next_reply)

    def _props(self) -> dict[str, object]:
        return {
            "default_generation_settings": {"params": {}, "n_ctx": self.context_tokens},
            "total_slots": 1,
            "model_alias": self.model,
            "model_path": self.model,
            "bos_token": "<s>",
            "eos_token": "</s>",
            "build_info": "b6000-fake",
        }

    def _post(self, request: Request, next_reply: Callable[[], Reply]) -> Response:
        try:
            if request.path == "/tokenize":
                return tokenized(msgspec.json.decode(request.body, type=Tokenize))
            if request.path == "/completion":
                asked = msgspec.json.decode(request.body, type=Completion)
                return self._complete(asked, next_reply)
            if request.path == messages.PATH:
                conversation = msgspec.json.decode(request.body, type=Conversation)
                return self._converse(conversation, next_reply)
        except msgspec.DecodeError as error:
            return _error(Trouble(f"[json.exception] {error}", "invalid_request_error"))
        return _NO_INFILL if request.path == "/infill" else _NOTHING_HERE

    def _complete(self, asked: Completion, next_reply: Callable[[], Reply]) -> Response:
        length = length_of(asked.prompt)
        reply = self._too_long(length) or next_reply()
        if not isinstance(reply, Answer):
            return reply.response
        length = reply.prompt_tokens or length
        return (
            self._stream(asked, reply, length)
            if asked.stream
            else self._whole(asked, reply, length)
        )

    def _converse(self, asked: Conversation, next_reply: Callable[[], Reply]) -> Response:
        """Answer a conversation; a model without a template is given one of the server's own."""
        reply = self._too_long(length_of(asked.text())) or next_reply()
        if not isinstance(reply, Answer):
            return reply.response
        if reply.trouble and not asked.stream:
            return _error(reply.trouble)
        speech = messages.speech(asked, reply, self.model, ends=ENDS, shows=shown)
        trouble = _error_body(reply.trouble) if reply.trouble else None
        return _MANNER.respond(asked, reply, speech, trouble)

    def _too_long(self, length: int) -> Fail | None:
        """Return what is said against a prompt of so many tokens."""
        most = self.context_tokens
        if length <= most:
            return None
        return Fail(_error(Trouble(
            f"request ({length} tokens) exceeds the available context size ({most} tokens),"
            " try increasing it", "exceed_context_size_error",
        )))  # fmt: skip

    def _whole(self, asked: Completion, answer: Answer, length: int) -> Response:
        if answer.trouble:
            return _error(answer.trouble)
        said = _said(answer, asked)
        final = {**self._final(said, length), "content": "".join(said.contents)}
        return replace(json_response(final), gate=answer.gate)

    def _stream(self, asked: Completion, answer: Answer, length: int) -> Response:
        said = _said(answer, asked)
        events = [
            _partial(number, content, token, length)
            for number, (content, token) in enumerate(
                zip(said.contents, said.tokens, strict=True), 1
            )
        ]
        if answer.trouble:
            events.append(_error_body(answer.trouble))
        elif answer.cut is None:
            events.append(self._final(said, length))
        pieces = answer.wire.pieces([json_text(event) for event in events])
        ending: Literal["complete", "cut"] = "cut" if answer.cut == "abrupt" else "complete"
        headers = {"content-type": "text/event-stream", "server": "llama.cpp"}
        return Response(200, headers, pieces, answer.gate, ending)

    def _final(self, said: Said, length: int) -> dict[str, object]:
        return {
            "index": 0,
            "content": "",
            "tokens": [],
            "id_slot": 0,
            "stop": True,
            "model": self.model,
            "tokens_predicted": len(said.tokens),
            "tokens_evaluated": length,
            "generation_settings": {"n_predict": -1},
            "prompt": "",
            "has_new_line": any("\n" in content for content in said.contents),
            "truncated": False,
            "stop_type": said.stop_type,
            "stopping_word": said.word,
            "tokens_cached": length + len(said.tokens) - 1,
            "timings": {"predicted_n": len(said.tokens)},
        }


_NOTHING_HERE = json_response(
    {"error": {"message": "File Not Found", "type": "not_found_error", "code": 404}}, 404
)
_NO_INFILL = json_response(
    {"error": {
        "code": 501,
        "message": "Infill is not supported by this model: prefix token is missing. ",
        "type": "not_supported_error",
    }},
    501,
)  # fmt: skip


def shown(token: Token) -> str:
    """Return a token's text: that of an infilling's control tokens is shown like any word."""
    return "" if token.id in CONTROLS.values() else token.text


def _said(answer: Answer, asked: Completion) -> Said:
    return generated(answer, Asked(asked.n_predict, asked.stop, ENDS, shown))


def _partial(number: int, content: str, token: Token, length: int) -> dict[str, object]:
    return {
        "index": 0,
        "content": content,
        "tokens": [token.id],
        "stop": False,
        "id_slot": -1,
        "tokens_predicted": number,
        "tokens_evaluated": length,
    }


def _error(trouble: Trouble) -> Response:
    return json_response(_error_body(trouble), _CODES.get(trouble.type, 500))


def _error_body(trouble: Trouble) -> dict[str, object]:
    code = _CODES.get(trouble.type, 500)
    return {"error": {"code": code, "message": trouble.message, "type": trouble.type}}
