"""Code actions over the wire: offered at once, worked out when chosen, applied as one edit."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from e2e.editor import INLINE, URI, Editor
from e2e.server import served_by
from fakes.faces.tgi import Tgi
from fakes.host import FakeHost
from fakes.script import EOS

CODE = "def add(a, b):‸\n    return a+b\n"
MENDED = "```python\ndef add(a, b):\n    return a + b\n```\n"
DOCUMENTED = '```python\ndef add(a, b):\n    """Return the sum."""\n    return a - b\n```\n'

RESOLVES = types.CodeActionClientCapabilities(
    data_support=True,
    resolve_support=types.ClientCodeActionResolveOptions(["edit"]),
)
EDITS = types.WorkspaceEditClientCapabilities(
    document_changes=True,
    resource_operations=[types.ResourceOperationKind.Create],
    change_annotation_support=types.ChangeAnnotationsSupportOptions(),
)


def able(
    *,
    edits: types.WorkspaceEditClientCapabilities | None = EDITS,
    resolves: types.CodeActionClientCapabilities | None = RESOLVES,
    experimental: object = None,
) -> types.ClientCapabilities:
    """Return what an editor says of itself that can do all, or less."""
    return types.ClientCapabilities(
        text_document=types.TextDocumentClientCapabilities(
            inline_completion=INLINE.inline_completion, code_action=resolves
        ),
        workspace=types.WorkspaceClientCapabilities(workspace_edit=edits),
        window=types.WindowClientCapabilities(
            work_done_progress=True,
            show_document=types.ShowDocumentClientCapabilities(support=True),
        ),
        experimental=experimental,
    )


@pytest.fixture
def host() -> Iterator[FakeHost]:
    """A host of a model that talks."""
    with FakeHost(Tgi(model="codellama/CodeLlama-7b-Instruct-hf")) as host:
        yield host


async def offered(
    editor: Editor,
    position: types.Position,
    *diagnostics: types.Diagnostic,
    only: list[str] | None = None,
    uri: str = URI,
) -> dict[str, types.CodeAction]:
    """Ask what can be done at a place; return it by its title, without who offers it."""
    params = types.CodeActionParams(
        types.TextDocumentIdentifier(uri),
        types.Range(position, position),
        types.CodeActionContext(diagnostics=list(diagnostics), only=only),
    )
    actions = await editor.text_document_code_action_async(params) or []
    assert all(isinstance(action, types.CodeAction) for action in actions)
    return {action.title.removesuffix(" (infill-ls)"): action for action in actions}


def resolved(editor: Editor, action: types.CodeAction) -> asyncio.Task[types.CodeAction]:
    """Choose an action."""
    return asyncio.create_task(editor.code_action_resolve_async(action))


def edits_of(action: types.CodeAction) -> list[Any]:
    """Return the edits of the one document that an action changes."""
    assert action.edit is not None
    assert action.edit.document_changes is not None
    [change] = action.edit.document_changes
    assert isinstance(change, types.TextDocumentEdit)
    assert change.text_document.uri == URI
    return [change.text_document.version, *change.edits]


async def test_what_can_be_done_is_offered_without_asking_a_host(
    editor: Editor, host: FakeHost
) -> None:
    """In a function all that is done with code, each with its kind, and nothing worked out yet."""
    await editor.begin(served_by(host), able())

    found = await offered(editor, editor.open(CODE))

    assert {title: action.kind for title, action in found.items()} == {
        "Explain": "",
        "Write a docstring": types.CodeActionKind.RefactorRewrite,
        "Simplify": types.CodeActionKind.RefactorRewrite,
        "Write tests": types.CodeActionKind.Refactor,
    }
    assert all(action.edit is None for action in found.values())
    assert host.asked == ()


@pytest.mark.parametrize(
    ("only", "titles"),
    [
        (["quickfix"], set()),
        (["refactor.rewrite"], {"Write a docstring", "Simplify"}),
        (["refactor"], {"Write a docstring", "Simplify", "Write tests"}),
        (["refactor.rewriter"], set()),
    ],
)
async def test_only_what_is_asked_for_is_offered(
    editor: Editor, host: FakeHost, only: list[str], titles: set[str]
) -> None:
    """A kind has those below it in it, and no others."""
    await editor.begin(served_by(host), able())

    assert set(await offered(editor, editor.open(CODE), only=only)) == titles


async def test_a_secret_has_no_actions(editor: Editor, host: FakeHost) -> None:
    """What must not be shown to a model is not offered to be."""
    await editor.begin(served_by(host), able())
    position = editor.open(CODE, uri="file:///project/.env")

    assert await offered(editor, position, uri="file:///project/.env") == {}


async def test_simplifying_is_one_edit_of_this_version_to_be_confirmed(
    editor: Editor, host: FakeHost
) -> None:
    """The function is replaced as a whole, shown before where the editor can; others go along."""
    host.answers("Sure:\n\n", MENDED, EOS)
    await editor.begin(served_by(host), able())
    found = await offered(editor, editor.open("import os\n\n\n" + CODE))

    simplified = await resolved(editor, found["Simplify"])

    version, edit = edits_of(simplified)
    assert version == 1
    assert edit.range == types.Range(types.Position(3, 0), types.Position(4, 14))
    assert edit.new_text == "def add(a, b):\n    return a + b"
    assert simplified.edit is not None
    assert simplified.edit.change_annotations is not None
    assert simplified.edit.change_annotations[edit.annotation_id].needs_confirmation
    asked = host.asked[-1].request.json["inputs"]
    assert "return a+b" in asked
    assert "import os" not in asked


async def test_a_docstring_is_all_that_comes_in(editor: Editor, host: FakeHost) -> None:
    """Whatever else the model has changed stays as the user wrote it."""
    host.answers(DOCUMENTED, EOS)
    await editor.begin(served_by(host), able())
    found = await offered(editor, editor.open(CODE))

    _, edit = edits_of(await resolved(editor, found["Write a docstring"]))

    assert edit.range == types.Range(types.Position(1, 0), types.Position(1, 0))
    assert edit.new_text == '    """Return the sum."""\n'


async def test_a_problem_is_fixed_without_being_asked_again(editor: Editor, host: FakeHost) -> None:
    """The model is told the problem and its line, and the fix belongs to the diagnostic."""
    host.answers(MENDED, EOS)
    await editor.begin(served_by(host), able())
    place = types.Range(types.Position(1, 11), types.Position(1, 14))
    problem = types.Diagnostic(place, "missing whitespace around operator", source="linter")

    found = await offered(editor, editor.open(CODE), problem, only=["quickfix"])
    [fix] = found.values()
    _, edit = edits_of(await resolved(editor, fix))

    assert fix.title.startswith("Fix: missing whitespace around operator")
    assert list(fix.diagnostics or ()) == [problem]
    assert "line 2, 'a+b': missing whitespace" in host.asked[-1].request.json["inputs"]
    assert edit.new_text == "def add(a, b):\n    return a + b"


async def test_a_problem_without_words_can_be_fixed_too(editor: Editor, host: FakeHost) -> None:
    """What a linter leaves empty takes no other action away."""
    await editor.begin(served_by(host), able())
    place = types.Range(types.Position(1, 11), types.Position(1, 14))

    found = await offered(editor, editor.open(CODE), types.Diagnostic(place, ""))

    assert {"Fix:", "Simplify"} <= {title.strip() for title in found}


async def test_data_that_is_not_ours_is_refused(editor: Editor, host: FakeHost) -> None:
    """An action that comes back without what it is about is an error that names it."""
    await editor.begin(served_by(host), able())

    with pytest.raises(JsonRpcException, match="codeAction/resolve") as raised:
        await resolved(editor, types.CodeAction("Simplify", data={"action": "simplify"}))

    assert raised.value.code == types.ErrorCodes.InvalidParams


async def test_code_that_has_no_address_of_its_own_is_not_changed(
    editor: Editor, host: FakeHost
) -> None:
    """The edit would go to another document; that is said before a model is asked for it."""
    nowhere = "file://"
    await editor.begin(served_by(host), able())
    found = await offered(editor, editor.open(CODE, nowhere), uri=nowhere)

    with pytest.raises(JsonRpcException, match="cannot be changed from here: save it first"):
        await resolved(editor, found["Simplify"])

    assert host.asked == ()


async def test_code_that_was_changed_meanwhile_is_left_alone(
    editor: Editor, host: FakeHost
) -> None:
    """An answer about other code than there is now is an error that says so."""
    gate = host.gate()
    host.answers(MENDED, EOS, gate=gate)
    await editor.begin(served_by(host), able())
    found = await offered(editor, editor.open(CODE))
    resolving = resolved(editor, found["Simplify"])
    await host.wait_async(lambda host: len(host.asked) == 1)

    editor.replace(types.Range(types.Position(1, 11), types.Position(1, 12)), "b")
    await offered(editor, types.Position(0, 0))
    gate.open()
    gate.open()

    with pytest.raises(JsonRpcException, match="changed meanwhile"):
        await resolving


async def test_what_is_typed_elsewhere_moves_the_edit(editor: Editor, host: FakeHost) -> None:
    """A line above it is no reason to lose the answer; the edit is one of the newest version."""
    gate = host.gate()
    host.answers(MENDED, EOS, gate=gate)
    await editor.begin(served_by(host), able())
    found = await offered(editor, editor.open(CODE))
    resolving = resolved(editor, found["Simplify"])
    await host.wait_async(lambda host: len(host.asked) == 1)

    editor.replace(types.Range(types.Position(0, 0), types.Position(0, 0)), "import os\n")
    await offered(editor, types.Position(0, 0))
    gate.open()
    gate.open()

    version, edit = edits_of(await resolving)
    assert version == 2
    assert edit.range == types.Range(types.Position(1, 0), types.Position(2, 14))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("I would not.", "The answer holds no code."),
        ("```python\ndef add(a, b:\n```\n", "The answer is no valid python."),
        ("```python\ndef add(a, b):\n    return a+b\n```\n", "The answer changes nothing."),
    ],
)
async def test_what_cannot_be_applied_is_there_to_be_read(
    editor: Editor, host: FakeHost, answer: str, reason: str
) -> None:
    """The editor opens the answer, with why it was not put into the code; nothing is changed."""
    host.answers(answer, EOS)
    await editor.begin(served_by(host), able())
    found = await offered(editor, editor.open(CODE))

    simplified = await resolved(editor, found["Simplify"])

    [shown] = editor.shown_documents
    text = Path(shown.uri.removeprefix("file://")).read_text("utf-8")
    assert simplified.edit is None
    assert text == f"# Simplify\n\n{reason}\n\n{answer.rstrip()}\n"


async def test_tests_are_a_new_file(editor: Editor, host: FakeHost, tmp_path: Path) -> None:
    """In the folder of tests, under a name that nothing has."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_app.py").touch()
    uri = (tmp_path / "app.py").as_uri()
    host.answers("```python\ndef test_add():\n    assert add(1, 2) == 3\n```\n", EOS)
    await editor.begin(served_by(host), able())
    found = await offered(editor, editor.open(CODE, uri), uri=uri)

    tested = await resolved(editor, found["Write tests"])

    assert tested.edit is not None
    assert tested.edit.document_changes is not None
    created, written = tested.edit.document_changes
    assert isinstance(created, types.CreateFile)
    assert isinstance(written, types.TextDocumentEdit)
    new = (tmp_path / "tests" / "test_app2.py").as_uri()
    assert created.uri == written.text_document.uri == new
    [edit] = written.edits
    assert edit.new_text == "def test_add():\n    assert add(1, 2) == 3\n"


