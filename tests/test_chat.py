"""Chat: conversations, what fits, the host's template or ours, and answers that end early."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing
from itertools import count

import pytest

from fakes.backend import ScriptedBackend, Steps, settled
from infill_ls.chat.chat import Chat
from infill_ls.chat.conversation import Code
from infill_ls.errors import BadAnswer, BadInput, NotFound, Refused, RequestRejected, Unreachable
from infill_ls.settings.tree import BackendSettings, ChatSettings, Settings
from infill_ls.types import Code as CodePart
from infill_ls.types import Message, ModelInfo

ChatWith = Callable[[ChatSettings], Chat]


class Told:
    """What the editor was told."""

    def __init__(self) -> None:
        self.deltas: list[tuple[str, int, str]] = []
        self._heard = asyncio.Event()

    def __call__(self, conversation: str, message: int, text: str) -> None:
        self.deltas.append((conversation, message, text))
        self._heard.set()

    async def something(self) -> None:
        """Wait for the first piece."""
        await self._heard.wait()


@pytest.fixture
def told() -> Told:
    """Nothing, before something is answered."""
    return Told()


@pytest.fixture
async def chat_with(backend: ScriptedBackend) -> AsyncIterator[ChatWith]:
    """Make chats with the scripted back end, and close them at the end."""
    async with AsyncExitStack() as stack:

        def make(settings: ChatSettings) -> Chat:
            ids = map(str, count(1))
            chat = Chat(Settings(chat=settings), lambda _: backend, new_id=lambda: next(ids))
            stack.push_async_exit(aclosing(chat))
            return chat

        yield make


@pytest.fixture
def chat(chat_with: ChatWith) -> Chat:
    """Chat with the default settings."""
    return chat_with(ChatSettings())


async def test_an_answer_comes_piece_by_piece(
    chat: Chat, backend: ScriptedBackend, told: Told
) -> None:
    """The pieces are told in order, and make up the answer."""
    backend.answers("It ", "adds", " one.")

    reply = await chat.send("What does it do?", told)

    assert told.deltas == [("1", 0, "It "), ("1", 0, "adds"), ("1", 0, " one.")]
    assert (reply.conversation, reply.text, reply.finish) == ("1", "It adds one.", "end")
    assert backend.conversations == [(Message("user", "What does it do?"),)]


async def test_what_was_said_is_remembered(
    chat_with: ChatWith, backend: ScriptedBackend, told: Told
) -> None:
    """The second question comes with the first and its answer, and with what is said before."""
    chat = chat_with(ChatSettings(system="Be brief."))
    backend.answers("One.")
    backend.answers("Two.")
    first = await chat.send("1?", told)

    second = await chat.send("2?", told, conversation=first.conversation)

    assert second.message == 1
    assert backend.conversations[1] == (
        Message("system", "Be brief."),
        Message("user", "1?"),
        Message("assistant", "One."),
        Message("user", "2?"),
    )


async def test_a_question_is_asked_in_place_of_later_ones(
    chat: Chat, backend: ScriptedBackend, told: Told
) -> None:
    """What was said after so many turns is forgotten, as if it had never been asked."""
    for answer in ("One.", "Two.", "Other."):
        backend.answers(answer)
    await chat.send("1?", told)
    await chat.send("2?", told, conversation="1")

    asked = chat.ask("Other?", conversation="1", turns=1)
    reply = await chat.answer(asked, told)

    assert reply.message == 1
    assert [message.text for message in backend.conversations[2]] == ["1?", "One.", "Other?"]


async def test_code_goes_with_the_question(
    chat: Chat, backend: ScriptedBackend, told: Told
) -> None:
    """It stands before the question, byte for byte, in a fence that nothing in it closes."""
    backend.answers("Yes.")
    text = "".join(f"line {n}\n\t```\n" for n in range(250))
    code = Code("a/b.md", "markdown", text, (3, 502))

    await chat.send("Good?", told, code=[code])

    [[message]] = backend.conversations
    assert message.text == f"a/b.md, lines 3 to 502:\n\n````markdown\n{text}````\n\nGood?"


async def test_the_oldest_turns_are_left_out_where_there_is_no_room(
    chat_with: ChatWith, backend: ScriptedBackend, told: Told
) -> None:
    """They go as a whole, the newest question stays, and the reply says so."""
    chat = chat_with(ChatSettings(max_tokens=100))
    backend.info = ModelInfo("codellama/CodeLlama-7b-Instruct-hf", 200)
    long = "many words " * 12
    for _ in range(3):
        backend.answers(long)
    first = await chat.send(f"1 {long}", told)
    more = [await chat.send(f"{n} {long}", told, conversation="1") for n in (2, 3)]

    assert [reply.cut for reply in (first, *more)] == [False, True, True]
    assert [message.text for message in backend.conversations[2]] == [f"3 {long}"]


async def test_code_is_left_out_before_the_question_is(
    chat_with: ChatWith, backend: ScriptedBackend, told: Told
) -> None:
    """A question is asked even if it alone has no room."""
    chat = chat_with(ChatSettings(max_tokens=100))
    backend.info = ModelInfo("codellama/CodeLlama-7b-Instruct-hf", 110)
    backend.answers("Yes.")
    question = "words " * 100

    reply = await chat.send(question, told, code=[Code("a.py", "python", "x = 1\n")])

    assert reply.cut
    assert backend.conversations == [(Message("user", question),)]


async def test_a_host_without_a_template_is_given_ours(
    chat: Chat, backend: ScriptedBackend, steps: Steps, told: Told
) -> None:
    """The conversation goes as a prompt in the model's own form, from then on at once."""
    backend.info = ModelInfo("codellama/CodeLlama-7b-Instruct-hf", 16_384)
    steps.fail("open", NotFound("no such route"))
    backend.answers(" One.")
    backend.answers(" Two.")

    first = await chat.send("1?", told)
    second = await chat.send("2?", told, conversation="1")

    texts = [
        "".join(part.plain() for part in prompt.parts if isinstance(part, CodePart))
        for prompt in backend.prompts
    ]
    assert [first.text.strip(), second.text.strip()] == ["One.", "Two."]
    assert texts[0].strip() == "[INST] 1? [/INST]"
    assert "2? [/INST]" in texts[1]
    assert len(backend.conversations) == 1


