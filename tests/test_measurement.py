"""What becomes of suggestions is read from the changes of documents, whose text is not kept."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import astuple, dataclass, field, replace
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes.backend import HandClock
from infill_ls.measurement import file
from infill_ls.measurement.file import FileBroken, FileFailed
from infill_ls.measurement.measurement import Measurement
from infill_ls.measurement.row import Row
from infill_ls.text import Text
from infill_ls.types import Completion, Document, Report

REPORT = Report("scripted", "m", 80.0, 200.0, 900, 7)
NOW = 1_800_000_000.0
URI = "file:///project/secret-name.py"


@dataclass
class HandTimer:
    """Something that happens when the test lets so much time go by."""

    at: float
    callback: Callable[[], None]
    is_cancelled: bool = False

    def cancel(self) -> None:
        self.is_cancelled = True


@dataclass
class Hand:
    """Measures, and is moved in time by the test."""

    path: Path
    clock: HandClock = field(default_factory=HandClock)
    timers: list[HandTimer] = field(default_factory=list)

    def __post_init__(self) -> None:
        numbers = count()
        self.measurement = Measurement(
            self.path,
            later=self.later,
            now=lambda: NOW + self.clock(),
            new_id=lambda: f"{self.path}-{next(numbers)}"[-20:],
        )

    def later(self, seconds: float, callback: Callable[[], None]) -> HandTimer:
        self.timers.append(HandTimer(self.clock() + seconds, callback))
        return self.timers[-1]

    def wait(self, seconds: float) -> None:
        """Let time go by, and all happen that is due."""
        end = self.clock() + seconds
        while due := [t for t in self.timers if t.at <= end and not t.is_cancelled]:
            timer = min(due, key=lambda t: t.at)
            self.clock.now = timer.at
            self.timers.remove(timer)
            timer.callback()
        self.clock.now = end

    async def rows(self) -> list[Row]:
        """Close all, and return what was written."""
        await self.measurement.aclose()
        return file.read(self.path)


class Editor:
    """One document in which the test writes; ‸ marks the cursor, ⟧ the end of what is replaced."""

    def __init__(
        self, hand: Hand, marked: str, *, uri: str = URI, language: str = "python"
    ) -> None:
        self.hand = hand
        self.cursor = marked.index("‸")
        unmarked = marked.replace("‸", "")
        self.end = unmarked.index("⟧") if "⟧" in unmarked else self.cursor
        self.document = Document(uri, language, 1, Text(unmarked.replace("⟧", "")))
        hand.measurement.changed(self.document)

    def answer(
        self, text: str, report: Report = REPORT, *, document: Document | None = None
    ) -> None:
        """Be given a completion at the cursor."""
        completion = Completion(text, self.cursor, self.end, None, report)
        self.hand.measurement.answered(self.document, completion)

    def replace(self, start: int, end: int, new: str) -> None:
        """Change the document once, and have the cursor behind the change."""
        text = self.document.text.replace(start, end, new)
        self.document = replace(self.document, version=self.document.version + 1, text=text)
        self.cursor = self.end = start + len(new)
        self.hand.measurement.changed(self.document)

    def put(self, new: str) -> None:
        """Put a text in at the cursor at once, in place of what a suggestion replaces."""
        self.replace(self.cursor, self.end, new)

    def type(self, new: str) -> None:
        """Type, a key at a time."""
        for character in new:
            self.replace(self.cursor, self.cursor, character)

    def backspace(self, characters: int = 1) -> None:
        for _ in range(characters):
            self.replace(self.cursor - 1, self.cursor, "")

    def insert(self, before: str, new: str) -> None:
        """Put a text before another, and leave the cursor where it is."""
        at = str(self.document.text).index(before)
        self.replace(at, at, new)

    def substitute(self, old: str, new: str) -> None:
        """Put a text in place of another."""
        at = str(self.document.text).index(old)
        self.replace(at, at + len(old), new)


@pytest.fixture
async def hand(tmp_path: Path) -> AsyncIterator[Hand]:
    """Measure into a file, with time in the test's hand."""
    made = Hand(tmp_path / "state" / "stats.sqlite3")
    yield made
    await made.measurement.aclose()


# What histories count as


@dataclass(frozen=True)
class Counted:
    """What is claimed of one suggestion."""

    shown: bool = True
    accepted: str = ""
    accepted_characters: int = 0
    typed_characters: int = 0
    kept_30s: float | None = None
    kept_5min: float | None = None


