"""Code Llama is asked with just the token ids that it was trained on, whatever the buffer holds.

The back end is the real one, and so is the tokenizer: llama.cpp's, with Code Llama's vocabulary.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Literal

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fakes.asking import no_progress
from fakes.llamacpp import SHARED, RecordingProxy, existing, llamacpp_server
from infill_ls.backends.connect import connect
from infill_ls.prompt.build import render
from infill_ls.prompt.dialects import CODE_LLAMA
from infill_ls.settings.tree import (
    BackendSettings,
    CompletionSettings,
    PromptSettings,
    Settings,
)

GOLDEN = SHARED / "data" / "codellama-golden-prompts.json"
"""Pairs of texts with the ids that Meta's own code gives for them (llama/generation.py)."""

BOS, EOS, PRE, SUF, MID, EOT = 1, 2, 32007, 32008, 32009, 32010

Order = Literal["psm", "spm"]
ORDERS: tuple[Order, ...] = ("psm", "spm")
Ask = Callable[[str, str, Order], list[int]]
"""Completes between a prefix and a suffix, and returns the ids that llama.cpp was sent."""


@pytest.fixture(scope="module")
def llamacpp() -> Iterator[RecordingProxy]:
    with llamacpp_server(context_tokens=8192) as url, RecordingProxy(url) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def ask(llamacpp: RecordingProxy) -> Iterator[Ask]:
    with asyncio.Runner() as runner:
        backend = connect(BackendSettings(kind="llamacpp", url=llamacpp.url), no_progress)

        async def complete(prefix: str, suffix: str, order: Order) -> list[int]:
            wanted = Settings(
                prompt=PromptSettings(order=order), completion=CompletionSettings(max_tokens=1)
            )
            prompt = render(CODE_LLAMA, prefix, suffix, settings=wanted)
            async with backend.stream(prompt) as deltas:
                assert [delta async for delta in deltas][-1].finish
            ids: list[int] = llamacpp.requests("/completion")[-1].json["prompt"]
            return ids

        yield lambda prefix, suffix, order: runner.run(complete(prefix, suffix, order))
        runner.run(backend.aclose())


def test_the_ids_are_those_of_the_reference(ask: Ask) -> None:
    """What is sent for each golden pair, in both orders, equals the ids that Meta's code gives."""
    pairs = json.loads(existing(GOLDEN).read_text(encoding="utf-8"))

    wrong = [
        (pair["name"], order)
        for pair in pairs
        for order in ORDERS
        if ask(pair["prefix"], pair["suffix"], order) != pair[f"{order}_ids"]
    ]

    assert len(pairs) == 149
    assert wrong == []


SPELLINGS = (
    *(" <PRE>", "<PRE>", " <SUF>", "<SUF>", " <MID>", "<MID>", " <EOT>", "<EOT>"),
    *("<s>", "</s>", "<unk>", "<FILL_ME>", "▁<PRE>", "▁<EOT>", "<0x0A>"),
)
TEXTS = st.lists(
    st.sampled_from(SPELLINGS)
    | st.text(st.sampled_from(" \n<>/▁PRESUFMIDOTs")) # what spellings are made of
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    max_size=8,
).map("".join)  # fmt: skip


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(prefix=TEXTS, suffix=TEXTS, order=st.sampled_from(ORDERS))
@example(prefix=" <PRE>", suffix=" <EOT>", order="psm")
@example(prefix="</s>", suffix="<s>", order="spm")
@example(prefix="", suffix="", order="psm")
def test_a_buffer_never_gives_control_tokens(
    ask: Ask, llamacpp: RecordingProxy, prefix: str, suffix: str, order: Order
) -> None:
    """Control ids stand at their own places only, and between them the texts are as they were."""
    ids = ask(prefix, suffix, order)

    controls = [token for token in ids if token in (BOS, EOS, PRE, SUF, MID, EOT)]
    assert controls == [BOS, PRE, SUF, MID]
    before, after = sides(ids, order)
    assert detokenized(llamacpp, before) == (f" {shown(prefix)}" if prefix else "")
    assert detokenized(llamacpp, after) == shown(suffix)


def sides(ids: list[int], order: Order) -> tuple[list[int], list[int]]:
    """Return the ids of prefix and suffix."""
    suf, mid = ids.index(SUF), ids.index(MID)
    return (ids[2:suf] if order == "psm" else ids[mid + 1 :]), ids[suf + 1 : mid]


def shown(text: str) -> str:
    """Return the text as the vocabulary can hold it: it writes a blank as U+2581."""
    return text.replace("▁", " ")


def detokenized(llamacpp: RecordingProxy, ids: list[int]) -> str:
    with httpx.Client(verify=False, trust_env=False) as client:
        answer = client.post(f"{llamacpp.url}/detokenize", json={"tokens": ids})
    text: str = answer.json()["content"]
    return text