@pytest.mark.parametrize(
    ("model", "spelled"),
    [
        ("Qwen2.5-Coder-7B-Instruct", "<|im_end|>"),
        ("codellama/CodeLlama-7b-Instruct-hf", "</s>"),
        ("a-model-of-tomorrow", "<|eot_id|>"),
        ("a-model-of-tomorrow", "</s>"),
    ],
)
async def test_no_message_holds_a_control_token_for_a_host_that_templates(
    chat: Chat, backend: ScriptedBackend, told: Told, model: str, spelled: str
) -> None:
    """A sign that nobody sees breaks it, and is not in the answer that repeats it."""
    backend.info = ModelInfo(model, 4_096)
    broken = spelled[0] + "\u2060" + spelled[1:]
    backend.answers(f"You wrote {broken[:3]}", broken[3:])

    reply = await chat.send(f"What is {spelled}?", told)

    assert backend.conversations == [(Message("user", f"What is {broken}?"),)]
    assert reply.text == f"You wrote {spelled}"
    assert "\u2060" not in "".join(text for _, _, text in told.deltas)
    assert spelled in chat.export(reply.conversation)


async def test_a_template_that_refuses_is_asked_again_the_next_time(
    chat: Chat, backend: ScriptedBackend, steps: Steps, told: Told
) -> None:
    """What one conversation is refused for says nothing of the next question."""
    backend.info = ModelInfo("codellama/CodeLlama-7b-Instruct-hf", 16_384)
    steps.fail("open", RequestRejected("template_error"))
    backend.answers(" One.")
    backend.answers("Two.")

    first = await chat.send("1?", told)
    second = await chat.send("2?", told, conversation="1")

    assert [first.text.strip(), second.text] == ["One.", "Two."]
    assert (len(backend.conversations), len(backend.prompts)) == (2, 1)


async def test_a_model_without_a_known_template_is_told_of(
    chat: Chat, backend: ScriptedBackend, steps: Steps, told: Told
) -> None:
    """What the host says is what the user learns."""
    backend.info = ModelInfo("somebody/some-model", 16_384)
    steps.fail("open", NotFound("no such route"))

    with pytest.raises(NotFound):
        await chat.send("1?", told)


async def test_a_stopped_answer_is_closed_and_kept(
    chat: Chat, backend: ScriptedBackend, told: Told
) -> None:
    """What was written until then is the answer, and the connection to the host is closed."""
    asking = asyncio.create_task(chat.send("1?", told))
    stream = await backend.opened()
    stream.send("half an ")
    await told.something()

    is_stopped = chat.stop("1")
    reply = await asking

    assert is_stopped
    assert stream.closed
    assert (reply.text, reply.finish) == ("half an ", None)
    assert "half an" in chat.export("1")
    assert not chat.stop("1")