def counted(row: Row) -> Counted:
    return Counted(
        row.shown,
        row.accepted,
        row.accepted_characters,
        row.typed_characters,
        None if row.kept_30s is None else round(row.kept_30s, 2),
        None if row.kept_5min is None else round(row.kept_5min, 2),
    )


def whole(characters: int, typed: int = 0, **kept: float | None) -> Counted:
    return Counted(True, "whole", characters, typed, **kept)


def part(characters: int, typed: int = 0, **kept: float | None) -> Counted:
    return Counted(True, "part", characters, typed, **kept)


def typed(characters: int) -> Counted:
    return Counted(typed_characters=characters)


UNSEEN = Counted(shown=False)
SEEN = Counted()

History = Callable[[Editor], object]
Wait = float


def answer(text: str, report: Report = REPORT) -> History:
    return lambda editor: editor.answer(text, report)


def put(text: str) -> History:
    return lambda editor: editor.put(text)


def keys(text: str) -> History:
    return lambda editor: editor.type(text)


def back(characters: int = 1) -> History:
    return lambda editor: editor.backspace(characters)


def at_once(text: str) -> History:
    """Insert at the cursor and replace nothing, as several keys or a pair of brackets do."""
    return lambda editor: editor.replace(editor.cursor, editor.cursor, text)


def inserted(before: str, new: str) -> History:
    return lambda editor: editor.insert(before, new)


def substituted(old: str, new: str) -> History:
    return lambda editor: editor.substitute(old, new)


def close(editor: Editor) -> None:
    editor.hand.measurement.closed(editor.document.uri)


CACHED = replace(REPORT, source="cache", total_ms=1.0)
BODY = "if a:\n        return 1\n    return 2"

