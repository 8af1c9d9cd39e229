"""Chat in real Neovim: asked in the prompt of a split, by a command, or by a code action."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from editors.neovim import PLUGIN, Neovim, until, until_equal
from fakes.faces.tgi import Tgi
from fakes.host import FakeHost
from fakes.response import Response
from fakes.script import EOS, Fail

Start = Callable[[], Neovim]

CODE = "def add(a, b):\n    return a+b\n"

SUBCOMMANDS = [
    "ask", "chat", "clear", "log", "model", "restart", "retry", "status", "stop", "toggle",
]  # fmt: skip

CHOOSE = """
local title = ...
vim.lsp.buf.code_action({
  apply = true,
  filter = function(action) return vim.startswith(action.title, title) end,
})
"""
"""Chooses the action with a title; there is only one."""

DRAWN = """
local buffer = vim.fn.bufnr('infill-ls://chat')
if buffer == -1 then return '' end
return table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), '\\n')
"""


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


def drawn(nvim: Neovim) -> str:
    """Return all that stands in the split."""
    return str(nvim.lua(DRAWN))


def title(nvim: Neovim) -> str:
    """Return what stands above the split."""
    return str(nvim.lua("return require('infill_ls.chat').title()"))


def until_drawn(nvim: Neovim, expected: str) -> None:
    """Wait until a conversation is drawn, with the empty prompt below it."""
    until_equal(lambda: drawn(nvim), f"{expected}\n\n> ")


def until_answered(nvim: Neovim, expected: str) -> None:
    """Wait until it is drawn, and the answer has ended."""
    until_drawn(nvim, expected)
    until_equal(lambda: title(nvim), "infill-ls chat")


def asked_last(host: FakeHost) -> str:
    """Return what the model was asked with."""
    return host.asked[-1].request.body.decode()


def test_an_answer_is_drawn_as_it_comes(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """The question is sent with the function around the cursor, and the pieces join below it."""
    gate = host.gate()
    host.answers(" It", " adds", " *two*.", EOS, gate=gate)
    nvim.edit(file)

    nvim.type("j:InfillLs chat What is it?<CR>")
    gate.open()
    until_drawn(nvim, "> What is it?\n> (the code around line 2 of sum.py)\n\nIt")
    gate.stand_open()
    until_answered(nvim, "> What is it?\n> (the code around line 2 of sum.py)\n\nIt adds *two*.")

    assert "def add(a, b)" in asked_last(host)
    assert nvim.lua("return vim.bo.filetype") == "markdown"
    assert any("It adds *two*." in row for row in nvim.screen())


def test_questions_are_typed_in_the_prompt(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """Enter asks, and one goes on typing; the lines of the command go with the first question."""
    host.answers(" It adds.", EOS)
    host.answers(" Yes.", EOS)
    nvim.edit(file)

    nvim.type("V:InfillLs chat<CR>What is it?<CR>")
    until_answered(nvim, "> What is it?\n> (line 1 of sum.py)\n\nIt adds.")
    first = asked_last(host)
    nvim.type("Sure?<CR>")
    until(lambda: drawn(nvim), lambda text: text.endswith("\n\n> Sure?\n\nYes.\n\n> "))

    assert "def add(a, b)" in first
    assert "return a+b" not in first
    assert "It adds." in asked_last(host)
    assert nvim.lua("return vim.fn.mode()") == "i"
    # Else Neovim would not quit.
    assert nvim.lua("return vim.bo.modified") is False


def test_the_code_is_followed_while_the_question_is_typed(
    nvim: Neovim, host: FakeHost, file: Path
) -> None:
    """What is put above the code meanwhile does not make the question one about other lines."""
    host.answers(" It returns.", EOS)
    nvim.edit(file)
    nvim.type(":2InfillLs chat<CR>")
    until(nvim.screen, lambda rows: "about line 2 of sum.py" in "\n".join(rows))

    nvim.lua("vim.api.nvim_buf_set_lines(vim.fn.bufnr('sum.py'), 0, 0, true, {'import os', ''})")
    nvim.type("What is it?<CR>")
    until(lambda: drawn(nvim), lambda text: "It returns." in text)

    assert "return a+b" in asked_last(host)
    assert "def add" not in asked_last(host)


def test_a_question_of_several_lines_is_drawn_as_one(
    nvim: Neovim, host: FakeHost, file: Path
) -> None:
    """Shift and Enter begin a new line of the question."""
    host.answers(" It adds.", EOS)
    nvim.edit(file)

    nvim.type(":InfillLs ask<CR>What<S-CR>is it?<CR>")

    until_answered(nvim, "> What\n> is it?\n\nIt adds.")


def test_stopping_closes_the_connection(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """What was said stays, and the next question goes on from there."""
    gate = host.gate()
    host.answers(" It", " adds", EOS, gate=gate)
    host.answers(" Indeed.", EOS)
    nvim.edit(file)
    nvim.type(":InfillLs ask What is it?<CR>")
    gate.open()
    until_drawn(nvim, "> What is it?\n\nIt")

    nvim.type("<C-c>")
    host.wait(lambda host: host.asked[-1].ending == "client left")
    until_answered(nvim, "> What is it?\n\nIt [stopped]")
    nvim.type("iSure?<CR>")

    until_answered(nvim, "> What is it?\n\nIt [stopped]\n\n> Sure?\n\nIndeed.")
    assert "What is it?" in asked_last(host)


def test_an_answer_is_stopped_before_its_first_word(
    nvim: Neovim, host: FakeHost, file: Path
) -> None:
    """The key works while one types, too."""
    host.hang()
    nvim.edit(file)
    nvim.type(":InfillLs ask<CR>What is it?<CR>")
    host.wait(lambda host: len(host.asked) == 1)

    nvim.type("<C-c>")

    host.wait(lambda host: host.asked[-1].ending == "client left")
    until_answered(nvim, "> What is it?\n\n[stopped]")


def test_stopping_works_while_neovim_is_busy(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """A Ctrl-C that Neovim takes for an interrupt, whatever is mapped, is no less one for us."""
    host.hang()
    nvim.edit(file)
    nvim.type(":InfillLs ask What is it?<CR>")
    host.wait(lambda host: len(host.asked) == 1)

    nvim.lua("vim.api.nvim_input('<C-c>') vim.cmd.redraw()")

    host.wait(lambda host: host.asked[-1].ending == "client left")
    until_answered(nvim, "> What is it?\n\n[stopped]")


def test_a_question_is_kept_in_the_prompt_while_another_is_answered(
    nvim: Neovim, host: FakeHost, file: Path
) -> None:
    """Enter does not lose it: it can be asked once the answer has ended."""
    gate = host.gate()
    host.answers(" It", " adds.", EOS, gate=gate)
    host.answers(" Yes.", EOS)
    nvim.edit(file)
    nvim.type(":InfillLs ask<CR>What is it?<CR>")
    gate.open()
    until_drawn(nvim, "> What is it?\n\nIt")

    nvim.type("Sur<CR>")
    until(nvim.messages, bool)
    gate.stand_open()
    until_equal(lambda: drawn(nvim), "> What is it?\n\nIt adds.\n\n> Sur")
    until_equal(lambda: title(nvim), "infill-ls chat")
    nvim.type("e?<CR>")

    until_answered(nvim, "> What is it?\n\nIt adds.\n\n> Sure?\n\nYes.")


def test_a_failing_host_is_told_in_the_split_and_asked_again(
    nvim: Neovim, host: FakeHost, file: Path
) -> None:
    """A fault is one sentence in place of the answer; `gR` puts the answer there, and another."""
    host.then(Fail(Response(500)))
    host.answers(" It adds.", EOS)
    host.answers(" It adds two.", EOS)
    nvim.edit(file)
    nvim.type(":InfillLs ask What is it?<CR>")
    until(lambda: drawn(nvim), lambda text: host.url in text)

    nvim.type("gR")
    until_answered(nvim, "> What is it?\n\nIt adds.")
    nvim.command("InfillLs retry")

    until_answered(nvim, "> What is it?\n\nIt adds two.")


def test_the_next_question_after_a_fault_is_answered(
    nvim: Neovim, host: FakeHost, file: Path
) -> None:
    """The fault stays where it was, and ends nothing."""
    host.then(Fail(Response(500)))
    host.answers(" Yes.", EOS)
    nvim.edit(file)
    nvim.type(":InfillLs ask<CR>What is it?<CR>")
    until(lambda: drawn(nvim), lambda text: host.url in text)

    nvim.type("Sure?<CR>")

    until(lambda: drawn(nvim), lambda text: text.endswith("\n\n> Sure?\n\nYes.\n\n> "))
    assert host.url in drawn(nvim)


def test_a_question_that_was_refused_is_the_one_asked_again(
    nvim: Neovim, host: FakeHost, file: Path
) -> None:
    """Retrying after a file that cannot be shown does not ask the question before it."""
    host.answers(" It adds.", EOS)
    host.answers(" Code.", EOS)
    file.with_name(".git").mkdir()
    nvim.edit(file)
    nvim.type(":InfillLs ask What is it?<CR>")
    until_answered(nvim, "> What is it?\n\nIt adds.")
    secret = file.with_name(".env")
    secret.write_text("TOKEN=1\n")
    nvim.type("iWhat is in @.env<CR>")
    until(lambda: drawn(nvim), lambda text: ".env" in text.split("@.env")[-1])

    secret.unlink()
    nvim.command("InfillLs retry")

    until(lambda: drawn(nvim), lambda text: text.endswith("> What is in @.env\n\nCode.\n\n> "))
    assert "What is in @.env" in asked_last(host)


def test_the_conversation_is_forgotten(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """`gC` empties the split, and the next question begins anew."""
    host.answers(" It adds.", EOS)
    host.answers(" Yes.", EOS)
    nvim.edit(file)
    nvim.type(":InfillLs ask What is it?<CR>")
    until_answered(nvim, "> What is it?\n\nIt adds.")

    nvim.type("gC")
    until_equal(lambda: drawn(nvim), "> ")
    nvim.type("iSure?<CR>")
    until_answered(nvim, "> Sure?\n\nYes.")

    assert "What is it?" not in asked_last(host)


def test_forgetting_ends_an_answer_that_has_not_begun(
    nvim: Neovim, host: FakeHost, file: Path
) -> None:
    """The host is left, and nothing of it is drawn any more."""
    host.hang()
    host.answers(" Yes.", EOS)
    nvim.edit(file)
    nvim.type(":InfillLs ask What is it?<CR>")
    host.wait(lambda host: len(host.asked) == 1)

    nvim.command("InfillLs clear")
    host.wait(lambda host: host.asked[-1].ending == "client left")
    nvim.command("InfillLs ask Sure?")

    until_answered(nvim, "> Sure?\n\nYes.")


def test_the_split_closes_and_opens_with_what_was_said(
    nvim: Neovim, host: FakeHost, file: Path
) -> None:
    """`q` closes the window only; it opens where the command says, once."""
    host.answers(" It adds.", EOS)
    nvim.edit(file)
    nvim.type(":InfillLs ask What is it?<CR>")
    until_answered(nvim, "> What is it?\n\nIt adds.")
    nvim.type("q")
    until(nvim.lines, lambda lines: lines == CODE.splitlines())

    nvim.command("belowright InfillLs ask")
    nvim.command("InfillLs ask")

    layout = nvim.lua("return vim.tbl_map(function(w) return w.height < vim.o.lines - 5 end, "
                      "vim.fn.getwininfo())")  # fmt: skip
    assert layout == [True, True]
    assert drawn(nvim) == "> What is it?\n\nIt adds.\n\n> "


def test_a_buffer_that_was_wiped_out_is_made_anew(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """The answer under way is drawn nowhere, and nothing breaks; asked again, it is drawn."""
    gate = host.gate()
    host.answers(" It", " adds.", EOS, gate=gate)
    host.answers(" It adds two.", EOS)
    nvim.edit(file)
    nvim.type(":InfillLs ask What is it?<CR>")
    gate.open()
    until_drawn(nvim, "> What is it?\n\nIt")

    nvim.command("bwipeout")
    nvim.command("InfillLs ask")
    gate.stand_open()
    until_equal(lambda: title(nvim), "infill-ls chat")
    nvim.command("InfillLs retry")

    until_answered(nvim, "> What is it?\n\nIt adds two.")


def test_a_question_whose_code_is_gone_says_so(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """It is not asked without the code; and it is asked again once the file is there again."""
    nvim.edit(file)
    nvim.type(":2InfillLs chat<CR>")
    until_equal(lambda: title(nvim), "infill-ls chat about line 2 of sum.py")

    nvim.command("bwipeout sum.py")
    nvim.type("What is it?<CR>")

    until(lambda: drawn(nvim), lambda text: "sum.py is not open in the editor" in text)
    assert host.asked == ()
    host.answers(" It returns.", EOS)
    nvim.type("<Esc><C-W>p")
    nvim.edit(file)
    nvim.command("InfillLs retry")
    until(lambda: drawn(nvim), lambda text: "It returns." in text)
    assert "return a+b" in asked_last(host)


def test_a_long_answer_scrolls_where_one_watches_it(
    nvim: Neovim, host: FakeHost, file: Path
) -> None:
    """The window shows the end of the answer, from another window, too."""
    gate = host.gate()
    host.answers(" Lines:\n", *(f"{n}\n\n" for n in range(60)), "last", EOS, gate=gate)
    nvim.edit(file)
    nvim.command("InfillLs ask Write many lines.")
    nvim.command("wincmd p")

    gate.stand_open()
    until(lambda: drawn(nvim), lambda text: text.endswith("last\n\n> "))

    until(nvim.screen, lambda rows: any("last" in row for row in rows))


def test_code_of_an_answer_that_was_cut_ends_where_it_ends(
    nvim: Neovim, host: FakeHost, file: Path
) -> None:
    """What follows an open fence is not drawn as code."""
    host.answers(" So:\n```python\nadd(1", finish="length")
    nvim.edit(file)

    nvim.command("InfillLs ask How?")

    until_drawn(nvim, "> How?\n\nSo:\n```python\nadd(1\n```\n[longer than `chat.maxTokens` allows]")


def test_explaining_code_by_a_code_action_is_asked_in_the_split(
    nvim: Neovim, host: FakeHost, file: Path
) -> None:
    """The action's question and code go to the model, and the answer into the conversation."""
    host.answers(" It adds.", EOS)
    nvim.edit(file)

    nvim.lua(CHOOSE, "Explain")

    until(lambda: drawn(nvim), lambda text: "\n> (lines 1-2 of sum.py)\n\nIt adds.\n\n> " in text)
    assert "return a+b" in asked_last(host)


