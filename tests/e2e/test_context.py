"""What a prompt holds of other documents, and what of none, over standard input and output."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types

from e2e.editor import INLINE, URI, Editor
from e2e.server import NOT_AHEAD, served_by
from fakes.faces.llamacpp import LlamaCpp
from fakes.host import FakeHost

TAXES = """\
class TaxTable:
    def rate_for_country(self, country):
        return self.rates.get(country, self.default_rate)

    def tax_on(self, amount, country):
        return amount * self.rate_for_country(country)
"""
CART = """\
def gross_price(tax_table, amount, country):
    default_rate = tax_table.default_rate
    tax = tax_table.‸
    return amount + tax
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / ".gitignore").write_text("generated/\n")
    return folder


async def begin(editor: Editor, host: FakeHost, folder: Path, **sections: object) -> None:
    """Open a workspace of one folder."""
    params = types.InitializeParams(
        capabilities=types.ClientCapabilities(text_document=INLINE),
        initialization_options={**served_by(host, prompt=NOT_AHEAD), **sections},
        workspace_folders=[types.WorkspaceFolder(folder.as_uri(), folder.name)],
    )
    await editor.initialize_session(params)


def prompt_of(host: FakeHost) -> str:
    """Return what the host was shown."""
    return str(host.asked[-1].request.json["inputs"])


async def test_similar_code_of_another_document_is_shown(
    editor: Editor, host: FakeHost, workspace: Path
) -> None:
    """A class that the cursor's function uses stands before it, with its path."""
    host.answers("tax_on(amount, country)")
    await begin(editor, host, workspace)
    editor.open(TAXES, (workspace / "lib" / "taxes.py").as_uri())
    cart = (workspace / "cart.py").as_uri()

    text = await editor.text(editor.open(CART, cart), cart)

    assert text == "tax_on(amount, country)"
    prompt = prompt_of(host)
    assert "# lib/taxes.py:\n# class TaxTable:\n" in prompt
    assert prompt.index("TaxTable") < prompt.index("gross_price")


@pytest.mark.parametrize(
    "name", [".env", "server.pem", "generated/taxes.py", "../other/taxes.py", ".aws/taxes.py"]
)
async def test_what_must_not_leave_is_in_no_prompt(
    editor: Editor, host: FakeHost, workspace: Path, name: str
) -> None:
    """Secrets, ignored files and those of another place are no context, however similar."""
    host.answers("x")
    await begin(editor, host, workspace)
    editor.open(TAXES, (workspace / name).as_uri())
    cart = (workspace / "cart.py").as_uri()

    await editor.text(editor.open(CART, cart), cart)

    assert "TaxTable" not in prompt_of(host)


@pytest.mark.parametrize("name", [".env", "server.pem", "generated/taxes.py", "../other/taxes.py"])
async def test_what_must_not_leave_is_not_completed(
    editor: Editor, host: FakeHost, workspace: Path, name: str
) -> None:
    """The host hears nothing of it, and the status says why nothing appears."""
    await begin(editor, host, workspace)
    uri = (workspace / name).as_uri()

    answer = await editor.inline(editor.open(CART, uri), uri=uri)

    assert answer is None
    assert host.requests == ()
    assert "is not shown to a model" in editor.statuses[-1].message


async def test_gitignored_file_is_completed_if_the_user_says_so(
    editor: Editor, host: FakeHost, workspace: Path
) -> None:
    """`privacy.useGitignore` frees it."""
    host.answers("x")
    await begin(editor, host, workspace, privacy={"useGitignore": False})
    uri = (workspace / "generated" / "taxes.py").as_uri()

    assert await editor.text(editor.open(CART, uri), uri) == "x"


async def test_an_untitled_document_is_completed(
    editor: Editor, host: FakeHost, workspace: Path
) -> None:
    """What has no file yet is shown the workspace's code all the same."""
    host.answers("tax_on(amount, country)")
    await begin(editor, host, workspace)
    editor.open(TAXES, (workspace / "taxes.py").as_uri())

    text = await editor.text(editor.open(CART, "untitled:Untitled-1"), "untitled:Untitled-1")

    assert text == "tax_on(amount, country)"
    assert "class TaxTable:" in prompt_of(host)


