"""The client of one host: its address, whom it trusts, what goes with each request, its proxies."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from infill_ls import __version__
from infill_ls.backends import locks, tls
from infill_ls.errors import BadInput
from infill_ls.settings.address import is_loopback
from infill_ls.settings.tree import BackendSettings


def made(url: str, settings: BackendSettings, headers: Mapping[str, str]) -> httpx.AsyncClient:
    """Return a client that follows no redirects; nothing is sent.

    `headers` go with every request. Raises BadInput for a URL, a CA bundle, a token or headers of
    no use.
    """
    given = _checked(url)
    locks.install()
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
        verify=_authorities(base, settings),
        trust_env=_may_use_proxies(str(base)),
    )


def is_it_running(url: str) -> str:
    """Return what to ask oneself where a host cannot be reached."""
    parts = urlsplit(url)
    proxied = parts.scheme in getproxies() and not proxy_bypass(parts.hostname or "")
    if _may_use_proxies(url) and proxied:
        return (
            f"is it running, and is the proxy right that the environment names for {parts.scheme}?"
        )
    return "is the host running?"


def _may_use_proxies(url: str) -> bool:
    """A proxy must not see what is meant for this machine."""
    return not is_loopback(url)


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


def _authorities(url: httpx.URL, settings: BackendSettings) -> ssl.SSLContext | bool:
    """Return what TLS trusts; reading certificates takes 30 ms, so not where there is no TLS."""
    return tls.context(settings) if url.scheme == "https" else False
