"""How long a newcomer waits, from nothing to the first suggestion, in each editor.

    python -m editors.newcomer [--models FOLDER]

To be run in the folder `tests`, by hand. In an empty home it does what the pages say, word for
word, with the embedded model and real editors, and prints a table of seconds. Only the editors are
there beforehand, and the model where FOLDER has it.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import psutil
from playwright.sync_api import sync_playwright

from editors import helix, neovim
from editors.emacs import terminal as emacs
from editors.neovim import until
from editors.terminal import Terminal
from editors.vscode.window import CodeServer, Tools, Window, chromium

REPOSITORY = Path(__file__).parents[2]
PAGES = REPOSITORY / "editor-configs"

CODE = "def add(a, b):\n    \n"
_BEGUN = "retu"
_KEY_S = 0.2
"""From key to key, as people type; Helix mixes up what comes much faster."""
_AGAIN_S = 3.0
"""Who sees nothing for so long types the last key once more."""
_PATIENCE_S = 120.0


class Opened(Protocol):
    """An editor with the code, the cursor at the end of its second line."""

    def type(self, text: str) -> None:
        """Type a text."""

    def erase(self) -> None:
        """Take the last character back."""

    def is_suggested(self) -> bool:
        """Tell whether something is suggested behind what was typed."""


class Home:
    """An empty home with nothing but the machine's own programs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clone = path / "src" / "infill-ls"
        self.venv = path / "venv"
        ours = ("INFILL_LS_", "XDG_", "VIRTUAL_ENV")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        folders = [path / "bin", self.venv / "bin", Path(sys.base_prefix) / "bin", kept["PATH"]]
        self.environment = kept | {
            "HOME": str(path),
            "PATH": os.pathsep.join(map(str, folders)),
            "LC_ALL": "C.UTF-8",
            # Where packages come from is the machine's affair.
            "NPM_CONFIG_USERCONFIG": str(Path.home() / ".npmrc"),
        }

    def run(self, command: str) -> float:
        """Run a command of a shell in the clone; return how long that took, in seconds."""
        return seconds(partial(self._run, command))

    def _run(self, command: str) -> None:
        subprocess.run(
            ["bash", "-ec", command], cwd=self.clone if self.clone.exists() else self.path,
            env=self.environment, check=True, stdout=sys.stderr,
        )  # fmt: skip

    def end_all(self) -> None:
        """End all that was started in it, such as the model's process, and wait for that."""
        started = [process for process in psutil.process_iter() if self._has(process)]
        for process in started:
            with suppress(psutil.NoSuchProcess):
                process.terminate()
        psutil.wait_procs(started, _PATIENCE_S)

    def _has(self, process: psutil.Process) -> bool:
        # It may have ended, or belong to somebody else.
        with suppress(psutil.Error):
            return process.environ().get("HOME") == str(self.path)
        return False

    def write(self, path: str, text: str) -> None:
        """Write a file of the home."""
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


@dataclass(frozen=True)
class Editor:
    """One editor, and what its page says."""

    name: str
    connect: Callable[[Home], None]
    open: Callable[[Home, Path], AbstractContextManager[Opened]]


def seconds(do: Callable[[], object]) -> float:
    """Do something; return how long that took."""
    begun = time.monotonic()
    do()
    return time.monotonic() - begun


