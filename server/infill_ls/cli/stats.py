"""`infill-ls stats`: what became of suggestions, as far as it was counted on this machine."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import msgspec

from infill_ls.cli.console import err, out, say, table
from infill_ls.cli.stats_table import COSTS, NOTES, OUTCOMES, costs, outcomes, table_rows
from infill_ls.errors import BadInput
from infill_ls.measurement import file
from infill_ls.measurement.row import Row
from infill_ls.measurement.summary import by, by_day, summary

_DAY_S = 24 * 3600
_LONGEST_DAYS = 366


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--days",
        type=_days,
        default=30,
        metavar="N",
        help="look back so many days (default: 30; a year is kept)",
    )
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="print JSON")
    forms.add_argument(
        "--html", type=Path, metavar="FILE", help="write a page with plots, which opens offline"
    )
    forms.add_argument("--clear", action="store_true", help="delete all that was counted")


def run(args: argparse.Namespace) -> int:
    """Show, write or delete the figures; return the exit status."""
    path = file.default_path()
    if args.clear:
        say(err(), f"Deleted what was counted of {file.clear(path)} suggestions")
        return 0
    rows = file.read(path, time.time() - args.days * _DAY_S)
    if args.json:
        say(out(), _json(rows, args.days))
    elif not rows:
        say(err(), _nothing(args.days))
    elif args.html is not None:
        _write_page(args.html, rows, args.days)
    else:
        _print_tables(rows)
    return 0


def _days(word: str) -> int:
    if word.isdecimal() and 1 <= int(word) <= _LONGEST_DAYS:
        return int(word)
    raise argparse.ArgumentTypeError(f"a number from 1 to {_LONGEST_DAYS} is needed")


def _nothing(days: int) -> str:
    return (
        f"No suggestion was counted in the last {days} days yet. Write some code with your "
        "editor, with `measurement.enabled` set, and look again."
    )


def _json(rows: Sequence[Row], days: int) -> str:
    figures = {
        "days": days,
        "all": summary(rows),
        "by_source": by(lambda row: row.source, rows),
        "by_language": by(lambda row: row.language, rows),
        "by_day": {str(day): figures for day, figures in by_day(rows).items()},
    }
    return msgspec.json.format(msgspec.json.encode(figures), indent=2).decode()


def _print_tables(rows: Sequence[Row]) -> None:
    """Print tables that are no wider than a terminal of 80 columns."""
    total = summary(rows)
    groups = {
        "source": by(lambda row: row.source, rows),
        "language": by(lambda row: row.language, rows),
    }
    for first, figures in groups.items():
        table((first, *OUTCOMES), table_rows(figures, total, outcomes))
    for first, figures in groups.items():
        table((first, *COSTS), table_rows(figures, total, costs))
    say(out(), "\n".join(NOTES))


def _write_page(path: Path, rows: Sequence[Row], days: int) -> None:
    # What draws is only needed here.
    from infill_ls.cli.stats_page import page  # noqa: PLC0415

    begin, end = (date.fromtimestamp(time.time() - ago * _DAY_S) for ago in (days, 0))
    try:
        path.write_text(page(rows, begin, end), encoding="utf-8")
    except OSError as error:
        raise BadInput(
            f"{path} cannot be written: {error.strerror}", hint="name another file after --html"
        ) from error
    say(err(), f"The page is written; open it with a browser: {path.absolute().as_uri()}")
