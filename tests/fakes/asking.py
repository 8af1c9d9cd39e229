"""Ask a back end as the completion layer does, with a prompt of Code Llama's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from infill_ls import errors
from infill_ls.backends.base import Backend
from infill_ls.backends.connect import connect
from infill_ls.prompt.build import render
from infill_ls.prompt.dialects import CODE_LLAMA
from infill_ls.settings.tree import BackendSettings, CompletionSettings, Kind, Settings
from infill_ls.types import Delta, Prompt

SECRET = "hf_TheTokenOfTheUser"
"""The token that every back end here is given."""


@asynccontextmanager
async def no_progress(title: str) -> AsyncIterator[None]:
    yield


@asynccontextmanager
async def opened(
    kind: Kind, url: str, read_timeout_ms: int = 5_000, model: str | None = None, **more: Any
) -> AsyncIterator[Backend]:
    given = {"token": SECRET, **more}
    settings = BackendSettings(
        kind=kind, url=url, model=model, read_timeout_ms=read_timeout_ms, **given
    )
    backend = connect(settings, no_progress)
    try:
        yield backend
    finally:
        await backend.aclose()


def prompt(prefix: str = "a = ", suffix: str = "\nb = 2\n", **completion: Any) -> Prompt:
    settings = Settings(completion=CompletionSettings(**completion))
    return render(CODE_LLAMA, prefix, suffix, settings=settings)


async def deltas_of(backend: Backend, asked: Prompt | None = None) -> list[Delta]:
    async with backend.stream(asked or prompt()) as deltas:
        return [delta async for delta in deltas]


def text_of(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas)


async def failure_of(backend: Backend) -> errors.BackendError:
    with pytest.raises(errors.BackendError) as raised:
        await deltas_of(backend)
    return raised.value
