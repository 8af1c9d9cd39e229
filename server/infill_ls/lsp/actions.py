"""Code actions: offered at once, and worked out when one is chosen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lsprotocol import types
from msgspec import Struct, to_builtins
from pygls.exceptions import JsonRpcException
from pygls.uris import from_fs_path, to_fs_path

from infill_ls.chat.acting import Outcome, act
from infill_ls.chat.actions import (
    EXPLAIN,
    FIX,
    OF_CODE,
    TRANSLATE,
    Action,
    action_of,
    own,
)
from infill_ls.chat.edits import Edit
from infill_ls.chat.new_file import tests_of
from infill_ls.chat.target import Target, comment_at, target_of, target_of_problem
from infill_ls.errors import BadInput, InfillError
from infill_ls.lsp.commands import read
from infill_ls.lsp.conversion import in_the_editor, range_of
from infill_ls.lsp.language_server import Server
from infill_ls.lsp.positions import offset_at
from infill_ls.lsp.progress import reporting
from infill_ls.types import Document

RUN = "infill-ls.action.run"
ASK = "infill-ls.chat.ask"
"""A command of the editor's own: it asks a question about some code, or has the user do so."""

_ANNOTATION = "infill-ls"

OPTIONS = types.CodeActionOptions(
    code_action_kinds=[
        types.CodeActionKind.QuickFix,
        types.CodeActionKind.Refactor,
        types.CodeActionKind.RefactorRewrite,
    ],
    resolve_provider=True,
)


class Chosen(Struct, frozen=True, kw_only=True):
    """What an action is about; it goes to the editor and comes back."""

    action: str
    uri: str
    version: int
    start: int
    """In code points from the document's beginning, as is `end`."""
    end: int
    problem: str = ""


def register(server: Server) -> None:
    """Add the handlers to the server."""
    server.feature(types.TEXT_DOCUMENT_CODE_ACTION, OPTIONS)(offer)
    server.feature(types.CODE_ACTION_RESOLVE)(resolve)
    server.command(RUN)(run)


def offer(server: Server, params: types.CodeActionParams) -> list[types.CodeAction] | None:
    """Return what can be done with the selection, or with the function around the cursor."""
    document = server.buffers.snapshot(params.text_document.uri)
    if document is None:
        return None
    with suppress(BadInput):
        # What must not be shown to a model has no actions.
        document = server.session.clearance.checked(document)
        return [
            offered
            for offered in _offered(server, document, params)
            if _is_asked_for(offered, params.context.only)
        ]
    return None


async def resolve(server: Server, offered: types.CodeAction) -> types.CodeAction:
    """Ask the model for what an action changes; what cannot be applied is shown to be read.

    VS Code has actions resolved, too, that are no more than a command.
    """
    if offered.data is None:
        return offered
    chosen = read(types.CODE_ACTION_RESOLVE, offered.data, Chosen)
    try:
        offered.edit = await _edit(server, chosen)
    except InfillError as error:
        code = types.LSPErrorCodes.RequestFailed
        raise JsonRpcException(message=error.sentence(), code=code) from error
    return offered


async def run(server: Server, argument: object) -> None:
    """Do the same for an editor that resolves nothing, and have it apply the change."""
    chosen = read(RUN, argument, Chosen)
    if edit := await _edit(server, chosen):
        await server.workspace_apply_edit_async(types.ApplyWorkspaceEditParams(edit))


def _offered(
    server: Server, document: Document, params: types.CodeActionParams
) -> Iterator[types.CodeAction]:
    start, end = (
        offset_at(document.text, at, server.buffers.position_encoding)
        for at in (params.range.start, params.range.end)
    )
    for problem in params.context.diagnostics:
        yield _fix(server, document, problem)
    if comment := comment_at(document, start):
        yield _action(server, TRANSLATE, document, comment)
    target = target_of(document, start, end)
    if target is None:
        return
    for action in (*OF_CODE, *own(server.session.settings.chat)):
        yield _action(server, action, document, target)
    if _has_chat(server):
        yield _asking(server, document, target)


def _fix(server: Server, document: Document, problem: types.Diagnostic) -> types.CodeAction:
    text, encoding = document.text, server.buffers.position_encoding
    start, end = (offset_at(text, at, encoding) for at in (problem.range.start, problem.range.end))
    target = target_of_problem(document, start, end)
    line = problem.range.start.line + 1
    said = f"line {line}, {text.slice(start, end)!r}: {problem.message}"
    fix = _action(server, FIX, document, target, said)
    first_line = problem.message.strip().partition("\n")[0].strip()
    fix.title = f"{FIX.title}: {first_line[:60]}"
    fix.diagnostics = [problem]
    return fix


def _action(
    server: Server, action: Action, document: Document, target: Target, problem: str = ""
) -> types.CodeAction:
    chosen = to_builtins(
        Chosen(
            action=action.id, uri=document.uri, version=document.version,
            start=target.start, end=target.end, problem=problem,
        )
    )  # fmt: skip
    offered = types.CodeAction(f"{action.title} (infill-ls)", kind=action.kind)
    if action is EXPLAIN and _has_chat(server):
        about = _context(server, document, target)
        offered.command = types.Command(action.title, ASK, arguments=[about, action.instruction])
    elif action.becomes != "text" and _resolves(server):
        offered.data = chosen
    else:
        offered.command = types.Command(action.title, RUN, arguments=[chosen])
    return offered


def _asking(server: Server, document: Document, target: Target) -> types.CodeAction:
    title = "Ask about this"
    command = types.Command(title, ASK, arguments=[_context(server, document, target)])
    return types.CodeAction(f"{title} (infill-ls)", kind="", command=command)


