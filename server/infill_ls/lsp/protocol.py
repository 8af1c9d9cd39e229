"""The protocol that we speak beyond lsprotocol 2025.0.0; described in server/PROTOCOL.md."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

import attrs
from lsprotocol import types
from pygls.protocol import LanguageServerProtocol

STATUS = "infill-ls/status"

Health = Literal["ok", "warning", "error"]


@attrs.frozen
class StatusParams:
    """What `infill-ls/status` tells the editor."""

    health: Health
    busy: bool
    """Whether a host is being asked."""
    message: str
    """One sentence for the user; empty while all is well."""


@attrs.define
class StreamedInlineCompletionParams(types.InlineCompletionParams):
    """LSP 3.18's parameters with the token for partial results, which lsprotocol leaves out."""

    partial_result_token: types.ProgressToken | None = None


@attrs.define
class StreamedInlineCompletionRequest:
    """The request around them."""

    id: int | str
    params: StreamedInlineCompletionParams
    method: Literal["textDocument/inlineCompletion"] = "textDocument/inlineCompletion"
    jsonrpc: str = "2.0"


class Protocol(LanguageServerProtocol):
    """pygls's protocol, which reads the token too."""

    @lru_cache  # noqa: B019 - as pygls caches it; there is one protocol a process
    def get_message_type(self, method: str) -> type[Any] | None:
        """Return the type that a message is read into."""
        if method == types.TEXT_DOCUMENT_INLINE_COMPLETION:
            return StreamedInlineCompletionRequest
        return super().get_message_type(method)
