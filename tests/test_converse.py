"""Every back end converses by one contract, whatever its host does."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import aclosing
from typing import Any

import httpx
import pytest
import pytest_asyncio

from fakes.asking import SECRET, no_progress, opened, text_of
from fakes.dialects import CHATTING, MODEL, Spoken
from fakes.faces.endpoint import Endpoint
from fakes.faces.huggingface import HuggingFace
from fakes.faces.llamacpp_tokens import CONTROLS
from fakes.faces.ollama import Ollama
from fakes.faces.openai import OpenAi
from fakes.faces.tgi import Tgi
from fakes.host import Face, FakeHost, refused_url
from fakes.llamacpp import RecordingProxy, llamacpp_server
from fakes.response import Gate, Response
from fakes.script import EOS, Wire
from infill_ls import errors
from infill_ls.backends.base import Backend
from infill_ls.backends.connect import connect
from infill_ls.chat.chat import Chat
from infill_ls.prompt.chat import WORD_JOINER, chat_prompt
from infill_ls.prompt.templates import LLAMA_2
from infill_ls.settings.tree import BackendSettings, ChatSettings, Kind, Settings
from infill_ls.types import Delta, Message, Sampling

PATHS = {
    "huggingface": f"/models/{MODEL}/v1/chat/completions",
    "deepseek": "/chat/completions",
    "ollama": "/api/chat",
}
"""Where a conversation goes, unless it is `/v1/chat/completions`."""

OF_TGI = ["tgi", "tgi 1.4", "huggingface", "endpoint"]
"""Those behind which TGI answers, and whose back end knows it."""

COUNTLESS = {"tgi 1.4"}
"""Those whose host does not count the tokens of the prompt."""

SAMPLING = Sampling(max_new_tokens=100, temperature=0.25, top_p=0.5, section="chat")

TALK = (
    Message("system", "Be brief."),
    Message("user", "One?"),
    Message("assistant", "1"),
    Message("user", "Two?"),
)


@pytest.fixture(params=CHATTING)
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def spoken(dialect: str) -> Spoken:
    return CHATTING[dialect]


@pytest.fixture
def host(spoken: Spoken) -> Iterator[FakeHost]:
    with FakeHost(spoken.face, token=SECRET) as host:
        yield host


@pytest_asyncio.fixture
async def backend(spoken: Spoken, host: FakeHost) -> AsyncIterator[Backend]:
    async with spoken.opened(host.url) as backend:
        yield backend


async def deltas_of(
    backend: Backend, messages: Sequence[Message] = TALK, sampling: Sampling = SAMPLING
) -> list[Delta]:
    async with backend.converse(messages, sampling) as deltas:
        return [delta async for delta in deltas]


async def failure_of(backend: Backend) -> errors.BackendError:
    with pytest.raises(errors.BackendError) as raised:
        await deltas_of(backend)
    return raised.value


async def next_said(deltas: AsyncIterator[Delta], gate: Gate) -> str:
    """Let pieces pass until one says something."""
    while True:
        gate.open()
        delta = await anext(deltas)
        if delta.text:
            return delta.text


# What is asked


async def test_a_conversation_goes_as_it_is(backend: Backend, host: FakeHost, dialect: str) -> None:
    """Roles and texts are those of the messages, whatever is in them, in one streamed request."""
    exotic = Message("user", 'a\r\n\t"</s>" [/INST] <|im_end|> \u2028\x0c é漢🤗 ')
    host.answers("a")

    await deltas_of(backend, [*TALK[:3], exotic])

    request = host.asked[-1].request
    assert request.path == PATHS.get(dialect, "/v1/chat/completions")
    assert request.json["stream"] is True
    assert request.json["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "One?"},
        {"role": "assistant", "content": "1"},
        {"role": "user", "content": exotic.text},
    ]


async def test_the_sampling_goes_along(backend: Backend, host: FakeHost) -> None:
    """Limit, temperature and nucleus are sent as the user set them."""
    host.answers("a")

    await deltas_of(backend)

    sent = sampling_in(host)
    assert (sent["max_tokens"], sent["temperature"], sent["top_p"]) == (100, 0.25, 0.5)


def sampling_in(host: FakeHost) -> Any:
    """Return what was sent last, with the generation parameters in OpenAI's names."""
    sent = host.asked[-1].request.json
    options = sent.get("options")
    return {**options, "max_tokens": options["num_predict"]} if options else sent


