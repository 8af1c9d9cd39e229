"""Neovim as the user has it: our plugin, the real server, the real screen."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from editors.neovim import Neovim, environment, until, until_equal
from fakes.faces.llamacpp import LlamaCpp
from fakes.host import FakeHost, refused_url
from fakes.llamacpp import llamacpp_server
from fakes.response import Response
from fakes.script import EOT, Answer, Fail, Token
from infill_ls.models.store import installed

Start = Callable[[], Neovim]

HEAD = "def add(a, b):"

LONGEST_FIRST_REST_S = 2.0
"""How long a host that failed once is left alone at most."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A Python function without its body."""
    return written(tmp_path / "work" / "a.py", f"{HEAD}\n    \n")


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    return path


def backend_at(url: str) -> dict[str, object]:
    return {"settings": {"backend": {"kind": "tgi", "url": url}}}


def test_a_long_suggestion_is_drawn_line_by_line(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """The first line is drawn while the host writes on, and all of them once they are there."""
    gate = host.gate()
    host.answers("if a:", "\n        return b", "\n    return a", EOT, gate=gate)
    nvim.edit(file)

    nvim.type("GA")
    gate.open()
    gate.open()
    first = until(nvim.ghost, bool)
    gate.stand_open()
    whole = until(nvim.ghost, lambda ghost: ghost != first)

    assert first == "if a:"
    assert whole == "if a:\n        return b\n    return a"
    assert len(host.asked) == 1


def test_a_suggestion_is_drawn_where_the_user_types(
    nvim: Neovim, host: FakeHost, file: Path
) -> None:
    """Ghost text follows the typed text on the screen, and is not in the buffer."""
    host.answers("urn a", " + b")
    nvim.edit(file)

    nvim.type("GAret")
    ghost = until(nvim.ghost, bool)

    assert ghost == "urn a + b"
    assert nvim.screen()[:2] == [HEAD, "    return a + b"]
    assert nvim.lines() == [HEAD, "    ret"]


def test_tab_accepts(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """Tab puts the suggestion into the buffer and the cursor behind it."""
    host.answers("urn a", " + b")
    nvim.edit(file)
    nvim.type("GAret")
    until(nvim.ghost, bool)

    nvim.type("<Tab>")

    until_equal(nvim.lines, [HEAD, "    return a + b"])
    assert nvim.cursor() == (2, len("    return a + b"))
    assert nvim.ghost() == ""


def test_tab_is_a_tab_where_nothing_is_suggested(
    nvim: Neovim, host: FakeHost, tmp_path: Path
) -> None:
    """Without a suggestion the key does what it always did."""
    nvim.edit(written(tmp_path / "work" / "a.c", "int x;\n"))

    nvim.type("o<Tab>y")

    until_equal(nvim.lines, ["int x;", "\ty"])


def test_a_former_mapping_of_the_key_stays_in_use(
    start_nvim: Start, host: FakeHost, file: Path
) -> None:
    """What the user had mapped to the key is done where nothing is suggested, after every setup."""
    nvim = start_nvim()
    nvim.command("inoremap <Tab> former")
    nvim.set_up(backend_at(host.url))
    nvim.set_up(backend_at(host.url))
    nvim.edit(file)

    nvim.type("GA<Tab>")

    until_equal(nvim.lines, [HEAD, "    former"])


def test_another_key_can_accept(start_nvim: Start, host: FakeHost, file: Path) -> None:
    """`keys` moves the mapping; Tab is left alone."""
    host.answers("return a + b")
    nvim = start_nvim()
    nvim.set_up({**backend_at(host.url), "keys": {"accept": "<C-L>"}})
    nvim.edit(file)
    nvim.type("GA")
    until(nvim.ghost, bool)

    nvim.type("<C-L>")

    until_equal(nvim.lines, [HEAD, "    return a + b"])
    assert nvim.lua("return vim.fn.maparg('<Tab>', 'i', false, true).desc") != nvim.lua(
        "return vim.fn.maparg('<C-L>', 'i', false, true).desc"
    )


@pytest.fixture
def keyed(host: FakeHost, start_nvim: Start) -> Neovim:
    """A Neovim with a key for all that can be done with a suggestion."""
    nvim = start_nvim()
    keys = {"accept_word": "<C-F>", "accept_line": "<C-L>", "next": "<C-J>", "ask": "<C-B>"}
    nvim.set_up({**backend_at(host.url), "keys": keys})
    return nvim


def test_a_word_is_accepted(keyed: Neovim, host: FakeHost, file: Path) -> None:
    """The rest stays on the screen, and the host is not asked for it."""
    host.answers("return a", " + b")
    keyed.edit(file)
    keyed.type("GA")
    until_equal(keyed.ghost, "return a + b")

    keyed.type("<C-F>")
    until_equal(keyed.lines, [HEAD, "    return"])
    until_equal(keyed.ghost, " a + b")
    keyed.type("<C-F>")
    until_equal(keyed.lines, [HEAD, "    return a"])
    keyed.type("<Tab>")

    until_equal(keyed.lines, [HEAD, "    return a + b"])
    assert len(host.asked) == 1


def test_a_line_is_accepted(keyed: Neovim, host: FakeHost, file: Path) -> None:
    """One line of several is taken, and what follows is suggested again."""
    host.answers("if a:\n", "        return a\n", "    return b")
    keyed.edit(file)
    keyed.type("GA")
    until_equal(keyed.ghost, "if a:\n        return a\n    return b")

    keyed.type("<C-L>")
    until_equal(keyed.lines, [HEAD, "    if a:"])
    until_equal(keyed.ghost, "\n        return a\n    return b")
    keyed.type("<C-L>")
    until_equal(keyed.lines, [HEAD, "    if a:", "        return a"])

    until_equal(keyed.ghost, "\n    return b")
    assert len(host.asked) == 1


def test_others_are_shown_in_turn(keyed: Neovim, host: FakeHost, file: Path) -> None:
    """One key has the server look for others, one for the first; Tab takes what is shown."""
    host.answers("return a", " + b")
    host.always(Answer((Token("return b"), Token(" + a"))))
    keyed.edit(file)
    keyed.type("GA")
    until_equal(keyed.ghost, "return a + b")

    keyed.type("<C-J>")
    until(keyed.ghost, lambda ghost: ghost.startswith("return b + a"))
    keyed.type("<C-B>")
    until_equal(keyed.ghost, "return a + b")
    keyed.type("<C-J>")
    until(keyed.ghost, lambda ghost: ghost.startswith("return b + a"))
    keyed.type("ret<Tab>")

    until_equal(keyed.lines, [HEAD, "    return b + a"])


def test_a_suggestion_is_asked_for(keyed: Neovim, host: FakeHost, tmp_path: Path) -> None:
    """It comes where none does while one types."""
    host.always(Answer((Token("are_and_"), EOT)))
    keyed.edit(written(tmp_path / "work" / "a.py", "value = compute_the_sum(of_these)\n"))
    keyed.type("0fpa")

    # Not before Neovim has asked once, and has got nothing.
    until(lambda: keyed.lua("return require('infill_ls.suggestions').ask()"), bool)

    until_equal(keyed.ghost, "are_and_")


def test_typing_on_doubles_no_character(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """While the user types what is suggested, the screen does not change."""
    host.answers("return a", " + b")
    nvim.edit(file)
    nvim.type("GA")
    until(nvim.ghost, bool)

    for index, character in enumerate("return a", start=1):
        # Should the server ask again, this is what a model would say.
        host.always(Answer((Token("return a + b"[index:]),)))
        nvim.type(character)
        until_equal(nvim.lines, [HEAD, "    " + "return a"[:index]])
        assert nvim.screen()[1] == "    return a + b"
    nvim.type("<Tab>")

    until_equal(nvim.lines, [HEAD, "    return a + b"])


def test_accepting_at_once_after_a_key_leaves_no_typed_text_behind(
    nvim: Neovim, host: FakeHost, file: Path
) -> None:
    """Until the server was asked anew, what was typed is part of the suggestion."""
    host.answers("return a", " + b")
    nvim.edit(file)
    nvim.type("GA")
    until(nvim.ghost, bool)

    nvim.type("ret<Tab>")

    until_equal(nvim.lines, [HEAD, "    return a + b"])
    assert nvim.cursor() == (2, len("    return a + b"))


def test_keys_typed_at_one_go_that_do_not_follow_make_tab_a_tab(
    nvim: Neovim, host: FakeHost, file: Path
) -> None:
    """What no longer fits is not inserted, however quickly the keys come."""
    host.answers("return a", " + b")
    nvim.edit(file)
    nvim.type("GA")
    until(nvim.ghost, bool)

    nvim.type("ax<Tab>")

    until_equal(nvim.lines, [HEAD, "    ax  "])


def test_a_suggestion_that_the_user_does_not_follow_goes_at_once(
    nvim: Neovim, host: FakeHost, file: Path
) -> None:
    """It does not wait for the next answer, which may take seconds."""
    host.answers("return a", " + b")
    host.answers(" = a + b", gate=host.gate())
    nvim.edit(file)
    nvim.type("GA")
    until(nvim.ghost, bool)

    nvim.type("total")

    until_equal(nvim.ghost, "")
    assert nvim.lines() == [HEAD, "    total"]


def test_a_late_answer_that_the_user_does_not_follow_is_not_drawn(
    nvim: Neovim, host: FakeHost, file: Path
) -> None:
    """An answer that comes after another key is drawn only if it goes on from there."""
    gate = host.gate()
    host.answers("return a", " + b", gate=gate)
    host.hang()
    nvim.edit(file)
    nvim.type("GA")
    host.wait(lambda host: len(host.asked) == 1)

    nvim.type("x")
    until_equal(nvim.lines, [HEAD, "    x"])
    gate.stand_open()
    host.wait(lambda host: len(host.asked) == 2)

    assert nvim.ghost() == ""


def test_several_lines_are_suggested_and_accepted(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """Further lines are drawn below, and accepted with the first."""
    host.answers("if a:\n", "        return a\n", "    return b")
    nvim.edit(file)
    nvim.type("GA")
    until_equal(nvim.ghost, "if a:\n        return a\n    return b")
    screen = nvim.screen()[:4]

    nvim.type("<Tab>")

    assert screen == [HEAD, "    if a:", "        return a", "    return b"]
    until_equal(nvim.lines, screen)
    assert nvim.cursor() == (4, len("    return b"))


def test_several_lines_go_into_a_file_with_windows_line_ends(
    nvim: Neovim, host: FakeHost, tmp_path: Path
) -> None:
    """Neovim keeps the ends of lines out of the buffer, so none may come with a suggestion."""
    host.answers("if a:\n", "        return a")
    nvim.edit(written(tmp_path / "work" / "dos.py", f"{HEAD}\r\n    \r\n"))
    nvim.type("GA")
    until_equal(nvim.ghost, "if a:\n        return a")

    nvim.type("<Tab>")

    until_equal(nvim.lines, [HEAD, "    if a:", "        return a"])


def test_characters_beyond_ascii_before_the_cursor(
    nvim: Neovim, host: FakeHost, tmp_path: Path
) -> None:
    """Columns are counted alike on both sides, whatever stands before the cursor."""
    host.answers(" + '🎉'")
    nvim.edit(written(tmp_path / "work" / "a.py", "ä = '😀é'\n"))

    nvim.type("A")
    until(nvim.ghost, bool)
    nvim.type("<Tab>")

    until_equal(nvim.lines, ["ä = '😀é' + '🎉'"])
    assert "ä = '😀é'" in host.asked[0].request.json["inputs"]


def test_text_right_of_the_cursor_is_not_hidden(
    nvim: Neovim, host: FakeHost, tmp_path: Path
) -> None:
    """In the middle of a line, the rest moves right of the suggestion."""
    host.answers("a, b")
    nvim.edit(written(tmp_path / "work" / "a.py", "print(add())\n"))

    nvim.type("f)i")
    until(nvim.ghost, bool)

    assert nvim.screen()[0] == "print(add(a, b))"


def test_a_host_that_fails_is_told_once_and_used_again_when_it_is_back(
    nvim: Neovim, host: FakeHost, file: Path
) -> None:
    """An outage is one message, and a status until when; the completion after that works."""
    host.always(Fail(Response(ending="dropped")))
    nvim.edit(file)
    nvim.type("GAr")
    status = until(nvim.status, lambda status: status.startswith("infill-ls: "))
    told = nvim.messages()
    failed_at = time.time()
    nvim.type("e")

    # Neovim may take so long to ask after the last key that it is answered already.
    host.always(Answer((Token("turn a + b"),)))
    until(time.time, lambda now: now > failed_at + LONGEST_FIRST_REST_S)
    nvim.type("<Esc>A")
    until(nvim.ghost, bool)
    nvim.type("<Tab>")

    until_equal(nvim.lines, [HEAD, "    return a + b"])
    until_equal(nvim.status, "infill-ls")
    assert re.search(r" \(until \d\d:\d\d:\d\d\)$", status)
    assert len(told) == 1
    assert nvim.messages() == told


def test_no_old_suggestion_stays_where_the_host_fails(
    nvim: Neovim, host: FakeHost, file: Path
) -> None:
    """What the user did not follow goes, even where there is nothing new."""
    host.answers("return a", " + b")
    host.always(Fail(Response(ending="dropped")))
    nvim.edit(file)
    nvim.type("GA")
    until(nvim.ghost, bool)

    nvim.type("x")
    until(nvim.status, lambda status: status.startswith("infill-ls: "))

    until_equal(nvim.ghost, "")


def test_a_host_that_cannot_be_reached_is_told(start_nvim: Start, file: Path) -> None:
    """A wrong address ends in one sentence, and typing goes on."""
    with refused_url() as url:
        nvim = start_nvim()
        nvim.set_up(backend_at(url))
        nvim.edit(file)

        nvim.type("GAret")
        until(nvim.messages, bool)

        assert nvim.status().startswith("infill-ls: ")
        assert nvim.lines() == [HEAD, "    ret"]


def test_one_server_serves_all_files_and_projects(nvim: Neovim, tmp_path: Path, file: Path) -> None:
    """Neither another project nor a file of no known type starts a second server."""
    (tmp_path / "other" / ".git").mkdir(parents=True)
    nvim.edit(file)
    first = nvim.clients()

    nvim.edit(written(tmp_path / "other" / "b.go", "package b\n"))
    of_other_project = nvim.clients()
    nvim.edit(written(tmp_path / "work" / "without-type", "text\n"))

    assert nvim.lua("return vim.bo.filetype") == ""
    assert first == of_other_project == nvim.clients()


@pytest.mark.parametrize("command", ["help", "new"])
def test_what_is_no_file_is_left_alone(nvim: Neovim, file: Path, command: str) -> None:
    """Help pages and buffers with neither name nor type are not sent to the server."""
    nvim.edit(file)

    nvim.command(command)

    assert nvim.clients() == []


def test_suggestions_can_be_switched_off(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """After `:InfillLsToggle` the server is not asked, after a second one it is."""
    host.always(Answer((Token("return a + b"),)))
    nvim.edit(file)
    nvim.command("InfillLsToggle")
    nvim.type("GAx<Esc>")
    assert host.asked == ()

    nvim.command("InfillLsToggle")
    nvim.type("A")

    assert until(nvim.ghost, bool) == "return a + b"


def test_suggestions_stay_switched_off(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """Also where the buffer is served anew, under another name."""
    host.always(Answer((Token("return a + b"),)))
    nvim.edit(file)
    nvim.command("InfillLsToggle")

    nvim.command(f"silent saveas {file.with_name('b.py')}")
    until(nvim.clients, bool)
    is_on = nvim.lua("return vim.lsp.inline_completion.is_enabled({ bufnr = 0 })")
    nvim.command("InfillLsToggle")
    nvim.type("GA")

    assert is_on is False
    assert until(nvim.ghost, bool) == "return a + b"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"backend": {"kind": "tgi"}}, "no option \"backend\""),
        ({"keys": {"accept": 1}}, "\"keys.accept\" must be a string"),
        ({"keys": {"acept": "<Tab>"}}, "no key for \"acept\""),
        ({"suggestions": "other"}, "must be 'builtin' or 'stream'"),
        ({"cmd": ["infill-ls-of-nowhere"]}, "\"infill-ls-of-nowhere\" is not on PATH"),
    ],
)  # fmt: skip
def test_an_option_that_cannot_be_used_is_told(
    start_nvim: Start, options: dict[str, object], words: str
) -> None:
    """One sentence names the option; there is no Lua error."""
    nvim = start_nvim()

    nvim.set_up(options)

    (message,) = nvim.messages()
    assert words in message


def test_checkhealth_tells_that_the_server_runs(nvim: Neovim, file: Path) -> None:
    """`:checkhealth infill_ls` finds everything in order."""
    nvim.edit(file)

    nvim.command("checkhealth infill_ls")

    report = "\n".join(nvim.lines())
    assert "✅ OK" in report
    assert "ERROR" not in report


@pytest.mark.skipif(sys.platform == "win32", reason="there, kill(pid, 0) kills")
def test_the_server_ends_with_the_editor(nvim_program: str, tmp_path: Path, file: Path) -> None:
    """Quitting leaves no process behind, which might hold a model."""
    nvim = Neovim(nvim_program, environment(tmp_path))
    nvim.set_up({})
    nvim.edit(file)
    children = nvim.lua("return vim.api.nvim_get_proc_children(vim.fn.getpid())")
    assert isinstance(children, list)
    assert children

    nvim.close()

    until(lambda: [pid for pid in children if is_running(pid)], lambda running: not running)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_real_llama_cpp(start_nvim: Start, file: Path) -> None:
    """What a real model writes, noise in this case, is drawn and accepted as it is."""
    with llamacpp_server() as url:
        nvim = start_nvim()
        few = {"maxTokens": 8}
        nvim.set_up({"settings": {"backend": {"kind": "llamacpp", "url": url}, "completion": few}})
        nvim.edit(file)
        nvim.type("GA")
        ghost = until(nvim.ghost, bool)

        nvim.type("<Tab>")

        expected = [HEAD, *f"    {ghost}".split("\n")]
        until_equal(nvim.lines, expected)


@pytest.mark.model
@pytest.mark.skipif(not installed(), reason="needs the embedded model: infill-ls model pull")
def test_embedded_model(start_nvim: Start, file: Path) -> None:
    """With nothing configured, the model on this machine writes the function's body first."""
    nvim = start_nvim()
    nvim.set_up({})
    nvim.edit(file)
    nvim.type("GAret")
    until(nvim.ghost, bool, deadline_s=90)

    nvim.type("<Tab>")

    until(nvim.lines, lambda lines: lines[:2] == [HEAD, "    return a + b"])
    assert nvim.status() == "infill-ls"


def test_the_server_learns_where_the_cursor_rests(
    start_nvim: Callable[[], Neovim], tmp_path: Path
) -> None:
    """A model on this machine has the code read there before anything is typed."""
    with FakeHost(LlamaCpp(model="/models/qwen2.5-coder.gguf")) as host:
        host.answers("")
        host.answers("")
        nvim = start_nvim()
        nvim.set_up(
            {
                "settings": {
                    "backend": {"kind": "llamacpp", "url": host.url},
                    "prompt": {"template": "starcoder", "maxTokens": 64},
                }
            }
        )
        nvim.edit(written(tmp_path / "work" / "a.py", "a = 1\n" * 400))
        host.wait(lambda host: len(host.asked) == 1)

        nvim.command("set updatetime=50")
        nvim.type("200G$")

        host.wait(lambda host: len(host.asked) > 1)
        assert {exchange.request.json["n_predict"] for exchange in host.asked} == {0}
