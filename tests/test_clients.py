"""What is known of editors by their names."""

from __future__ import annotations

import pytest
from lsprotocol.types import (
    ClientInfo,
    InlineCompletionContext,
    InlineCompletionTriggerKind,
    Position,
    TextDocumentIdentifier,
)

from infill_ls.lsp.clients import waited_ms
from infill_ls.lsp.protocol import StreamedInlineCompletionParams

AUTOMATIC, INVOKED = InlineCompletionTriggerKind.Automatic, InlineCompletionTriggerKind.Invoked


@pytest.mark.parametrize(
    ("name", "trigger", "token", "waited"),
    [
        ("Neovim", AUTOMATIC, None, 200),
        ("Neovim", AUTOMATIC, "partial", 0),
        ("Neovim", INVOKED, None, 0),
        ("Visual Studio Code", AUTOMATIC, None, 0),
        ("Eglot", AUTOMATIC, None, 0),
        (None, AUTOMATIC, None, 0),
    ],
)
def test_neovim_has_waited_before_it_asks(
    name: str | None, trigger: InlineCompletionTriggerKind, token: str | None, waited: float
) -> None:
    """Only automatic requests of its own come late, and those are for no partial results."""
    client = ClientInfo(name) if name else None
    params = StreamedInlineCompletionParams(
        context=InlineCompletionContext(trigger),
        text_document=TextDocumentIdentifier("file:///a.py"),
        position=Position(0, 0),
        partial_result_token=token,
    )

    assert waited_ms(client, params) == waited
