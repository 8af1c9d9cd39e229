"""A real VS Code with the extension as it is packed, the real server, and a scripted host."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, sync_playwright

from editors.neovim import environment
from editors.vscode.window import EXTENSION, CodeServer, Tools, Window, chromium
from fakes.host import FakeHost

OpenWindow = Callable[..., Window]

HEAD = "def add(a, b):"


@pytest.fixture(scope="session")
def tools() -> Tools:
    """What code-server needs."""
    tools = Tools.find()
    if tools is None:
        complain = pytest.fail if "CI" in os.environ else pytest.skip
        complain("needs code-server and Chromium: tests/editors/install_vscode.sh gets them")
    return tools


@pytest.fixture(scope="session")
def npm(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Runs npm in the extension's folder, its packages being there; returns the output."""
    env = tools.environment(environment(tmp_path_factory.mktemp("npm")))

    def npm(*arguments: str) -> str:
        done = subprocess.run(
            ["npm", "--no-fund", "--no-audit", *arguments],
            cwd=EXTENSION, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return done.stdout

    lock, installed = (EXTENSION / name for name in (LOCK, f"node_modules/.{LOCK}"))
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        npm("ci", "--ignore-scripts")
    return npm


LOCK = "package-lock.json"


@pytest.fixture(scope="session")
def extensions(
    tools: Tools, npm: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder of extensions, in which the packed one is installed."""
    npm("run", "package")
    home, folder = tmp_path_factory.mktemp("install"), tmp_path_factory.mktemp("extensions")
    install = ["--install-extension", str(EXTENSION / "dist" / "infill-ls.vsix")]
    subprocess.run([*tools.command(home, folder), *install], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def code_server(
    tools: Tools, extensions: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CodeServer]:
    """One for all tests; each has windows and settings of its own."""
    home = tmp_path_factory.mktemp("code-server")
    server = CodeServer(tools, home, extensions, environment(home))
    yield server
    server.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[BrowserContext]:
    """One for all tests, so that the editor's own code is read once."""
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        yield chrome.new_context(
            viewport={"width": 1100, "height": 640},
            permissions=["clipboard-read", "clipboard-write"],
        )
        chrome.close()


@pytest.fixture
def text() -> str:
    """A Python function without its body."""
    return f"{HEAD}\n    \n"


@pytest.fixture
def settings() -> Mapping[str, object]:
    """Settings besides those that name the host."""
    return {}


@pytest.fixture
def file(folder: Path, text: str) -> Path:
    """A file with that."""
    return written(folder / "a.py", text)


def written(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8", newline="")
    return file


def served_by(host: FakeHost) -> dict[str, object]:
    """Return the settings that name a host."""
    return {"infill-ls.backend.kind": "tgi", "infill-ls.backend.url": host.url}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder that windows open."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def open_window(
    browser: BrowserContext, code_server: CodeServer, tmp_path: Path
) -> Iterator[OpenWindow]:
    """Opens windows, with the settings of the machine and of the user."""
    opened: list[Window] = []

    def open_window(
        file: Path,
        settings: Mapping[str, object],
        *,
        workspace: Path | None = None,
        **users: object,
    ) -> Window:
        code_server.configure(settings, users)
        opened.append(Window(browser, code_server, file, workspace))
        return opened[-1]

    yield open_window
    for window in opened:
        if not window.page.is_closed():
            show(window, tmp_path)
            window.close()


class Shared:
    """A window that one test after the other uses, since opening one takes seconds."""

    window: Window | None = None


@pytest.fixture(scope="session")
def shared() -> Shared:
    """Holds the window between tests."""
    return Shared()


@pytest.fixture
def window(
    shared: Shared, browser: BrowserContext, code_server: CodeServer, host: FakeHost, text: str,
    settings: Mapping[str, object],
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path,
) -> Iterator[Window]:  # fmt: skip
    """A window on `text` whose answers come from `host`, with the cursor in the second line."""
    if shared.window is None:
        file = written(tmp_path_factory.mktemp("shared") / "a.py", "")
        shared.window = Window(browser, code_server, file)
        # Its first server is not the one that the test waits for.
        shared.window.wait_until_ready()
    window = shared.window
    window.begin(text, {**served_by(host), **settings})
    yield window
    if request.node.stash.get(FAILED, False):
        # Whatever it has come to, the next test is not to suffer from it.
        show(window, tmp_path)
        window.close()
        shared.window = None


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note on the test whether it failed."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


def show(window: Window, folder: Path) -> None:
    """Show the window, and what it said of us, with a failing test."""
    picture = folder / "window.png"
    window.page.screenshot(path=picture)
    print(picture, *[line for line in window.console if "infill-ls: " in line], sep="\n")
