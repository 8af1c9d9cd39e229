"""The hosted API of Hugging Face, in 2023 and now, and its mirrors: `{base}/models/{id}`.

Behind it answers TGI, with the shape of its route `/`.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from infill_ls.backends import tgi
from infill_ls.backends.as_text import HOW, AsText
from infill_ls.backends.base import Exchange
from infill_ls.backends.http.host import Host
from infill_ls.backends.messages import ROUTE
from infill_ls.backends.sampling import TGI, told
from infill_ls.errors import BadInput, Loading
from infill_ls.settings.tree import BackendSettings
from infill_ls.types import Delta, Message, ModelInfo, Prompt, Sampling

DEFAULT_URL = "https://router.huggingface.co/hf-inference"

_ADDRESS = re.compile(r"(?P<base>.*?)(?:/models(?:/(?P<model>[^?#]+))?)?", re.DOTALL)
"""A base, or the address of one model."""

_MODEL = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?", re.ASCII)
"""A model's id on the Hub. An address is none: only `backend.url` says where code goes."""


class HuggingFace(AsText):
    """One model of the hosted API."""

    kind = "huggingface"

    def __init__(self, host: Host, model: str, name: str) -> None:
        """Take the model of the address, and the name by which its family is known."""
        self._host = host
        self._path = f"/models/{model}"
        self._name = name
        self._waits = False

    async def model(self) -> ModelInfo:
        """Return what the settings say; the API tells nothing of a model's limits."""
        return self.assumed()

    def assumed(self) -> ModelInfo:
        """Return the name that the settings give."""
        return ModelInfo(self._name, None)

    @asynccontextmanager
    async def stream(self, prompt: Prompt) -> AsyncIterator[AsyncIterator[Delta]]:
        """Open the answer."""
        body = self._body(prompt)
        async with (
            self._patient() as headers,
            tgi.answer(self._host, self._path, body, prompt, headers) as deltas,
        ):
            yield deltas

    @asynccontextmanager
    async def converse(
        self, messages: Sequence[Message], sampling: Sampling
    ) -> AsyncIterator[AsyncIterator[Delta]]:
        """Ask the Messages API of the model."""
        path = f"{self._path}{ROUTE}"
        async with (
            self._patient() as headers,
            tgi.conversed(
                self._host, self._name, messages, sampling, path=path, headers=headers
            ) as deltas,
        ):
            yield deltas

    def preview(self, prompt: Prompt) -> list[Exchange]:
        """Return the one request."""
        return [Exchange("POST", f"{self._host.url}{self._path}", self._body(prompt))]

    async def check(self, prompt: Prompt) -> str:
        """Say that the prompt goes as text."""
        return told(HOW, TGI, prompt)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._host.aclose()

    @asynccontextmanager
    async def _patient(self) -> AsyncIterator[dict[str, str]]:
        """Give a request its headers: after the model was found loading, the next one waits."""
        try:
            yield {"x-wait-for-model": "1"} if self._waits else {}
        except Loading:
            self._waits = True
            raise
        self._waits = False

    def _body(self, prompt: Prompt) -> dict[str, object]:
        return {**tgi.body_of(prompt, self._host), "stream": True}


def huggingface(settings: BackendSettings) -> HuggingFace:
    """Return the back end; nothing is sent. Raises BadInput like `located`."""
    host, model = located(settings)
    return HuggingFace(host, model, settings.model or model)


def located(settings: BackendSettings) -> tuple[Host, str]:
    """Return the host and the model's id; raises BadInput like `Host`, or for want of a model."""
    address = _ADDRESS.fullmatch((settings.url or DEFAULT_URL).rstrip("/"))
    assert address is not None
    model = address["model"] or settings.model
    if not model or not _MODEL.fullmatch(model):
        given = f"backend.model is {model!r}, which is" if model else "there is"
        raise BadInput(
            f"backend.kind is 'huggingface' but {given} no model's id",
            hint="set backend.model to one such as codellama/CodeLlama-7b-hf",
        )
    # The API remembers answers, even sampled ones.
    headers = {} if settings.use_cache else {"x-use-cache": "0"}
    return Host(address["base"], settings, headers=headers), model
