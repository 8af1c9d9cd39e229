"""Trimming: nothing doubled, nothing of the model's own tokens, and what is right left as it is."""

from __future__ import annotations

import ast
import gzip
import json
import random
import re
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fakes.llamacpp import SHARED, existing
from infill_ls.completion.answers.trim import trim
from infill_ls.completion.cursor.place import place_of
from infill_ls.prompt.build import render
from infill_ls.prompt.dialects import CODE_LLAMA, DIALECTS, PLAIN, QWEN_CODER, Dialect
from infill_ls.settings.tree import Settings
from infill_ls.types import CompletionRequest, Prompt

RequestAt = Callable[..., CompletionRequest]
Wanted = Literal["auto", "single", "multi"]

HUMAN_EVAL = SHARED / "data" / "HumanEval-SingleLineInfilling.jsonl.gz"

pieces = st.sampled_from([
    *"()[]{}\"'`;:, \t\n\r=x<>\\", "ab", "\r\n", "  ", "return x", "<EOT>", "漢", "end",
    "<b>", "</b>", "\n```\n", "```c\n", "Do it:\n", "ab\n" * 3, "\nab\ncd\nab\ncd", "x, " * 6,
])  # fmt: skip
texts = st.lists(pieces, max_size=10).map("".join)
marked_texts = st.tuples(texts, texts).map("‸".join)


def prompt_in(dialect: Dialect) -> Prompt:
    return render(dialect, "", "", settings=Settings())


def trimmed(answer: str, request: CompletionRequest, dialect: Dialect = CODE_LLAMA) -> str:
    return trim(answer, prompt_in(dialect), place_of(request, "auto"))


@pytest.mark.parametrize(
    ("marked", "answer", "expected"),
    [
        # What stands right of the cursor.
        ("f(‸)", "x)", "x"),
        ("f(‸);", "x);", "x"),
        ("f(‸);", "x)", "x"),
        ("f(g(‸))", "x))", "x"),
        ("f(g(‸))", "x)", "x"),
        ("f(g(‸))", "h(x)))", "h(x)"),
        ("f(‸):", "x):", "x"),
        ('a = "‸"', 'b"', "b"),
        ("a = '‸'", "b'", "b"),
        ("a = `‸`", "b`", "b"),
        ("d['‸']", "key']", "key"),
        ("d['‸']", "key'", "key"),
        ('print("‸")', 'hi")', "hi"),
        ("a = [‸]", "1, 2]", "1, 2"),
        ("a = {‸},", "1: 2},", "1: 2"),
        ("f(‸, b)", "a, b)", "a"),
        ("f(‸, b)", "a,", "a"),
        ("f(‸, b)", "a, b", "a"),
        ("for x in ‸numbers):", "enumerate(numbers):", "enumerate("),
        ("y = ‸x", "2 * x", "2 * "),
        ("y = ‸ + x", "2 + x", "2"),
        ("y = ‸ + x", "2 ", "2"),
        ("f(‸)  # call", "x)  # call", "x"),
        ("pri‸nt(x)", "nt(x)", ""),
        ("a = ‸()", "f()", "f"),
        ("f(‸) \t", "x)  ", "x"),
        ("f(‸)", "x,\n  y)", "x,\n  y"),
        ("f(‸)\n", "x)\ng(y)", "x)\ng(y"),  # the bracket right of the cursor closes g
        ("f(\n  a, ‸)", "b)", "b"),
        ("‸  return x", "x = 1\n  return x", "x = 1\n"),
        # Lines below the cursor.
        ("‸\nreturn x", "x = 1\nreturn x", "x = 1"),
        ("‸\nreturn x", "x = 1\nreturn x\n", "x = 1"),
        ("‸\n\nreturn x\nend", "x = 1\n\nreturn x\n\nend", "x = 1"),
        ("‸\nreturn x\nend", "x = 1\nreturn x", "x = 1"),
        ("‸\nreturn x\nreturn x", "y\nreturn x\nreturn x\nreturn x", "y"),
        ("  ‸\n  return x", "return x", ""),
        ("  ‸\n  return x\n  end", "return x\n  end", ""),
        ("  x‸\n  x = 1", " = 1", ""),
        ("int f() {\n  ‸\n}", "return 1;\n}", "return 1;"),
        ("int f() {\n  ‸\n}\n}", "return 1;\n}\n}", "return 1;"),
        ("f(‸)\ngo(y)", "x)\ngo(y)", "x"),
        # Both at once.
        ('d = {"a": "‸"}\nreturn d', 'b"}\nreturn d', "b"),
    ],
)
def test_nothing_is_doubled(request_at: RequestAt, marked: str, answer: str, expected: str) -> None:
    """What the document holds after the cursor is cut from the answer's end."""
    assert trimmed(answer, request_at(marked)) == expected