HISTORIES: dict[str, tuple[str, list[History | Wait], list[Counted]]] = {
    # Shown
    "it stood for 750 ms": ("x = ‸\n", [answer("a + b"), 0.75], [SEEN]),
    "it stood for 740 ms": ("x = ‸\n", [answer("a + b"), 0.74, keys("z"), 9], [UNSEEN]),
    "the document was closed at once": ("x = ‸\n", [answer("a + b"), close, 9], [UNSEEN]),
    "replaced after 700 ms": (
        "x = ‸\n",
        [answer("a + b"), 0.7, answer("c"), 0.7, keys("z")],
        [UNSEEN, UNSEEN],
    ),
    "replaced after 800 ms": ("x = ‸\n", [answer("a + b"), 0.8, answer("c")], [SEEN, UNSEEN]),
    "rejected by another key": ("x = ‸\n", [answer("a + b"), 2, keys("z")], [SEEN]),
    "rejected by a new line": ("x = ‸\n", [answer("a + b"), 2, keys("\n")], [SEEN]),
    "rejected by a deletion": ("x = ‸\n", [answer("a + b"), 2, back()], [SEEN]),
    "what deletes its line rejects it": (
        "x = ‸\ny\n",
        [answer("a"), 0.5, substituted("x = \n", ""), 9],
        [UNSEEN],
    ),
    "text behind it in its line rejects it": (
        "f(‸) # z\n",
        [answer("a"), 0.5, inserted("z", "y"), 9],
        [UNSEEN],
    ),
    # Streaming
    "it grows while it is written": (
        "x = ‸\n",
        [answer("a"), 0.3, answer("a + "), 0.3, answer("a + b"), 0.3],
        [SEEN],
    ),
    "its last state is trimmed": ("x = ‸\n", [answer("a + b)"), 0.5, answer("a + b"), 0.5], [SEEN]),
    "it grows, and is accepted": (
        "x = ‸\n",
        [answer("a"), answer("a + b"), put("a + b")],
        [whole(5)],
    ),
    "accepted before it had grown": (
        "x = ‸\n",
        [answer("a + b"), put("a + b"), answer(" + c"), 1],
        [whole(5), SEEN],
    ),
    "it goes another way while it grows": (
        "x = ‸\n",
        [answer("a + b"), 0.5, answer("a - b"), 0.5],
        [UNSEEN, UNSEEN],
    ),
    # Typing along
    "typed along to the end": (
        "x = ‸\n",
        [answer("abc"), 1, keys("abc")],
        [typed(3)],
    ),
    "typed along keeps it standing": (
        "x = ‸\n",
        [answer("abc"), 0.5, keys("a"), 0.5],
        [typed(1)],
    ),
    "typed along too fast to read": (
        "x = ‸\n",
        [answer("abc"), 0.2, keys("abc"), 9],
        [Counted(shown=False, typed_characters=3)],
    ),
    "typed along, answered from the cache at each key": (
        "x = ‸\n",
        [answer("abc"), keys("a"), answer("bc", CACHED), keys("b"), answer("c", CACHED), 1],
        [typed(2)],
    ),
    "typed along, then against": (
        "x = ‸\n",
        [answer("abc"), 1, keys("abz")],
        [typed(2)],
    ),
    "typed along, taken back and typed again": (
        "x = ‸\n",
        [answer("abc"), 1, keys("ab"), back(2), keys("a")],
        [typed(1)],
    ),
    "typed along and taken back too far": (
        "x = ‸\n",
        [answer("abc"), 0.2, keys("a"), back(2), 9],
        [UNSEEN],
    ),
    "typed along with a pair of brackets": (
        "f‸\n",
        [answer("() + 1"), at_once("()"), 1],
        [typed(2)],
    ),
    "typed along, with a closing bracket from the editor": (
        "f‸\n",
        [answer("(a, b)"), at_once("()"), 1],
        [typed(1)],
    ),
    "typed along, then accepted in place of the editor's bracket": (
        "f‸\n",
        [answer("(a, b)"), at_once("()"), substituted(")", "a, b)")],
        [whole(5, 1)],
    ),
    "a closing bracket that is not suggested is no part of it": (
        "f‸\n",
        [answer("(a"), 0.5, at_once("(]"), 0.5],
        [UNSEEN],
    ),
    "enter brings the indentation along": (
        "def f():‸\n",
        [answer("\n    return 1"), at_once("\n    "), 1],
        [typed(5)],
    ),
    "enter brings the indentation along in CRLF": (
        "def f():‸\r\n",
        [answer("\n    return 1"), at_once("\r\n    "), 1],
        [typed(5)],
    ),
    # Accepted
    "accepted whole": ("x = ‸\n", [answer("a + b"), 1, put("a + b")], [whole(5)]),
    "accepted at once counts as shown": ("x = ‸\n", [answer("a + b"), put("a + b")], [whole(5)]),
    "accepted over several lines": ("def f(a):\n    ‸\n", [answer(BODY), put(BODY)], [whole(35)]),
    "accepted in a document with CRLF": (
        "def f(a):\r\n    ‸\r\n",
        [answer(BODY), put(BODY.replace("\n", "\r\n"))],
        [whole(35)],
    ),
    "answered with CRLF, accepted with LF": (
        "def f(a):\n    ‸\n",
        [answer(BODY.replace("\n", "\r\n")), put(BODY)],
        [whole(35)],
    ),
    "accepted with emoji and combining characters": (
        "s = ‸\n",
        [answer("'👍🏽 é 漢'"), put("'👍🏽 é 漢'")],
        [whole(8)],
    ),
    "accepted in place of a closer": ("f(‸)⟧\n", [answer("a, b)"), put("a, b)")], [whole(5)]),
    "accepted in place of several closers": (
        "f([‸])⟧\n",
        [answer("1, 2], c)"), put("1, 2], c)")],
        [whole(9)],
    ),
    "accepted in place of a closer with CRLF": (
        "f(‸)⟧\r\n",
        [answer("\n\ta\n)"), put("\r\n\ta\r\n)")],
        [whole(5)],
    ),
    "accepted, although the closer was left": (
        "f(‸)⟧\n",
        [answer("a, b)"), at_once("a, b)")],
        [whole(5)],
    ),
    "accepted before the same text": ("x = ‸a + b\n", [answer("a + "), put("a + ")], [whole(4)]),
    "accepted at the end of the file": ("x = ‸", [answer("a + b"), put("a + b")], [whole(5)]),
    "accepted in an empty file": ("‸", [answer("a + b"), put("a + b")], [whole(5)]),
    "the rest accepted after some keys": (
        "x = ‸\n",
        [answer("first"), keys("fi"), put("rst")],
        [whole(3, 2)],
    ),
    "a single character that is left is typed": (
        "x = ‸\n",
        [answer("ab"), keys("a"), 1, put("b")],
        [typed(2)],
    ),
    "a suggestion of one character is typed": (
        "x = ‸\n",
        [answer("a"), 1, put("a")],
        [typed(1)],
    ),
    "another text put in is no acceptance": ("x = ‸\n", [answer("a + b"), put("a - b")], [UNSEEN]),
    "more than it put in is no acceptance": (
        "x = ‸\n",
        [answer("a + b"), put("a + b + c")],
        [UNSEEN],
    ),
    # Accepted in part
    "a word accepted": ("x = ‸\n", [answer("first + b"), put("first")], [part(5)]),
    "two words accepted": ("x = ‸\n", [answer("first + b"), put("first"), put(" +")], [part(7)]),
    "a line accepted": (
        "def f(a):\n    ‸\n",
        [answer(BODY), put("if a:\n"), 1],
        [part(6)],
    ),
    "a word accepted, then the rest": (
        "x = ‸\n",
        [answer("first + b"), put("first"), put(" + b")],
        [whole(9)],
    ),
    "a word accepted, then typed along": (
        "x = ‸\n",
        [answer("first + b"), put("first"), keys(" +")],
        [part(5, 2)],
    ),
    "a word accepted, the rest answered from the cache and accepted": (
        "x = ‸\n",
        [answer("first + b"), put("first"), answer(" + b", CACHED), put(" + b")],
        [whole(9)],
    ),
    "a word accepted, then rejected": (
        "x = ‸\n",
        [answer("first + b"), put("first"), keys("z")],
        [part(5)],
    ),
    "a word accepted before a closer": ("f(‸)⟧\n", [answer("ab, c)"), at_once("ab")], [part(2)]),
    "two keys in one message look like a part": (
        "x = ‸\n",
        [answer("abc"), at_once("ab")],
        [part(2)],
    ),
    "a word accepted and undone": (
        "x = ‸\n",
        [answer("abc + d"), keys("a"), put("bc"), back(2), keys("bc "), 1],
        [part(2, 1)],
    ),
    # Elsewhere
    "an import added above": (
        "import a\n\nx = ‸\n",
        [answer("a + b"), 0.5, lambda e: elsewhere(e, "import a", "import z\n"), 0.5],
        [SEEN],
    ),
    "an import added above, then accepted": (
        "import a\n\nx = ‸\n",
        [answer("a + b"), lambda e: elsewhere(e, "import a", "import z\n"), put("a + b")],
        [whole(5)],
    ),
    "a line opened below rejects it": (
        "x = ‸\ny\n",
        [answer("a + b"), 0.5, inserted("y", "z\n"), 0.5],
        [UNSEEN],
    ),
    "a line added below": (
        "x = ‸\n\ny\n",
        [answer("a + b"), lambda e: elsewhere(e, "y", "z\n"), put("a + b")],
        [whole(5)],
    ),
    # Kept
    "kept": (
        "x = ‸\n",
        [answer("a + b"), put("a + b"), 300],
        [whole(5, kept_30s=1, kept_5min=1)],
    ),
    "kept although all above and below was edited": (
        "import a\nx = ‸\nlast\n",
        [answer("a + b"), put("a + b"), inserted("import", "# z\n"), inserted("last", "z\n"), 300],
        [whole(5, kept_30s=1, kept_5min=1)],
    ),
    "kept although its author wrote on": (
        "x = ‸\n",
        [answer("a + b"), put("a + b"), keys(" + c\n"), keys("more\n" * 300), 300],
        [whole(5, kept_30s=1, kept_5min=1)],
    ),
    "kept although it was laid out anew": (
        "def f(a):\n    ‸\n",
        [
            answer("g(a,b)"),
            put("g(a,b)"),
            substituted("    g(a,b)", "\tg(\n\t\ta, b\n\t)"),
            30,
        ],
        [whole(6, kept_30s=1)],
    ),
    "undone": (
        "x = ‸\n",
        [answer("a + b"), put("a + b"), substituted("a + b", ""), 300],
        [whole(5, kept_30s=0, kept_5min=0)],
    ),
    "undone and done again": (
        "x = ‸\n",
        [answer("a + b"), put("a + b"), substituted("a + b", ""), 30, put("a + b"), 270],
        [whole(5, kept_30s=0, kept_5min=1)],
    ),
    "its first word deleted and brought back": (
        "x = ‸\n",
        [answer("one two"), put("one two"), substituted("one", ""), inserted(" two", "one"), 30],
        [whole(7, kept_30s=1)],
    ),
    "edited after a minute": (
        "x = ‸\n",
        [answer("aaaa + bbbb"), put("aaaa + bbbb"), 60, substituted("bbbb", "c"), 240],
        [whole(11, kept_30s=1, kept_5min=0.56)],
    ),
    "deleted after a minute": (
        "x = ‸\n",
        [answer("a + b"), put("a + b"), 60, substituted("x = a + b\n", ""), 240],
        [whole(5, kept_30s=1, kept_5min=0)],
    ),
    "deleted, while the same stands elsewhere": (
        "x = ‸\n" + "#\n" * 50 + "a + b\n",
        [answer("a + b"), put("a + b"), substituted("a + b", "z"), 30],
        [whole(5, kept_30s=0)],
    ),
    "all of the file written anew": (
        "x = ‸\ny\n",
        [answer("a + b"), put("a + b"), substituted("x = a + b\ny", "q\nx = a + b\nw"), 30],
        [whole(5, kept_30s=1)],
    ),
    "closed before 30 seconds": (
        "x = ‸\n",
        [answer("a + b"), put("a + b"), 20, close, 300],
        [whole(5)],
    ),
    "closed before 5 minutes": (
        "x = ‸\n",
        [answer("a + b"), put("a + b"), 40, close, 300],
        [whole(5, kept_30s=1)],
    ),
    "a part kept": (
        "x = ‸\n",
        [answer("first + b"), put("first"), keys("z"), 300],
        [part(5, kept_30s=0, kept_5min=0)],
    ),
    "what was kept of a first piece is not known of all": (
        "x = ‸\n",
        [answer("one two"), put("one"), 300, put(" two"), close],
        [whole(7)],
    ),
    "kept after the last acceptance, not the first": (
        "x = ‸\n",
        [answer("one two"), put("one"), 29, put(" two"), 29],
        [whole(7)],
    ),
}