def _context(server: Server, document: Document, target: Target) -> dict[str, Any]:
    place = range_of(target.start, target.end, document, server.buffers)
    ends = {
        name: {"line": at.line, "character": at.character}
        for name, at in (("start", place.start), ("end", place.end))
    }
    return {"uri": document.uri, "range": ends}


def _is_asked_for(offered: types.CodeAction, only: Any) -> bool:
    """Tell whether an action is of a kind, or of one below it, that the editor wants."""
    kind = str(getattr(offered.kind, "value", offered.kind))
    wanted = [str(getattr(each, "value", each)) for each in only or [""]]
    return any(not each or kind == each or kind.startswith(f"{each}.") for each in wanted)


async def _edit(server: Server, chosen: Chosen) -> types.WorkspaceEdit | None:
    """Work an action out; return None where its answer was shown instead."""
    action = action_of(chosen.action, server.session.settings.chat)
    document = server.buffers.snapshot(chosen.uri)
    if action is None or document is None or document.version != chosen.version:
        raise BadInput("the document, or the action, is not what it was", hint="choose it again")
    if action.becomes != "text" and not urlsplit(document.uri).path:
        # Neovim has one address for all, and would change another document, a new one.
        raise BadInput("code without a name cannot be changed from here", hint="save it first")
    document = server.session.clearance.checked(document)
    target = Target(chosen.start, chosen.end)
    async with reporting(server)(action.title) as report:
        lines = 0

        def tell(text: str) -> None:
            nonlocal lines
            if "\n" in text:
                lines += text.count("\n")
                report(f"{lines} line{'s' if lines > 1 else ''}")

        chat = server.session.chat
        outcome = await act(chat, action, document, target, chosen.problem, tell)
    if outcome.edit is None:
        await _show(server, action, outcome)
        return None
    if action.becomes == "tests":
        return _new_file(server, document, outcome.edit)
    return _changes(server, action, document, target, outcome.edit)


def _changes(
    server: Server, action: Action, old: Document, target: Target, edit: Edit
) -> types.WorkspaceEdit:
    """Return the change of the document as it is now; raises BadInput if the code has changed."""
    now = server.buffers.snapshot(old.uri)
    moved = edit.moved(target, old.text, now.text) if now else None
    if now is None or moved is None:
        raise BadInput("the code was changed meanwhile, so nothing was done to it")
    place = range_of(moved.start, moved.end, now, server.buffers)
    text = in_the_editor(edit.text)
    support = _edit_support(server)
    if support is None or not support.document_changes:
        return types.WorkspaceEdit(changes={now.uri: [types.TextEdit(place, text)]})
    document = types.OptionalVersionedTextDocumentIdentifier(uri=now.uri, version=now.version)
    if action is FIX or not support.change_annotation_support:
        changes = [types.TextDocumentEdit(document, [types.TextEdit(place, text)])]
        return types.WorkspaceEdit(document_changes=changes)
    annotated = types.AnnotatedTextEdit(_ANNOTATION, place, text)
    annotation = types.ChangeAnnotation(action.title, needs_confirmation=True)
    return types.WorkspaceEdit(
        document_changes=[types.TextDocumentEdit(document, [annotated])],
        change_annotations={_ANNOTATION: annotation},
    )


def _new_file(server: Server, document: Document, edit: Edit) -> types.WorkspaceEdit:
    """Return a new file; raises BadInput where the editor makes none."""
    file = to_fs_path(document.uri)
    support = _edit_support(server)
    makes = support and support.document_changes and support.resource_operations
    if not file or not makes or types.ResourceOperationKind.Create not in makes:
        raise BadInput("the editor makes no new files", hint="ask for tests in chat")
    path = tests_of(Path(file), document.language, Path.exists)
    uri = from_fs_path(str(path)) or ""
    start = types.Range(types.Position(0, 0), types.Position(0, 0))
    new = types.OptionalVersionedTextDocumentIdentifier(uri=uri, version=None)
    return types.WorkspaceEdit(
        document_changes=[
            types.CreateFile(uri),
            types.TextDocumentEdit(new, [types.TextEdit(start, in_the_editor(edit.text))]),
        ]
    )


async def _show(server: Server, action: Action, outcome: Outcome) -> None:
    """Show an answer that is to be read: as a document where the editor opens one."""
    reason = f"{outcome.why_not[0].upper()}{outcome.why_not[1:]}.\n\n" if outcome.why_not else ""
    text = f"# {action.title}\n\n{reason}{outcome.answer}\n"
    window = server.client_capabilities.window
    if window and window.show_document and window.show_document.support:
        uri = from_fs_path(str(server.answers.write(action.title, text))) or ""
        await server.window_show_document_async(types.ShowDocumentParams(uri, take_focus=True))
    else:
        message = f"{reason}{outcome.answer}"
        server.window_show_message(types.ShowMessageParams(types.MessageType.Info, message))


def _edit_support(server: Server) -> types.WorkspaceEditClientCapabilities | None:
    workspace = server.client_capabilities.workspace
    return workspace.workspace_edit if workspace else None


def _resolves(server: Server) -> bool:
    text_document = server.client_capabilities.text_document
    actions = text_document.code_action if text_document else None
    if actions is None or not actions.data_support or actions.resolve_support is None:
        return False
    return "edit" in actions.resolve_support.properties


def _has_chat(server: Server) -> bool:
    """Tell whether the editor shows conversations, and has `infill-ls.chat.ask`."""
    experimental = server.client_capabilities.experimental
    return isinstance(experimental, dict) and bool(experimental.get("infillLsChat"))
