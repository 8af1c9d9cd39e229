"""Chat, as an editor has it: pieces in order, stopping, code at hand, and faults that are told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from e2e.editor import URI, Editor
from e2e.server import served_by
from e2e.wire import Wire
from fakes.faces.tgi import Tgi
from fakes.faces.tgi_checks import Limits
from fakes.host import FakeHost, refused_url
from fakes.response import Response
from fakes.script import EOS, Answer, Token

MODEL = "codellama/CodeLlama-7b-Instruct-hf"


@pytest.fixture
def host() -> Iterator[FakeHost]:
    """A TGI from before the Messages API, which has to be given the prompt as it is."""
    with FakeHost(Tgi(model=MODEL)) as host:
        yield host


def roomy(**limits: int) -> FakeHost:
    """Return a host that puts conversations into the template itself."""
    return FakeHost(Tgi(model=MODEL, template=True, limits=Limits(**limits)))


def command(
    editor: Editor, name: str, *, token: types.ProgressToken | None = None, **argument: object
) -> asyncio.Future[Any]:
    """Send a command of chat, perhaps with a token for its progress."""
    params = types.ExecuteCommandParams(f"infill-ls.chat.{name}", [argument], token)
    return asyncio.ensure_future(editor.workspace_execute_command_async(params))


def said(host: FakeHost) -> list[dict[str, str]]:
    """Return the conversation that a host was asked with last."""
    messages: list[dict[str, str]] = host.asked[-1].request.json["messages"]
    return [{"role": message["role"], "text": message["content"]} for message in messages]


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


async def test_a_conversation_goes_on_in_a_new_server(editor: Editor, host: FakeHost) -> None:
    """The editor tells what was said, and names the new conversation from then on."""
    host.answers(" Good.", EOS)
    host.answers(" Sure.", EOS)
    await editor.begin(served_by(host))

    history = [{"text": "Hello?", "answer": "Hello\ud800."}]
    first = await command(editor, "send", text="Good?", history=history)
    second = await command(editor, "send", text="Sure?", conversation=first["conversation"])

    assert (first["message"], second["message"]) == (1, 2)
    said = (
        "[INST] Hello? [/INST] Hello\ufffd. </s><s>[INST] Good? [/INST] Good. </s><s>[INST] Sure?"
    )
    assert host.asked[-1].request.json["inputs"].startswith(said)


async def test_a_piece_tells_of_which_question_it_is(editor: Editor, host: FakeHost) -> None:
    """By the question's own token, which is there before a new conversation has a name."""
    host.always(Answer((Token(" One."), EOS)))
    await editor.begin(served_by(host))
    editor.progress_reports = {"mine": [], 2: []}

    await command(editor, "send", text="1?", workDoneToken="mine")
    await command(editor, "send", text="2?", token=2)
    await command(editor, "send", text="3?")

    tokens = dict.fromkeys(delta.work_done_token for delta in editor.chat_deltas)
    assert list(tokens) == ["mine", 2, None]


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


async def test_two_conversations_go_on_at_once(editor: Editor, host: FakeHost) -> None:
    """Their pieces do not mix, and stopping one leaves the other."""
    gates = host.gate(), host.gate()
    host.answers(" one", " more", EOS, gate=gates[0])
    host.answers(" two", " more", EOS, gate=gates[1])
    await editor.begin(served_by(host))

    askings = []
    for number, gate in enumerate(gates, 1):
        askings.append(command(editor, "send", text=f"{number}?"))
        gate.open()
        await editor.until(lambda: len(editor.chat_deltas) == len(askings))
    first, second = [delta.conversation for delta in editor.chat_deltas]
    stopped = await command(editor, "stop", conversation=first)
    gates[1].stand_open()
    replies = await asyncio.gather(*askings)

    assert stopped == {"stopped": True}
    assert [
        (reply["conversation"], reply["text"], reply["finish"]) for reply in replies
    ] == [(first, "one", "stopped"), (second, "two more", "end")]  # fmt: skip
    for conversation, text in ((first, "one"), (second, "two more")):
        deltas = [each.text for each in editor.chat_deltas if each.conversation == conversation]
        assert "".join(deltas) == text


ENDS = ("\n", "\r\n")
LINES = [f"\tline {n} = '\f\u2028\x85é😀'{ENDS[n % 2]}" for n in range(500)]
LONG = "".join(LINES)
"""Code that is easily spoiled on its way."""


