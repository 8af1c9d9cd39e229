"""Neovim with suggestions that grow, in every version that the plug-in is for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from editors import neovim
from editors.neovim import Neovim, until, until_equal
from fakes.host import FakeHost
from fakes.response import Response
from fakes.script import EOT, Answer, Fail, Token

HEAD = "def add(a, b):"
KEYS = {"accept_word": "<C-F>", "accept_line": "<C-L>", "next": "<C-J>", "ask": "<C-B>"}
MARKS = """
local namespace = vim.api.nvim_create_namespace('infill_ls.suggestions')
return vim.api.nvim_buf_get_extmarks(vim.fn.bufnr(...), namespace, 0, -1, {})
"""
"""What is drawn in a buffer that need not be the current one."""
HANGS = Fail(Response(ending="never begun"))


@pytest.fixture(params=neovim.VERSIONS)
def nvim_program(request: pytest.FixtureRequest) -> str:
    """The path of a Neovim, of one series after the other."""
    return neovim.required_program(str(request.param))


@pytest.fixture
def nvim(host: FakeHost, start_nvim: Callable[[], Neovim]) -> Neovim:
    """A Neovim whose suggestions grow, and come from `host`, which outlives it."""
    nvim = start_nvim()
    settings = {"backend": {"kind": "tgi", "url": host.url}}
    nvim.set_up({"suggestions": "stream", "keys": KEYS, "settings": settings})
    return nvim


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A Python function without its body."""
    return written(tmp_path / "work" / "a.py", f"{HEAD}\n    \n")


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    return path


def body(*lines: str) -> list[str]:
    return [HEAD, *(f"    {line}" for line in lines)]


