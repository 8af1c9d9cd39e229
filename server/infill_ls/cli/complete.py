"""Fill in at one place of a file, once, and show the code with the new part marked.

The place is FILE:LINE:COLUMN, counted from 1 as editors show it; the cursor stands before that
column. `-` as the file reads standard input. The file itself is not changed.

For example:
  infill-ls complete app.py:12:5
  infill-ls complete --url http://localhost:8080 app.py:12:5 --json
  git show HEAD:app.py | infill-ls complete -:12:5
"""

from __future__ import annotations

import argparse
import asyncio
import json
from contextlib import aclosing
from dataclasses import asdict, fields

import msgspec

from infill_ls.backends.connect import connect
from infill_ls.cli.configured import above_editor, add_backend_options, below_editor
from infill_ls.cli.console import err, out, progress, say
from infill_ls.cli.file import request_at
from infill_ls.cli.snippet import growing
from infill_ls.completion.completer import Completer
from infill_ls.prompt.build import plan
from infill_ls.settings.read import load
from infill_ls.settings.tree import Settings
from infill_ls.types import Completion, CompletionRequest, Report


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("place", metavar="FILE:LINE:COLUMN", help="where to fill in")
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--json",
        action="store_true",
        help="print one JSON object: text, range (as you count: lines and columns from 1, the end "
        "excluded), finish, backend, model, first_token_ms, total_ms, prompt_tokens, "
        "completion_tokens, source",
    )
    form.add_argument(
        "--show-prompt",
        action="store_true",
        help="print the requests that would be made, and make none; what only the host knows (the "
        "ids of its tokens, the model where --model does not say) is marked",
    )
    add_backend_options(parser)


def run(args: argparse.Namespace) -> int:
    """Complete once; return the exit status."""
    loaded = load((*below_editor(), *above_editor(args)))
    if message := loaded.problem_message():
        say(err(), message)
    request = request_at(args.place)
    if args.show_prompt:
        return _show_prompt(loaded.settings, request)
    return asyncio.run(_complete(loaded.settings, request, as_json=args.json))


def _show_prompt(settings: Settings, request: CompletionRequest) -> int:
    backend = connect(settings.backend, progress)
    model = backend.assumed()
    if backend.kind == "auto":
        say(err(), "The host is not asked what it is; give --backend if it is not TGI")
    if not model.name and settings.prompt.template == "auto":
        say(err(), "The host is not asked for its model; give --model to see its own format")
    for exchange in backend.preview(plan(request, model, settings).prompt()):
        say(out(), f"{exchange.method} {exchange.url}")
        say(out(), msgspec.json.format(msgspec.json.encode(exchange.body)).decode())
    return 0


async def _complete(settings: Settings, request: CompletionRequest, *, as_json: bool) -> int:
    completer = Completer(settings, lambda backend: connect(backend, progress), progress)
    async with aclosing(completer):
        if as_json:
            completion = await completer.complete(request)
            say(out(), json.dumps(_object(request, completion)))
        else:
            say(err(), _summary(await _drawn(completer, request)))
    return 0


async def _drawn(completer: Completer, request: CompletionRequest) -> Completion | None:
    with growing(request) as show:
        completion = await completer.complete(request, lambda grown: show(grown.text))
        show(completion.text if completion else "")
    return completion


def _object(request: CompletionRequest, completion: Completion | None) -> dict[str, object]:
    """Return what `--json` prints; with nothing to insert, the text is empty, the report null."""
    if completion is None:
        here = _place(request, request.offset)
        nothing: dict[str, object] = {"text": "", "range": {"start": here, "end": here}}
        return {**nothing, "finish": "end", **dict.fromkeys(field.name for field in fields(Report))}
    place = {
        "start": _place(request, completion.start),
        "end": _place(request, completion.end),
    }
    known = {"text": completion.text, "range": place, "finish": completion.finish}
    return known | asdict(completion.report)


def _place(request: CompletionRequest, offset: int) -> dict[str, int]:
    line, column = request.document.text.position(offset)
    return {"line": line + 1, "column": column + 1}


def _summary(completion: Completion | None) -> str:
    if completion is None:
        return "The model has nothing to insert here"
    report = completion.report
    first = report.total_ms if report.first_token_ms is None else report.first_token_ms
    return (
        f"{report.completion_tokens} tokens, the first after {first / 1000:.1f} s, "
        f"all after {report.total_ms / 1000:.1f} s; {report.model} ({report.backend})"
    )
