"""The settings that Emacs's Customize offers, made from the server's own.

In the folder `tests`: python -m editors.emacs.settings
writes them into infill-ls-settings.el; `test_settings.py` holds it to them.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from editors.emacs.terminal import PACKAGE
from infill_ls.settings.read import SECRET, leaves

FILE = PACKAGE / "infill-ls-settings.el"

TOKENS = {key for key in SECRET if key.endswith(".token")}
"""Not offered: what is customized ends in a file that is often shared."""

_BEGIN = "(defconst infill-ls--known-settings\n  '("
_END = ')\n  "What the server'

_SIMPLE = {
    "string": "string",
    "integer": "integer",
    "number": "number",
    "boolean": '(choice (const :tag "on" t) (const :tag "off" :json-false))',
    "object": "(alist :key-type string :value-type string)",
}


def keys() -> list[str]:
    """Return the keys of all settings that are offered."""
    return [key for key, _ in leaves() if key not in TOKENS]


def updated(lisp: str) -> str:
    """Return the text of the file with the settings of now."""
    head, _, rest = lisp.partition(_BEGIN)
    tail = rest[rest.index(_END) :]
    return f"{head}{_BEGIN}{rows()}{tail}"


def rows() -> str:
    """Return a row of Lisp for each setting: its key, its type and its description."""
    shown = []
    for key, info in leaves():
        if key not in TOKENS:
            schema = msgspec.json.schema(info.type)
            doc = json.dumps(schema["description"], ensure_ascii=False)
            shown.append(f'("{key}" {_type(schema)}\n     {doc})')
    return "\n    ".join(shown)


def _type(schema: dict[str, Any]) -> str:
    """Return Customize's type for a schema; `backend` stands for the settings of one."""
    options = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    [option] = options
    if "$ref" in option:
        return "backend"
    if "enum" in option:
        return "(choice " + " ".join(f'(const "{each}")' for each in option["enum"]) + ")"
    if option["type"] == "array":
        return f"(repeat {_type(option['items'])})"
    return _SIMPLE[option["type"]]


if __name__ == "__main__":
    FILE.write_text(updated(FILE.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
