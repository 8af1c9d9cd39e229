"""The files of the workspace that a question names: `@src/app.py`, `@"a path with blanks"`."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from unicodedata import category

from infill_ls.chat.conversation import Code
from infill_ls.clearance import Clearance
from infill_ls.errors import BadInput
from infill_ls.text import Text
from infill_ls.types import Document

LONGEST = 200_000
"""A file has so many code points at most; a model's window is smaller."""

_MOST_BYTES = 4 * LONGEST
"""None of which has more than four bytes in UTF-8."""

_MENTION = re.compile(r'(?<![\w@])@(?:"(?P<quoted>[^"\r\n]+)"|(?P<word>[^\s"]+))')
"""Not an address as in `me@example.org`."""


async def code_mentioned(
    question: str,
    folders: Sequence[Path],
    opened: Mapping[Path, Document],
    clearance: Clearance,
) -> tuple[Code, ...]:
    """Return the files that a question names, each once and in this order.

    Their paths are relative to one of the folders, the first that has such a file. An open document
    is shown as it is in the editor. A word with "@" that names no file is just a word. Raises
    BadInput for a file that is too long or no text, or must not be shown to a model.
    """
    if not folders or "@" not in question:
        return ()
    paths = await asyncio.to_thread(_named, question, folders, opened)
    return tuple([await _code(path, opened.get(path), clearance) for path in paths])


def _named(
    question: str, folders: Sequence[Path], opened: Mapping[Path, Document]
) -> tuple[Path, ...]:
    """Return the files by their whole paths; whether they may be read is not looked at."""
    found = []
    for names in _mentions(question):
        # Without "..", by which an open document is not known.
        paths = (Path(os.path.abspath(folder / name)) for name in names for folder in folders)
        # Path.is_file raises for a name that is too long.
        found.append(next((path for path in paths if path in opened or os.path.isfile(path)), None))
    return tuple(path for path in dict.fromkeys(found) if path)


def _mentions(question: str) -> Iterator[list[str]]:
    """Yield for each word with "@" what it may name, the likeliest first.

    What follows a name may belong to the sentence: "(see @app.py)."
    """
    for mention in _MENTION.finditer(question):
        if quoted := mention["quoted"]:
            yield [quoted]
            continue
        names = [word := mention["word"]]
        while (word := word[:-1]) and category(names[-1][-1])[0] in "PS":
            names.append(word)
        yield names


async def _code(path: Path, opened: Document | None, clearance: Clearance) -> Code:
    # Nothing is read before it is known that it may be.
    document = clearance.checked(opened or Document(path.as_uri(), "", 0, Text()))
    if opened is None:
        text = await asyncio.to_thread(_read, path, document.path)
    else:
        text = str(document.text)
    if len(text) > LONGEST:
        raise _too_long(document.path)
    return Code(document.path, document.language, text)


def _read(path: Path, name: str) -> str:
    """Return the text of a file, of which messages tell the name. Raises BadInput."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{name} cannot be read ({error.strerror})") from error
    if len(content) > _MOST_BYTES:
        raise _too_long(name)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{name} is no UTF-8 text (byte {error.start})") from error
    if "\0" in text:
        raise BadInput(f"{name} is a binary file")
    return text


def _too_long(name: str) -> BadInput:
    return BadInput(
        f"{name} has more than {LONGEST:,} characters", hint="open it, and ask about a part of it"
    )
