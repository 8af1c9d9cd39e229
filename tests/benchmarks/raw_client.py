"""A language server as a process, and the least of a client for it: frames and no more.

What a client does itself must not show in what is measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

OURS = [sys.executable, "-m", "infill_ls"]

# An installed package is compiled already, so ours must be allowed to be.
_DROPPED = ("INFILL_LS_", "PYTHONDONTWRITEBYTECODE")
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith(_DROPPED)},
    "INFILL_LS_CONFIG": os.devnull,
    "INFILL_LS_MEASUREMENT_ENABLED": "false",
}

URI = "file:///large.py"


@contextmanager
def running(command: list[str], options: object = None) -> Iterator[Server]:
    """Give a server that has answered `initialize`."""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=ENVIRONMENT,
    ) as process:  # fmt: skip
        server = Server(process, options)
        yield server
        process.kill()


class Server:
    """The least of a client: frames, and one request at a time."""

    def __init__(self, process: subprocess.Popen[bytes], options: object) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin, self._stdout = process.stdin, process.stdout
        self._id = 0
        self._version = 1
        shows_ghost_text: dict[str, object] = {"textDocument": {"inlineCompletion": {}}}
        params = {"processId": None, "rootUri": None, "initializationOptions": options}
        self.request("initialize", {**params, "capabilities": shows_ghost_text})
        self.notify("initialized", {})

    def open(self, text: str) -> None:
        """Open the document."""
        document = {"uri": URI, "languageId": "python", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    def type_at_start(self) -> None:
        """Insert one character at the start of the document."""
        self._version += 1
        start = {"line": 0, "character": 0}
        change = {"range": {"start": start, "end": start}, "text": "x"}
        document = {"uri": URI, "version": self._version}
        params = {"textDocument": document, "contentChanges": [change]}
        self.notify("textDocument/didChange", params)

    def ask(self, position: dict[str, int] | None = None) -> None:
        """Ask for ghost text as an editor does while the user types, and take the answer."""
        params = {
            "textDocument": {"uri": URI},
            "position": position or {"line": 0, "character": 12},
            "context": {"triggerKind": 2},
        }
        self.request("textDocument/inlineCompletion", params)

    def request(self, method: str, params: object) -> None:
        """Send a request and read up to its answer."""
        self.begin(method, params)
        self.finish()

    def begin(self, method: str, params: object) -> None:
        """Send a request."""
        self._id += 1
        self._send({"jsonrpc": "2.0", "id": self._id, "method": method, "params": params})

    def finish(self) -> None:
        """Read up to the answer to the newest request."""
        self.until_answer()

    def until_answer(self) -> list[dict[str, Any]]:
        """Return all messages up to the answer to the newest request, which is the last."""
        messages = [self.receive()]
        while messages[-1].get("id") != self._id:
            messages.append(self.receive())
        assert "error" not in messages[-1], messages[-1]
        return messages

    def notify(self, method: str, params: object) -> None:
        """Send a notification."""
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def _send(self, message: object) -> None:
        body = json.dumps(message).encode()
        self._stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._stdin.flush()

    def receive(self) -> dict[str, Any]:
        """Read one message."""
        length = 0
        while header := self._stdout.readline().strip():
            name, _, value = header.partition(b":")
            length = int(value) if name == b"Content-Length" else length
        message: dict[str, Any] = json.loads(self._stdout.read(length))
        return message


def milliseconds_since(start: float) -> float:
    """Return the time since a reading of `perf_counter`."""
    return (perf_counter() - start) * 1000
