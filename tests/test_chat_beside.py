"""Chat and completions share the embedded model, and completions go first."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from fakes.asking import deltas_of, prompt, text_of
from fakes.llamacpp import TINY_MODEL, RecordingProxy, existing
from fakes.serving import Serving
from infill_ls.backends.embedded.entry import FOLDER_VARIABLE, Start
from infill_ls.backends.embedded.llamacpp import OwnLlamaCpp
from infill_ls.backends.embedded.slots import FOR_CHAT, FOR_COMPLETIONS, CompletionSlots
from infill_ls.backends.embedded.user import User, attach
from infill_ls.backends.http.host import Host
from infill_ls.prompt.chat import chat_prompt
from infill_ls.prompt.templates import LLAMA_2
from infill_ls.settings.tree import BackendSettings
from infill_ls.types import Message, Prompt, Sampling

needs_llamacpp = pytest.mark.skipif(
    importlib.util.find_spec("xllamacpp") is None, reason="needs the extra `local`"
)

QUESTION = (Message("user", "What does this do? " + "total = total + price " * 60),)
ONE_TOKEN = Sampling(max_new_tokens=1, section="chat")


@pytest.fixture
async def user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[User]:
    """One who holds the embedded model's process."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    user = await attach(Start(str(existing(TINY_MODEL)), 16_384, 0))
    yield user
    await user.leave()


@pytest.fixture
async def proxy(user: User) -> AsyncIterator[RecordingProxy]:
    """What stands before the process and keeps what it is asked."""
    with RecordingProxy((await user.ready()).url) as proxy:
        yield proxy


@pytest.fixture
async def raw(user: User, proxy: RecordingProxy) -> AsyncIterator[httpx.AsyncClient]:
    """A client that asks the process past all of our code."""
    headers = {"authorization": f"Bearer {user.key}"}
    async with httpx.AsyncClient(base_url=proxy.url, headers=headers, timeout=60) as client:
        yield client


@pytest.fixture
async def window(user: User, proxy: RecordingProxy) -> AsyncIterator[Callable[[], OwnLlamaCpp]]:
    """Make back ends as the completions and the chats of windows have them."""
    settings = BackendSettings(kind="embedded", token=user.key, model="tiny")
    opened: list[OwnLlamaCpp] = []

    def make() -> OwnLlamaCpp:
        opened.append(OwnLlamaCpp(Host(proxy.url, settings), settings))
        return opened[-1]

    yield make
    for each in opened:
        await each.aclose()


async def said(backend: OwnLlamaCpp, *messages: Message, sampling: Sampling = ONE_TOKEN) -> str:
    async with backend.converse(messages, sampling) as deltas:
        return text_of([delta async for delta in deltas])


async def cached(backend: OwnLlamaCpp, asked: Prompt) -> int:
    """Return how much of a prompt had been read before."""
    deltas = await deltas_of(backend, asked)
    return max(delta.evaluation.cached for delta in deltas if delta.evaluation)


@needs_llamacpp
async def test_a_completion_is_made_while_a_chat_is_written(
    window: Callable[[], OwnLlamaCpp], raw: httpx.AsyncClient
) -> None:
    """It does not wait for the end of the answer."""
    body = {"messages": [{"role": "user", "content": "Go on."}], "id_slot": FOR_CHAT}
    endless = {"stream": True, "max_tokens": 12_000, "ignore_eos": True}
    chat = raw.stream("POST", "/v1/chat/completions", json={**body, **endless})
    async with chat as answer:
        lines = answer.aiter_lines()
        await anext(lines)

        completion = await deltas_of(window(), prompt(max_tokens=4))

        slots = (await raw.get("/slots")).json()
    assert completion[-1].finish == "length"
    assert [slot["id"] for slot in slots if slot["is_processing"]] == [FOR_CHAT]


@needs_llamacpp
async def test_neither_loses_what_was_read(
    window: Callable[[], OwnLlamaCpp], raw: httpx.AsyncClient
) -> None:
    """Whoever comes back finds all of his prompt read, but for the token that is always read."""
    completing, chatting = window(), window()
    places = [prompt(f"number_{n} = " * 50, max_tokens=1) for n in range(FOR_COMPLETIONS)]
    body = {"messages": [{"role": "user", "content": QUESTION[0].text}], "max_tokens": 1}
    for place in places:
        await deltas_of(completing, place)
    await said(chatting, *QUESTION)

    again = [await cached(completing, place) for place in places]
    answer = (await raw.post("/v1/chat/completions", json={**body, "id_slot": FOR_CHAT})).json()

    assert again == [await completing.count(place) - 1 for place in places]
    usage = answer["usage"]
    assert usage["prompt_tokens_details"]["cached_tokens"] == usage["prompt_tokens"] - 1


