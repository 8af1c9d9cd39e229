"""Every back end keeps one contract, whatever its host does."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import pytest_asyncio

from fakes.asking import SECRET, deltas_of, failure_of, no_progress, prompt, text_of
from fakes.dialects import DIALECTS, Spoken
from fakes.faces.tgi import Tgi
from fakes.host import FakeHost, refused_url
from fakes.response import Response
from fakes.script import EOT, Token, Wire
from infill_ls import errors
from infill_ls.backends.base import Backend
from infill_ls.backends.connect import connect
from infill_ls.settings.tree import BackendSettings
from infill_ls.types import Delta

TELLING = [name for name, spoken in DIALECTS.items() if spoken.about_model]
"""Those whose host tells what it serves."""
COUNTLESS = {"tgi 1.1", "huggingface 2023"}
"""Those whose host does not count the tokens of the prompt."""


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def spoken(dialect: str) -> Spoken:
    return DIALECTS[dialect]


@pytest.fixture
def host(spoken: Spoken) -> Iterator[FakeHost]:
    with FakeHost(spoken.face, token=SECRET) as host:
        yield host


@pytest_asyncio.fixture
async def backend(spoken: Spoken, host: FakeHost) -> AsyncIterator[Backend]:
    async with spoken.opened(host.url) as backend:
        yield backend


# The contract: answers


async def test_deltas_come_in_order(backend: Backend, host: FakeHost) -> None:
    """Joined, the deltas are the text as the host generated it, leading blank included."""
    host.answers(" ", "x", "", " + y", "\n")

    deltas = await deltas_of(backend)

    assert text_of(deltas) == " x + y\n"
    assert [delta.text for delta in deltas if delta.text] == [" ", "x", " + y", "\n"]


async def test_each_delta_comes_when_the_host_sends_it(backend: Backend, host: FakeHost) -> None:
    """A delta is handed out while the host still works on the next."""
    gate = host.gate()
    host.answers("a", "b", gate=gate)

    async with backend.stream(prompt()) as deltas:
        gate.open()
        first = await anext(deltas)
        sent = host.asked[-1].pieces_sent
        gate.stand_open()
        rest = [delta async for delta in deltas]

    assert (first.text, text_of(rest), sent) == ("a", "b", 1)


async def test_only_the_last_delta_has_a_finish(backend: Backend, host: FakeHost) -> None:
    """The model's end of text finishes with "end", on the last delta alone."""
    host.answers("a", "b")

    deltas = await deltas_of(backend)

    assert [delta.finish for delta in deltas[:-1]] == [None] * (len(deltas) - 1)
    assert deltas[-1].finish == "end"


async def test_the_token_limit_finishes_with_length(backend: Backend, host: FakeHost) -> None:
    """An answer that the request's limit cut says so."""
    host.answers("a", "b", "never")

    deltas = await deltas_of(backend, prompt(max_tokens=2))

    assert text_of(deltas) == "ab"
    assert deltas[-1].finish == "length"


async def test_the_last_delta_counts(backend: Backend, host: FakeHost, dialect: str) -> None:
    """The host's counts of both texts are on the last delta, where it counts them."""
    host.answers("a", "b", finish="length", prompt_tokens=17)

    last = (await deltas_of(backend))[-1]

    assert last.completion_tokens == 2
    assert last.prompt_tokens == (None if dialect in COUNTLESS else 17)


async def test_the_end_token_is_never_text(backend: Backend, host: FakeHost) -> None:
    """The end of an infilling ends the answer and is not in it."""
    host.answers("a", EOT, "never")

    deltas = await deltas_of(backend)

    assert text_of(deltas) == "a"
    assert deltas[-1].finish == "end"


async def test_no_other_control_token_is_text(backend: Backend, host: FakeHost) -> None:
    """A control token that the model generates on the way is left out."""
    host.answers("a", Token(" <MID>", 32009, special=True), "b", Token("<s>", 1, special=True))

    assert text_of(await deltas_of(backend)) == "ab"


async def test_an_answer_may_be_empty(backend: Backend, host: FakeHost) -> None:
    """A model that ends at once gives a last delta without text."""
    host.answers(EOT)

    deltas = await deltas_of(backend)

    assert (text_of(deltas), deltas[-1].finish) == ("", "end")


async def test_one_back_end_serves_many_requests(backend: Backend, host: FakeHost) -> None:
    """After a whole answer the same back end gives the next."""
    host.answers("a")
    host.answers("b")

    assert [text_of(await deltas_of(backend)) for _ in "12"] == ["a", "b"]


