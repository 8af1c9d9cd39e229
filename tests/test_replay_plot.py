"""The picture of a replay: its labels, and what it says to those who cannot see it."""

from __future__ import annotations

import sys
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest

# A benchmark is a script, and its modules find each other beside it.
sys.path.append(str(Path(__file__).parent / "benchmarks"))

from replay_labels import Box, Labels
from replay_plot import Point, drawn

ROOM = Box(0, 0, 800, 300)


@pytest.mark.parametrize(
    "marks",
    [
        pytest.param([(400.0, 150.0)] * 5, id="all at one place"),
        pytest.param([(0.0, 299.0), (8.0, 299.0), (60.0, 299.0)], id="at the lower left"),
        pytest.param([(799.0, 0.0), (799.0, 10.0)], id="at the upper right"),
    ],
)
def test_labels_cover_neither_marks_nor_each_other(marks: list[tuple[float, float]]) -> None:
    labels = Labels(ROOM)
    for mark in marks:
        labels.take(Box.around(mark, 6))

    boxes = [labels.place(mark, width=150, height=17) for mark in marks]

    assert all(ROOM.holds(box) for box in boxes)
    assert not any(one.meets(other) for one, other in combinations(boxes, 2))
    assert not any(box.meets(Box.around(mark, 6)) for box in boxes for mark in marks)


def test_a_label_stands_beside_its_mark_where_there_is_room() -> None:
    labels = Labels(ROOM)
    labels.take(Box.around((400, 150), 6))

    box = labels.place((400, 150), width=150, height=17)

    x, y = box.nearest((400, 150))
    assert abs(x - 400) < 14
    assert abs(y - 150) < 14


def test_the_picture_is_said_in_words_too() -> None:
    points = [Point("ours", "right", 8, 0.85, 0.9), Point("a < b", "noise", 30, 0, 0)]

    root = ElementTree.fromstring(drawn(points))

    title, description = (root.findtext(f"{{*}}{name}") for name in ("title", "desc"))
    assert title
    assert description == (
        "ours, right host: 8 requests in 100 keystrokes, 85% served by itself, "
        "90% with an editor that keeps it. "
        "a < b, noise host: 30 requests in 100 keystrokes, 0% served by itself, "
        "0% with an editor that keeps it."
    )