async def test_long_code_keeps_every_byte(editor: Editor) -> None:
    """In an answer, in the history, in a document, and in a selection of it."""
    answer = f"Here it is:\n\n```python\n{LONG}```\n"
    with roomy(max_input_tokens=100_000, max_total_tokens=100_000) as host:
        # Cut anywhere, between the two of a line end too.
        host.answers(*(answer[at : at + 37] for at in range(0, len(answer), 37)), EOS)
        host.answers("Good.", EOS)
        await editor.begin(served_by(host))
        editor.open(f"{LONG}‸")
        middle = types.Range(types.Position(1, 0), types.Position(499, 0))
        context = [{"uri": URI}, {"uri": URI, "range": middle}]

        first = await command(editor, "send", text="Long?")
        conversation = first["conversation"]
        await command(editor, "send", text="Good?", conversation=conversation, context=context)
        exported = await command(editor, "export", conversation=conversation)
        sent = await command(editor, "sent", conversation=conversation)

        assert first["text"] == "".join(delta.text for delta in editor.chat_deltas[:-1]) == answer
        assert said(host)[1] == {"role": "assistant", "text": answer}
        assert said(host)[2]["text"] == (
            f"app.py:\n\n```python\n{LONG}```\n\n"
            f"app.py, lines 2 to 499:\n\n```python\n{''.join(LINES[1:499])}```\n\nGood?"
        )
        assert sent == {"messages": said(host), "cut": False}
        assert answer in exported["markdown"]


async def test_what_was_sent_can_be_seen(editor: Editor) -> None:
    """Exactly what the model was asked with: what had no room is not in it."""
    with roomy(max_input_tokens=400, max_total_tokens=400) as host:
        host.answers("Aha.", EOS)
        host.answers("Good.", EOS)
        await editor.begin(served_by(host, chat={"maxTokens": 100, "system": "Be kind."}))
        first = await command(editor, "send", text="word " * 200)
        conversation = first["conversation"]
        whole = await command(editor, "sent", conversation=conversation)
        second = await command(
            editor, "send", text=f"Shorter? {'word ' * 150}", conversation=conversation
        )

        sent = await command(editor, "sent", conversation=conversation)

        assert (first["cut"], second["cut"]) == (False, True)
        assert not whole["cut"]
        assert sent == {"messages": said(host), "cut": True}
        assert [message["role"] for message in sent["messages"]] == ["system", "user"]
        assert sent["messages"][1]["text"].startswith("Shorter?")


async def test_the_function_around_a_place_goes_along(editor: Editor, host: FakeHost) -> None:
    """With what is reported of it in words, in the editor's units."""
    host.answers(" Yes.", EOS)
    await editor.begin(served_by(host))
    place = editor.open("import os\n\n\ndef f():\n    a = '😀'; b‸ = c\n    return b\n\n\nf(2)\n")
    diagnostics = [
        types.Diagnostic(
            types.Range(types.Position(line, start), types.Position(line, start + 1)),
            message,
            severity=types.DiagnosticSeverity.Error,
            code=code,
            source="Check",
        )
        for line, start, message, code in ((8, 2, "too many arguments", 7), (4, 18, "no c", "F821"))
    ]

    context = {"uri": URI, "position": place, "diagnostics": diagnostics}
    await command(editor, "send", text="Why?", context=context)

    [prompt] = [each.request.json["inputs"] for each in host.asked]
    assert prompt == (
        "[INST] app.py, lines 4 to 6:\n\n"
        "```python\ndef f():\n    a = '😀'; b = c\n    return b\n```\n\n"
        "Line 5, error (Check F821): no c\n\n```python\n    a = '😀'; b = c\n```\n\n"
        "Why? [/INST]"
    )


async def test_a_file_that_the_question_names_goes_along(
    editor: Editor, host: FakeHost, tmp_path: Path
) -> None:
    """As it is in the editor, else on the disk; what must not be shown is refused by its name."""
    files = {"a.py": "a = 1\n", "b.py": "b = 1\n", ".env": "TOKEN=1\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    host.answers(" Yes.", EOS)
    await editor.begin(served_by(host))
    folder = types.WorkspaceFolder(tmp_path.as_uri(), "work")
    event = types.WorkspaceFoldersChangeEvent(added=[folder], removed=[])
    editor.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event))
    editor.open("b = 2\n‸", uri=(tmp_path / "b.py").as_uri())

    question = "Are @a.py and @b.py alike (@property)?"
    await command(editor, "send", text=question)
    with pytest.raises(JsonRpcException, match=r"\.env is not shown to a model"):
        await command(editor, "send", text="And @.env?")

    [prompt] = [each.request.json["inputs"] for each in host.asked]
    assert prompt == (
        f"[INST] a.py:\n\n```\na = 1\n```\n\nb.py:\n\n```python\nb = 2\n```\n\n{question} [/INST]"
    )


