"""A real VS Code, served by code-server, in a real browser."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psutil
from playwright.sync_api import BrowserContext, ConsoleMessage, FrameLocator, Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from editors.neovim import DEADLINE_S, until

expect.set_options(DEADLINE_S * 1000)

EXTENSION = Path(__file__).parents[3] / "editor-configs" / "vscode"

START_S = 60.0
"""How long the editor, its extensions and the server may take to be there."""

_OFFER_MS = 5_000.0
"""How long a list of commands may take to show the one that is wanted."""

STARTING = "infill-ls is starting"
READY = "infill-ls is ready"

ACCEPT_LINE = "Control+Alt+l"
"""VS Code has no key for the next line of a suggestion; users give it one."""

_KEYS = [{"key": "ctrl+alt+l", "command": "editor.action.inlineSuggest.acceptNextLine"}]

_QUIET = {
    "chat.disableAIFeatures": True,
    "editor.accessibilitySupport": "off",
    "editor.autoClosingBrackets": "never",
    "editor.autoIndent": "none",
    "editor.minimap.enabled": False,
    "editor.quickSuggestions": {"other": "off", "comments": "off", "strings": "off"},
    "editor.wordBasedSuggestions": "off",
    "extensions.autoUpdate": "off",
    "extensions.ignoreRecommendations": True,
    "files.hotExit": "off",
    "git.enabled": False,
    "telemetry.telemetryLevel": "off",
    "typescript.disableAutomaticTypeAcquisition": True,
    "update.mode": "none",
    "window.autoDetectColorScheme": False,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "workbench.startupEditor": "none",
    "workbench.tips.enabled": False,
}
"""Nothing but what is tested suggests, completes, asks or phones."""


class Tools:
    """What `install_vscode.sh` got."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.code_server = folder / "node_modules" / "code-server" / "out" / "node" / "entry.js"

    @classmethod
    def find(cls) -> Tools | None:
        """Return them, or None where the script has not been run."""
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folder = cache / "infill-ls" / "editors" / "vscode"
        return cls(folder) if (folder / "versions").exists() and chromium() else None

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """Return `base` with our Node.js before any other."""
        return {**base, "PATH": os.pathsep.join([str(self.bin), base["PATH"]])}

    def command(self, home: Path, extensions: Path) -> list[str]:
        """Return the command line of a code-server that knows nothing of the user's."""
        options = ["--config", home / "config.yaml", "--user-data-dir", home / "data"]
        options += ["--extensions-dir", extensions, "--auth", "none", "--disable-telemetry"]
        options += ["--disable-update-check", "--disable-getting-started-override"]
        return [str(self.bin / "node"), str(self.code_server), *map(str, options)]


def chromium() -> str | None:
    """Return the path of the browser."""
    return shutil.which("chromium")


class CodeServer:
    """One running code-server."""

    def __init__(
        self,
        tools: Tools,
        home: Path,
        extensions: Path,
        environment: Mapping[str, str],
        *,
        trusts: bool = True,
    ) -> None:
        """Start it; `trusts` is whether it takes every folder for a trusted one."""
        self._data = home / "data"
        self._write("User/keybindings.json", _KEYS)
        self.configure({}, {})
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self.log = home / "code-server.log"
        command = [*tools.command(home, extensions), "--bind-addr", self.address]
        # What a closed window has left ends soon, and not in three hours.
        command += ["--reconnection-grace-time", "1"]
        command += ["--disable-workspace-trust"] if trusts else []
        # Without this the variables of a login shell would replace ours.
        environment = {**environment, "VSCODE_CLI": "1"}
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command, env=tools.environment(environment), stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        until(self._is_up, bool, START_S)

    def configure(self, machines: Mapping[str, object], users: Mapping[str, object]) -> None:
        """Write the settings; what decides where code goes is read from the machine's own."""
        self._write("Machine/settings.json", machines)
        self._write("User/settings.json", {**_QUIET, **users})

    def _write(self, name: str, value: object) -> None:
        file = self._data / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(value), encoding="utf-8")

    def settings(self) -> str:
        """Return what is in the files of settings."""
        files = sorted(self._data.glob("*/settings.json"))
        return "".join(file.read_text(encoding="utf-8") for file in files)

    def language_servers(self) -> set[int]:
        """Return the processes of our server that run in its windows."""
        children = psutil.Process(self._process.pid).children(recursive=True)
        return {child.pid for child in children if _is_ours(child)}

    def installed(self) -> list[Path]:
        """Return the virtual environments that the extension has made."""
        return sorted(self._data.glob("User/globalStorage/infill-ls.infill-ls/venv"))

    def _is_up(self) -> bool:
        assert self._process.poll() is None, self.log.read_text(encoding="utf-8")
        with suppress(OSError), urllib.request.urlopen(f"http://{self.address}/healthz"):
            return True
        return False

    def close(self) -> None:
        """End it and the servers that it has started."""
        self._process.terminate()
        self._process.wait(DEADLINE_S)


