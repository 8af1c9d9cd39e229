"""The window around the cursor: within its budget, whole where it can be, still while one types."""

from __future__ import annotations

import base64
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infill_ls.prompt.budget import Budget, Reading, budget_for, room_for
from infill_ls.prompt.build import plan
from infill_ls.prompt.measure import end_of_first, pieces_in, start_of_last
from infill_ls.prompt.window import Window, window
from infill_ls.settings.tree import CompletionSettings, PromptSettings, Settings
from infill_ls.text import Text
from infill_ls.types import CompletionRequest, Document, ModelInfo, Trigger

CODE = "".join(f"def function_{n}(argument):\n    return argument + {n}\n\n\n" for n in range(400))
BASE64 = base64.b64encode(random.Random(1).randbytes(30_000)).decode()
CHINESE = "这是一个测试文件,用于测试。" * 500
MINIFIED = "var a=1,b=[2,3];function c(d){return d?a:b}" * 4_000

TEXTS = {
    "code": CODE, "base64": BASE64, "Chinese": CHINESE, "minified": MINIFIED,
    "blanks": " " * 20_000, "line ends": "\n" * 20_000, "emoji": "🎉😀" * 5_000,
}  # fmt: skip


def shares(around: int, suffix: int, most_suffix: int | None = None) -> Budget:
    return Budget(around, suffix, around if most_suffix is None else most_suffix, 0)


def cost(around: Window) -> int:
    return pieces_in(around.prefix) + pieces_in(around.suffix)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", 0), ("x", 1), ("word", 1), ("lengthy", 2), ("camelCase", 3), ("HTTP", 4), ("123", 3),
        ("    ", 1), (" " * 9, 2), ("\n\n", 2), ("\t\t", 2), ("==", 1), ("=== ", 3), ("()", 2),
        ("a_b", 3), ("é", 2), ("漢", 3), ("😀", 4), ("def f(x):\n", 8),
    ],
)  # fmt: skip
def test_pieces_are_what_vocabularies_have(text: str, pieces: int) -> None:
    """Parts of words, digits, capitals, runs of blanks and twin signs; elsewhere bytes."""
    assert pieces_in(text) == pieces


@given(st.text(max_size=60), st.integers(0, 40))
@settings(max_examples=300, deadline=None)
def test_ends_of_a_text_keep_to_their_pieces(text: str, pieces: int) -> None:
    """What is cut from either end has no more pieces than allowed, and all if all fit."""
    first, last = text[: end_of_first(text, pieces)], text[start_of_last(text, pieces) :]

    assert pieces_in(first) <= pieces
    assert pieces_in(text) > pieces or (first == text and last == text)
    assert len(last) <= len(text)


