"""The status tells each change once, and keeps health and busyness apart."""

from __future__ import annotations

import asyncio
import logging

import pytest

from infill_ls.completion.hosts.chain import Trouble
from infill_ls.errors import InfillError, Loading, NoBackend, Overloaded, TimedOut, Unreachable
from infill_ls.lsp.protocol import Health, StatusParams
from infill_ls.lsp.status import Status

NEW = StatusParams("ok", False, "")
WELL, WORKING = StatusParams("ok", False, "", None, "m"), StatusParams("ok", True, "", None, "m")


@pytest.fixture
def sent() -> list[StatusParams]:
    """What the editor was told."""
    return []


@pytest.fixture
def status(sent: list[StatusParams]) -> Status:
    """A status of which nothing has been told."""
    return Status(sent.append)


async def test_busy_lasts_as_long_as_any_work(status: Status, sent: list[StatusParams]) -> None:
    """Of work that overlaps, the first to last is told, and the last at its end."""
    with status.busy("m"):
        with status.busy("m"):
            await told(sent, 1)
        told_meanwhile = sent.copy()

    assert told_meanwhile == [WORKING]
    assert sent == [WORKING, WELL]


async def test_work_of_a_moment_is_not_told(status: Status, sent: list[StatusParams]) -> None:
    """A keystroke that is answered at once makes no flicker, neither then nor later."""
    with status.busy("m"):
        await asyncio.sleep(0)
    with status.busy("m"):
        await told(sent, 2)

    assert sent == [WELL, WORKING, WELL]


async def told(sent: list[StatusParams], count: int) -> None:
    """Wait until the editor was told so often."""
    async with asyncio.timeout(30):
        while len(sent) < count:  # noqa: ASYNC110 - nothing but `sent` tells
            await asyncio.sleep(0)


async def test_work_that_fails_is_no_longer_busy(status: Status, sent: list[StatusParams]) -> None:
    """An exception ends the work like anything else."""
    with pytest.raises(TimedOut), status.busy("m"):
        raise TimedOut("late")

    assert sent[-1] == WELL


@pytest.mark.parametrize(
    ("error", "health"),
    [
        (TimedOut("late"), "error"),
        (NoBackend("none"), "error"),
        (Loading("soon"), "warning"),
        (Overloaded("later"), "warning"),
    ],
)
def test_what_passes_by_itself_is_a_warning(
    status: Status, sent: list[StatusParams], error: InfillError, health: Health
) -> None:
    """A host that is busy or loading is a warning, any other trouble an error."""
    status.failed(error)

    assert sent == [StatusParams(health, False, str(error))]


def test_the_message_says_what_to_do(status: Status, sent: list[StatusParams]) -> None:
    """The hint is part of the message."""
    status.failed(TimedOut("it was late", hint="try again"))

    assert sent[-1].message == "it was late: try again"


def test_the_same_trouble_is_told_and_logged_once(
    status: Status, sent: list[StatusParams], caplog: pytest.LogCaptureFixture
) -> None:
    """An error at each keystroke is one line in the log until all is well, and so is another."""
    with caplog.at_level(logging.WARNING):
        for error in (TimedOut("late"), TimedOut("late"), TimedOut("later"), Loading("soon")):
            status.failed(error)
        status.answered(None)
        status.failed(Loading("soon"))

    assert [params.message for params in sent] == ["late", "later", "soon", "", "soon"]
    assert caplog.messages == [
        "no completion: late",
        "no completion: soon",
        "no completion: soon",
    ]


def test_the_status_tells_until_when(status: Status, sent: list[StatusParams]) -> None:
    """The end of a rest is told in whole seconds, never too early, and taken back."""
    status.failed(Loading("soon"), until=1_700_000_000.25)
    status.answered(None)

    assert [params.until for params in sent] == [1_700_000_001, None]


def test_the_status_tells_who_answers_instead(
    status: Status, sent: list[StatusParams], caplog: pytest.LogCaptureFixture
) -> None:
    """A fallback is a warning that names both, told and logged once."""
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            status.answered(Trouble(Unreachable("gpu cannot be reached"), 7.0, "embedded"))

    message = "gpu cannot be reached; embedded answers instead"
    assert sent == [StatusParams("warning", False, message, 7)]
    assert caplog.messages == [message]


def test_a_known_answer_of_a_host_that_rests_does_not_make_it_well(
    status: Status, sent: list[StatusParams]
) -> None:
    """What was remembered says nothing of the host."""
    status.failed(Loading("soon"), until=7.0)
    status.answered(Trouble(Loading("soon"), 7.0, None))

    assert sent == [StatusParams("warning", False, "soon", 7)]


async def test_trouble_stays_while_the_host_is_asked_again(
    status: Status, sent: list[StatusParams]
) -> None:
    """Asking is no success: the message stands until an answer has come."""
    status.failed(TimedOut("late"))

    with status.busy("m"):
        await told(sent, 2)
    status.answered(None)

    assert sent[1:] == [
        StatusParams("error", True, "late", None, "m"),
        StatusParams("error", False, "late", None, "m"),
        WELL,
    ]


def test_being_well_is_told_once(status: Status, sent: list[StatusParams]) -> None:
    """A success after a success changes nothing."""
    status.answered(None)
    status.answered(None)

    assert sent == [NEW]


async def test_the_status_names_the_model(status: Status, sent: list[StatusParams]) -> None:
    """It is the one that was asked last, and another one is a change."""
    for model in ("m", "m", "other"):
        with status.busy(model):
            pass

    assert [params.model for params in sent] == ["m", "other"]
