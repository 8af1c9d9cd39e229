"""An editor for tests: pytest-lsp's client, and what it lacks to speak with our server."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import Process
from collections import defaultdict
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any

import attrs
from lsprotocol import types
from pygls.protocol import default_converter
from pytest_lsp.client import DEFAULT_CLIENT_FEATURES, LanguageClient, register_lsp_features
from pytest_lsp.protocol import LanguageClientProtocol

from infill_ls.lsp.protocol import (
    CHAT_DELTA,
    STATUS,
    SUGGESTION_GREW,
    ChatDeltaParams,
    StatusParams,
    StreamedInlineCompletionParams,
)

URI = "file:///project/app.py"
INVOKED = types.InlineCompletionTriggerKind.Invoked
AUTOMATIC = types.InlineCompletionTriggerKind.Automatic

INLINE = types.TextDocumentClientCapabilities(
    inline_completion=types.InlineCompletionClientCapabilities()
)
"""What an editor says of itself that shows ghost text."""
PULLS = types.WorkspaceClientCapabilities(
    configuration=True,
    did_change_configuration=types.DidChangeConfigurationClientCapabilities(
        dynamic_registration=True
    ),
)
"""What an editor says of itself that is asked for its configuration."""

_DEADLINE_S = 60


@attrs.frozen
class _InlineCompletionRequest:
    """A request with the token for partial results, which lsprotocol lacks."""

    id: int | str
    method: str
    params: StreamedInlineCompletionParams
    jsonrpc: str


@attrs.frozen
class _CodeActionResponse:
    """An answer of actions, each of which lsprotocol takes for its command if it has one."""

    id: int | str
    result: list[types.CodeAction] | None
    jsonrpc: str


class _EditorProtocol(LanguageClientProtocol):
    """Sends the token for partial results, and reads code actions."""

    @lru_cache  # noqa: B019 - as pygls caches it
    def get_result_type(self, method: str) -> type[Any] | None:
        if method == types.TEXT_DOCUMENT_CODE_ACTION:
            return _CodeActionResponse
        return super().get_result_type(method)

    @lru_cache  # noqa: B019 - as pygls caches it
    def get_message_type(self, method: str) -> type[Any] | None:
        if method == types.TEXT_DOCUMENT_INLINE_COMPLETION:
            return _InlineCompletionRequest
        return super().get_message_type(method)


class Editor(LanguageClient):
    """One editor with one server; keeps all that the server tells it."""

    def __init__(self) -> None:
        super().__init__(protocol_cls=_EditorProtocol, converter_factory=default_converter)
        self.statuses: list[StatusParams] = []
        self.partial_results: list[list[dict[str, Any]]] = []
        """The values of `$/progress` that belong to a request's partial results."""
        self.chat_deltas: list[ChatDeltaParams] = []
        self.grown: list[types.Position] = []
        """Where the server said that asking again brings more."""
        self.shown_documents: list[types.ShowDocumentParams] = []
        self.applied_edits: list[types.ApplyWorkspaceEditParams] = []
        self.configuration_requests = 0
        self.was_killed = False
        self.registrations: list[types.Registration] = []
        self._encoding = "utf-16"
        self._heard = asyncio.Event()
        self._versions: defaultdict[str, int] = defaultdict(int)
        register_lsp_features(self, {
            **DEFAULT_CLIENT_FEATURES,
            STATUS: _on_status,
            SUGGESTION_GREW: _on_suggestion_grew,
            CHAT_DELTA: _on_chat_delta,
            types.PROGRESS: _on_progress,
            types.WORKSPACE_CONFIGURATION: _on_configuration,
            types.WINDOW_SHOW_MESSAGE: _on_show_message,
            types.WINDOW_SHOW_DOCUMENT: _on_show_document,
            types.WORKSPACE_APPLY_EDIT: _on_apply_edit,
            types.CLIENT_REGISTER_CAPABILITY: _on_register,
        })  # fmt: skip

    @property
    def process(self) -> Process:
        """The server."""
        assert self._server is not None
        return self._server

    async def begin(
        self, options: object = None, capabilities: types.ClientCapabilities | None = None
    ) -> types.InitializeResult:
        """Initialize the server; an editor that says nothing of itself shows ghost text."""
        result = await self.initialize_session(
            types.InitializeParams(
                capabilities=capabilities or types.ClientCapabilities(text_document=INLINE),
                initialization_options=options,
            )
        )
        self._encoding = str(result.capabilities.position_encoding or "utf-16")
        if capabilities and capabilities.workspace and capabilities.workspace.configuration:
            await self.until(lambda: self.configuration_requests > 0)
        return result

    def open(self, marked: str, uri: str = URI) -> types.Position:
        """Open a document; return the position of the mark ‸, which is not part of it."""
        before, _, after = marked.partition("‸")
        item = types.TextDocumentItem(uri, "python", self._next_version(uri), before + after)
        self.text_document_did_open(types.DidOpenTextDocumentParams(item))
        *lines, last = before.split("\n")
        return types.Position(len(lines), self._units(last))

    def replace(self, place: types.Range, text: str, uri: str = URI) -> None:
        """Edit a document."""
        version = types.VersionedTextDocumentIdentifier(self._next_version(uri), uri)
        change = types.TextDocumentContentChangePartial(place, text)
        self.text_document_did_change(types.DidChangeTextDocumentParams(version, [change]))

    async def inline(
        self,
        position: types.Position,
        *,
        trigger: types.InlineCompletionTriggerKind = INVOKED,
        uri: str = URI,
        partial_results: types.ProgressToken | None = None,
        request_id: str | None = None,
    ) -> types.InlineCompletionList | None:
        """Ask for ghost text."""
        params = StreamedInlineCompletionParams(
            types.InlineCompletionContext(trigger),
            types.TextDocumentIdentifier(uri),
            position,
            partial_result_token=partial_results,
        )
        async with asyncio.timeout(_DEADLINE_S):
            answer = await self.protocol.send_request_async(  # type: ignore[no-untyped-call] # pytest-lsp
                types.TEXT_DOCUMENT_INLINE_COMPLETION, params, request_id
            )
        assert answer is None or isinstance(answer, types.InlineCompletionList)
        return answer

    def asking(
        self,
        position: types.Position,
        *,
        trigger: types.InlineCompletionTriggerKind = INVOKED,
        uri: str = URI,
        partial_results: types.ProgressToken | None = None,
        request_id: str | None = None,
    ) -> asyncio.Task[types.InlineCompletionList | None]:
        """Ask for ghost text, and go on."""
        asked = self.inline(
            position,
            trigger=trigger,
            uri=uri,
            partial_results=partial_results,
            request_id=request_id,
        )
        return asyncio.create_task(asked)

    async def text(self, position: types.Position, uri: str = URI) -> str | None:
        """Ask for ghost text; return it, or None if there is none."""
        return text_of(await self.inline(position, uri=uri))

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something that the server tells by itself."""
        async with asyncio.timeout(_DEADLINE_S):
            while not holds():
                self._heard.clear()
                await self._heard.wait()

    def heard(self) -> None:
        """Wake those who wait for what the server tells."""
        self._heard.set()

    async def leave(self) -> int | None:
        """Shut the server down, and return its exit status; it is killed if it does not end."""
        if self.process.returncode is None:
            try:
                async with asyncio.timeout(_DEADLINE_S):
                    await self.shutdown_session()
            except TimeoutError:
                self.process.kill()
        if self.capabilities is None and self.process.returncode is None:
            self.process.kill()
        await self.stop()  # type: ignore[no-untyped-call] # pytest-lsp
        return self.process.returncode

    async def kill(self) -> None:
        """End the server as the system would, without a word."""
        self.was_killed = True
        self.process.kill()
        await self.process.wait()

    def _next_version(self, uri: str) -> int:
        self._versions[uri] += 1
        return self._versions[uri]

    def _units(self, line: str) -> int:
        width = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[self._encoding]
        codec = self._encoding if width == 1 else f"{self._encoding}-le"
        return len(line.encode(codec)) // width


StartEditor = Callable[..., Awaitable[Editor]]
"""Called with options of the command line, and variables of the environment by name."""


def text_of(answer: types.InlineCompletionList | None) -> str | None:
    """Return the text of an answer's first item, or None if it has none."""
    return str(answer.items[0].insert_text) if answer and answer.items else None


