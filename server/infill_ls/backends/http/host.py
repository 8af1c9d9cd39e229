"""One host over HTTP: the only place that knows httpx, and where its errors become ours."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, contextmanager
from typing import TypeVar

import httpx
import msgspec

from infill_ls import errors
from infill_ls.backends.http import client, tls
from infill_ls.backends.http.ending import Ending, read_to_end
from infill_ls.backends.http.failure import FAILURES, OTHER_FAILURE, Failing, Failure
from infill_ls.backends.http.framing import EVENTS, LINES, Framing
from infill_ls.settings.tree import BackendSettings

T = TypeVar("T")

NO_HEADERS: Mapping[str, str] = {}
_NO_OTHER: Mapping[int, Failing] = {}

_CHECK = "check backend.url and backend.kind"

_FAILURE = msgspec.json.Decoder(Failure | list[msgspec.Raw])
"""Some answers are lists."""

_QUOTED_CHARS = 200
"""How much of a host's own words a message quotes: enough to understand, too little to leak."""


def _never(_: object) -> bool:
    return False


class Host:
    """A base URL with the user's token, timeouts and authorities. Redirects are not followed.

    What it answers is read into the given type; anything else is a BadAnswer.
    """

    def __init__(
        self,
        url: str,
        settings: BackendSettings,
        *,
        headers: Mapping[str, str] = NO_HEADERS,
        failures: Mapping[int, Failing] = _NO_OTHER,
    ) -> None:
        """Prepare a client; nothing is sent.

        `headers` go with every request, and `failures` say what a status means here where that
        is not what it means elsewhere. Raises BadInput for a URL, a CA bundle, a token or headers
        of no use.
        """
        self._client = client.made(url, settings, headers)
        self.url = str(self._client.base_url).rstrip("/")
        self._token = settings.token
        self._failures = {**FAILURES, **failures}

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def get(self, path: str, answer: type[T]) -> T:
        """Return what is at a path. Raises BackendError."""
        return await self._ask("GET", path, None, answer)

    async def post(self, path: str, body: dict[str, object], answer: type[T]) -> T:
        """Return what answers a body. Raises BackendError."""
        return await self._ask("POST", path, body, answer)

    async def media(self, path: str, body: dict[str, object], wanted: str) -> tuple[str, bytes]:
        """Return the type and the bytes of what answers a body: a file of the kind that is wanted.

        `wanted` is a type, of which only the kind ("image/") must be right. Raises BackendError.
        """
        headers = {"accept": wanted}
        with self._mapped():
            sent = self._client.stream("POST", path, json=body, headers=headers)
            async with sent as response:
                with self._answering():
                    await self._raise_for_status(response)
                    data = await response.aread()
        media_type = response.headers.get("content-type", "").partition(";")[0].strip()
        if media_type.partition("/")[0] != wanted.partition("/")[0]:
            self._read(data, Failure)
            raise errors.BadAnswer(
                f"{self.url} answered with {media_type or 'nothing'}", hint=_CHECK
            )
        return media_type, data

    def events(
        self,
        path: str,
        body: dict[str, object],
        event: type[T],
        headers: Mapping[str, str] = NO_HEADERS,
        is_last: Callable[[T], bool] = _never,
    ) -> AbstractAsyncContextManager[AsyncIterator[T]]:
        """Post a body and open the server-sent events of the answer.

        An event that holds an error raises, like the same error with an HTTP status would.
        Leaving the context closes the connection, unless the host's last event was read, which
        `is_last` tells where no `[DONE]` does: then it is kept if the body ends promptly.
        """
        return self._opened(path, body, event, headers, EVENTS, is_last)

    def lines(
        self,
        path: str,
        body: dict[str, object],
        line: type[T],
        is_last: Callable[[T], bool] = _never,
    ) -> AbstractAsyncContextManager[AsyncIterator[T]]:
        """Post a body and open the lines of JSON of the answer; all else is as in `events`."""
        return self._opened(path, body, line, NO_HEADERS, LINES, is_last)

    async def _ask(
        self, method: str, path: str, body: dict[str, object] | None, answer: type[T]
    ) -> T:
        with self._mapped():
            async with self._client.stream(method, path, json=body) as response:
                with self._answering():
                    await self._raise_for_status(response)
                    return self._read(await response.aread(), answer)

    @asynccontextmanager
    async def _opened(
        self,
        path: str,
        body: dict[str, object],
        kind: type[T],
        headers: Mapping[str, str],
        framing: Framing,
        is_last: Callable[[T], bool],
    ) -> AsyncIterator[AsyncIterator[T]]:
        with self._mapped():
            sent = self._client.stream("POST", path, json=body, headers=headers)
            async with sent as response:
                with self._answering():
                    await self._raise_for_status(response)
                    await self._raise_for_no_stream(response, framing)
                    async with (
                        aclosing(framing.split(response)) as pieces,
                        read_to_end(response, pieces) as ending,
                        aclosing(self._answer(pieces, kind, framing, is_last, ending)) as answer,
                    ):
                        yield answer

    async def _answer(
        self,
        pieces: AsyncIterator[str | bytes],
        kind: type[T],
        framing: Framing,
        is_last: Callable[[T], bool],
        ending: Ending,
    ) -> AsyncGenerator[T, None]:
        async for piece in pieces:
            if piece == framing.done:
                ending.is_near = True
                return
            answer = self._read(piece, kind)
            ending.is_near = is_last(answer)
            yield answer

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Tell an answer that breaks off from one that never began."""
        try:
            yield
        except (httpx.ReadError, httpx.RemoteProtocolError) as error:
            raise errors.BadAnswer(f"{self.url} broke off its answer", hint="try again") from error

    def _read(self, data: str | bytes, kind: type[T]) -> T:
        try:
            failure = _FAILURE.decode(data)
            if isinstance(failure, Failure) and failure.is_one():
                raise self._failure(failure, failure.status())
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
            failure = msgspec.json.decode(body, type=Failure)
        except (msgspec.DecodeError, UnicodeDecodeError):
            failure = Failure(error=response.text)
        raise self._failure(failure, response.status_code, response.headers)

    async def _raise_for_no_stream(self, response: httpx.Response, framing: Framing) -> None:
        if response.headers.get("content-type", "").startswith(framing.media_type):
            return
        # A host, or a proxy before it, may tell an error with status 200.
        self._read(await response.aread(), Failure)
        raise errors.BadAnswer(f"{self.url} answered with no stream", hint=_CHECK)

    def _failure(
        self, failure: Failure, status: int, headers: Mapping[str, str] = NO_HEADERS
    ) -> errors.BackendError:
        """Return the error for a failing status, with the host's own words."""
        words = failure.words()
        kind, says, hint = self._failures.get(failure.meant(status), OTHER_FAILURE)
        quoted = f" ({self._quoted(words)})" if words else ""
        passing = issubclass(kind, errors.NotYet | errors.HostFailed)
        wait_s = failure.retry_after_s(headers) if passing else None
        if wait_s is not None:
            hint = f"try again in about {wait_s:.0f} s"
        return kind(f"{self.url} {says}{quoted}", hint=hint, retry_after_s=wait_s)

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
            with tls.explained(self.url):
                yield
        except httpx.ConnectError as error:
            raise errors.Unreachable(
                f"{self.url} cannot be reached ({error})", hint=client.is_it_running(self.url)
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