@pytest.mark.parametrize(
    ("marked", "answer"),
    [
        # Brackets and quotes that the answer opens, or that the line still needs.
        ("f(‸)", "g(x)"),
        ("a = ‸)", "(b)"),
        ("x[y[‸]", "i]"),
        ("sorted(list(set(a‸)", "))"),
        ("a = f(‸)", "[g(x) for x in (1, 2)]"),
        ("‸\n}", "if (a) {\n}"),
        ("‸\n}\n}", "a();\nif (b) {\n}"),
        ('f(‸")', '"a" + "'),
        # Words that only begin or end alike.
        ("return ‸x + y", "max"),
        ("for n ‸numbers:", "in "),
        ("max(best, ‸best_of(x))", "best"),
        ("a = ‸0)", "f(10"),
        # Lines that only look alike.
        ("‸\nreturn x", "return xy"),
        ("‸\nreturn x", "if y:\n  return x"),
        ("‸if x == 1:\n  return 0", "if x == 0:\n  return 0\n"),
        ("‸  return x", "if y:\n    return x"),
        ("‸\nb", "a\fb"),
        ("‸\nb", "a\u2028b"),
        # Blanks that the code right of the cursor needs.
        ("if ‸x:", "not "),
        ("a = ‸+ b", "c "),
        ("‸  return x", "a = 1\n"),
        # And without anything around.
        ("‸", "a\n\nb"),
        ("‸", "\n  a"),
        ("a = ‸\n", "b + c"),
    ],
)
def test_answer_that_fits_is_left_alone(request_at: RequestAt, marked: str, answer: str) -> None:
    """An end that is the answer's own stays, even if it looks like what follows."""
    assert trimmed(answer, request_at(marked)) == answer


@pytest.mark.parametrize(
    ("line_end", "expected"),
    [("\n", "a\nb\nc\n\nd"), ("\r\n", "a\r\nb\r\nc\r\n\r\nd"), ("\r", "a\rb\rc\r\rd")],
)
def test_lines_end_as_in_the_document(request_at: RequestAt, line_end: str, expected: str) -> None:
    """Whatever the model writes, the document keeps one kind of line end."""
    request = request_at(f"x{line_end}‸{line_end}")

    assert trimmed("a\nb\r\nc\r\rd\n", request) == expected


def test_lines_below_are_found_whatever_their_ends(request_at: RequestAt) -> None:
    """A model that writes line feeds repeats a line of a CRLF document all the same."""
    request = request_at("x\r\n‸\r\nreturn x\r\nend\r\n")

    assert trimmed("y\nz\nreturn x\nend\n", request) == "y\r\nz"


@pytest.mark.parametrize(
    ("dialect", "spelling"),
    [(CODE_LLAMA, each) for each in ("<PRE>", "<SUF>", "<MID>", "<EOT>", " <EOT>")]
    + [
        (QWEN_CODER, each)
        for each in ("<|fim_prefix|>", "<|fim_middle|>", "<|endoftext|>", "<|file_sep|>")
    ],
)
def test_answer_ends_where_it_spells_a_control_token(
    request_at: RequestAt, dialect: Dialect, spelling: str
) -> None:
    """A host that sends its own tokens as text does not get them into the buffer."""
    assert trimmed(f"a + b{spelling}c", request_at("x = ‸"), dialect) == "a + b"
    assert trimmed(f"{spelling}a", request_at("x = ‸"), dialect) == ""


def test_tokens_of_other_models_are_text(request_at: RequestAt) -> None:
    """What means nothing to this model may be code."""
    assert trimmed("a <EOT> b", request_at("‸"), QWEN_CODER) == "a <EOT> b"
    assert trimmed("a <EOT> b", request_at("‸"), PLAIN) == "a <EOT> b"


@pytest.mark.parametrize("answer", ["", " ", "\n", "\r\n\t ", "<EOT>", "\n<EOT>a"])
@pytest.mark.parametrize("marked", ["‸", "a = ‸\n", "f(‸)", "x‸ + y"])
def test_blank_answer_is_empty(request_at: RequestAt, marked: str, answer: str) -> None:
    """White space alone is nothing to insert."""
    assert trimmed(answer, request_at(marked)) == ""


@pytest.mark.parametrize("answer", ["a ", "a\n", "a\r\n  \n", "a\t"])
@pytest.mark.parametrize("marked", ["‸", "f(‸)"])
def test_white_space_at_the_end_is_cut(request_at: RequestAt, marked: str, answer: str) -> None:
    """Nobody wants blanks at a line's end, or a bracket on a line of its own."""
    assert trimmed(answer, request_at(marked)) == "a"


@given(texts, marked_texts, st.sampled_from(DIALECTS), st.sampled_from(["auto", "single", "multi"]))
@example("a))", "f(‸)", CODE_LLAMA, "auto")
@example("y\nreturn x\nreturn x", "‸\nreturn x\nz", CODE_LLAMA, "multi")
@example("```\n```c\nx\n```\n```", "‸", CODE_LLAMA, "auto")
@example("\n  x\n}", "{‸}", CODE_LLAMA, "auto")
@settings(max_examples=500, deadline=None)
def test_trimming_twice_changes_nothing(
    request_at: RequestAt, answer: str, marked: str, dialect: Dialect, lines: Wanted
) -> None:
    """The result of trimming is as good as it gets."""
    prompt = render(dialect, *marked.split("‸"), settings=Settings())
    place = place_of(request_at(marked), lines)

    once = trim(answer, prompt, place)

    assert trim(once, prompt, place) == once