def _on_status(editor: Editor, params: Any) -> None:
    until, model = getattr(params, "until", None), getattr(params, "model", "")
    status = StatusParams(params.health, params.busy, params.message, until, model)
    editor.statuses.append(status)
    editor.heard()


def _on_suggestion_grew(editor: Editor, params: Any) -> None:
    editor.grown.append(types.Position(params.position.line, params.position.character))
    editor.heard()


def _on_chat_delta(editor: Editor, params: Any) -> None:
    delta = (params.conversation, params.message, params.text, params.workDoneToken)
    editor.chat_deltas.append(ChatDeltaParams(*delta))
    editor.heard()


def _on_progress(editor: Editor, params: types.ProgressParams) -> None:
    if isinstance(params.value, list):
        editor.partial_results.append(params.value)
    else:
        DEFAULT_CLIENT_FEATURES[types.PROGRESS](editor, params)
    editor.heard()


def _on_configuration(editor: Editor, params: types.ConfigurationParams) -> list[object]:
    editor.configuration_requests += 1
    editor.heard()
    return [editor.get_configuration(section=item.section) for item in params.items]


def _on_show_message(editor: Editor, params: types.ShowMessageParams) -> None:
    editor.messages.append(params)
    editor.heard()


def _on_show_document(editor: Editor, params: types.ShowDocumentParams) -> types.ShowDocumentResult:
    editor.shown_documents.append(params)
    editor.heard()
    return types.ShowDocumentResult(success=True)


def _on_apply_edit(
    editor: Editor, params: types.ApplyWorkspaceEditParams
) -> types.ApplyWorkspaceEditResult:
    editor.applied_edits.append(params)
    editor.heard()
    return types.ApplyWorkspaceEditResult(applied=True)


def _on_register(editor: Editor, params: types.RegistrationParams) -> None:
    editor.registrations += params.registrations
    editor.heard()
