"""What is written down in two places is the same in both."""

from __future__ import annotations

import inspect
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
import pytest_asyncio

from fakes.faces.tgi import Tgi
from fakes.host import FakeHost
from infill_ls import errors
from infill_ls.backends.http.host import Host
from infill_ls.lsp import protocol
from infill_ls.settings.tree import BackendSettings
from settings_table import table

ROOT = Path(__file__).parents[1]

NEVER_RAISED = {
    httpx.InvalidURL,  # a URL is checked when the host is made
    httpx.CookieConflict,  # no cookies are looked up
    httpx.StreamError,  # a body is read once, and never behind its end
    httpx.StreamConsumed,
    httpx.StreamClosed,
    httpx.ResponseNotRead,
    httpx.RequestNotRead,
}
"""Exceptions of httpx that would be mistakes of ours, and are no trouble of the user's."""


def exceptions_of(module: object) -> set[type[Exception]]:
    """The exceptions that a module exports or defines."""
    return {
        value
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, Exception)
    }


HTTP_ERRORS = sorted(
    (kind for kind in exceptions_of(httpx) if issubclass(kind, httpx.HTTPError)),
    key=lambda kind: kind.__name__,
)


# Errors


def drawn() -> Iterator[tuple[str, str]]:
    """Yield each line of the tree in errors.py as an error and the one above it."""
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"(?P<branch>.*[├└]── |(?=InfillError$))(?P<name>\w+)", line)
        if found:
            depth = len(found["branch"]) // 4
            above = [*above[:depth], found["name"]]
            yield found["name"], above[depth - 1] if depth else "Exception"


def test_the_tree_of_errors_is_the_one_that_is_drawn() -> None:
    """The docstring of errors.py has each error, below the one that it is a kind of."""
    defined = {kind.__name__: kind.__mro__[1].__name__ for kind in exceptions_of(errors)}

    assert dict(drawn()) == defined


def test_every_error_says_what_it_is() -> None:
    """Each error has a docstring of its own."""
    undocumented = [kind for kind in exceptions_of(errors) if not vars(kind).get("__doc__")]

    assert undocumented == []


# The boundary to httpx


@pytest_asyncio.fixture
async def host() -> AsyncIterator[Host]:
    """Our end of a connection to a host that answers."""
    with FakeHost(Tgi()) as fake:
        fake.answers("1")
        host = Host(fake.url, BackendSettings())
        yield host
        await host.aclose()


def test_every_exception_of_httpx_is_thought_of() -> None:
    """httpx has no exception that is neither mapped to one of ours nor a mistake of ours."""
    assert exceptions_of(httpx) - set(HTTP_ERRORS) == NEVER_RAISED


@pytest.mark.parametrize("kind", HTTP_ERRORS)
async def test_no_exception_of_httpx_gets_through(host: Host, kind: type[httpx.HTTPError]) -> None:
    """Whatever httpx raises while an answer is read is told as an error of the back end."""
    body: dict[str, object] = {"inputs": "a"}

    with pytest.raises(errors.BackendError) as raised:
        async with host.events("/generate_stream", body, dict[str, Any]):
            raise made(kind)

    assert host.url in raised.value.sentence()


def made(kind: type[httpx.HTTPError]) -> httpx.HTTPError:
    """An exception of this kind."""
    if kind is httpx.HTTPStatusError:
        request = httpx.Request("POST", "http://localhost")
        return httpx.HTTPStatusError("no", request=request, response=httpx.Response(500))
    return kind("no")


# Documents


def test_the_readme_has_every_setting() -> None:
    """README's table is what `python tests/settings_table.py` prints."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    found = re.search(r"<!-- settings -->\n(.*?)<!-- /settings -->", readme, re.DOTALL)

    assert found is not None
    assert found[1].strip() == table()


def own_types() -> list[type[attrs.AttrsInstance]]:
    """The types of parameters that are our own, or have more fields than LSP's."""
    return [
        value
        for name, value in vars(protocol).items()
        if name.endswith("Params") and value.__module__ == protocol.__name__
    ]


def test_the_protocol_document_names_every_method() -> None:
    """PROTOCOL.md names each method that is not LSP's."""
    document = (ROOT / "server" / "PROTOCOL.md").read_text(encoding="utf-8")

    methods = {
        value
        for value in vars(protocol).values()
        if isinstance(value, str) and value.startswith("infill-ls/")
    }

    assert methods
    assert [method for method in methods if f"`{method}`" not in document] == []


def test_the_protocol_document_names_every_field() -> None:
    """PROTOCOL.md names, as it is sent, each field that is not LSP's."""
    document = (ROOT / "server" / "PROTOCOL.md").read_text(encoding="utf-8")

    fields = {
        re.sub(r"_(\w)", lambda match: match[1].upper(), field.name)
        for params in own_types()
        for field in attrs.fields(params)
        if not field.inherited
    }

    assert {"health", "partialResultToken"} <= fields
    assert [field for field in fields if f"`{field}`" not in document] == []
