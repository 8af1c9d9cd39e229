"""httpcore's locks, without the step in which a cancel would leave a connection behind.

A lock of anyio lets others run once even if it is free. httpcore 1.0.9 takes one between connecting
and the `try` that closes what is connected (`AsyncHTTP11Connection.handle_async_request`), and one
while it gives a connection back (`_response_closed`). Of a request that is cancelled just then, the
connection stays open and takes one of the pool's hundred places for good; 15,000 keystrokes at
random places lost 93. There is no other way in than the names under which it knows the lock.
"""

from __future__ import annotations

import anyio
from httpcore._async import connection, http11
from httpcore._synchronization import AsyncLock


class FreeLock(AsyncLock):
    """Is taken at once where it is free."""

    def setup(self) -> None:
        """Make the lock, as httpcore does on first use."""
        super().setup()
        if self._backend == "asyncio":
            self._anyio_lock = anyio.Lock(fast_acquire=True)


def install() -> None:
    """Have httpcore make these locks from now on."""
    for module in (connection, http11):
        module.AsyncLock = FreeLock  # type: ignore[attr-defined] # not exported
