"""What goes along with a question in chat: code, what is reported of it, files by their names."""

from __future__ import annotations

import asyncio
import os
from contextlib import aclosing
from pathlib import Path

import pytest

from fakes.backend import ScriptedBackend, Steps
from infill_ls.chat.chat import Chat
from infill_ls.chat.context import Reported, code_around, code_between, whole
from infill_ls.chat.conversation import Code, Turn
from infill_ls.chat.mentions import LONGEST, code_mentioned
from infill_ls.clearance import Clearance
from infill_ls.errors import BadInput, Unreachable
from infill_ls.settings.tree import ChatSettings, Settings
from infill_ls.text import Text
from infill_ls.types import Document, ModelInfo

TWO_FUNCTIONS = "import os\n\n\ndef f(a):\n    b = a\n    return b\n\n\ndef g():\n    return 1\n"


def document(text: str, language: str = "python") -> Document:
    return Document("file:///project/app.py", language, 1, Text(text), "app.py")


def marked(text: str, language: str = "python") -> tuple[Document, int]:
    """Return a document and the place of ‸ in it."""
    before, after = text.split("‸")
    return document(before + after, language), len(before)


def message(question: str, code: Code) -> str:
    """Return what the model is told."""
    [only] = Turn(question, (code,)).messages()
    return only.text


# Code around a place


F = "def f(a):\n    b = a\n    return b"
IN_A_CLASS = "    def f(self):\n        return 1"
JS = "function f() {\n  return 1\n}"


@pytest.mark.parametrize(
    ("text", "language", "function", "lines"),
    [
        ("x = 1\ndef f(a):\n    b‸ = a\n    return b\nf(1)\n", "python", F, (2, 4)),
        ("x = 1\n‸def f(a):\n    b = a\n    return b\nf(1)\n", "python", F, (2, 4)),
        ("x = 1\ndef f(a):\n    b = a\n    return b‸\nf(1)\n", "python", F, (2, 4)),
        ("class A:\n  ‸  def f(self):\n        return 1\n", "python", IN_A_CLASS, (2, 3)),
        ("let x\nfunction f() {\n  return 1\n}‸\n", "javascript", JS, (2, 4)),
        ("def f():\r\n    ‸return 1\r\n", "python", "def f():\r\n    return 1", (1, 2)),
    ],
)
def test_a_place_stands_for_the_function_around_it(
    text: str, language: str, function: str, lines: tuple[int, int]
) -> None:
    """Its whole lines, wherever on them the place is."""
    opened, offset = marked(text, language)

    code = code_around(opened, offset)

    assert (code.text, code.lines) == (function, lines)
    assert (code.path, code.language) == ("app.py", language)


@pytest.mark.parametrize(
    ("line", "lines"), [(30, (20, 40)), (3, (1, 13)), (49, (39, 50)), (99, (41, 50))]
)
def test_without_a_function_twenty_lines_around_are_shown(
    line: int, lines: tuple[int, int]
) -> None:
    """As many as there are."""
    text = Text("".join(f"x{number} = {number}\n" for number in range(1, 51)))

    code = code_around(document(str(text)), text.offset(line - 1, 2))

    first, last = lines
    assert code.lines == lines
    assert code.text.split() == " ".join(f"x{n} = {n}" for n in range(first, last + 1)).split()


def test_a_language_without_a_grammar_has_lines_only() -> None:
    """There is no function that one could find."""
    opened, offset = marked("(defun f ()\n  ‸1)\n", "elisp")

    assert code_around(opened, offset).text == "(defun f ()\n  1)\n"


@pytest.mark.parametrize(
    ("start", "end", "text", "lines"),
    [
        (10, 12, "\n\n", (2, 3)),
        (0, 10, "import os\n", (1, 1)),
        (7, 9, "os", (1, 1)),
        (9, 7, "", (1, 1)),
    ],
)
def test_a_selection_is_shown_as_it_is(
    start: int, end: int, text: str, lines: tuple[int, int]
) -> None:
    """A line of which only the beginning is selected, before any character, is not counted."""
    code = code_between(document(TWO_FUNCTIONS), start, end)

    assert (code.text, code.lines) == (text, lines)


# What is reported


