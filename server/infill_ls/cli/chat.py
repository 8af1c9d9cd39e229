"""Talk about code with the model of `chatBackend`, or of `backend` where there is none.

With a question, one answer is printed; without one, questions are asked one after the other, until
Ctrl-D. Ctrl-C stops an answer and keeps what was said. What is piped in goes along as code.
Conversations are kept on this machine, and can be gone on with.

For example:
  infill-ls chat "What does this do?" --file app.py:10-42
  git diff | infill-ls chat "Write a commit message."
  infill-ls chat
  infill-ls chat --continue "Shorter, please."
"""

from __future__ import annotations

import argparse
import asyncio
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from infill_ls.backends.connect import connect
from infill_ls.chat.chat import Chat
from infill_ls.chat.conversation import Code
from infill_ls.chat.history import History, Kept, default_folder
from infill_ls.clearance import Clearance
from infill_ls.cli.chat_list import print_list
from infill_ls.cli.chat_session import Session
from infill_ls.cli.configured import above_editor, add_backend_options, below_editor
from infill_ls.cli.console import err, progress, say
from infill_ls.cli.file import read, uri_of
from infill_ls.errors import BadInput
from infill_ls.settings.read import load
from infill_ls.settings.tree import Settings
from infill_ls.text import Text
from infill_ls.types import Document

_LINES = re.compile(r"(?P<file>.+):(?P<first>\d+)-(?P<last>\d+)")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument("question", nargs="?", help="what to ask; without it, ask in turns")
    what.add_argument("--list", action="store_true", help="show the conversations that are kept")
    parser.add_argument(
        "--file",
        action="append",
        default=[],
        metavar="FILE[:FIRST-LAST]",
        help="code that goes with the first question, as a whole or some of its lines",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--conversation",
        metavar="ID",
        help="go on with a conversation that is kept; the beginning of its id is enough",
    )
    which.add_argument(
        "--continue",
        dest="newest",
        action="store_true",
        help="go on with the newest conversation that was begun in this folder",
    )
    add_backend_options(parser)


def run(args: argparse.Namespace) -> int:
    """Chat; return the exit status."""
    history = History(default_folder())
    if args.list:
        print_list(history)
        return 0
    loaded = load((*below_editor(), *above_editor(args)))
    if message := loaded.problem_message():
        say(err(), message)
    if isinstance(sys.stdin, io.TextIOWrapper):
        # A wrong byte costs itself, and not the whole of what was typed.
        sys.stdin.reconfigure(errors="replace")
    code = [*_code_along(args, loaded.settings)]
    settings = loaded.settings
    if args.backend or args.url or args.model:
        # Who names a back end wants that one.
        settings = replace(settings, chat_backend=None)
    kept = _conversation(args, history)
    chat = Chat(settings, lambda backend: connect(backend, progress))
    with asyncio.Runner() as runner:
        session = Session(runner, chat, history, kept)
        try:
            if args.question:
                session.ask(args.question, code)
            else:
                session.in_turns(code)
        finally:
            runner.run(chat.aclose())
    return 0


def _conversation(args: argparse.Namespace, history: History) -> Kept:
    """Return the conversation that is meant. Raises InfillError if there is no such."""
    here = str(Path.cwd())
    if args.conversation:
        return history.find(args.conversation)
    if not args.newest:
        return history.begin(here)
    found, failures = history.all()
    for failure in failures:
        say(err(), failure.sentence())
    if newest := next((kept for kept in found if kept.folder == here), None):
        return newest
    raise BadInput("no conversation of this folder is kept", hint="begin one without --continue")


def _code_along(args: argparse.Namespace, settings: Settings) -> Iterator[Code]:
    """Yield what goes with the first question. Raises BadInput for what is of no use."""
    for named in args.file:
        yield _code(named, settings)
    if args.question and not sys.stdin.isatty() and (piped := read("-")):
        yield Code("standard input", "", piped)


def _code(named: str, settings: Settings) -> Code:
    """Return a file, or some of its lines. Raises BadInput if it is none, or not to be shown."""
    found = _LINES.fullmatch(named)
    name = found["file"] if found else named
    document = Document(uri_of(name), "", 0, Text(read(name)))
    clearance = Clearance(tuple, use_gitignore=settings.privacy.use_gitignore)
    text = clearance.checked(document).text
    if found is None:
        return Code(name, "", str(text))
    first, last = int(found["first"]), int(found["last"])
    if not 1 <= first <= last <= text.line_count:
        raise BadInput(
            f"{name} has no lines {first} to {last}", hint=f"it has 1 to {text.line_count}"
        )
    lines = text.slice(text.span(first - 1)[0], text.span(last - 1)[1])
    return Code(name, "", lines, (first, last))
