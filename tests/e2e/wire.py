"""A server spoken to in bare messages: for what no well-behaved client sends, or overlooks."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

Message = dict[str, Any]

_DEADLINE_S = 30
_LONGEST_LINE = 2**20


class Wire:
    """A server process, and every byte that came from it."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self.process = process
        self.received: list[Message] = []
        """Every message so far."""
        self._last_id = 0
        self._stdin, self._stdout = process.stdin, process.stdout
        self._stderr = asyncio.create_task(process.stderr.read())

    @classmethod
    async def start(cls, command: Sequence[str], environment: Mapping[str, str]) -> Self:
        """Start a server."""
        return cls(
            await create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment, limit=_LONGEST_LINE
            )
        )

    async def begin(self, options: object = None, **capabilities: object) -> Message:
        """Initialize the server."""
        params = {"processId": None, "rootUri": None, "capabilities": capabilities}
        answer = await self.request("initialize", {**params, "initializationOptions": options})
        self.notify("initialized", {})
        return answer

    async def request(self, method: str, *params: object) -> Message:
        """Send a request, with or without parameters; return its answer, be it an error."""
        request_id = self.ask(method, *params)
        return await self.until(lambda message: message.get("id") == request_id)

    def ask(self, method: str, *params: object) -> int:
        """Send a request without waiting for its answer; return its id."""
        self._last_id += 1
        self.send({"jsonrpc": "2.0", "id": self._last_id, "method": method, **_params(params)})
        return self._last_id

    def open(self, text: str, uri: str) -> None:
        """Open a document."""
        document = {"uri": uri, "languageId": "python", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    def notify(self, method: str, *params: object) -> None:
        """Send a notification, with or without parameters."""
        self.send({"jsonrpc": "2.0", "method": method, **_params(params)})

    def send(self, message: object) -> None:
        """Send a message; lone surrogates are escaped, as JSON allows."""
        self.send_bytes(json.dumps(message).encode())

    def send_bytes(self, body: bytes) -> None:
        """Send a body that need not be JSON."""
        header = f"Content-Length: {len(body)}\r\n\r\n"
        self._stdin.write(header.encode() + body)

    async def until(self, holds: Callable[[Message], object]) -> Message:
        """Return the next message of which this holds; those before it are kept as well."""
        async with asyncio.timeout(_DEADLINE_S):
            while not holds(message := await self._receive()):
                pass
        return message

    async def end(self) -> int:
        """Close the server's standard input; return its exit status."""
        self._stdin.close()
        return await self.exit_status()

    async def exit_status(self) -> int:
        """Read until the server has ended by itself."""
        async with asyncio.timeout(_DEADLINE_S):
            while not self._stdout.at_eof():
                await self._receive()
            return await self.process.wait()

    async def stderr(self) -> str:
        """Return all that it wrote to standard error, once it has ended."""
        return (await self._stderr).decode()

    async def close(self) -> None:
        """Kill the server if it still runs."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await self._stderr

    async def _receive(self) -> Message:
        length = 0
        while (header := await self._stdout.readline()).strip():
            name, _, value = header.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        message: Message = json.loads(await self._stdout.readexactly(length)) if length else {}
        self.received.append(message)
        return message


def _params(params: tuple[object, ...]) -> Message:
    return {"params": params[0]} if params else {}
