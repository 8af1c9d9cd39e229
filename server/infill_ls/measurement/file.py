"""The file in which measurements are kept: a table of rows in SQLite, shared by all processes."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import astuple, fields
from pathlib import Path

from platformdirs import user_state_path

from infill_ls.errors import InfillError
from infill_ls.measurement.row import Row

FILE_VARIABLE = "INFILL_LS_STATS"
"""Names another file."""

KEPT_S = 365 * 24 * 3600.0
"""Older rows go."""

_BUSY_S = 2.0
"""So long others may write; each of their writes takes some milliseconds."""

_COLUMNS = tuple(field.name for field in fields(Row))

STEPS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE suggestion (
            id TEXT PRIMARY KEY, time REAL NOT NULL, language TEXT NOT NULL,
            backend TEXT NOT NULL, model TEXT NOT NULL, source TEXT NOT NULL,
            first_token_ms REAL, total_ms REAL NOT NULL,
            prompt_tokens INTEGER, completion_tokens INTEGER NOT NULL,
            characters INTEGER NOT NULL, shown INTEGER NOT NULL, accepted TEXT NOT NULL,
            accepted_characters INTEGER NOT NULL, typed_characters INTEGER NOT NULL,
            kept_30s REAL, kept_5min REAL
        )
        """,
        "CREATE INDEX suggestion_time ON suggestion (time)",
    ),
)
"""What makes each version of the tables out of the one before; `user_version` counts them.

A step is never changed once it was released: another is added.
"""


class FileFailed(InfillError):
    """The file of the measurements cannot be read or written."""


class FileBroken(FileFailed):
    """The file is no SQLite database, or a damaged one."""


def default_path() -> Path:
    """Return the file: INFILL_LS_STATS where that is set, else one in the user's state folder."""
    if chosen := os.environ.get(FILE_VARIABLE):
        return Path(chosen).expanduser().absolute()
    return user_state_path("infill-ls", appauthor=False) / "stats.sqlite3"


def opened(path: Path, steps: tuple[tuple[str, ...], ...] = STEPS) -> sqlite3.Connection:
    """Open the file, which is made where it is missing and brought to the newest version.

    Raises FileBroken where it is damaged, and FileFailed for all else that prevents it.
    """
    with file_errors(path), _alone(path):
        return _opened(path, steps)


def write(connection: sqlite3.Connection, path: Path, rows: Iterable[Row]) -> None:
    """Write rows, in place of those with the same id; raises FileFailed."""
    marks = ", ".join("?" * len(_COLUMNS))
    sql = f"INSERT OR REPLACE INTO suggestion ({', '.join(_COLUMNS)}) VALUES ({marks})"
    with file_errors(path), _transaction(connection):
        connection.executemany(sql, map(astuple, rows))


def drop_old(connection: sqlite3.Connection, path: Path, now: float) -> None:
    """Delete the rows that are older than a year; raises FileFailed."""
    with file_errors(path):
        connection.execute("DELETE FROM suggestion WHERE time < ?", (now - KEPT_S,))


def read(path: Path, since: float = 0.0) -> list[Row]:
    """Return the rows since a time, the oldest first; none where there is no file.

    Raises FileFailed.
    """
    if not path.exists():
        return []
    sql = f"SELECT {', '.join(_COLUMNS)} FROM suggestion WHERE time >= ? ORDER BY time"
    with closing(opened(path)) as connection, file_errors(path):
        connection.row_factory = sqlite3.Row
        rows = connection.execute(sql, (since,)).fetchall()
    return [Row(**{**dict(row), "shown": bool(row["shown"])}) for row in rows]


def clear(path: Path) -> int:
    """Delete all rows, so that the file holds nothing of them; return how many there were.

    Raises FileFailed.
    """
    if not path.exists():
        return 0
    with closing(opened(path)) as connection, file_errors(path):
        count = connection.execute("DELETE FROM suggestion").rowcount
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return count


def put_aside(path: Path) -> Path:
    """Rename a broken file, so that another can be begun; return its new path.

    It stays where it is if another process has just begun it anew. Raises FileFailed.
    """
    aside = path.with_name(f"{path.name}.broken")
    with file_errors(path), _alone(path):
        if not _is_sound(path):
            path.replace(aside)
            for ending in ("-wal", "-shm"):
                path.with_name(path.name + ending).unlink(missing_ok=True)
    return aside


@contextmanager
def file_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system say of the file into FileFailed."""
    try:
        yield
    except sqlite3.Error as error:
        raise _failure(path, error) from error
    except OSError as error:  # also the Timeout of filelock
        raise FileFailed(f"{path}: {error.strerror or 'another process keeps it'}") from error


def _failure(path: Path, error: sqlite3.Error) -> FileFailed:
    if _is_damage(error):
        return FileBroken(f"{path} is damaged", hint="delete it, and counting begins anew")
    return FileFailed(f"{path}: {error}")


def _is_damage(error: sqlite3.Error) -> bool:
    # The low byte is the kind of error, what is above it tells more.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other processes from opening the file: two that begin it at once do not wait by SQLite.

    Those that have it open go on.
    """
    # Takes 40 ms, which only a thread or the command line should spend.
    from filelock import FileLock  # noqa: PLC0415

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with FileLock(path.with_name(f"{path.name}.lock"), timeout=_BUSY_S):
        yield


def _opened(path: Path, steps: tuple[tuple[str, ...], ...]) -> sqlite3.Connection:
    path.touch(mode=0o600)
    connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        _migrate(connection, steps)
    except BaseException:
        connection.close()
        raise
    return connection


def _is_sound(path: Path) -> bool:
    try:
        with closing(_opened(path, STEPS)) as connection:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        if _is_damage(error):
            return False
        raise
    return bool(verdict == "ok")


def _migrate(connection: sqlite3.Connection, steps: tuple[tuple[str, ...], ...]) -> None:
    with _transaction(connection):
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(steps):
            raise FileFailed(
                "The statistics were written by a newer infill-ls", hint="update this one"
            )
        for step in steps[version:]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(steps)}")


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Do all or nothing, and wait for others at the beginning only."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
