"""How each dialect spells the generation parameters, and which values it takes.

One table a dialect. What is not in it the host does not know, so it is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Literal

from infill_ls.errors import RequestRejected
from infill_ls.types import Prompt, Sampling

Name = Literal[
    "max_new_tokens", "temperature", "top_p", "top_k", "typical_p", "repetition_penalty",
    "frequency_penalty", "seed", "stop",
]  # fmt: skip
"""A field of `Sampling` that goes over the wire; of `stop`, the number is what is limited."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One name of a dialect, and the values that its hosts take."""

    wire: str
    low: float = -inf
    high: float = inf
    ends: Literal["[]", "()", "(]"] = "[]"
    """As intervals are written: a square end is taken itself, a round one is not."""
    unset: float | None = None
    """A value that hosts do not take, but that says what leaving it out says."""

    def takes(self, value: float) -> bool:
        """Return whether hosts accept the value."""
        above = self.low <= value if self.ends[0] == "[" else self.low < value
        below = value <= self.high if self.ends[1] == "]" else value < self.high
        return above and below

    def allowed(self) -> str:
        """Say in words what hosts accept."""
        least = "at least" if self.ends[0] == "[" else "more than"
        most = "at most" if self.ends[1] == "]" else "less than"
        low = [f"{least} {_plain(self.low)}"] if self.low > -inf else []
        return " and ".join(low + ([f"{most} {_plain(self.high)}"] if self.high < inf else []))


Table = Mapping[Name, Parameter]

# router/src/validation.rs of text-generation-inference.
TGI: Table = {
    "max_new_tokens": Parameter("max_new_tokens", low=1),
    "temperature": Parameter("temperature", low=0, ends="()", unset=0),
    "top_p": Parameter("top_p", 0, 1, "()", unset=1),
    "top_k": Parameter("top_k", low=1),
    "typical_p": Parameter("typical_p", 0, 1, "()", unset=1),
    "repetition_penalty": Parameter("repetition_penalty", low=0, ends="()"),
    "frequency_penalty": Parameter("frequency_penalty", -2, 2),
    "seed": Parameter("seed", low=0),
    "stop": Parameter("stop", high=4),
}

# Its Messages API (`ChatRequest` in router/src/lib.rs), which checks what it knows in the same way.
TGI_CHAT: Table = {
    "max_new_tokens": Parameter("max_tokens", low=1),
    "temperature": TGI["temperature"],
    "top_p": TGI["top_p"],
    "frequency_penalty": TGI["frequency_penalty"],
    "seed": TGI["seed"],
    "stop": TGI["stop"],
}

# tools/server/README.md of llama.cpp; a seed is a 32-bit number, whose largest means "random".
LLAMACPP: Table = {
    "max_new_tokens": Parameter("n_predict", low=1),
    "temperature": Parameter("temperature", low=0),
    "top_p": Parameter("top_p", 0, 1),
    "top_k": Parameter("top_k", low=0),
    "typical_p": Parameter("typical_p", 0, 1),
    "repetition_penalty": Parameter("repeat_penalty", low=0),
    "frequency_penalty": Parameter("frequency_penalty", -2, 2),
    "seed": Parameter("seed", 0, 2**32 - 2),
    "stop": Parameter("stop"),
}

# docs/api.md and docs/modelfile.md of Ollama, which hands them on to llama.cpp.
OLLAMA: Table = {**LLAMACPP, "max_new_tokens": Parameter("num_predict", low=1)}

# OpenAI's reference of `/v1/completions`.
OPENAI: Table = {
    "max_new_tokens": Parameter("max_tokens", low=1),
    "temperature": Parameter("temperature", 0, 2),
    "top_p": Parameter("top_p", 0, 1),
    "frequency_penalty": Parameter("frequency_penalty", -2, 2),
    "seed": Parameter("seed"),
    "stop": Parameter("stop", high=4),
}

