"""A real Neovim, headless, driven over its own RPC."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import pynvim
import pytest

from infill_ls.models.store import default_folder

PLUGIN = Path(__file__).parents[2] / "editor-configs" / "nvim"

WITH_PLUGIN = ("--cmd", f"lua vim.opt.runtimepath:prepend([[{PLUGIN}]])")
"""Options of a Neovim that has the plug-in, but for its `setup()`."""

VERSIONS = ("0.10", "0.11", "0.12")
"""The series that the plug-in is for."""

DEADLINE_S = 30.0
"""Far more than anything takes, but on a machine that is busy otherwise."""

_INTERVAL_S = 0.01

_GHOST = """
local function text_of(chunks)
  return table.concat(vim.tbl_map(function(chunk) return chunk[1] end, chunks or {}))
end
local first, lines = '', {}
for _, name in ipairs({ 'nvim.lsp.inline_completion', 'infill_ls.suggestions' }) do
  local namespace = vim.api.nvim_get_namespaces()[name]
  local marks = namespace
    and vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true })
  for _, mark in ipairs(marks or {}) do
    first = first .. text_of(mark[4].virt_text)
    vim.list_extend(lines, vim.tbl_map(text_of, mark[4].virt_lines or {}))
  end
end
return table.concat({ first, unpack(lines) }, '\\n')
"""
_SCREEN = """
vim.cmd.redraw()
local rows = {}
for row = 1, vim.o.lines do
  local cells = {}
  for column = 1, vim.o.columns do cells[column] = vim.fn.screenstring(row, column) end
  rows[row] = table.concat(cells):gsub('%s+$', '')
end
return rows
"""
_CLIENTS = """
return vim.tbl_map(function(client) return client.id end,
  vim.lsp.get_clients({ name = 'infill_ls', bufnr = ... }))
"""

T = TypeVar("T")


def until(
    probe: Callable[[], T], holds: Callable[[T], object], deadline_s: float = DEADLINE_S
) -> T:
    """Return the first value of `probe` that `holds`; raises AssertionError at the deadline."""
    end = time.monotonic() + deadline_s
    while not holds(value := probe()):
        assert time.monotonic() < end, f"still {value!r} after {deadline_s:g} s"
        time.sleep(_INTERVAL_S)
    return value


def until_equal(probe: Callable[[], T], expected: T) -> None:
    """Wait until `probe` returns `expected`; raises AssertionError at the deadline."""
    until(probe, lambda value: value == expected)


def find_program(series: str = VERSIONS[-1]) -> str | None:
    """Return the path of a Neovim of a series: on PATH, or got by `install_nvim.sh`.

    One that is newer than all that are known here is as good as the newest.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = "nvim" if series == VERSIONS[-1] else f"nvim-{series}"
    ours = cache / "infill-ls" / "editors" / folder / "nvim"
    wanted = tuple(map(int, series.split(".")))
    for program in filter(None, (shutil.which("nvim"), shutil.which(ours))):
        output = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
        found = re.match(r"NVIM v(\d+)\.(\d+)", output)
        version = tuple(map(int, found.groups())) if found else ()
        if version == wanted or (series == VERSIONS[-1] and version > wanted):
            return str(program)
    return None


def required_program(series: str = VERSIONS[-1]) -> str:
    """Return the path of a Neovim of a series; skips the test without one, or fails it in CI."""
    program = find_program(series)
    if program is None:
        complain = pytest.fail if "CI" in os.environ else pytest.skip
        complain(f"needs Neovim {series}: tests/editors/install_nvim.sh --version {series}")
    return program


def environment(home: Path) -> dict[str, str]:
    """Return one with our server on PATH, as the user has it, and no configuration of the user's.

    Raises AssertionError if `infill-ls` is not installed beside this Python.
    """
    bin_folder = Path(sys.executable).parent
    assert shutil.which("infill-ls", path=str(bin_folder)), f"no infill-ls in {bin_folder}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INFILL_LS_")}
    kinds = ("CONFIG", "DATA", "STATE", "CACHE")
    return kept | {f"XDG_{kind}_HOME": str(home / kind) for kind in kinds} | {
        "PATH": os.pathsep.join([str(bin_folder), kept["PATH"]]),
        "INFILL_LS_CONFIG": str(home / "none.toml"),
        "INFILL_LS_MODELS": str(default_folder()),
        "INFILL_LS_STATS": str(home / "stats.sqlite3"),
        "INFILL_LS_SERVERS": str(home / "servers"),
        "INFILL_LS_BACKEND_IDLE_MINUTES": "0",
    }  # fmt: skip