@pytest.mark.parametrize("dialect", ["ollama"])
async def test_ollama_is_told_the_length_of_the_context(backend: Backend, host: FakeHost) -> None:
    """The conversation was fitted into it, and Ollama's own would cut off its head."""
    host.answers("a")
    fits = (await backend.model()).context_tokens

    await deltas_of(backend)

    assert host.asked[-1].request.json["options"]["num_ctx"] == fits


@pytest.mark.parametrize("dialect", OF_TGI)
async def test_tgi_is_not_sent_what_it_refuses(backend: Backend, host: FakeHost) -> None:
    """Neither a temperature of 0, for which one next to it stands, nor a nucleus of all."""
    host.answers("a")

    greedy = Sampling(max_new_tokens=100, temperature=0.0, top_p=1.0)
    assert text_of(await deltas_of(backend, sampling=greedy)) == "a"

    sent = host.asked[-1].request.json
    assert 0 < sent["temperature"] <= 0.01
    assert "top_p" not in sent


@pytest.mark.parametrize("dialect", sorted({*CHATTING} - {*OF_TGI}))
async def test_others_are_sent_a_temperature_of_0(backend: Backend, host: FakeHost) -> None:
    """To them it means the likeliest token."""
    host.answers("a")

    await deltas_of(backend, sampling=Sampling(max_new_tokens=100, temperature=0.0))

    assert sampling_in(host)["temperature"] == 0


@pytest.mark.parametrize("dialect", ["huggingface"])
async def test_a_model_that_loads_is_waited_for_by_the_next_question(
    backend: Backend, host: FakeHost
) -> None:
    """The first is told that the model loads; once it has answered, none is sent to wait."""
    host.fail(503, json={"error": "loading", "estimated_time": 20.0})
    host.answers("a")
    host.answers("b")

    assert type(await failure_of(backend)) is errors.Loading
    for _ in range(2):
        await deltas_of(backend)

    waiting = ["x-wait-for-model" in asked.request.headers for asked in host.asked]
    assert waiting == [False, True, False]


# Answers


async def test_deltas_come_in_order(backend: Backend, host: FakeHost) -> None:
    """Joined, the deltas are the text as the host generated it, leading blank included."""
    host.answers(" ", "x", " + y", "\n")

    deltas = await deltas_of(backend)

    assert [delta.text for delta in deltas if delta.text] == [" ", "x", " + y", "\n"]


async def test_each_delta_comes_when_the_host_sends_it(backend: Backend, host: FakeHost) -> None:
    """A delta is handed out while the host still works on the next."""
    gate = host.gate()
    host.answers("a", "b", "c", gate=gate)

    async with backend.converse(TALK, SAMPLING) as deltas:
        first = await next_said(deltas, gate)
        sent = host.asked[-1].pieces_sent
        second = await next_said(deltas, gate)
        gate.stand_open()
        rest = text_of([delta async for delta in deltas])

        assert (first, second, rest) == ("a", "b", "c")
        assert sent < host.asked[-1].pieces_sent


async def test_only_the_last_delta_has_a_finish(backend: Backend, host: FakeHost) -> None:
    """The model's end of text finishes with "end", on the last delta alone."""
    host.answers("a", "b")

    deltas = await deltas_of(backend)

    assert [delta.finish for delta in deltas[:-1]] == [None] * (len(deltas) - 1)
    assert deltas[-1].finish == "end"


async def test_the_token_limit_finishes_with_length(backend: Backend, host: FakeHost) -> None:
    """An answer that the request's limit cut says so."""
    host.answers("a", "b", "never")

    deltas = await deltas_of(backend, sampling=Sampling(max_new_tokens=2, temperature=0.5))

    assert (text_of(deltas), deltas[-1].finish) == ("ab", "length")


async def test_the_last_delta_counts(backend: Backend, host: FakeHost, dialect: str) -> None:
    """The host's counts of both texts are on the last delta, where it counts them."""
    host.answers("a", "b", finish="length", prompt_tokens=17)

    last = (await deltas_of(backend))[-1]

    assert last.completion_tokens == 2
    assert last.prompt_tokens == (None if dialect in COUNTLESS else 17)