def elsewhere(editor: Editor, before: str, new: str) -> None:
    """Put lines in above or below, as a tool does, and leave the cursor at its place."""
    cursor = editor.cursor
    at = str(editor.document.text).index(before)
    editor.insert(before, new)
    editor.cursor = editor.end = cursor + (len(new) if at < cursor else 0)


@pytest.mark.parametrize("name", HISTORIES)
async def test_a_history_counts_as(hand: Hand, name: str) -> None:
    """What is done in a document tells what became of each suggestion, in order."""
    marked, history, expected = HISTORIES[name]
    editor = Editor(hand, marked)

    for step in history:
        if callable(step):
            step(editor)
        else:
            hand.wait(step)

    assert [counted(row) for row in await hand.rows()] == expected


async def test_documents_are_followed_apart(hand: Hand) -> None:
    """What is done in one contradicts nothing in another."""
    one = Editor(hand, "x = ‸\n")
    other = Editor(hand, "y = ‸\n", uri="file:///other.rs", language="rust")
    one.answer("first")
    other.answer("second")

    other.type("z")
    one.put("first")
    hand.wait(300)

    rows = {row.language: counted(row) for row in await hand.rows()}
    assert rows == {"python": whole(5, kept_30s=1, kept_5min=1), "rust": UNSEEN}


