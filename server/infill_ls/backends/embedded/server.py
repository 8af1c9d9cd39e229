"""The process of the embedded model: llama.cpp's own HTTP server on a loopback port.

It reads one JSON line from standard input (`Start`), writes its entry, and closes standard output.
Each user holds a connection to it: who sends a challenge is greeted with the proof that this is
the server of the entry, and told where the model is served as soon as it is loaded. When nobody
has held a connection for a while, the process ends; a user that crashes lets go like any other.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from msgspec import Struct, json

from infill_ls.backends.embedded import entry as entries
from infill_ls.backends.embedded import slots
from infill_ls.backends.embedded.entry import Entry, Greeting, Ready, Start

FIRST_COMES_WITHIN_S = 60
"""How long the first user may take, whatever the settings say."""


def main() -> None:
    """Serve until nobody needs it."""
    start = json.decode(sys.stdin.buffer.readline(), type=Start)
    if hasattr(os, "fork") and os.fork():
        # Who started us need not wait for our end, nor we become a zombie of theirs.
        os._exit(0)
    asyncio.run(serve(start, _only_we_write_to_stdout(), _load))
    # The native server has no stop; a normal exit would wait for its threads.
    os._exit(0)


class Users:
    """Those who hold a connection."""

    def __init__(self, idle_s: float) -> None:
        """Start to wait for the first."""
        self._idle_s = idle_s
        self._count = 0
        self._over = asyncio.Event()
        self._leave = self._over_after(max(idle_s, FIRST_COMES_WITHIN_S))

    async def all_gone(self) -> None:
        """Wait until nobody has been there for a while."""
        await self._over.wait()

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Count a user, as long as it is there."""
        self._leave.cancel()
        self._count += 1
        try:
            yield
        finally:
            self._count -= 1
            if self._count == 0:
                self._leave = self._over_after(self._idle_s)

    def _over_after(self, seconds: float) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(seconds, self._over.set)


Load = Callable[[Start, str], tuple[Ready, object]]
"""Loads the model and serves it with a key, for as long as the second value is kept."""


async def serve(start: Start, announce: BinaryIO, load: Load) -> None:
    """Write the entry, close `announce`, and serve until nobody needs it any more."""
    users = Users(start.idle_s)
    made = asyncio.get_running_loop().create_future()
    greeted = asyncio.Event()

    async def loaded(key: str) -> tuple[Ready, object]:
        # The native library keeps Python from all else until the model is loaded, so that whoever
        # comes meanwhile waits; the one who has started us shall not.
        with suppress(TimeoutError):
            await asyncio.wait_for(greeted.wait(), FIRST_COMES_WITHIN_S)
        return await asyncio.to_thread(load, start, key)

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        entry, loading = await made
        with users.one_more():
            challenge = (await reader.readline()).decode().strip()
            _send(writer, Greeting(entry.proof(challenge), loading.done()))
            greeted.set()
            ready, _ = await asyncio.shield(loading)
            _send(writer, ready)
            await reader.read()
        writer.close()

    async with await asyncio.start_server(meet, "127.0.0.1", 0) as server:
        entry = Entry(os.getpid(), server.sockets[0].getsockname()[1])
        loading = asyncio.create_task(loaded(entry.key))
        made.set_result((entry, loading))
        path = start.entry_path()
        entries.write(path, entry)
        announce.close()
        ready, _ = await loading
        if ready.error:
            # The next who comes is to try anew.
            entries.remove(path, entry)
        await users.all_gone()
        entries.remove(path, entry)


def _send(writer: asyncio.StreamWriter, message: Struct) -> None:
    writer.write(json.encode(message) + b"\n")


def _load(start: Start, api_key: str) -> tuple[Ready, object]:
    try:
        import xllamacpp  # noqa: PLC0415 - an optional extra, and 100 MB

        server = xllamacpp.Server(_parameters(xllamacpp.CommonParams(), start, api_key))
    except Exception as error:  # a native library: whatever it says is told
        return Ready(error=f"{type(error).__name__}: {error}"), None
    return Ready(url=server.listening_address), server


def _only_we_write_to_stdout() -> BinaryIO:
    """Return standard output, and give the native library nothing in its place."""
    ours = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    # Else it would be closed only with the process.
    os.set_inheritable(ours.fileno(), False)
    return ours


_BATCH_TOKENS = 128
"""Two seconds' work for the embedded model on two cores."""


def _parameters(parameters, start: Start, api_key: str):  # type: ignore[no-untyped-def] # xllamacpp has no types
    parameters.model.path = start.model
    # One pool, in which the longest chat and the longest completion have room at once; what they
    # leave, the other slots keep of the prompts before.
    parameters.n_parallel = slots.COUNT
    parameters.kv_unified = True
    parameters.kv_unified_per_slot = start.context_tokens
    parameters.n_ctx = 2 * start.context_tokens
    parameters.cache_idle_slots = False
    # llama.cpp's memory of further prompts must be off where requests name their slots: one that
    # waits for a slot would be given it at once, and the answer that is written there go on from
    # another prompt.
    parameters.cache_ram_mib = 0
    # Between batches a request can end; by default, a long prompt is one.
    parameters.n_batch = parameters.n_ubatch = _BATCH_TOKENS
    parameters.endpoint_slots = True
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.api_keys = [api_key]
    # A web page must not be able to call it from a browser on this machine.
    parameters.cors_origins = ""
    parameters.ui = False
    parameters.verbosity = -1
    return parameters


if __name__ == "__main__":
    main()
