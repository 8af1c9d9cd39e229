"""A notebook's cells: each is completed with the others around it."""

from __future__ import annotations

import pytest
from lsprotocol import types

from e2e.editor import INLINE, Editor, text_of
from e2e.server import NOT_AHEAD, served_by
from fakes.host import FakeHost

NOTEBOOK = "file:///project/prices.ipynb"
CODE, MARKUP = types.NotebookCellKind.Code, types.NotebookCellKind.Markup


def cell(number: int) -> str:
    """Return a cell's address, as VS Code makes it."""
    return f"vscode-notebook-cell:/project/prices.ipynb#cell{number}"


def open_notebook(editor: Editor, *cells: tuple[types.NotebookCellKind, str, str]) -> None:
    """Open one with cells of a kind, a language and a text."""
    kinds = [types.NotebookCell(kind, cell(at)) for at, (kind, _, _) in enumerate(cells)]
    documents = [
        types.TextDocumentItem(cell(at), language, 1, text)
        for at, (_, language, text) in enumerate(cells)
    ]
    notebook = types.NotebookDocument(NOTEBOOK, "jupyter-notebook", 1, kinds)
    editor.notebook_document_did_open(types.DidOpenNotebookDocumentParams(notebook, documents))


def change(editor: Editor, version: int, change: types.NotebookDocumentChangeEvent) -> None:
    notebook = types.VersionedNotebookDocumentIdentifier(version, NOTEBOOK)
    editor.notebook_document_did_change(types.DidChangeNotebookDocumentParams(notebook, change))


def prompt_of(host: FakeHost) -> str:
    """Return what the host was shown."""
    return str(host.asked[-1].request.json["inputs"])


@pytest.fixture
async def notebook(editor: Editor, host: FakeHost) -> Editor:
    """An editor with a notebook of three cells of code and one of prose."""
    can = types.NotebookDocumentSyncClientCapabilities()
    capabilities = types.ClientCapabilities(
        text_document=INLINE,
        notebook_document=types.NotebookDocumentClientCapabilities(can),
    )
    result = await editor.begin(served_by(host, prompt=NOT_AHEAD), capabilities)
    assert result.capabilities.notebook_document_sync is not None
    open_notebook(
        editor,
        (CODE, "python", "import decimal"),
        (MARKUP, "markdown", "Prices are net."),
        (CODE, "python", "# 🧾\ndef gross(price):\n    return "),
        (CODE, "python", "print(gross(decimal.Decimal(1)))"),
    )
    return editor


async def test_a_cell_is_completed_with_the_cells_around_it(
    notebook: Editor, host: FakeHost
) -> None:
    """The model is shown the code above and below; the range is the cell's own."""
    host.answers("price * 1.19")

    answer = await notebook.inline(types.Position(2, 11), uri=cell(2))

    assert text_of(answer) == "price * 1.19"
    assert answer is not None
    assert answer.items[0].range == types.Range(types.Position(2, 11), types.Position(2, 11))
    suffix, prefix = prompt_of(host).split("<MID>")
    assert "import decimal\n\n# 🧾\ndef gross(price):\n    return" in prefix
    assert "print(gross(" in suffix
    assert "net" not in prompt_of(host)


async def test_partial_results_have_the_cells_own_range(notebook: Editor, host: FakeHost) -> None:
    """What grows stands where the answer will."""
    gate = host.gate()
    host.answers("price", " * 1.19", gate=gate)
    asking = notebook.asking(types.Position(2, 11), uri=cell(2), partial_results=1)

    gate.open()
    await notebook.until(lambda: bool(notebook.partial_results))
    gate.stand_open()
    await asking

    grown = [(item["insertText"], item["range"]["start"]) for [item] in notebook.partial_results]
    assert grown[0] == ("price", {"line": 2, "character": 11})


async def test_changes_of_the_notebook_are_followed(notebook: Editor, host: FakeHost) -> None:
    """A cell that was typed into, moved away or put in is what the model sees."""
    new = types.TextDocumentItem(cell(9), "python", 1, "VAT = 1.19")
    array = types.NotebookCellArrayChange(0, 1, [types.NotebookCell(CODE, cell(9))])
    structure = types.NotebookDocumentCellChangeStructure(
        array, did_open=[new], did_close=[types.TextDocumentIdentifier(cell(0))]
    )
    changes = types.NotebookDocumentCellChanges(structure)
    change(notebook, 2, types.NotebookDocumentChangeEvent(cells=changes))
    end = types.Position(2, 11)
    typed = types.TextDocumentContentChangePartial(types.Range(end, end), "price * ")
    content = types.NotebookDocumentCellContentChanges(
        types.VersionedTextDocumentIdentifier(2, cell(2)), [typed]
    )
    changes = types.NotebookDocumentCellChanges(text_content=[content])
    change(notebook, 3, types.NotebookDocumentChangeEvent(cells=changes))
    host.answers("VAT")

    answer = await notebook.text(types.Position(2, 19), uri=cell(2))

    assert answer == "VAT"
    assert "VAT = 1.19\n\n# 🧾\ndef gross(price):\n    return price *" in prompt_of(host)
    assert "import decimal" not in prompt_of(host)