async def test_an_answer_for_an_older_text_is_moved_into_the_newer(hand: Hand) -> None:
    """Who typed along meanwhile can accept the rest; who typed against was never shown it."""
    for typed, rest in (("fi", "rst"), ("z", "")):
        editor = Editor(hand, "x = ‸\n", uri=f"file:///{typed}")
        older, place = editor.document, (editor.cursor, editor.end)
        editor.type(typed)
        completion = Completion("first", *place, None, REPORT)
        hand.measurement.answered(older, completion)
        editor.put(rest)

    rows = await hand.rows()
    assert [(row.shown, row.accepted) for row in rows] == [(True, "whole"), (False, "")]


async def test_a_document_that_was_never_seen_is_taken_as_it_comes(hand: Hand) -> None:
    """Measuring may begin while documents are open."""
    document = Document(URI, "python", 5, Text("x = \n"))

    hand.measurement.closed("file:///unknown")
    hand.measurement.answered(document, Completion("a + b", 4, 4, None, REPORT))
    hand.measurement.changed(replace(document, version=6, text=Text("x = a + b\n")))

    assert [counted(row) for row in await hand.rows()] == [whole(5)]


async def test_a_row_tells_what_it_cost(hand: Hand) -> None:
    """Latency is that of the first source, at its last state; tokens are those of the whole."""
    editor = Editor(hand, "x = ‸\n")
    editor.answer("ab", replace(REPORT, total_ms=100.0, completion_tokens=2))
    editor.answer("abcd", replace(REPORT, total_ms=300.0, completion_tokens=4))
    editor.type("a")
    editor.answer("bcd", replace(CACHED, completion_tokens=4))
    editor.answer("bcd", replace(REPORT, total_ms=999.0, completion_tokens=3))

    (row,) = await hand.rows()

    assert row == Row(
        id=row.id,
        time=NOW,
        language="python",
        backend="scripted",
        model="m",
        source="network",
        first_token_ms=80.0,
        total_ms=300.0,
        prompt_tokens=900,
        completion_tokens=4,
        characters=4,
        typed_characters=1,
    )


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("codellama/CodeLlama-7b-hf", "codellama/CodeLlama-7b-hf"),
        ("qwen2.5-coder:1.5b", "qwen2.5-coder:1.5b"),
        ("/home/ada/models/tiny.gguf", "tiny.gguf"),
        ("/home/ada/models/codellama", "codellama"),
        ("models/tiny.gguf", "tiny.gguf"),
        (r"C:\Users\ada\tiny.gguf", "tiny.gguf"),
        ("~/tiny", "tiny"),
        ("https://host/models/tiny", "tiny"),
        ("", ""),
    ],
)
async def test_a_model_is_kept_without_its_folder(hand: Hand, model: str, name: str) -> None:
    """Some hosts call a model by the path of its file, which tells the user's name."""
    Editor(hand, "x = ‸\n").answer("a + b", replace(REPORT, model=model))

    (row,) = await hand.rows()

    assert row.model == name


