"""What is particular to editors that are known by name."""

from __future__ import annotations

from lsprotocol import types

_NEOVIM_WAITS_MS = 200.0
"""Fixed in Neovim's runtime/lua/vim/lsp/inline_completion.lua."""


def waited_ms(client: types.ClientInfo | None, trigger: types.InlineCompletionTriggerKind) -> float:
    """Return how long the editor has waited, after the last key, before it asked."""
    is_neovim = client is not None and client.name == "Neovim"
    is_automatic = trigger is types.InlineCompletionTriggerKind.Automatic
    return _NEOVIM_WAITS_MS if is_neovim and is_automatic else 0.0
