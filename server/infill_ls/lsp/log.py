"""Where log records go: standard error, and the editor's own log."""

from __future__ import annotations

import logging
import sys

from lsprotocol import types
from pygls.lsp.server import LanguageServer

_TYPES = {
    logging.ERROR: types.MessageType.Error,
    logging.WARNING: types.MessageType.Warning,
    logging.INFO: types.MessageType.Info,
}


def set_up() -> None:
    """Log to standard error, since standard output is the wire.

    pygls itself logs whole messages, at INFO the initialization options with a token in them, at
    ERROR the parameters of a message it cannot read, that is code. So it is silenced; what it
    would say of a failure is said by `Server.report_server_error`.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("infill_ls").setLevel(logging.INFO)
    logging.getLogger("pygls").setLevel(logging.CRITICAL + 1)


def forward_to_editor(server: LanguageServer) -> None:
    """Send our own records to the editor's log as well."""
    logging.getLogger("infill_ls").addHandler(_EditorHandler(server))


class _EditorHandler(logging.Handler):
    def __init__(self, server: LanguageServer) -> None:
        super().__init__()
        self._server = server

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record, if there is an editor to send it to."""
        if self._server.protocol.writer is None:
            return
        kind = _TYPES.get(record.levelno, types.MessageType.Log)
        self._server.window_log_message(types.LogMessageParams(kind, record.getMessage()))
