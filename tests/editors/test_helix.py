"""Helix as the page says to set it up: the completion menu and the code actions of any client."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from editors.neovim import environment, until
from fakes.faces.tgi import Tgi
from fakes.host import FakeHost, refused_url
from fakes.script import EOS, EOT, Answer, Token

PAGE = Path(__file__).parents[2] / "editor-configs" / "README.md"
HEAD = "def add(a, b):"

_OPENED = '"method":"textDocument/didOpen"'
"""What Helix writes into its log."""

Start = Callable[[str, Path], "Helix"]


def find_program() -> str | None:
    """Return the path of a Helix: on PATH, or got by `install_helix.sh`."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return shutil.which("hx") or shutil.which(cache / "infill-ls" / "editors" / "helix" / "hx")


class Helix:
    """A real Helix in a real terminal, with keys and a screen through tmux."""

    def __init__(self, program: str, environment: Mapping[str, str], file: Path) -> None:
        """Start it on a file, and wait until the server knows of that."""
        # Addresses of sockets are short.
        self._folder = tempfile.TemporaryDirectory(prefix="helix-", ignore_cleanup_errors=True)
        self._tmux = ["tmux", "-f", "/dev/null", "-S", str(Path(self._folder.name) / "tmux")]
        # The folder in which Helix is started is its workspace.
        terminal = ["new-session", "-d", "-x", "90", "-y", "24", "-c", str(file.parent)]
        subprocess.run(
            [*self._tmux, *terminal, program, "-v", file.name],
            env={**environment, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}, check=True,
        )  # fmt: skip
        self._log = Path(environment["XDG_CACHE_HOME"]) / "helix" / "helix.log"
        until(self.log, lambda log: _OPENED in log)

    def close(self) -> None:
        """End it, and its terminal with it."""
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, check=False)
        self._folder.cleanup()

    def type(self, text: str) -> None:
        """Type a text."""
        self._run("send-keys", "-l", text)

    def press(self, *keys: str) -> None:
        """Press keys, in tmux's notation."""
        self._run("send-keys", *keys)

    def screen(self) -> str:
        """Return what the terminal shows."""
        return self._run("capture-pane", "-p")

    def log(self) -> str:
        """Return what went between Helix and the server, and what that wrote to standard error."""
        return self._log.read_text() if self._log.exists() else ""

    def saved(self, file: Path) -> str:
        """Leave what is open, save, and return the text of the file."""
        self.press("Escape")
        # Together with the next key it would be another one.
        until(self.screen, lambda screen: " NOR " in screen)
        self.type(":write!\r")
        until(self.screen, lambda screen: "written" in screen)
        return file.read_text()

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            [*self._tmux, *command], check=True, capture_output=True, encoding="utf-8"
        )
        return done.stdout


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A Python function without its body."""
    path = tmp_path / "work" / "a.py"
    path.parent.mkdir()
    path.write_text(f"{HEAD}\n    \n")
    return path


@pytest.fixture
def start(tmp_path: Path, file: Path) -> Iterator[Start]:
    """Starts Helix on a file, set up as the page says but for the address of the host."""
    program = find_program()
    if program is None or shutil.which("tmux") is None:
        complain = pytest.fail if "CI" in os.environ else pytest.skip
        complain("needs Helix and tmux: tests/editors/install_helix.sh gets Helix")
    home = tmp_path / "home"
    env = environment(home)
    started: list[Helix] = []

    def start(url: str, file: Path) -> Helix:
        snippet = re.search(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
        assert snippet
        languages = snippet[1].replace("http://localhost:8080", url)
        languages += f'\n[language-server.infill-ls.environment]\nPATH = "{env["PATH"]}"\n'
        config = Path(env["XDG_CONFIG_HOME"]) / "helix"
        config.mkdir(parents=True)
        (config / "languages.toml").write_text(languages)
        started.append(Helix(program, env, file))
        return started[-1]

    yield start
    for helix in started:
        screen, log = helix.screen(), helix.log()
        helix.close()
        print(screen)  # shown with a failing test
        assert "Traceback" not in screen + log


@pytest.fixture
def host() -> Iterator[FakeHost]:
    """A host of a model that fills in and talks."""
    with FakeHost(Tgi(model="codellama/CodeLlama-7b-Instruct-hf")) as host:
        yield host


def test_the_menu_has_the_suggestion(start: Start, host: FakeHost, file: Path) -> None:
    """It is taken as it is, and what was typed is not doubled."""
    host.always(Answer((Token("turn a + b"), EOT)))
    helix = start(host.url, file)

    helix.type("jA")
    helix.type("re")
    until(helix.screen, lambda screen: "return a + b" in screen)
    helix.press("Tab", "Enter")

    assert helix.saved(file) == f"{HEAD}\n    return a + b\n"


def test_a_code_action_changes_the_code(start: Start, host: FakeHost, file: Path) -> None:
    """What is chosen is worked out and put in, though Helix answers nothing while it waits."""
    file.write_text(f"{HEAD}\n    return a + b\n")
    documented = f'{HEAD}\n    """Add."""\n    return a + b\n'
    host.answers(f"```python\n{documented}```", EOS)
    helix = start(host.url, file)

    helix.press("Space", "a")
    until(helix.screen, lambda screen: "Write a docstring" in screen)
    helix.press("Enter")
    until(helix.screen, lambda screen: '"""Add."""' in screen)

    assert helix.saved(file) == documented


def test_a_host_that_is_not_there_stops_nobody(start: Start, file: Path) -> None:
    """One goes on typing, and what is typed is there."""
    with refused_url() as url:
        helix = start(url, file)

        helix.type("jAreturn a")
        until(helix.log, lambda log: "cannot be reached" in log)

        assert helix.saved(file) == f"{HEAD}\n    return a\n"
