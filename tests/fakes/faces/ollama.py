"""Ollama, which runs llama.cpp and answers with lines of JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from fakes.faces.llamacpp import ENDS, shown
from fakes.faces.llamacpp_tokens import length_of
from fakes.generation import Asked, Said, generated
from fakes.record import Request
from fakes.response import Response, json_response
from fakes.script import Answer, Reply, json_text

_DONE_REASON = {"eos": "stop", "word": "stop", "limit": "length"}


class Options(msgspec.Struct):
    """The options of a request that end an answer; unknown ones are ignored."""

    num_predict: int = -1
    stop: list[str] = []


class Generate(msgspec.Struct):
    """A request to `/api/generate`."""

    model: str = ""
    prompt: str = ""
    suffix: str = ""
    system: str = ""
    template: str = ""
    raw: bool = False
    stream: bool = True
    options: Options = msgspec.field(default_factory=Options)


@dataclass(frozen=True, slots=True)
class Ollama:
    """A face of Ollama; one that asks for a token stands behind a proxy that does."""

    models: tuple[str, ...] = ("codellama:7b-code",)
    context_tokens: int = 16384

    def respond(
        self, request: Request, token: str | None, next_reply: Callable[[], Reply]
    ) -> Response:
        """Answer as its routes do."""
        if token is not None and request.headers.get("authorization") != f"Bearer {token}":
            return _error(401, "unauthorized")
        if request.method == "GET":
            return self._inform(request.path)
        return self._post(request, next_reply)

    def _inform(self, path: str) -> Response:
        if path == "/":
            return _text(200, "Ollama is running")
        if path != "/api/tags":
            return _text(404, "404 page not found")
        return json_response({"models": [self._tag(name) for name in self.models]})

    def _tag(self, name: str) -> dict[str, object]:
        return {
            "name": name,
            "model": name,
            "modified_at": "2026-01-01T00:00:00Z",
            "size": 3825910662,
            "digest": "8df0a30bb1e6",
            "details": {"family": "llama", "parameter_size": "7B"},
        }

    def _post(self, request: Request, next_reply: Callable[[], Reply]) -> Response:
        if request.path not in ("/api/generate", "/api/show"):
            return _text(404, "404 page not found")
        try:
            asked = msgspec.json.decode(request.body, type=Generate)
        except msgspec.DecodeError as error:
            return _error(400, f"json: {error}")
        if asked.model not in self.models:
            again = ", try pulling it first" if request.path == "/api/generate" else ""
            return _error(404, f"model '{asked.model}' not found{again}")
        return self._show() if request.path == "/api/show" else self._generate(asked, next_reply)

    def _show(self) -> Response:
        length = {"general.architecture": "llama", "llama.context_length": self.context_tokens}
        return json_response({"details": {"family": "llama"}, "model_info": length})

    def _generate(self, asked: Generate, next_reply: Callable[[], Reply]) -> Response:
        if asked.raw and (asked.system or asked.template):
            return _error(400, "raw mode does not support template, system, or context")
        if asked.suffix:
            return _error(400, f"{asked.model} does not support insert")
        if not asked.prompt:
            return json_response(self._line(asked, "", done=True) | {"done_reason": "load"})
        reply = next_reply()
        if not isinstance(reply, Answer):
            return reply.response
        return self._stream(asked, reply) if asked.stream else self._whole(asked, reply)

    def _whole(self, asked: Generate, answer: Answer) -> Response:
        if answer.trouble:
            return _error(500, answer.trouble.message)
        said = _said(answer, asked)
        final = self._final(asked, said, answer) | {"response": "".join(said.contents)}
        return replace(json_response(final), gate=answer.gate)

    def _stream(self, asked: Generate, answer: Answer) -> Response:
        said = _said(answer, asked)
        lines = [self._line(asked, content, done=False) for content in said.contents]
        if answer.trouble:
            lines.append({"error": answer.trouble.message})
        elif answer.cut is None:
            lines.append(self._final(asked, said, answer))
        pieces = answer.wire.lines([json_text(line) for line in lines])
        ending: Literal["complete", "cut"] = "cut" if answer.cut == "abrupt" else "complete"
        headers = {"content-type": "application/x-ndjson"}
        return Response(200, headers, pieces, answer.gate, ending)

    def _final(self, asked: Generate, said: Said, answer: Answer) -> dict[str, object]:
        return {
            **self._line(asked, "", done=True),
            "done_reason": _DONE_REASON[said.stop_type],
            "total_duration": 5043500667,
            "load_duration": 5025959,
            "prompt_eval_count": answer.prompt_tokens or length_of(asked.prompt),
            "prompt_eval_duration": 325953000,
            "eval_count": len(said.tokens),
            "eval_duration": 4709213000,
        }

    def _line(self, asked: Generate, response: str, *, done: bool) -> dict[str, object]:
        return {
            "model": asked.model,
            "created_at": "2026-01-01T00:00:00Z",
            "response": response,
            "done": done,
        }


def _said(answer: Answer, asked: Generate) -> Said:
    return generated(answer, Asked(asked.options.num_predict, asked.options.stop, ENDS, shown))


def _error(status: int, words: str) -> Response:
    return json_response({"error": words}, status)


def _text(status: int, words: str) -> Response:
    return Response(status, {"content-type": "text/plain"}, (words.encode(),))