def test_a_question_of_ones_own_is_asked_by_a_code_action(
    nvim: Neovim, host: FakeHost, file: Path
) -> None:
    """The action opens the prompt, and its code goes along."""
    host.answers(" It adds.", EOS)
    nvim.edit(file)

    nvim.lua(CHOOSE, "Ask about this")
    until_equal(lambda: nvim.lua("return vim.fn.mode()"), "i")
    nvim.type("What is it?<CR>")

    until_answered(nvim, "> What is it?\n> (lines 1-2 of sum.py)\n\nIt adds.")
    assert "return a+b" in asked_last(host)


def test_a_server_that_ends_is_told_and_the_next_one_asked(
    nvim: Neovim, host: FakeHost, file: Path
) -> None:
    """The answer under way says so; after a restart, retrying asks the question again."""
    host.hang()
    host.answers(" It adds.", EOS)
    nvim.edit(file)
    nvim.type(":InfillLs chat What is it?<CR>")
    host.wait(lambda host: len(host.asked) == 1)
    children = nvim.lua("return vim.api.nvim_get_proc_children(vim.fn.getpid())")
    assert isinstance(children, list)
    [pid] = children

    psutil.Process(pid).kill()
    until(lambda: drawn(nvim), lambda text: "the server has ended" in text)
    # Neovim itself says so.
    until(nvim.messages, bool)
    nvim.command("messages clear")
    nvim.command("wincmd p")
    nvim.command("edit")
    until(nvim.clients, bool)
    nvim.command("InfillLs retry")

    until_answered(nvim, "> What is it?\n> (the code around line 1 of sum.py)\n\nIt adds.")


