"""Another model, or a server that was started anew, in all of Neovim's series."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from editors import neovim
from editors.neovim import Neovim, until, until_equal
from fakes.faces.ollama import Ollama
from fakes.faces.tgi import Tgi
from fakes.host import FakeHost
from fakes.script import EOS, EOT, Answer, Token

MODELS = ("codellama:7b-instruct", "codellama:13b-instruct")
CHAT = """
local buffer = vim.fn.bufnr('infill-ls://chat')
return table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), '\\n')
"""
CHOOSE = """
vim.ui.select = function(models, options, choose)
  _G.offered = vim.tbl_map(options.format_item, models)
  choose(models[2])
end
"""


@pytest.fixture(params=neovim.VERSIONS)
def nvim_program(request: pytest.FixtureRequest) -> str:
    """The path of a Neovim, of one series after the other."""
    return neovim.required_program(str(request.param))


@pytest.fixture
def host() -> Iterator[FakeHost]:
    """A host of two models."""
    with FakeHost(Ollama(models=MODELS)) as host:
        yield host


@pytest.fixture
def nvim(host: FakeHost, start_nvim: Callable[[], Neovim], tmp_path: Path) -> Neovim:
    """A Neovim that asks the first of them, with a file."""
    return opened(start_nvim(), {"backend": {"url": host.url, "model": MODELS[0]}}, tmp_path)


def opened(nvim: Neovim, settings: dict[str, object], folder: Path) -> Neovim:
    """Set an editor up, and open a file."""
    nvim.set_up({"settings": settings})
    file = folder / "work" / "a.py"
    file.parent.mkdir()
    file.write_text("x = \n")
    nvim.edit(file)
    return nvim


def restarted(nvim: Neovim, command: str) -> None:
    """Run a command, and wait for the new server."""
    former = nvim.clients()
    nvim.command(command)
    until(nvim.clients, lambda clients: clients and clients != former)
    until_equal(lambda: nvim.lua("return require('infill_ls').status()"), "infill-ls")


def test_another_model_is_asked(nvim: Neovim, host: FakeHost) -> None:
    """It is that of the command, whose completion offers those of the host; the rest stays set."""
    host.always(Answer((Token("1"), EOT)))

    offered = nvim.lua("return vim.fn.getcompletion('InfillLs model codellama:1', 'cmdline')")
    restarted(nvim, f"InfillLs model {MODELS[1]}")
    nvim.type("A")
    until_equal(nvim.ghost, "1")

    nvim.command("InfillLs status")
    told = nvim.messages()
    nvim.command("messages clear")

    assert offered == [MODELS[1]]
    assert told == [f"infill-ls, with {MODELS[1]}"]
    assert host.asked[-1].request.json["model"] == MODELS[1]


def test_a_model_is_chosen(nvim: Neovim, host: FakeHost) -> None:
    """Without a name, those of the host are offered, and the one that is set is marked."""
    host.always(Answer((Token("1"), EOT)))
    nvim.lua(CHOOSE)

    restarted(nvim, "InfillLs model")
    nvim.type("A")
    until_equal(nvim.ghost, "1")

    assert nvim.lua("return offered") == [f"{MODELS[0]} (as it is set)", MODELS[1]]
    assert host.asked[-1].request.json["model"] == MODELS[1]


def test_a_host_that_names_no_model_is_told(
    start_nvim: Callable[[], Neovim], tmp_path: Path
) -> None:
    """One sentence says what to do."""
    with FakeHost(Tgi()) as host:
        nvim = opened(start_nvim(), {"backend": {"kind": "tgi", "url": host.url}}, tmp_path)

        nvim.command("InfillLs model")

        [message] = until(nvim.messages, bool)
        assert message.endswith("give a name: `:InfillLs model NAME`")


def test_a_chat_goes_on_with_another_model(nvim: Neovim, host: FakeHost) -> None:
    """The new server is told what was said, and knows the conversation from then on."""
    for said in ("One.", "Two.", "Three."):
        host.answers(said, EOS)

    nvim.type(":InfillLs ask 1?<CR>")
    until_answered(nvim, "> 1?\n\nOne.\n\n> ")
    nvim.command("stopinsert | wincmd p")
    restarted(nvim, f"InfillLs model {MODELS[1]}")
    nvim.command("InfillLs ask 2?")
    until_answered(nvim, "\n\nTwo.\n\n> ")
    nvim.command("InfillLs ask 3?")
    until_answered(nvim, "\n\nThree.\n\n> ")

    asked = host.asked[-1].request.json
    assert asked["model"] == MODELS[1]
    assert [message["content"] for message in asked["messages"]] == [
        "1?", "One.", "2?", "Two.", "3?",
    ]  # fmt: skip


def until_answered(nvim: Neovim, end: str) -> None:
    """Wait until the chat ends so, and the answer has ended."""
    until(lambda: str(nvim.lua(CHAT)), lambda text: text.endswith(end))
    until_equal(lambda: nvim.lua("return require('infill_ls.chat').title()"), "infill-ls chat")
