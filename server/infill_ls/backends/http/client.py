"""The client of one host: its address, whom it trusts, what goes with each request, its proxies."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from urllib.request import getproxies, proxy_bypass

import httpx

from infill_ls import __version__
from infill_ls.backends.http import tls
from infill_ls.backends.http.transport import Transport
from infill_ls.errors import BadInput
from infill_ls.settings.address import is_loopback
from infill_ls.settings.tree import BackendSettings


def made(url: str, settings: BackendSettings, headers: Mapping[str, str]) -> httpx.AsyncClient:
    """Return a client that follows no redirects; nothing is sent.

    `headers` go with every request. Raises BadInput for a URL, a CA bundle, a token or headers of
    no use.
    """
    given = _checked(url)
    # httpx logs the address of each request, so what is secret in it must not be there.
    base = given.copy_with(username=None, password=None)
    return httpx.AsyncClient(
        base_url=base,
        # httpx would let these replace the token's header.
        auth=None if settings.token else _credentials(given),
        headers={**headers, **_headers(settings)},
        timeout=httpx.Timeout(
            settings.read_timeout_ms / 1000, connect=settings.connect_timeout_ms / 1000
        ),
        transport=Transport(_authorities(base, settings), _proxy(base)),
    )


def is_it_running(url: str) -> str:
    """Return what to ask oneself where a host cannot be reached."""
    given = httpx.URL(url)
    if _proxy(given):
        return (
            f"is it running, and is the proxy right that the environment names for {given.scheme}?"
        )
    return "is the host running?"


def _proxy(url: httpx.URL) -> str | None:
    """Return the address of the proxy that the environment names for a host, if any.

    It must not see what is meant for this machine. Raises BadInput for one of another kind.
    """
    if is_loopback(str(url)) or proxy_bypass(url.netloc.decode("ascii")):
        return None
    proxies = getproxies()
    named = proxies.get(url.scheme) or proxies.get("all")
    if not named:
        return None
    kind, divider, _ = named.rpartition("://")
    if kind not in ("http", "https", ""):
        raise BadInput(
            f"the environment names a proxy of the kind {kind}, which is not supported",
            hint=f"name one of HTTP, or {url.host} in NO_PROXY",
        )
    return named if divider else f"http://{named}"


def _headers(settings: BackendSettings) -> dict[str, str]:
    headers = {"user-agent": f"infill-ls/{__version__}"} | settings.headers
    if settings.token:
        headers["authorization"] = f"Bearer {settings.token}"
    for name, value in headers.items():
        if not _SENDABLE.fullmatch(name) or not _SENDABLE.fullmatch(value):
            key = "backend.headers" if name in settings.headers else "backend.token"
            raise BadInput(
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
        raise BadInput(
            f"backend.url is {url!r}, which is no address", hint="write http://host:port"
        )
    return parsed


def _credentials(url: httpx.URL) -> tuple[str, str] | None:
    return (url.username, url.password) if url.userinfo else None


def _authorities(url: httpx.URL, settings: BackendSettings) -> ssl.SSLContext | None:
    """Return what TLS trusts; reading certificates takes 30 ms, so not where there is no TLS."""
    return tls.context(settings) if url.scheme == "https" else None
