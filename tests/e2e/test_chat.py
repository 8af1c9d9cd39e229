"""Chat, as an editor has it: pieces in order, stopping, code at hand, and faults that are told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from e2e.editor import URI, Editor
from e2e.server import served_by
from fakes.faces.tgi import Tgi
from fakes.host import FakeHost
from fakes.response import json_response
from fakes.script import EOS, Fail

MODEL = "codellama/CodeLlama-7b-Instruct-hf"


@pytest.fixture
def host() -> Iterator[FakeHost]:
    """A TGI from before the Messages API, which has to be given the prompt as it is."""
    with FakeHost(Tgi(model=MODEL)) as host:
        yield host


def command(editor: Editor, name: str, **argument: object) -> asyncio.Future[Any]:
    """Send a command of chat."""
    params = types.ExecuteCommandParams(f"infill-ls.chat.{name}", [argument])
    return asyncio.ensure_future(editor.workspace_execute_command_async(params))


async def test_a_question_is_answered_in_pieces(editor: Editor, host: FakeHost) -> None:
    """The pieces come as notifications, in order, and together they are the answer."""
    host.answers(" It", " adds", " one.", EOS)
    await editor.begin(served_by(host))

    reply = await command(editor, "send", text="What does it do?")

    texts = [delta.text for delta in editor.chat_deltas]
    assert len(texts) > 1
    assert "".join(texts) == reply["text"] == "It adds one."
    assert reply["finish"] == "end"
    assert {delta.conversation for delta in editor.chat_deltas} == {reply["conversation"]}
    assert host.asked[-1].request.json["inputs"] == "[INST] What does it do? [/INST]"


async def test_a_conversation_goes_on_with_code(editor: Editor, host: FakeHost) -> None:
    """The second question comes with the first, its answer and the selection."""
    host.answers(" Hello.", EOS)
    host.answers(" Good.", EOS)
    await editor.begin(served_by(host))
    editor.open("a = 1\nb = 2\nc = 3\n‸")
    first = await command(editor, "send", text="Hello?")

    selection = types.Range(types.Position(1, 0), types.Position(2, 0))
    context = {"uri": URI, "range": selection}
    conversation = first["conversation"]
    second = await command(editor, "send", text="Good?", conversation=conversation, context=context)
    exported = await command(editor, "export", conversation=conversation)

    prompt = host.asked[-1].request.json["inputs"]
    assert second["message"] == 1
    assert prompt.startswith("[INST] Hello? [/INST] Hello. </s><s>[INST] ")
    assert "```python\nb = 2\n```\n\nGood? [/INST]" in prompt
    assert "Good?" in exported["markdown"]


async def test_stopping_closes_the_connection(editor: Editor, host: FakeHost) -> None:
    """The host sees the client leave, and what was said until then is the answer."""
    gate = host.gate()
    host.answers(" half", " an", " answer", EOS, gate=gate)
    await editor.begin(served_by(host))
    asking = command(editor, "send", text="1?")
    gate.open()
    await editor.until(lambda: editor.chat_deltas != [])

    conversation = editor.chat_deltas[0].conversation
    stopped = await command(editor, "stop", conversation=conversation)
    reply = await asking
    await host.wait_async(lambda host: host.asked[-1].ending == "client left")

    assert stopped == {"stopped": True}
    assert (reply["text"], reply["finish"]) == ("half", "stopped")


async def test_cancelling_closes_the_connection(editor: Editor, host: FakeHost) -> None:
    """`$/cancelRequest` ends the answer like stopping does."""
    host.hang()
    await editor.begin(served_by(host))
    params = types.ExecuteCommandParams("infill-ls.chat.send", [{"text": "1?"}])
    asking = asyncio.ensure_future(
        editor.protocol.send_request_async(  # type: ignore[no-untyped-call] # pytest-lsp
            types.WORKSPACE_EXECUTE_COMMAND, params, "chat-1"
        )
    )
    await host.wait_async(lambda host: len(host.asked) == 1)

    editor.cancel_request(types.CancelParams("chat-1"))

    await host.wait_async(lambda host: host.asked[-1].ending == "client left")
    with pytest.raises(JsonRpcException):
        await asking


async def test_a_fault_of_the_host_is_told(editor: Editor, host: FakeHost) -> None:
    """The error of the command is one sentence, and the next question works."""
    host.then(
        Fail(json_response({"error": "Model is overloaded", "error_type": "overloaded"}, 429))
    )
    host.answers(" One.", EOS)
    await editor.begin(served_by(host))

    with pytest.raises(JsonRpcException) as caught:
        await command(editor, "send", text="1?")
    reply = await command(editor, "send", text="2?")

    assert host.url in caught.value.message
    assert "Traceback" not in caught.value.message
    assert reply["text"] == "One."


@pytest.mark.parametrize(
    ("name", "argument", "words"),
    [
        ("send", {}, "text"),
        ("send", {"text": 5}, "text"),
        ("send", {"text": " "}, "no question"),
        ("send", {"text": "1?", "context": {"uri": "file:///not/open.py"}}, "not open"),
        ("retry", {"conversation": "x"}, "no conversation 'x'"),
        ("stop", {}, "conversation"),
    ],
)
async def test_a_wrong_argument_is_told(
    editor: Editor, host: FakeHost, name: str, argument: dict[str, object], words: str
) -> None:
    """The message says what is wrong, and nothing is asked."""
    await editor.begin(served_by(host))

    with pytest.raises(JsonRpcException, match=words):
        await command(editor, name, **argument)

    assert host.asked == ()


async def test_a_secret_file_is_no_context(editor: Editor, host: FakeHost) -> None:
    """What must not be shown to a model is not shown in chat either."""
    await editor.begin(served_by(host))
    editor.open("TOKEN=abc‸", uri="file:///project/.env")

    with pytest.raises(JsonRpcException, match="not shown to a model"):
        await command(editor, "send", text="1?", context={"uri": "file:///project/.env"})

    assert host.asked == ()