def test_subcommands_complete(nvim: Neovim) -> None:
    """All are offered, or those that begin so; a question is left alone."""

    def completions(line: str) -> object:
        return nvim.lua("return vim.fn.getcompletion(..., 'cmdline')", line)

    assert completions("InfillLs ") == SUBCOMMANDS
    assert completions("'<,'>InfillLs re") == ["restart", "retry"]
    assert completions("InfillLs chat re") == []


def test_a_subcommand_that_is_none_is_told(nvim: Neovim) -> None:
    """One sentence names those that are."""
    nvim.type(":InfillLs explode<CR>")

    [message] = until(nvim.messages, bool)
    assert '"explode"' in message
    assert ", ".join(SUBCOMMANDS) in message


def test_the_server_is_seen_to_by_commands(nvim: Neovim, file: Path) -> None:
    """Suggestions are switched, the status is told, the server restarts, and the log opens."""
    enabled = "return vim.lsp.inline_completion.is_enabled({ bufnr = 0 })"
    nvim.edit(file)
    nvim.command("InfillLs toggle")
    is_on = nvim.lua(enabled)
    nvim.command("InfillLs status")
    told = nvim.messages()
    nvim.command("messages clear")
    first = nvim.clients()

    nvim.command("InfillLs restart")
    until(nvim.clients, lambda clients: clients and clients != first)
    nvim.command("InfillLs log")

    assert is_on is False
    assert told == ["infill-ls"]
    assert nvim.lua("return vim.api.nvim_buf_get_name(0) == vim.lsp.log.get_filename()") is True


