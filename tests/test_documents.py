"""Open buffers under a pygls server that is spoken to in JSON, as an editor does."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.lsp.server import LanguageServer

from infill_ls.lsp.documents import install
from infill_ls.text import Text
from infill_ls.types import Document

URI = "file:///project/a%20b.c"


class Editor:
    """An editor that speaks to a server whose initialize handler calls `install`."""

    def __init__(self, encoding: str = "utf-16") -> None:
        self.server = LanguageServer("test", "1", notebook_document_sync=NOTEBOOKS)
        self.server.protocol.set_writer(self, include_headers=False)
        self.answers: list[Any] = []

        @self.server.feature(types.INITIALIZE)
        def initialize(params: types.InitializeParams) -> None:
            self.buffers = install(self.server.protocol)

        self.send(
            types.INITIALIZE,
            {
                "processId": None,
                "rootUri": "file:///work",
                "workspaceFolders": [{"uri": "file:///project/part", "name": "part"}],
                "capabilities": {"general": {"positionEncodings": [encoding]}},
            },
            id=1,
        )

    def write(self, data: bytes) -> None:
        self.answers.append(json.loads(data))

    def close(self) -> None:
        """Be a writer for pygls, which closes it on exit."""

    def send(self, method: str, params: dict[str, Any], **more: int) -> None:
        message = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **more})
        protocol = self.server.protocol
        protocol.handle_message(protocol.structure_message(json.loads(message)))

    def open(self, text: str) -> None:
        item = {"uri": URI, "languageId": "c", "version": 1, "text": text}
        self.send(types.TEXT_DOCUMENT_DID_OPEN, {"textDocument": item})

    def change(self, *changes: dict[str, Any], uri: str = URI) -> None:
        document = {"uri": uri, "version": 2}
        params = {"textDocument": document, "contentChanges": changes}
        self.send(types.TEXT_DOCUMENT_DID_CHANGE, params)

    def shut(self) -> None:
        self.send(types.TEXT_DOCUMENT_DID_CLOSE, {"textDocument": {"uri": URI}})

    @property
    def document(self) -> Document:
        document = self.buffers.snapshot(URI)
        assert document is not None
        return document


NOTEBOOKS = types.NotebookDocumentSyncOptions(
    notebook_selector=[types.NotebookDocumentFilterWithNotebook(notebook="jupyter-notebook")]
)


def edit(start: tuple[int, int], end: tuple[int, int], text: str) -> dict[str, Any]:
    """Return the change of a range, each end given as line and character."""
    places = [{"line": line, "character": character} for line, character in (start, end)]
    return {"range": dict(zip(("start", "end"), places, strict=True)), "text": text}


def test_snapshot_holds_what_the_editor_sent() -> None:
    """Opening a document is enough to have its snapshot."""
    editor = Editor()

    editor.open("int a;\n")

    assert editor.document == Document(URI, "c", 1, Text("int a;\n"))


def test_changes_are_applied_in_order() -> None:
    """Each change of a message sees the text that those before it left."""
    editor = Editor()
    editor.open("a\nb\n")

    editor.change(
        edit((0, 0), (0, 1), "x\ny"), edit((1, 1), (2, 0), "-"), edit((9, 9), (9, 9), "!")
    )

    assert str(editor.document.text) == "x\ny-b\n!"
    assert editor.document.version == 2


def test_change_without_a_range_is_the_whole_text() -> None:
    """An editor may send the whole text, also between changes of ranges."""
    editor = Editor()
    editor.open("old")

    editor.change(edit((0, 0), (0, 3), "gone"), {"text": "new\n"}, edit((1, 0), (1, 0), "end"))

    assert str(editor.document.text) == "new\nend"


def test_form_feed_does_not_move_an_edit() -> None:
    """A C file with a form feed is edited at the line the editor means."""
    editor = Editor()
    editor.open('#include "a.h"\n\f\nint one;\nint two;\n')

    editor.change(edit((2, 4), (2, 7), "first"))

    assert str(editor.document.text) == '#include "a.h"\n\f\nint first;\nint two;\n'


def test_snapshot_stays_when_the_document_changes() -> None:
    """A request goes on with the text it came with."""
    editor = Editor()
    editor.open("before")
    snapshot = editor.document

    editor.change({"text": "after"})

    assert (str(snapshot.text), snapshot.version) == ("before", 1)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (edit((0, 2), (0, 0), "X"), "X\r\ncd"),  # inverted: swapped
        (edit((1, 2), (0, 2), "X"), "abX"),
        (edit((0, 9), (1, 0), "X"), "abXcd"),  # beyond the line: before its end
        (edit((1, 1), (7, 7), "X"), "ab\r\ncX"),  # beyond the last line: the end
        (edit((7, 7), (8, 8), "X"), "ab\r\ncdX"),
        (edit((9, 9), (0, 0), "X"), "X"),
    ],
)
def test_range_outside_is_clamped(change: dict[str, Any], expected: str) -> None:
    """A range that is not in the text is cut to it, an inverted one is swapped."""
    editor = Editor()
    editor.open("ab\r\ncd")

    editor.change(change)

    assert str(editor.document.text) == expected


@pytest.mark.parametrize(("encoding", "character"), [("utf-8", 5), ("utf-16", 3), ("utf-32", 2)])
def test_agreed_encoding_counts(encoding: str, character: int) -> None:
    """Characters are counted in the encoding that was agreed on."""
    editor = Editor(encoding)
    editor.open("x😀y")

    editor.change(edit((0, character), (0, character + 1), "z"))

    assert editor.answers[0]["result"]["capabilities"]["positionEncoding"] == encoding
    assert str(editor.document.text) == "x😀z"


def test_lone_surrogate_is_replaced() -> None:
    """Half an emoji, which JSON can carry, does not make the text impossible to encode."""
    editor = Editor()
    editor.open("a\ud83d")

    editor.change(edit((0, 2), (0, 2), "\ude00b"))

    assert str(editor.document.text) == "a\ufffd\ufffdb"


def test_change_of_an_unopened_document_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """A confused editor neither stops the server nor floods its log."""
    editor = Editor()
    editor.open("text")

    with caplog.at_level(logging.WARNING):
        editor.change({"text": "a"}, {"text": "b"}, uri="file:///other.c")
        editor.change({"text": "c"}, uri="file:///other.c")

    assert [record.name for record in caplog.records] == ["infill_ls.lsp.documents"]
    assert "file:///other.c" in caplog.text
    assert editor.buffers.snapshot("file:///other.c") is None
    assert str(editor.document.text) == "text"
    assert len(editor.answers) == 1


def test_closed_document_has_no_snapshot() -> None:
    """A document is known from its opening to its closing."""
    editor = Editor()
    editor.open("text")

    editor.shut()

    assert editor.buffers.snapshot(URI) is None


def test_disk_is_not_read(tmp_path: Path) -> None:
    """A file that the editor has not opened is empty to us, whatever the disk holds."""
    path = tmp_path / "secret.c"
    path.write_text("secret", encoding="utf-8")
    buffers = Editor().buffers

    assert buffers.snapshot(path.as_uri()) is None
    assert buffers.get_text_document(path.as_uri()).source == ""


def test_uri_may_be_quoted_in_another_way() -> None:
    """Editors disagree on what to quote; pygls and we take both spellings for one document."""
    editor = Editor()
    editor.open("text")

    assert editor.buffers.snapshot("file:///project/a b.c") == editor.document


def test_install_keeps_what_pygls_was_told() -> None:
    """Root, folders, encoding and kind of sync are those of the workspace that pygls made."""
    editor = Editor("utf-32")

    assert editor.server.workspace is editor.buffers
    assert editor.buffers.root_uri == "file:///work"
    assert list(editor.buffers.folders) == ["file:///project/part"]
    assert editor.buffers.position_encoding == types.PositionEncodingKind.Utf32
    sync = editor.answers[0]["result"]["capabilities"]["textDocumentSync"]
    assert sync["change"] == types.TextDocumentSyncKind.Incremental


def test_notebook_cells_are_buffers() -> None:
    """The cells of a notebook are opened, changed and closed like any document."""
    editor = Editor()
    notebook = {"uri": "file:///project/n.ipynb", "notebookType": "jupyter-notebook", "version": 1}
    uri = "file:///project/n.ipynb#1"
    cell = {"uri": uri, "languageId": "python", "version": 1, "text": "a\fb"}
    content = {"document": {"uri": uri, "version": 2}, "changes": [edit((0, 2), (0, 3), "c")]}

    editor.send(
        types.NOTEBOOK_DOCUMENT_DID_OPEN,
        {
            "notebookDocument": {**notebook, "cells": [{"kind": 2, "document": uri}]},
            "cellTextDocuments": [cell],
        },
    )
    editor.send(
        types.NOTEBOOK_DOCUMENT_DID_CHANGE,
        {"notebookDocument": notebook, "change": {"cells": {"textContent": [content]}}},
    )

    assert editor.buffers.snapshot(uri) == Document(uri, "python", 2, Text("a\fc"))


def test_pygls_sees_our_lines() -> None:
    """What pygls itself derives from a document agrees with the text."""
    editor = Editor()
    editor.open("one\ftwo\r\nthree\rfour\n")

    document = editor.server.workspace.get_text_document(URI)

    assert document.lines == ("one\ftwo\r\n", "three\r", "four\n")
    assert document.source == "one\ftwo\r\nthree\rfour\n"
    assert document.offset_at_position(types.Position(2, 2)) == 17
    assert document.word_at_position(types.Position(1, 2)) == "three"
