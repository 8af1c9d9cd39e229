"""LSP's values become ours and ours LSP's, in the positions that editor and server agreed on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lsprotocol import types
from pygls.workspace import Workspace

from infill_ls.lsp.conversion import inline_item, menu_item, request_at, trigger_of
from infill_ls.lsp.documents import Buffers
from infill_ls.types import Completion, Document, Report, Trigger

URI = "file:///project/a.py"
REPORT = Report("tgi", "codellama", None, 1.0, None, 1)
ENCODINGS = types.PositionEncodingKind

Opened = tuple[Buffers, Document, int]
"""The open documents, the one of the test, and the offset of its cursor."""


@pytest.fixture
def opened() -> Callable[..., Opened]:
    """Opens a document in which ‸ marks the cursor."""

    def open_document(
        marked: str, encoding: types.PositionEncodingKind = ENCODINGS.Utf16
    ) -> Opened:
        before, after = marked.split("‸")
        buffers = Buffers(Workspace(None, position_encoding=encoding))
        buffers.put_text_document(types.TextDocumentItem(URI, "python", 3, before + after))
        document = buffers.snapshot(URI)
        assert document is not None
        return buffers, document, len(before)

    return open_document


def at(line: int, start: int, end: int) -> types.Range:
    """A range inside a line."""
    return types.Range(types.Position(line, start), types.Position(line, end))


def completion(text: str, offset: int, replaced: int = 0) -> Completion:
    """A completion at an offset."""
    return Completion(text, offset, offset + replaced, "end", REPORT)


def test_a_request_has_the_document_as_it_is(opened: Callable[..., Opened]) -> None:
    """The request holds language, version and text, and the cursor in code points."""
    buffers, document, _ = opened("a\n🙂b‸\n")

    request = request_at(buffers, URI, types.Position(1, 3), Trigger.INVOKED)

    assert request is not None
    assert request.document == document
    assert (document.uri, document.language, document.version) == (URI, "python", 3)
    assert request.document.text.before(request.offset, 3) == "\n🙂b"
    assert request.trigger is Trigger.INVOKED


def test_there_is_no_request_for_a_document_that_is_not_open(
    opened: Callable[..., Opened],
) -> None:
    """Another document than those that are open gives None."""
    buffers, _, _ = opened("‸")

    request = request_at(buffers, "file:///project/b.py", types.Position(0, 0), Trigger.INVOKED)

    assert request is None


def test_triggers_are_told_apart() -> None:
    """LSP's two kinds are our two."""
    kinds = types.InlineCompletionTriggerKind

    triggers = [trigger_of(kinds.Invoked), trigger_of(kinds.Automatic)]

    assert triggers == [Trigger.INVOKED, Trigger.AUTOMATIC]


@pytest.mark.parametrize(
    ("encoding", "start", "end"),
    [(ENCODINGS.Utf8, 5, 9), (ENCODINGS.Utf16, 3, 5), (ENCODINGS.Utf32, 2, 3)],
)
def test_a_range_counts_in_the_agreed_encoding(
    opened: Callable[..., Opened], encoding: types.PositionEncodingKind, start: int, end: int
) -> None:
    """What is replaced is given in units of UTF-8, UTF-16 or UTF-32."""
    buffers, document, cursor = opened("x\n🙂(‸🙃)\n", encoding)

    item = inline_item(completion("y", cursor, replaced=1), document, buffers)

    assert item == types.InlineCompletionItem("y", range=at(1, start, end))


@pytest.mark.parametrize(
    ("marked", "text", "new_text", "label", "filter_text", "place"),
    [
        ("    ret‸", "urn n", "return n", "return n", "ret", at(0, 4, 7)),
        ("f(‸)", "a, b", "a, b", "a, b", "a, b", at(0, 2, 2)),
        ("if x:‸", "\n    y\n    z", "\n    y\n    z", "y", "y", at(0, 5, 5)),
        ("if x‸", ":\n    y", "x:\n    y", "x:", "x", at(0, 3, 4)),
        ("größe‸", " = 1", "größe = 1", "größe = 1", "größe", at(0, 0, 5)),
        ("🙂 a_1‸", "0", "a_10", "a_10", "a_1", at(0, 3, 6)),
    ],
    ids=["word", "no word", "next line", "word and line", "umlaut", "behind an emoji"],
)
def test_a_menu_item_begins_with_the_word_at_the_cursor(
    opened: Callable[..., Opened],
    marked: str,
    text: str,
    new_text: str,
    label: str,
    filter_text: str,
    place: types.Range,
) -> None:
    """Menus filter by that word: the item shows it, is found by it, and replaces it by itself."""
    buffers, document, cursor = opened(marked)

    item = menu_item(completion(text, cursor), document, buffers)

    assert item.text_edit == types.TextEdit(place, new_text)
    assert (item.label, item.filter_text) == (label, filter_text)
    assert "\n" not in item.label


def test_a_menu_item_is_the_first_and_goes_in_as_it_is(opened: Callable[..., Opened]) -> None:
    """It sorts before all others, and neither snippets nor indentation change its text."""
    buffers, document, cursor = opened("a‸")

    item = menu_item(completion("$1", cursor), document, buffers)

    assert item.sort_text == "\0"
    assert item.insert_text_format is types.InsertTextFormat.PlainText
    assert item.insert_text_mode is types.InsertTextMode.AsIs


def test_the_word_before_a_long_line_is_looked_for_nearby(opened: Callable[..., Opened]) -> None:
    """A line without end is not searched to its beginning."""
    buffers, document, cursor = opened("a" * 100_000 + "‸")

    item = menu_item(completion("b", cursor), document, buffers)

    assert item.text_edit is not None
    assert len(item.text_edit.new_text) < 1_000
    assert item.text_edit.new_text.endswith("ab")
