"""The scripted host's Tabby: what is read of a request, and what is answered."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

# A benchmark is a script, and its modules find each other beside it.
sys.path.append(str(Path(__file__).parent / "benchmarks"))

from replay_tabby import answer, first_line, prefix_in
from replay_typing import Hole, typed_in


def test_the_prefix_is_read() -> None:
    segments = {"prefix": "def f():\n    re", "suffix": "\n", "clipboard": None}
    body = {"language": "python", "segments": segments, "user": None}

    assert prefix_in(json.dumps(body).encode()) == "def f():\n    re"


def test_what_is_typed_is_found_in_the_last_lines_of_a_document() -> None:
    """The agent sends 20 lines, which may be short."""
    hole = Hole("x\n" * 80, "    return 1", "\n")
    lines = (hole.before + "    ret").splitlines(keepends=True)

    assert typed_in("".join(lines[-20:]), hole) == "    ret"


@pytest.mark.parametrize(
    ("tokens", "generated", "text"),
    [
        pytest.param(["turn", " 1\n\n", "prin"], 2, "turn 1", id="a line and more"),
        pytest.param(["turn", " 1"], 2, "turn 1", id="no line's end"),
        pytest.param(["\n\npr", "int("], 1, "", id="at the line's end"),
        pytest.param([], 0, "", id="nothing"),
    ],
)
def test_an_answer_ends_with_the_first_line(tokens: list[str], generated: int, text: str) -> None:
    written = list(first_line(tokens))

    assert len(written) == generated
    assert answer(7, "".join(written)) == {"id": "cmpl-7", "choices": [{"index": 0, "text": text}]}