async def test_tokens_are_counted_where_the_host_does_not() -> None:
    """Of what a host streams that tells no usage, what says something is counted."""
    streamed: list[tuple[dict[str, str | None], str | None]] = [
        ({"role": "assistant", "content": None}, None),
        ({"content": "a"}, None),
        ({"content": "b"}, None),
        ({}, "stop"),
    ]
    chunks = [
        json.dumps({"choices": [{"delta": delta, "finish_reason": finish}]})
        for delta, finish in streamed
    ]
    headers = {"content-type": "text/event-stream"}
    with FakeHost(OpenAi()) as host:
        host.replies(Response(200, headers, Wire().pieces([*chunks, "[DONE]"])))
        async with opened("openai", host.url) as backend:
            last = (await deltas_of(backend))[-1]

    assert (last.finish, last.prompt_tokens, last.completion_tokens) == ("end", None, 2)


async def test_no_end_token_is_text(backend: Backend, host: FakeHost) -> None:
    """The token that ends the answer is not in it, even where the host spells it."""
    host.answers("a", "b", EOS)

    deltas = await deltas_of(backend)

    assert (text_of(deltas), deltas[-1].finish) == ("ab", "end")


async def test_an_answer_may_be_empty(backend: Backend, host: FakeHost) -> None:
    """A model that ends at once gives a last delta without text."""
    host.answers()

    deltas = await deltas_of(backend)

    assert (text_of(deltas), deltas[-1].finish) == ("", "end")


EXOTIC = ("é", "漢🤗", "\u2028x\u0085", "\x0c", '"\\', "\r\n\t", "\u200d")


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(Wire(space=False, newline="\r\n"), id="CRLF, no blank after data:"),
        pytest.param(Wire(newline="\r", comments=True), id="CR, keep-alive comments"),
        pytest.param(Wire(chunk=1), id="single bytes"),
        pytest.param(Wire(chunk=1 << 20, comments=True), id="one chunk"),
    ],
)
async def test_a_stream_is_read_however_it_is_spelt(
    backend: Backend, host: FakeHost, wire: Wire
) -> None:
    """Blanks, line ends, comments and chunks change nothing, not even inside a character."""
    host.answers(*EXOTIC, wire=wire)

    deltas = await deltas_of(backend)

    assert (text_of(deltas), deltas[-1].finish) == ("".join(EXOTIC), "end")


FOUND = [name for name, spoken in CHATTING.items() if spoken.found]
"""Those whose kind is found where the settings do not tell it."""


@pytest.mark.parametrize("dialect", FOUND)
async def test_a_host_that_was_found_converses(spoken: Spoken, host: FakeHost) -> None:
    """The back end that stands for another passes the conversation on."""
    host.answers("a", "b")

    async with spoken.opened(host.url, kind="auto") as backend:
        deltas = await deltas_of(backend)

    assert (text_of(deltas), deltas[-1].finish) == ("ab", "end")


# Faults

