"""Conversations that are kept on this machine: one file each, of which the newest stay.

A file is JSON that only the user can read, and is whole at every moment. It holds what was asked,
with its code, and what was answered, to the byte; nothing of settings, hosts and tokens.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct
from platformdirs import user_state_path

from infill_ls.chat.conversation import Conversation, Turn
from infill_ls.errors import BadInput, InfillError

FOLDER_VARIABLE = "INFILL_LS_CHATS"
"""Names another folder."""

LIMIT = 100
"""So many are kept, the newest."""

_BUSY_S = 2.0
"""So long others may write; each of their writes takes some milliseconds."""


class HistoryFailed(InfillError):
    """A kept conversation, or their folder, cannot be read or written."""


@dataclass
class Kept:
    """A conversation that has a file, or will have one."""

    id: str
    """The file's name without its ending."""
    folder: str
    """Where the user was when it was begun."""
    conversation: Conversation
    content: bytes = b""
    """The file as it was read or written here; nothing before that."""
    changed_at: float = 0.0
    """Seconds since 1970; 0 before it has a file."""


class _File(Struct):
    version: Literal[1]
    folder: str
    turns: Annotated[list[Turn], Meta(min_length=1)]


def default_folder() -> Path:
    """Return the folder: INFILL_LS_CHATS where that is set, else one in the user's state folder."""
    if chosen := os.environ.get(FOLDER_VARIABLE):
        return Path(chosen).expanduser().absolute()
    return user_state_path("infill-ls", appauthor=False) / "chats"


class History:
    """The conversations in one folder, shared by all processes.

    A file that cannot be read is never written over and never deleted.
    """

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        """Take a folder, which is made when something is kept."""
        self.folder = folder
        self._limit = limit

    def begin(self, folder: str) -> Kept:
        """Return a new conversation, which has no file yet."""
        id_ = _new_id()
        return Kept(id_, folder, Conversation(id_))

    def keep(self, kept: Kept) -> None:
        """Write it, and delete the oldest of too many.

        Where its file is another than was read or written here, because somebody else has gone on
        with the conversation, that stays, and this one has a new id. Raises HistoryFailed.
        """
        with _errors(self.folder), self._alone():
            if self._path(kept.id).exists() and self._path(kept.id).read_bytes() != kept.content:
                kept.id = _new_id()
            path, file = self._path(kept.id), _File(1, kept.folder, kept.conversation.turns)
            kept.content = msgspec.json.encode(file)
            _write(path, kept.content)
            kept.changed_at = path.stat().st_mtime
            self._drop_old()

    def all(self) -> tuple[list[Kept], list[HistoryFailed]]:
        """Return all, the newest first, and what is wrong with the files that cannot be read."""
        found: list[Kept] = []
        failures: list[HistoryFailed] = []
        for path in self._paths():
            try:
                found.append(_read(path))
            except HistoryFailed as failure:
                failures.append(failure)
        return found, failures

    def find(self, beginning: str) -> Kept:
        """Return the conversation whose id begins so.

        Raises BadInput if there is none or more than one, HistoryFailed if it cannot be read.
        """
        hint = "`infill-ls chat --list` shows which there are"
        match [path for path in self._paths() if path.stem.startswith(beginning)]:
            case [path]:
                return _read(path)
            case []:
                raise BadInput(f"there is no conversation {beginning!r}", hint=hint)
        raise BadInput(f"several conversations begin with {beginning!r}", hint=hint)

    def _path(self, id_: str) -> Path:
        return self.folder / f"{id_}.json"

    def _paths(self) -> list[Path]:
        """Return all files, the newest first."""
        with _errors(self.folder):
            return sorted(self.folder.glob("*.json"), key=_changed_at, reverse=True)

    def _drop_old(self) -> None:
        for path in self._paths()[self._limit :]:
            if _is_sound(path):
                path.unlink(missing_ok=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep others from writing between a look and a write."""
        # Takes 40 ms to import, which a command that keeps nothing should not spend.
        from filelock import FileLock  # noqa: PLC0415

        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(self.folder / ".lock", timeout=_BUSY_S):
            yield


def _new_id() -> str:
    return secrets.token_hex(4)


def _read(path: Path) -> Kept:
    with _errors(path):
        content, changed_at = path.read_bytes(), path.stat().st_mtime
    try:
        file = msgspec.json.decode(content, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HistoryFailed(
            f"{path} is no conversation that can be read ({error})",
            hint="it is left as it is; repair it, or move it away",
        ) from error
    return Kept(path.stem, file.folder, Conversation(path.stem, file.turns), content, changed_at)


def _is_sound(path: Path) -> bool:
    try:
        _read(path)
    except HistoryFailed:
        return False
    return True


def _write(path: Path, content: bytes) -> None:
    """Write a file, whole from the first moment; raises OSError."""
    # mkstemp makes a file that nobody else can read.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".partial")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            # A machine that stops now must not leave the new name with nothing in it.
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # Another process has just deleted it.
        return 0.0


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    """Turn what the system says of files into HistoryFailed."""
    try:
        yield
    except OSError as error:  # also the Timeout of filelock
        reason = error.strerror or "another process keeps it"
        raise HistoryFailed(f"{error.filename or path}: {reason}") from error
