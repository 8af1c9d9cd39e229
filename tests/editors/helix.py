"""A real Helix in a real terminal, set up as its page says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from editors.neovim import until
from editors.terminal import Terminal

PAGE = Path(__file__).parents[2] / "editor-configs" / "README.md"

_SNIPPET = re.compile(r"^## Helix$.*?^```toml\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_URL = "http://localhost:8080"


def find_program() -> str | None:
    """Return the path of a Helix that is new enough: on PATH, or got by `install_helix.sh`."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    ours = cache / "infill-ls" / "editors" / "helix" / "hx"
    for program in filter(None, (shutil.which("hx"), shutil.which(ours))):
        output = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
        version = re.match(r"helix (\d+)\.(\d+)", output)
        if version and tuple(map(int, version.groups())) >= (25, 1):
            return str(program)
    return None


def set_up(environment: Mapping[str, str], url: str) -> None:
    """Write what the page says into `languages.toml`, but for the address of the host."""
    snippet = _SNIPPET.search(PAGE.read_text(encoding="utf-8"))
    assert snippet, f"{PAGE} has no snippet for Helix"
    assert _URL in snippet[1]
    folder = Path(environment["XDG_CONFIG_HOME"]) / "helix"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "languages.toml").write_text(snippet[1].replace(_URL, url), encoding="utf-8")


class Helix(Terminal):
    """One running Helix, with a file that our server serves."""

    def __init__(self, program: str, environment: Mapping[str, str], file: Path) -> None:
        """Start `program` on a file, in the folder of that, which becomes the workspace."""
        super().__init__(columns=90, rows=24)
        self._file = file
        self._log = Path(environment["XDG_CACHE_HOME"]) / "helix" / "helix.log"
        self.start(
            # It logs what goes between it and servers.
            [program, "-v", file.name],
            {**environment, "LC_ALL": "C.UTF-8"},
            folder=file.parent,
        )
        until(self.log, lambda log: re.search(r'infill-ls -> .*"textDocument/didOpen"', log))

    def insert(self, text: str) -> None:
        """Type into the code, no key before the server knows of the last.

        Helix 25.01 sends changes in any order where they come fast.
        """
        for key in text:
            known = self._changes()
            self.type(key)
            until(self._changes, lambda changes, known=known: changes > known)

    def _changes(self) -> int:
        return len(re.findall(r'infill-ls -> .*"textDocument/didChange"', self.log()))

    def shown(self) -> str:
        """Return the whole screen as one text."""
        return "\n".join(self.screen())

    def saved(self) -> str:
        """Return to normal mode, write the file, and return its text."""
        if " INS " in self.shown():
            self.press("Escape")
            # Escape with the next key right behind it would be Alt and that key.
            until(self.shown, lambda screen: " NOR " in screen)
        self.type(":write\r")
        until(self.shown, lambda screen: f"'{self._file.name}' written" in screen)
        return self._file.read_text(encoding="utf-8")

    def log(self) -> str:
        """Return what went between Helix and servers, and what these wrote to standard error."""
        return self._log.read_text(encoding="utf-8") if self._log.exists() else ""
