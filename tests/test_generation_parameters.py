"""The generation parameters, as each dialect is sent them, and what it is not sent."""

from __future__ import annotations

from typing import Any

import pytest

from fakes.asking import deltas_of, no_progress, opened, prompt
from fakes.faces.endpoint import Endpoint
from fakes.faces.huggingface import HuggingFace
from fakes.faces.llamacpp import LlamaCpp
from fakes.faces.ollama import Ollama
from fakes.faces.openai import OpenAi
from fakes.faces.tgi import Tgi
from fakes.host import Face, FakeHost
from infill_ls import errors
from infill_ls.backends.base import Backend
from infill_ls.backends.connect import connect
from infill_ls.prompt.build import render
from infill_ls.prompt.dialects import PLAIN
from infill_ls.settings.read import Layer, load
from infill_ls.settings.sources import from_environment
from infill_ls.settings.tree import BackendSettings, CompletionSettings, Kind, Settings
from infill_ls.types import Sampling

MODEL = "codellama/CodeLlama-7b-hf"

ALL: dict[str, Any] = {
    "temperature": 0.5,
    "top_p": 0.9,
    "top_k": 40,
    "typical_p": 0.8,
    "repetition_penalty": 1.1,
    "frequency_penalty": 0.5,
    "seed": 7,
    "stop": ("\n\n",),
    "max_tokens": 9,
}
"""Everything that can be set."""

TGI = {
    "temperature": 0.5, "top_p": 0.9, "top_k": 40, "typical_p": 0.8, "repetition_penalty": 1.1,
    "frequency_penalty": 0.5, "seed": 7, "stop": ["\n\n", "<EOT>"], "max_new_tokens": 9,
    "do_sample": True, "return_full_text": False, "details": True,
}  # fmt: skip
LLAMACPP = {
    "temperature": 0.5, "top_p": 0.9, "top_k": 40, "typical_p": 0.8, "repeat_penalty": 1.1,
    "frequency_penalty": 0.5, "seed": 7, "stop": ["\n\n"], "n_predict": 9,
}  # fmt: skip
OPENAI = {
    "temperature": 0.5, "top_p": 0.9, "frequency_penalty": 0.5, "seed": 7,
    "stop": ["\n\n", "<EOT>"], "max_tokens": 9,
}  # fmt: skip

DIALECTS: dict[str, tuple[Kind, str, Face, dict[str, object], list[str]]] = {
    "tgi": ("tgi", "", Tgi(), TGI, []),
    "huggingface": ("huggingface", "", HuggingFace(), TGI, []),
    "endpoint": ("endpoint", "", Endpoint(), TGI, []),
    "llamacpp": ("llamacpp", "", LlamaCpp(), LLAMACPP, []),
    "ollama": (
        "ollama", "", Ollama((MODEL,)),
        {
            **{k: v for k, v in LLAMACPP.items() if k != "n_predict"},
            "num_predict": 9, "num_ctx": 4096, "stop": ["\n\n", " <EOT>", "<EOT>"],
        },
        [],
    ),
    "openai": ("openai", "", OpenAi(), OPENAI, ["topK", "typicalP", "repetitionPenalty"]),
    "vllm": (
        "openai", "", OpenAi("vllm"),
        {
            **OPENAI, "stop": ["\n\n", "<EOT>"], "top_k": 40, "repetition_penalty": 1.1,
            "stop_token_ids": [32010],
        },
        ["typicalP"],
    ),
    "mistral": (
        "openai", "/v1/fim/completions", OpenAi("mistral"),
        {
            "temperature": 0.5, "top_p": 0.9, "random_seed": 7, "stop": ["\n\n"],
            "max_tokens": 9,
        },
        ["topK", "typicalP", "repetitionPenalty", "frequencyPenalty"],
    ),
    "deepseek": (
        "openai", "/beta", OpenAi("deepseek"),
        {
            "temperature": 0.5, "top_p": 0.9, "frequency_penalty": 0.5, "stop": ["\n\n"],
            "max_tokens": 9,
        },
        ["topK", "typicalP", "repetitionPenalty", "seed"],
    ),
}  # fmt: skip

