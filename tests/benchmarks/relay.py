"""What we add between the host's first token and the editor, against Hugging Face's own client.

The host is scripted: it holds its first token back until everybody waits for it, and the time runs
from its release. Ours ends with `$/progress`, which an editor can draw; huggingface_hub's
`AsyncInferenceClient` ends with the token in the program that asked. Both run in processes of
their own, turn by turn. Fails where ours takes longer at the median.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

from raw_client import OURS, URI, Server, milliseconds_since, running

sys.path.append(str(Path(__file__).parents[1]))

from fakes.faces.endpoint import Endpoint
from fakes.faces.huggingface import HuggingFace
from fakes.faces.llamacpp import LlamaCpp
from fakes.faces.ollama import Ollama
from fakes.faces.openai import OpenAi
from fakes.faces.tgi import Tgi
from fakes.host import FakeHost

ROUNDS = 200
MODEL = "codellama/CodeLlama-7b-hf"
KINDS = {
    "tgi": Tgi(),
    "endpoint": Endpoint(),
    "huggingface": HuggingFace(),
    "llamacpp": LlamaCpp(),
    "ollama": Ollama(models=(MODEL,)),
    "openai": OpenAi(),
}
TOKENS = ("first", " second", " third")

# Reads a line for each time it is to ask; prints one at the first token and one at the end.
HUB = """
import asyncio, sys
from huggingface_hub import AsyncInferenceClient

async def main():
    client = AsyncInferenceClient(model=sys.argv[1])
    for _ in sys.stdin:
        stream = await client.text_generation("a", stream=True, details=True)
        await anext(stream)
        print("first", flush=True)
        async for _ in stream:
            pass
        print("end", flush=True)

asyncio.run(main())
"""


def main() -> int:
    """Print a line for each kind and one for the other client; return 1 where ours is slower."""
    print(f"{'first token to':32}  {'p50 ms':>7}  {'p99 ms':>7}")
    ours = {kind: relayed(kind) for kind in KINDS}
    for kind, times in ours.items():
        shown(f"$/progress, {kind}", times)
    theirs = received_by_hub()
    shown("AsyncInferenceClient (tgi)", theirs)
    ratio = median(ours["tgi"]) / median(theirs)
    print(f"ours takes {ratio:.2f} times as long (target: at most 1)")
    return int(ratio > 1)


def shown(name: str, times: list[float]) -> None:
    """Print one line."""
    print(f"{name:32}  {median(times):7.2f}  {quantiles(times, n=100)[-1]:7.2f}")


def relayed(kind: str) -> list[float]:
    """Time the way through our server, in milliseconds."""
    with FakeHost(KINDS[kind]) as host:
        backend = {"kind": kind, "url": host.url, "model": MODEL}
        if kind in ("llamacpp", "openai"):
            del backend["model"]
        options = {"backend": backend, "cache": {"entries": 0}, "prompt": {"template": "codellama"}}
        with running(OURS, options) as server:
            server.open("a = \n")
            return [relayed_once(host, server) for _ in range(ROUNDS)]


def relayed_once(host: FakeHost, server: Server) -> float:
    """Ask, release the first token when the host has been asked, and wait for the progress."""
    asked = len(host.asked)
    gate = host.gate()
    host.answers(*TOKENS, gate=gate)
    params = {
        "textDocument": {"uri": URI},
        "position": {"line": 0, "character": 4},
        "context": {"triggerKind": 1},
        "partialResultToken": "growing",
    }
    server.begin("textDocument/inlineCompletion", params)
    host.wait(lambda host: len(host.asked) > asked)
    # That the host is being asked comes first, and is not what is timed.
    while server.receive().get("method") != "infill-ls/status":
        pass
    start = perf_counter()
    gate.open()
    while server.receive().get("method") != "$/progress":
        pass
    time_ms = milliseconds_since(start)
    gate.stand_open()
    server.finish()
    return time_ms


def received_by_hub() -> list[float]:
    """Time the way to huggingface_hub's client, in milliseconds."""
    with FakeHost(Tgi()) as host, hub(host.url) as client:
        return [received_once(host, client) for _ in range(ROUNDS)]


def received_once(host: FakeHost, client: subprocess.Popen[str]) -> float:
    """Have the client ask, release the first token, and wait until the client has it."""
    assert client.stdin is not None
    assert client.stdout is not None
    asked = len(host.asked)
    gate = host.gate()
    host.answers(*TOKENS, gate=gate)
    client.stdin.write("\n")
    client.stdin.flush()
    host.wait(lambda host: len(host.asked) > asked)
    start = perf_counter()
    gate.open()
    first = client.stdout.readline()
    time_ms = milliseconds_since(start)
    gate.stand_open()
    assert (first, client.stdout.readline()) == ("first\n", "end\n")
    return time_ms


@contextmanager
def hub(url: str) -> Iterator[subprocess.Popen[str]]:
    """Run huggingface_hub's client in a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-c", HUB, url],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8",
    ) as client:  # fmt: skip
        yield client
        client.kill()


if __name__ == "__main__":
    sys.exit(main())
