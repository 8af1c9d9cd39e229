"""The child process of the embedded model: llama.cpp's own HTTP server on a loopback port.

It reads one JSON line from standard input (`Start`), answers one on standard output (`Started`)
when the model is loaded, and ends when standard input is closed, that is with its parent.
"""

from __future__ import annotations

import os
import sys
from typing import BinaryIO

from msgspec import Struct, json


class Start(Struct, frozen=True):
    """What to serve; the key comes this way because arguments and environment can be read."""

    model: str
    context_tokens: int
    api_key: str


class Started(Struct, frozen=True):
    """Where it serves, or why it cannot."""

    url: str = ""
    error: str = ""


def main() -> None:
    """Serve until standard input ends."""
    answer = _only_we_write_to_stdout()
    start = json.decode(sys.stdin.buffer.readline(), type=Start)
    try:
        import xllamacpp  # noqa: PLC0415 - an optional extra, and 100 MB

        server = xllamacpp.Server(_parameters(xllamacpp.CommonParams(), start))
        started = Started(url=server.listening_address)
    except Exception as error:  # a native library: whatever it says is told
        started = Started(error=f"{type(error).__name__}: {error}")
    with answer:
        answer.write(json.encode(started) + b"\n")
    sys.stdin.buffer.read()
    # The native server has no stop; a normal exit would wait for its threads.
    os._exit(0)


def _only_we_write_to_stdout() -> BinaryIO:
    """Return standard output, and give the native library nothing in its place."""
    ours = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return ours


def _parameters(parameters, start: Start):  # type: ignore[no-untyped-def] # xllamacpp has no types
    parameters.model.path = start.model
    parameters.n_ctx = start.context_tokens
    parameters.n_parallel = 1
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.api_keys = [start.api_key]
    # A web page must not be able to call it from a browser on this machine.
    parameters.cors_origins = ""
    parameters.ui = False
    parameters.verbosity = -1
    return parameters


if __name__ == "__main__":
    main()