class Neovim:
    """One running Neovim with our plugin on its runtimepath and nothing of the user's."""

    def __init__(
        self, program: str, environment: Mapping[str, str], options: Sequence[str] = WITH_PLUGIN
    ) -> None:
        """Start `program`.

        It listens on a socket of ours: a child that pynvim starts itself gets no environment of
        its own, and its pipes stay open in the end.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="nvim-", ignore_cleanup_errors=True)
        self.address = Path(self._folder.name) / "socket"
        if sys.platform == "win32":
            self.address = Path(rf"\\.\pipe\nvim-{uuid.uuid4()}")
        # No swap files (`-n`): with them, a second editor of a file asks what to do.
        always = ["--headless", "--clean", "-n", "--cmd", "set shortmess+=F"]
        self._process = subprocess.Popen(
            [program, *always, *options, "--listen", str(self.address)],
            env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until(self._attach, bool)
        # Its configuration may let it listen before all of it is read.
        until_equal(lambda: self.lua("return vim.v.vim_did_enter"), 1)

    def _attach(self) -> bool:
        # The socket is there before Neovim listens on it.
        with suppress(OSError):
            self._nvim = pynvim.attach("socket", path=str(self.address))
            return True
        return False

    def close(self) -> None:
        """Quit without saving, and wait for the end."""
        # The connection ends before the answer.
        with suppress(EOFError, OSError):
            self.command("qall!")
        self._nvim.close()
        self._process.wait(DEADLINE_S)
        self._folder.cleanup()

    def set_up(self, options: Mapping[str, object]) -> None:
        """Do what the README tells the user to do."""
        self.lua("require('infill_ls').setup(...)", options)

    def lua(self, code: str, *arguments: object) -> object:
        """Run Lua and return what it returns."""
        return self._nvim.exec_lua(code, *arguments)

    def command(self, command: str) -> None:
        """Run an Ex command."""
        self._nvim.command(command)

    def edit(self, path: Path) -> None:
        """Open a file and wait until the server serves it."""
        self.lua("vim.cmd.edit(vim.fn.fnameescape(...))", str(path))
        until(self.clients, bool)

    def type(self, keys: str) -> None:
        """Type, with special keys in Neovim's notation (`<Tab>`)."""
        self._nvim.input(keys)

    def clients(self) -> list[int]:
        """Return the numbers of our servers that serve the current buffer."""
        return list(self._nvim.exec_lua(_CLIENTS, 0))

    def ghost(self) -> str:
        """Return the suggestion that is drawn, empty if there is none."""
        return str(self._nvim.exec_lua(_GHOST))

    def screen(self) -> list[str]:
        """Return the rows of the screen as they are drawn, without blanks at their ends."""
        return list(self._nvim.exec_lua(_SCREEN))

    def lines(self) -> list[str]:
        """Return the lines of the current buffer."""
        return list(self._nvim.current.buffer[:])

    def cursor(self) -> tuple[int, int]:
        """Return line (from 1) and column (bytes, from 0) of the cursor."""
        line, column = self._nvim.current.window.cursor
        return line, column

    def status(self) -> str:
        """Return what a statusline shows of the server."""
        return str(self._nvim.exec_lua("return require('infill_ls').status()"))

    def messages(self) -> list[str]:
        """Return what Neovim has told the user, errors included."""
        return [line for line in self._nvim.command_output("messages").splitlines() if line]

    def log(self) -> str:
        """Return Neovim's log of language servers, with what they wrote to standard error."""
        path = Path(str(self.lua("return vim.lsp.log.get_filename()")))
        return path.read_text(encoding="utf-8") if path.exists() else ""
