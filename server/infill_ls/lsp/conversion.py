"""Between LSP's values and ours."""

from __future__ import annotations

import re

from lsprotocol import types

from infill_ls.lsp.documents import Buffers
from infill_ls.lsp.positions import offset_at, position_at
from infill_ls.types import Completion, CompletionRequest, Document, Trigger

_WORD = re.compile(r"\w*\Z")
_LONGEST_WORD = 200


def request_at(
    buffers: Buffers,
    uri: str,
    position: types.Position,
    trigger: Trigger,
    *,
    waited_ms: float = 0.0,
) -> CompletionRequest | None:
    """Return the request for a position as the document is now, or None if it is not open.

    `waited_ms` is how long the editor has waited before it asked.
    """
    document = buffers.snapshot(uri)
    if document is None:
        return None
    offset = offset_at(document.text, position, buffers.position_encoding)
    neighbours = buffers.neighbours(uri)
    return CompletionRequest(document, offset, trigger, neighbours, waited_ms)


def trigger_of(kind: types.InlineCompletionTriggerKind) -> Trigger:
    """Return what made the editor ask."""
    invoked = kind is types.InlineCompletionTriggerKind.Invoked
    return Trigger.INVOKED if invoked else Trigger.AUTOMATIC


def inline_item(
    completion: Completion, document: Document, buffers: Buffers
) -> types.InlineCompletionItem:
    """Return the completion as ghost text.

    It has no `filterText`: editors filter by the text to insert, of which the range holds nothing
    but what that text begins with or, where the editor has closed brackets, has in it.
    """
    return types.InlineCompletionItem(
        insert_text=in_the_editor(completion.text),
        range=range_of(completion.start, completion.end, document, buffers),
    )


def menu_item(completion: Completion, document: Document, buffers: Buffers) -> types.CompletionItem:
    """Return the completion as an item of the completion menu.

    Menus filter by the word at the cursor, and some insist that the label begins with it; so the
    item replaces that word by itself and what follows.
    """
    before = document.text.before(completion.start, _LONGEST_WORD)
    found = _WORD.search(before)
    word = found.group() if found else ""
    text = word + in_the_editor(completion.text)
    label = text.strip().splitlines()[0]
    return types.CompletionItem(
        label=label,
        kind=types.CompletionItemKind.Text,
        detail="infill-ls",
        documentation=text,
        sort_text="\0",
        filter_text=word or label,
        insert_text_format=types.InsertTextFormat.PlainText,
        insert_text_mode=types.InsertTextMode.AsIs,
        text_edit=types.TextEdit(
            range=range_of(completion.start - len(word), completion.end, document, buffers),
            new_text=text,
        ),
    )


def in_the_editor(text: str) -> str:
    """Return the text with LF for each line end: editors put in the document's own themselves.

    Neovim would draw and insert a carriage return as a character.
    """
    return text.replace("\r\n", "\n").replace("\r", "\n")


def range_of(start: int, end: int, document: Document, buffers: Buffers) -> types.Range:
    """Return the range [start, end), offsets of a document."""
    encoding = buffers.position_encoding
    return types.Range(
        position_at(document.text, start, encoding), position_at(document.text, end, encoding)
    )
