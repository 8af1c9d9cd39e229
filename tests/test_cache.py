"""Answers are remembered for what decides them, for a time, up to a number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import pytest

from fakes.backend import HandClock
from infill_ls.completion.answers.answer import Answer
from infill_ls.completion.cursor.place import place_of
from infill_ls.completion.suggested.cache import Cache, Question
from infill_ls.prompt.build import render
from infill_ls.prompt.dialects import CODE_LLAMA, PLAIN, QWEN_CODER, Dialect
from infill_ls.settings.tree import CacheSettings, CompletionSettings, PromptSettings, Settings
from infill_ls.types import CompletionRequest, Prompt

RequestAt = Callable[..., CompletionRequest]
Wanted = Literal["auto", "single", "multi"]

ANSWER = Answer("a + b", "end")


def prompt_of(
    prefix: str = "x = ",
    suffix: str = "\n",
    *,
    dialect: Dialect = CODE_LLAMA,
    settings: Settings | None = None,
) -> Prompt:
    return render(dialect, prefix, suffix, settings=settings or Settings())


@pytest.fixture
def question(request_at: RequestAt) -> Question:
    return Question("codellama", prompt_of(), place_of(request_at("x = ‸\n"), "auto"))


def test_same_question_has_the_same_answer(question: Question) -> None:
    """A question that is equal in all its parts is answered without asking."""
    cache = Cache(CacheSettings())

    cache.put(question, ANSWER)

    assert cache.get(replace(question, prompt=prompt_of())) == ANSWER


@pytest.mark.parametrize(
    "prompt",
    [
        prompt_of(prefix="y = "),
        prompt_of(suffix="\n\n"),
        prompt_of(dialect=QWEN_CODER),
        prompt_of(dialect=PLAIN),
        prompt_of(settings=Settings(prompt=PromptSettings(order="psm"))),
        prompt_of(settings=Settings(completion=CompletionSettings(max_tokens=7))),
        prompt_of(settings=Settings(completion=CompletionSettings(temperature=0.5))),
    ],
)
def test_other_prompt_is_another_question(question: Question, prompt: Prompt) -> None:
    """Code, format, order, length and temperature each decide the answer."""
    cache = Cache(CacheSettings())

    cache.put(question, ANSWER)

    assert cache.get(replace(question, prompt=prompt)) is None


def test_other_model_is_another_question(question: Question) -> None:
    """A host that now serves another model is asked again."""
    cache = Cache(CacheSettings())

    cache.put(question, ANSWER)

    assert cache.get(replace(question, model="qwen")) is None


@pytest.mark.parametrize(
    ("marked", "lines"),
    [
        ("x = ‸\n", "single"),
        ("x = ‸)\n", "auto"),
        ("x = ‸\nreturn x\n", "auto"),
        ("y = ‸\n", "auto"),
    ],
)
def test_other_place_is_another_question(
    question: Question, request_at: RequestAt, marked: str, lines: Wanted
) -> None:
    """What ends the reading of an answer may lie beyond the prompt, and decides it as well."""
    cache = Cache(CacheSettings())

    cache.put(question, ANSWER)

    assert cache.get(replace(question, place=place_of(request_at(marked), lines))) is None


def test_answer_is_forgotten_in_time(question: Question) -> None:
    """After `cache.ttlS` seconds the host is asked again."""
    clock = HandClock()
    cache = Cache(CacheSettings(ttl_s=10), clock)
    cache.put(question, ANSWER)

    clock.advance(9.9)
    before = cache.get(question)
    clock.advance(0.2)

    assert (before, cache.get(question)) == (ANSWER, None)


def test_nothing_is_remembered_with_no_entries(question: Question) -> None:
    """`cache.entries` 0 turns the cache off."""
    cache = Cache(CacheSettings(entries=0))

    cache.put(question, ANSWER)

    assert cache.get(question) is None


def test_least_used_answer_makes_room(question: Question) -> None:
    """Of `cache.entries` answers, the one that nobody asked for longest goes first."""
    first, second, third = (replace(question, model=name) for name in "abc")
    cache = Cache(CacheSettings(entries=2))
    cache.put(first, ANSWER)
    cache.put(second, ANSWER)

    cache.get(first)
    cache.put(third, ANSWER)

    assert [cache.get(each) for each in (first, second, third)] == [ANSWER, None, ANSWER]
