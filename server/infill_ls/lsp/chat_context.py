"""What of the open documents goes along with a question in chat, as the editor says it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from lsprotocol import types
from msgspec import Struct
from pygls.uris import to_fs_path

from infill_ls.chat.context import Reported, code_around, code_between, whole
from infill_ls.chat.conversation import Code
from infill_ls.clearance import Clearance
from infill_ls.errors import BadInput
from infill_ls.lsp.documents import Buffers
from infill_ls.lsp.positions import offset_at
from infill_ls.text import Text
from infill_ls.types import Document

_SEVERITIES = {1: "error", 2: "warning", 3: "information", 4: "hint"}


class Place(Struct, frozen=True, rename="camel"):
    """A position, as in LSP."""

    line: int
    character: int


class Range(Struct, frozen=True, rename="camel"):
    """A range, as in LSP."""

    start: Place
    end: Place


class Markup(Struct, frozen=True, rename="camel"):
    """A text of a kind, as in LSP."""

    value: str


class Diagnostic(Struct, frozen=True, rename="camel"):
    """What of one, as in LSP, a model can be told."""

    range: Range
    message: str | Markup
    severity: int | None = None
    code: int | str | None = None
    source: str | None = None

    def words(self) -> str:
        """Return what it says, and who says so."""
        kind = _SEVERITIES.get(self.severity or 0, "problem")
        code = "" if self.code is None else str(self.code)
        tool = " ".join(filter(None, [self.source, code]))
        message = self.message if isinstance(self.message, str) else self.message.value
        said = f"{kind} ({tool}): {message}" if tool else f"{kind}: {message}"
        return str(Text(said))


class Context(Struct, frozen=True, rename="camel"):
    """Code that goes with a question; without a range and a position, the whole document."""

    uri: str
    range: Range | None = None
    position: Place | None = None
    """The function around it is meant, unless there is a range."""
    diagnostics: list[Diagnostic] = []


def code_of(context: Context, buffers: Buffers, clearance: Clearance) -> Code:
    """Return what a context names of an open document. Raises BadInput if it must not be shown."""
    document = buffers.snapshot(context.uri)
    if document is None:
        raise BadInput(f"{context.uri} is not open in the editor")
    document = clearance.checked(document)

    def offset(place: Place) -> int:
        at = types.Position(place.line, place.character)
        return offset_at(document.text, at, buffers.position_encoding)

    reported = [
        Reported(offset(each.range.start), offset(each.range.end), each.words())
        for each in context.diagnostics
    ]
    if context.range is not None:
        start, end = offset(context.range.start), offset(context.range.end)
        return code_between(document, start, end, reported)
    if context.position is not None:
        return code_around(document, offset(context.position), reported)
    return whole(document, reported)


def folders_of(contexts: Sequence[Context], buffers: Buffers) -> list[Path]:
    """Return the workspace's folders; first those that hold the code, the innermost before all."""
    files = [Path(path) for context in contexts if (path := to_fs_path(context.uri))]

    def depth(folder: Path) -> int:
        holds_code = any(file.is_relative_to(folder) for file in files)
        return len(folder.parts) if holds_code else 0

    return sorted(buffers.roots, key=depth, reverse=True)


def open_files(buffers: Buffers) -> dict[Path, Document]:
    """Return the open documents that are files, by their paths."""
    paths = ((to_fs_path(document.uri), document) for document in buffers.neighbours(""))
    return {Path(os.path.abspath(path)): document for path, document in paths if path}
