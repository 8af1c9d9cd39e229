"""Work that nobody waits for ends, at the host too."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcRequestCancelled

from e2e.editor import Editor, text_of
from e2e.server import served_by
from fakes.host import FakeHost

FUNCTION = "def inc(n):\n    return ‸\n"


def patient(host: FakeHost, **backend: object) -> dict[str, Any]:
    """Settings with which a silent host is waited for longer than any test takes."""
    return served_by(host, backend={"readTimeoutMs": 600_000, **backend})


async def writing(host: FakeHost, count: int = 1) -> None:
    """Wait until the host has sent the first piece of its newest answer."""
    await host.wait_async(lambda host: len(host.asked) == count and host.asked[-1].pieces_sent > 0)


async def left(host: FakeHost) -> None:
    """Wait until the connection of the host's first answer is closed from our side."""
    await host.wait_async(lambda host: host.asked[0].ending == "client left")


def answers_slowly(host: FakeHost) -> None:
    """Have the next answer stop after its first piece."""
    gate = host.gate()
    host.answers("n", " + 1", gate=gate)
    gate.open()


async def test_a_newer_request_ends_the_older(editor: Editor, host: FakeHost) -> None:
    """The older answers null and leaves the host; the newer one has its answer."""
    await editor.begin(patient(host))
    cursor = editor.open(FUNCTION)
    answers_slowly(host)
    host.answers("2")

    older = editor.asking(cursor)
    await writing(host)
    editor.replace(types.Range(cursor, cursor), "1 + ")
    newer = editor.asking(types.Position(cursor.line, cursor.character + 4))

    assert await older is None
    await left(host)
    assert text_of(await newer) == "2"


async def test_documents_do_not_end_each_others_requests(editor: Editor, host: FakeHost) -> None:
    """A request in one document leaves that of another alone."""
    gate = host.gate()
    host.answers("n", " + 1", gate=gate)
    host.answers("2")
    await editor.begin(patient(host, inFlight=2))
    cursor = editor.open(FUNCTION)
    other = editor.open("b = ‸", uri="file:///project/other.py")

    first = editor.asking(cursor)
    await host.wait_async(lambda host: len(host.asked) == 1)
    second = await editor.text(other, uri="file:///project/other.py")
    gate.stand_open()

    assert second == "2"
    assert text_of(await first) == "n + 1"


async def test_a_cancelled_request_leaves_the_host(editor: Editor, host: FakeHost) -> None:
    """`$/cancelRequest` closes the connection, and is answered with the error for that."""
    await editor.begin(patient(host))
    cursor = editor.open(FUNCTION)
    answers_slowly(host)

    asking = editor.asking(cursor, request_id="one")
    await writing(host)
    editor.cancel_request(types.CancelParams("one"))

    with pytest.raises(JsonRpcRequestCancelled) as cancelled:
        await asking
    assert cancelled.value.code == types.LSPErrorCodes.RequestCancelled
    await left(host)


async def test_after_a_cancelled_request_the_next_one_works(editor: Editor, host: FakeHost) -> None:
    """Nothing remains of a request that was cancelled."""
    await editor.begin(patient(host))
    cursor = editor.open(FUNCTION)
    answers_slowly(host)
    host.answers("2")
    asking = editor.asking(cursor, request_id="one")
    await writing(host)
    editor.cancel_request(types.CancelParams("one"))
    await asyncio.wait([asking])

    text = await editor.text(types.Position(0, 0))  # It does not go on with the first.

    assert text == "2"
    assert not editor.statuses[-1].busy
    with pytest.raises(JsonRpcRequestCancelled):
        await asking


async def test_shutdown_leaves_the_host(editor: Editor, host: FakeHost) -> None:
    """`shutdown` ends all work; what was asked before it is answered with null."""
    await editor.begin(patient(host))
    cursor = editor.open(FUNCTION)
    answers_slowly(host)
    asking = editor.asking(cursor)
    await writing(host)

    await editor.leave()

    assert await asking is None
    await left(host)


async def test_new_settings_end_the_work_for_the_old(editor: Editor, host: FakeHost) -> None:
    """A completion under way is ended when another host or model may be meant."""
    await editor.begin(patient(host))
    cursor = editor.open(FUNCTION)
    answers_slowly(host)
    asking = editor.asking(cursor)
    await writing(host)

    settings = {"infill-ls": {"completion": {"maxTokens": 7}}}
    editor.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings))

    assert await asking is None
    await left(host)