NOT_PARAMETERS = {"model", "prompt", "suffix", "stream", "stream_options"}
CACHING = {"cache_prompt", "return_tokens", "timings_per_token"}


async def parameters_sent(dialect: str, **completion: Any) -> dict[str, object]:
    """Return the parameters of the request that a host is sent."""
    kind, path, face, _, _ = DIALECTS[dialect]
    with FakeHost(face) as host:
        host.answers("a")
        async with opened(kind, host.url + path, model=MODEL) as backend:
            await deltas_of(backend, prompt(**completion))
    body: dict[str, object] = host.asked[-1].request.json
    inner = body.get("parameters") or body.get("options")
    return inner if isinstance(inner, dict) else without(body, NOT_PARAMETERS | CACHING)


def without(body: dict[str, object], names: set[str]) -> dict[str, object]:
    return {name: value for name, value in body.items() if name not in names}


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_each_dialect_is_sent_what_it_knows_in_its_own_words(dialect: str) -> None:
    """All parameters at once: those of the dialect go by its names, the others not at all."""
    assert await parameters_sent(dialect, **ALL) == DIALECTS[dialect][3]


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_what_a_host_does_not_know_is_told(dialect: str) -> None:
    """The check, which the doctor shows, names the settings that have no effect."""
    kind, path, face, _, unknown = DIALECTS[dialect]
    asked = render(PLAIN, "x", "", settings=Settings(completion=CompletionSettings(**ALL)))
    with FakeHost(face) as host:
        async with opened(kind, host.url + path, model=MODEL) as backend:
            told = await backend.check(asked)

    if unknown:
        assert told.endswith("not sent, since unknown here: " + ", ".join(unknown))
    else:
        assert "not sent" not in told


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_greedy_needs_no_more_than_its_temperature(dialect: str) -> None:
    """At temperature 0 nothing that narrows a choice is sent: to TGI it would mean sampling."""
    sent = await parameters_sent(dialect, temperature=0.0, top_p=0.9, top_k=40, typical_p=0.8)

    assert not {"top_p", "top_k", "typical_p", "do_sample"} & sent.keys()
    assert sent.get("temperature", 0) == 0


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_do_sample_decides_over_the_temperature(dialect: str) -> None:
    """False is greedy at any temperature, and True samples even at 0, which is then none."""
    greedy = await parameters_sent(dialect, temperature=0.5, do_sample=False)
    sampled = await parameters_sent(dialect, temperature=0.0, do_sample=True)

    assert greedy.get("temperature", 0) == 0
    assert sampled["temperature"] == 1


@pytest.mark.parametrize("dialect", ["tgi", "huggingface", "endpoint"])
async def test_tgi_is_sent_nothing_that_only_says_no(dialect: str) -> None:
    """Temperature 0 and a probability of 1, which TGI refuses, say what leaving them out says."""
    sent = await parameters_sent(dialect, temperature=0.0, top_p=1.0, typical_p=1.0)
    warm = await parameters_sent(dialect, temperature=0.5, top_p=1.0, typical_p=1.0)

    assert not {"temperature", "top_p", "typical_p"} & sent.keys()
    assert not {"top_p", "typical_p"} & warm.keys()


WARM = {"temperature": 0.5}
OUTSIDE: list[tuple[str, dict[str, Any], str]] = [
    ("tgi", {**WARM, "top_p": 0.0}, "completion.topP only with more than 0 and less than 1"),
    ("tgi", {**WARM, "typical_p": 0.0}, "completion.typicalP only with more than 0 and"),
    ("tgi", {**WARM, "top_k": 0}, "completion.topK only with at least 1, not with 0"),
    ("tgi", {"repetition_penalty": 0.0}, "completion.repetitionPenalty only with more than 0"),
    ("tgi", {"stop": tuple("abcde")}, "completion.stop only with at most 4 texts, not with 5"),
    ("huggingface", {**WARM, "top_k": 0}, "completion.topK only with at least 1, not with 0"),
    ("endpoint", {**WARM, "top_k": 0}, "completion.topK only with at least 1, not with 0"),
    ("llamacpp", {"seed": 2**32}, "completion.seed only with at least 0 and at most 4294967294"),
    ("ollama", {"seed": 2**32}, "completion.seed only with at least 0 and at most 4294967294"),
    ("openai", {"stop": tuple("abcde")}, "completion.stop only with at most 4 texts, not with 5"),
    ("vllm", {**WARM, "top_p": 0.0}, "completion.topP only with more than 0 and at most 1"),
    ("vllm", {"repetition_penalty": 0.0}, "completion.repetitionPenalty only with more than 0"),
    ("mistral", {"temperature": 1.75}, "completion.temperature only with at least 0 and at most"),
    ("deepseek", {"stop": tuple("abcdefghijklmnopq")}, "completion.stop only with at most 16"),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "completion", "words"), OUTSIDE)
