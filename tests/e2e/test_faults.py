"""Whatever the host does, the editor gets null and a status, and the next request works."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from lsprotocol import types

from e2e.editor import AUTOMATIC, INLINE, Editor
from e2e.server import NOT_AHEAD, served_by
from fakes.faces.tgi import Tgi
from fakes.host import FakeHost, refused_url
from fakes.response import Response
from infill_ls.lsp.protocol import Health, StatusParams

SHOWS_PROGRESS = types.ClientCapabilities(
    text_document=INLINE, window=types.WindowClientCapabilities(work_done_progress=True)
)
ASSIGNMENT = "a = ‸"
IMPATIENT = {"readTimeoutMs": 1_000, "patienceS": 0}
"""Settings of a back end with which a fault is told at once."""

WELL, WORKING = (StatusParams("ok", busy, "", model=Tgi().model) for busy in (False, True))

Fault = tuple[Callable[[FakeHost], None], Health, str]
"""What the host does, how that is told, and with which words among others."""

FAULTS: dict[str, Fault] = {
    "401": (lambda host: host.fail(401), "error", "backend.token"),
    "404": (lambda host: host.fail(404), "error", "backend.url"),
    "429": (lambda host: host.error_event("full", "overloaded"), "warning", "wait a moment"),
    "500": (lambda host: host.fail(500, text="oops"), "error", "oops"),
    "503": (lambda host: host.fail(503), "warning", "not ready yet"),
    "HTML": (lambda host: host.html(500), "error", "HTML page"),
    "HTML with status 200": (lambda host: host.html(200), "error", "backend.url"),
    "redirect": (lambda host: host.redirect("http://127.0.0.1:1/"), "error", "redirects to"),
    "silence": (lambda host: host.hang(), "error", "in time"),
    "hanging up": (lambda host: host.hang_up(), "error", ""),
    "dying mid-stream": (lambda host: host.cut_after("1"), "error", "broke off"),
    "an error mid-stream": (
        lambda host: host.error_event("no memory", "generation", after=("1",)),
        "error",
        "no memory",
    ),
    "bad JSON": (lambda host: host.replies(_stream(b"data: {nonsense\n\n")), "error", "nonsense"),
    "other JSON": (lambda host: host.replies(_stream(b'data: {"a": 1}\n\n')), "error", ""),
}


def _stream(body: bytes) -> Response:
    return Response(200, {"content-type": "text/event-stream"}, (body,))


async def test_after_a_fault_the_next_request_works(
    editor: Editor, host: FakeHost, subtests: pytest.Subtests
) -> None:
    """A fault is null and a status that says what is wrong; the next success takes it back."""
    await editor.begin(served_by(host, backend=IMPATIENT, cache={"entries": 0}))
    cursor = editor.open(ASSIGNMENT)
    for name, (script, health, words) in FAULTS.items():
        script(host)

        failed = await editor.inline(cursor)
        status = editor.statuses[-1]
        host.answers("1")
        text = await editor.text(cursor)

        with subtests.test(name):
            assert failed is None
            assert (status.health, status.busy) == (health, False)
            assert host.url in status.message
            assert words in status.message
            assert text == "1"
            assert editor.statuses[-1] == WELL
    assert editor.messages == []


async def test_a_fault_before_the_model_is_known_is_no_different(
    editor: Editor, host: FakeHost
) -> None:
    """A host that fails when it is asked for its model is asked again by the next request."""
    host.hang(path="/info")
    host.answers("1")
    await editor.begin(served_by(host, backend=IMPATIENT, prompt=NOT_AHEAD))
    cursor = editor.open(ASSIGNMENT)

    failed = await editor.inline(cursor)
    status = editor.statuses[-1]
    text = await editor.text(cursor)

    assert failed is None
    assert "in time" in status.message
    assert text == "1"
    assert editor.statuses[-1] == WELL


async def test_the_status_tells_when_the_host_works(editor: Editor, host: FakeHost) -> None:
    """Busy is told when the host takes its time, and taken back when it has answered."""
    gate = host.gate()
    host.answers("1", gate=gate)
    await editor.begin(served_by(host))

    asking = asyncio.create_task(editor.text(editor.open(ASSIGNMENT)))
    await editor.until(lambda: editor.statuses == [WORKING])
    for _ in range(3):
        gate.open()
    await asking

    assert editor.statuses == [WORKING, WELL]


async def test_a_fault_that_goes_on_is_told_once(editor: Editor, host: FakeHost) -> None:
    """Keystrokes on a host that fails are one request, one change of health, one line of log."""
    host.fail(503)
    await editor.begin(served_by(host))
    cursor = editor.open(ASSIGNMENT)

    answers = [await editor.inline(cursor, trigger=AUTOMATIC) for _ in range(3)]

    assert answers == [None] * 3
    assert len([log for log in editor.log_messages if "not ready yet" in log.message]) == 1
    # Before that, a slow machine may be told to be busy.
    healths = [status.health for status in editor.statuses]
    assert healths == ["ok"] * (len(healths) - 1) + ["warning"]
    assert len(host.asked) == 1


async def test_a_host_that_wakes_up_is_shown_as_progress(editor: Editor, host: FakeHost) -> None:
    """A model that loads is a warning with its time, and progress until then; never an error."""
    host.fail(503, json={"error": "loading", "estimated_time": 600})
    await editor.begin(served_by(host), SHOWS_PROGRESS)

    answer = await editor.inline(editor.open(ASSIGNMENT), trigger=AUTOMATIC)
    await editor.until(lambda: any(editor.progress_reports.values()))
    [[begin]] = editor.progress_reports.values()
    status = editor.statuses[-1]

    assert answer is None
    assert isinstance(begin, types.WorkDoneProgressBegin)
    assert f"{host.url} is not ready yet" in begin.title
    assert status.health == "warning"
    assert status.until is not None
    assert 590 < status.until - time.time() < 602
    assert editor.messages == []


async def test_an_invoked_completion_waits_with_progress(editor: Editor, host: FakeHost) -> None:
    """Whoever asks for a completion is shown what is waited for, and gets it when it is there."""
    host.fail(503, json={"error": "loading", "estimated_time": 2})
    host.answers("1")
    await editor.begin(served_by(host), SHOWS_PROGRESS)

    text = await editor.text(editor.open(ASSIGNMENT))

    [(begin, end)] = editor.progress_reports.values()
    assert text == "1"
    assert isinstance(begin, types.WorkDoneProgressBegin)
    assert begin.cancellable
    assert "waiting" in begin.title
    assert isinstance(end, types.WorkDoneProgressEnd)
    assert editor.statuses[-1] == WELL


async def test_a_wait_can_be_cancelled(editor: Editor, host: FakeHost) -> None:
    """Cancelling the progress ends the completion that waits, and asks nobody any more."""
    host.fail(503, json={"error": "loading", "estimated_time": 200})
    await editor.begin(served_by(host), SHOWS_PROGRESS)
    waiting = editor.asking(editor.open(ASSIGNMENT))
    await editor.until(lambda: any(editor.progress_reports.values()))
    [token] = editor.progress_reports

    editor.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token))

    assert await waiting is None
    assert len(host.asked) == 1


async def test_another_back_end_answers_meanwhile(
    editor: Editor, host: FakeHost, other_host: FakeHost
) -> None:
    """The status says who answers instead of whom, why, and until when."""
    host.fail(429, headers={"retry-after": "600"})
    other_host.answers("2")
    other = {"kind": "tgi", "url": other_host.url}
    await editor.begin({**served_by(host, cache={"entries": 0}), "fallback": [other]})
    cursor = editor.open(ASSIGNMENT)

    text = await editor.text(cursor)
    status = editor.statuses[-1]

    assert text == "2"
    assert status.health == "warning"
    assert status.message.startswith(f"{host.url} has too much to do")
    assert status.message.endswith("; tgi answers instead")
    assert status.until is not None


async def test_a_host_that_is_not_there(editor: Editor) -> None:
    """Where nobody listens, the status says that the host cannot be reached."""
    with refused_url() as url:
        await editor.begin({"backend": {"kind": "tgi", "url": url}})

        answer = await editor.inline(editor.open(ASSIGNMENT))

    assert answer is None
    assert editor.statuses[-1].message.startswith(f"{url} cannot be reached")


async def test_no_back_end_is_told_with_the_command_that_mends_it(editor: Editor) -> None:
    """With nothing set up, the first request shows what to do; the next ones do not repeat it."""
    await editor.begin()
    cursor = editor.open(ASSIGNMENT)

    answers = [await editor.inline(cursor), await editor.inline(cursor)]

    assert answers == [None, None]
    [message] = editor.messages
    assert "infill-ls" in message.message
    assert "backend.url" in message.message
    assert editor.statuses == [StatusParams("error", False, message.message)]


@pytest.mark.parametrize(
    ("backend", "says"),
    [
        ({"kind": "tgi", "url": "localhost:8080"}, "backend.url"),
        ({"kind": "embedded", "model": "/none.gguf"}, "/none.gguf"),
    ],
)
async def test_settings_that_cannot_work_are_told(
    editor: Editor, backend: dict[str, str], says: str
) -> None:
    """A back end that cannot be made is a status too, and never a silent server."""
    await editor.begin({"backend": backend})

    answer = await editor.inline(editor.open(ASSIGNMENT))

    assert answer is None
    assert editor.statuses[-1].health == "error"
    assert says in editor.statuses[-1].message