async def test_code_of_all_folders_of_the_workspace_is_shown(
    editor: Editor, host: FakeHost, workspace: Path
) -> None:
    """A folder counts from when it is added, until it is taken away."""
    other = workspace.with_name("other")
    folder = types.WorkspaceFolder(other.as_uri(), other.name)
    cart = (workspace / "cart.py").as_uri()
    host.answers("a")
    host.answers("b")
    await begin(editor, host, workspace)
    editor.open(TAXES, (other / "taxes.py").as_uri())
    cursor = editor.open(CART, cart)

    def change(event: types.WorkspaceFoldersChangeEvent) -> None:
        params = types.DidChangeWorkspaceFoldersParams(event)
        editor.workspace_did_change_workspace_folders(params)

    change(types.WorkspaceFoldersChangeEvent(added=[folder], removed=[]))
    await editor.text(cursor, cart)
    with_it = prompt_of(host)
    change(types.WorkspaceFoldersChangeEvent(added=[], removed=[folder]))
    editor.replace(types.Range(cursor, cursor), "x", cart)
    await editor.text(types.Position(cursor.line, cursor.character + 1), cart)

    assert "class TaxTable:" in with_it
    assert "class TaxTable:" not in prompt_of(host)


async def test_a_project_within_another_folder_keeps_its_own_rules(
    editor: Editor, host: FakeHost, tmp_path: Path
) -> None:
    """A repository that the editor has opened is not ruled by the folder it happens to be in.

    An editor that has one server for all adds the home, where a file of the user's is opened.
    """
    shop = tmp_path / "shop"
    (shop / ".git").mkdir(parents=True)
    (tmp_path / ".gitignore").write_text("*\n")
    folder = types.WorkspaceFolder(tmp_path.as_uri(), tmp_path.name)
    event = types.WorkspaceFoldersChangeEvent(added=[folder], removed=[])
    cart = (shop / "cart.py").as_uri()
    host.answers("tax_on(amount, country)")
    await begin(editor, host, shop)

    editor.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event))
    text = await editor.text(editor.open(CART, cart), cart)

    assert text == "tax_on(amount, country)"


async def test_document_is_read_ahead_on_this_machine(editor: Editor) -> None:
    """llama.cpp is given the beginning of an opened document, and asked for no token of it."""
    with FakeHost(LlamaCpp(model="/models/qwen2.5-coder-1.5b.gguf")) as host:
        host.answers("")
        options = {
            "backend": {"kind": "llamacpp", "url": host.url},
            "prompt": {"template": "starcoder"},
        }
        await editor.begin(options)
        editor.open(TAXES)
        await host.wait_async(lambda host: bool(host.asked))

        asked = host.asked[0].request.json
        assert asked["n_predict"] == 0


async def test_a_model_that_does_not_fill_in_is_told_of_once(
    editor: Editor, host: FakeHost
) -> None:
    """The user learns why only the code before the cursor counts; not at every keystroke."""
    host.face = type(host.face)(model="codellama/CodeLlama-34b-hf")  # type: ignore[call-arg] # TGI
    host.answers("1")
    host.answers("2")
    await editor.begin(served_by(host, cache={"entries": 0}))
    cursor = editor.open("a = ‸\n")

    await editor.text(cursor)
    await editor.text(cursor)

    told = [message.message for message in editor.messages if "CodeLlama-34b" in message.message]
    assert len(told) == 1
    assert "only what stands before the cursor" in told[0]
    assert prompt_of(host) == "a = "


async def test_place_where_the_cursor_rests_is_read_ahead(editor: Editor) -> None:
    """The host is given what stands before the cursor there, and asked for no token."""
    with FakeHost(LlamaCpp(model="/models/qwen2.5-coder-1.5b.gguf")) as host:
        host.answers("")
        host.answers("")
        options = {
            "backend": {"kind": "llamacpp", "url": host.url},
            "prompt": {"template": "starcoder", "maxTokens": 64},
        }
        await editor.begin(options)
        cursor = editor.open("a = 1\n" * 400 + "b = ‸\n")
        await host.wait_async(lambda host: len(host.asked) == 1)
        place = {"textDocument": {"uri": URI}, "position": {"line": cursor.line, "character": 4}}

        editor.protocol.notify("infill-ls/cursorRests", place)
        await host.wait_async(lambda host: len(host.asked) == 2)

        opened, rests = (exchange.request.json for exchange in host.asked)
        assert opened["n_predict"] == rests["n_predict"] == 0
        # This host has a token for each byte, behind three of its own.
        assert rests["prompt"][-4:] == [byte + 3 for byte in b"b = "]
