"""Sparing hosts that fail: when they are asked again, who answers meanwhile, and who waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

import pytest

from fakes.backend import HandClock, HandPause, ScriptedBackend, Steps
from infill_ls import errors
from infill_ls.completion.completer import Completer
from infill_ls.completion.hosts.chain import Trouble
from infill_ls.completion.hosts.rest import LONGEST_S, Rest
from infill_ls.errors import (
    BackendError,
    HostFailed,
    Loading,
    NoBackend,
    Overloaded,
    Refused,
    Unreachable,
)
from infill_ls.settings.tree import BackendSettings, Settings
from infill_ls.types import Completion, CompletionRequest, ModelInfo, Trigger

RequestAt = Callable[..., CompletionRequest]
Typed = Callable[["Hosts"], Awaitable[Completion | None]]

FIRST, SECOND = "http://first.example", "http://second.example"

RESTING = {
    "Unreachable": Unreachable("gone"),
    "TimedOut": errors.TimedOut("late"),
    "Refused": errors.Refused("no"),
    "NotFound": errors.NotFound("none"),
    "Overloaded": Overloaded("busy"),
    "Loading": Loading("soon"),
    "HostFailed": HostFailed("oops"),
    "BadAnswer": errors.BadAnswer("html"),
}
"""What is no fault of the request, so that the next one would meet it too."""


class Waits:
    """Lets the clock run on while it is waited, and notes for how long and why."""

    def __init__(self, clock: HandClock, steps: Steps) -> None:
        self.pause = HandPause(steps)
        self.steps = steps
        self.titles: list[str] = []
        self._clock = clock

    async def __call__(self, seconds: float) -> None:
        self._clock.advance(seconds)
        await self.pause(seconds)

    @asynccontextmanager
    async def progress(self, title: str) -> AsyncIterator[None]:
        self.titles.append(title)
        yield


@dataclass
class Hosts:
    """A host, one to fall back on unless it is alone, and a completer that asks them."""

    alone: bool = False
    most_in_flight: int | None = None
    clock: HandClock = field(default_factory=HandClock)
    steps: tuple[Steps, Steps] = field(default_factory=lambda: (Steps(), Steps()))

    def __post_init__(self) -> None:
        self.clock.advance(1_000)
        self.hosts = {
            url: ScriptedBackend(ModelInfo(f"codellama {url}", None), steps)
            for url, steps in zip((FIRST, SECOND), self.steps, strict=True)
        }
        self.first, self.second = self.hosts.values()
        self.waits = Waits(self.clock, Steps())
        limit = self.most_in_flight
        settings = Settings(
            backend=BackendSettings(url=FIRST, in_flight=limit, patience_s=100),
            fallback=() if self.alone else (BackendSettings(url=SECOND, in_flight=limit),),
        )
        self.completer = Completer(
            settings,
            lambda backend: self.hosts[backend.url or ""],
            self.waits.progress,
            pause=self.waits,
            clock=self.clock,
        )

    def fail(self, *failures: BackendError | None) -> None:
        """Fail so where the next prompt is sent, for each of the hosts."""
        for steps, failure in zip(self.steps, failures, strict=False):
            if failure is not None:
                steps.fail("open", failure)

    @property
    def asked(self) -> tuple[int, int]:
        """How many prompts each host was sent."""
        return len(self.first.prompts), len(self.second.prompts)


@pytest.fixture
async def hosts() -> AsyncIterator[Hosts]:
    """Two hosts that are well."""
    hosts = Hosts()
    yield hosts
    await hosts.completer.aclose()


@pytest.fixture
async def alone() -> AsyncIterator[Hosts]:
    """One host that is well."""
    hosts = Hosts(alone=True)
    yield hosts
    await hosts.completer.aclose()


@pytest.fixture
def typed(request_at: RequestAt) -> Typed:
    """Make automatic requests, each at a place that was not asked about before."""
    numbers = count()

    def ask(hosts: Hosts) -> Awaitable[Completion | None]:
        request = request_at(f"x{next(numbers)} = ‸", trigger=Trigger.AUTOMATIC)
        return hosts.completer.complete(request)

    return ask


async def loop_is_idle() -> None:
    """Let all tasks go on to where they wait for something."""
    for _ in range(20):
        await asyncio.sleep(0)


# How long a host is left alone.


@pytest.mark.parametrize("told_s", [None, 0.0, 0.5])
def test_the_first_rest_is_one_to_two_seconds(told_s: float | None) -> None:
    """A host that does not say how long, or says less, is left alone for a moment."""
    clock = HandClock()
    rest = Rest(clock)

    rest.begin(Loading("soon", retry_after_s=told_s))

    assert 1 <= rest.left_s <= 2


def test_a_host_is_left_alone_for_as_long_as_it_says() -> None:
    """The time told is kept to, and at most a second more."""
    rest = Rest(HandClock())

    rest.begin(Loading("soon", retry_after_s=98.8))

    assert 98.8 <= rest.left_s <= 99.8


def test_rests_grow_until_the_host_answers() -> None:
    """Each rest is about twice as long as the one before, up to a limit; an answer ends that."""
    clock = HandClock()
    rest = Rest(clock)
    lengths = []

    for _ in range(10):
        rest.begin(HostFailed("oops"))
        lengths.append(rest.left_s)
        clock.advance(rest.left_s)
    rest.end()
    rest.begin(HostFailed("oops"))

    expected = [min(2**failures, LONGEST_S) for failures in range(10)]
    assert lengths == [pytest.approx(least + 0.5, abs=0.51) for least in expected]
    assert rest.left_s <= 2


def test_rests_differ_by_chance() -> None:
    """Hosts that come back do not meet all their users at the same moment."""
    rests = [Rest(HandClock()) for _ in range(50)]

    for rest in rests:
        rest.begin(Loading("soon", retry_after_s=10))

    assert len({rest.left_s for rest in rests}) > 40


def test_requests_that_fail_together_count_once() -> None:
    """A second failure within a rest neither prolongs it nor makes the next one longer."""
    clock = HandClock()
    rest = Rest(clock)

    rest.begin(HostFailed("oops"))
    until = rest.until
    rest.begin(HostFailed("oops", retry_after_s=500))
    clock.advance(5)

    assert rest.until == until
    assert rest.left_s == 0


# Who is asked.


@pytest.mark.parametrize("error", RESTING.values(), ids=RESTING)
async def test_no_automatic_request_is_made_before_the_time_is_up(
    alone: Hosts, typed: Typed, error: BackendError
) -> None:
    """A hundred keystrokes on a host that fails cost one request, and the next after the rest."""
    alone.fail(error)
    for _ in range(100):
        with pytest.raises(type(error)):
            await typed(alone)
    before = alone.asked
    alone.clock.advance(3)
    alone.first.answers("a")

    completion = await typed(alone)

    assert before == (1, 0)
    assert completion is not None
    assert alone.asked == (2, 0)


async def test_a_known_answer_is_shown_while_the_host_rests(
    hosts: Hosts, request_at: RequestAt
) -> None:
    """What was remembered needs no host."""
    request = request_at("x = ‸", trigger=Trigger.AUTOMATIC)
    hosts.first.answers("a")
    first = await hosts.completer.complete(request)
    hosts.fail(Overloaded("busy"), Overloaded("busy"))
    with pytest.raises(Overloaded):
        await hosts.completer.complete(request_at("y = ‸", trigger=Trigger.AUTOMATIC))

    again = await hosts.completer.complete(request)

    assert first is not None
    assert again is not None
    assert again.text == first.text
    assert hosts.asked == (2, 1)


async def test_a_request_that_is_wrong_leaves_the_host_at_work(hosts: Hosts, typed: Typed) -> None:
    """What the host rejects is not sent to the next, and does not keep other requests from it."""
    hosts.fail(errors.RequestRejected("too long"))
    with pytest.raises(errors.RequestRejected):
        await typed(hosts)
    hosts.first.answers("a")

    completion = await typed(hosts)

    assert completion is not None
    assert hosts.asked == (2, 0)


async def test_a_host_that_does_not_tell_its_model_is_left_alone_too(
    hosts: Hosts, typed: Typed
) -> None:
    """Asking for the model is a request like another."""
    hosts.first.steps.fail("model", Unreachable("gone"))
    hosts.second.answers("b")
    hosts.second.answers("c")
    await typed(hosts)
    passed = len(hosts.first.steps.passed)

    await typed(hosts)

    assert hosts.first.steps.passed == ["model"] * passed
    assert passed == 1


# Who answers instead.


@pytest.mark.parametrize("error", [*RESTING.values(), NoBackend("none")], ids=[*RESTING, "None"])
async def test_the_next_answers_when_the_first_fails(
    hosts: Hosts, typed: Typed, error: BackendError
) -> None:
    """The same request is answered by the next back end, with a prompt for its own model."""
    hosts.fail(error)
    hosts.second.answers("b")

    completion = await typed(hosts)

    assert completion is not None
    assert (completion.text, completion.report.model) == ("b", f"codellama {SECOND}")


async def test_the_first_is_tried_again_after_its_time(hosts: Hosts, typed: Typed) -> None:
    """While it rests it is not asked; afterwards it is, and is preferred again."""
    hosts.fail(Loading("soon", retry_after_s=20))
    for text in "bcd":
        hosts.second.answers(text)
    hosts.first.answers("a")

    models = []
    for seconds in (0, 10, 9, 3):
        hosts.clock.advance(seconds)
        completion = await typed(hosts)
        assert completion is not None
        models.append(completion.report.model)

    assert models == [f"codellama {SECOND}"] * 3 + [f"codellama {FIRST}"]
    assert hosts.asked == (2, 3)


async def test_trouble_names_who_answers_and_until_when(hosts: Hosts, typed: Typed) -> None:
    """What the status shows is there while it is true, and gone when the first answers."""
    hosts.second.kind = "embedded"
    error = Loading("soon", retry_after_s=20)
    hosts.fail(error)
    hosts.second.answers("b")
    before = hosts.completer.trouble
    await typed(hosts)
    during = hosts.completer.trouble
    hosts.clock.advance(21)
    hosts.first.answers("a")
    await typed(hosts)

    assert before is None
    assert during is not None
    assert during.until is not None
    assert 1_020 <= during.until <= 1_021.1  # with the pause before the request
    assert during == Trouble(error, during.until, "embedded")
    assert hosts.completer.trouble is None


async def test_all_that_fail_are_told_by_what_passes_by_itself(hosts: Hosts, typed: Typed) -> None:
    """Waiting helps more than the news that the preferred host is gone."""
    hosts.fail(Unreachable("gone"), Loading("soon"))

    with pytest.raises(Loading):
        await typed(hosts)

    trouble = hosts.completer.trouble
    assert trouble is not None
    assert isinstance(trouble.error, Unreachable)
    assert trouble.instead is None


async def test_settings_that_contradict_each_other_are_not_covered_up(
    request_at: RequestAt,
) -> None:
    """What the user must mend is said, although another back end could answer."""

    def connect(backend: BackendSettings) -> ScriptedBackend:
        raise errors.BadInput(f"{backend.url} is no address")

    settings = Settings(fallback=(BackendSettings(url=SECOND),))
    hosts = Hosts()
    completer = Completer(settings, connect, hosts.waits.progress)

    with pytest.raises(errors.BadInput, match="None"):
        await completer.complete(request_at("x = ‸"))


# Who waits.


async def test_an_invoked_completion_waits_for_a_model_that_loads(
    alone: Hosts, request_at: RequestAt
) -> None:
    """It is shown that it waits and why, and it asks again when the time is up."""
    alone.fail(Loading("gpu is waking up", retry_after_s=20))
    alone.first.answers("a")

    completion = await alone.completer.complete(request_at("x = ‸"))

    assert completion is not None
    assert completion.text == "a"
    assert alone.waits.titles == ["waiting, because gpu is waking up"]
    [seconds] = alone.waits.pause.seconds
    assert 20 <= seconds <= 21


async def test_an_invoked_completion_does_not_wait_longer_than_the_settings_say(
    hosts: Hosts, request_at: RequestAt
) -> None:
    """A host that will not be ready in time is not waited for at all."""
    hosts.fail(Loading("soon", retry_after_s=101), Loading("later", retry_after_s=200))

    with pytest.raises(Loading):
        await hosts.completer.complete(request_at("x = ‸"))

    assert hosts.waits.pause.seconds == []


@pytest.mark.parametrize("name", sorted(RESTING.keys() - {"Loading", "Overloaded"}))
async def test_what_does_not_pass_by_itself_is_not_waited_for(
    hosts: Hosts, request_at: RequestAt, name: str
) -> None:
    """Waiting helps only where a host will answer later."""
    hosts.fail(RESTING[name], RESTING[name])

    with pytest.raises(type(RESTING[name])):
        await hosts.completer.complete(request_at("x = ‸"))

    assert hosts.waits.pause.seconds == []


async def test_an_invoked_completion_prefers_another_host_to_waiting(
    hosts: Hosts, request_at: RequestAt
) -> None:
    """Whoever can answer now does."""
    hosts.fail(Loading("soon"))
    hosts.second.answers("b")

    completion = await hosts.completer.complete(request_at("x = ‸"))

    assert completion is not None
    assert completion.text == "b"
    assert hosts.waits.pause.seconds == []


async def test_an_invoked_completion_asks_hosts_that_rest_if_there_is_no_other(
    hosts: Hosts, typed: Typed, request_at: RequestAt
) -> None:
    """The user who asks may know that the host is back."""
    hosts.fail(Unreachable("gone"), Unreachable("gone, too"))
    with pytest.raises(Unreachable):
        await typed(hosts)
    hosts.first.answers("a")

    completion = await hosts.completer.complete(request_at("x = ‸"))

    assert completion is not None
    assert hosts.asked == (2, 1)


async def test_cancelling_ends_the_wait(hosts: Hosts, request_at: RequestAt) -> None:
    """A request that waits asks nobody after it was cancelled."""
    hosts.fail(Loading("soon"), Loading("soon"))
    block = hosts.waits.steps.block("pause")
    asked = asyncio.create_task(hosts.completer.complete(request_at("x = ‸")))
    await block.reached()

    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked

    assert hosts.asked == (1, 1)


# How many at once.


@pytest.mark.parametrize("most", [1, 2, 3])
async def test_requests_beyond_the_limit_wait_for_their_turn(
    request_at: RequestAt, most: int
) -> None:
    """Of five documents that ask at once, only so many are asked about at a time."""
    hosts = Hosts(most_in_flight=most)
    tasks = [
        asyncio.create_task(hosts.completer.complete(request_at("x = ‸", uri=f"file:///{name}")))
        for name in "abcde"
    ]
    open_at_once = []
    for _ in tasks:
        stream = await hosts.first.opened()
        open_at_once.append(sum(not stream.closed for stream in hosts.first.streams))
        if len(hosts.first.streams) >= most:
            next(stream for stream in hosts.first.streams if not stream.closed).send("a", "end")
    for stream in hosts.first.streams:
        if not stream.closed:
            stream.send("a", "end")

    completions = await asyncio.gather(*tasks)

    assert all(completions)
    assert max(open_at_once) == most
    assert hosts.asked == (5, 0)
    await hosts.completer.aclose()


async def test_a_request_that_is_cancelled_while_it_waits_is_never_sent(
    request_at: RequestAt,
) -> None:
    """Nobody is asked for what nobody wants."""
    hosts = Hosts(most_in_flight=1)
    first = asyncio.create_task(hosts.completer.complete(request_at("x = ‸", uri="file:///a")))
    stream = await hosts.first.opened()
    second = asyncio.create_task(hosts.completer.complete(request_at("x = ‸", uri="file:///b")))
    await loop_is_idle()

    second.cancel()
    stream.send("a", "end")
    await asyncio.gather(first, second, return_exceptions=True)

    assert hosts.asked == (1, 0)
    await hosts.completer.aclose()


async def test_links_to_one_host_share_its_limit(request_at: RequestAt) -> None:
    """Two models of one host are one host's work."""
    hosts = Hosts()
    models = {"a": hosts.first, "b": hosts.second}
    backend, other = (BackendSettings(url=FIRST, model=model, in_flight=1) for model in models)
    completer = Completer(
        Settings(backend=backend, fallback=(other,)),
        lambda settings: models[settings.model or ""],
        hosts.waits.progress,
    )
    one = asyncio.create_task(completer.complete(request_at("x = ‸", uri="file:///a")))
    stream = await hosts.first.opened()
    hosts.first.steps.fail("model", NoBackend("none"))
    two = asyncio.create_task(completer.complete(request_at("x = ‸", uri="file:///b")))
    await loop_is_idle()
    before = hosts.asked

    stream.send("a", "end")
    (await hosts.second.opened()).send("b", "end")

    assert all(await asyncio.gather(one, two))
    assert (before, hosts.asked) == ((1, 0), (1, 1))
    await completer.aclose()


async def test_a_failure_names_the_settings_of_who_failed(hosts: Hosts, typed: Typed) -> None:
    """A hint to set the token never has it put where the token of another host stands."""
    refused = Refused("the host refuses the token", hint="set backend.token, not backend.thing")
    hosts.fail(HostFailed("broken"), refused)

    with pytest.raises(HostFailed):
        await typed(hosts)

    assert refused.hint == "set fallback[0].token, not backend.thing"
