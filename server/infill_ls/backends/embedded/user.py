"""One who uses a server of the embedded model: finds it, or starts it, and holds on to it."""

from __future__ import annotations

import asyncio
import hmac
import os
import secrets
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from infill_ls.backends.embedded import entry as entries
from infill_ls.backends.embedded.entry import Entry, Greeting, Ready, Start
from infill_ls.errors import HostFailed

_GREETING_TIMEOUT_S = 60
"""A server says nothing while it loads its model; a stranger on its port may never say anything."""


@dataclass(frozen=True, slots=True)
class User:
    """A connection to a server; while it is held, the server goes on."""

    key: str
    loaded: bool
    """Whether the model was loaded when we came."""
    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter

    async def ready(self) -> Ready:
        """Return where the model is served once it is loaded, or why it is not."""
        line = await self._reader.readline()
        return msgspec.json.decode(line, type=Ready) if line else Ready(error="its process ended")

    def is_left_alone(self) -> bool:
        """Return whether the server has ended."""
        return self._reader.at_eof()

    async def leave(self) -> None:
        """Let go of the server."""
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()


async def attach(start: Start) -> User:
    """Return a connection to the server, which is started if there is none.

    Raises HostFailed if it ends at once, OSError if it cannot be written down.
    """
    path = start.entry_path()
    if user := await _met(path):
        return user
    # Takes 40 ms, which those need not spend who never start a server.
    from filelock import AsyncFileLock  # noqa: PLC0415

    async with AsyncFileLock(path.with_suffix(".lock")):
        if user := await _met(path):
            return user
        await asyncio.to_thread(_launch, start)
        if user := await _met(path):
            return user
    raise HostFailed("the server of the embedded model has ended", hint="run `infill-ls doctor`")


async def _met(path: Path) -> User | None:
    """Return a connection to the server of an entry, or None if it does not live."""
    entry = entries.read(path)
    if entry is None:
        return None
    try:
        async with asyncio.timeout(_GREETING_TIMEOUT_S):
            return await _greeted(entry)
    except (OSError, TimeoutError, msgspec.DecodeError):
        return None


async def _greeted(entry: Entry) -> User | None:
    """Return a connection to the entry's port, if it is not a stranger who listens there now."""
    reader, writer = await asyncio.open_connection("127.0.0.1", entry.port)
    try:
        challenge = secrets.token_urlsafe(32)
        writer.write(f"{challenge}\n".encode())
        greeting = msgspec.json.decode(await reader.readline(), type=Greeting)
    except BaseException:
        writer.close()
        raise
    if not hmac.compare_digest(greeting.proof, entry.proof(challenge)):
        writer.close()
        return None
    return User(entry.key, greeting.loaded, reader, writer)


def _launch(start: Start) -> None:
    """Start a server that outlives us, and wait until its entry is written."""
    # -P keeps the current folder, a workspace perhaps, out of its import path.
    command = [sys.executable, "-P", "-m", "infill_ls.backends.embedded.server"]
    server = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # Closing a terminal or an editor ends its own processes, and not this one.
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )
    assert server.stdin is not None
    assert server.stdout is not None
    with server.stdout:
        with server.stdin:
            server.stdin.write(msgspec.json.encode(start) + b"\n")
        server.stdout.read()
    if hasattr(os, "fork"):
        # The server is a child of this one, which has ended.
        server.wait()
