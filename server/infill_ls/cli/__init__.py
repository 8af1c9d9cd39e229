"""The command `infill-ls`: which subcommands there are, and how their errors end."""

from __future__ import annotations

import argparse
import io
import sys
from importlib import import_module
from types import ModuleType

from infill_ls import __version__
from infill_ls.errors import InfillError

_DESCRIPTION = """\
Fill in code at the cursor, in any editor that speaks the language server protocol.

Without a command, infill-ls is the language server on standard input and output; editors start
it so. The other commands try things out in a terminal.
"""

_EPILOG = """\
settings, each stronger than those before it:
  the user's file (`infill-ls doctor` names it), what the editor says, the environment
  (INFILL_LS_BACKEND_URL, INFILL_LS_COMPLETION_MAX_TOKENS …), options of the command line

first steps:
  infill-ls doctor                    is everything set up, and does it work?
  infill-ls model pull                have a model on this machine (1.1 GB, once)
  infill-ls complete app.py:12:5      fill in at line 12, column 5
"""

_COMMANDS = {
    "serve": "be the language server (the default)",
    "complete": "fill in at one place of a file",
    "chat": "talk about code",
    "doctor": "show what is configured, and whether it works",
    "image": "have a picture drawn",
    "model": "pull, list and remove the embedded model's file",
    "stats": "show what became of suggestions",
}

_ASKS = {"-h", "--help", "--version"}
"""What is asked of infill-ls itself, not of the server that it is without a command."""


def main(argv: list[str] | None = None) -> int:
    """Run a command; return the exit status: 0 for success, 1 for failure, 2 for bad options."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A Windows pipe, for one, cannot take every character of a file; the others still go out.
        sys.stdout.reconfigure(errors="backslashreplace")
    argv = _standard_input_last(sys.argv[1:] if argv is None else argv)
    name = next((word for word in argv if word in _COMMANDS), "serve")
    if name not in argv and not _ASKS.intersection(argv):
        argv = [name, *argv]
    # Only the command that runs is imported: the server must not wait for what others need.
    command = import_module(f"infill_ls.cli.{name}")
    try:
        status: int = command.run(_parser(name, command).parse_args(argv))
    except InfillError as error:
        print(f"infill-ls: {error.sentence()}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status


def _standard_input_last(argv: list[str]) -> list[str]:
    """Move `-:LINE:COLUMN` behind a `--`, because argparse would take it for an option."""
    places = [word for word in argv if word.startswith("-:")]
    others = [word for word in argv if not word.startswith("-:")]
    return [*others, "--", *places] if places else others


def _parser(running: str, command: ModuleType) -> argparse.ArgumentParser:
    """Return the parser, which knows every command but the options of the running one only."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="infill-ls", description=_DESCRIPTION, epilog=_EPILOG, formatter_class=raw
    )
    parser.add_argument("--version", action="version", version=f"infill-ls {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, summary in _COMMANDS.items():
        options = commands.add_parser(
            name, help=summary, description=command.__doc__, formatter_class=raw
        )
        if name == running:
            command.configure(options)
    return parser