async def test_a_value_that_the_host_refuses_is_told_before_it_is_sent(
    dialect: str, completion: dict[str, Any], words: str
) -> None:
    """The error names the host, the setting, the value and what is allowed."""
    kind, path, face, _, _ = DIALECTS[dialect]
    with FakeHost(face) as host:
        async with opened(kind, host.url + path, model=MODEL) as backend:
            with pytest.raises(errors.RequestRejected) as raised:
                await deltas_of(backend, prompt(**completion))

    assert f"takes {words}" in str(raised.value)
    assert str(raised.value).startswith(host.url)
    assert host.asked == ()


@pytest.mark.parametrize(
    "edge",
    [
        {"temperature": 0.01}, {"temperature": 2.0}, {**WARM, "top_p": 0.001}, {**WARM, "top_k": 1},
        {**WARM, "typical_p": 0.999}, {"repetition_penalty": 0.01}, {"frequency_penalty": -2.0},
        {"frequency_penalty": 2.0}, {"seed": 0}, {"stop": tuple("abcd")}, {"max_tokens": 1},
    ],
    ids=str,
)  # fmt: skip
async def test_what_is_allowed_tgi_takes(edge: dict[str, Any]) -> None:
    """At the ends of our ranges, TGI's own checks, which the face has, find nothing."""
    assert await parameters_sent("tgi", **edge)


# From the settings


def backend_of(kind: Kind) -> Backend:
    return connect(BackendSettings(kind=kind, url="http://127.0.0.1:1", model="a/b"), no_progress)


def test_the_preview_tells_a_refused_value_too() -> None:
    """What would not be sent is not shown as if it were."""
    with pytest.raises(errors.RequestRejected, match="topK"):
        backend_of("tgi").preview(prompt(temperature=0.5, top_k=0))


def test_a_stop_list_can_come_from_the_environment() -> None:
    """A list is spelled as JSON in one string."""
    loaded = load([from_environment({"INFILL_LS_COMPLETION_STOP": '["\\n\\n", "def "]'})])

    assert loaded.settings.completion.stop == ("\n\n", "def ")
    assert loaded.problems == ()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"stop": ["a", ""]}, "is not a list of texts (at [1])"),
        ({"stop": "a"}, "is not a list of texts"),
        ({"topP": 1.5}, "is not a number from 0.0 to 1.0"),
        ({"topK": -1}, "is not a whole number from 0 to 1000000"),
        ({"doSample": "yes"}, "is not true or false"),
    ],
)
def test_a_parameter_that_no_host_takes_is_a_problem(given: dict[str, object], reason: str) -> None:
    """What is wrong anywhere is told when the settings are read, and not used."""
    loaded = load([Layer("a test", {"completion": given})])

    (problem,) = loaded.problems
    assert problem.reason.endswith(reason)


@pytest.mark.parametrize(
    ("sampling", "greedy"),
    [
        (Sampling(1), True),
        (Sampling(1, temperature=0.1), False),
        (Sampling(1, temperature=0.1, do_sample=False), True),
        (Sampling(1, do_sample=True), False),
    ],
)
def test_the_temperature_decides_unless_told(sampling: Sampling, greedy: bool) -> None:
    """0 is greedy, and `do_sample` has the last word."""
    assert sampling.greedy is greedy