# Properties


FRAGMENTS = ["a", "ab", "(", ")", "()", "\n", "\r\n", "    ", "\n    ", "x = ", "👍🏽", "é"]

CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("answer"), st.integers(0, 30), st.sampled_from(FRAGMENTS)),
        st.tuples(st.just("replace"), st.integers(0, 30), st.sampled_from([*FRAGMENTS, ""])),
        st.tuples(st.just("put"), st.integers(0, 3), st.just("")),
        st.tuples(st.just("wait"), st.sampled_from([0, 1, 30, 300]), st.just("")),
    ),
    max_size=25,
)


@given(changes=CHANGES)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_done_the_figures_agree(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[str, int, str]]
) -> None:
    """What is accepted was shown, is not longer than the suggestion, and no share leaves [0, 1]."""
    hand = Hand(tmp_path_factory.mktemp("stats") / "stats.sqlite3")
    editor = Editor(hand, "x‸ = y\n")
    suggested = ""
    for what, number, text in changes:
        if what == "answer":
            editor.cursor = min(number, len(editor.document.text))
            editor.end = min(editor.cursor + number % 2, len(editor.document.text))
            suggested = text * 2
            editor.answer(suggested)
        elif what == "replace":
            editor.replace(number, number + number % 3, text)
        elif what == "put":
            editor.put(suggested[: number or None])
        else:
            hand.wait(number)

    rows = asyncio.run(hand.rows())

    assert len(rows) <= sum(what == "answer" for what, _, _ in changes)
    for row in rows:
        assert row.shown or not row.accepted
        assert bool(row.accepted) == (row.accepted_characters >= 2)
        assert row.typed_characters >= 0
        assert row.accepted_characters + row.typed_characters <= row.characters
        assert all(0 <= kept <= 1 for kept in (row.kept_30s, row.kept_5min) if kept is not None)
        assert row.accepted or row.kept_30s is row.kept_5min is None


async def test_no_text_is_in_the_file(hand: Hand) -> None:
    """Neither code nor paths nor names of files are anywhere in its bytes."""
    editor = Editor(hand, "password = ‸\nuserSecretText\n")
    editor.answer("'hunter2' + privateName")
    editor.put("'hunter2'")
    editor.type("against")
    hand.wait(300)
    editor.replace(0, 8, "typedLater")

    await hand.rows()

    written = b"".join(path.read_bytes() for path in hand.path.parent.iterdir())
    assert b"scripted" in written
    for word in (b"hunter2", b"password", b"Secret", b"secret", b"private", b"against", b"Later"):
        assert word not in written


# The file


async def test_nothing_is_made_before_there_is_something_to_write(hand: Hand) -> None:
    """An editor in which nothing is suggested leaves no file."""
    Editor(hand, "x = ‸\n").type("abc")

    await hand.measurement.aclose()

    assert not hand.path.parent.exists()


