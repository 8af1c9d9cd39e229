"""What the page of the Emacs package has its readers put into their init files."""

from __future__ import annotations

import re
from pathlib import Path

from editors.emacs.terminal import PACKAGE, Emacs, written

PAGE = PACKAGE / "README.md"

_URL = "http://localhost:8080"


def snippet(holding: str) -> str:
    """Return the block of the page that holds some text; raises AssertionError if not one does."""
    blocks = re.findall(r"^```elisp\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    [block] = [block for block in blocks if holding in block]
    return str(block)


def load(emacs: Emacs, init: Path, block: str, url: str) -> None:
    """Have an Emacs load a block of the page, but for the address of the host, from `init`."""
    assert _URL in block
    written(init, block.replace(_URL, url))
    emacs.lisp(f'(load "{init}" nil t)')
