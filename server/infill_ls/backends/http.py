"""One host over HTTP: the only place that knows httpx, and where its errors become ours."""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from ipaddress import ip_address
from typing import Any, TypeVar

import httpx
import msgspec
from httpx_sse import EventSource

from infill_ls import __version__, errors
from infill_ls.settings.tree import BackendSettings

T = TypeVar("T")

_CHECK = "check backend.url and backend.kind"

_QUOTED_CHARS = 200
"""How much of a host's own words a message quotes: enough to understand, too little to leak."""


class Host:
    """A base URL with the user's token, timeouts and authorities. Redirects are not followed.

    What it answers is read into the given type; anything else is a BadAnswer.
    """

    def __init__(self, url: str, settings: BackendSettings) -> None:
        """Prepare a client; nothing is sent.

        Raises BadInput for a URL, a CA bundle, a token or headers of no use.
        """
        given = _checked(url)
        # httpx logs the address of each request, so what is secret in it must not be there.
        base = given.copy_with(username=None, password=None)
        self.url = str(base).rstrip("/")
        self._token = settings.token
        self._client = httpx.AsyncClient(
            base_url=base,
            # httpx would let these replace the token's header.
            auth=None if settings.token else _credentials(given),
            headers=_headers(settings),
            timeout=httpx.Timeout(
                settings.read_timeout_ms / 1000, connect=settings.connect_timeout_ms / 1000
            ),
            verify=_authorities(base, settings.ca_bundle),
            # A proxy must not see what is meant for this machine.
            trust_env=not _is_loopback(base),
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def get(self, path: str, answer: type[T]) -> T:
        """Return what is at a path. Raises BackendError."""
        return await self._ask("GET", path, None, answer)

    async def post(self, path: str, body: dict[str, object], answer: type[T]) -> T:
        """Return what answers a body. Raises BackendError."""
        return await self._ask("POST", path, body, answer)

    @asynccontextmanager
    async def events(
        self, path: str, body: dict[str, object], event: type[T], *, last: bool = False
    ) -> AsyncIterator[AsyncIterator[T]]:
        """Post a body and open the server-sent events of the answer.

        An event that holds an `error` raises, like the same error with an HTTP status would. With
        `last`, nothing else is sent over the same connection afterwards.
        """
        headers = {"connection": "close"} if last else {}
        with self._mapped():
            async with self._client.stream("POST", path, json=body, headers=headers) as response:
                with self._answering():
                    await self._raise_for_status(response)
                    async with aclosing(self._events(response, event)) as events:
                        yield events

    async def _ask(
        self, method: str, path: str, body: dict[str, object] | None, answer: type[T]
    ) -> T:
        with self._mapped():
            async with self._client.stream(method, path, json=body) as response:
                with self._answering():
                    await self._raise_for_status(response)
                    return self._read(await response.aread(), answer)

    async def _events(self, response: httpx.Response, event: type[T]) -> AsyncGenerator[T, None]:
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            # A host, or a proxy before it, may tell an error with status 200.
            self._read(await response.aread(), _Failure)
            raise errors.BadAnswer(f"{self.url} answered with no stream", hint=_CHECK)
        async with aclosing(EventSource(response).aiter_sse()) as events:
            async for sent in events:
                if sent.data and sent.data != "[DONE]":
                    yield self._read(sent.data, event)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Tell an answer that breaks off from one that never began."""
        try:
            yield
        except (httpx.ReadError, httpx.RemoteProtocolError) as error:
            raise errors.BadAnswer(f"{self.url} broke off its answer", hint="try again") from error

    def _read(self, data: str | bytes, kind: type[T]) -> T:
        try:
            failure = msgspec.json.decode(data, type=_Failure)
            if failure.error is not None:
                raise self._failure(failure.words(), failure.status())
            return msgspec.json.decode(data, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise errors.BadAnswer(
                f"{self.url} answered what cannot be understood: {self._quoted(data)}", hint=_CHECK
            ) from error

    async def _raise_for_status(self, response: httpx.Response) -> None:
        if response.is_success:
            return
        if response.is_redirect:
            where = self._quoted(response.headers.get("location", "elsewhere"))
            raise errors.BadAnswer(
                f"{self.url} redirects to {where}",
                hint="set backend.url to the address that really serves",
            )
        body = await response.aread()
        try:
            words = msgspec.json.decode(body, type=_Failure).words()
        except (msgspec.DecodeError, UnicodeDecodeError):
            words = response.text
        raise self._failure(words, response.status_code)

    def _failure(self, words: str, status: int) -> errors.BackendError:
        """Return the error for a failing status, with the host's own words."""
        kind, says, hint = _FAILURES.get(status, _OTHER_FAILURE)
        quoted = f" ({self._quoted(words)})" if words else ""
        return kind(f"{self.url} {says}{quoted}", hint=hint)

    def _quoted(self, words: str | bytes) -> str:
        """Return the beginning of what the host says, on one line; a page of HTML says nothing."""
        text = words if isinstance(words, str) else words.decode(errors="replace")
        line = " ".join(text.split())
        if self._token:
            line = line.replace(self._token, "…")
        if line.startswith("<"):
            return "an HTML page"
        return line if len(line) <= _QUOTED_CHARS else line[:_QUOTED_CHARS] + "…"

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except httpx.ConnectError as error:
            raise errors.Unreachable(
                f"{self.url} cannot be reached ({error})", hint="is the host running?"
            ) from error
        except httpx.TimeoutException as error:
            raise errors.TimedOut(
                f"{self.url} did not answer in time",
                hint="try again, or raise backend.readTimeoutMs",
            ) from error
        except httpx.HTTPError as error:
            raise errors.Unreachable(
                f"the connection to {self.url} was lost ({error})", hint="try again"
            ) from error


# Status codes of TGI, llama.cpp and the proxies before them; a stream that holds an error counts
# as the status that the same error has elsewhere.
_FAILURES: dict[int, tuple[type[errors.BackendError], str, str]] = {
    400: (errors.RequestRejected, "rejects the request", ""),
    401: (errors.Refused, "refuses the token", "set backend.token"),
    403: (errors.Refused, "refuses the token", "set backend.token to one with access"),
    404: (errors.NotFound, "has nothing here", "check backend.url and backend.model"),
    410: (errors.NotFound, "is gone", "set backend.url to an address that serves"),
    413: (errors.RequestRejected, "finds the request too long", "lower prompt.maxTokens"),
    422: (errors.RequestRejected, "rejects the request", ""),
    429: (errors.Overloaded, "has too much to do", "wait a moment"),
    502: (errors.Loading, "is not ready yet", "wait a moment"),
    503: (errors.Loading, "is not ready yet", "wait a moment"),
    504: (errors.Loading, "is not ready yet", "wait a moment"),
}
_OTHER_FAILURE = (errors.HostFailed, "failed", "see the host's own log")

_STATUS_OF_TYPE = {"overloaded": 429, "validation": 422}
"""TGI's `error_type` of an error inside a stream (router/src/server.rs)."""


class _Failure(msgspec.Struct):
    """What a host says of an error, wherever it stands; `error` None means that there is none."""

    error: Any = None
    """A text, a list of texts, or an object with a message and perhaps a code."""
    error_type: Any = None
    estimated_time: Any = None
    """Seconds until the model is loaded; Hugging Face has told it with status 200, too."""

    def words(self) -> str:
        """Return the host's own words."""
        error = self.error.get("message", "") if isinstance(self.error, dict) else self.error
        return "; ".join(map(str, error)) if isinstance(error, list) else str(error or "")

    def status(self) -> int:
        """Return the HTTP status that this error has where it comes with one."""
        code = self.error.get("code") if isinstance(self.error, dict) else None
        if isinstance(code, int):
            return code
        if self.estimated_time is not None:
            return 503
        return _STATUS_OF_TYPE.get(str(self.error_type), 500)


def _headers(settings: BackendSettings) -> dict[str, str]:
    headers = {"user-agent": f"infill-ls/{__version__}"} | settings.headers
    if settings.token:
        headers["authorization"] = f"Bearer {settings.token}"
    for name, value in headers.items():
        if not _SENDABLE.fullmatch(name) or not _SENDABLE.fullmatch(value):
            key = "backend.headers" if name in settings.headers else "backend.token"
            raise errors.BadInput(
                f"{key} holds what no header can hold",
                hint="is there a blank or a line end too many?",
            )
    return headers


_SENDABLE = re.compile(r"[!-~]([ -~]*[!-~])?")
"""Printable ASCII with no blank at either end."""


def _checked(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL()
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise errors.BadInput(
            f"backend.url is {url!r}, which is no address", hint="write http://host:port"
        )
    return parsed


def _credentials(url: httpx.URL) -> tuple[str, str] | None:
    return (url.username, url.password) if url.userinfo else None


def _authorities(url: httpx.URL, ca_bundle: str | None) -> ssl.SSLContext | bool:
    """Return what TLS trusts; reading certificates takes 20 ms, so not where there is no TLS."""
    if url.scheme != "https":
        return False
    if ca_bundle is None:
        return True
    try:
        return ssl.create_default_context(cafile=ca_bundle)
    except OSError as error:
        raise errors.BadInput(
            f"backend.caBundle {ca_bundle!r} cannot be read ({error})", hint="name a PEM file"
        ) from error


def _is_loopback(url: httpx.URL) -> bool:
    try:
        return ip_address(url.host).is_loopback
    except ValueError:
        return url.host == "localhost"
