"""Who asks again where something is suggested is offered what else the model says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fakes.backend import ScriptedBackend
from infill_ls.completion.completer import Completer
from infill_ls.types import Completion, CompletionRequest

RequestAt = Callable[..., CompletionRequest]


Shown = tuple[CompletionRequest, Completion]


@pytest.fixture
async def shown(request_at: RequestAt, backend: ScriptedBackend, completer: Completer) -> Shown:
    """A place where the host's first answer, "a", is suggested."""
    backend.answers("a")
    request = request_at("x = ‸\n")
    completion = await completer.complete(request)
    assert completion is not None
    return request, completion


async def test_alternatives_are_sampled(
    shown: Shown, backend: ScriptedBackend, completer: Completer
) -> None:
    """Each is asked for with the same text, a temperature above 0 and another seed."""
    for text in ("b", "c"):
        backend.answers(text)

    others = await completer.alternatives(*shown)

    greedy, *hot = [prompt.sampling for prompt in backend.prompts]
    assert [other.text for other in others] == ["b", "c"]
    assert greedy.greedy
    assert all(not sampling.greedy for sampling in hot)
    assert len({sampling.seed for sampling in hot}) == len(hot) == 2
    assert len({prompt.parts for prompt in backend.prompts}) == 1


async def test_equal_ones_are_offered_once(
    shown: Shown, backend: ScriptedBackend, completer: Completer
) -> None:
    """What is shown already, and what was said twice, is no further choice."""
    for text in ("b", "b"):
        backend.answers(text)

    others = await completer.alternatives(*shown)

    assert [other.text for other in others] == ["b"]


async def test_asking_a_third_time_asks_nobody(
    shown: Shown, backend: ScriptedBackend, completer: Completer
) -> None:
    """An editor that cycles asks each time, and is given the same choice."""
    for text in ("b", "c"):
        backend.answers(text)
    others = await completer.alternatives(*shown)

    again = await completer.alternatives(*shown)

    assert [other.text for other in again] == [other.text for other in others]
    assert len(backend.prompts) == 3


async def test_blank_ones_are_left_out(
    shown: Shown, backend: ScriptedBackend, completer: Completer
) -> None:
    """An answer of which nothing is left is no choice either."""
    for text in ("  ", "b"):
        backend.answers(text)

    others = await completer.alternatives(*shown)

    assert [other.text for other in others] == ["b"]
