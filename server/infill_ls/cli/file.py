"""FILE:LINE:COLUMN on the command line, made into a request."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from infill_ls.errors import BadInput
from infill_ls.text import Text
from infill_ls.types import CompletionRequest, Document, Trigger

_PLACE = re.compile(r"(?P<file>.+):(?P<line>\d+):(?P<column>\d+)\Z")


def request_at(place: str) -> CompletionRequest:
    """Return the request for FILE:LINE:COLUMN, counted from 1; `-` is standard input.

    Raises BadInput where the file is none, is no text, or has no such place.
    """
    found = _PLACE.match(place)
    if found is None:
        raise BadInput(
            f"{place!r} is no place in a file", hint="write FILE:LINE:COLUMN, for instance a.py:3:5"
        )
    name, line, column = found["file"], int(found["line"]), int(found["column"])
    text = Text(read(name))
    document = Document(uri=uri_of(name), language="", version=0, text=text)
    return CompletionRequest(document, _offset(text, name, line, column), Trigger.INVOKED)


def read(name: str) -> str:
    """Return the text of a file; `-` is standard input. Raises BadInput where it is none."""
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise BadInput(f"{name} cannot be read ({error.strerror})") from error
    try:
        decoded = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{name} is no UTF-8 text (byte {error.start})", hint="convert it, or choose another"
        ) from error
    if "\0" in decoded:
        raise BadInput(f"{name} is a binary file", hint="choose a text file")
    return decoded


def uri_of(name: str) -> str:
    """Return the address of a file."""
    return "stdin:" if name == "-" else Path(name).absolute().as_uri()


def _offset(text: Text, name: str, line: int, column: int) -> int:
    if not 1 <= line <= text.line_count:
        raise BadInput(f"{name} has no line {line}", hint=f"it has {text.line_count}")
    start, end = text.span(line - 1)
    if not 1 <= column <= end - start + 1:
        raise BadInput(
            f"line {line} of {name} has no column {column}", hint=f"it has {end - start + 1}"
        )
    return start + column - 1