def test_a_suggestion_grows_while_the_host_writes(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """Each state is drawn as it comes, by one request, and is not in the buffer."""
    gate = host.gate()
    host.answers("if a:", "\n        return b", "\n    return a", EOT, gate=gate)
    nvim.edit(file)

    nvim.type("GA")
    gate.open()
    first = until(nvim.ghost, bool)
    gate.open()
    second = until(nvim.ghost, lambda ghost: ghost != first)
    gate.stand_open()
    whole = until(nvim.ghost, lambda ghost: ghost != second)

    assert first == "if a:"
    assert second == "if a:\n        return b"
    assert whole == "if a:\n        return b\n    return a"
    assert nvim.screen()[:4] == body("if a:", "    return b", "return a")
    assert nvim.lines() == body("")
    assert len(host.asked) == 1


def test_tab_takes_what_is_seen_while_more_is_written(
    nvim: Neovim, host: FakeHost, file: Path
) -> None:
    """What comes after that is suggested next, by the same answer of the host."""
    gate = host.gate()
    host.answers("if a:", "\n        return b", "\n    return a", EOT, gate=gate)
    nvim.edit(file)
    nvim.type("GA")
    gate.open()
    gate.open()
    seen = until(nvim.ghost, lambda ghost: "b" in ghost)

    nvim.type("<Tab>")
    until_equal(nvim.lines, body("if a:", "    return b"))
    gate.stand_open()

    assert seen == "if a:\n        return b"
    assert until(nvim.ghost, bool) == "\n    return a"
    assert nvim.cursor() == (3, len("        return b"))
    assert len(host.asked) == 1


def test_tab_accepts_all(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """The cursor stands behind it, and the next Tab is a tab."""
    host.answers("if a:\n", "        return a\n", "    return b")
    host.always(Answer((EOT,)))
    nvim.edit(file)
    nvim.type("GA")
    until_equal(nvim.ghost, "if a:\n        return a\n    return b")

    nvim.type("<Tab>")

    until_equal(nvim.lines, body("if a:", "    return a", "return b"))
    assert nvim.cursor() == (4, len("    return b"))
    until_equal(nvim.ghost, "")
    nvim.type("<Tab>")
    until_equal(nvim.lines, body("if a:", "    return a", "return b    "))


def test_typing_along_shrinks_the_suggestion(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """While the user types what is suggested, the screen does not change."""
    host.answers("return a", " + b")
    nvim.edit(file)
    nvim.type("GA")
    until_equal(nvim.ghost, "return a + b")

    for index, character in enumerate("return a", start=1):
        # Should the server ask again, this is what a model would say.
        host.always(Answer((Token("return a + b"[index:]),)))
        nvim.type(character)
        until_equal(nvim.lines, body("return a"[:index]))
        assert nvim.screen()[1] == "    return a + b"
        assert nvim.ghost() == "return a + b"[index:]
    nvim.type("<Tab>")

    until_equal(nvim.lines, body("return a + b"))


def test_keys_that_come_at_one_go_with_tab(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """What was typed along is part of what is accepted, and what follows Tab comes behind it."""
    host.answers("return a", " + b")
    host.always(HANGS)
    nvim.edit(file)
    nvim.type("GA")
    until_equal(nvim.ghost, "return a + b")

    nvim.type("ret<Tab> + c")

    until_equal(nvim.lines, body("return a + b + c"))


def test_keys_that_do_not_follow_make_tab_a_tab(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """What no longer fits is not inserted, however quickly the keys come."""
    host.answers("return a", " + b")
    host.always(HANGS)
    nvim.edit(file)
    nvim.type("GA")
    until_equal(nvim.ghost, "return a + b")

    nvim.type("ax<Tab>")

    until_equal(nvim.lines, body("ax  "))


def test_a_suggestion_that_the_user_does_not_follow_goes_at_once(
    nvim: Neovim, host: FakeHost, file: Path
) -> None:
    """It does not wait for the next answer, which may take seconds."""
    host.answers("return a", " + b")
    host.always(HANGS)
    nvim.edit(file)
    nvim.type("GA")
    until_equal(nvim.ghost, "return a + b")

    nvim.type("t")

    until_equal(nvim.lines, body("t"))
    assert nvim.ghost() == ""


def test_a_late_answer_is_not_drawn(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """An answer that comes after another key is drawn only if it goes on from there."""
    gate = host.gate()
    host.answers("return a", " + b", gate=gate)
    host.always(HANGS)
    nvim.edit(file)
    nvim.type("GA")
    host.wait(lambda host: len(host.asked) == 1)

    nvim.type("x")
    until_equal(nvim.lines, body("x"))
    gate.stand_open()
    host.wait(lambda host: len(host.asked) == 2)

    assert nvim.ghost() == ""


def test_a_word_is_accepted(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """The rest stays on the screen, and the host is not asked for it."""
    host.answers("return a", " + b")
    nvim.edit(file)
    nvim.type("GA")
    until_equal(nvim.ghost, "return a + b")

    nvim.type("<C-F>")
    until_equal(nvim.lines, body("return"))
    assert nvim.ghost() == " a + b"
    assert nvim.screen()[1] == "    return a + b"
    nvim.type("<C-F><C-F>")

    until_equal(nvim.lines, body("return a + b"))
    until_equal(nvim.ghost, "")
    assert len(host.asked) == 1


def test_a_line_is_accepted(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """One line of several is taken, and the rest stays."""
    host.answers("if a:\n", "        return a\n", "    return b")
    nvim.edit(file)
    nvim.type("GA")
    until_equal(nvim.ghost, "if a:\n        return a\n    return b")

    nvim.type("<C-L>")
    until_equal(nvim.lines, body("if a:"))
    assert nvim.screen()[:4] == body("if a:", "    return a", "return b")
    nvim.type("<C-L>")

    until_equal(nvim.lines, body("if a:", "    return a"))
    assert nvim.screen()[:4] == body("if a:", "    return a", "return b")


def test_others_are_shown_in_turn(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """The key has the server look for others, and goes round them."""
    host.answers("return a", " + b")
    host.always(Answer((Token("return b"), Token(" + a"))))
    nvim.edit(file)
    nvim.type("GA")
    until_equal(nvim.ghost, "return a + b")

    nvim.type("<C-J>")
    until_equal(nvim.ghost, "return b + a")
    nvim.type("<C-J>")
    until_equal(nvim.ghost, "return a + b")
    nvim.type("<C-J><Tab>")

    until_equal(nvim.lines, body("return b + a"))


def test_a_suggestion_is_asked_for(nvim: Neovim, host: FakeHost, tmp_path: Path) -> None:
    """The key asks where none comes while one types, and says so if there is nothing."""
    nvim.edit(written(tmp_path / "work" / "a.py", "value = compute_the_sum(of_these)\n"))
    host.always(Answer((EOT,)))

    nvim.type("0fpa<C-B>")
    until(nvim.messages, lambda told: told == ["infill-ls: there is nothing to suggest here"])
    host.always(Answer((Token("are_and_"), EOT)))
    nvim.type("<Esc>0fta<C-B>")

    until_equal(nvim.ghost, "are_and_")


def test_what_a_suggestion_replaces_is_drawn_once(
    nvim: Neovim, host: FakeHost, tmp_path: Path
) -> None:
    """Brackets that the editor closed are written over, on the screen as in the buffer."""
    host.answers("a, b))\n", EOT)
    nvim.edit(written(tmp_path / "work" / "a.py", "print(add())  # sum\n"))

    nvim.type("f)i")
    until(nvim.ghost, bool)
    screen = nvim.screen()[0]
    nvim.type("<Tab>")

    until_equal(nvim.lines, ["print(add(a, b))  # sum"])
    assert screen == "print(add(a, b))  # sum"


def test_characters_beyond_the_first_plane_before_the_cursor(
    nvim: Neovim, host: FakeHost, tmp_path: Path
) -> None:
    """Columns are counted alike on both sides, whatever stands before the cursor."""
    host.answers(" + '🎉'")
    nvim.edit(written(tmp_path / "work" / "a.py", "ä = '😀é'\n"))

    nvim.type("A")
    until_equal(nvim.ghost, " + '🎉'")
    nvim.type("<Tab>")

    until_equal(nvim.lines, ["ä = '😀é' + '🎉'"])
    assert "ä = '😀é'" in host.asked[0].request.json["inputs"]


def test_several_lines_go_into_a_file_with_windows_line_ends(
    nvim: Neovim, host: FakeHost, tmp_path: Path
) -> None:
    """Neovim keeps the ends of lines out of the buffer, so none may come with a suggestion."""
    host.answers("if a:\n", "        return a")
    path = written(tmp_path / "work" / "dos.py", f"{HEAD}\r\n    \r\n")
    nvim.edit(path)
    nvim.type("GA")
    until_equal(nvim.ghost, "if a:\n        return a")

    nvim.type("<Tab>")
    until_equal(nvim.lines, body("if a:", "    return a"))
    nvim.command("silent write")

    assert path.read_bytes().decode() == f"{HEAD}\r\n    if a:\r\n        return a\r\n"


def test_tabs_are_as_wide_as_in_the_text(nvim: Neovim, host: FakeHost, tmp_path: Path) -> None:
    """Code that is indented with tabs looks the same before and after it is accepted."""
    host.answers("if a {\n", "\t\treturn\tb\n", "\t}")
    nvim.edit(written(tmp_path / "work" / "a.go", "func f() {\n\t\n}\n"))
    nvim.command("set tabstop=4")
    nvim.type("jA")
    until(nvim.ghost, lambda ghost: "}" in ghost)
    seen = nvim.screen()[:4]

    nvim.type("<Tab>")

    until_equal(nvim.lines, ["func f() {", "\tif a {", "\t\treturn\tb", "\t}", "}"])
    assert nvim.screen()[:4] == seen == ["func f() {", "    if a {", "        return  b", "    }"]


def test_undo_takes_back_what_was_accepted(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """One undo takes all of it back, and leaves what was typed."""
    host.answers(" a:\n", "        return a")
    nvim.edit(file)
    nvim.type("GAif")
    until_equal(nvim.ghost, " a:\n        return a")

    nvim.type("<Tab>")
    until_equal(nvim.lines, body("if a:", "    return a"))
    nvim.type("<Esc>:silent undo<CR>")

    until_equal(nvim.lines, body("if"))


def test_another_buffer_has_suggestions_of_its_own(
    nvim: Neovim, host: FakeHost, file: Path
) -> None:
    """None stays behind in the buffer that one leaves, and none comes along."""
    other = written(file.with_name("b.py"), "def sub(a, b):\n    \n")
    host.answers("return a", " + b")
    nvim.edit(other)
    nvim.edit(file)
    nvim.type("GA")
    until_equal(nvim.ghost, "return a + b")

    # As a mouse does it, without an end of insert mode.
    host.always(HANGS)
    nvim.type("<Cmd>hide buffer b.py<CR>")
    until_equal(nvim.lines, ["def sub(a, b):", "    "])
    assert nvim.ghost() == ""
    assert nvim.lua(MARKS, "a.py") == []

    host.always(Answer((Token("return a - b"),)))
    nvim.type("<Esc>GA")
    until_equal(nvim.ghost, "return a - b")
    nvim.type("<Tab>")
    until_equal(nvim.lines, ["def sub(a, b):", "    return a - b"])


def test_a_host_that_fails_leaves_what_it_has_written(
    nvim: Neovim, host: FakeHost, file: Path
) -> None:
    """The status tells of it, nothing is doubled, and typing something else clears it."""
    host.cut_after("return a", " + b")
    host.always(Fail(Response(ending="dropped")))
    nvim.edit(file)

    nvim.type("GA")
    until(nvim.status, lambda status: status.startswith("infill-ls: "))
    nvim.type("x")

    until_equal(nvim.lines, body("x"))
    until_equal(nvim.ghost, "")


@pytest.mark.parametrize("key", ["<Esc>", "<C-C>", "<C-O>"])
def test_leaving_insert_mode_ends_the_request(
    nvim: Neovim, host: FakeHost, file: Path, key: str
) -> None:
    """Nothing is drawn any more, and the host does not write for nobody."""
    gate = host.gate()
    host.answers("return a", "\n    return b", EOT, gate=gate)
    nvim.edit(file)
    nvim.type("GA")
    gate.open()
    until_equal(nvim.ghost, "return a")

    nvim.type(key)

    until_equal(nvim.ghost, "")
    host.wait(lambda host: host.asked[-1].ending == "client left")


def test_moving_the_cursor_away_ends_the_suggestion(
    nvim: Neovim, host: FakeHost, file: Path
) -> None:
    """It belongs to its place."""
    host.answers("return a", " + b")
    host.always(HANGS)
    nvim.edit(file)
    nvim.type("GA")
    until_equal(nvim.ghost, "return a + b")

    nvim.type("<Up>")

    until_equal(nvim.ghost, "")


def test_a_menu_is_open_beside_a_suggestion(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """Until one of its items is chosen, Tab takes what is suggested, and closes the menu."""
    host.always(Answer((Token("urn a + b"),)))
    nvim.edit(file)
    nvim.command("set completeopt=menuone,noselect")

    nvim.type("Goretro = returned = 0<CR>ret<C-X><C-N>")
    until(lambda: nvim.lua("return vim.fn.pumvisible()"), lambda visible: visible == 1)
    until_equal(nvim.ghost, "urn a + b")
    nvim.type("<Tab>")

    until(nvim.lines, lambda lines: lines[-1].strip() == "return a + b")
    assert nvim.lua("return vim.fn.pumvisible()") == 0


def test_an_item_of_the_menu_that_is_chosen_goes_before_a_suggestion(
    nvim: Neovim, host: FakeHost, file: Path
) -> None:
    """Nothing is drawn beside it, and Tab is the menu's."""
    host.always(Answer((Token("urn a + b"),)))
    nvim.edit(file)
    nvim.command("inoremap <expr> <Tab> pumvisible() ? '<C-N>' : '<Tab>'")
    nvim.set_up({"suggestions": "stream"})
    nvim.command("set completeopt=menuone")

    nvim.type("Goretro = returned = 0<CR>ret")
    until_equal(nvim.ghost, "urn a + b")
    nvim.type("<C-X><C-N>")
    until(nvim.lines, lambda lines: lines[-1].strip() == "retro")
    until_equal(nvim.ghost, "")
    nvim.type("<Tab>")

    until(nvim.lines, lambda lines: lines[-1].strip() == "returned")
    assert nvim.ghost() == ""


def test_nothing_is_suggested_while_one_replaces(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """In Replace mode each key takes a character away; a suggestion would not."""
    host.always(Answer((Token("return a + b"),)))
    nvim.edit(file)

    nvim.type("G$Rx")
    until_equal(nvim.lines, [HEAD, "   x"])
    assert nvim.ghost() == ""
    assert host.asked == ()
    nvim.type("<Esc>A")

    until_equal(nvim.ghost, "return a + b")


def test_suggestions_can_be_switched_off(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """After `:InfillLs toggle` the server is not asked, after a second one it is."""
    host.always(Answer((Token("return a + b"),)))
    nvim.edit(file)
    nvim.command("InfillLs toggle")
    nvim.type("GAx<Esc>")
    assert host.asked == ()

    nvim.command("InfillLs toggle")
    nvim.type("A")

    until_equal(nvim.ghost, "return a + b")


def test_only_other_progress_goes_its_way(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """What the server says of its other work reaches Neovim, how a suggestion grows does not."""
    gate = host.gate()
    host.answers("return a", " + b", EOT, gate=gate)
    nvim.edit(file)
    nvim.lua(
        "vim.g.kinds = {}; vim.api.nvim_create_autocmd('LspProgress', { callback = function(event)"
        " vim.g.kinds = vim.list_extend(vim.g.kinds, { event.data.params.value.kind or 'ours' })"
        " end })"
    )

    nvim.type("GA")
    gate.stand_open()
    until_equal(nvim.ghost, "return a + b")
    nvim.type("<Esc>")
    nvim.command("InfillLs ask What is this?")

    until(lambda: nvim.lua("return vim.g.kinds"), lambda kinds: "end" in list(kinds))
    assert "ours" not in nvim.lua("return vim.g.kinds")


def test_other_servers_may_have_neovims_own_way(
    host: FakeHost, start_nvim: Callable[[], Neovim], file: Path
) -> None:
    """Where the user has enabled that for all, ours is still drawn once."""
    host.always(Answer((Token("return a + b"),)))
    nvim = start_nvim()
    nvim.lua("if vim.lsp.inline_completion then vim.lsp.inline_completion.enable() end")
    settings = {"backend": {"kind": "tgi", "url": host.url}}
    nvim.set_up({"suggestions": "stream", "settings": settings})
    nvim.edit(file)
    nvim.type("GA")
    until_equal(nvim.ghost, "return a + b")

    is_enabled = """
    local filter = { bufnr = 0, client_id = vim.lsp.get_clients({ name = 'infill_ls' })[1].id }
    return vim.lsp.inline_completion ~= nil and vim.lsp.inline_completion.is_enabled(filter)
    """
    assert nvim.lua(is_enabled) is False


def test_typing_goes_on_without_a_server_that_has_ended(
    nvim: Neovim, host: FakeHost, file: Path
) -> None:
    """What it had suggested is taken back, and the next server suggests."""
    gate = host.gate()
    host.answers("return a", "\n    return b", EOT, gate=gate)
    nvim.edit(file)
    nvim.type("GA")
    gate.open()
    until_equal(nvim.ghost, "return a")
    [pid] = psutil.Process(int(str(nvim.lua("return vim.fn.getpid()")))).children()

    pid.kill()
    until(nvim.messages, bool)
    nvim.type("x")
    until_equal(nvim.lines, body("x"))
    until_equal(nvim.ghost, "")
    # Neovim itself says that it has ended.
    nvim.command("messages clear")
    host.always(Answer((Token("return a + b"),)))
    nvim.type("<Esc>:silent edit!<CR>")
    until(nvim.clients, bool)
    nvim.type("GA")

    until_equal(nvim.ghost, "return a + b")


SERVER = """
local items = ...
local count = 0
local answers = {
  initialize = { capabilities = { inlineCompletionProvider = {} } },
  ['textDocument/inlineCompletion'] = { items = items },
}
vim.lsp.start({
  name = 'infill_ls',
  on_init = require('infill_ls.older').adapt,
  cmd = function()
    return {
      request = function(method, params, callback)
        if method == 'workspace/executeCommand' then
          vim.g.executed = params
        end
        vim.schedule(function() callback(nil, answers[method] or {}) end)
        count = count + 1
        return true, count
      end,
      notify = function() return true end,
      is_closing = function() return false end,
      terminate = function() end,
    }
  end,
})
"""
"""Starts a server that suggests some items, in this Neovim."""


def test_what_a_server_can_say_of_an_item_is_done(nvim: Neovim, tmp_path: Path) -> None:
    """Several lines in place of a bracket are seen as they will be; then its command is run."""
    cursor, bracket = ({"line": 0, "character": character} for character in (4, 5))
    command = {"title": "Count", "command": "count", "arguments": [1]}
    item = {
        "insertText": "\n    a,\n)",
        "range": {"start": cursor, "end": bracket},
        "command": command,
    }
    file = written(tmp_path / "work" / "a.txt", "add()\n")
    nvim.lua("vim.cmd('noautocmd edit ' .. ...)", str(file))
    nvim.lua(SERVER, [item])
    nvim.type("f)i")
    until(nvim.ghost, bool)
    screen = nvim.screen()[:3]

    nvim.type("<Tab>")

    until_equal(nvim.lines, screen)
    assert screen == ["add(", "    a,", ")"]
    until_equal(lambda: nvim.lua("return vim.g.executed"), {"command": "count", "arguments": [1]})
