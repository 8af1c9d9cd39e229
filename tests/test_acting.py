"""One action from its code to what it changes, with a host that the test speaks for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing

import pytest

from fakes.backend import ScriptedBackend, Steps
from infill_ls.chat.acting import Outcome, act
from infill_ls.chat.actions import (
    DOCUMENT,
    EXPLAIN,
    FIX,
    OF_CODE,
    SIMPLIFY,
    TEST,
    TRANSLATE,
    Action,
    action_of,
    own,
)
from infill_ls.chat.chat import Chat
from infill_ls.chat.edits import Edit
from infill_ls.chat.target import Target
from infill_ls.errors import HostFailed
from infill_ls.settings.tree import ChatSettings, Settings
from infill_ls.text import Text
from infill_ls.types import Document, ModelInfo

ChatWith = Callable[[ChatSettings], Chat]

CODE = "import os\n\n\ndef f(a):\n    b = a\n    return b\n"
FUNCTION = Target(CODE.index("def"), len(CODE) - 1)
BETTER = "def f(a):\n    return a"
CHANGES = (FIX, SIMPLIFY, DOCUMENT, TRANSLATE, TEST)


def document(code: str = CODE, language: str = "python", path: str = "src/a.py") -> Document:
    return Document("file:///project/src/a.py", language, 1, Text(code), path)


@pytest.fixture
async def chat_with(backend: ScriptedBackend) -> AsyncIterator[ChatWith]:
    """Make chats with the scripted back end, and close them at the end."""
    async with AsyncExitStack() as stack:

        def make(settings: ChatSettings) -> Chat:
            chat = Chat(Settings(chat=settings), lambda _: backend)
            stack.push_async_exit(aclosing(chat))
            return chat

        yield make


@pytest.fixture
def chat(chat_with: ChatWith) -> Chat:
    """Chat with the default settings."""
    return chat_with(ChatSettings())


async def acted(
    chat: Chat,
    action: Action,
    target: Target = FUNCTION,
    *,
    opened: Document | None = None,
    problem: str = "",
) -> Outcome:
    """Act, and let nobody hear of it."""
    return await act(chat, action, opened or document(), target, problem, lambda _: None)


@pytest.mark.parametrize("action", [*CHANGES, EXPLAIN], ids=lambda action: action.id)
async def test_the_question_holds_the_code_and_what_to_do(
    chat: Chat, backend: ScriptedBackend, action: Action
) -> None:
    """The lines with their numbers, then the instruction; nothing else of the document."""
    backend.answers("No.")

    await acted(chat, action)

    [[message]] = backend.conversations
    assert message.role == "user"
    assert message.text == (
        "src/a.py, lines 4 to 6:\n\n"
        "```python\ndef f(a):\n    b = a\n    return b\n```\n\n"
        f"{action.instruction}"
    )


async def test_the_question_tells_the_problem(chat: Chat, backend: ScriptedBackend) -> None:
    """Behind what is to be done with it."""
    backend.answers("No.")

    await acted(chat, FIX, problem="line 5, 'b': needless variable")

    [[message]] = backend.conversations
    assert message.text.endswith(
        f"```\n\n{FIX.instruction}\n\nThe problem: line 5, 'b': needless variable"
    )


async def test_the_code_does_not_end_its_fence(chat: Chat, backend: ScriptedBackend) -> None:
    """Which is longer than any in the code, and has the code byte for byte."""
    backend.answers("No.")
    code = "def f():\r\n    '''\r\n```\t\r\n````\r\n😀'''"

    await acted(chat, EXPLAIN, Target(0, len(code)), opened=document(code))

    [[message]] = backend.conversations
    assert f"\n`````python\n{code}\n`````\n\n{EXPLAIN.instruction}" in message.text


@pytest.mark.parametrize("action", [SIMPLIFY, EXPLAIN], ids=lambda action: action.id)
async def test_pieces_are_told_in_order(
    chat: Chat, backend: ScriptedBackend, action: Action
) -> None:
    """As they come, and they make up the answer."""
    told: list[str] = []
    heard = asyncio.Event()

    def tell(text: str) -> None:
        told.append(text)
        heard.set()

    acting = asyncio.create_task(act(chat, action, document(), FUNCTION, "", tell))
    stream = await backend.opened()
    stream.send("Sure:\n\n```py")
    await heard.wait()
    first = list(told)
    stream.send(f"thon\n{BETTER}\n")
    stream.send("```\n", finish="end")
    outcome = await acting

    assert first == ["Sure:\n\n```py"]
    assert told == ["Sure:\n\n```py", f"thon\n{BETTER}\n", "```\n"]
    assert outcome.answer == "".join(told)


async def test_an_answer_becomes_an_edit(chat: Chat, backend: ScriptedBackend) -> None:
    """Of the lines that were shown, with all that the model said beside it."""
    answer = f"Sure:\n\n```python\n{BETTER}\n```\n"
    backend.answers(answer)

    outcome = await acted(chat, SIMPLIFY)

    assert outcome == Outcome(answer, Edit(BETTER, FUNCTION.start, FUNCTION.end))


async def test_an_explanation_changes_nothing(chat: Chat, backend: ScriptedBackend) -> None:
    """Whatever code is in it; that is no reason to say why."""
    answer = f"It could be:\n\n```python\n{BETTER}\n```\n"
    backend.answers(answer)

    assert await acted(chat, EXPLAIN) == Outcome(answer, None)


@pytest.mark.parametrize("action", CHANGES, ids=lambda action: action.id)
async def test_what_cannot_be_applied_is_kept_with_the_reason(
    chat: Chat, backend: ScriptedBackend, action: Action
) -> None:
    """For the user to read."""
    backend.answers("I would not.")

    outcome = await acted(chat, action)

    assert outcome == Outcome("I would not.", None, "the answer holds no code")


@pytest.mark.parametrize("action", CHANGES, ids=lambda action: action.id)
async def test_an_answer_that_was_too_long_is_not_applied(
    chat: Chat, backend: ScriptedBackend, action: Action
) -> None:
    """Though it may have a block that is whole."""
    answer = f"```python\n{BETTER}\n```\nAnd"
    backend.answers(answer, finish="length")

    outcome = await acted(chat, action)

    assert outcome == Outcome(answer, None, "the answer is longer than chat.maxTokens")


async def test_an_explanation_may_be_too_long(chat: Chat, backend: ScriptedBackend) -> None:
    """What there is of it can be read."""
    backend.answers("It takes", finish="length")

    assert await acted(chat, EXPLAIN) == Outcome("It takes", None)


async def test_an_answer_that_was_stopped_is_not_applied(
    chat: Chat, backend: ScriptedBackend
) -> None:
    """As new settings do; more may have been to come."""
    heard = asyncio.Event()
    acting = asyncio.create_task(
        act(chat, SIMPLIFY, document(), FUNCTION, "", lambda _: heard.set())
    )
    stream = await backend.opened()
    stream.send(f"```python\n{BETTER}\n```\n")
    await heard.wait()

    await chat.aclose()
    outcome = await acting

    assert outcome == Outcome(f"```python\n{BETTER}\n```\n", None, "the answer was stopped")


@pytest.mark.parametrize("action", [*CHANGES, EXPLAIN], ids=lambda action: action.id)
async def test_an_answer_about_code_that_was_not_shown_is_not_applied(
    chat_with: ChatWith, backend: ScriptedBackend, action: Action
) -> None:
    """Code without room in the model's window is left out, and the answer is made up then."""
    backend.info = ModelInfo("codellama/CodeLlama-7b-Instruct-hf", 400)
    code = f"def f(a):\n{'    b = a' * 200}\n    return b"
    backend.answers(f"```python\n{BETTER}\n```\n")
    chat = chat_with(ChatSettings(max_tokens=100))

    outcome = await acted(chat, action, Target(0, len(code)), opened=document(code))

    [[message]] = backend.conversations
    assert "b = a" not in message.text
    assert outcome.edit is None
    assert outcome.why_not == "the code was too long for the model to be shown it"