async def test_a_file_of_the_codes_own_project_is_meant(
    editor: Editor, host: FakeHost, tmp_path: Path
) -> None:
    """Of two projects that have a file of the name, it is that of the code that is asked about."""
    projects = [tmp_path / name for name in ("one", "two")]
    for project in projects:
        project.mkdir()
        (project / "a.py").write_text(f"name = {project.name!r}\n")
    host.answers(" Yes.", EOS)
    await editor.begin(served_by(host))
    folders = [types.WorkspaceFolder(each.as_uri(), each.name) for each in projects]
    event = types.WorkspaceFoldersChangeEvent(added=folders, removed=[])
    editor.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event))
    uri = (projects[1] / "b.py").as_uri()
    editor.open("b = 2\n‸", uri=uri)

    await command(editor, "send", text="Is it @a.py?", context={"uri": uri})

    [prompt] = [each.request.json["inputs"] for each in host.asked]
    assert "name = 'two'" in prompt
    assert "name = 'one'" not in prompt


async def test_an_answer_shows_how_far_it_is(editor: Editor, host: FakeHost) -> None:
    """Under the client's token, wherever that stands: it begins, counts words, and ends."""
    await editor.begin(served_by(host))
    host.answers(" It", " adds up", ".", EOS)
    host.answers(" One.", EOS)
    editor.progress_reports = {"in the request": [], 2: []}

    reply = await command(editor, "send", text="1?", token="in the request")
    conversation = reply["conversation"]
    await command(editor, "retry", conversation=conversation, workDoneToken=2)

    begin, *reports, end = editor.progress_reports["in the request"]
    assert isinstance(begin, types.WorkDoneProgressBegin)
    assert begin.cancellable
    assert [report.message for report in reports] == ["1 word", "3 words"]
    assert isinstance(end, types.WorkDoneProgressEnd)
    kinds = [type(report) for report in editor.progress_reports[2]]
    assert kinds == [
        types.WorkDoneProgressBegin, types.WorkDoneProgressReport, types.WorkDoneProgressEnd,
    ]  # fmt: skip


async def test_cancelling_the_progress_stops_the_answer(editor: Editor, host: FakeHost) -> None:
    """Even before its first piece; it is stopped, not lost, and can be asked again."""
    host.hang()
    host.answers(" One.", EOS)
    await editor.begin(served_by(host))
    editor.progress_reports = {"chat": []}
    asking = command(editor, "send", text="1?", token="chat")
    await host.wait_async(lambda host: len(host.asked) == 1)

    editor.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams("chat"))
    reply = await asking
    await host.wait_async(lambda host: host.asked[-1].ending == "client left")
    again = await command(editor, "retry", conversation=reply["conversation"])

    assert (reply["text"], reply["finish"]) == ("", "stopped")
    assert isinstance(editor.progress_reports["chat"][-1], types.WorkDoneProgressEnd)
    assert again["text"] == "One."


FAULTS: dict[str, tuple[Callable[[FakeHost], None], str]] = {
    "a wrong token": (lambda host: host.fail(401), "refuses the token: set backend.token"),
    "nothing there": (lambda host: host.fail(404), "check backend.url"),
    "overloaded": (
        lambda host: host.fail(429, json={"error": "full"}, headers={"retry-after": "7"}),
        "(full): try again in about 7 s",
    ),
    "loading": (
        lambda host: host.fail(503, json={"error": "loading", "estimated_time": 20}),
        "is not ready yet (loading): try again in about 20 s",
    ),
    "hanging up": (lambda host: host.hang_up(), "was lost"),
    "silence": (lambda host: host.hang(), "in time: try again"),
    "dying mid-stream": (lambda host: host.cut_after(" half"), "broke off its answer: try again"),
    "an error mid-stream": (
        lambda host: host.error_event("no memory", "generation", after=(" half",)),
        "no memory",
    ),
    "no room": (
        lambda host: host.fail(422, json={"error": "too many tokens", "error_type": "validation"}),
        "too many tokens",
    ),
    "failing": (lambda host: host.fail(500, text="oops\noops"), "(oops oops)"),
    "nonsense": (
        lambda host: host.replies(
            Response(200, {"content-type": "text/event-stream"}, (b"data: {nonsense\n\n",))
        ),
        "cannot be understood",
    ),
}
"""What the host does, and what of it is told."""