@pytest.mark.parametrize("string", ["x + y\n" * 10, "漢" * 10, "漢x" * 9, "x\n" * 18, ""])
def test_document_that_just_fits_is_not_cut(string: str) -> None:
    """The budget counts every piece, and the last one still belongs to it."""
    for cursor in range(len(string) + 1):
        pieces = pieces_in(string[:cursor]) + pieces_in(string[cursor:])

        around = window(Text(string), cursor, shares(pieces, pieces // 5))

        assert (around.prefix, around.suffix, around.start) == (
            string[:cursor],
            string[cursor:],
            0,
        )


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("budget", [shares(64, 12), shares(400, 80), shares(400, 80, 100)])
@pytest.mark.parametrize("place", [0.0, 0.01, 0.5, 0.99, 1.0])
def test_both_sides_are_shown_within_the_budget(name: str, budget: Budget, place: float) -> None:
    """No line is too long, and no text too dense, for a part of each side to be shown."""
    string = TEXTS[name]
    offset = int(len(string) * place)

    around = window(Text(string), offset, budget)

    assert string[around.start : offset] == around.prefix
    assert string[offset : around.end] == around.suffix
    assert bool(around.prefix) == (offset > 0)
    assert bool(around.suffix) == (offset < len(string))
    assert cost(around) <= budget.around + 2
    assert pieces_in(around.suffix) <= budget.most_suffix


@pytest.mark.parametrize("place", [0.0, 0.02, 0.5, 0.98, 1.0])
def test_most_of_the_budget_is_used(place: float) -> None:
    """What one side leaves goes to the other; the window's start costs at most a half."""
    around = window(Text(CODE), int(len(CODE) * place), shares(1_000, 200))

    assert cost(around) >= 500


def test_window_begins_and_ends_with_whole_lines() -> None:
    """Where a line end is near the edge, the model sees no half lines."""
    around = window(Text(CODE), 8_005, shares(300, 60))

    assert CODE[around.start - 1] == "\n"
    assert around.suffix.endswith("\n")


@pytest.mark.parametrize("name", ["code", "minified", "base64"])
def test_window_moves_in_large_steps_while_one_types(name: str) -> None:
    """In a thousand keystrokes the start moves a few times, and the suffix's end never."""
    text, offset = Text(TEXTS[name]), 9_000
    starts, ends = set(), set()
    for key in CODE[:1_000]:
        text = text.replace(offset, offset, key)
        offset += 1
        around = window(text, offset, shares(1_000, 200))
        starts.add(around.start)
        ends.add(len(text) - around.end)

    assert len(starts) <= 4
    assert len(ends) == 1


def test_suffix_grows_in_quarters_only_while_a_short_document_fills() -> None:
    """What the prefix leaves is the suffix's, but its end seldom moves."""
    text, ends = Text(CODE), set()
    for offset, key in enumerate(CODE[:1_500]):
        text = text.replace(offset, offset, key)
        ends.add(len(text) - window(text, offset + 1, shares(500, 100)).end)

    assert 2 <= len(ends) <= 5


LIMITED = Settings(completion=CompletionSettings(max_tokens=100))


@pytest.mark.parametrize(
    ("model", "room"),
    [
        (ModelInfo("m", None), None),
        (ModelInfo("m", 4_096), 4_096 - 100 - 16),
        (ModelInfo("m", 2_048, input_tokens=1_024), 1_024 - 16),
        (ModelInfo("m", 1_024, input_tokens=1_024), 1_024 - 100 - 16),
        (ModelInfo("m", None, input_tokens=512), 512 - 16),
        (ModelInfo("m", 64), 16),  # hopeless, but not nothing
    ],
)
def test_answer_has_its_own_room(model: ModelInfo, room: int | None) -> None:
    """Prompt and answer share the context; the prompt's own limit counts, too."""
    assert room_for(model, LIMITED) == room


def budget(
    model: ModelInfo,
    reading: Reading,
    prompt: PromptSettings | None = None,
    *,
    rereads: bool = False,
    context: float = 0.0,
    most: int | None = None,
) -> Budget:
    return budget_for(
        model,
        Settings(prompt=prompt or PromptSettings()),
        reading,
        suffix=True,
        rereads_suffix=rereads,
        context=context,
        most=most,
    )


FAST = ModelInfo("codellama", None)
SLOW = ModelInfo("qwen2.5-coder", 4_096)


@pytest.mark.parametrize(
    ("model", "speed", "wanted", "around"),
    [
        (FAST, None, None, 2_048),
        (FAST, 3_000.0, None, 2_048),
        (FAST, 100.0, None, 800),
        (SLOW, 57.0, None, 456),
        (SLOW, 80.0, None, 640),
        (SLOW, 1_000.0, None, 2_048),
        (SLOW, 57.0, 700, 700),  # the user decides
        (FAST, 1.0, None, 16),
        (ModelInfo("m", 1_000), None, None, 1_000 - 96 - 16),
    ],
)
def test_prompt_is_what_the_host_reads_in_time(
    model: ModelInfo, speed: float | None, wanted: int | None, around: int
) -> None:
    """A slow host is shown what it reads in eight seconds, a fast one all that is wanted."""
    found = budget(model, Reading(speed, 1.0), PromptSettings(max_tokens=wanted))

    assert found.around == around


def test_suffix_that_is_read_at_each_keystroke_takes_a_second() -> None:
    """Behind the prefix it is read again and again, so on a slow host it is short."""
    assert budget(SLOW, Reading(50.0, 1.0), rereads=True).most_suffix == 50
    assert budget(SLOW, Reading(50.0, 1.0), rereads=False).most_suffix == 400
    assert budget(FAST, Reading(None, 1.0), rereads=True).most_suffix == 2_048


def test_shares_are_those_of_the_settings() -> None:
    """Context has its share only where there is any."""
    wanted = PromptSettings(max_tokens=1_000, suffix_share=0.3)

    assert budget(FAST, Reading(scale=1.0), wanted) == Budget(1_000, 300, 1_000, 0)
    assert budget(FAST, Reading(scale=1.0), wanted, context=0.4) == Budget(600, 300, 600, 400)


def test_pieces_follow_from_what_the_host_counts() -> None:
    """Where a piece has half a token, twice as many pieces are shown."""
    wanted = PromptSettings(max_tokens=1_000)

    assert budget(FAST, Reading(scale=0.5), wanted).around == 2_000
    assert budget(FAST, Reading(scale=1.0), wanted, most=300).around == 300


def test_edits_far_above_do_not_move_the_window() -> None:
    """What is typed at the top of a long document changes nothing of what is shown below."""
    text, shown = Text(CODE), set()
    for count, key in enumerate("# a comment of some length, above everything else"):
        text = text.replace(count, count, key)
        around = window(text, 12_000 + count, shares(400, 80))
        shown.add((around.prefix, around.suffix))

    assert len(shown) == 1


def test_window_of_a_slow_host_stays_when_the_order_changes() -> None:
    """Code Llama is asked prefix first inside words only, and is shown the same elsewhere."""
    text, offset, ends = Text(CODE), 9_200, set()
    slow = Reading(50.0, 1.0, "exact")
    for key in "total = first_value + rest\n":
        text = text.replace(offset, offset, key)
        offset += 1
        document = Document("file:///a.py", "python", offset, text)
        request = CompletionRequest(document, offset, Trigger.AUTOMATIC)
        planned = plan(request, ModelInfo("codellama-7b", 4_096), Settings(), slow)
        ends.add((planned.window.start, len(text) - planned.window.end))

    assert len(ends) == 1
