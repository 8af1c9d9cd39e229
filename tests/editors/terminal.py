"""A real terminal: keys for the program in it, and a look at its screen, through tmux."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path


class Terminal:
    """A terminal of its own for one program."""

    def __init__(self, *, columns: int = 80, rows: int = 20) -> None:
        # Addresses of sockets are short, so they are not in a test's own folder.
        self._temporary = tempfile.TemporaryDirectory(prefix="tmux-", ignore_cleanup_errors=True)
        self.folder = Path(self._temporary.name)
        """For sockets; it goes with the terminal."""
        self.tmux = ["tmux", "-f", "/dev/null", "-S", str(self.folder / "tmux")]
        """The command that reaches it."""
        self._size = ["-x", str(columns), "-y", str(rows)]

    def start(
        self, command: list[str], environment: Mapping[str, str], *, folder: Path | None = None
    ) -> None:
        """Start the program, in `folder` if there is one."""
        where = ["-c", str(folder)] if folder else []
        subprocess.run(
            [*self.tmux, "new-session", "-d", *self._size, *where, *command],
            env={**environment, "TERM": "xterm-256color"}, check=True,
        )  # fmt: skip

    def close(self) -> None:
        """End the program, if it has not ended."""
        subprocess.run([*self.tmux, "kill-server"], capture_output=True, check=False)
        self._temporary.cleanup()

    def type(self, text: str) -> None:
        """Type a text."""
        self._run("send-keys", "-l", text)

    def press(self, *keys: str) -> None:
        """Press keys, in tmux's notation (`Tab`, `C-e`)."""
        self._run("send-keys", *keys)

    def screen(self) -> list[str]:
        """Return the rows, without blanks at their ends."""
        return [row.rstrip() for row in self._run("capture-pane", "-p").split("\n")]

    def cursor(self) -> tuple[int, int]:
        """Return row and column of the cursor, from 0."""
        row, column = self._run("display", "-p", "#{cursor_y} #{cursor_x}").split()
        return int(row), int(column)

    def _run(self, *command: str) -> str:
        return subprocess.run(
            [*self.tmux, *command], check=True, capture_output=True, encoding="utf-8"
        ).stdout
