"""The plug-in as a whole in Neovim 0.10 and 0.11, which have less of their own than 0.12."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from editors import neovim
from editors.neovim import Neovim, until, until_equal
from fakes.faces.tgi import Tgi
from fakes.host import FakeHost
from fakes.script import EOS, EOT

CODE = "def add(a, b):\n    return a+b\n"
CHAT = """
local buffer = vim.fn.bufnr('infill-ls://chat')
return table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), '\\n')
"""
FIX = """
vim.api.nvim_win_set_cursor(0, { 2, 4 })
local namespace = vim.api.nvim_create_namespace('linter')
vim.diagnostic.set(namespace, 0, {{ lnum = 1, col = 4, message = 'no blanks', source = 'linter' }})
vim.lsp.buf.code_action({
  apply = true,
  filter = function(action) return vim.startswith(action.title, 'Fix') end,
})
"""


@pytest.fixture(params=neovim.VERSIONS[:-1])
def nvim_program(request: pytest.FixtureRequest) -> str:
    """The path of a Neovim, of one older series after the other."""
    return neovim.required_program(str(request.param))


@pytest.fixture
def host() -> Iterator[FakeHost]:
    """A host of a model that answers questions."""
    with FakeHost(Tgi(model="codellama/CodeLlama-7b-Instruct-hf")) as host:
        yield host


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A function in a workspace of its own."""
    path = tmp_path / "work" / "sum.py"
    path.parent.mkdir()
    path.write_text(CODE)
    return path


def chat(nvim: Neovim) -> str:
    """Return all that stands in the chat."""
    return str(nvim.lua(CHAT))


def test_suggestions_grow_by_default(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """There is no other way; one that is asked for is told in one sentence."""
    host.answers(" - a", EOT)
    nvim.edit(file)

    nvim.type("GA")
    until_equal(nvim.ghost, " - a")
    nvim.set_up({"suggestions": "builtin"})

    [message] = nvim.messages()
    assert "this Neovim has no suggestions of its own" in message


def test_one_server_serves_all_files_and_projects(nvim: Neovim, tmp_path: Path, file: Path) -> None:
    """Neither another project nor a file of no known type starts a second server."""
    (tmp_path / "other" / ".git").mkdir(parents=True)
    of_other_project = tmp_path / "other" / "b.go"
    of_other_project.write_text("package b\n")
    typeless = file.with_name("without-type")
    typeless.write_text("text\n")
    nvim.edit(file)
    first = nvim.clients()

    nvim.edit(of_other_project)
    second = nvim.clients()
    nvim.edit(typeless)

    assert nvim.lua("return vim.bo.filetype") == ""
    assert len(first) == 1
    assert first == second == nvim.clients()


@pytest.mark.parametrize("command", ["help", "new"])
def test_what_is_no_file_is_left_alone(nvim: Neovim, file: Path, command: str) -> None:
    """Help pages and buffers with neither name nor type are not sent to the server."""
    nvim.edit(file)

    nvim.command(command)

    assert nvim.clients() == []


def test_questions_are_asked_and_answered(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """Those of a command and those of the prompt, with their code; and Neovim would quit."""
    gate = host.gate()
    host.answers(" It", " adds.", EOS, gate=gate)
    host.answers(" Yes.", EOS)
    nvim.edit(file)

    nvim.type("j:InfillLs chat What is it?<CR>")
    gate.open()
    question = "> What is it?\n> (the code around line 2 of sum.py)"
    until_equal(lambda: chat(nvim), f"{question}\n\nIt\n\n> ")
    gate.stand_open()
    until_equal(lambda: chat(nvim), f"{question}\n\nIt adds.\n\n> ")
    until_equal(lambda: nvim.lua("return require('infill_ls.chat').title()"), "infill-ls chat")
    nvim.type("iSure?<CR>")

    until_equal(lambda: chat(nvim), f"{question}\n\nIt adds.\n\n> Sure?\n\nYes.\n\n> ")
    assert "return a+b" in host.asked[0].request.body.decode()
    assert "It adds." in host.asked[1].request.body.decode()
    until_equal(lambda: nvim.lua("return vim.bo.modified"), False)


def test_an_answer_is_stopped_by_its_key(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """The host is left, and what was written stays."""
    gate = host.gate()
    host.answers(" It", " adds.", EOS, gate=gate)
    nvim.edit(file)
    nvim.type(":InfillLs ask What is it?<CR>")
    gate.open()
    until(lambda: chat(nvim), lambda text: "It" in text.splitlines())

    nvim.type("<C-c>")

    host.wait(lambda host: host.asked[-1].ending == "client left")
    until_equal(lambda: chat(nvim), "> What is it?\n\nIt [stopped]\n\n> ")


def test_a_problem_of_another_linter_is_fixed(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """A code action is offered for it, and changes the code."""
    host.answers("```python\ndef add(a, b):\n    return a + b\n```\n", EOS)
    nvim.edit(file)

    nvim.lua(FIX)

    until_equal(nvim.lines, ["def add(a, b):", "    return a + b"])
    assert "no blanks" in host.asked[-1].request.body.decode()


def test_the_server_restarts(nvim: Neovim, file: Path) -> None:
    """The command ends it, and another one serves the same buffers."""
    other = file.with_name("other.py")
    other.write_text(CODE)
    nvim.edit(other)
    nvim.edit(file)
    first = nvim.clients()

    nvim.command("InfillLs restart")

    second = until(nvim.clients, lambda clients: clients and clients != first)
    assert len(second) == 1
    of_other = "return #vim.lsp.get_clients({ name = 'infill_ls', bufnr = vim.fn.bufnr(...) })"
    assert nvim.lua(of_other, "other.py") == 1


def test_checkhealth_finds_all_in_order(nvim: Neovim, file: Path) -> None:
    """The report has neither an error nor a warning."""
    nvim.edit(file)

    nvim.command("checkhealth infill_ls")
    # Neovim itself says that it checks.
    nvim.command("messages clear")

    report = "\n".join(nvim.lines())
    assert "OK chat" in report
    assert "OK <Tab> accepts" in report
    assert "ERROR" not in report
    assert "WARNING" not in report