async def test_what_was_accepted_is_in_the_file_while_the_editor_runs(
    tmp_path: Path,
) -> None:
    """Whoever looks after 30 seconds sees what is known then."""
    path = tmp_path / "stats.sqlite3"
    first, second = Hand(path), Hand(path)
    editor = Editor(first, "x = ‸\n")
    editor.answer("a + b")
    editor.put("a + b")
    first.wait(30)
    await first.measurement.aclose()

    assert [counted(row) for row in file.read(path)] == [whole(5, kept_30s=1)]
    await second.measurement.aclose()


def row(number: int, **fields: object) -> Row:
    """A row that differs from others."""
    made = Row(f"{number}", NOW + number, "python", "b", "m", "network", None, 1.0, None, 1, 5)
    return replace(made, **fields)  # type: ignore[arg-type]  # a test names the fields itself


def write(path: Path, *rows: Row) -> None:
    with closing(file.opened(path)) as connection:
        file.write(connection, path, rows)


def test_a_later_state_takes_the_place_of_the_earlier(tmp_path: Path) -> None:
    """One suggestion is one row, and reading gives back what was written."""
    path = tmp_path / "stats.sqlite3"
    write(path, row(1), row(2))

    write(path, row(1, shown=True, accepted="whole", accepted_characters=5, kept_30s=0.5))

    assert file.read(path) == [
        row(1, shown=True, accepted="whole", accepted_characters=5, kept_30s=0.5),
        row(2),
    ]
    assert file.read(path, since=NOW + 2) == [row(2)]


def test_all_can_be_deleted(tmp_path: Path) -> None:
    """Nothing of the rows is in the file then, though another process has it open."""
    path = tmp_path / "stats.sqlite3"
    with closing(file.opened(path)) as other:
        file.write(other, path, [row(n, model="unmistakable") for n in range(50)])

        assert file.clear(path) == 50

        assert file.read(path) == []
        assert b"unmistakable" not in path.read_bytes()
        file.write(other, path, [row(1)])
    assert file.read(path) == [row(1)]


async def test_rows_older_than_a_year_go(hand: Hand) -> None:
    """They go when a server writes for the first time."""
    write(hand.path, row(0, id="old", time=NOW - file.KEPT_S - 1), row(0, id="new", time=NOW - 1))

    Editor(hand, "x = ‸\n").answer("a + b")

    assert [row.time for row in await hand.rows()] == [NOW - 1, NOW]


def test_a_step_brings_an_older_file_to_the_newest_version(tmp_path: Path) -> None:
    """Rows survive, a step is done once, and the version says how many there were."""
    path = tmp_path / "stats.sqlite3"
    write(path, row(1))
    steps = (*file.STEPS, ("ALTER TABLE suggestion ADD COLUMN added TEXT DEFAULT 'x'",))

    for _ in range(2):
        with closing(file.opened(path, steps)) as connection:
            assert connection.execute("PRAGMA user_version").fetchone() == (2,)
            assert connection.execute("SELECT id, added FROM suggestion").fetchall() == [("1", "x")]


def test_a_step_that_fails_changes_nothing(tmp_path: Path) -> None:
    """The file is as it was, so that the next version can mend it."""
    path = tmp_path / "stats.sqlite3"
    write(path, row(1))
    steps = (*file.STEPS, ("ALTER TABLE suggestion ADD COLUMN added TEXT", "NO SQL"))

    with pytest.raises(FileFailed):
        file.opened(path, steps)

    assert file.read(path) == [row(1)]


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    """It can be neither read nor written, and the message says what to do."""
    path = tmp_path / "stats.sqlite3"
    write(path, row(1))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")

    with pytest.raises(FileFailed) as caught:
        file.read(path)

    assert "newer infill-ls" in str(caught.value)


def test_a_locked_file_is_an_error_for_who_would_write(tmp_path: Path) -> None:
    """Who reads gets the rows meanwhile."""
    path = tmp_path / "stats.sqlite3"
    write(path, row(1))
    with closing(file.opened(path)) as own, closing(sqlite3.connect(path)) as other:
        own.execute("PRAGMA busy_timeout = 0")
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(FileFailed) as caught:
            file.write(own, path, [row(2)])

    assert "locked" in str(caught.value)
    assert file.read(path) == [row(1)]


def count_two(hand: Hand) -> None:
    """Have two suggestions counted, one after the other."""
    for number in range(2):
        editor = Editor(hand, "x = ‸\n", uri=f"file:///{number}")
        editor.answer("a + b")
        editor.put("a + b")
        hand.wait(300)


