"""The protocol that we speak beyond lsprotocol 2025.0.0; described in server/PROTOCOL.md."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from concurrent.futures import Future
from functools import lru_cache
from typing import Any, Literal

import attrs
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol, lsp_method

STATUS = "infill-ls/status"
CURSOR_RESTS = "infill-ls/cursorRests"
SUGGESTION_GREW = "infill-ls/suggestionGrew"
CHAT_DELTA = "infill-ls/chatDelta"

_PATIENCE_S = 5.0
"""Who sends `exit` wants the server to end, whatever it is about."""

Health = Literal["ok", "warning", "error"]


@attrs.frozen
class StatusParams:
    """What `infill-ls/status` tells the editor."""

    health: Health
    busy: bool
    """Whether a host is being asked."""
    message: str
    """One sentence for the user; empty while all is well."""
    until: int | None = None
    """Unix time, in seconds, until which automatic requests leave the preferred back end alone."""
    model: str = ""
    """The name of the model that was asked last; empty before."""


@attrs.frozen
class SuggestionGrewParams:
    """Where `infill-ls/suggestionGrew` says that asking again brings more."""

    text_document: types.VersionedTextDocumentIdentifier
    position: types.Position


@attrs.frozen
class ChatDeltaParams:
    """One more piece of an answer."""

    conversation: str
    message: int
    """The number of the answer in its conversation, from 0."""
    text: str
    work_done_token: types.ProgressToken | None
    """The question's own, if it came with one."""


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


@attrs.define
class CursorRestsParams:
    """Where the cursor rests, and something is likely to be typed."""

    text_document: types.TextDocumentIdentifier
    position: types.Position


@attrs.define
class CursorRestsNotification:
    """The notification around them."""

    params: CursorRestsParams
    method: Literal["infill-ls/cursorRests"] = "infill-ls/cursorRests"
    jsonrpc: str = "2.0"


class Protocol(LanguageServerProtocol):
    """pygls's protocol, which reads the token too, and leaves no request without an answer."""

    _shutting_down: Future[Any] | None = None

    @property
    def is_shut_down(self) -> bool:
        """Whether the editor has asked the server to shut down."""
        return self._shutdown

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(
        self, params: types.InitializeParams
    ) -> Generator[Any, Any, types.InitializeResult]:
        """Answer as pygls does, and announce that commands take a token for progress."""
        result = yield from super().lsp_initialize(params)
        if commands := result.capabilities.execute_command_provider:
            commands.work_done_progress = True
        return result

    @lru_cache  # noqa: B019 - as pygls caches it; there is one protocol a process
    def get_message_type(self, method: str) -> type[Any] | None:
        """Return the type that a message is read into."""
        if method == types.TEXT_DOCUMENT_INLINE_COMPLETION:
            return StreamedInlineCompletionRequest
        if method == CURSOR_RESTS:
            return CursorRestsNotification
        return super().get_message_type(method)

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Read a message; a request that cannot be read is refused, where pygls says nothing."""
        if "jsonrpc" not in data:
            return data
        method, request_id = data.get("method"), data.get("id")
        if isinstance(method, str) and self.get_message_type(method) is None:
            # JSON-RPC lets parameters be left out, the type that pygls falls back on does not.
            data.setdefault("params", None)
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if method and isinstance(request_id, int | str):
                self._send_response(request_id, error=error.to_response_error())
            raise

    def _get_handler(self, feature_name: str) -> Any:
        """Return our handler of commands; pygls's own runs a command on after it was cancelled."""
        if feature_name == types.WORKSPACE_EXECUTE_COMMAND:
            return self.fm.features[feature_name]
        return super()._get_handler(feature_name)

    def _execute_handler(
        self,
        msg_id: int | str,
        handler: Any,
        callback: Any,
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        """Run a handler; pygls 2.1 keeps what became of each notification for ever."""

        def forget(future: Any) -> None:
            # Not at once: at a shutdown, pygls goes through all of them and cancels each.
            asyncio.get_running_loop().call_soon(self._request_futures.pop, msg_id, None)
            callback(future)

        super()._execute_handler(msg_id, handler, forget, args, kwargs)

    def handle_message(self, message: Any) -> None:
        """Handle a message, unless it is a request that comes too early or too late."""
        refusal = self._refusal(message)
        if refusal is None:
            super().handle_message(message)
        else:
            self._send_response(message.id, error=refusal)
        if getattr(message, "method", None) == types.SHUTDOWN:
            self._shutting_down = self._request_futures.get(message.id)

    async def settled(self) -> None:
        """Wait until a shutdown under way is over, so that `exit` does not cut its answer off."""
        if self._shutting_down is not None and not self._shutting_down.done():
            over = asyncio.wrap_future(self._shutting_down)
            await asyncio.wait([over], timeout=_PATIENCE_S)

    def _refusal(self, message: Any) -> types.ResponseError | None:
        """Return the error of a request out of its time, which pygls would leave unanswered.

        https://microsoft.github.io/language-server-protocol/specifications/specification-current/#initialize
        """
        method = getattr(message, "method", None)
        if method is None or not hasattr(message, "id"):
            return None
        if self._shutdown:
            code = types.ErrorCodes.InvalidRequest
            return types.ResponseError(code, "the server has shut down")
        if self._workspace is None and method != types.INITIALIZE:
            code = types.ErrorCodes.ServerNotInitialized
            return types.ResponseError(code, "the server is not initialized")
        return None
