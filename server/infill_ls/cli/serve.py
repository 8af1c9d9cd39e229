"""Be the language server, on standard input and output.

Editors start it; there is nothing to type.
"""

from __future__ import annotations

import argparse
import gc

from infill_ls.cli.configured import above_editor, add_backend_options, below_editor


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_backend_options(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until the editor leaves; return 1 if it leaves without a `shutdown`, as LSP asks."""
    # Importing lsprotocol makes so many objects that collecting among them costs 50 to 80 ms at
    # the start, and again 25 ms at the first full collection; they live as long as the process.
    gc.disable()
    from infill_ls.lsp import log, server  # noqa: PLC0415 - after gc.disable()

    log.set_up()
    language_server = server.create(below_editor(), above_editor(args))
    gc.freeze()
    gc.enable()
    language_server.start_io()
    # pygls exits with this status too, but its own main loop catches the exit.
    return 0 if language_server.protocol.is_shut_down else 1