async def test_an_editor_that_resolves_nothing_is_given_the_edit(
    editor: Editor, host: FakeHost
) -> None:
    """The action is a command then, and the server asks the editor to apply it."""
    host.answers(MENDED, EOS)
    await editor.begin(served_by(host), able(resolves=None, edits=None))
    found = await offered(editor, editor.open(CODE))
    command = found["Simplify"].command
    assert command is not None

    params = types.ExecuteCommandParams(command.command, command.arguments)
    await editor.workspace_execute_command_async(params)

    [applied] = editor.applied_edits
    assert applied.edit.document_changes is None
    assert applied.edit.changes is not None
    [edit] = applied.edit.changes[URI]
    assert edit.new_text == "def add(a, b):\n    return a + b"


async def test_work_is_shown_and_can_be_cancelled(editor: Editor, host: FakeHost) -> None:
    """Each line of the answer is progress; cancelling that closes the connection."""
    gate = host.gate()
    host.answers("```python\n", "def add():\n", "    return 1\n", EOS, gate=gate)
    await editor.begin(served_by(host), able())
    found = await offered(editor, editor.open(CODE))
    resolving = resolved(editor, found["Simplify"])
    await host.wait_async(lambda host: len(host.asked) == 1)
    gate.open()
    gate.open()
    await editor.until(lambda: any(len(each) > 1 for each in editor.progress_reports.values()))
    [(token, (begin, report, *_))] = editor.progress_reports.items()

    editor.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token))

    assert isinstance(begin, types.WorkDoneProgressBegin)
    assert isinstance(report, types.WorkDoneProgressReport)
    assert report.message == "1 line"
    with pytest.raises(JsonRpcException):
        await resolving
    await host.wait_async(lambda host: not host.open_exchanges)


