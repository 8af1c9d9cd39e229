"""A cell of a notebook, which a model is shown with the code of the other cells around it.

What is asked goes through here for every document; one that is no cell passes as it is.
"""

from __future__ import annotations

from dataclasses import replace

from lsprotocol import types

from infill_ls.completion.ask import Grow
from infill_ls.lsp.language_server import Server
from infill_ls.text import Text
from infill_ls.types import Completion, CompletionRequest

_BETWEEN = "\n\n"
"""As in a script that a notebook is exported to."""


def register(server: Server) -> None:
    """Add the handlers to the server."""
    server.feature(types.NOTEBOOK_DOCUMENT_DID_CHANGE)(did_change)
    server.feature(types.NOTEBOOK_DOCUMENT_DID_CLOSE)(did_close)


def did_change(server: Server, params: types.DidChangeNotebookDocumentParams) -> None:
    """Look what became of what was suggested in a cell; the change itself is applied already."""
    cells = params.change.cells
    for changed in (cells and cells.text_content) or ():
        if document := server.buffers.snapshot(changed.document.uri):
            server.measuring.changed(document)


def did_close(server: Server, params: types.DidCloseNotebookDocumentParams) -> None:
    """Forget the cells."""
    for cell in params.cell_text_documents:
        server.measuring.closed(cell.uri)


async def complete(
    server: Server, request: CompletionRequest, grow: Grow | None = None
) -> Completion | None:
    """Complete in a document; as `Session.complete`."""
    whole, start = _with_cells(server, request)

    def grown(completion: Completion) -> None:
        if grow is not None:
            grow(_moved(completion, -start))

    completion = await server.session.complete(whole, grown if grow else None)
    return completion and _moved(completion, -start)


async def alternatives(
    server: Server, request: CompletionRequest, shown: Completion
) -> tuple[Completion, ...]:
    """Return what else the model says there; as `Session.alternatives`."""
    whole, start = _with_cells(server, request)
    others = await server.session.alternatives(whole, _moved(shown, start))
    return tuple(_moved(other, -start) for other in others)


async def prepare(server: Server, request: CompletionRequest) -> None:
    """Prepare for completions at a place; as `Session.prepare`."""
    whole, _ = _with_cells(server, request)
    await server.session.prepare(whole)


def _with_cells(server: Server, request: CompletionRequest) -> tuple[CompletionRequest, int]:
    """Return the request as it is in the text of all cells, and where the cell begins in that."""
    document = request.document
    cells = server.buffers.cells(document)
    uris = [cell.uri for cell in cells]
    if document.uri not in uris:
        return request, 0
    number = uris.index(document.uri)
    above = "".join(f"{cell.text}{_BETWEEN}" for cell in cells[:number])
    below = "".join(f"{_BETWEEN}{cell.text}" for cell in cells[number + 1 :])
    whole = replace(document, text=Text(f"{above}{document.text}{below}"))
    others = tuple(other for other in request.neighbours if other.uri not in uris)
    start = len(above)
    return replace(request, document=whole, offset=request.offset + start, neighbours=others), start


def _moved(completion: Completion, by: int) -> Completion:
    return replace(completion, start=completion.start + by, end=completion.end + by)
