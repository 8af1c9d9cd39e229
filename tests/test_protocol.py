"""What pygls keeps of a message ends with the message."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any

import pytest

from infill_ls.lsp.server import create


async def as_coroutine(_: object) -> None:
    await asyncio.sleep(0)


def as_generator(_: object) -> Generator[Any, Any, None]:
    yield as_function, (None,), {}


def as_function(_: object) -> None:
    return


@pytest.mark.parametrize("handler", [as_coroutine, as_generator, as_function])
async def test_a_notification_leaves_nothing_behind(handler: Callable[..., object]) -> None:
    """There is one at each keystroke, and none of them is ever answered."""
    protocol = create((), ()).protocol
    done = asyncio.Event()

    def end(_: object) -> None:
        asyncio.get_running_loop().call_soon(done.set)

    protocol._execute_handler("n-1", handler, end, args=(None,))
    await done.wait()

    assert protocol._request_futures == {}
