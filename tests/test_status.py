"""The status tells each change once, and keeps health and busyness apart."""

from __future__ import annotations

import logging

import pytest

from infill_ls.errors import InfillError, Loading, NoBackend, Overloaded, TimedOut
from infill_ls.lsp.protocol import Health, StatusParams
from infill_ls.lsp.status import Status

WELL, WORKING = StatusParams("ok", False, ""), StatusParams("ok", True, "")


@pytest.fixture
def sent() -> list[StatusParams]:
    """What the editor was told."""
    return []


@pytest.fixture
def status(sent: list[StatusParams]) -> Status:
    """A status of which nothing has been told."""
    return Status(sent.append)


def test_busy_lasts_as_long_as_any_work(status: Status, sent: list[StatusParams]) -> None:
    """Of work that overlaps, the first is told at its start and the last at its end."""
    with status.busy():
        with status.busy():
            pass
        told_meanwhile = sent.copy()

    assert told_meanwhile == [WORKING]
    assert sent == [WORKING, WELL]


def test_work_that_fails_is_no_longer_busy(status: Status, sent: list[StatusParams]) -> None:
    """An exception ends the work like anything else."""
    with pytest.raises(TimedOut), status.busy():
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
    """An error at each keystroke is one status and one line in the log, and so is the next."""
    with caplog.at_level(logging.WARNING):
        for message in ("late", "late", "later", "later"):
            status.failed(TimedOut(message))

    assert [params.message for params in sent] == ["late", "later"]
    assert caplog.messages == ["no completion: late", "no completion: later"]


def test_trouble_stays_while_the_host_is_asked_again(
    status: Status, sent: list[StatusParams]
) -> None:
    """Asking is no success: the message stands until an answer has come."""
    status.failed(TimedOut("late"))

    with status.busy():
        pass
    status.well()

    assert sent[1:] == [
        StatusParams("error", True, "late"),
        StatusParams("error", False, "late"),
        WELL,
    ]


def test_being_well_is_told_once(status: Status, sent: list[StatusParams]) -> None:
    """A success after a success changes nothing."""
    status.well()
    status.well()

    assert sent == [WELL]