def test_asking_without_a_server_is_told(start_nvim: Start) -> None:
    """There is no Lua error, and what was typed is not lost."""
    nvim = start_nvim()

    nvim.type(":InfillLs ask<CR>What is it?<CR>")

    [message] = until(nvim.messages, bool)
    assert "the server does not run" in message
    assert drawn(nvim) == "> What is it?"


def test_checkhealth_tells_what_is_needed(nvim: Neovim, start_nvim: Start, file: Path) -> None:
    """All is well after setup; before it, the report says what to do."""
    nvim.edit(file)

    nvim.command("checkhealth infill_ls")
    other = start_nvim()
    other.command("checkhealth infill_ls")

    report = "\n".join(nvim.lines())
    assert re.search(r"OK Neovim \d+\.\d+", report)
    assert re.search(r"OK infill-ls \d+\.\d+", report)
    assert "OK <Tab> accepts" in report
    assert "OK chat" in report
    assert "ERROR" not in report
    assert "WARNING" not in report
    assert "require('infill_ls').setup()" in "\n".join(other.lines())


def test_the_manual_has_its_tags(nvim: Neovim, tmp_path: Path) -> None:
    """Neovim makes an index of it without a complaint, and every reference leads somewhere."""
    manual = (PLUGIN / "doc" / "infill_ls.txt").read_text()
    (tmp_path / "infill_ls.txt").write_text(manual)

    nvim.lua("vim.cmd.helptags(...)", str(tmp_path))

    tags = {line.split("\t")[0] for line in (tmp_path / "tags").read_text().splitlines()}
    assert {f":InfillLs-{name}" for name in SUBCOMMANDS} <= tags
    for reference in re.findall(r"\|(\S+?)\|", manual):
        found = nvim.lua("return vim.fn.getcompletion(..., 'help')", reference)
        assert reference in tags | set(found if isinstance(found, list) else []), reference
