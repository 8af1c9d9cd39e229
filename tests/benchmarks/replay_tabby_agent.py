"""tabby-agent in a replay: the real program, driven as Tabby's extension for VS Code drives it.

The extension of its time holds the agent in its own process: it calls `provideCompletions` at each
key, with a signal by which the older call is aborted, and shows the first choice. Over standard
input and output the program takes the same calls, each a line of JSON (its language server of this
version knows no inline completion and no cancelling). When the agent asks the host, for how long
it waits, what it remembers and what it filters out are its own. It does not wait at all before its
first answer has come, because its pause is shortened by their mean time, which is not a number
then; as a session lasts, it is asked once at its start, which is not counted.

It gets a home of its own, so that no settings of the user's count and nothing of it stays, and it
is told to send no usage data; the only host that it knows is the scripted one.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from replay_policies import Policy

INSTALL = "tests/benchmarks/install_tabby_agent.sh"
PEERS = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "infill-ls" / "peers"
PROGRAM = PEERS / "node_modules" / "tabby-agent" / "dist" / "cli.js"


class TabbyAgent(Policy):
    """tabby-agent 1.5.0, asked at each key, told that the older request is not wanted."""

    name = "tabby-agent"

    @classmethod
    def left_out(cls, speed: float) -> str:
        """Say where it is not installed, or the clock is not its own."""
        if speed != 1:
            return "its pauses are in real time"
        missing = shutil.which("node") is None or not PROGRAM.exists()
        return f"it is not installed, which takes Node and {INSTALL}" if missing else ""

    async def _begin(self) -> None:
        home = self._stack.enter_context(TemporaryDirectory(prefix="tabby-agent-"))
        self._process = await asyncio.create_subprocess_exec(
            "node", str(PROGRAM),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL, limit=2**20,
            env={"PATH": os.environ["PATH"], "HOME": home},
        )  # fmt: skip
        self._stack.push_async_callback(self._stop)
        self._number = 0
        self._asked: tuple[str, int] = ("", 0)
        self._waiting = False
        self._answered = asyncio.Event()
        self._reading = asyncio.create_task(self._read())
        config = {
            # Without a token it looks for one at Tabby's own site.
            "server": {"endpoint": self._url, "token": "replay"},
            "anonymousUsageTracking": {"disable": True},
        }
        self._call("initialize", {"config": config})
        await self._answered.wait()
        self._answered.clear()
        self._provide("x = 1\n", 6, manually=True)
        await self._answered.wait()

    async def _stop(self) -> None:
        self._process.kill()
        await self._process.wait()
        await self._reading

    async def key(self, document_text: str, cursor: int) -> None:
        """Call for a completion, and abort the older call."""
        self._abort()
        self._asked = (document_text, cursor)
        self._waiting = True
        self._provide(document_text, cursor, manually=False)

    async def close(self) -> None:
        """Abort what is under way."""
        self._abort()

    def _provide(self, text: str, cursor: int, *, manually: bool) -> None:
        request = {
            "filepath": "/replay/large.py",
            "language": "python",
            "text": text,
            "position": _units(text[:cursor]),
            "indentation": "    ",
            "manually": manually,
        }
        self._call("provideCompletions", request, {"signal": True})

    def _abort(self) -> None:
        if self._waiting:
            self._waiting = False
            self._send(0, "cancelRequest", self._number)

    async def _read(self) -> None:
        """Take the agent's lines: answers with the number of their call, and events with 0."""
        assert self._process.stdout is not None
        while (line := await self._process.stdout.readline()).endswith(b"\n"):
            number, answer = json.loads(line)
            if number == self._number:
                self._answered.set()
                self._finish(answer)

    def _finish(self, answer: dict[str, Any] | None) -> None:
        """Show the first choice; an aborted call is answered with nothing."""
        if not self._waiting:
            return
        self._waiting = False
        text, cursor = self._asked
        choices = (answer or {}).get("choices", [])
        if not choices:
            self._show("", text[:cursor])
            return
        start, end = (_offset(text, choices[0]["replaceRange"][edge]) for edge in ("start", "end"))
        # What it replaces behind the cursor stands in the document, and is not drawn again.
        self._show(choices[0]["text"].removesuffix(text[cursor:end]), text[:start])

    def _call(self, function: str, *args: object) -> None:
        self._number += 1
        self._send(self._number, function, *args)

    def _send(self, number: int, function: str, *args: object) -> None:
        assert self._process.stdin is not None
        message = [number, {"func": function, "args": args}]
        self._process.stdin.write(json.dumps(message).encode() + b"\n")


def _units(text: str) -> int:
    """Return how long a text is as JavaScript counts, in UTF-16."""
    return len(text.encode("utf-16-le")) // 2


def _offset(text: str, units: int) -> int:
    """Return where a place is that JavaScript counts."""
    return len(text.encode("utf-16-le")[: 2 * units].decode("utf-16-le"))
