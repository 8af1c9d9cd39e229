"""Every dialect that a host may speak, as the kind of back end that reaches it and a face."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Any

from fakes.asking import opened
from fakes.faces.endpoint import Endpoint
from fakes.faces.huggingface import HuggingFace
from fakes.faces.llamacpp import LlamaCpp
from fakes.faces.ollama import Ollama
from fakes.faces.openai import OpenAi
from fakes.faces.tgi import Tgi
from fakes.host import Face
from fakes.response import Response
from infill_ls.backends.base import Backend
from infill_ls.settings.tree import Kind

MODEL = "codellama/CodeLlama-7b-hf"


@dataclass(frozen=True, slots=True)
class Spoken:
    """A dialect as one host speaks it."""

    kind: Kind
    face: Face
    model: str | None = None
    """As in `backend.model`, where that is needed."""
    path: str = ""
    """What `backend.url` has besides the host."""
    about_model: str | None = None
    """Where the host tells what it serves, if it does."""
    found: Kind | None = None
    """What the kind "auto" finds, if it can."""

    def opened(
        self, url: str, read_timeout_ms: int = 5_000, kind: Kind | None = None
    ) -> AbstractAsyncContextManager[Backend]:
        """Open the back end, of another kind if that is wanted."""
        return opened(kind or self.kind, url + self.path, read_timeout_ms, self.model)

    def streamed(self, piece: bytes) -> Response:
        """Return an answer that streams this one piece and ends."""
        if self.kind == "ollama":
            return Response(200, {"content-type": "application/x-ndjson"}, (piece + b"\n",))
        headers = {"content-type": "text/event-stream"}
        return Response(200, headers, (b"data: " + piece + b"\n\n",))


OPENAI: dict[str, Any] = {"kind": "openai", "about_model": "/v1/models", "found": "openai"}
DIALECTS = {
    "tgi": Spoken("tgi", Tgi(), about_model="/info", found="tgi"),
    "tgi 1.1": Spoken("tgi", Tgi(old=True), about_model="/info", found="tgi"),
    "llamacpp": Spoken("llamacpp", LlamaCpp(), about_model="/props", found="llamacpp"),
    "huggingface": Spoken("huggingface", HuggingFace(), MODEL),
    "huggingface 2023": Spoken("huggingface", HuggingFace(old=True), MODEL),
    "endpoint": Spoken("endpoint", Endpoint(), about_model="/info", found="tgi"),
    "ollama": Spoken(
        "ollama", Ollama(), "codellama:7b-code", about_model="/api/show", found="ollama"
    ),
    "openai": Spoken(face=OpenAi(), **OPENAI),
    "openai of tgi": Spoken(face=OpenAi("tgi"), **OPENAI),
    "vllm": Spoken(face=OpenAi("vllm"), **OPENAI),
    "vllm 0.4": Spoken(face=OpenAi("old vllm"), **OPENAI),
    "mistral": Spoken("openai", OpenAi("mistral"), MODEL, "/v1/fim/completions", found="openai"),
    "deepseek": Spoken("openai", OpenAi("deepseek"), MODEL, "/beta", found="openai"),
}

_TEMPLATED = Tgi(template=True)
CHATTING = {
    "tgi": replace(DIALECTS["tgi"], face=_TEMPLATED),
    "tgi 1.4": replace(DIALECTS["tgi"], face=replace(_TEMPLATED, early=True)),
    "huggingface": replace(DIALECTS["huggingface"], face=HuggingFace(tgi=_TEMPLATED)),
    "endpoint": replace(DIALECTS["endpoint"], face=Endpoint(_TEMPLATED)),
    **{
        name: DIALECTS[name]
        for name in (
            "llamacpp", "ollama", "openai", "openai of tgi", "vllm", "vllm 0.4", "mistral",
            "deepseek",
        )
    },
}  # fmt: skip
"""Those whose host has a template for a conversation."""