def test_what_is_reported_is_told_in_words() -> None:
    """With its lines and what stands on them, below the code and above the question."""
    opened, offset = marked("def f(a):\n    return ‸bb\n")
    reported = Reported(offset, offset + 2, "error (Pyflakes F821): undefined name 'bb'")

    told = message("Why?", code_around(opened, offset, [reported]))

    assert told == (
        "app.py, lines 1 to 2:\n\n```python\ndef f(a):\n    return bb\n```\n\n"
        "Line 2, error (Pyflakes F821): undefined name 'bb'\n\n```python\n    return bb\n```\n\n"
        "Why?"
    )


def test_only_what_is_reported_of_the_shown_lines_is_told() -> None:
    """In the order of the lines, whatever order the editor has."""
    text = Text(TWO_FUNCTIONS)
    reported = [
        Reported(text.offset(line, 0), text.offset(line, 3), f"in line {line + 1}")
        for line in (9, 5, 4, 3, 0)
    ]
    opened = document(TWO_FUNCTIONS)

    function = code_around(opened, text.offset(4, 6), reported)
    everything = whole(opened, reported)

    words = [problem.words for problem in function.problems]
    assert words == ["in line 4", "in line 5", "in line 6"]
    assert [problem.lines for problem in everything.problems] == [
        (line, line) for line in (1, 4, 5, 6, 10)
    ]
    assert everything.lines is None


def test_of_many_lines_the_first_five_are_repeated() -> None:
    """The lines are named all the same."""
    lines = [f"{number}\n" for number in range(1, 10)]
    reported = Reported(lines.index("2\n") * 2, 9 * 2, "too long")

    [problem] = whole(document("".join(lines)), [reported]).problems

    assert (problem.lines, problem.code) == ((2, 9), "2\n3\n4\n5\n6")