async def test_a_cancelled_question_closes_the_connection(
    chat: Chat, backend: ScriptedBackend, told: Told
) -> None:
    """An editor that is gone, or has lost interest, costs the host nothing more."""
    asking = asyncio.create_task(chat.send("1?", told))
    stream = await backend.opened()

    asking.cancel()
    await settled()

    assert asking.cancelled()
    assert stream.closed


async def test_two_conversations_go_on_at_once(
    chat: Chat, backend: ScriptedBackend, told: Told
) -> None:
    """Their answers do not mix, and stopping one leaves the other."""
    first = asyncio.create_task(chat.send("1?", told))
    one = await backend.opened()
    second = asyncio.create_task(chat.send("2?", told))
    two = await backend.opened()

    two.send("two", "end")
    replied = await second
    chat.stop("1")
    stopped = await first

    assert (replied.conversation, replied.text) == ("2", "two")
    assert (stopped.conversation, stopped.text) == ("1", "")
    assert one.closed


async def test_a_failure_keeps_the_question_for_another_try(
    chat: Chat, backend: ScriptedBackend, steps: Steps, told: Told
) -> None:
    """Asked again, the same question has an answer, and only one."""
    steps.fail("open", Unreachable("nobody is there"))
    backend.answers("One.")
    with pytest.raises(Unreachable):
        await chat.send("1?", told)

    reply = await chat.retry("1", told)

    assert reply.text == "One."
    assert backend.conversations[-1] == (Message("user", "1?"),)
    assert chat.export("1") == "## You\n\n1?\n\n## Answer\n\nOne.\n"


async def test_an_answer_that_breaks_off_is_a_failure(
    chat: Chat, backend: ScriptedBackend, steps: Steps, told: Told
) -> None:
    """What was told stays, and the user learns why there is no more."""
    steps.fail("mid-stream", BadAnswer("broke off"))
    backend.answers("One", " two")

    with pytest.raises(BadAnswer):
        await chat.send("1?", told)

    assert told.deltas == [("1", 0, "One")]
    assert "One" in chat.export("1")


@pytest.mark.parametrize("question", ["", "  \n"])
async def test_a_blank_question_is_none(chat: Chat, told: Told, question: str) -> None:
    """Nothing is asked and nothing is kept."""
    with pytest.raises(BadInput, match="no question"):
        await chat.send(question, told)


async def test_an_unknown_conversation_is_told(chat: Chat, told: Told) -> None:
    """Whatever is wanted of it."""
    with pytest.raises(BadInput, match="no conversation 'x'"):
        await chat.send("1?", told, conversation="x")
    with pytest.raises(BadInput, match="no conversation 'x'"):
        chat.export("x")


async def test_one_question_at_a_time(chat: Chat, backend: ScriptedBackend, told: Told) -> None:
    """While an answer is written in a conversation, no other question is taken there."""
    asking = asyncio.create_task(chat.send("1?", told))
    stream = await backend.opened()

    with pytest.raises(BadInput, match="still being written"):
        await chat.send("2?", told, conversation="1")
    stream.send("One.", "end")

    assert (await asking).text == "One."


async def test_a_cleared_conversation_is_gone(
    chat: Chat, backend: ScriptedBackend, told: Told
) -> None:
    """Its answer is ended, and it cannot be gone on with."""
    asking = asyncio.create_task(chat.send("1?", told))
    stream = await backend.opened()

    chat.clear("1")
    await asking

    assert stream.closed
    with pytest.raises(BadInput, match="no conversation"):
        chat.export("1")


async def test_new_settings_keep_the_conversations(
    chat: Chat, backend: ScriptedBackend, told: Told
) -> None:
    """Only the answer that is being written ends."""
    backend.answers("One.")
    await chat.send("1?", told)

    await chat.configure(Settings(chat=ChatSettings(system="Be kind.")))

    assert "One." in chat.export("1")


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        (Settings(), "backend.token"),
        (
            Settings(chat_backend=BackendSettings(kind="tgi", url="http://chat")),
            "chatBackend.token",
        ),
    ],
)
async def test_a_failure_names_the_settings_of_chats_own_host(
    backend: ScriptedBackend, told: Told, settings: Settings, key: str
) -> None:
    """Where chat has a host of its own, that one's token is asked for."""
    backend.steps.fail("model", Refused("the host refuses the token", hint="set backend.token"))
    chat = Chat(settings, lambda _: backend)

    with pytest.raises(Refused) as refused:
        await chat.send("Why?", told)

    assert refused.value.sentence() == f"the host refuses the token: set {key}"
    await chat.aclose()
