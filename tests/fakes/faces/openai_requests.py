"""What hosts of OpenAI's kind are asked."""

from __future__ import annotations

import msgspec


class Completions(msgspec.Struct):
    """A request for completions; unknown names are ignored."""

    model: str
    prompt: str | list[int]
    suffix: str | None = None
    max_tokens: int | None = None
    stop: str | list[str] | None = None
    stop_token_ids: list[int] = []
    stream: bool = False
    stream_options: dict[str, bool] | None = None


class Fim(msgspec.Struct, forbid_unknown_fields=True):
    """A request to Mistral, which takes no other names."""

    model: str
    prompt: str
    suffix: str | None = None
    max_tokens: int | None = None
    min_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    random_seed: int | None = None
    stop: str | list[str] | None = None
    stream: bool = False
    stream_options: None = None
    """Not there; only so that both kinds of request can be read alike."""


class Tokenize(msgspec.Struct):
    """A request to vLLM's `/tokenize`."""

    prompt: str
    model: str | None = None
    add_special_tokens: bool = True
