"""One host over HTTP: the only place that knows httpx, and where its errors become ours."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from ipaddress import ip_address
from typing import Any

import httpx
import msgspec
from httpx_sse import EventSource, SSEError

from infill_ls import __version__, errors
from infill_ls.settings.tree import BackendSettings

_QUOTED_CHARS = 200
"""How much of a host's own words a message quotes: enough to understand, too little to leak."""


class Host:
    """A base URL with the user's token, timeouts and authorities. Redirects are not followed."""

    def __init__(self, url: str, settings: BackendSettings) -> None:
        """Prepare a client; nothing is sent. Raises BadInput for a URL or CA bundle of no use."""
        self.url = url.rstrip("/")
        self._token = settings.token
        self._client = httpx.AsyncClient(
            base_url=_checked(self.url),
            headers=_headers(settings),
            timeout=httpx.Timeout(
                settings.read_timeout_ms / 1000, connect=settings.connect_timeout_ms / 1000
            ),
            verify=_authorities(self.url, settings.ca_bundle),
            # A proxy must not see what is meant for this machine.
            trust_env=not _is_loopback(self.url),
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def get(self, path: str) -> dict[str, Any]:
        """Return the JSON object at a path. Raises BackendError."""
        return await self._ask("GET", path, None)

    async def post(self, path: str, body: dict[str, object]) -> dict[str, Any]:
        """Return the JSON object that answers a body. Raises BackendError."""
        return await self._ask("POST", path, body)

    @asynccontextmanager
    async def events(
        self, path: str, body: dict[str, object]
    ) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        """Post a body and open the server-sent events of the answer, each a JSON object.

        An event that holds an `error` raises, like the same error with an HTTP status would.
        """
        with self._mapped():
            async with self._client.stream("POST", path, json=body) as response:
                await self._raise_for_status(response)
                async with aclosing(self._objects(response)) as events:
                    yield events

    async def _ask(self, method: str, path: str, body: dict[str, object] | None) -> dict[str, Any]:
        with self._mapped():
            async with self._client.stream(method, path, json=body) as response:
                await self._raise_for_status(response)
                return self._object(await response.aread())

    async def _objects(self, response: httpx.Response) -> AsyncGenerator[dict[str, Any], None]:
        async with aclosing(EventSource(response).aiter_sse()) as events:
            async for event in events:
                if event.data and event.data != "[DONE]":
                    yield self._object(event.data)

    def _object(self, data: str | bytes) -> dict[str, Any]:
        try:
            decoded = msgspec.json.decode(data, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise errors.BadAnswer(
                f"{self.url} answered what is no JSON object: {_shortened(data)}",
                hint="check backend.url and backend.kind",
            ) from error
        if "error" in decoded:
            raise self._failure(decoded, _status_in(decoded))
        return decoded

    async def _raise_for_status(self, response: httpx.Response) -> None:
        if response.is_success:
            return
        if response.is_redirect:
            raise errors.BadAnswer(
                f"{self.url} redirects to {response.headers.get('location', 'elsewhere')}",
                hint="set backend.url to the address that really serves",
            )
        await response.aread()
        raise self._failure(_body(response), response.status_code)

    def _failure(self, body: dict[str, Any] | str, status: int) -> errors.BackendError:
        """Return the error for a failing status, with the host's own words."""
        words = _words(body)
        if self._token:
            words = words.replace(self._token, "…")
        kind, says, hint = _FAILURES.get(status, _OTHER_FAILURE)
        quoted = f" ({_shortened(words)})" if words else ""
        return kind(f"{self.url} {says}{quoted}", hint=hint)

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
        except httpx.RemoteProtocolError as error:
            raise errors.BadAnswer(f"{self.url} broke off its answer ({error})") from error
        except SSEError as error:
            raise errors.BadAnswer(
                f"{self.url} answered with something else than a stream of events",
                hint="check backend.url and backend.kind",
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


def _status_in(body: dict[str, Any]) -> int:
    error = body["error"]
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) else _STATUS_OF_TYPE.get(body.get("error_type", ""), 500)


def _body(response: httpx.Response) -> dict[str, Any] | str:
    try:
        return msgspec.json.decode(response.content, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return response.text


def _words(body: dict[str, Any] | str) -> str:
    """Return what the host says: `error` may be a text, a list or an object with a message."""
    if isinstance(body, str):
        return "an HTML page" if body.lstrip()[:1] == "<" else body
    error = body.get("error", "")
    if isinstance(error, dict):
        error = error.get("message", "")
    return "; ".join(map(str, error)) if isinstance(error, list) else str(error)


def _shortened(words: str | bytes) -> str:
    text = words if isinstance(words, str) else words.decode(errors="replace")
    line = " ".join(text.split())
    return line if len(line) <= _QUOTED_CHARS else line[:_QUOTED_CHARS] + "…"


def _headers(settings: BackendSettings) -> dict[str, str]:
    headers = {"user-agent": f"infill-ls/{__version__}"} | settings.headers
    if settings.token:
        headers["authorization"] = f"Bearer {settings.token}"
    return headers


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


def _authorities(url: str, ca_bundle: str | None) -> ssl.SSLContext | bool:
    """Return what TLS trusts; reading certificates takes 20 ms, so not where there is no TLS."""
    if not url.startswith("https:"):
        return False
    if ca_bundle is None:
        return True
    try:
        return ssl.create_default_context(cafile=ca_bundle)
    except OSError as error:
        raise errors.BadInput(
            f"backend.caBundle {ca_bundle!r} cannot be read ({error})", hint="name a PEM file"
        ) from error


def _is_loopback(url: str) -> bool:
    host = httpx.URL(url).host
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