@given(texts, marked_texts, st.sampled_from(DIALECTS), st.sampled_from(["auto", "single", "multi"]))
@settings(max_examples=500, deadline=None)
def test_nothing_is_added(
    request_at: RequestAt, answer: str, marked: str, dialect: Dialect, lines: Wanted
) -> None:
    """What is inserted is a beginning of the answer, or a part of it if it has a fence."""
    prompt = render(dialect, *marked.split("‸"), settings=Settings())
    place = place_of(request_at(marked), lines)

    text = trim(answer, prompt, place)

    shown = answer.split("<EOT>")[0] if "<EOT>" in str(prompt.end) else answer
    written = with_line_ends(shown, place.line_end)
    assert text in written if "```" in answer else written.startswith(text)


def with_line_ends(text: str, line_end: str) -> str:
    return re.sub(r"\r\n|\r|\n", line_end, text)


@pytest.fixture(scope="module")
def single_lines() -> list[tuple[str, str, str]]:
    """Return what comes before, in and after each line that HumanEval wants filled in."""
    with gzip.open(existing(HUMAN_EVAL), "rt", encoding="utf-8") as file:
        tasks = [json.loads(line) for line in file]
    return [(task["prompt"], task["canonical_solution"], task["suffix"]) for task in tasks]


def as_given(before: str, line: str, after: str) -> tuple[str, str, str]:
    """The cursor stands at the beginning of the next line."""
    return before, line, after


def on_a_line_of_its_own(before: str, line: str, after: str) -> tuple[str, str, str]:
    """The line is there, and empty."""
    return before, line.rstrip("\n"), "\n" + after


def after_the_indentation(before: str, line: str, after: str) -> tuple[str, str, str]:
    """The line is there, and the cursor stands where its text begins."""
    indentation = line[: len(line) - len(line.lstrip())]
    return before + indentation, line.strip(), "\n" + after


def inside_the_line(before: str, line: str, after: str) -> tuple[str, str, str]:
    """The line's second third, cut at words, is missing."""
    words = line.rstrip("\n").split(" ")
    first, second = len(words) // 3, 2 * len(words) // 3
    head, middle = " ".join([*words[:first], ""]), " ".join([*words[first:second], ""])
    return before + head, middle, " ".join(words[second:]) + "\n" + after


@pytest.mark.parametrize(
    "placed", [as_given, on_a_line_of_its_own, after_the_indentation, inside_the_line]
)
def test_right_answers_pass_unchanged(
    request_at: RequestAt,
    single_lines: list[tuple[str, str, str]],
    placed: Callable[[str, str, str], tuple[str, str, str]],
    record_property: Callable[[str, object], None],
) -> None:
    """Of 1,033 lines of real programs, trimming spoils fewer than one in two hundred."""
    spoilt = 0
    for task in single_lines:
        before, middle, after = placed(*task)
        spoilt += trimmed(middle, request_at(f"{before}‸{after}")).rstrip() != middle.rstrip()

    record_property("spoilt", spoilt)
    assert spoilt / len(single_lines) <= 0.005


def test_right_answers_with_the_next_line_are_mended(
    request_at: RequestAt, single_lines: list[tuple[str, str, str]]
) -> None:
    """A model that writes the right line, and then the one below, gives the right line."""
    mended = 0
    for task in single_lines:
        before, line, after = on_a_line_of_its_own(*task)
        below = next((each for each in after.split("\n") if each.strip()), "")
        mended += trimmed(f"{line}\n{below}", request_at(f"{before}‸{after}")) == line.rstrip()

    assert mended / len(single_lines) >= 0.995


def suites() -> Iterator[tuple[str, str, str]]:
    """Yield what comes before, in and after the suites of 300 functions of Python's library."""
    chance = random.Random(1)
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    found = []
    for file in chance.sample(files, 60):
        source = file.read_text(encoding="utf-8")
        lines = source.splitlines(keepends=True)
        found += [
            (lines, node.body[0], node.body[-1].end_lineno)
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.FunctionDef) and node.body[0].lineno > node.lineno
        ]
    for lines, first, end in chance.sample(found, 300):
        start = first.lineno - 1
        indentation = lines[start][: first.col_offset]
        before = "".join(lines[max(0, start - 60) : start]) + indentation
        suite = "".join(lines[start:end]).removeprefix(indentation).rstrip()
        yield before, suite, "\n" + "".join(lines[end : (end or 0) + 60])


def test_suites_of_functions_pass_unchanged(
    request_at: RequestAt, record_property: Callable[[str, object], None]
) -> None:
    """Of 300 whole suites from Python's library, trimming spoils at most one."""
    spoilt = []
    for before, suite, after in suites():
        prompt = render(CODE_LLAMA, before, after, settings=Settings())
        text = trim(suite, prompt, place_of(request_at(f"{before}‸{after}"), "auto"))
        if text != suite:
            spoilt.append((suite, text))

    record_property("spoilt", len(spoilt))
    assert len(spoilt) <= 1, spoilt
