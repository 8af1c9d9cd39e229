"""Hosts that speak OpenAI's `/v1/completions`, or nearly: each flavour in its own words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import msgspec

from fakes.faces import messages
from fakes.faces.llamacpp_tokens import length_of, pieces_of
from fakes.faces.messages import FINISH, Conversation
from fakes.faces.openai_chat import CHAT_PATHS, MANNERS, NO_TEMPLATE, USUAL_MANNER, Chat
from fakes.faces.openai_requests import Completions, Fim, Tokenize
from fakes.faces.tgi import Tgi
from fakes.generation import Asked, Said, generated
from fakes.record import Request
from fakes.response import Response, json_response
from fakes.script import EOS, EOT, Answer, Reply, Token, Trouble, json_text

Flavour = Literal["openai", "vllm", "old vllm", "tgi", "mistral", "deepseek"]

PATHS: Mapping[Flavour, str] = {
    "mistral": "/v1/fim/completions",
    "deepseek": "/beta/completions",
}
_USUAL_PATH = "/v1/completions"

_MODELS: Mapping[Flavour, str] = {"deepseek": "/models"}
_USUAL_MODELS = "/v1/models"

_CODES = {
    "BadRequestError": 400,
    "NotFoundError": 404,
    "invalid_request_error": 400,
    "rate_limit_error": 429,
    "server_error": 500,
    "InternalServerError": 500,
}


@dataclass(frozen=True, slots=True)
class OpenAi:
    """A face of one flavour; a text has as many tokens as bytes in UTF-8."""

    flavour: Flavour = "openai"
    model: str = "codellama/CodeLlama-7b-hf"
    context_tokens: int = 4096
    takes_ids: bool = True
    """False where a list of ids is refused as a prompt, whoever made them."""
    template: bool = True
    """Whether the model has a chat template; other hosts than vLLM and TGI have no route then."""

    def respond(
        self, request: Request, token: str | None, next_reply: Callable[[], Reply]
    ) -> Response:
        """Answer as the routes do; vLLM asks for the key below `/v1` only."""
        if self.flavour == "tgi" and request.path == messages.PATH:
            return Tgi(self.model, template=self.template).respond(request, token, next_reply)
        guarded = request.path.startswith("/v1") or not self._is_vllm()
        if guarded and token and request.headers.get("authorization") != f"Bearer {token}":
            return self._error(401, "Unauthorized", "authentication_error")
        if request.method == "GET":
            return self._inform(request.path)
        try:
            return self._post(request, next_reply)
        except msgspec.DecodeError as error:
            return self._invalid(str(error))

    def _is_vllm(self) -> bool:
        return self.flavour in ("vllm", "old vllm")

    def _inform(self, path: str) -> Response:
        if path == "/version" and self._is_vllm():
            return json_response({"version": "0.12.0"})
        if path != _MODELS.get(self.flavour, _USUAL_MODELS):
            return self._nothing_here()
        served: dict[str, object] = {"id": self.model, "object": "model", "created": 0}
        if self._is_vllm():
            served |= {"owned_by": "vllm", "max_model_len": self.context_tokens}
        else:
            served |= {"owned_by": "organization-owner"}
        return json_response({"object": "list", "data": [served]})

    def _post(self, request: Request, next_reply: Callable[[], Reply]) -> Response:
        if request.path == "/tokenize" and self._is_vllm():
            return self._tokenized(msgspec.json.decode(request.body, type=Tokenize))
        if request.path == CHAT_PATHS.get(self.flavour, messages.PATH):
            return self._converse(request, next_reply)
        if request.path != PATHS.get(self.flavour, _USUAL_PATH):
            return self._nothing_here()
        asked: Completions | Fim = (
            msgspec.json.decode(request.body, type=Fim)
            if self.flavour == "mistral"
            else msgspec.json.decode(request.body, type=Completions)
        )
        return self._refusal(asked) or self._complete(asked, next_reply)

    def _tokenized(self, asked: Tokenize) -> Response:
        begin = [1] if asked.add_special_tokens else []
        tokens = begin + [id for id, _ in pieces_of(asked.prompt, True)]
        counted = {"count": len(tokens), "max_model_len": self.context_tokens}
        return json_response({**counted, "tokens": tokens, "token_strs": None})

    def _converse(self, request: Request, next_reply: Callable[[], Reply]) -> Response:
        kind = Chat if self.flavour == "mistral" else Conversation
        asked = msgspec.json.decode(request.body, type=kind)
        if asked.model != self.model:
            return self._unknown(asked.model)
        if not self.template:
            return self._invalid(NO_TEMPLATE) if self._is_vllm() else self._nothing_here()
        length = length_of(asked.text())
        if length + (asked.max_tokens or 0) > self.context_tokens:
            return self._too_long(f"{length} tokens in the messages.")
        reply = next_reply()
        if not isinstance(reply, Answer):
            return reply.response
        if reply.trouble and not asked.stream:
            return self._whole_error(reply.trouble)
        ends = {EOS.id, EOT.id}
        speech = messages.speech(
            asked, reply, self.model, ends=ends, shows=_shown, all_tokens=self._is_vllm()
        )
        trouble = self._error_body(reply.trouble) if reply.trouble else None
        manner = MANNERS.get(self.flavour, USUAL_MANNER)
        return manner.respond(asked, reply, speech, trouble)

    def _refusal(self, asked: Completions | Fim) -> Response | None:
        if asked.model != self.model:
            return self._unknown(asked.model)
        if asked.suffix is not None and self.flavour not in PATHS:
            return self._invalid("suffix is not currently supported")
        if not self.takes_ids and not isinstance(asked.prompt, str):
            return self._invalid("prompt must be a string")
        if asked.stream_options and not asked.stream:
            return self._invalid("Stream options can only be defined when `stream=True`.")
        length = length_of(_prompt(asked))
        if length + (asked.max_tokens or 0) > self.context_tokens:
            return self._too_long(f"{length} tokens in the prompt.")
        return None

    def _unknown(self, model: str | None) -> Response:
        return self._error(404, f"The model `{model}` does not exist.", "NotFoundError")

    def _too_long(self, requested: str) -> Response:
        most = f"This model's maximum context length is {self.context_tokens} tokens."
        return self._invalid(f"{most} However, you requested {requested}")

    def _complete(self, asked: Completions | Fim, next_reply: Callable[[], Reply]) -> Response:
        reply = next_reply()
        if not isinstance(reply, Answer):
            return reply.response
        return self._stream(asked, reply) if asked.stream else self._whole(asked, reply)

    def _whole(self, asked: Completions | Fim, answer: Answer) -> Response:
        if answer.trouble:
            return self._whole_error(answer.trouble)
        said = self._said(answer, asked)
        text, finish = "".join(said.contents), FINISH[said.stop_type]
        choice = {**self._choice(text, finish), "message": {"content": text}}
        value = {**self._chunk([choice]), "usage": _usage(said, answer, asked)}
        return replace(json_response(value), gate=answer.gate)

    def _stream(self, asked: Completions | Fim, answer: Answer) -> Response:
        said = self._said(answer, asked)
        chunks = [self._chunk([self._choice(text, None)]) for text in said.contents]
        if answer.trouble:
            chunks.append(self._error_body(answer.trouble))
        elif answer.cut is None:
            chunks = self._ended(chunks, said, answer, asked)
        # Without its blank line, it is the last event of the answer itself that has no end.
        done = ["[DONE]"] if answer.cut is None and answer.wire.final_blank else []
        pieces = answer.wire.pieces([*map(json_text, chunks), *done])
        ending: Literal["complete", "cut"] = "cut" if answer.cut == "abrupt" else "complete"
        headers = {"content-type": "text/event-stream; charset=utf-8"}
        return Response(200, headers, pieces, answer.gate, ending)

    def _ended(
        self, chunks: list[dict[str, Any]], said: Said, answer: Answer, asked: Completions | Fim
    ) -> list[dict[str, Any]]:
        """Finish the last chunk, and add the usage to it or in a chunk of its own."""
        chunks[-1]["choices"][0]["finish_reason"] = FINISH[said.stop_type]
        usage = {"usage": _usage(said, answer, asked)}
        if self.flavour in ("tgi", "mistral"):
            return [*chunks[:-1], chunks[-1] | usage]
        wanted = asked.stream_options and asked.stream_options.get("include_usage")
        return [*chunks, self._chunk([]) | usage] if wanted and answer.wire.final_blank else chunks

    def _said(self, answer: Answer, asked: Completions | Fim) -> Said:
        stops = [asked.stop] if isinstance(asked.stop, str) else asked.stop or []
        ends = {EOS.id, EOT.id}
        if self._is_vllm() and isinstance(asked, Completions):
            ends = {EOS.id, *asked.stop_token_ids}
        return generated(answer, Asked(asked.max_tokens, stops, ends, _shown))

    def _chunk(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": "cmpl-1",
            "object": "text_completion",
            "created": 1,
            "model": self.model,
            "choices": choices,
        }

    def _choice(self, text: str, finish: str | None) -> dict[str, Any]:
        if self.flavour == "mistral":
            delta = {"role": "assistant", "content": text}
            return {"index": 0, "delta": delta, "finish_reason": finish}
        unfinished = "" if self.flavour == "tgi" else None
        return {
            "index": 0,
            "text": text,
            "logprobs": None,
            "finish_reason": finish or unfinished,
        }

    def _nothing_here(self) -> Response:
        if self._is_vllm() or self.flavour == "mistral":
            return json_response({"detail": "Not Found"}, 404)
        return self._error(404, "Unknown request URL", "invalid_request_error")

    def _invalid(self, words: str) -> Response:
        if self.flavour == "mistral":
            detail = {"detail": [{"type": "extra_forbidden", "msg": words}]}
            return json_response({"object": "error", "message": detail, "type": "invalid"}, 422)
        return self._error(400, words, "BadRequestError")

    def _whole_error(self, trouble: Trouble) -> Response:
        return self._error(_CODES.get(trouble.type, 500), trouble.message, trouble.type)

    def _error(self, status: int, words: str, kind: str) -> Response:
        return json_response(self._error_body(Trouble(words, kind), status), status)

    def _error_body(self, trouble: Trouble, status: int | None = None) -> dict[str, Any]:
        code = status or _CODES.get(trouble.type, 500)
        said: dict[str, object] = {"message": trouble.message, "type": trouble.type, "param": None}
        if self.flavour in ("old vllm", "mistral"):
            return {"object": "error", **said, "code": code}
        if self.flavour == "tgi" and status is None:
            return {"error": {"message": trouble.message, "http_status_code": 422}}
        return {"error": {**said, "code": code if self.flavour == "vllm" else None}}


def _shown(token: Token) -> str:
    return "" if token.special else token.text


def _prompt(asked: Completions | Fim) -> str | list[int | str]:
    return asked.prompt if isinstance(asked.prompt, str) else list(asked.prompt)


def _usage(said: Said, answer: Answer, asked: Completions | Fim) -> dict[str, int]:
    prompt = answer.prompt_tokens or length_of(_prompt(asked))
    total = prompt + len(said.tokens)
    return {"prompt_tokens": prompt, "completion_tokens": len(said.tokens), "total_tokens": total}
