"""Standard input as the event loop reads it.

pygls has a thread read each line, which is six switches of threads for a keystroke; that is half of
what a keystroke costs where its answer is known.
"""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING, BinaryIO

from pygls.io_ import StdinAsyncReader

if TYPE_CHECKING:
    from pygls.io_ import AsyncReader


class PacedReader:
    """Lets what a message has started begin before the next one is read.

    Without that, a handler would see a document with later changes in it.
    """

    def __init__(
        self, stream: asyncio.StreamReader, settled: Callable[[], Awaitable[None]]
    ) -> None:
        self._stream = stream
        self._settled = settled

    async def readline(self) -> bytes:
        """Return a line with its end, or what comes before the end of the input."""
        await asyncio.sleep(0)
        await self._settled()
        return await self._stream.readline()

    async def readexactly(self, n: int) -> bytes:
        """Return so many bytes; raises IncompleteReadError where the input ends before."""
        return await self._stream.readexactly(n)


@asynccontextmanager
async def reading(
    stdin: BinaryIO,
    threads: ThreadPoolExecutor | None,
    settled: Callable[[], Awaitable[None]],
) -> AsyncIterator[AsyncReader]:
    """Give a reader of `stdin`: the loop itself where it can wait for it, else `threads`.

    `settled` waits for what must be over before the next message is read.
    """
    if not _may_be_nonblocking(stdin):
        yield StdinAsyncReader(stdin, threads)
        return
    stream = asyncio.StreamReader()
    pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), stdin
    )
    with closing(pipe):
        yield PacedReader(stream, settled)


def _may_be_nonblocking(stdin: BinaryIO) -> bool:
    """Tell whether it is a pipe or a socket, and nobody else has to do with it.

    It stops to block for all who have it: a terminal would for the shell, and one socket for both
    ways would for our output.
    """
    if sys.platform == "win32":
        return False
    status = os.fstat(stdin.fileno())
    others = (stream.fileno() for stream in (sys.stdout, sys.stderr))
    is_shared = any(os.path.samestat(status, os.fstat(other)) for other in others)
    return (stat.S_ISFIFO(status.st_mode) or stat.S_ISSOCK(status.st_mode)) and not is_shared
