"""pygls's server, with our session and our documents."""

from __future__ import annotations

import asyncio
import logging
import sys
from threading import Event
from typing import BinaryIO

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.io_ import StdoutWriter, run_async
from pygls.lsp.server import LanguageServer

from infill_ls import __version__
from infill_ls.lsp.answers import Answers
from infill_ls.lsp.documents import Buffers
from infill_ls.lsp.early import Early
from infill_ls.lsp.measuring import Measuring
from infill_ls.lsp.progress import progress_of
from infill_ls.lsp.protocol import STATUS, Protocol
from infill_ls.lsp.session import Session
from infill_ls.lsp.status import Status
from infill_ls.lsp.stdio import reading
from infill_ls.settings.read import Layer

logger = logging.getLogger(__name__)


_NOTEBOOKS = types.NotebookDocumentSyncOptions([types.NotebookDocumentFilterWithNotebook("*")])
"""All cells of all notebooks; which of them are shown to a model is seen later."""


class Server(LanguageServer):
    """The server that each handler is given."""

    protocol: Protocol
    buffers: Buffers
    """Set by the handler of `initialize`, before which no document can be open."""
    client: types.ClientInfo | None = None
    """What the editor says that it is, set likewise."""
    importing: asyncio.Task[None]
    """Kept, since the loop does not keep tasks."""

    def __init__(self, below: tuple[Layer, ...], above: tuple[Layer, ...]) -> None:
        """Take the layers of settings that are weaker and stronger than the editor's."""
        super().__init__(
            "infill-ls",
            __version__,
            protocol_cls=Protocol,
            notebook_document_sync=_NOTEBOOKS,
        )
        self.early = Early()
        self.answers = Answers()
        self.session = Session(
            below,
            above,
            status=Status(lambda params: self.protocol.notify(STATUS, params)),
            progress=progress_of(self),
            complain=self.warn,
            folders=lambda: self.buffers.roots,
        )
        self.measuring = Measuring(lambda: self.session.settings.measurement.enabled)

    def start_io(self, stdin: BinaryIO | None = None, stdout: BinaryIO | None = None) -> None:
        """Serve until the editor leaves, or ends its side of the connection."""
        self.protocol.set_writer(StdoutWriter(stdout or sys.stdout.buffer))
        try:
            asyncio.run(self._serve(stdin or sys.stdin.buffer))
        except BrokenPipeError:
            logger.warning("the editor has gone")
        except (KeyboardInterrupt, SystemExit):
            pass
        finally:
            self.shutdown()  # type: ignore[no-untyped-call] # pygls has no type for it

    async def _serve(self, stdin: BinaryIO) -> None:
        async with reading(stdin, self.thread_pool, self.protocol.settled) as reader:
            await run_async(Event(), reader, self.protocol, error_handler=self.report_server_error)

    def warn(self, message: str) -> None:
        """Show the user a message."""
        self.window_show_message(types.ShowMessageParams(types.MessageType.Warning, message))

    def report_server_error(self, error: Exception, source: object) -> None:
        """Log what kind of message could not be handled; its content may be code."""
        told = (types.LSPErrorCodes.RequestFailed, types.ErrorCodes.MethodNotFound)
        if isinstance(error, JsonRpcException) and error.code in told:
            # It was understood, and the editor is told why nothing came of it. Kate, for one, asks
            # again and again for what was not offered.
            return
        # What is refused was answered so; anything else is a message that pygls choked on.
        level = logging.WARNING if isinstance(error, JsonRpcException) else logging.ERROR
        logger.log(level, "a message from the editor was not understood (%s)", type(error).__name__)
