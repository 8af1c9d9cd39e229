"""Talk about code with the model of `chatBackend`, or of `backend` where there is none.

With a question, one answer is printed; without one, questions are asked one after the other, until
the end of input. Ctrl-C stops an answer and keeps what was said. What is piped in goes along as
code.

For example:
  infill-ls chat "What does this do?" --file app.py:10-42
  git diff | infill-ls chat "Write a commit message."
  infill-ls chat
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys

from msgspec.structs import replace

from infill_ls.backends.connect import connect
from infill_ls.chat.chat import Chat
from infill_ls.chat.conversation import Code
from infill_ls.cli.configured import above_editor, add_backend_options, below_editor
from infill_ls.cli.console import err, growing_markdown, progress, say
from infill_ls.cli.file import read, uri_of
from infill_ls.completion.clearance import Clearance
from infill_ls.errors import BadInput, InfillError
from infill_ls.settings.read import load
from infill_ls.settings.tree import Settings
from infill_ls.text import Text
from infill_ls.types import Document

_LINES = re.compile(r"(?P<file>.+):(?P<first>\d+)-(?P<last>\d+)")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("question", nargs="?", help="what to ask; without it, ask in turns")
    parser.add_argument(
        "--file",
        action="append",
        default=[],
        metavar="FILE[:FIRST-LAST]",
        help="code that goes with the first question, as a whole or some of its lines",
    )
    add_backend_options(parser)


def run(args: argparse.Namespace) -> int:
    """Chat; return the exit status."""
    loaded = load((*below_editor(), *above_editor(args)))
    if message := loaded.problem_message():
        say(err(), message)
    code = [_code(each, loaded.settings) for each in args.file]
    is_terminal = sys.stdin.isatty()
    if args.question and not is_terminal and (piped := read("-")):
        code.append(Code("standard input", "", piped))
    settings = loaded.settings
    if args.backend or args.url or args.model:
        # Who names a back end wants that one.
        settings = replace(settings, chat_backend=None)
    chat = Chat(settings, lambda backend: connect(backend, progress))
    with asyncio.Runner() as runner:
        try:
            if args.question:
                runner.run(_answered(chat, args.question, code))
            else:
                _in_turns(runner, chat, code)
        finally:
            runner.run(chat.aclose())
    return 0


def _in_turns(runner: asyncio.Runner, chat: Chat, code: list[Code]) -> None:
    """Ask until the end of input; a failure, or Ctrl-C, ends an answer only."""
    conversation = None
    while (question := _question()) is not None:
        if not question.strip():
            continue
        try:
            conversation = runner.run(_answered(chat, question, code, conversation))
        except InfillError as error:
            say(err(), error.sentence())
        except KeyboardInterrupt:
            say(err(), "stopped")
        conversation = conversation or chat.newest
        code = []


def _question() -> str | None:
    try:
        return input("> " if sys.stdin.isatty() else "")
    except (EOFError, KeyboardInterrupt):
        return None


async def _answered(
    chat: Chat, question: str, code: list[Code], conversation: str | None = None
) -> str:
    """Print an answer while it comes; return the conversation."""
    with growing_markdown() as show:
        reply = await chat.send(
            question, lambda *told: show(told[-1]), conversation=conversation, code=code
        )
    if reply.cut:
        say(err(), "Not everything had room; older turns or code were left out")
    return reply.conversation


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