def block(page: str, holding: str) -> str:
    """Return the block of a page that holds some text; raises StopIteration if none does."""
    text = (PAGES / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```\w+\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return next(block for block in blocks if holding in block)


# Editors in a terminal


class InTerminal(Terminal):
    """An editor that is looked at."""

    def erase(self) -> None:
        self.press("BSpace")

    def is_suggested(self) -> bool:
        return self.shows(rf"\s{_BEGUN}\w")

    def shows(self, pattern: str) -> bool:
        """Tell whether something is on the screen."""
        return re.search(pattern, "\n".join(self.screen())) is not None


@contextmanager
def in_terminal(
    command: Callable[[str], list[str]], to_cursor: tuple[str, ...], home: Home, file: Path
) -> Iterator[Opened]:
    """Open a file by a command, and press keys that go to the end of the second line."""
    terminal = InTerminal()
    terminal.start(command(file.name), home.environment, folder=file.parent)
    try:
        until(lambda: terminal.shows("def add"), bool, _PATIENCE_S)
        terminal.press(*to_cursor)
        yield terminal
    finally:
        terminal.close()


def found(program: str | None) -> str:
    """Return the program; raises AssertionError if it is not there."""
    assert program, "an editor is missing: tests/editors/install_*.sh get them"
    return program


def neovim_with(file: str) -> list[str]:
    """Return a command of a shell, since a Neovim that is unpacked cannot start its own screen."""
    program = shlex.quote(found(neovim.find_program()))
    return ["sh", "-c", f"""
        {program} --headless --listen ./socket {shlex.quote(file)} &
        until [ -S socket ]; do sleep 0.01; done
        exec {program} --server ./socket --remote-ui
    """]  # fmt: skip


def emacs_with(file: str) -> list[str]:
    return [found(emacs.find_program()), "-nw", file]


def helix_with(file: str) -> list[str]:
    return [found(helix.find_program()), file]


def connect_neovim(home: Home) -> None:
    home.write(".config/nvim/init.lua", block("nvim/README.md", "runtimepath:append"))


def connect_emacs(home: Home) -> None:
    home.write(".emacs.d/init.el", block("emacs/README.md", "(use-package infill-ls"))


def connect_helix(home: Home) -> None:
    # The page says what to leave out where the model is the embedded one.
    languages, host = re.subn(
        r"^\[language-server\.infill-ls\.config\.backend\]\nurl = .*\n", "",
        block("README.md", "[language-server.infill-ls]"), flags=re.MULTILINE,
    )  # fmt: skip
    assert host == 1
    home.write(".config/helix/languages.toml", languages)


# VS Code


def connect_vscode(home: Home) -> None:
    tools = vscode_tools()
    home.environment = tools.environment(home.environment)
    code = tools.command(home.path / "code", home.path / "extensions")
    home.write("bin/code", f'#!/bin/sh\nexec {shlex.join(code)} "$@"\n')
    (home.path / "bin" / "code").chmod(0o755)
    home.run(block("vscode/README.md", "npm ci"))


def vscode_tools() -> Tools:
    tools = Tools.find()
    assert tools, "code-server is missing: tests/editors/install_vscode.sh gets it"
    return tools


class InWindow:
    """A window of VS Code."""

    def __init__(self, window: Window) -> None:
        self.window = window
        window.to("Control+Home", "ArrowDown", "End")

    def type(self, text: str) -> None:
        self.window.type(text)

    def erase(self) -> None:
        self.window.press("Backspace")

    def is_suggested(self) -> bool:
        return self.window.ghost() != ""


@contextmanager
def in_window(home: Home, file: Path) -> Iterator[Opened]:
    """Open a file in a new VS Code."""
    server = CodeServer(
        vscode_tools(), home.path / "code", home.path / "extensions", home.environment
    )
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"]
            )
            window = Window(browser.new_context(), server, file)
            yield InWindow(window)
            browser.close()
    finally:
        server.close()


EDITORS = [
    Editor("Neovim", connect_neovim, partial(in_terminal, neovim_with, ("j", "A"))),
    Editor("Emacs", connect_emacs, partial(in_terminal, emacs_with, ("C-n", "C-e"))),
    Editor("VS Code", connect_vscode, in_window),
    Editor("Helix", connect_helix, partial(in_terminal, helix_with, ("j", "A"))),
]


# The course of a newcomer


def time_to_first_suggestion(editor: Editor, home: Home) -> float:
    """Open a file, and type until something is suggested."""
    project = f"{editor.name.lower().replace(' ', '')}/add.py"
    home.write(project, CODE)
    begun = time.monotonic()
    with editor.open(home, home.path / project) as opened:
        for key in _BEGUN:
            opened.type(key)
            time.sleep(_KEY_S)
        until(lambda: is_suggested_soon(opened), bool, _PATIENCE_S)
        took = time.monotonic() - begun
    # The next editor is to load the model again.
    home.end_all()
    return took


def is_suggested_soon(opened: Opened) -> bool:
    """Tell whether something is suggested before long; the last key is typed again otherwise."""
    with suppress(AssertionError):
        return until(opened.is_suggested, bool, _AGAIN_S)
    opened.erase()
    time.sleep(_KEY_S)
    opened.type(_BEGUN[-1])
    return False


def course(home: Home, models: Path | None) -> Iterator[tuple[str, list[float]]]:
    """Yield each step, and how long it took in each editor, or in all of them alike."""
    yield "take a clone", [home.run(f"git clone -q {REPOSITORY} src/infill-ls")]
    install = f"python3 -m venv {home.venv} && pip install -q '.[local]'"
    yield "`pip install '.[local]'`", [home.run(install)]
    if models:
        cache = home.path / ".cache" / "infill-ls"
        cache.mkdir(parents=True)
        (cache / "models").symlink_to(models)
    else:
        yield "`infill-ls model pull`, 1.1 GB", [home.run("infill-ls model pull")]
    yield "… where the file is there already", [home.run("infill-ls model pull")]
    yield "connect the editor", [seconds(partial(editor.connect, home)) for editor in EDITORS]
    yield (
        "open a file, and type until something is suggested",
        [time_to_first_suggestion(editor, home) for editor in EDITORS],
    )


def print_row(name: str, values: list[float]) -> None:
    print(f"| {name} |", *(f"{value:.1f} |" for value in values), flush=True)


def main() -> None:
    """Run the course, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--models", type=Path, help="a folder that has the model already")
    models = parser.parse_args().models
    print("| seconds |", *(f"{editor.name} |" for editor in EDITORS))
    print("| --- |", *("---: |" for _ in EDITORS))
    together = [0.0] * len(EDITORS)
    with tempfile.TemporaryDirectory(prefix="newcomer-", ignore_cleanup_errors=True) as folder:
        home = Home(Path(folder))
        try:
            for step, took in course(home, models and models.absolute()):
                row = took * len(EDITORS) if len(took) == 1 else took
                together = [sum(column) for column in zip(together, row, strict=True)]
                print_row(step, row)
        finally:
            home.end_all()
    print_row("together", together)


if __name__ == "__main__":
    main()
