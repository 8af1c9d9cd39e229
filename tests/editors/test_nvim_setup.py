"""Neovim as the page has it set up: each of its ways, word for word, and also late."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from editors import neovim
from editors.neovim import PLUGIN, Neovim, until_equal
from fakes.host import FakeHost
from fakes.script import EOT

Start = Callable[..., Neovim]

CLONE = "~/src/infill-ls"
ADDRESS = "https://ADDRESS/OF/infill-ls"
"""What stands on the page for the places of a clone, and of the repository."""

LAZY = """
local event, page = ...
local spec = assert(load('return ' .. page))()

local function plain(name)
  return (name:lower():gsub('^nvim%-', ''):gsub('%.nvim$', ''):gsub('%A', ''))
end

local function load_plugin()
  vim.opt.runtimepath:prepend(spec.dir)
  for _, file in ipairs(vim.fn.glob(spec.dir .. '/plugin/**/*.lua', false, true)) do
    vim.cmd.source(file)
  end
  for name in vim.fs.dir(spec.dir .. '/lua') do
    if plain(name) == plain(spec.name) then
      require(name).setup(spec.opts)
    end
  end
end

vim.api.nvim_create_autocmd(event, { once = true, callback = load_plugin })
"""
"""Loads a plug-in as lazy.nvim does: late, at an event, by what is known of it."""


@pytest.fixture(params=neovim.VERSIONS)
def nvim_program(request: pytest.FixtureRequest) -> str:
    """The path of a Neovim, of one series after the other."""
    return neovim.required_program(str(request.param))


@pytest.fixture
def start_bare(nvim_program: str, tmp_path: Path, host: FakeHost) -> Iterator[Start]:
    """Starts editors that do not have the plug-in; in the end, none may have complained."""
    started: list[Neovim] = []
    backend = {"INFILL_LS_BACKEND_KIND": "tgi", "INFILL_LS_BACKEND_URL": host.url}

    def start(options: Sequence[str] = ()) -> Neovim:
        environment = neovim.environment(tmp_path) | backend
        started.append(Neovim(nvim_program, environment, options))
        return started[-1]

    yield start
    for nvim in started:
        messages = nvim.messages()
        nvim.close()
        # `vim.pack` tells how far it is.
        assert [line for line in messages if not line.startswith("vim.pack: ")] == []


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file in a workspace of its own."""
    path = tmp_path / "work" / "a.py"
    path.parent.mkdir()
    path.write_text("a = \n")
    return path


def block(holding: str, stand_in: str, place: str) -> str:
    """Return the one block of the page that holds some text, with a place for its stand-in."""
    page = (PLUGIN / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```lua\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    [found] = [each for each in blocks if holding in each]
    assert stand_in in found
    return str(found.replace(stand_in, place))


def assert_suggested(nvim: Neovim, host: FakeHost, file: Path) -> None:
    """Open a file, and have a suggestion there."""
    host.answers("2", EOT)
    nvim.lua("vim.cmd.edit(...)", str(file))

    nvim.type("A1 + ")

    until_equal(nvim.ghost, "2")
    nvim.type("<Tab>")
    until_equal(nvim.lines, ["a = 1 + 2"])


@pytest.mark.parametrize("event", ["InsertEnter", "FileType"])
def test_a_lazy_plugin_manager_sets_it_up(
    start_bare: Start, host: FakeHost, file: Path, event: str
) -> None:
    """By the spec of the page, once it is needed: also a file that was open before is served."""
    nvim = start_bare()
    nvim.lua(LAZY, event, block("opts = {}", CLONE, str(PLUGIN.parents[1])))

    assert_suggested(nvim, host, file)


def test_lines_of_an_init_file_set_it_up(
    start_bare: Start, host: FakeHost, tmp_path: Path, file: Path
) -> None:
    """Those that the page has for who uses no plug-in manager."""
    init = tmp_path / "init.lua"
    init.write_text(block("runtimepath:append('~", CLONE, str(PLUGIN.parents[1])))

    nvim = start_bare(["-u", str(init)])

    assert_suggested(nvim, host, file)


@pytest.mark.parametrize("nvim_program", neovim.VERSIONS[-1:], indirect=True)
def test_the_plugin_manager_of_neovim_sets_it_up(
    start_bare: Start, host: FakeHost, tmp_path: Path, file: Path
) -> None:
    """It takes a clone of its own, of which the folder for Neovim is used."""
    repository = tmp_path / "repository"
    shutil.copytree(PLUGIN, repository / "editor-configs" / "nvim")
    for command in ("init -q", "add .", "-c user.name=a -c user.email=a@b.example commit -qm 1"):
        subprocess.run(["git", "-C", repository, *command.split()], check=True)
    init = tmp_path / "init.lua"
    init.write_text(block("vim.pack.add", ADDRESS, repository.as_uri()))

    nvim = start_bare(["-u", str(init)])

    assert_suggested(nvim, host, file)