def _is_ours(process: psutil.Process) -> bool:
    # It may end while it is looked at.
    with suppress(psutil.Error):
        return any(part.endswith("/infill-ls") for part in process.cmdline())
    return False


class Window:
    """One window on a folder with a file, or on a workspace of several folders."""

    def __init__(
        self,
        browser: BrowserContext,
        server: CodeServer,
        file: Path,
        workspace: Path | None = None,
    ) -> None:
        """Open it, and wait until the file is shown; `workspace` is a `.code-workspace`."""
        self._server = server
        self._folder = file.parent
        self.console: list[str] = []
        self.page: Page = browser.new_page()
        self.page.set_default_timeout(DEADLINE_S * 1000)
        self.errors: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.errors.append(error.stack or error.message))
        payload = json.dumps([["openFile", f"vscode-remote://{server.address}{file}"]])
        opened = f"workspace={workspace}" if workspace else f"folder={file.parent}"
        address = f"http://{server.address}/?{opened}&payload={quote(payload)}"
        self.page.goto(address)
        self.page.wait_for_selector(".monaco-editor .view-line", timeout=START_S * 1000)

    def our_errors(self) -> list[str]:
        """Return what the window, its extensions and pages complain of, as far as that is ours.

        Code-server complains of what it lacks: native modules and the net. Each error of an
        extension names it, as the sender or in the trace.
        """
        return [error for error in self.errors if re.search(r"infill.ls|page\.js", error)]

    def _hear(self, message: ConsoleMessage) -> None:
        self.console.append(message.text)
        if message.type == "error":
            self.errors.append(message.text)

    def close(self) -> None:
        """Close it; its server ends."""
        self.page.close()

    @property
    def folder(self) -> Path:
        """The folder that it is on."""
        return self._folder

    def settings(self) -> str:
        """Return all that the files of settings say."""
        return self._server.settings()

    def wait_until_ready(self) -> None:
        """Wait until the language server has started."""
        until(self.status, lambda status: status.startswith(READY), START_S)

    def begin(self, text: str, settings: Mapping[str, object], **users: object) -> None:
        """Have this text in the editor, and then a new language server with these settings.

        In this order the new server is asked for nothing before the test types.
        """
        # A page that is behind another one draws nothing.
        self.page.bring_to_front()
        self.dismiss_messages()
        self.write(text)
        self.press("Control+Home", "ArrowDown", "End")
        self.record()
        self._server.configure(settings, users)
        until(self.statuses, lambda seen: STARTING in seen, START_S)
        self.wait_until_ready()
        self.dismiss_messages()

    def write(self, text: str) -> None:
        """Have this text in the editor in place of what is there."""
        self.to("Escape", "Control+a")
        self.page.keyboard.insert_text(text)

    def press(self, *keys: str) -> None:
        """Press keys, in Playwright's names."""
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Type a text."""
        self.page.keyboard.type(text)

    def to(self, *keys: str) -> None:
        """Have the editor take what is typed, and move its cursor."""
        self.page.click(".monaco-editor .view-lines")
        self.press(*keys)

    def record(self) -> None:
        """Note, frame by frame, what is suggested and what the status is from now on."""
        self.page.evaluate(f"(({_RECORD})({_GHOST}, {_STATUS}))")

    def ghosts(self) -> list[str]:
        """Return what was suggested since `record`, each change of it once."""
        return list(self.page.evaluate("window.recorded.ghosts"))

    def statuses(self) -> list[str]:
        """Return what the status was since `record`, each change of it once."""
        return list(self.page.evaluate("window.recorded.statuses"))

    def ghost(self) -> str:
        """Return the suggestion that is drawn, empty if there is none."""
        return str(self.page.evaluate(_GHOST))

    def open(self, name: str) -> None:
        """Open a file of the workspace by its name."""
        self.press("Control+p")
        self.type(name)
        self.choose(name)
        self.page.get_by_role("tab", name=name, selected=True).wait_for()

    def suggested_after(self, *keys: str) -> str:
        """Press keys, again where nothing comes of them, and return what is suggested then.

        VS Code asks nobody for what is typed just after it has opened a document.
        """

        def suggested() -> str:
            self.press(*keys)
            with suppress(AssertionError):
                return until(self.ghost, bool, 3)
            return ""

        return until(suggested, bool, START_S)

    def lines(self) -> list[str]:
        """Return the lines of the editor, as far as they are drawn, with what is suggested."""
        return list(self.page.evaluate(_LINES))

    def run(self, command: str) -> None:
        """Run a command by its title.

        A key may go to a window that is still taking the focus, and a list that was opened before
        a command was there goes without it: what shows no such command is closed and asked again.
        """

        box = self.page.locator(".quick-input-box input")

        def is_offered() -> bool:
            self.press("F1")
            with suppress(PlaywrightTimeoutError):
                box.fill(f">{command}", timeout=_OFFER_MS)
                self._choice(command).wait_for(timeout=_OFFER_MS)
                return True
            # In the editor, Escape would let go of what is selected.
            if box.is_visible():
                self.press("Escape")
            return False

        until(is_offered, bool, START_S)
        self.choose(command)

    def choose(self, label: str) -> None:
        """Take one of the choices that are offered, by what it has in it."""
        self._choice(label).click()

    def _choice(self, label: str) -> Locator:
        return self.page.locator(".quick-input-list .monaco-list-row").filter(has_text=label).first

    def act(self, title: str) -> None:
        """Choose a code action from the light bulb, by what its title begins with."""
        # What is asked for before it is there may come to nothing.
        bulb = self.page.locator('.lightBulbWidget, [class*="codicon-gutter-lightbulb"]')
        bulb.locator("visible=true").first.wait_for()
        self.press("Control+.")
        self.page.locator(".action-widget .monaco-list-row").filter(has_text=title).click()

    def status(self) -> str:
        """Return what the status bar says of us; empty while it says nothing."""
        return str(self.page.evaluate(_STATUS))

    def dismiss_messages(self) -> None:
        """Take all messages away; they would be in the way of the mouse."""
        clear = self.page.locator(".notifications-toasts .codicon-notifications-clear")
        while clear.count():
            clear.first.dispatch_event("click")

    def messages(self) -> list[str]:
        """Return the messages that are shown."""
        return self.page.locator(".notification-list-item-message").all_inner_texts()

    def chat(self) -> FrameLocator:
        """Return the page of the chat."""
        return self.page.frame_locator("iframe.webview").frame_locator("#active-frame")


_TEXT = "const text = (node) => node.textContent.replace(/\\u00a0/g, ' ');"
_GHOST = f"""() => {{
  {_TEXT}
  const first = [...document.querySelectorAll('.ghost-text-decoration')].map(text).join('');
  const further = [...document.querySelectorAll('.suggest-preview-text > .view-line')];
  return [first, ...further.map(text)].join('\\n');
}}"""
_STATUS = """() => {
  const item = document.querySelector('.statusbar-item[id^="infill-ls.infill-ls"]');
  return item?.querySelector('[aria-label]')?.ariaLabel.replace('infill-ls: ', '') ?? '';
}"""
_RECORD = """(ghost, status) => {
  const recorded = { ghosts: [], statuses: [] };
  const note = (seen, value) => seen.at(-1) === value || seen.push(value);
  const look = () => {
    if (window.recorded !== recorded) return;
    note(recorded.ghosts, ghost());
    note(recorded.statuses, status());
    requestAnimationFrame(look);
  };
  window.recorded = recorded;
  look();
}"""
_LINES = f"""() => {{
  {_TEXT}
  const lines = [...document.querySelectorAll('.monaco-editor .view-lines > .view-line')];
  const top = (line) => parseInt(line.style.top);
  return lines.sort((a, b) => top(a) - top(b)).map(text);
}}"""
