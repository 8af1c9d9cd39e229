"""Where the extension finds the server, and what it does where there is none."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from editors.neovim import environment, until, until_equal
from editors.vscode.conftest import HEAD, served_by, show, written
from editors.vscode.window import START_S, CodeServer, Tools, Window
from fakes.host import FakeHost
from fakes.script import EOT, Answer, Token

MISSING = "infill-ls is not installed"

INSTALLATION_S = 240.0
"""How long pip may take."""


@pytest.fixture
def bare(tools: Tools, extensions: Path, tmp_path: Path) -> Iterator[CodeServer]:
    """A code-server on a machine without our server, that trusts no folder yet."""
    home = tmp_path / "bare"
    folders = [f"{sys.base_prefix}/bin", "/usr/bin", "/bin"]
    without = {**environment(home), "PATH": os.pathsep.join(folders)}
    server = CodeServer(tools, home, extensions, without, trusts=False)
    yield server
    server.close()


@pytest.fixture
def bare_window(
    bare: CodeServer, browser: BrowserContext, host: FakeHost, file: Path, tmp_path: Path
) -> Iterator[Window]:
    """A window there, whose folder has the real server in its `.venv`."""
    program = file.parent / ".venv" / "bin" / "infill-ls"
    # Not a link: a server that is started leaves a mark.
    program.parent.mkdir(parents=True)
    real = Path(sys.executable).parent / "infill-ls"
    written(program, f"#!/bin/sh\ntouch '{mark(file)}'\nexec '{real}' \"$@\"\n").chmod(0o755)
    users = {"security.workspace.trust.startupPrompt": "never"}
    bare.configure(served_by(host), users)
    window = Window(browser, bare, file)
    until(window.status, lambda status: status == MISSING, START_S)
    yield window
    show(window, tmp_path)
    window.close()


def mark(file: Path) -> Path:
    return file.parent / "started"


def test_a_workspace_runs_its_server_once_it_is_trusted(bare_window: Window, file: Path) -> None:
    """A folder that somebody else wrote starts no program of its own."""
    assert not mark(file).exists()

    bare_window.run("Workspaces: Manage Workspace Trust")
    bare_window.page.get_by_role("button", name="Trust", exact=True).click()

    bare_window.wait_until_ready()
    assert mark(file).exists()


@pytest.mark.timeout(INSTALLATION_S + 60)
def test_the_server_is_installed_where_the_user_wants_that(
    bare_window: Window, bare: CodeServer, host: FakeHost, file: Path
) -> None:
    """Nothing is installed before one agrees; then there is a server, and suggestions come."""
    host.always(Answer((Token("return a + b"), EOT)))
    offer = until(bare_window.messages, bool)
    venvs = bare.installed()

    bare_window.page.get_by_role("button", name="Install", exact=True).click()
    until(bare_window.status, lambda status: status == "infill-ls is ready", INSTALLATION_S)
    bare_window.to("Control+Home", "ArrowDown", "End", "x", "Backspace")
    until_equal(bare_window.ghost, "return a + b")
    bare_window.press("Tab")

    assert "Install it now" in "".join(offer)
    assert venvs == []
    assert len(bare.installed()) == 1
    assert not mark(file).exists()
    until(bare_window.lines, lambda lines: lines[:2] == [HEAD, "    return a + b"])