async def test_an_editor_with_conversations_explains_in_one(editor: Editor, host: FakeHost) -> None:
    """It is to ask about the code: what it does, or whatever the user wants to know."""
    await editor.begin(served_by(host), able(experimental={"infillLsChat": True}))
    found = await offered(editor, editor.open(CODE))
    explain, ask = found["Explain"].command, found["Ask about this"].command
    assert explain is not None
    assert ask is not None

    ends = {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 14}}
    about = {"uri": URI, "range": ends}
    assert explain.command == ask.command == "infill-ls.chat.ask"
    assert list(ask.arguments or ()) == [about]
    assert list(explain.arguments or ()) == [
        about,
        "Explain in a few sentences what the code above does.",
    ]


async def test_any_other_editor_is_shown_the_explanation(editor: Editor, host: FakeHost) -> None:
    """As a document."""
    host.answers(" It adds.", EOS)
    await editor.begin(served_by(host), able())
    explain = (await offered(editor, editor.open(CODE)))["Explain"].command
    assert explain is not None

    params = types.ExecuteCommandParams(explain.command, explain.arguments)
    await editor.workspace_execute_command_async(params)

    [shown] = editor.shown_documents
    assert Path(shown.uri.removeprefix("file://")).read_text("utf-8") == "# Explain\n\nIt adds.\n"


