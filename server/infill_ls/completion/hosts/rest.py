"""How long a host that fails is left alone: as long as it says, and longer each time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from tenacity import RetryCallState, Retrying, wait_exponential_jitter

from infill_ls.errors import BackendError

LONGEST_S = 60
"""The longest rest of a host that does not say itself how long."""


class Rest:
    """The rest of one host; none while it has not failed.

    The first lasts one to two seconds, and each further one about twice as long as the one before,
    until the host answers. Chance is in it so that a host does not meet all its users at once.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """Take a clock in seconds; that of the wall, because hosts go on while we are suspended."""
        self._clock = clock
        self._failures = _none_yet()
        self._until = 0.0

    @property
    def left_s(self) -> float:
        """How many seconds are left; 0 if the host may be asked."""
        return max(0.0, self._until - self._clock())

    @property
    def until(self) -> float:
        """When the rest ends, or has ended, by the clock."""
        return self._until

    def begin(self, error: BackendError) -> None:
        """Leave the host alone, because it failed; requests that fail together count as one."""
        if self.left_s > 0:
            return
        told_s = (error.retry_after_s or 0) + random.uniform(0, 1)
        self._until = self._clock() + max(told_s, _BACKOFF(self._failures))
        self._failures.prepare_for_next_attempt()

    def cut_short(self) -> None:
        """Allow one request before the time is up; if that fails too, the next rest is longer."""
        self._until = 0.0

    def end(self) -> None:
        """Forget all failures, because the host has answered."""
        self._failures = _none_yet()
        self._until = 0.0


_BACKOFF = wait_exponential_jitter(max=LONGEST_S, jitter=1)


def _none_yet() -> RetryCallState:
    return RetryCallState(Retrying(), None, (), {})