@needs_llamacpp
async def test_an_answer_is_the_same_whoever_waits_for_its_slot(raw: httpx.AsyncClient) -> None:
    """A request for a slot that is at work changes nothing of what is written there."""
    one, other = [list(range(first, first + 700)) for first in (1_000, 9_000)]

    async def answer(ids: list[int], tokens: int) -> list[int]:
        body = {"prompt": ids, "n_predict": tokens, "id_slot": 0, "return_tokens": True}
        sure = {"temperature": 0, "ignore_eos": True, "cache_prompt": True}
        tokens_of: list[int] = (await raw.post("/completion", json={**body, **sure})).json()[
            "tokens"
        ]
        return tokens_of

    await answer(other, 1)
    await answer(one, 1)
    alone = await answer(one, 200)
    writing = asyncio.create_task(answer(one, 200))
    async with asyncio.timeout(10):
        while not (await raw.get("/slots")).json()[0]["is_processing"]:
            pass
    waiting = asyncio.create_task(answer(other, 1))

    beside = await writing

    await waiting
    assert beside == alone


@needs_llamacpp
async def test_a_question_is_read_in_portions(
    window: Callable[[], OwnLlamaCpp], proxy: RecordingProxy
) -> None:
    """Each goes on where the one before ended; the first ones are small, and none is large."""
    await said(window(), *QUESTION)

    portions = [request.json for request in proxy.requests("/completion")]
    ends = [len(portion["prompt"]) for portion in portions]
    whole = portions[-1]["prompt"]
    assert ends[0] == 16
    assert all(0 < after - before <= 512 for before, after in pairwise(ends))
    assert all(whole[:end] == each["prompt"] for end, each in zip(ends, portions, strict=True))
    assert {each["id_slot"] for each in portions} == {FOR_CHAT}
    [asked] = proxy.requests("/v1/chat/completions")
    assert asked.json["id_slot"] == FOR_CHAT


@needs_llamacpp
async def test_a_conversation_is_not_read_again(
    window: Callable[[], OwnLlamaCpp], proxy: RecordingProxy
) -> None:
    """The portions of the next question begin where the last one ended."""
    chatting = window()
    await said(chatting, *QUESTION)
    known = max(len(request.json["prompt"]) for request in proxy.requests("/completion"))
    before = len(proxy.requests("/completion"))

    await said(chatting, *QUESTION, Message("assistant", "1"), Message("user", "And this? " * 30))

    portions = proxy.requests("/completion")[before:]
    assert portions
    assert all(len(request.json["prompt"]) > known for request in portions)


@needs_llamacpp
async def test_a_chat_in_our_own_template_goes_the_same_way(
    window: Callable[[], OwnLlamaCpp], proxy: RecordingProxy
) -> None:
    """It takes the chat's slot, and is read in portions too."""
    await deltas_of(window(), chat_prompt(QUESTION, LLAMA_2, ONE_TOKEN))

    requests = [request.json for request in proxy.requests("/completion")]
    assert {each["id_slot"] for each in requests} == {FOR_CHAT}
    assert [each["n_predict"] for each in requests[-2:]] == [0, 1]


class BusyServer:
    """Answers what a chat asks a llama.cpp server, whose first slot is at work now and then."""

    def __init__(self, *is_busy: bool) -> None:
        self._is_busy = iter(is_busy)
        self.came: list[str] = []
        """The paths of the requests; for `/slots`, what was answered."""

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = Request(scope).url.path
        if path == "/slots":
            is_busy = next(self._is_busy, False)
            self.came.append("busy" if is_busy else "idle")
            await JSONResponse([{"id": 0, "is_processing": is_busy}])(scope, receive, send)
            return
        self.came.append(path)
        await _ANSWERS[path](scope, receive, send)


def _event(data: str) -> Response:
    return Response(f"data: {data}\n\ndata: [DONE]\n\n", media_type="text/event-stream")


_ANSWERS: dict[str, Response] = {
    "/apply-template": JSONResponse({"prompt": "What?"}),
    "/tokenize": JSONResponse({"tokens": list(range(40))}),
    "/completion": _event('{"content": "", "stop": true}'),
    "/v1/chat/completions": _event('{"choices": [{"delta": {}, "finish_reason": "stop"}]}'),
}


async def test_no_portion_is_read_while_a_completion_is_made() -> None:
    """Before each, and before the answer, it is seen that nothing else is at work."""
    busy = BusyServer(True, True, False, True, False, False)
    settings = BackendSettings(kind="embedded")

    with Serving(busy.app) as serving:
        async with aclosing(OwnLlamaCpp(Host(serving.url, settings), settings)) as backend:
            await said(backend, *QUESTION)

    assert busy.came == [
        *("/apply-template", "/tokenize"),
        *("busy", "busy", "idle", "/completion"),
        *("busy", "idle", "/completion"),
        *("idle", "/v1/chat/completions"),
    ]


def test_typing_along_keeps_its_slot() -> None:
    """A prompt goes where most of it was read."""
    slots = CompletionSlots()
    first = slots.slot_of([1, 2, 3, 4])

    assert slots.slot_of([1, 2, 3, 5, 6]) == first
    assert slots.slot_of([1, 2, 3]) == first


def test_another_place_takes_the_slot_that_was_used_least_recently() -> None:
    """The places where one was last are remembered."""
    slots = CompletionSlots()
    places = [[place] * 10 for place in range(FOR_COMPLETIONS)]
    taken = [slots.slot_of(place) for place in places]
    slots.slot_of(places[0])

    other = slots.slot_of([9] * 10)

    assert sorted(taken) == list(range(FOR_COMPLETIONS))
    assert other == taken[1]
    assert [slots.slot_of(places[0]), slots.slot_of(places[2])] == [taken[0], taken[2]]
