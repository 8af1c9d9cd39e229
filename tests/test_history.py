"""Conversations that are kept: to the byte, for the user alone, and never at another's cost."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from infill_ls.chat.conversation import Code, Conversation, Turn
from infill_ls.chat.history import FOLDER_VARIABLE, History, HistoryFailed, Kept, default_folder
from infill_ls.errors import BadInput

POSIX_ONLY = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")

KINDS = [
    "x = 1\r\n",
    "\ty = 2\n",
    "\fz = 3\r\n",
    's = "\u2028\u2029\x85"\n',
    "\x1b[31m\x00\r",
    "\ufeff☺😀\n",
]
CODE = "".join(KINDS[n % len(KINDS)] for n in range(500))
"""500 lines with what careless programs change, divide at or stumble over."""


@pytest.fixture
def history(tmp_path: Path) -> History:
    """An empty one, which keeps three conversations."""
    return History(tmp_path / "state" / "chats", limit=3)


def kept(history: History, *questions: str, folder: str = "/project") -> Kept:
    """Keep a conversation in which these questions were asked."""
    kept = history.begin(folder)
    kept.conversation.turns += [Turn(question, answer=f"{question}!") for question in questions]
    history.keep(kept)
    return kept


def file_of(history: History, kept: Kept) -> Path:
    return history.folder / f"{kept.id}.json"


def at(history: History, kept: Kept, seconds: float) -> None:
    """Have a conversation be so old: its file counts."""
    os.utime(file_of(history, kept), (seconds, seconds))


def questions_of(history: History) -> list[str]:
    found, failures = history.all()
    assert failures == []
    return [kept.conversation.turns[0].question for kept in found]


def test_all_that_was_said_comes_back_to_the_byte(history: History) -> None:
    """500 lines with all kinds of line ends and controls, in code, question and answer."""
    turns = [
        Turn(f"Good?\n{CODE}", (Code("a/b.py", "python", CODE, (1, 500)), Code("c", "", "")), CODE),
        Turn("And now?"),
    ]
    begun = history.begin("/project")
    begun.conversation.turns += turns

    history.keep(begun)
    found = History(history.folder).find(begun.id)

    assert found.conversation == Conversation(begun.id, turns)
    assert found.conversation.turns[0].answer.encode() == CODE.encode()
    assert found.folder == "/project"


def test_a_file_of_this_version_stays_readable(history: History) -> None:
    """The names in the file are for ever; those in our code are not."""
    history.folder.mkdir(parents=True)
    (history.folder / "0a1b2c3d.json").write_text(
        '{"version": 1, "folder": "/p", "turns": [{"question": "1?", "code": [{"path": "a.py", '
        '"language": "python", "text": "x", "lines": [1, 2]}], "answer": "One."}]}'
    )

    found = history.find("0a1b2c3d")

    turn = Turn("1?", (Code("a.py", "python", "x", (1, 2)),), "One.")
    assert found.conversation == Conversation("0a1b2c3d", [turn])


@POSIX_ONLY
def test_only_the_user_can_read_it(history: History) -> None:
    """Neither the folder nor a file, at any time: a file is written over by another one."""
    begun = kept(history, "1?")
    begun.conversation.turns.append(Turn("2?"))
    history.keep(begun)

    modes = [
        stat.S_IMODE(path.stat().st_mode) for path in (history.folder, file_of(history, begun))
    ]
    assert modes == [0o700, 0o600]


def test_what_is_kept_again_has_one_file(history: History) -> None:
    """Nothing half written lies beside it."""
    begun = kept(history, "1?")
    begun.conversation.turns.append(Turn("2?"))
    history.keep(begun)

    files = {path.name for path in history.folder.iterdir()}
    assert files - {".lock"} == {f"{begun.id}.json"}
    assert len(history.find(begun.id).conversation.turns) == 2


def test_the_newest_come_first_and_stay(history: History) -> None:
    """A fourth costs the one that nobody has gone on with for the longest."""
    one, two, three = (kept(history, question) for question in ("1?", "2?", "3?"))
    for age, each in enumerate((two, three, one)):
        at(history, each, 1_000 + age)

    assert questions_of(history) == ["1?", "3?", "2?"]
    kept(history, "4?")
    assert questions_of(history) == ["4?", "1?", "3?"]


def test_the_beginning_of_an_id_is_enough(history: History) -> None:
    """As long as only one begins so."""
    content = '{"version": 1, "folder": "", "turns": [{"question": "1?"}]}'
    history.folder.mkdir(parents=True)
    for name in ("aa00", "aabb"):
        (history.folder / f"{name}.json").write_text(content)

    assert history.find("aab").id == "aabb"
    with pytest.raises(BadInput, match="several conversations begin with 'aa'"):
        history.find("aa")


@pytest.mark.parametrize("named", ["x", "../outside", "*"])
def test_an_unknown_id_is_told(history: History, named: str) -> None:
    """Also one that would lead out of the folder, or stand for others."""
    kept(history, "1?")
    (history.folder.parent / "outside.json").write_bytes(b"{}")

    with pytest.raises(BadInput, match="there is no conversation"):
        history.find(named)


def test_without_a_folder_there_is_none(history: History) -> None:
    """Looking makes no folder."""
    assert history.all() == ([], [])
    assert not history.folder.exists()


BROKEN = {
    "cut": b'{"version": 1, "folder": "/p", "turns": [{"question": "wh',
    "empty": b"",
    "other": b'{"version": 1, "folder": "/p", "turns": [{"question": 5}]}',
    "without turns": b'{"version": 1, "folder": "/p", "turns": []}',
    "newer": b'{"version": 2, "folder": "/p", "turns": [{"question": "1?"}]}',
    "no UTF-8": b'{"version": 1, "folder": "\xff", "turns": [{"question": "1?"}]}',
    "deep": b'{"version": 1, "x": ' + b"[" * 100_000,
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_told_and_stays(history: History, content: bytes) -> None:
    """One line names it; the others are there, and neither they nor their number costs it."""
    history.folder.mkdir(parents=True)
    broken = history.folder / "dead.json"
    broken.write_bytes(content)
    os.utime(broken, (0, 0))

    with pytest.raises(HistoryFailed) as caught:
        history.find("dead")
    for question in ("1?", "2?", "3?", "4?"):
        kept(history, question)
    found, [failure] = history.all()

    for told in (caught.value.sentence(), failure.sentence()):
        assert str(broken) in told
        assert len(told.splitlines()) == 1
    assert len(found) == 3
    assert broken.read_bytes() == content


def test_a_file_that_breaks_meanwhile_is_not_written_over(history: History) -> None:
    """What goes on has another file."""
    begun = kept(history, "1?")
    broken, first = file_of(history, begun), begun.id
    broken.write_bytes(BROKEN["cut"])
    begun.conversation.turns.append(Turn("2?"))

    history.keep(begun)

    assert begun.id != first
    assert broken.read_bytes() == BROKEN["cut"]
    assert len(history.find(begun.id).conversation.turns) == 2


def test_two_who_go_on_with_one_keep_both(history: History) -> None:
    """The second has a copy of its own from then on."""
    one = kept(history, "1?")
    other = History(history.folder).find(one.id)
    one.conversation.turns.append(Turn("2?"))
    other.conversation.turns.append(Turn("3?"))

    history.keep(one)
    History(history.folder).keep(other)

    last = {kept.id: kept.conversation.turns[-1].question for kept in history.all()[0]}
    assert last == {one.id: "2?", other.id: "3?"}


def test_what_was_deleted_meanwhile_is_kept_again(history: History) -> None:
    """Who goes on with it wants it."""
    begun = kept(history, "1?")
    file_of(history, begun).unlink()

    history.keep(begun)

    assert history.find(begun.id).conversation == begun.conversation


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """By its path and the system's reason."""
    (tmp_path / "file").touch()
    history = History(tmp_path / "file" / "chats")

    with pytest.raises(HistoryFailed, match=r"chats: |file: "):
        kept(history, "1?")


def test_the_folder_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By INFILL_LS_CHATS, else it is one among the user's state."""
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    usual = default_folder()
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))

    assert default_folder() == tmp_path
    assert usual.parts[-2:] == ("infill-ls", "chats")
