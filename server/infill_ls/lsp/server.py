"""The language server: thin handlers that take a snapshot, call the core, convert the answer."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from importlib import import_module

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from infill_ls.completion.latest import Superseded
from infill_ls.lsp import actions, chat, commands, documents, notebooks
from infill_ls.lsp.clients import waited_ms
from infill_ls.lsp.conversion import inline_item, menu_item, request_at, trigger_of
from infill_ls.lsp.language_server import Server
from infill_ls.lsp.log import forward_to_editor
from infill_ls.lsp.protocol import (
    CURSOR_RESTS,
    SUGGESTION_GREW,
    CursorRestsParams,
    StreamedInlineCompletionParams,
    SuggestionGrewParams,
)
from infill_ls.lsp.session import Failed
from infill_ls.settings.read import Layer
from infill_ls.settings.sources import SECTION
from infill_ls.types import Completion, CompletionRequest, Trigger

logger = logging.getLogger(__name__)


def create(below: tuple[Layer, ...], above: tuple[Layer, ...]) -> Server:
    """Return a server with all its handlers; see `Server` for the layers of settings."""
    server = Server(below, above)
    server.feature(types.INITIALIZE)(initialize)
    server.feature(types.INITIALIZED)(initialized)
    server.feature(types.SHUTDOWN)(shutdown)
    server.feature(types.TEXT_DOCUMENT_DID_OPEN)(did_open)
    server.feature(types.TEXT_DOCUMENT_DID_CHANGE)(did_change)
    server.feature(types.TEXT_DOCUMENT_DID_CLOSE)(did_close)
    server.feature(CURSOR_RESTS)(cursor_rests)
    server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)(did_change_configuration)
    server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())(
        inline_completion
    )
    server.feature(types.WORKSPACE_EXECUTE_COMMAND)(commands.execute)
    commands.register(server)
    chat.register(server)
    actions.register(server)
    notebooks.register(server)
    forward_to_editor(server)
    return server


def initialize(server: Server, params: types.InitializeParams) -> None:
    """Take the editor's options; offer the completion menu where there is no inline completion."""
    server.buffers = documents.install(server.protocol)
    server.client = params.client_info
    server.session.initialize(params.initialization_options)
    text_document = params.capabilities.text_document
    if text_document is None or text_document.inline_completion is None:
        server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions())(completion_menu)


async def initialized(server: Server, params: types.InitializedParams) -> None:
    """Ask for the editor's configuration, and to be told when it changes."""
    await _pull_configuration(server)
    server.session.complain_of_settings()
    workspace = server.client_capabilities.workspace
    changes = workspace and workspace.did_change_configuration
    if changes and changes.dynamic_registration:
        method = types.WORKSPACE_DID_CHANGE_CONFIGURATION
        options = types.DidChangeConfigurationRegistrationOptions(section=SECTION)
        registration = types.Registration(id=method, method=method, register_options=options)
        await server.client_register_capability_async(types.RegistrationParams([registration]))
    # pygls would log that this was cancelled, if the editor leaves meanwhile.
    server.importing = asyncio.create_task(_import_ahead(), name="import ahead")


async def _import_ahead() -> None:
    """Import what the first request needs, so that it need not wait."""
    for module in (
        "infill_ls.backends.connect",
        "infill_ls.privacy",
        "infill_ls.completion.cursor.lines",
        "infill_ls.measurement.measurement",
    ):
        await asyncio.to_thread(import_module, module)


async def _pull_configuration(server: Server) -> bool:
    """Ask the editor for our section; tell whether it has answered."""
    workspace = server.client_capabilities.workspace
    if workspace is None or not workspace.configuration:
        return False
    items = [types.ConfigurationItem(section=SECTION)]
    try:
        answer = await server.workspace_configuration_async(types.ConfigurationParams(items))
    except JsonRpcException as error:
        logger.warning("the editor does not tell its configuration (%s)", type(error).__name__)
        return False
    server.session.configure(answer[0] if answer else None)
    return True


async def did_change_configuration(
    server: Server, params: types.DidChangeConfigurationParams
) -> None:
    """Take the new configuration: pulled where the editor can be asked, else as it was pushed."""
    if not await _pull_configuration(server):
        server.session.configure(params.settings)
    server.session.complain_of_settings()


