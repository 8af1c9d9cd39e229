"""An editor reduced to what a keystroke sends: a change of the document, and a wish."""

from __future__ import annotations

import subprocess
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from raw_client import ENVIRONMENT, Server

Trigger = Literal["invoked", "automatic"]

_KINDS: dict[Trigger, int] = {"invoked": 1, "automatic": 2}


@contextmanager
def editing(command: list[str], options: object = None) -> Iterator[Editor]:
    """Give an editor whose server has answered `initialize`."""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=ENVIRONMENT,
    ) as process:  # fmt: skip
        try:
            yield Editor(process, options)
        finally:
            process.kill()


@dataclass(slots=True)
class Buffer:
    """A document of ASCII as the editor has it, and where the cursor is."""

    uri: str
    lines: list[str]
    """Without their ends."""
    line: int = 0
    character: int = 0
    version: int = 1

    @property
    def text(self) -> str:
        """The whole text."""
        return "\n".join(self.lines)

    @property
    def position(self) -> dict[str, int]:
        """The cursor."""
        return {"line": self.line, "character": self.character}

    def to_end_of(self, line: int) -> None:
        """Move the cursor to the end of a line."""
        self.line, self.character = line, len(self.lines[line])

    def insert(self, character: str) -> None:
        """Insert at the cursor, which moves behind it."""
        before, after = self._parted()
        self.version += 1
        if character == "\n":
            self.lines[self.line : self.line + 1] = [before, after]
            self.line, self.character = self.line + 1, 0
        else:
            self.lines[self.line] = before + character + after
            self.character += 1

    def erase(self) -> None:
        """Take out the character before the cursor, which is not the first of its line."""
        before, after = self._parted()
        self.version += 1
        self.lines[self.line] = before[:-1] + after
        self.character -= 1

    def _parted(self) -> tuple[str, str]:
        line = self.lines[self.line]
        return line[: self.character], line[self.character :]


class Editor(Server):
    """Sends what an editor sends, and reads up to the answer."""

    def __init__(self, process: subprocess.Popen[bytes], options: object) -> None:
        self.pid = process.pid
        super().__init__(process, options)

    def show(self, buffer: Buffer) -> None:
        """Open a document."""
        document = {"uri": buffer.uri, "languageId": "python", "version": buffer.version}
        params = {"textDocument": {**document, "text": buffer.text}}
        self.notify("textDocument/didOpen", params)

    def hide(self, buffer: Buffer) -> None:
        """Close a document."""
        self.notify("textDocument/didClose", {"textDocument": {"uri": buffer.uri}})

    def insert(self, buffer: Buffer, character: str) -> None:
        """Type one character at the cursor."""
        start = buffer.position
        buffer.insert(character)
        self._changed(buffer, start, start, character)

    def erase(self, buffer: Buffer) -> None:
        """Delete the character before the cursor."""
        end = buffer.position
        buffer.erase()
        self._changed(buffer, buffer.position, end, "")

    def wish(self, buffer: Buffer, trigger: Trigger) -> None:
        """Ask for ghost text at the cursor, and go on."""
        params = {
            "textDocument": {"uri": buffer.uri},
            "position": buffer.position,
            "context": {"triggerKind": _KINDS[trigger]},
        }
        self.begin("textDocument/inlineCompletion", params)

    def ghost_text(self) -> str:
        """Return what answers the newest wish: nothing if it was cancelled or superseded."""
        message = self.receive()
        while message.get("id") != self._id:
            message = self.receive()
        result: dict[str, Any] | None = message.get("result")
        items = result["items"] if result else []
        return str(items[0]["insertText"]) if items else ""

    def cancel(self) -> None:
        """Take the newest wish back; it is answered all the same."""
        self.notify("$/cancelRequest", {"id": self._id})

    def _changed(
        self, buffer: Buffer, start: dict[str, int], end: dict[str, int], text: str
    ) -> None:
        change = {"range": {"start": start, "end": end}, "text": text}
        document = {"uri": buffer.uri, "version": buffer.version}
        params = {"textDocument": document, "contentChanges": [change]}
        self.notify("textDocument/didChange", params)


def python_lines(size: int, start: int = 0) -> list[str]:
    """Return so many characters of Python's own library, from one of them on, in whole lines."""
    library = _library()
    start = library.index("\n", start % (len(library) - size)) + 1
    return library[start : start + size].split("\n")[:-1]


@cache
def _library() -> str:
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("[a-z]*.py"))
    texts = (path.read_bytes() for path in files)
    return b"".join(text for text in texts if text.isascii() and b"\r" not in text).decode()
