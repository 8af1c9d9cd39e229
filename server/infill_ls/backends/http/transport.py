"""httpx over aiohttp's connections.

Its own, httpcore, takes 1.0 ms more of the event loop for each request, and 1.3 with an answer of
twenty pieces, because it reads HTTP in Python; and 1.0.9 of it loses a connection for good when a
request is cancelled between two of its steps.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import aiohttp
import httpx
from yarl import URL

KEPT_S = 4.0
"""So long a connection waits for the next request: llama.cpp's server and uvicorn, under vLLM and
others, close it after five, and what is sent at that moment is lost."""


class Transport(httpx.AsyncBaseTransport):
    """The connections to one host, kept for the next request once an answer was read to its end."""

    def __init__(self, tls: ssl.SSLContext | None = None, proxy: str | None = None) -> None:
        """Connect to nothing yet; `proxy` is the address of one, with its user if it has any."""
        self._tls = tls
        self._proxy = proxy
        self._opened: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and return what answers it once its head is there.

        Raises httpx.TransportError.
        """
        timeout = request.extensions["timeout"]
        with _errors_of_httpx():
            response = await self._session().request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=request.headers.multi_items(),
                data=request.content or None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    sock_connect=timeout["connect"], sock_read=timeout["read"]
                ),
                ssl=self._tls or True,
                proxy=self._proxy,
            )
        stream = _Stream(response)
        return httpx.Response(response.status, headers=list(response.raw_headers), stream=stream)

    async def aclose(self) -> None:
        """Close all connections."""
        if self._opened is not None:
            await self._opened.close()

    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            self._opened = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(keepalive_timeout=KEPT_S),
                # httpx keeps the cookies, decodes what is compressed, and sets the headers.
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=("accept", "accept-encoding", "content-type", "user-agent"),
            )
        return self._opened


class _Stream(httpx.AsyncByteStream):
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _errors_of_httpx():
            async for chunk in self._response.content.iter_any():
                yield chunk

    async def aclose(self) -> None:
        """Keep the connection if the answer was read to its end; close it otherwise."""
        self._response.release()


@contextmanager
def _errors_of_httpx() -> Iterator[None]:
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise httpx.ConnectTimeout("no connection in time") from error
    except aiohttp.ServerTimeoutError as error:
        raise httpx.ReadTimeout("no answer in time") from error
    except aiohttp.ServerDisconnectedError as error:
        raise httpx.RemoteProtocolError("the host ended it without an answer") from error
    except aiohttp.ClientConnectorError as error:
        raise httpx.ConnectError(error.os_error.strerror or str(error.os_error)) from error
    except (aiohttp.ClientResponseError, aiohttp.ClientPayloadError) as error:
        raise httpx.RemoteProtocolError(_words(error)) from error
    except (aiohttp.ClientError, OSError) as error:
        raise httpx.ReadError(_words(error)) from error


def _words(error: Exception) -> str:
    """Return what is wrong on one line, without the address."""
    words = error.message if isinstance(error, aiohttp.ClientResponseError) else str(error)
    return " ".join(words.split())
