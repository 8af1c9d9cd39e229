"""What a Tabby server is asked by tabby-agent, and what it answers.

Tabby's own server ends a completion at an empty line, before a top-level word of the language, or
after 64 tokens, and answers when all of it is there. This one is kinder: it ends at the end of the
first line, which is all that an answer can have right here, so that the agent waits for no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

HEALTH: dict[str, object] = {
    "model": "codellama/CodeLlama-7b-hf",
    "chat_model": None,
    "device": "cpu",
    "arch": "x86_64",
    "cpu_info": "",
    "cpu_count": 2,
    "cuda_devices": [],
    "version": {"build_date": "", "build_timestamp": "", "git_sha": "", "git_describe": "v0.11.0"},
}
"""The answer at `/v1/health`; with this version the agent asks for the settings, too."""

SETTINGS: dict[str, object] = {"disable_client_side_telemetry": True}
"""The answer at `/v1beta/server_setting`."""


class _Segments(msgspec.Struct):
    prefix: str


class _Body(msgspec.Struct):
    segments: _Segments


def prefix_in(body: bytes) -> str:
    """Return what stands before the cursor in a request: the agent sends at most 20 lines of it."""
    return msgspec.json.decode(body, type=_Body).segments.prefix


def first_line(tokens: Iterable[str]) -> Iterator[str]:
    """Yield tokens until the one that ends the line; it is whole, as a model has written it."""
    for token in tokens:
        yield token
        if "\n" in token:
            return


def answer(number: int, text: str) -> dict[str, object]:
    """Return what is answered at `/v1/completions`, without the line's end."""
    choice = {"index": 0, "text": text.partition("\n")[0]}
    return {"id": f"cmpl-{number}", "choices": [choice]}
