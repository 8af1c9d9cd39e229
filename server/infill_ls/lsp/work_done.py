"""Work that a client has sent a token along for: it is told when that begins, goes on and ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from lsprotocol import types
from pygls.lsp.server import LanguageServer

REQUESTED: ContextVar[types.ProgressToken | None] = ContextVar("workDoneToken", default=None)
"""The token of the command that is being handled, in its task."""


@contextmanager
def shown(
    server: LanguageServer,
    token: types.ProgressToken | None,
    title: str,
    stop: Callable[[], object],
) -> Iterator[Callable[[str], None]]:
    """Show work under the client's token, and give what says how far it is.

    `stop` is called when the user cancels it. Without a token nothing is shown.
    """
    if token is None:
        yield lambda _: None
        return
    progress = server.work_done_progress
    begin = types.WorkDoneProgressBegin(title=f"infill-ls: {title}", cancellable=True)
    progress.begin(token, begin)
    # pygls cancels the future of a token, and keeps it for ever unless it is taken away.
    progress.tokens[token].add_done_callback(lambda _: stop())
    try:
        yield lambda message: progress.report(token, types.WorkDoneProgressReport(message=message))
    finally:
        progress.tokens.pop(token, None)
        progress.end(token, types.WorkDoneProgressEnd())
