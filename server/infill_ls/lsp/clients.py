"""What is particular to editors that are known by name."""

from __future__ import annotations

from lsprotocol import types

from infill_ls.lsp.protocol import StreamedInlineCompletionParams

_NEOVIM_WAITS_MS = 200.0
"""Fixed in Neovim's runtime/lua/vim/lsp/inline_completion.lua, which takes no partial results."""


def waited_ms(client: types.ClientInfo | None, params: StreamedInlineCompletionParams) -> float:
    """Return how long the editor has waited, after the last key, before it asked."""
    is_neovim = client is not None and client.name == "Neovim"
    is_automatic = params.context.trigger_kind is types.InlineCompletionTriggerKind.Automatic
    is_built_in = is_neovim and params.partial_result_token is None
    return _NEOVIM_WAITS_MS if is_built_in and is_automatic else 0.0
