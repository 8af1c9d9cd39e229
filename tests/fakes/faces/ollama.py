"""Ollama, which runs llama.cpp and answers with lines of JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from fakes.faces import messages
from fakes.faces.llamacpp import ENDS, shown
from fakes.faces.llamacpp_tokens import length_of
from fakes.faces.messages import FINISH, Conversation, Manner, Turn
from fakes.generation import Asked, Said, generated
from fakes.record import Request
from fakes.response import Response, json_response
from fakes.script import Answer, Reply, json_text

_MANNER = Manner(
    every={"role": "assistant"},
    closing={"role": "assistant", "content": ""},
    more={"system_fingerprint": "fp_ollama"},
)


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

    def text(self) -> str:
        """Return what the model reads."""
        return self.prompt

    def line(self, said: str) -> dict[str, object]:
        """Return what a line has of an answer."""
        return {"response": said}


class Chat(msgspec.Struct):
    """A request to `/api/chat`."""

    model: str = ""
    messages: list[Turn] = []
    stream: bool = True
    options: Options = msgspec.field(default_factory=Options)

    def text(self) -> str:
        """Return what the model reads."""
        return "\n".join(turn.content for turn in self.messages)

    def line(self, said: str) -> dict[str, object]:
        """Return what a line has of an answer."""
        return {"message": {"role": "assistant", "content": said}}


@dataclass(frozen=True, slots=True)
class Ollama:
    """A face of Ollama; one that asks for a token stands behind a proxy that does."""

    models: tuple[str, ...] = ("codellama:7b-code",)
    context_tokens: int = 16384
    template: bool = True
    """Whether the models can chat."""

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
        if request.path == messages.PATH:
            return self._converse(request, next_reply)
        if request.path not in ("/api/generate", "/api/chat", "/api/show"):
            return _text(404, "404 page not found")
        is_chat = request.path == "/api/chat"
        try:
            asked: Generate | Chat = (
                msgspec.json.decode(request.body, type=Chat)
                if is_chat
                else msgspec.json.decode(request.body, type=Generate)
            )
        except msgspec.DecodeError as error:
            return _error(400, f"json: {error}")
        if asked.model not in self.models:
            again = ", try pulling it first" if request.path == "/api/generate" else ""
            return _error(404, f"model '{asked.model}' not found{again}")
        if request.path == "/api/show":
            return self._show()
        return self._refusal(asked) or self._generate(asked, next_reply)

    def _show(self) -> Response:
        length = {"general.architecture": "llama", "llama.context_length": self.context_tokens}
        return json_response({"details": {"family": "llama"}, "model_info": length})

    def _refusal(self, asked: Generate | Chat) -> Response | None:
        if isinstance(asked, Chat):
            no_chat = f'"{asked.model}" does not support chat'
            return None if self.template else _error(400, no_chat)
        if asked.raw and (asked.system or asked.template):
            return _error(400, "raw mode does not support template, system, or context")
        if asked.suffix:
            return _error(400, f"{asked.model} does not support insert")
        return None

    def _generate(self, asked: Generate | Chat, next_reply: Callable[[], Reply]) -> Response:
        if not asked.text():
            return json_response(self._line(asked, "", done=True) | {"done_reason": "load"})
        reply = next_reply()
        if not isinstance(reply, Answer):
            return reply.response
        return self._stream(asked, reply) if asked.stream else self._whole(asked, reply)

    def _converse(self, request: Request, next_reply: Callable[[], Reply]) -> Response:
        """Answer as `/api/chat` does, but in the words of OpenAI's API."""
        try:
            asked = msgspec.json.decode(request.body, type=Conversation)
        except msgspec.DecodeError as error:
            return _openai_error(400, f"json: {error}", "invalid_request_error")
        if not asked.messages:
            words = "[] is too short - 'messages'"
            return _openai_error(400, words, "invalid_request_error")
        if asked.model not in self.models:
            words = f"model '{asked.model}' not found"
            return _openai_error(404, words, "not_found_error")
        reply = next_reply()
        if not isinstance(reply, Answer):
            return reply.response
        # An end token is no line of its own, so here it is no chunk.
        speech = messages.speech(asked, reply, asked.model, ends=ENDS, shows=shown)
        if reply.trouble and not (speech.contents and asked.stream):
            return _openai_error(500, reply.trouble.message, "api_error")
        if reply.trouble:
            # The line that tells of it becomes a chunk that says nothing, and the last one.
            speech = replace(speech, contents=(*speech.contents, ""))
            reply = replace(reply, trouble=None, cut="clean")
        return _MANNER.respond(asked, reply, speech)

    def _whole(self, asked: Generate | Chat, answer: Answer) -> Response:
        if answer.trouble:
            return _error(500, answer.trouble.message)
        said = _said(answer, asked)
        final = self._final(asked, said, answer) | asked.line("".join(said.contents))
        return replace(json_response(final), gate=answer.gate)

    def _stream(self, asked: Generate | Chat, answer: Answer) -> Response:
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

    def _final(self, asked: Generate | Chat, said: Said, answer: Answer) -> dict[str, object]:
        return {
            **self._line(asked, "", done=True),
            "done_reason": FINISH[said.stop_type],
            "total_duration": 5043500667,
            "load_duration": 5025959,
            "prompt_eval_count": answer.prompt_tokens or length_of(asked.text()),
            "prompt_eval_duration": 325953000,
            "eval_count": len(said.tokens),
            "eval_duration": 4709213000,
        }

    def _line(self, asked: Generate | Chat, response: str, *, done: bool) -> dict[str, object]:
        return {
            "model": asked.model,
            "created_at": "2026-01-01T00:00:00Z",
            **asked.line(response),
            "done": done,
        }


def _said(answer: Answer, asked: Generate | Chat) -> Said:
    return generated(answer, Asked(asked.options.num_predict, asked.options.stop, ENDS, shown))


def _error(status: int, words: str) -> Response:
    return json_response({"error": words}, status)


def _openai_error(status: int, words: str, kind: str) -> Response:
    said = {"message": words, "type": kind, "param": None, "code": None}
    return json_response({"error": said}, status)


def _text(status: int, words: str) -> Response:
    return Response(status, {"content-type": "text/plain"}, (words.encode(),))
