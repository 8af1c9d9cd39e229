"""Neither the user's token nor the user's code gets where it does not belong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2e.server import served_by
from e2e.wire import Message, Wire
from fakes.host import FakeHost

URI = "file:///a.py"
TOKEN = "hf_TheTokenOfTheUser"
CODE = "the_code_of_the_user"

REQUEST: Message = {
    "textDocument": {"uri": URI},
    "position": {"line": 0, "character": len(CODE) + 3},
    "context": {"triggerKind": 1},
}
"""Asks for ghost text behind `CODE = `."""
BELOW = {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 0}}


async def everything_goes_wrong(wire: Wire, host: FakeHost, options: dict[str, Any]) -> str:
    """Live through a session with all kinds of trouble; return the whole standard error."""
    await wire.begin(options)
    wire.open(f"{CODE} = ", URI)
    host.answers("1", " +")
    host.fail(401, json={"error": f"the token {TOKEN} is not known"})
    host.fail(500, text=f"Bearer {TOKEN}")
    host.error_event(f"bad token {TOKEN}", "generation", after=("1",))
    host.cut_after("1")
    for _ in range(5):
        await wire.request("textDocument/inlineCompletion", REQUEST)
        # Else the first answer would be remembered.
        change(wire, {"range": BELOW, "text": "\n"})
    change(wire, {"range": CODE, "text": CODE})
    await wire.request("textDocument/inlineCompletion", {"textDocument": CODE})
    await wire.request(CODE, {"backend": {"token": TOKEN}})
    wire.notify("initialize", {"initializationOptions": {"backend": {"token": TOKEN}}})
    wire.send_bytes(f'{{"jsonrpc": "2.0", "params": "{TOKEN} {CODE}"'.encode())
    for backend in ({"token": [TOKEN]}, {"token": TOKEN}, {"headers": TOKEN}, {"url": 3}):
        wire.notify("workspace/didChangeConfiguration", {"settings": {"backend": backend}})
    await wire.request("shutdown")
    wire.notify("exit")
    await wire.exit_status()
    return await wire.stderr()


def change(wire: Wire, change: Message) -> None:
    """Change the document, or try to."""
    document = {"uri": URI, "version": 2}
    wire.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})


def logged(wire: Wire) -> list[Message]:
    """All that the server told by itself, which editors show or keep."""
    return [message for message in wire.received if "method" in message]


@pytest.mark.parametrize("level", ["debug", "info"])
async def test_the_token_is_nowhere(wire: Wire, host: FakeHost, level: str) -> None:
    """Even at the level debug, no message and no line of the log holds the token."""
    options = served_by(host, backend={"token": TOKEN}, log={"level": level})

    stderr = await everything_goes_wrong(wire, host, options)

    sent = [exchange.request.headers.get("authorization") for exchange in host.asked]
    assert sent == [f"Bearer {TOKEN}"] * 5
    assert TOKEN not in stderr
    assert TOKEN not in json.dumps(wire.received)


async def test_the_code_is_not_logged(wire: Wire, host: FakeHost) -> None:
    """Above the level debug, no message and no line of the log holds what is in the buffer."""
    stderr = await everything_goes_wrong(wire, host, served_by(host, log={"level": "info"}))

    assert "no completion: " in stderr
    assert CODE not in stderr
    assert CODE not in json.dumps(logged(wire))
