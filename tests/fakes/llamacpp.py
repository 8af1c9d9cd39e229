"""The real llama.cpp with a tiny model, in a process of its own, and a proxy that keeps requests.

@pytest.fixture(scope="module")
def llamacpp() -> Iterator[RecordingProxy]:
    with llamacpp_server() as url, RecordingProxy(url) as proxy:
        yield proxy
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import pytest
from starlette.requests import Request as StarletteRequest
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from fakes.record import Record, Request
from fakes.serving import Serving

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
"""Beside the repository: models and data that are too large for it."""
TINY_MODEL = SHARED / "models" / "tiny-codellama-random.gguf"
"""Code Llama's vocabulary with random weights."""

_CHILD = Path(__file__).with_name("llamacpp_child.py")
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}


def existing(path: Path) -> Path:
    """Return the path, or skip the test where there is no such file."""
    if not path.exists():
        pytest.skip(f"needs {path.relative_to(SHARED.parent)} beside the repository")
    return path


@contextmanager
def llamacpp_server(*, context_tokens: int = 4096, api_key: str | None = None) -> Iterator[str]:
    """Run the tiny model in a child process and give the URL of its server.

    Skips the test where the model or llama.cpp is not installed.
    """
    model = existing(TINY_MODEL)
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("needs llama.cpp: install the extra `local`")
    command = [sys.executable, str(_CHILD), str(model), str(context_tokens)]
    with subprocess.Popen(
        [*command, api_key] if api_key else command,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8",
    ) as child:  # fmt: skip
        try:
            yield _url(child)
        finally:
            _end(child)


def _url(child: subprocess.Popen[str]) -> str:
    lines = iter(child.stdout or ())
    url = next((line.strip() for line in lines if line.startswith("http://")), None)
    assert url is not None, f"llama.cpp ended with {child.wait()} before it listened"
    return url


def _end(child: subprocess.Popen[str]) -> None:
    if child.stdin:
        child.stdin.close()
    try:
        child.wait(5)
    except subprocess.TimeoutExpired:
        child.kill()


class RecordingProxy:
    """Passes all requests on to a real host and keeps what was asked."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        # llama.cpp closes a connection some time after a stream, at times just when it is used
        # again, so none is kept; and without certificates a client is made in no time.
        self._client = httpx.AsyncClient(
            limits=httpx.Limits(max_keepalive_connections=0),
            verify=False,
            trust_env=False,
            timeout=60,
        )
        self._serving = Serving(self._app)
        self._record = Record()
        self.url = self._serving.url

    def __enter__(self) -> Self:
        self._serving.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._serving.__exit__(kind, error, traceback)

    def requests(self, path: str) -> list[Request]:
        """Return the requests to a path so far, in order."""
        asked = (exchange.request for exchange in self._record.exchanges)
        return [request for request in asked if request.path == path]

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        came = StarletteRequest(scope, receive)
        body = await came.body()
        headers = _end_to_end(came.headers.items())
        self._record.add(Request(came.method, came.url.path, headers, body))
        url = self._upstream + came.url.path
        async with self._client.stream(came.method, url, content=body, headers=headers) as answer:
            passed = StreamingResponse(
                answer.aiter_raw(), answer.status_code, _end_to_end(answer.headers.items())
            )
            await passed(scope, receive, send)


def _end_to_end(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name: value for name, value in headers if name.lower() not in _HOP_BY_HOP}
