"""Newest wins: of the work for one key, the newest ends the older, and nothing is left over."""

from __future__ import annotations

import asyncio

import pytest

from fakes.backend import Block
from infill_ls.completion.latest import Latest, Superseded
from infill_ls.errors import Unreachable


class Work:
    """Work that begins, waits and ends, and closes what it opened."""

    def __init__(self) -> None:
        self.waiting = Block()
        self.closing: Block | None = None
        self.closed = False

    async def run(self, result: str = "done") -> str:
        try:
            await self.waiting.hold()
        finally:
            if self.closing is not None:
                await self.closing.hold()
            self.closed = True
        return result


def tasks_left() -> int:
    return len(asyncio.all_tasks()) - 1


async def settle() -> None:
    """Let everything go on that can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_work_runs_to_its_end() -> None:
    """Alone, work gives what it gives, and leaves no task."""
    work = Work()
    work.waiting.release()

    assert await Latest().run("a", work.run("result")) == "result"
    assert tasks_left() == 0


async def test_newer_work_ends_the_older() -> None:
    """The older raises Superseded and closes what it opened; the newer goes on."""
    latest, older, newer = Latest(), Work(), Work()
    first = asyncio.create_task(latest.run("a", older.run()))
    await older.waiting.reached()

    second = asyncio.create_task(latest.run("a", newer.run("newer")))
    with pytest.raises(Superseded):
        await first
    newer.waiting.release()

    assert older.closed
    assert await second == "newer"
    assert tasks_left() == 0


async def test_only_the_newest_of_many_is_left() -> None:
    """Work that never got to begin is ended as well."""
    latest, last = Latest(), Work()
    last.waiting.release()

    *older, newest = await asyncio.gather(
        *(latest.run("a", Work().run()) for _ in range(9)),
        latest.run("a", last.run("last")),
        return_exceptions=True,
    )

    assert [type(error) for error in older] == [Superseded] * 9
    assert newest == "last"
    assert tasks_left() == 0


async def test_other_key_is_not_affected() -> None:
    """Work for one key lets that for another be."""
    latest, one, other = Latest(), Work(), Work()
    first = asyncio.create_task(latest.run("a", one.run("one")))
    await one.waiting.reached()

    second = asyncio.create_task(latest.run("b", other.run("other")))
    one.waiting.release()
    other.waiting.release()

    assert (await first, await second) == ("one", "other")


async def test_work_that_has_ended_is_not_superseded() -> None:
    """A later wish does not take away what was given."""
    latest, first, second = Latest(), Work(), Work()
    first.waiting.release()
    second.waiting.release()

    results = [await latest.run("a", first.run("1")), await latest.run("a", second.run("2"))]

    assert results == ["1", "2"]


async def test_error_is_raised_to_its_caller() -> None:
    """What the work raises is not touched, and the next work is as good as the first."""

    async def fail() -> str:
        raise Unreachable("no host")

    latest, work = Latest(), Work()
    work.waiting.release()

    with pytest.raises(Unreachable, match="no host"):
        await latest.run("a", fail())

    assert await latest.run("a", work.run()) == "done"


async def test_cancelling_the_caller_cancels_the_work() -> None:
    """The caller, and nobody else, is told so; the work has closed by then."""
    latest, work = Latest(), Work()
    caller = asyncio.create_task(latest.run("a", work.run()))
    await work.waiting.reached()

    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller

    assert work.closed
    assert tasks_left() == 0


async def test_timeout_of_the_caller_is_a_timeout() -> None:
    """A caller that waits for so long only is not told that it was superseded."""
    work = Work()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await Latest().run("a", work.run())

    assert tasks_left() == 0


async def test_closing_is_not_broken_off_by_newer_work() -> None:
    """An editor cancels and asks again at once; the connection is closed all the same."""
    latest, older, newer = Latest(), Work(), Work()
    older.closing = Block()
    newer.waiting.release()
    first = asyncio.create_task(latest.run("a", older.run()))
    await older.waiting.reached()

    first.cancel()
    await older.closing.reached()
    await latest.run("a", newer.run())
    closed_early = older.closed
    older.closing.release()
    with pytest.raises(asyncio.CancelledError):
        await first

    assert (closed_early, older.closed) == (False, True)


async def test_newer_work_does_not_wait_for_the_older_to_close() -> None:
    """Closing a connection may take a while that the user need not wait."""
    latest, older, newer = Latest(), Work(), Work()
    older.closing = Block()
    newer.waiting.release()
    first = asyncio.create_task(latest.run("a", older.run()))
    await older.waiting.reached()

    result = await latest.run("a", newer.run("newer"))

    assert (result, older.closed) == ("newer", False)
    older.closing.release()
    with pytest.raises(Superseded):
        await first
    assert older.closed


async def test_aclose_ends_all_work() -> None:
    """Afterwards nothing runs, and who waits is told that nothing comes."""
    latest, works = Latest(), [Work(), Work()]
    callers = [
        asyncio.create_task(latest.run(key, work.run()))
        for key, work in zip("ab", works, strict=True)
    ]
    for work in works:
        await work.waiting.reached()

    await latest.aclose()

    assert [work.closed for work in works] == [True, True]
    results = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(error) for error in results] == [Superseded, Superseded]
    assert tasks_left() == 0


async def test_aclose_waits_for_what_was_superseded() -> None:
    """Older work that is still closing has closed when `aclose` returns."""
    latest, older, newer = Latest(), Work(), Work()
    older.closing = Block()
    callers = [asyncio.create_task(latest.run("a", older.run()))]
    await older.waiting.reached()
    callers.append(asyncio.create_task(latest.run("a", newer.run())))
    await older.closing.reached()

    closing = asyncio.create_task(latest.aclose())
    await settle()
    done_early = closing.done()
    older.closing.release()
    await closing

    assert (done_early, older.closed, newer.closed) == (False, True, True)
    await asyncio.gather(*callers, return_exceptions=True)


async def test_aclose_of_nothing_is_nothing() -> None:
    """It may be called before any work, and twice."""
    latest = Latest()

    await latest.aclose()
    await latest.aclose()
