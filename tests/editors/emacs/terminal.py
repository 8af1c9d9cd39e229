"""A real Emacs in a real terminal: keys through tmux, a look inside over a socket."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from editors.neovim import environment as common_environment
from editors.neovim import until
from editors.terminal import Terminal

PACKAGE = Path(__file__).parents[3] / "editor-configs" / "emacs"
TESTS = Path(__file__).parent

HEAD = "def add(a, b):"
"""The first line of a function, of which the body is missing or is `body`."""


_GHOST = """
(if (bound-and-true-p infill-ls--overlay)
    (substring-no-properties (overlay-get infill-ls--overlay 'before-string))
  "")
"""
_DIAGNOSE = """
(progn
  (setq-local flymake-diagnostic-functions
              (list (lambda (report &rest _)
                      (funcall report (list (flymake-make-diagnostic
                                             (current-buffer) %d %d :warning %s))))))
  (goto-char %d)
  (flymake-mode)
  (flymake-start)
  t)
"""
"""Has a linter of one's own say something of the text between two places."""
_LOG = r"""
(mapconcat (lambda (buffer) (with-current-buffer buffer (buffer-string)))
           (seq-filter (lambda (buffer)
                         (string-match-p "EGLOT.*\\(events\\|stderr\\)\\|::stderr" (buffer-name buffer)))
                       (buffer-list))
           "")
"""  # noqa: E501 # one expression


def find_program() -> str | None:
    """Return the path of an Emacs that is new enough: on PATH, or got by `install_emacs.sh`."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    ours = cache / "infill-ls" / "editors" / "emacs" / "emacs"
    for program in filter(None, (shutil.which("emacs"), shutil.which(ours))):
        output = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
        version = re.match(r"GNU Emacs (\d+)\.(\d+)", output)
        if version and tuple(map(int, version.groups())) >= (30, 1):
            return str(program)
    return None


def find_lsp_mode() -> Path | None:
    """Return the folder of lsp-mode's packages, which `install_lsp_mode.sh` has got."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    packages = cache / "infill-ls" / "editors" / "emacs" / "lsp-mode" / "packages"
    return packages if packages.exists() else None


def environment(home: Path) -> dict[str, str]:
    """Return one with our server on PATH and nothing of the user's."""
    home.mkdir(exist_ok=True)
    return {**common_environment(home), "HOME": str(home), "LC_ALL": "C.UTF-8"}


def written(path: Path, text: str) -> Path:
    """Write a file as it is, in a folder that may be new."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    return path


def body(text: str) -> str:
    """Return a file with this text in the body of its function."""
    return f"{HEAD}\n    {text}\n"


def backend_at(url: str, **more: str) -> dict[str, object]:
    """Return the settings for a host of TGI."""
    return {"backend": {"kind": "tgi", "url": url, **more}}


def quoted(value: object) -> str:
    """Return a value, as JSON knows it, as Lisp: objects are plists and arrays vectors."""
    match value:
        case bool() | None:
            return "t" if value else ":json-false"
        case dict():
            return "(" + " ".join(f":{key} {quoted(each)}" for key, each in value.items()) + ")"
        case list():
            return "[" + " ".join(map(quoted, value)) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False)


class Emacs(Terminal):
    """One running Emacs with our package and nothing of the user's."""

    def __init__(
        self, program: str, environment: Mapping[str, str], *, columns: int = 80, rows: int = 20
    ) -> None:
        """Start `program` in a terminal of its own."""
        super().__init__(columns=columns, rows=rows)
        address = str(self.folder / "driver")
        emacs = [program, "-nw", "-Q", "-L", str(PACKAGE), "-l", str(TESTS / "driver.el")]
        self.start(emacs, {**environment, "EMACS_DRIVER": address})
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(30)
        until(lambda: self._connected(address), bool)
        self._answers = self._socket.makefile()

    def _connected(self, address: str) -> bool:
        with suppress(OSError):
            self._socket.connect(address)
            return True
        return False

    def close(self) -> None:
        """Quit without saving, and wait for the end."""
        try:
            self._send("(kill-emacs)")
            # The connection ends without an answer.
            self._answers.read()
        finally:
            # The terminal goes with its program, unless that hangs.
            super().close()
            self._answers.close()
            self._socket.close()

    def lisp(self, expression: str) -> object:
        """Evaluate in the buffer that is shown; raises AssertionError for an error of Lisp.

        It returns a text, a number or None as it is, and True for all else.
        """
        self._send(expression)
        answer = json.loads(base64.b64decode(self._answers.readline()))
        assert "error" not in answer, f"{answer['error']} in {expression}"
        return answer["value"]

    def _send(self, expression: str) -> None:
        self._socket.sendall(base64.b64encode(expression.encode()) + b"\n")

    def set_up(self, settings: Mapping[str, object]) -> None:
        """Do what the README tells the user to do."""
        self.lisp(f"(setq infill-ls-settings '{quoted(settings)})")
        self.lisp("(progn (require 'infill-ls) (global-infill-ls-mode))")

    def edit(self, path: Path) -> None:
        """Open a file and wait until the server serves it."""
        self.lisp(f"(progn (switch-to-buffer (find-file-noselect {quoted(str(path))})) t)")
        until(self.is_served, bool)

    def is_served(self) -> bool:
        """Tell whether a server has the buffer that is shown."""
        return self.lisp("(and (infill-ls--served-p) t)") is True

    def diagnose(self, code: str, message: str) -> None:
        """Have a linter complain about the first place of some code, and go there."""
        beg = self.text().index(code) + 1
        self.lisp(_DIAGNOSE % (beg, beg + len(code), quoted(message), beg))
        until(lambda: self.lisp("(flymake-diagnostics)"), bool)

    def catch_up(self) -> None:
        """Wait until the server knows all that was done to the buffer."""
        self.lisp("(infill-ls--offered (infill-ls--any-server) (point) (point))")

    def complete(self) -> None:
        """Have something suggested, as `M-x infill-ls-complete` does."""
        self.lisp("(call-interactively #'infill-ls-complete)")

    def ghost(self) -> str:
        """Return the suggestion that is drawn, empty if there is none."""
        return str(self.lisp(_GHOST))

    def is_answered(self) -> bool:
        """Tell whether the answer to the newest question is whole."""
        return (
            self.lisp("(zerop (hash-table-count (infill-ls--partials infill-ls--server)))") is True
        )

    def text(self) -> str:
        """Return the text of the buffer that is shown."""
        return str(self.lisp("(buffer-substring-no-properties (point-min) (point-max))"))

    def point(self) -> int:
        """Return the cursor's place, in characters from 0."""
        place = self.lisp("(1- (point))")
        assert isinstance(place, int)
        return place

    def mode_line(self) -> str:
        """Return what the mode line says of the server."""
        return str(self.lisp("(substring-no-properties (infill-ls--lighter))")).strip()

    def messages(self) -> list[str]:
        """Return what Emacs has told the user, errors included."""
        told = str(self.lisp('(with-current-buffer "*Messages*" (buffer-string))'))
        return [line for line in told.splitlines() if line]

    def told(self) -> list[str]:
        """Return what our package has told the user."""
        return [line for line in self.messages() if line.startswith("infill-ls: ")]

    def log(self) -> str:
        """Return what went between Emacs and servers, and what these wrote to standard error."""
        return str(self.lisp(_LOG))


def until_prompted(emacs: Emacs, prompt: str) -> None:
    """Wait until something is read in the minibuffer."""
    until(emacs.screen, lambda rows: any(row.startswith(prompt) for row in rows))
