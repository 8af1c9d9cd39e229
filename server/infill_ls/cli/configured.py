"""The settings of a command: its own options above the environment above the user's file."""

from __future__ import annotations

import argparse
from typing import get_args

from infill_ls.settings.read import Layer
from infill_ls.settings.sources import from_environment, from_user_file, user_file
from infill_ls.settings.tree import Kind


def add_backend_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose the back end for this run."""
    group = parser.add_argument_group("back end (each overrides a setting for this run)")
    group.add_argument("--backend", metavar="KIND", help=", ".join(get_args(Kind)))
    group.add_argument("--url", help="the host's address, for instance http://localhost:8080")
    group.add_argument("--model", help="the model's name, or a GGUF file for the embedded kind")


def below_editor() -> tuple[Layer, ...]:
    """Return the layers that are weaker than what an editor says."""
    return (from_user_file(user_file()),)


def above_editor(args: argparse.Namespace) -> tuple[Layer, ...]:
    """Return the layers that are stronger than what an editor says."""
    options = {
        "kind": getattr(args, "backend", None),
        "url": getattr(args, "url", None),
        "model": getattr(args, "model", None),
    }
    # Who names a back end wants that one, and not another if it fails.
    fallback = None if set(options.values()) == {None} else ()
    values = {"backend": options, "fallback": fallback}
    return (from_environment(), Layer("the command line", values))