# The contract: the bytes

EXOTIC = ("é", "漢🤗", "\u2028x\u0085", "\x0c", '"\\', "\r\n\t", "\u200d")


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(Wire(), id="plain"),
        pytest.param(Wire(space=False), id="no blank after data:"),
        pytest.param(Wire(newline="\r\n"), id="CRLF"),
        pytest.param(Wire(newline="\r"), id="CR"),
        pytest.param(Wire(comments=True), id="keep-alive comments"),
        pytest.param(Wire(chunk=1), id="single bytes"),
        pytest.param(Wire(chunk=1, newline="\r\n"), id="single bytes, CRLF"),
        pytest.param(Wire(chunk=7), id="cut anywhere"),
        pytest.param(Wire(chunk=1 << 20, comments=True), id="one chunk"),
    ],
)
async def test_a_stream_is_read_however_it_is_spelt(
    backend: Backend, host: FakeHost, wire: Wire
) -> None:
    """Blanks, line ends, comments and chunks change nothing, not even inside a character."""
    host.answers(*EXOTIC, wire=wire)

    deltas = await deltas_of(backend)

    assert text_of(deltas) == "".join(EXOTIC)
    assert deltas[-1].finish == "end"


# The contract: faults

FAULTS: dict[str, tuple[Callable[[FakeHost], None], type[errors.BackendError]]] = {
    "400 text": (lambda host: host.fail(400, text="no JSON"), errors.RequestRejected),
    "401 empty": (lambda host: host.fail(401), errors.Refused),
    "403": (lambda host: host.fail(403, json={"error": "gated"}), errors.Refused),
    "304": (lambda host: host.fail(304), errors.BadAnswer),
    "404 empty": (lambda host: host.fail(404), errors.NotFound),
    "404 page": (lambda host: host.html(404), errors.NotFound),
    "410": (lambda host: host.fail(410), errors.NotFound),
    "413 text": (lambda host: host.fail(413, text="length limit"), errors.RequestRejected),
    "422 JSON": (
        lambda host: host.fail(422, json={"error": "too long", "error_type": "validation"}),
        errors.RequestRejected,
    ),
    "422 text": (lambda host: host.fail(422, text="missing field"), errors.RequestRejected),
    "422 list": (lambda host: host.fail(422, json={"error": ["a", "b"]}), errors.RequestRejected),
    "429 empty": (lambda host: host.fail(429), errors.Overloaded),
    "429 JSON": (lambda host: host.fail(429, json={"error": "busy"}), errors.Overloaded),
    "500 null": (lambda host: host.fail(500, json={"error": None}), errors.HostFailed),
    "500 array": (lambda host: host.fail(500, json=["oops"]), errors.HostFailed),
    "418": (lambda host: host.fail(418, text="a teapot"), errors.HostFailed),
    "502 page": (lambda host: host.html(502), errors.Loading),
    "503 empty": (lambda host: host.fail(503), errors.Loading),
    "503 loading": (
        lambda host: host.fail(503, json={"error": {"code": 503, "message": "Loading model"}}),
        errors.Loading,
    ),
    "504": (lambda host: host.fail(504), errors.Loading),
    "500 type": (
        lambda host: host.fail(500, json={"error": "a", "error_type": ["b"]}),
        errors.HostFailed,
    ),
    "200 error": (lambda host: host.fail(200, json={"error": "loading"}), errors.HostFailed),
    "200 page": (lambda host: host.html(200), errors.BadAnswer),
    "200 JSON": (lambda host: host.fail(200, json={"content": "a"}), errors.BadAnswer),
    "204": (lambda host: host.fail(204), errors.BadAnswer),
    "hangs up": (lambda host: host.hang_up(), errors.Unreachable),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_one_clear_error(backend: Backend, host: FakeHost, fault: str) -> None:
    """Each fault has its error: one line that names the host and says what to do."""
    script, expected = FAULTS[fault]
    script(host)

    error = await failure_of(backend)

    assert type(error) is expected
    assert host.url in str(error)
    assert "\n" not in error.sentence()
    assert not str(error).endswith(".")


def _http_date(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


LIMIT = {"ratelimit": '"api";r=0;t=55', "ratelimit-policy": '"fixed window";"api";q=500;w=300'}
"""As the Hub says that nothing is left."""

TOLD: dict[str, tuple[Callable[[FakeHost], None], float | None]] = {
    "nothing": (lambda host: host.fail(429), None),
    "seconds": (lambda host: host.fail(429, headers={"retry-after": "7"}), 7),
    "seconds, loading": (lambda host: host.fail(503, headers={"retry-after": "7"}), 7),
    "seconds, failing": (lambda host: host.fail(500, headers={"retry-after": "7"}), 7),
    "date": (lambda host: host.fail(429, headers={"retry-after": _http_date(90)}), 90),
    "date gone by": (lambda host: host.fail(429, headers={"retry-after": _http_date(-90)}), None),
    "nonsense": (lambda host: host.fail(429, headers={"retry-after": "soon"}), None),
    "limit": (lambda host: host.fail(429, headers=LIMIT), 55),
    "limit and seconds": (lambda host: host.fail(429, headers={**LIMIT, "retry-after": "60"}), 60),
    "limit not reached": (lambda host: host.fail(429, headers={"ratelimit": '"a";r=3;t=9'}), None),
    "no matter of time": (lambda host: host.fail(401, headers=LIMIT), None),
    "loading": (lambda host: host.fail(503, json={"error": "a", "estimated_time": 98.8}), 98.8),
    "loading, 200": (
        lambda host: host.fail(200, json={"error": "a", "estimated_time": 20.0}),
        20,
    ),
    "loading, null": (
        lambda host: host.fail(503, json={"error": "a", "estimated_time": None}),
        None,
    ),
    "loading, text": (
        lambda host: host.fail(503, json={"error": "a", "estimated_time": "x"}),
        None,
    ),
    "loading, negative": (
        lambda host: host.fail(503, json={"error": "a", "estimated_time": -1}),
        None,
    ),
}


@pytest.mark.parametrize("told", TOLD)
async def test_a_fault_tells_when_to_ask_again(backend: Backend, host: FakeHost, told: str) -> None:
    """The time that a host tells is known with the error, and said in its sentence."""
    script, seconds = TOLD[told]
    script(host)

    error = await failure_of(backend)

    if seconds is None:
        assert error.retry_after_s is None
    else:
        assert error.retry_after_s == pytest.approx(seconds, abs=5)
        assert f"try again in about {error.retry_after_s:.0f} s" in error.sentence()


STREAM_FAULTS = [
    ("tgi", "Model is overloaded", "overloaded", errors.Overloaded),
    ("tgi", "Input validation error: `x`", "validation", errors.RequestRejected),
    ("tgi", "Request failed during generation", "generation", errors.HostFailed),
    ("tgi", "Incomplete generation", "incomplete_generation", errors.HostFailed),
    ("llamacpp", "Loading model", "unavailable_error", errors.Loading),
    ("llamacpp", "Context size has been exceeded", "server_error", errors.HostFailed),
    ("llamacpp", "Prompt contains invalid tokens", "invalid_request_error", errors.RequestRejected),
    ("huggingface", "Model is overloaded", "overloaded", errors.Overloaded),
    ("endpoint", "Input validation error: `x`", "validation", errors.RequestRejected),
    ("ollama", "an error was encountered while running the model", "", errors.HostFailed),
    ("openai", "The server had an error", "server_error", errors.HostFailed),
    ("openai", "Rate limit reached", "rate_limit_error", errors.Overloaded),
    ("openai of tgi", "Input validation error: `x`", "validation", errors.RequestRejected),
    ("vllm", "please reduce the length", "BadRequestError", errors.RequestRejected),
    ("vllm 0.4", "please reduce the length", "BadRequestError", errors.RequestRejected),
    ("mistral", "Service tier capacity exceeded", "rate_limit_error", errors.Overloaded),
    ("deepseek", "Invalid request", "invalid_request_error", errors.RequestRejected),
]


@pytest.mark.parametrize(("dialect", "message", "type_", "expected"), STREAM_FAULTS)
async def test_a_lone_error_event_is_an_error(
    backend: Backend,
    host: FakeHost,
    message: str,
    type_: str,
    expected: type[errors.BackendError],
) -> None:
    """An error under status 200 is the same error as under its own, in the host's words."""
    host.error_event(message, type_)

    error = await failure_of(backend)

    assert type(error) is expected
    assert message in str(error)


@pytest.mark.parametrize(("dialect", "message", "type_", "expected"), STREAM_FAULTS)
async def test_an_error_may_follow_tokens(
    backend: Backend,
    host: FakeHost,
    message: str,
    type_: str,
    expected: type[errors.BackendError],
) -> None:
    """What came before the error has been handed out, without a finish."""
    host.error_event(message, type_, after=("a", "b"))
    seen: list[Delta] = []

    with pytest.raises(expected):
        await collect_into(seen, backend)

    assert [(delta.text, delta.finish) for delta in seen] == [("a", None), ("b", None)]


async def collect_into(seen: list[Delta], backend: Backend) -> None:
    async with backend.stream(prompt()) as deltas:
        async for delta in deltas:
            seen.append(delta)  # noqa: PERF401 - a comprehension would lose them with the error


@pytest.mark.parametrize("how", ["abrupt", "clean"])
async def test_a_cut_stream_is_a_bad_answer(backend: Backend, host: FakeHost, how: Any) -> None:
    """A stream without its final event is no answer, however it ended."""
    host.cut_after("a", how=how)
    seen: list[Delta] = []

    with pytest.raises(errors.BadAnswer):
        await collect_into(seen, backend)

    assert [(delta.text, delta.finish) for delta in seen] == [("a", None)]


async def test_a_last_event_without_its_end_is_a_bad_answer(
    backend: Backend, host: FakeHost
) -> None:
    """Without the blank line that ends an event it may be half of one, so it does not count."""
    host.answers("a", "b", finish="length", wire=Wire(final_blank=False))
    seen: list[Delta] = []

    with pytest.raises(errors.BadAnswer):
        await collect_into(seen, backend)

    assert all(delta.finish is None for delta in seen)


@pytest.mark.parametrize("how", ["abrupt", "clean"])
async def test_an_empty_stream_is_a_bad_answer(backend: Backend, host: FakeHost, how: Any) -> None:
    """A stream that ends before its first event is no empty answer."""
    host.cut_after(how=how)

    assert type(await failure_of(backend)) is errors.BadAnswer


async def test_an_error_event_may_be_of_any_shape(
    backend: Backend, spoken: Spoken, host: FakeHost
) -> None:
    """An error whose type is none that we know is a failure of the host."""
    host.replies(spoken.streamed(b'{"error": ["a", {}], "error_type": ["b"]}'))

    assert type(await failure_of(backend)) is errors.HostFailed


@pytest.mark.parametrize("event", [b"{}", b"[]", b'"a"', b"1", b"{", b'{"token": 1}', b"\xff"])
async def test_an_event_of_another_protocol_is_a_bad_answer(
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


async def test_a_stream_that_falls_silent_times_out(spoken: Spoken, host: FakeHost) -> None:
    """The same time holds between two events."""
    gate = host.gate()
    host.answers("a", "b", gate=gate)
    gate.open()

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


async def test_a_host_may_recover(backend: Backend, host: FakeHost) -> None:
    """After faults of all sorts the same back end gives the next answer."""
    host.hang_up()
    host.cut_after("a")
    host.fail(503)
    host.answers("b")

    failures = [await failure_of(backend) for _ in range(3)]

    assert len(failures) == 3
    assert text_of(await deltas_of(backend)) == "b"


# The contract: the token


async def test_the_token_is_sent(backend: Backend, host: FakeHost) -> None:
    """Every request that needs it carries the token, as a bearer."""
    host.answers("a")

    await deltas_of(backend)

    assert {request.headers["authorization"] for request in host.requests} == {f"Bearer {SECRET}"}


async def test_a_wrong_token_is_refused(spoken: Spoken) -> None:
    """A host that wants another token refuses, in its own way."""
    with FakeHost(spoken.face, token="another") as host:
        async with spoken.opened(host.url) as backend:
            assert type(await failure_of(backend)) is errors.Refused


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_never_followed(backend: Backend, host: FakeHost, status: int) -> None:
    """The token, and the user's code, never reach a host that the settings do not name."""
    with FakeHost(Tgi()) as other:
        host.redirect(f"{other.url}/generate_stream", status)
        error = await failure_of(backend)

    assert type(error) is errors.BadAnswer
    assert other.requests == ()


@pytest.mark.parametrize("dialect", TELLING)
async def test_a_redirect_about_the_model_is_never_followed(
    backend: Backend, spoken: Spoken, host: FakeHost
) -> None:
    """The same holds for what answers the question which model it is."""
    with FakeHost(Tgi()) as other:
        host.redirect(f"{other.url}{spoken.about_model}", path=spoken.about_model)
        with pytest.raises(errors.BadAnswer):
            await backend.model()

    assert other.requests == ()


ECHO = f"the token {SECRET} is not good"
ECHOES: dict[str, Callable[[FakeHost], None]] = {
    "401": lambda host: host.fail(401, json={"error": ECHO}),
    "400 text": lambda host: host.fail(400, text=ECHO),
    "500 list": lambda host: host.fail(500, json={"error": [ECHO]}),
    "500 object": lambda host: host.fail(500, json={"error": {"message": ECHO}}),
    "cut off": lambda host: host.fail(500, text="x" * (200 - len(SECRET) // 2) + SECRET),
    "event": lambda host: host.error_event(ECHO, "overloaded"),
    "no JSON": lambda host: host.replies(
        Response(200, {"content-type": "text/event-stream"}, (f"data: {ECHO}\n\n".encode(),))
    ),
    "redirect": lambda host: host.redirect(f"http://elsewhere.invalid/?token={SECRET}"),
    "content type": lambda host: host.replies(Response(200, {"content-type": SECRET}, (b"a",))),
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
    assert SECRET[: len(SECRET) // 2] not in error.sentence()
    assert SECRET not in "".join(logged)


async def test_a_whole_answer_tells_the_token_to_no_log(
    backend: Backend, host: FakeHost, caplog: pytest.LogCaptureFixture
) -> None:
    """No log record of a good request holds the token at any level."""
    caplog.set_level(logging.NOTSET)
    host.answers("a")

    await backend.model()
    await deltas_of(backend)

    assert caplog.records
    assert SECRET not in caplog.text


@pytest.mark.parametrize("dialect", TELLING)
async def test_a_bad_answer_about_the_model_does_not_tell_the_token(
    backend: Backend, spoken: Spoken, host: FakeHost
) -> None:
    """The same holds for what answers the question which model it is."""
    host.fail(200, text=ECHO, path=spoken.about_model)

    with pytest.raises(errors.BadAnswer) as raised:
        await backend.model()

    assert SECRET not in raised.value.sentence()


async def test_the_credentials_of_a_url_are_never_told(
    spoken: Spoken, host: FakeHost, caplog: pytest.LogCaptureFixture
) -> None:
    """A password inside `backend.url` is in no message and in no log."""
    caplog.set_level(logging.NOTSET)
    host.fail(500, text="oops")
    with_password = host.url.replace("http://", "http://user:password@")

    async with spoken.opened(with_password) as backend:
        error = await failure_of(backend)

    assert "password" not in error.sentence()
    assert "password" not in caplog.text


@pytest.mark.parametrize("bad", ["line\n", "a\r\nb", "é", "\u2028", " ", "\0"])
@pytest.mark.parametrize("where", ["token", "headers"])
async def test_what_no_header_can_hold_is_bad_input(spoken: Spoken, bad: str, where: str) -> None:
    """A token or a header of no use is told before anything is sent, and not repeated."""
    value = f"{SECRET}{bad}"
    given: Any = {"token": value} if where == "token" else {"headers": {"X-Key": value}}
    url = f"http://127.0.0.1:1{spoken.path}"
    settings = BackendSettings(kind=spoken.kind, url=url, model=spoken.model, **given)

    with pytest.raises(errors.BadInput) as raised:
        connect(settings, no_progress)

    assert f"backend.{where}" in raised.value.sentence()
    assert SECRET not in raised.value.sentence()


# The contract: leaving

AT_ONCE_S = 1.0
"""Far more than the few milliseconds it takes, far less than any timeout."""


async def test_leaving_early_closes_the_connection(backend: Backend, host: FakeHost) -> None:
    """A reader that leaves the stream stops the host at once."""
    gate = host.gate()
    host.answers("a", "b", gate=gate)
    gate.open()

    async with backend.stream(prompt()) as deltas:
        await anext(deltas)
    left_at = time.monotonic()
    await host.wait_async(lambda host: not host.open_exchanges)

    assert host.asked[-1].ending == "client left"
    assert (host.asked[-1].ended_at or 0) - left_at < AT_ONCE_S


SOON_S = 0.05
"""Within this time of a cancel the host must know: it generates for nobody meanwhile."""

ATTEMPTS = 5
"""A machine with other work now and then takes longer by itself, but not every time."""


async def left_after_s(work: Coroutine[Any, Any, object], host: FakeHost, pieces: int) -> float:
    """Cancel the work when the host has sent so many pieces; return when it saw us leave."""
    asked = len(host.asked)
    task = asyncio.create_task(work)
    await host.wait_async(lambda host: [e.pieces_sent for e in host.asked[asked:]] == [pieces])
    [exchange] = host.asked[asked:]

    cancelled_at = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await host.wait_async(lambda host: not host.open_exchanges, AT_ONCE_S)

    assert exchange.client_left_at is not None
    return exchange.client_left_at - cancelled_at


@pytest.mark.parametrize("sent", [0, 1], ids=["before the first delta", "in the stream"])
async def test_cancelling_a_stream_closes_its_connection(
    backend: Backend, host: FakeHost, sent: int
) -> None:
    """The host sees within 50 ms that nobody reads any more."""
    for _ in range(ATTEMPTS):
        gate = host.gate()
        host.answers("a", "b", gate=gate)
        gate.open(sent)
        seconds = await left_after_s(deltas_of(backend), host, sent)
        if seconds < SOON_S:
            return
    pytest.fail(f"at best {seconds:.3f} s")


async def test_cancelling_before_any_answer_closes_the_connection(
    backend: Backend, host: FakeHost
) -> None:
    """A host that has not even begun to answer sees it within 50 ms, too."""
    for _ in range(ATTEMPTS):
        host.hang()
        seconds = await left_after_s(deltas_of(backend), host, 0)
        if seconds < SOON_S:
            return
    pytest.fail(f"at best {seconds:.3f} s")


@pytest.mark.parametrize("dialect", TELLING)
async def test_cancelling_a_question_closes_its_connection(
    backend: Backend, spoken: Spoken, host: FakeHost
) -> None:
    """What is not streamed, such as the question for the model, ends within 50 ms as well."""
    for _ in range(ATTEMPTS):
        host.hang(path=spoken.about_model)
        seconds = await left_after_s(backend.model(), host, 0)
        if seconds < SOON_S:
            return
    pytest.fail(f"at best {seconds:.3f} s")


async def test_an_error_in_the_reader_closes_the_connection(
    backend: Backend, host: FakeHost
) -> None:
    """An exception of the reader leaves the stream as it is, and the host stops."""
    gate = host.gate()
    host.answers("a", "b", gate=gate)
    gate.open()

    with pytest.raises(ZeroDivisionError):
        await read_and_fail(backend)

    await host.wait_async(lambda host: not host.open_exchanges, AT_ONCE_S)


async def read_and_fail(backend: Backend) -> None:
    async with backend.stream(prompt()) as deltas:
        await anext(deltas)
        raise ZeroDivisionError


async def test_a_cancelled_request_does_not_spoil_the_next(
    backend: Backend, host: FakeHost
) -> None:
    """After a request was cancelled the same back end answers another."""
    host.hang()
    host.answers("b")
    task = asyncio.create_task(deltas_of(backend))
    await host.wait_async(lambda host: len(host.asked) == 1)

    task.cancel()
    await asyncio.wait({task})

    assert text_of(await deltas_of(backend)) == "b"


# The contract: what the host serves


@pytest.mark.parametrize("dialect", TELLING)
async def test_a_model_that_is_not_told_is_asked_again(
    backend: Backend, spoken: Spoken, host: FakeHost
) -> None:
    """A host that was not ready when it was asked for its model is asked again."""
    host.fail(503, path=spoken.about_model)

    with pytest.raises(errors.Loading):
        await backend.model()

    assert (await backend.model()).name


STRANGE = [
    {}, [], {"default_generation_settings": None}, {"n_ctx": "x"}, {"data": []}, {"data": [{}]},
    {"model_info": []}, {"model_info": {"llama.context_length": "x"}},
]  # fmt: skip


@pytest.mark.parametrize("dialect", TELLING)
@pytest.mark.parametrize("answer", STRANGE, ids=str)
async def test_a_strange_answer_about_the_model_is_no_traceback(
    backend: Backend, spoken: Spoken, host: FakeHost, answer: object
) -> None:
    """What tells no model is either a model unknown or one error."""
    host.fail(200, json=answer, path=spoken.about_model)

    try:
        context_tokens = (await backend.model()).context_tokens
    except (errors.BadAnswer, errors.NotFound):
        context_tokens = None

    # Ollama's is the user's to set.
    assert context_tokens in ((None, 4096) if spoken.kind == "ollama" else (None,))


@pytest.mark.parametrize("dialect", [name for name, spoken in DIALECTS.items() if spoken.found])
async def test_the_kind_can_be_found_out(spoken: Spoken, host: FakeHost) -> None:
    """With the kind "auto", the host is asked what it is and then spoken to so."""
    host.answers("a")

    async with spoken.opened(host.url, kind="auto") as backend:
        text = text_of(await deltas_of(backend))

    assert text == "a"
    assert backend.kind == spoken.found