async def did_open(server: Server, params: types.DidOpenTextDocumentParams) -> None:
    """Prepare for completions in the document, wherever the cursor is."""
    await _prepare(server, params.text_document.uri, types.Position(0, 0))


def did_change(server: Server, params: types.DidChangeTextDocumentParams) -> None:
    """Look what became of what was suggested; the change itself is applied already."""
    if document := server.buffers.snapshot(params.text_document.uri):
        server.measuring.changed(document)


def did_close(server: Server, params: types.DidCloseTextDocumentParams) -> None:
    """Forget the document."""
    server.measuring.closed(params.text_document.uri)


async def cursor_rests(server: Server, params: CursorRestsParams) -> None:
    """Prepare for a completion at the cursor, which may be far from the one before."""
    await _prepare(server, params.text_document.uri, params.position)


async def _prepare(server: Server, uri: str, position: types.Position) -> None:
    if request := request_at(server.buffers, uri, position, Trigger.AUTOMATIC):
        await notebooks.prepare(server, request)


async def inline_completion(
    server: Server, params: StreamedInlineCompletionParams
) -> types.InlineCompletionList | None:
    """Answer with one item, with none if there is nothing to show, with null if it is too late."""
    request = request_at(
        server.buffers,
        params.text_document.uri,
        params.position,
        trigger_of(params.context.trigger_kind),
        waited_ms=waited_ms(server.client, params),
    )
    if request is None:
        return None

    def items(*completions: Completion) -> list[types.InlineCompletionItem]:
        server.measuring.answered(request.document, completions[0])
        return [inline_item(each, request.document, server.buffers) for each in completions]

    def grow(completion: Completion) -> None:
        if token is not None and server.buffers.is_current(request.document):
            server.progress(types.ProgressParams(token, items(completion)))

    token = params.partial_result_token
    try:
        if token is None:
            completion = await _complete_early(server, request, params.position)
        else:
            completion = await notebooks.complete(server, request, grow)
        others = await _others(server, request, completion)
    except (Superseded, Failed):
        return None
    if not server.buffers.is_current(request.document):
        return None
    return types.InlineCompletionList(items(completion, *others) if completion else [])


async def _others(
    server: Server, request: CompletionRequest, completion: Completion | None
) -> tuple[Completion, ...]:
    """Return more to choose from, for one who invokes a completion where it is known already."""
    is_invoked = request.trigger is Trigger.INVOKED
    if completion is None or not is_invoked or completion.report.source in ("network", "joined"):
        return ()
    try:
        return await notebooks.alternatives(server, request, completion)
    except Failed:
        return ()  # The status tells why; what is known is shown all the same.


async def completion_menu(
    server: Server, params: types.CompletionParams
) -> types.CompletionList | None:
    """Answer the completion menu of an editor without inline completion with one item.

    Typing and asking look the same here, so both wait for the pause.
    """
    uri = params.text_document.uri
    request = request_at(server.buffers, uri, params.position, Trigger.AUTOMATIC)
    if request is None:
        return None
    try:
        completion = await _complete_early(server, request, params.position)
    except (Superseded, Failed):
        return None
    if not server.buffers.is_current(request.document):
        return None
    if completion is None:
        return types.CompletionList(is_incomplete=True, items=[])
    server.measuring.answered(request.document, completion)
    item = menu_item(completion, request.document, server.buffers)
    return types.CompletionList(is_incomplete=True, items=[item])


async def _complete_early(
    server: Server, request: CompletionRequest, position: types.Position
) -> Completion | None:
    """Complete without partial results: what is first of a long answer is not waited longer for.

    Who invokes a completion is given the whole.
    """
    if request.trigger is Trigger.INVOKED:
        return await notebooks.complete(server, request)

    def grew() -> None:
        if server.buffers.is_current(request.document):
            document = types.VersionedTextDocumentIdentifier(
                version=request.document.version, uri=request.document.uri
            )
            server.protocol.notify(SUGGESTION_GREW, SuggestionGrewParams(document, position))

    return await server.early.complete(partial(notebooks.complete, server, request), grew)


async def shutdown(server: Server, _: None) -> None:
    """End all work before the answer, so that nothing of it outlives the server."""
    await server.session.aclose()
    await server.measuring.aclose()
    server.answers.close()