async def test_a_broken_file_is_put_aside(hand: Hand, caplog: pytest.LogCaptureFixture) -> None:
    """It stays under another name, counting begins anew, and one line says so."""
    hand.path.parent.mkdir()
    hand.path.write_bytes(b"no database " * 500)

    count_two(hand)

    assert len(await hand.rows()) == 2
    aside = hand.path.with_name("stats.sqlite3.broken")
    assert aside.read_bytes().startswith(b"no database")
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


async def test_a_file_that_is_damaged_inside_is_put_aside(
    hand: Hand, caplog: pytest.LogCaptureFixture
) -> None:
    """Although it can be opened, it cannot be written."""
    write(hand.path, *(row(n, model="m" * 200) for n in range(200)))
    content = hand.path.read_bytes()
    hand.path.write_bytes(content[:4096] + b"\x05" * (len(content) - 4096))

    count_two(hand)

    assert len(await hand.rows()) == 2
    assert len(caplog.records) == 1


def test_a_broken_file_that_is_read_is_an_error(tmp_path: Path) -> None:
    """Reading puts nothing aside."""
    path = tmp_path / "stats.sqlite3"
    path.write_bytes(b"no database " * 500)

    with pytest.raises(FileBroken) as caught:
        file.read(path)

    assert caught.value.hint
    assert path.exists()


def in_the_way(path: Path) -> None:
    path.parent.write_text("not a folder")


def a_folder(path: Path) -> None:
    path.mkdir(parents=True)


def of_the_future(path: Path) -> None:
    write(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")


@pytest.mark.parametrize("fault", [in_the_way, a_folder, of_the_future])
async def test_a_file_that_cannot_be_written_ends_measuring(
    hand: Hand, caplog: pytest.LogCaptureFixture, fault: Callable[[Path], None]
) -> None:
    """Nothing is raised, one line says so, and no line has a word of the buffer."""
    fault(hand.path)

    count_two(hand)
    await hand.measurement.aclose()
    count_two(hand)

    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "a + b" not in caplog.text


FULL_DISK = """
import asyncio, logging, resource, sys
from pathlib import Path
from infill_ls.measurement.measurement import Measurement
from infill_ls.text import Text
from infill_ls.types import Completion, Document, Report

async def main():
    logging.basicConfig()
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    measurement = Measurement(Path(sys.argv[1]))
    for number in range(3):
        document = Document(f"file:///{number}", "python", 1, Text("x = "))
        report = Report("b", "m" * 20_000, None, 1.0, None, 1)
        measurement.answered(document, Completion("a + b", 4, 4, None, report))
        measurement.closed(document.uri)
        await asyncio.sleep(0)
    await measurement.aclose()

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the size of files cannot be limited")
def test_a_full_disk_ends_measuring(tmp_path: Path) -> None:
    """A process that may write no more goes on, and says so once."""
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path / "stats.sqlite3")]

    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stderr.count("WARNING") == 1
    assert "not counted any more" in done.stderr


WRITER = """
import asyncio, sys
from pathlib import Path
from infill_ls.measurement.measurement import Measurement
from infill_ls.text import Text
from infill_ls.types import Completion, Document, Report

async def main():
    measurement = Measurement(Path(sys.argv[1]))
    for number in range(200):
        document = Document(f"file:///{number}", sys.argv[2], 1, Text("x = "))
        report = Report("b", "m", None, 1.0, None, 1)
        measurement.answered(document, Completion("a + b", 4, 4, None, report))
        measurement.closed(document.uri)
        if number % 10 == 0:
            await asyncio.sleep(0)
    await measurement.aclose()

asyncio.run(main())
"""


def test_several_processes_write_at_once(tmp_path: Path) -> None:
    """Each begins the file if it comes first; no row is lost, and a reader is not in their way."""
    path = tmp_path / "stats.sqlite3"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), name], stderr=subprocess.PIPE)
        for name in ("one", "two", "three")
    ]

    while any(writer.poll() is None for writer in writers):
        file.read(path)

    errors = [writer.communicate(timeout=60)[1] for writer in writers]
    assert errors == [b"", b"", b""]
    languages = [row.language for row in file.read(path)]
    assert {name: languages.count(name) for name in languages} == {
        "one": 200,
        "two": 200,
        "three": 200,
    }


def test_the_columns_are_the_fields_of_a_row(tmp_path: Path) -> None:
    """A field that is added needs a step."""
    path = tmp_path / "stats.sqlite3"
    with closing(file.opened(path)) as connection:
        columns = connection.execute("PRAGMA table_info(suggestion)").fetchall()

    assert len(columns) == len(astuple(row(1)))
