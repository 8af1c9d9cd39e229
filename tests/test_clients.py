"""What is known of editors by their names."""

from __future__ import annotations

import pytest
from lsprotocol.types import ClientInfo, InlineCompletionTriggerKind

from infill_ls.lsp.clients import waited_ms


@pytest.mark.parametrize(
    ("name", "trigger", "waited"),
    [
        ("Neovim", InlineCompletionTriggerKind.Automatic, 200),
        ("Neovim", InlineCompletionTriggerKind.Invoked, 0),
        ("Visual Studio Code", InlineCompletionTriggerKind.Automatic, 0),
        ("Eglot", InlineCompletionTriggerKind.Automatic, 0),
        (None, InlineCompletionTriggerKind.Automatic, 0),
    ],
)
def test_neovim_has_waited_before_it_asks(
    name: str | None, trigger: InlineCompletionTriggerKind, waited: float
) -> None:
    """Only its automatic requests come late; one that does not say who it is has not waited."""
    client = ClientInfo(name) if name else None

    assert waited_ms(client, trigger) == waited