async def test_actions_of_ones_own(editor: Editor, host: FakeHost) -> None:
    """A title and an instruction in the settings are one more action."""
    host.answers(MENDED, EOS)
    own = {"Add blanks": "Put blanks around all operators."}
    await editor.begin(served_by(host, chat={"actions": own}), able())
    found = await offered(editor, editor.open(CODE))

    _, edit = edits_of(await resolved(editor, found["Add blanks"]))

    assert "Put blanks around all operators." in host.asked[-1].request.json["inputs"]
    assert edit.new_text == "def add(a, b):\n    return a + b"


async def test_a_host_that_fails_is_told_in_one_sentence(editor: Editor, host: FakeHost) -> None:
    """Nothing is changed, and the editor shows why."""
    host.fail(500, json={"error": "out of memory"})
    await editor.begin(served_by(host), able())
    found = await offered(editor, editor.open(CODE))

    with pytest.raises(JsonRpcException, match="out of memory") as raised:
        await resolved(editor, found["Simplify"])

    assert raised.value.code == types.LSPErrorCodes.RequestFailed


async def test_an_action_that_is_a_command_is_resolved_to_itself(
    editor: Editor, host: FakeHost
) -> None:
    """VS Code has it resolved although there is nothing more to it."""
    await editor.begin(served_by(host))
    action = types.CodeAction("Explain", command=types.Command("Explain", "infill-ls.chat.ask"))

    assert await editor.code_action_resolve_async(action) == action
