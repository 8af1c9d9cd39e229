"""What a keystroke costs in large files: pygls's own documents against ours.

A keystroke is one `didChange` of one character and the look-up of an offset, both in the middle of
the file. Fails where ours is not at least 20 times as fast in the largest file.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter

from lsprotocol import types
from pygls.workspace import TextDocument, Workspace

from infill_ls.lsp.documents import Buffers

SIZES = {"20 kB": 20_000, "1 MB": 1_000_000, "5 MB": 5_000_000}
RUNS = 30
TARGET = 20

LINES = """\
def area(width: float, height: float) -> float:
    # in m², not ft²
    return width * height

"""
URI = "file:///large.py"


def main() -> int:
    """Print one line for each size; return 1 where the target is missed."""
    print(f"{'file':>6}  {'pygls ms':>9}  {'ours ms':>8}  {'ratio':>6}")
    ratio = 0.0
    for name, size in SIZES.items():
        source = LINES * (size // len(LINES.encode()))
        theirs, ours = (keystroke_ms(made, source) for made in (pygls_document, our_document))
        ratio = theirs / ours
        print(f"{name:>6}  {theirs:9.3f}  {ours:8.3f}  {ratio:5.0f}x")
    print(f"target at {name}: {TARGET}x, {'met' if ratio >= TARGET else 'missed'}")
    return int(ratio < TARGET)


def keystroke_ms(open_document: Callable[[str], TextDocument], source: str) -> float:
    """Return the median cost of a keystroke in milliseconds."""
    document = open_document(source)
    middle = source.count("\n") // 2
    return median(timed_ms(document, middle, column) for column in range(RUNS))


def timed_ms(document: TextDocument, line: int, column: int) -> float:
    """Type one character at a column, look up where the cursor then is, and return the time."""
    # pygls writes to the positions it is given, so that each gets its own.
    place = types.Range(types.Position(line, column), types.Position(line, column))
    change = types.TextDocumentContentChangePartial(range=place, text="x")
    cursor = types.Position(line, column + 1)

    start = perf_counter()
    document.apply_change(change)
    document.offset_at_position(cursor)
    return (perf_counter() - start) * 1000


def pygls_document(source: str) -> TextDocument:
    """Open a document as pygls does."""
    return opened(Workspace(None), source)


def our_document(source: str) -> TextDocument:
    """Open a document as the server does."""
    return opened(Buffers(Workspace(None)), source)


def opened(workspace: Workspace, source: str) -> TextDocument:
    """Open a document in a workspace."""
    workspace.put_text_document(types.TextDocumentItem(URI, "python", 1, source))
    return workspace.get_text_document(URI)


if __name__ == "__main__":
    sys.exit(main())