# vllm/sampling_params.py.
VLLM: Table = {
    **OPENAI,
    "temperature": Parameter("temperature", low=0),
    "top_p": Parameter("top_p", 0, 1, "(]"),
    "top_k": Parameter("top_k", low=0),
    "repetition_penalty": Parameter("repetition_penalty", low=0, ends="()"),
    "stop": Parameter("stop"),
}

# Mistral's reference of `/v1/fim/completions`, which rejects names that it does not know.
MISTRAL: Table = {
    "max_new_tokens": Parameter("max_tokens", low=1),
    "temperature": Parameter("temperature", 0, 1.5),
    "top_p": Parameter("top_p", 0, 1),
    "seed": Parameter("random_seed", low=0),
    "stop": Parameter("stop"),
}

# DeepSeek's reference of `/beta/completions`.
DEEPSEEK: Table = {
    "max_new_tokens": Parameter("max_tokens", 1, 4096),
    "temperature": Parameter("temperature", 0, 2),
    "top_p": Parameter("top_p", 0, 1),
    "frequency_penalty": Parameter("frequency_penalty", -2, 2),
    "stop": Parameter("stop", high=16),
}

_NARROWING: tuple[Name, ...] = ("top_p", "top_k", "typical_p")
"""What only means something where there is sampling; to TGI, each of them also switches it on."""


def spelled(
    table: Table, sampling: Sampling, url: str, *, end: tuple[str, ...] = ()
) -> dict[str, object]:
    """Return the parameters as the dialect spells them; `end` are the prompt's own stops.

    Raises RequestRejected, as after the host's own check, for a value that no host of the dialect
    takes; but the user learns which setting it is, and what is allowed.
    """
    sent: dict[str, object] = {}
    for name, value in _wanted(sampling).items():
        if name in table and value != table[name].unset:
            _refuse_outside(table[name], name, value, sampling, url)
            sent[table[name].wire] = value
    if stops := _stops(table["stop"], sampling, url, end):
        sent[table["stop"].wire] = stops
    return sent


def ignored(table: Table, sampling: Sampling) -> list[str]:
    """Return the settings that the dialect has no word for ("topK")."""
    return [_key(name) for name in _wanted(sampling) if name not in table]


def told(how: str, table: Table, prompt: Prompt) -> str:
    """Add to what `Backend.check` says which settings the host is not sent."""
    left_out = ignored(table, prompt.sampling)
    return f"{how}; not sent, since unknown here: {', '.join(left_out)}" if left_out else how


def _wanted(sampling: Sampling) -> dict[Name, float]:
    """Return what the user set, and what is always sent, apart from the stops."""
    # To sample at temperature 0 is to leave the distribution as it is.
    temperature = 0.0 if sampling.greedy else sampling.temperature or 1.0
    values: dict[Name, float | None] = {
        "max_new_tokens": sampling.max_new_tokens,
        "temperature": temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "typical_p": sampling.typical_p,
        "repetition_penalty": sampling.repetition_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        "seed": sampling.seed,
    }
    useless = _NARROWING if sampling.greedy else ()
    return {
        name: value for name, value in values.items() if value is not None and name not in useless
    }


def _stops(parameter: Parameter, sampling: Sampling, url: str, end: tuple[str, ...]) -> list[str]:
    """Return the user's stops, and of the prompt's own as many as the host has room for."""
    _refuse_outside(parameter, "stop", len(sampling.stop), sampling, url)
    most = len(sampling.stop + end) if parameter.high == inf else int(parameter.high)
    return list(sampling.stop + end)[:most]


def _refuse_outside(
    parameter: Parameter, name: Name, value: float, sampling: Sampling, url: str
) -> None:
    if not parameter.takes(value):
        key = f"{sampling.section}.{_key(name)}"
        texts = " texts" if name == "stop" else ""
        raise RequestRejected(
            f"{url} takes {key} only with {parameter.allowed()}{texts}, not with {value}",
            hint="mend it, or leave it out",
        )


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


def _key(name: Name) -> str:
    """Return the name as the settings spell it."""
    if name == "max_new_tokens":
        return "maxTokens"
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))
