"""From `initialize` to `exit`, as the specification of LSP says."""

from __future__ import annotations

import pytest
from lsprotocol import types

from e2e.editor import INLINE, Editor
from e2e.server import SERVER, served_by
from e2e.wire import Message, Wire
from fakes.host import FakeHost
from infill_ls import __version__

INVALID_REQUEST, NOT_INITIALIZED = -32600, -32002

AT_START: Message = {
    "textDocument": {"uri": "file:///a.py"},
    "position": {"line": 0, "character": 0},
    "context": {"triggerKind": 1},
}
"""Parameters of a request for ghost text."""


async def test_ghost_text_is_announced_always(editor: Editor) -> None:
    """Every editor is told of inline completion, since some use it without saying so before."""
    result = await editor.begin(capabilities=types.ClientCapabilities())

    assert result.capabilities.inline_completion_provider == types.InlineCompletionOptions()
    assert result.server_info == types.ServerInfo("infill-ls", __version__)


@pytest.mark.parametrize(
    ("text_document", "announced"),
    [(INLINE, False), (types.TextDocumentClientCapabilities(), True)],
    ids=["ghost text", "no ghost text"],
)
async def test_the_menu_is_for_editors_without_ghost_text(
    editor: Editor, text_document: types.TextDocumentClientCapabilities, announced: bool
) -> None:
    """The completion menu is announced only where ghost text would not be shown."""
    result = await editor.begin(capabilities=types.ClientCapabilities(text_document=text_document))

    assert (result.capabilities.completion_provider is not None) == announced


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["utf-7", "utf-32", "utf-16"], "utf-32"),
        (None, "utf-16"),
    ],
)
async def test_the_position_encoding_is_the_editors_first_choice(
    wire: Wire, offered: list[str] | None, chosen: str
) -> None:
    """The first encoding that is known is taken, and UTF-16 where there is none."""
    general = {} if offered is None else {"positionEncodings": offered}

    answer = await wire.begin(general=general)

    assert answer["result"]["capabilities"]["positionEncoding"] == chosen


async def test_an_orderly_end_is_status_0(wire: Wire) -> None:
    """After `shutdown` and `exit` the server ends with status 0, and has complained of nothing."""
    await wire.begin()

    answer = await wire.request("shutdown")
    wire.notify("exit")

    assert answer["result"] is None
    assert await wire.exit_status() == 0
    assert await wire.stderr() == ""


async def test_an_exit_that_comes_with_the_shutdown_waits_for_it(wire: Wire) -> None:
    """An editor that sends both at once gets its answer and status 0, too."""
    await wire.begin()

    request = wire.ask("shutdown")
    wire.notify("exit")

    answer = await wire.until(lambda message: message.get("id") == request)
    assert answer["result"] is None
    assert await wire.exit_status() == 0
    assert await wire.stderr() == ""


async def test_a_shutdown_before_the_configuration_is_known_is_answered(wire: Wire) -> None:
    """An editor that ends while the server still asks it for its settings ends it in order."""
    await wire.begin(workspace={"configuration": True})
    await wire.until(lambda message: message.get("method") == "workspace/configuration")

    answer = await wire.request("shutdown")
    wire.notify("exit")

    assert answer["result"] is None
    assert await wire.exit_status() == 0
    assert await wire.stderr() == ""


async def test_an_exit_without_a_shutdown_is_status_1(wire: Wire) -> None:
    """`exit` alone ends the server too, with status 1."""
    await wire.begin()

    wire.notify("exit")

    assert await wire.exit_status() == 1


async def test_a_request_before_initialize_is_refused(wire: Wire) -> None:
    """Until it is initialized, the server answers each request with the error for that."""
    answer = await wire.request("textDocument/inlineCompletion", AT_START)

    assert answer["error"]["code"] == NOT_INITIALIZED
    assert "result" in await wire.begin()


async def test_a_request_after_shutdown_is_refused(wire: Wire) -> None:
    """Once it is shut down, the server answers each request with an error."""
    await wire.begin()
    await wire.request("shutdown")

    answers = [
        await wire.request("textDocument/inlineCompletion", AT_START),
        await wire.request("shutdown"),
    ]

    assert [answer["error"]["code"] for answer in answers] == [INVALID_REQUEST] * 2


async def test_the_server_ends_with_its_editor(wire: Wire, host: FakeHost) -> None:
    """When standard input closes, the server ends, and closes its connections to the host."""
    host.hang()
    await wire.begin(served_by(host))
    wire.open("a = ", "file:///a.py")
    wire.ask("textDocument/inlineCompletion", AT_START)
    await host.wait_async(lambda host: len(host.asked) == 1)

    await wire.end()

    await host.wait_async(lambda host: host.asked[0].ending == "client left")
    assert "Traceback" not in await wire.stderr()


async def test_a_session_leaves_nothing_open(environment: dict[str, str], host: FakeHost) -> None:
    """Where Python warns of all that is left open or unawaited, it has nothing to say."""
    host.answers("1")
    warning = [SERVER[0], "-W", "always::ResourceWarning", *SERVER[1:]]
    wire = await Wire.start(warning, environment)
    await wire.begin(served_by(host))
    wire.open("a = ", "file:///a.py")

    answer = await wire.request("textDocument/inlineCompletion", AT_START)
    await wire.request("shutdown")
    wire.notify("exit")

    assert answer["result"]["items"][0]["insertText"] == "1"
    assert await wire.exit_status() == 0
    assert await wire.stderr() == ""