# Files by their names


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace of some files."""
    made = tmp_path / "work"
    for name, text in {
        "app.py": "x = 1\n",
        "src/a b.py": "y = 2\r\n\f\tz\u2028\n",
        "src/über.py": "ü = 1\n",
        "notes.": "a note\n",
        ".env": "TOKEN=1\n",
        "build/out.py": "out\n",
        ".gitignore": "build/\n",
        "../outside.py": "outside\n",
    }.items():
        file = made / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    return made


async def mentioned(
    question: str, *folders: Path, opened: dict[Path, str] | None = None
) -> list[tuple[str, str]]:
    """Return the paths and the texts of what a question names."""
    buffers = {
        path: Document(path.as_uri(), "python", 1, Text(text))
        for path, text in (opened or {}).items()
    }
    clearance = Clearance(lambda: folders, use_gitignore=True)
    code = await code_mentioned(question, folders, buffers, clearance)
    return [(each.path, each.text) for each in code]


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("What does @app.py do?", ["app.py"]),
        ("@app.py", ["app.py"]),
        ("Is it (see @app.py, @src/über.py)?", ["app.py", "src/über.py"]),
        ("Look at `@./src/../app.py`.", ["app.py"]),
        ("Compare @src/über.py with @app.py; @app.py is older.", ["src/über.py", "app.py"]),
        ('What is in @"src/a b.py"?', ["src/a b.py"]),
        ("What is in @notes.", ["notes."]),
        ("Why @property, @src, @there/is.none, @ and @@app.py?", []),
        ("Write to me@app.py.", []),
        ('What is @"app.py', []),
        (f"@{'a' * 5000} and @a\0b and @\ud800", []),
        ("No file at all", []),
    ],
)
async def test_a_question_names_files(folder: Path, question: str, names: list[str]) -> None:
    """Each once; a word that names none is a word, and so is the sentence around a name."""
    assert [path for path, _ in await mentioned(question, folder)] == names


async def test_a_file_is_shown_to_the_byte(folder: Path) -> None:
    """With line ends and signs of all kinds."""
    [(_, text)] = await mentioned('@"src/a b.py"', folder)

    assert text.encode() == (folder / "src/a b.py").read_bytes()


async def test_an_open_file_is_shown_as_it_is_in_the_editor(folder: Path) -> None:
    """Even where the disk has another text, or none yet."""
    opened = {folder / "app.py": "x = 2\n", folder / "new.py": "n = 1\n"}

    found = await mentioned("@app.py @new.py", folder, opened=opened)

    assert found == [("app.py", "x = 2\n"), ("new.py", "n = 1\n")]


async def test_the_first_folder_that_has_the_file_counts(folder: Path) -> None:
    """A workspace may have several."""
    found = await mentioned("@app.py @über.py", folder / "src", folder)

    assert found == [("app.py", "x = 1\n"), ("über.py", "ü = 1\n")]


async def test_without_a_workspace_nothing_is_named() -> None:
    """There is nothing that a path could be relative to."""
    assert await mentioned(f"@{Path(__file__).name} @{__file__}") == []


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("@.env", r"\.env is not shown to a model: .* secret"),
        ("@build/out.py", r"out\.py is not shown to a model: it is ignored"),
        ("@../outside.py", r"outside\.py is not shown to a model: it is outside"),
        ("@long.txt", r"long\.txt has more than 200,000 characters"),
        ("@longer.txt", r"longer\.txt has more than 200,000 characters"),
        ("@latin.txt", r"latin\.txt is no UTF-8 text \(byte 1\)"),
        ("@binary.bin", r"binary\.bin is a binary file"),
    ],
)
async def test_a_file_that_cannot_go_along_is_told_of(
    folder: Path, question: str, reason: str
) -> None:
    """By its name, and nothing is shown instead."""
    (folder / "long.txt").write_text("ü" * (LONGEST + 1), encoding="utf-8")
    (folder / "longer.txt").write_bytes(b"a" * (4 * LONGEST + 1))
    (folder / "latin.txt").write_bytes(b"a\xfcb")
    (folder / "binary.bin").write_bytes(b"a\0b")

    with pytest.raises(BadInput, match=reason):
        await mentioned(f"What is in @app.py and {question}?", folder)


async def test_as_much_as_is_allowed_goes_along(folder: Path) -> None:
    """Characters are counted, not bytes."""
    (folder / "long.txt").write_text("😀" * LONGEST, encoding="utf-8")

    [(_, text)] = await mentioned("@long.txt", folder)

    assert text == "😀" * LONGEST


async def test_an_open_file_may_not_be_longer(folder: Path) -> None:
    """What is open is counted alike."""
    opened = {folder / "app.py": "a" * (LONGEST + 1)}

    with pytest.raises(BadInput, match=r"app\.py has more than"):
        await mentioned("@app.py", folder, opened=opened)


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
async def test_a_link_leads_nowhere_outside(folder: Path) -> None:
    """What it leads to is judged as well."""
    (folder / "link.py").symlink_to(folder / "../outside.py")
    (folder / "harmless.txt").symlink_to(folder / ".env")

    for name in ("link.py", "harmless.txt"):
        with pytest.raises(BadInput, match="is not shown to a model"):
            await mentioned(f"@{name}", folder)


# What was sent


async def test_a_stopped_answer_tells_of_what_had_no_room(backend: ScriptedBackend) -> None:
    """Stopping is no reason to hide it."""
    settings = Settings(chat=ChatSettings(max_tokens=100))
    backend.info = ModelInfo("codellama/CodeLlama-7b-Instruct-hf", 120)
    async with aclosing(Chat(settings, lambda _: backend)) as chat:
        conversation = chat.ask("1?", code=[Code("app.py", "python", "x = 1\n" * 50)])
        asking = asyncio.create_task(chat.answer(conversation, lambda *_: None))
        await backend.opened()

        chat.stop(conversation)
        reply = await asking

        assert (reply.finish, reply.cut) == (None, True)
        assert chat.sent(conversation).messages == backend.conversations[0]


async def test_a_question_that_failed_before_it_was_sent_shows_nothing(
    backend: ScriptedBackend, steps: Steps
) -> None:
    """What was sent for the question before it would be taken for it."""
    backend.answers("One.")
    async with aclosing(Chat(Settings(), lambda _: backend)) as chat:
        conversation = chat.ask("1?")
        await chat.answer(conversation, lambda *_: None)
        steps.fail("model", Unreachable("nobody is there"))
        with pytest.raises(Unreachable):
            await chat.send("2?", lambda *_: None, conversation=conversation)

        with pytest.raises(BadInput, match="was not sent"):
            chat.sent(conversation)
