"""Which back end of the settings a message speaks of: that for completions, or another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec.structs import fields

from infill_ls.errors import InfillError
from infill_ls.settings.tree import BackendSettings

_KEYS = "|".join(each.encode_name for each in fields(BackendSettings))
_NAMED = re.compile(rf"\bbackend\.(?=(?:{_KEYS})\b)")


@contextmanager
def speaking_of(section: str) -> Iterator[None]:
    """Have errors name the settings of a section ("chatBackend"), which they call "backend".

    Whoever serves two back ends would otherwise be told to put one's token in the other's place.
    """
    try:
        yield
    except InfillError as error:
        error.args = (_NAMED.sub(f"{section}.", str(error)),)
        error.hint = _NAMED.sub(f"{section}.", error.hint)
        raise
