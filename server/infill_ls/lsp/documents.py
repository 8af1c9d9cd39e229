"""The open buffers, kept in step with the editor under pygls's workspace.

pygls 2.1 splits lines at more characters than LSP does, so that a form feed puts edits into the
wrong line, and it builds the whole text anew at each keystroke. Here the text is a `Text`.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from lsprotocol import types
from pygls.protocol import LanguageServerProtocol
from pygls.uris import to_fs_path
from pygls.workspace import PositionCodec, TextDocument, Workspace

from infill_ls.lsp.positions import offset_at
from infill_ls.text import Text
from infill_ls.types import Document

logger = logging.getLogger(__name__)


def install(protocol: LanguageServerProtocol) -> Buffers:
    """Put a workspace of ours in the place of pygls's, and return it.

    To be called by the handler of `initialize`, before any document is open.
    """
    # pygls makes its own just before it calls that handler and has no factory to override.
    protocol._workspace = buffers = Buffers(protocol.workspace)
    return buffers


class Buffer(TextDocument):
    """A document that is open in the editor; it changes, its snapshots do not."""

    def __init__(
        self,
        uri: str,
        text: Text,
        version: int | None,
        language_id: str | None,
        position_codec: PositionCodec,
    ) -> None:
        super().__init__(
            uri, version=version, language_id=language_id, position_codec=position_codec
        )
        self._text = text

    def snapshot(self) -> Document:
        """Return the document as it is now; costs nothing."""
        return Document(self.uri, self.language_id or "", self.version or 0, self._text)

    def apply_change(self, change: types.TextDocumentContentChangeEvent) -> None:
        """Apply a change of a range, clamped into the text, or of the whole text."""
        if isinstance(change, types.TextDocumentContentChangePartial):
            start = self.offset_at_position(change.range.start)
            end = self.offset_at_position(change.range.end)
            self._text = self._text.replace(start, end, change.text)
        else:
            self._text = Text(change.text)

    def offset_at_position(self, client_position: types.Position) -> int:
        """Return the offset of an LSP position, clamped into the text."""
        return offset_at(self._text, client_position, self.position_codec.encoding)

    @property
    def source(self) -> str:
        """The whole text; costs as much as it is long."""
        return str(self._text)

    @property
    def lines(self) -> Sequence[str]:
        """The lines with their ends, without the empty one after the last line end, as in pygls."""
        return tuple(io.StringIO(self.source, newline=""))


class Buffers(Workspace):
    """The documents that are open in the editor; a document that is not open is empty.

    pygls would read such a document from the disk, behind the editor's back.
    """

    def __init__(self, made: Workspace) -> None:
        """Take over the root, the folders and what was agreed with the editor."""
        folders = list(made.folders.values())
        super().__init__(made.root_uri, made._sync_kind, folders, made.position_encoding)
        self._unknown: set[str] = set()  # each is logged once, not at every keystroke

    @property
    def roots(self) -> tuple[Path, ...]:
        """The workspace's folders; none where the editor has only opened files."""
        uris = [*self.folders] or ([self.root_uri] if self.root_uri else [])
        paths = (to_fs_path(uri) for uri in uris)
        return tuple(Path(path) for path in paths if path)

    def neighbours(self, uri: str) -> tuple[Document, ...]:
        """Return the other open documents as they are now, the one last edited first."""
        own = unquote(uri)
        # The order is that of the last change, see `update_text_document`.
        others = (buffer for key, buffer in self._text_documents.items() if key != own)
        return tuple(b.snapshot() for b in reversed([*others]) if isinstance(b, Buffer))

    def snapshot(self, uri: str) -> Document | None:
        """Return a document as it is now, or None if it is not open."""
        buffer = self._text_documents.get(unquote(uri))
        return buffer.snapshot() if isinstance(buffer, Buffer) else None

    def cells(self, document: Document) -> tuple[Document, ...]:
        """Return the code cells of a cell's notebook that have its language, in their order.

        There are none for a document that is no cell.
        """
        notebook = self.get_notebook_document(cell_uri=document.uri)
        if notebook is None:
            return ()
        code = (c.document for c in notebook.cells if c.kind is types.NotebookCellKind.Code)
        found = map(self.snapshot, code)
        return tuple(cell for cell in found if cell and cell.language == document.language)

    def is_current(self, document: Document) -> bool:
        """Tell whether a snapshot still is what is open in the editor."""
        now = self.snapshot(document.uri)
        return now is not None and now.version == document.version and now.text is document.text

    def update_text_document(
        self,
        text_doc: types.VersionedTextDocumentIdentifier,
        change: types.TextDocumentContentChangeEvent,
    ) -> None:
        """Apply a change to an open document; log once that another's changes are dropped."""
        uri = text_doc.uri
        if unquote(uri) in self._text_documents:
            self._text_documents[unquote(uri)] = self._text_documents.pop(unquote(uri))
            super().update_text_document(text_doc, change)
        elif uri not in self._unknown:
            self._unknown.add(uri)
            logger.warning("changes to %s are dropped: the editor has not opened it", uri)

    # Private in pygls, but the one place where it makes a document, of notebook cells too.
    def _create_text_document(
        self,
        doc_uri: str,
        source: str | None = None,
        version: int | None = None,
        language_id: str | None = None,
    ) -> Buffer:
        return Buffer(doc_uri, Text(source or ""), version, language_id, self.position_codec)