async def test_a_failure_of_the_host_goes_on_to_the_caller(
    chat: Chat, backend: ScriptedBackend, steps: Steps
) -> None:
    """Nothing is made of half an answer."""
    steps.fail("mid-stream", HostFailed("out of memory"))
    backend.answers(f"```python\n{BETTER}\n```\n", "And")

    with pytest.raises(HostFailed, match="out of memory"):
        await acted(chat, SIMPLIFY)


async def test_cancelling_closes_the_stream(chat: Chat, backend: ScriptedBackend) -> None:
    """And is no outcome."""
    acting = asyncio.create_task(acted(chat, SIMPLIFY))
    stream = await backend.opened()

    acting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await acting

    assert stream.closed


async def test_actions_belong_to_no_conversation(chat: Chat, backend: ScriptedBackend) -> None:
    """One after another, and beside each other, each asks with its own code alone."""
    for _ in range(3):
        backend.answers(f"```python\n{BETTER}\n```\n")

    await acted(chat, SIMPLIFY)
    outcomes = await asyncio.gather(acted(chat, SIMPLIFY), acted(chat, FIX))

    assert all(outcome.edit for outcome in outcomes)
    assert [len(messages) for messages in backend.conversations] == [1, 1, 1]


# Which actions there are


def test_an_action_is_found_by_its_id() -> None:
    """Each has one of its own, and so have the user's, by their titles."""
    settings = ChatSettings(actions={"Add types": "Add types.", "fix": "Fix all."})
    all_ = [*CHANGES, EXPLAIN, *own(settings)]

    assert len({action.id for action in all_}) == len(all_)
    assert [action_of(action.id, settings) for action in all_] == all_
    assert set(OF_CODE) < set(all_)


@pytest.mark.parametrize("id_", ["own.Add types", "own.", "", "Fix"])
def test_an_action_that_is_gone_is_not_found(id_: str) -> None:
    """As one of the user's own is after a change of the settings."""
    assert action_of(id_, ChatSettings(actions={"Other": "Do."})) is None


def test_an_action_of_the_user_becomes_code() -> None:
    """The model is told the user's words first, and to answer with all of the code."""
    [action] = own(ChatSettings(actions={"Add types": "Add types."}))

    assert (action.title, action.becomes, action.kind) == ("Add types", "code", "refactor.rewrite")
    assert action.instruction.startswith("Add types. Answer with the whole of the code")
