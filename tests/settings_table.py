"""README's table of settings, made from the settings themselves.

`python tests/settings_table.py` prints it; `test_contracts.py` holds README to it.
"""

from __future__ import annotations

import json

import msgspec
from msgspec.structs import FieldInfo

from infill_ls.settings.read import allowed, leaves


def table() -> str:
    """Return the table in Markdown, a row for each setting."""
    rows = [_row(key, info) for key, info in leaves()]
    return "\n".join(["| Setting | Default | Meaning |", "|---|---|---|", *rows])


def _row(key: str, info: FieldInfo) -> str:
    values = allowed(info)
    # What any text, table or truth value is goes without saying.
    says_more = values.startswith(("one of", "a whole number", "a number"))
    description = msgspec.json.schema(info.type)["description"]
    meaning = f"{description} {values.capitalize()}." if says_more else description
    return f"| `{key}` | {_default(info)} | {meaning} |"


def _default(info: FieldInfo) -> str:
    default = info.default
    if default is msgspec.NODEFAULT:
        default = info.default_factory()
    return "" if default is None else f"`{json.dumps(default)}`"


if __name__ == "__main__":
    print(table())