async def test_a_fault_is_told_and_the_question_kept(
    editor: Editor, host: FakeHost, subtests: pytest.Subtests
) -> None:
    """The error is one sentence and says in which conversation; there it can be asked again."""
    await editor.begin(served_by(host, backend={"readTimeoutMs": 1_000}))
    for name, (does, words) in FAULTS.items():
        with subtests.test(name):
            does(host)
            host.answers(" One.", EOS)
            question = f"What about {name}?"

            with pytest.raises(JsonRpcException) as caught:
                await command(editor, "send", text=question)
            conversation = caught.value.data["conversation"]
            kept = await command(editor, "export", conversation=conversation)
            reply = await command(editor, "retry", conversation=conversation)
            failed, asked = [each.request.json["inputs"] for each in host.asked[-2:]]

            assert caught.value.code == types.LSPErrorCodes.RequestFailed
            assert words in caught.value.message
            assert host.url in caught.value.message
            assert "\n" not in caught.value.message
            assert kept["markdown"].startswith(f"## You\n\n{question}\n")
            assert ("half" in kept["markdown"]) == ("mid-stream" in name)
            assert (reply["text"], reply["message"], reply["finish"]) == ("One.", 0, "end")
            assert asked == failed == f"[INST] {question} [/INST]"


async def test_nobody_there_is_told(editor: Editor) -> None:
    """As often as one asks; nothing was sent, so there is nothing to be seen of it."""
    with refused_url() as url:
        await editor.begin({"backend": {"kind": "tgi", "url": url}})
        with pytest.raises(JsonRpcException, match="cannot be reached") as caught:
            await command(editor, "send", text="1?")
        conversation = caught.value.data["conversation"]
        with pytest.raises(JsonRpcException, match="cannot be reached"):
            await command(editor, "retry", conversation=conversation)
        with pytest.raises(JsonRpcException, match="was not sent"):
            await command(editor, "sent", conversation=conversation)


async def test_a_question_without_room_is_told(editor: Editor) -> None:
    """By the host, with its own words; the next question is asked without it."""
    with roomy(max_input_tokens=300, max_total_tokens=400) as host:
        host.answers("One.", EOS)
        await editor.begin(served_by(host, chat={"maxTokens": 100}))
        with pytest.raises(JsonRpcException, match="must be <= 400") as caught:
            await command(editor, "send", text="word " * 400)

        conversation = caught.value.data["conversation"]
        reply = await command(editor, "send", text="1?", conversation=conversation)

        assert (reply["text"], reply["cut"]) == ("One.", True)
        assert said(host) == [{"role": "user", "text": "1?"}]


@pytest.mark.parametrize(
    ("name", "argument", "words"),
    [
        ("send", {}, "text"),
        ("send", {"text": 5}, "text"),
        ("send", {"text": " "}, "no question"),
        ("send", {"text": "1?", "context": {"uri": "file:///not/open.py"}}, "not open"),
        ("retry", {"conversation": "x"}, "no conversation 'x'"),
        ("send", {"text": "1?", "context": {"uri": URI, "position": {"line": "1"}}}, "position"),
        ("send", {"text": "1?", "context": {"uri": URI, "diagnostics": [{}]}}, "diagnostics"),
        ("sent", {"conversation": "x"}, "no conversation 'x'"),
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


async def test_half_a_character_costs_itself_alone(wire: Wire, host: FakeHost) -> None:
    """JSON can carry what no host can be sent."""
    host.answers(" Yes.", EOS)
    await wire.begin(served_by(host))
    wire.open("x = 1\n", URI)
    start = {"line": 0, "character": 0}
    diagnostic = {"range": {"start": start, "end": start}, "message": "no \ud83d"}
    context = {"uri": URI, "diagnostics": [diagnostic]}
    argument = {"text": "Why \ud83d?", "context": context}

    answer = await wire.request(
        "workspace/executeCommand", {"command": "infill-ls.chat.send", "arguments": [argument]}
    )

    assert answer["result"]["text"] == "Yes."
    assert host.asked[-1].request.json["inputs"] == (
        "[INST] app.py:\n\n```python\nx = 1\n```\n\n"
        "Line 1, problem: no \ufffd\n\n```python\nx = 1\n```\n\nWhy \ufffd? [/INST]"
    )
