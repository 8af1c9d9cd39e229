"""What no editor should send neither kills the server nor gets stuck in it."""

from __future__ import annotations

from typing import Any

import pytest
from lsprotocol import types

from e2e.editor import Editor
from e2e.server import served_by
from e2e.wire import Message, Wire
from fakes.host import FakeHost

URI = "file:///a.py"
INVALID_PARAMS, METHOD_NOT_FOUND = -32602, -32601
MEGABYTE = 2**20


def asked_at(line: Any, character: Any, **changed: object) -> Message:
    """Parameters of a request for ghost text."""
    return {
        "textDocument": {"uri": URI},
        "position": {"line": line, "character": character},
        "context": {"triggerKind": 1},
        **changed,
    }


def text_of(answer: Message) -> str:
    """The text of the one item in an answer."""
    return str(answer["result"]["items"][0]["insertText"])


BAD_PARAMETERS: dict[str, tuple[object, ...]] = {
    "none": (),
    "null": (None,),
    "a list": ([1, 2],),
    "a text": ("text",),
    "empty": ({},),
    "no position": (asked_at(0, 0, position=None),),
    "negative": (asked_at(-1, -1),),
    "beyond integers": (asked_at(2**40, 0),),
    "infinite": (asked_at(float("inf"), 0),),
    "not a number": (asked_at("first", 0),),
    "no such trigger": (asked_at(0, 0, context={"triggerKind": 9}),),
}

NO_MESSAGES = [
    b"{nonsense",
    b"[]",
    b"17",
    b"null",
    b"{}",
    b"\xff\xfe",
    b'{"jsonrpc": "2.0"}',
    b'{"jsonrpc": "1.0", "id": 99, "method": "shutdown"}',
    b'{"jsonrpc": "2.0", "id": [], "method": 3}',
    b'{"jsonrpc": "2.0", "id": 99, "result": 3}',
    b'{"jsonrpc": "2.0", "id": 99, "error": {"code": 1, "message": "no"}}',
    b'{"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": 99}}',
    b'{"jsonrpc": "2.0", "method": "textDocument/didChange", "params": {}}',
    b"[" * 100_000,
]


async def test_bad_parameters_are_refused(wire: Wire, host: FakeHost) -> None:
    """A request with parameters of no use is answered with an error, whatever is in them."""
    host.answers("1")
    await wire.begin(served_by(host))
    wire.open("a = ", URI)

    answers = {
        name: await wire.request("textDocument/inlineCompletion", *params)
        for name, params in BAD_PARAMETERS.items()
    }
    next_one = await wire.request("textDocument/inlineCompletion", asked_at(0, 4))

    codes = {name: answer["error"]["code"] for name, answer in answers.items()}
    assert codes == dict.fromkeys(BAD_PARAMETERS, INVALID_PARAMS)
    assert text_of(next_one) == "1"


async def test_an_unknown_method_is_refused(wire: Wire) -> None:
    """A request that the server does not know is answered as such, and no log is filled with it."""
    await wire.begin()

    answers = [await wire.request("infill-ls/dance"), await wire.request("infill-ls/dance", {})]
    await wire.end()

    assert [answer["error"]["code"] for answer in answers] == [METHOD_NOT_FOUND] * 2
    assert await wire.stderr() == ""


async def test_a_message_that_is_none_is_passed_over(wire: Wire, subtests: pytest.Subtests) -> None:
    """After bytes that are no message, the next message is understood."""
    await wire.begin()
    for body in NO_MESSAGES:
        wire.send_bytes(body)

        answer = await wire.request("infill-ls/dance")

        with subtests.test(body[:60].decode(errors="replace")):
            assert answer["error"]["code"] == METHOD_NOT_FOUND


@pytest.mark.parametrize(
    "answer",
    [{"error": {"code": METHOD_NOT_FOUND, "message": "no"}}, {"result": []}, {"result": [None]}],
    ids=["refused", "empty", "null"],
)
async def test_an_editor_that_keeps_its_configuration_is_served(
    wire: Wire, host: FakeHost, answer: Message
) -> None:
    """Where `workspace/configuration` brings nothing, the initialization options stand."""
    host.answers("1")
    options = served_by(host, completion={"maxTokens": -1})
    await wire.begin(options, workspace={"configuration": True})
    wire.open("a = ", URI)

    asked = await wire.until(lambda message: message.get("method") == "workspace/configuration")
    wire.send({"jsonrpc": "2.0", "id": asked["id"], **answer})
    shown = await wire.until(lambda message: message.get("method") == "window/showMessage")
    completed = await wire.request("textDocument/inlineCompletion", asked_at(0, 4))

    assert "completion.maxTokens" in shown["params"]["message"]
    assert text_of(completed) == "1"


async def test_a_lone_surrogate_is_a_character_like_others(wire: Wire, host: FakeHost) -> None:
    """JSON can carry what UTF-8 cannot: half an emoji, in texts and in changes."""
    host.answers("1")
    host.answers("2")
    await wire.begin(served_by(host))
    half = "\ud83d"
    wire.open(f"s = '{half}' + ", URI)

    opened = await wire.request("textDocument/inlineCompletion", asked_at(0, 10))
    place = {"line": 0, "character": 0}
    change = {"range": {"start": place, "end": place}, "text": half}
    document = {"uri": URI, "version": 2}
    wire.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
    changed = await wire.request("textDocument/inlineCompletion", asked_at(0, 11))

    assert (text_of(opened), text_of(changed)) == ("1", "2")
    assert "\ufffds = '\ufffd' + " in host.asked[-1].request.json["inputs"]


async def test_a_surrogate_in_a_name_is_no_matter(wire: Wire, host: FakeHost) -> None:
    """A document whose URI cannot be written as UTF-8 is just one that is not open."""
    await wire.begin(served_by(host))

    params = asked_at(0, 0, textDocument={"uri": "file:///\ud83d.py"})
    answer = await wire.request("textDocument/inlineCompletion", params)

    assert answer["result"] is None


async def test_a_place_beyond_the_text_is_its_end(editor: Editor, host: FakeHost) -> None:
    """A position behind the last line, or behind a line's end, is moved into the text."""
    host.answers("1")
    await editor.begin(served_by(host))
    end = editor.open("a = ‸")

    answer = await editor.inline(types.Position(2**31 - 1, 2**31 - 1))

    assert answer is not None
    assert answer.items[0].range == types.Range(end, end)


async def test_a_huge_document_is_left_alone(editor: Editor, host: FakeHost) -> None:
    """A document of 50 MB is null and a status that names the setting; small ones still work."""
    host.answers("1")
    await editor.begin(served_by(host))
    start = editor.open("‸" + "x = 1\n" * (50 * MEGABYTE // 6), uri="file:///project/huge.py")

    answer = await editor.inline(start, uri="file:///project/huge.py")
    status = editor.statuses[-1]
    text = await editor.text(editor.open("a = ‸"))

    assert answer is None
    assert status.health == "error"
    assert "completion.maxFileSize" in status.message
    assert text == "1"
