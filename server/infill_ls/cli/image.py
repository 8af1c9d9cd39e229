"""Have a picture drawn, by the model of the settings `image`, and print where it was written.

For example:
  infill-ls image "a red fox on a hill, pixel art" -o fox.png
  infill-ls image "an empty room" --negative-prompt "people" --width 1024 --height 768 -o room.jpg
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

import msgspec

from infill_ls.backends.image import Wish, draw
from infill_ls.cli.configured import above_editor, below_editor
from infill_ls.cli.console import err, out, say
from infill_ls.errors import BadInput
from infill_ls.settings.read import load


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("prompt", metavar="PROMPT", help="what to draw")
    parser.add_argument(
        "-o", dest="path", metavar="FILE", type=Path, required=True,
        help="where to; its suffix becomes that of what the host sends",
    )  # fmt: skip
    parser.add_argument("--negative-prompt", help="what not to draw")
    parser.add_argument("--guidance-scale", type=float, help="how closely to keep to the prompt")
    parser.add_argument("--width", type=int, help="in pixels, a multiple of 8")
    parser.add_argument("--height", type=int, help="in pixels, a multiple of 8")
    parser.add_argument("--num-inference-steps", type=int, help="more take longer, and look better")
    parser.add_argument("--seed", type=int, help="the same seed draws the same picture")


def run(args: argparse.Namespace) -> int:
    """Draw once; return the exit status."""
    loaded = load((*below_editor(), *above_editor(args)))
    if message := loaded.problem_message():
        say(err(), message)
    given = {name: getattr(args, name) for name in Wish.__struct_fields__}
    try:
        wish = msgspec.convert(given, Wish)
    except msgspec.ValidationError as error:
        raise BadInput(f"the picture cannot be asked for ({error})") from error
    say(out(), str(asyncio.run(draw(wish, args.path, loaded.settings))))
    return 0
