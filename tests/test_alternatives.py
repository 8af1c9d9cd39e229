"""Who asks again where something is suggested is offered what else the model says."""

from __future__ import annotations

from collections.abc import Callable

from fakes.backend import ScriptedBackend
from infill_ls.completion.completer import Completer
from infill_ls.types import Completion, CompletionRequest

RequestAt = Callable[..., CompletionRequest]


async def shown(completer: Completer, request: CompletionRequest) -> Completion:
    completion = await completer.complete(request)
    assert completion is not None
    return completion


async def test_alternatives_are_sampled(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer
) -> None:
    """Each is asked for with the same text, a temperature above 0 and another seed."""
    for text in ("a", "b", "c"):
        backend.answers(text)
    request = request_at("x = ‸\n")
    first = await shown(completer, request)

    others = await completer.alternatives(request, first)

    greedy, *hot = [prompt.sampling for prompt in backend.prompts]
    assert [first.text, *(other.text for other in others)] == ["a", "b", "c"]
    assert greedy.greedy
    assert all(not sampling.greedy for sampling in hot)
    assert len({sampling.seed for sampling in hot}) == len(hot) == 2
    assert len({prompt.parts for prompt in backend.prompts}) == 1


async def test_equal_ones_are_offered_once(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer
) -> None:
    """What is shown already, and what was said twice, is no further choice."""
    for text in ("a", "b", "b"):
        backend.answers(text)
    request = request_at("x = ‸\n")
    first = await shown(completer, request)

    others = await completer.alternatives(request, first)

    assert [other.text for other in others] == ["b"]


async def test_asking_a_third_time_asks_nobody(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer
) -> None:
    """An editor that cycles asks each time, and is given the same choice."""
    for text in ("a", "b", "c"):
        backend.answers(text)
    request = request_at("x = ‸\n")
    first = await shown(completer, request)
    others = await completer.alternatives(request, first)

    again = await completer.alternatives(request, first)

    assert [other.text for other in again] == [other.text for other in others]
    assert len(backend.prompts) == 3


async def test_blank_ones_are_left_out(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer
) -> None:
    """An answer of which nothing is left is no choice either."""
    for text in ("a", "  ", "b"):
        backend.answers(text)
    request = request_at("x = ‸\n")
    first = await shown(completer, request)

    others = await completer.alternatives(request, first)

    assert [other.text for other in others] == ["b"]