FAULTS: dict[str, tuple[Callable[[FakeHost], None], type[errors.BackendError]]] = {
    "400": (lambda host: host.fail(400, text="no JSON"), errors.RequestRejected),
    "401": (lambda host: host.fail(401), errors.Refused),
    "403": (lambda host: host.fail(403, json={"error": "gated"}), errors.Refused),
    "404": (lambda host: host.fail(404), errors.NotFound),
    "413": (lambda host: host.fail(413, text="length limit"), errors.RequestRejected),
    "422": (
        lambda host: host.fail(422, json={"error": "no", "error_type": "template_error"}),
        errors.RequestRejected,
    ),
    "429": (lambda host: host.fail(429, json={"error": "busy"}), errors.Overloaded),
    "500": (lambda host: host.fail(500, json={"error": None}), errors.HostFailed),
    "502 page": (lambda host: host.html(502), errors.Loading),
    "503": (lambda host: host.fail(503), errors.Loading),
    "200 page": (lambda host: host.html(200), errors.BadAnswer),
    "200 error": (lambda host: host.fail(200, json={"error": "oops"}), errors.HostFailed),
    "200 JSON": (lambda host: host.fail(200, json={"choices": []}), errors.BadAnswer),
    "hangs up": (lambda host: host.hang_up(), errors.Unreachable),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_one_clear_error(backend: Backend, host: FakeHost, fault: str) -> None:
    """Each fault has its error: one line that names the host, and the next question works."""
    script, expected = FAULTS[fault]
    script(host)
    host.answers("b")

    error = await failure_of(backend)

    assert type(error) is expected
    assert host.url in str(error)
    assert "\n" not in error.sentence()
    assert text_of(await deltas_of(backend)) == "b"


async def test_a_busy_host_tells_when_to_ask_again(backend: Backend, host: FakeHost) -> None:
    """`Retry-After` is known with the error, and said in its sentence."""
    host.fail(429, headers={"retry-after": "7"})

    error = await failure_of(backend)

    assert type(error) is errors.Overloaded
    assert error.retry_after_s == 7
    assert "try again in about 7 s" in error.sentence()


STREAM_FAULTS = [
    # From TGI 3.0 on, every error in a stream has the same status.
    ("tgi", "Model is overloaded", "overloaded", errors.RequestRejected),
    ("tgi 1.4", "Model is overloaded", "overloaded", errors.Overloaded),
    ("tgi 1.4", "Request failed during generation", "generation", errors.HostFailed),
    ("huggingface", "Input validation error: `x`", "validation", errors.RequestRejected),
    ("endpoint", "Input validation error: `x`", "validation", errors.RequestRejected),
    ("llamacpp", "Context size has been exceeded", "server_error", errors.HostFailed),
    ("llamacpp", "Loading model", "unavailable_error", errors.Loading),
    ("openai", "The server had an error", "server_error", errors.HostFailed),
    ("openai", "Rate limit reached", "rate_limit_error", errors.Overloaded),
    ("openai of tgi", "Input validation error: `x`", "validation", errors.RequestRejected),
    ("vllm", "please reduce the length", "BadRequestError", errors.RequestRejected),
    ("vllm 0.4", "please reduce the length", "BadRequestError", errors.RequestRejected),
    ("mistral", "Service tier capacity exceeded", "rate_limit_error", errors.Overloaded),
    ("deepseek", "Invalid request", "invalid_request_error", errors.RequestRejected),
    ("ollama", "model runner has unexpectedly stopped", "", errors.HostFailed),
]


@pytest.mark.parametrize(("dialect", "message", "type_", "expected"), STREAM_FAULTS)
async def test_an_error_may_follow_tokens(
    backend: Backend,
    host: FakeHost,
    message: str,
    type_: str,
    expected: type[errors.BackendError],
) -> None:
    """What came before has been handed out, without a finish; the error has the host's words."""
    host.error_event(message, type_, after=("a", "b"))
    seen: list[Delta] = []

    with pytest.raises(expected) as raised:
        await collect_into(seen, backend)

    assert type(raised.value) is expected
    assert message in str(raised.value)
    assert text_of(seen) == "ab"
    assert all(delta.finish is None for delta in seen)


async def collect_into(seen: list[Delta], backend: Backend) -> None:
    async with backend.converse(TALK, SAMPLING) as deltas:
        async for delta in deltas:
            seen.append(delta)  # noqa: PERF401 - a comprehension would lose them with the error


@pytest.mark.parametrize("how", ["abrupt", "clean"])
async def test_a_cut_stream_is_a_bad_answer(backend: Backend, host: FakeHost, how: Any) -> None:
    """A stream without its final event is no answer, however it ended."""
    host.cut_after("a", how=how)
    seen: list[Delta] = []

    with pytest.raises(errors.BadAnswer):
        await collect_into(seen, backend)

    assert text_of(seen) == "a"
    assert all(delta.finish is None for delta in seen)


async def test_a_last_event_without_its_end_is_a_bad_answer(
    backend: Backend, host: FakeHost
) -> None:
    """Without the blank line that ends an event it may be half of one, so it does not count."""
    host.answers("a", "b", finish="length", wire=Wire(final_blank=False))

    assert type(await failure_of(backend)) is errors.BadAnswer


@pytest.mark.parametrize(
    "event", [b"{}", b"[]", b"1", b"{", b'{"choices": 1}', b'{"message": 1}', b"\xff"]
)
async def test_garbage_is_a_bad_answer(
    backend: Backend, spoken: Spoken, host: FakeHost, event: bytes
) -> None:
    """Events that are no JSON, or not this protocol's, are told in one error."""
    host.replies(spoken.streamed(event))

    assert type(await failure_of(backend)) is errors.BadAnswer


async def test_a_silent_host_times_out(spoken: Spoken, host: FakeHost) -> None:
    """A host that never answers is given up after the time that the settings allow."""
    host.hang()

    async with spoken.opened(host.url, read_timeout_ms=100) as backend:
        error = await failure_of(backend)

    assert type(error) is errors.TimedOut
    host.wait(lambda host: not host.open_exchanges)


async def test_a_refused_connection_is_unreachable(spoken: Spoken) -> None:
    """Where nobody listens, the error says that, and with which URL."""
    with refused_url() as url:
        async with spoken.opened(url) as backend:
            error = await failure_of(backend)

    assert type(error) is errors.Unreachable
    assert url in str(error)


# The token


async def test_the_token_is_sent(backend: Backend, host: FakeHost) -> None:
    """Every request carries the token, as a bearer."""
    host.answers("a")

    await deltas_of(backend)

    assert {request.headers["authorization"] for request in host.requests} == {f"Bearer {SECRET}"}


async def test_a_wrong_token_is_refused(spoken: Spoken) -> None:
    """A host that wants another token refuses, in its own way."""
    with FakeHost(spoken.face, token="another") as host:
        async with spoken.opened(host.url) as backend:
            assert type(await failure_of(backend)) is errors.Refused


@pytest.mark.parametrize("status", [302, 307, 308])
async def test_a_redirect_is_never_followed(backend: Backend, host: FakeHost, status: int) -> None:
    """The token, and what the user says, never reach a host that the settings do not name."""
    with FakeHost(Tgi(template=True)) as other:
        host.redirect(f"{other.url}/v1/chat/completions", status)
        error = await failure_of(backend)

        assert type(error) is errors.BadAnswer
        assert other.requests == ()


ECHO = f"the token {SECRET} is not good"
ECHOES: dict[str, Callable[[FakeHost], None]] = {
    "401": lambda host: host.fail(401, json={"error": ECHO}),
    "500 object": lambda host: host.fail(500, json={"error": {"message": ECHO}}),
    "event": lambda host: host.error_event(ECHO, "overloaded", after=("a",)),
    "no JSON": lambda host: host.fail(200, text=ECHO),
    "hangs up": lambda host: host.hang_up(),
}


@pytest.mark.parametrize("echo", ECHOES)
async def test_the_token_is_never_told(
    backend: Backend, host: FakeHost, echo: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither message nor hint nor our log holds the token, even if the host repeats it."""
    caplog.set_level(logging.NOTSET)
    ECHOES[echo](host)

    error = await failure_of(backend)

    # httpcore logs at DEBUG which headers came, hence also what a host put there.
    logged = [record.getMessage() for record in caplog.records if record.name != "httpcore.http11"]
    assert SECRET not in error.sentence()
    assert SECRET not in "".join(logged)


# Leaving

AT_ONCE_S = 1.0
"""Far more than the few milliseconds it takes, far less than any timeout."""

SOON_S = 0.05
"""Within this time of a stop the host must know: it generates for nobody meanwhile."""

ATTEMPTS = 5
"""A machine with other work now and then takes longer by itself, but not every time."""


async def left_after_s(
    backend: Backend, host: FakeHost, leave: Callable[[Backend, Gate], Coroutine[Any, Any, float]]
) -> float:
    """Leave in the middle; return how many seconds later the host saw it."""
    gate = host.gate()
    host.answers("a", "b", gate=gate)
    left_at = await leave(backend, gate)
    await host.wait_async(lambda host: not host.open_exchanges, AT_ONCE_S)

    exchange = host.asked[-1]
    assert exchange.client_left_at is not None
    return exchange.client_left_at - left_at


async def stop(backend: Backend, gate: Gate) -> float:
    """Leave the stream after the first word, as a reader that has enough."""
    async with backend.converse(TALK, SAMPLING) as deltas:
        await next_said(deltas, gate)
        return time.monotonic()


async def cancel(backend: Backend, gate: Gate) -> float:
    """Cancel the reader while it waits for the second word."""
    has_first = asyncio.Event()

    async def read() -> None:
        async with backend.converse(TALK, SAMPLING) as deltas:
            await next_said(deltas, gate)
            has_first.set()
            async for _ in deltas:
                pass

    reading = asyncio.create_task(read())
    await has_first.wait()
    left_at = time.monotonic()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    return left_at


@pytest.mark.parametrize("leave", [stop, cancel])
async def test_a_stop_in_the_middle_closes_the_connection(
    backend: Backend,
    host: FakeHost,
    leave: Callable[[Backend, Gate], Coroutine[Any, Any, float]],
) -> None:
    """The host sees within 50 ms that nobody reads any more, and answers the next question."""
    for _ in range(ATTEMPTS):
        seconds = await left_after_s(backend, host, leave)
        if seconds < SOON_S:
            break
    else:
        pytest.fail(f"{seconds:.3f} s at last")
    host.answers("c")
    assert text_of(await deltas_of(backend)) == "c"


# Hosts without a template: the conversation as a prompt

INSTRUCT = "codellama/CodeLlama-7b-Instruct-hf"

WITHOUT: dict[str, tuple[Kind, Face, str]] = {
    "tgi: 422 template_error": ("tgi", Tgi(INSTRUCT), "/generate_stream"),
    "tgi 1.1: 404": ("tgi", Tgi(INSTRUCT, old=True), "/generate_stream"),
    "endpoint: 422 template_error": ("endpoint", Endpoint(Tgi(INSTRUCT)), "/generate_stream"),
    "huggingface: 422 template_error": (
        "huggingface",
        HuggingFace(INSTRUCT),
        f"/models/{INSTRUCT}",
    ),
    "huggingface 2023: 404": (
        "huggingface",
        HuggingFace(INSTRUCT, old=True),
        f"/models/{INSTRUCT}",
    ),
    "openai: 404": ("openai", OpenAi(model=INSTRUCT, template=False), "/v1/completions"),
    "openai of tgi: 422": ("openai", OpenAi("tgi", INSTRUCT, template=False), "/v1/completions"),
    "ollama: 400": ("ollama", Ollama((INSTRUCT,), template=False), "/api/generate"),
    "vllm: 400": ("openai", OpenAi("vllm", INSTRUCT, template=False), "/v1/completions"),
}


@pytest.fixture(params=WITHOUT)
def without(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def bare(without: str) -> Iterator[FakeHost]:
    """A host that has no template for its model, or no route for conversations."""
    with FakeHost(WITHOUT[without][1], token=SECRET) as host:
        yield host


@pytest_asyncio.fixture
async def chat(without: str, bare: FakeHost) -> AsyncIterator[Chat]:
    kind, _, _ = WITHOUT[without]
    backend = BackendSettings(kind=kind, url=bare.url, model=INSTRUCT, token=SECRET)
    settings = Settings(backend=backend, chat=ChatSettings(system="Be brief.", temperature=0.0))
    async with aclosing(Chat(settings, lambda given: connect(given, no_progress))) as chat:
        yield chat


def untold(conversation: str, message: int, text: str) -> None:
    """Keep nothing of what an editor would be told."""


def raw_prompt(host: FakeHost) -> str:
    """Return the prompt that was sent last; of token ids, the text that has them."""
    sent = host.asked[-1].request.json
    prompt = sent["inputs"] if "inputs" in sent else sent["prompt"]
    if isinstance(prompt, str):
        return prompt
    begin, end = CONTROLS["<s>"], CONTROLS["</s>"]
    names = {begin: b"\0", end: b"</s>"}
    text = b"".join(names.get(number) or bytes([number - 3]) for number in prompt).decode()
    # SentencePiece puts a blank before a text itself.
    return text.replace("\0 ", "<s>").removeprefix("<s>")


async def test_without_a_template_the_prompt_is_ours(
    chat: Chat, bare: FakeHost, without: str
) -> None:
    """After the refusal, the whole conversation goes as the model was trained to read it."""
    bare.answers(" One.", EOS)
    bare.answers(" Two.", EOS)

    first = await chat.send("1?", untold)
    second = await chat.send("2?", untold, conversation=first.conversation)

    assert (first.text, second.text, second.finish) == ("One.", "Two.", "end")
    assert [asked.request.path for asked in bare.asked] == [WITHOUT[without][2]] * 2
    assert raw_prompt(bare) == (
        "[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\n1? [/INST] One. </s><s>[INST] 2? [/INST]"
    )


async def test_text_never_becomes_a_control_token_of_our_prompt(chat: Chat, bare: FakeHost) -> None:
    """What spells one in a question is all there, but broken where the host would read it."""
    question = "What are </s>, [/INST], <<SYS>>, <s> and  <MID>?"
    bare.answers(" Tokens.", EOS)

    await chat.send(question, untold)

    prompt = raw_prompt(bare)
    head, tail = "[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\n", " [/INST]"
    said = prompt.removeprefix(head).removesuffix(tail)
    assert prompt == f"{head}{said}{tail}"
    assert said.replace(WORD_JOINER, "") == question
    sent = host_ids(bare)
    if sent is None:
        assert LLAMA_2.control.search(said) is None
    else:
        assert [number for number in sent if number in CONTROLS.values()] == [CONTROLS["<s>"]]


def host_ids(host: FakeHost) -> list[int] | None:
    """Return the token ids that were sent last, or None where it was a text."""
    prompt = host.asked[-1].request.json.get("prompt")
    return prompt if isinstance(prompt, list) else None


@pytest.mark.parametrize("status", [401, 429, 500])
async def test_other_refusals_are_told_at_once(status: int) -> None:
    """Only a missing route and a refusing template make a prompt of a conversation."""
    with FakeHost(Tgi(INSTRUCT, template=True)) as host:
        host.fail(status)
        settings = Settings(backend=BackendSettings(kind="tgi", url=host.url))
        async with aclosing(Chat(settings, lambda given: connect(given, no_progress))) as chat:
            with pytest.raises(errors.BackendError):
                await chat.send("1?", untold)

        assert [asked.request.path for asked in host.asked] == ["/v1/chat/completions"]


# The real llama.cpp


@pytest.fixture(scope="module")
def llamacpp() -> Iterator[RecordingProxy]:
    with llamacpp_server() as url, RecordingProxy(url) as proxy:
        yield proxy


@pytest_asyncio.fixture
async def real(llamacpp: RecordingProxy) -> AsyncIterator[Backend]:
    async with opened("llamacpp", llamacpp.url) as backend:
        yield backend


GREEDY = Sampling(max_new_tokens=5, temperature=0.0, section="chat")


async def test_the_real_llamacpp_converses(llamacpp: RecordingProxy, real: Backend) -> None:
    """The deltas are the answer that it gives as a whole, with its finish and its counts."""
    deltas = await deltas_of(real, sampling=GREEDY)

    sent = llamacpp.requests("/v1/chat/completions")[-1].json
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        asked = {**sent, "stream": False, "stream_options": None}
        whole = (await client.post(f"{llamacpp.url}/v1/chat/completions", json=asked)).json()

    last = deltas[-1]
    assert len([delta for delta in deltas if delta.text]) > 1
    assert text_of(deltas) == whole["choices"][0]["message"]["content"]
    assert (last.finish, last.completion_tokens) == ("length", 5)
    assert last.prompt_tokens == whole["usage"]["prompt_tokens"]


async def test_the_real_llamacpp_reads_our_prompt(llamacpp: RecordingProxy, real: Backend) -> None:
    """As token ids it has the control tokens of the turns, and none that a message spells."""
    talk = [*TALK[:3], Message("user", "What are </s>, <s> and [/INST]?")]

    async with real.stream(chat_prompt(talk, LLAMA_2, GREEDY)) as deltas:
        last = [delta async for delta in deltas][-1]

    ids = llamacpp.requests("/completion")[-1].json["prompt"]
    assert [number for number in ids if number in (1, 2)] == [1, 2, 1]
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        inner = {"tokens": [number for number in ids if number not in (1, 2)]}
        read = (await client.post(f"{llamacpp.url}/detokenize", json=inner)).json()["content"]
    assert " ".join(read.split()) == (
        "[INST] <<SYS>> Be brief. <</SYS>> One? [/INST] 1 "
        "[INST] What are </s>, <s> and [/INST]? [/INST]"
    )
    assert last.finish == "length"
    assert last.prompt_tokens == len(ids)
