"""The extension's settings, made from the server's own.

In the folder `tests`: python -m editors.vscode.contribution
writes them into the extension's package.json; `test_settings.py` holds it to them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import FieldInfo

from infill_ls.settings.read import GUARDED, SECRET, leaves

MANIFEST = Path(__file__).parents[3] / "editor-configs" / "vscode" / "package.json"

OWN: dict[str, dict[str, object]] = {
    "infill-ls.path": {
        "type": "string",
        "default": "",
        "scope": "machine",
        "markdownDescription": "The server's program. Empty: `infill-ls` on PATH, else in the "
        "`.venv` of a workspace that you trust, else the one that the extension has installed.",
    }
}
"""What is no setting of the server."""

TOKENS = {key for key in SECRET if key.endswith(".token")}
"""Kept in the store of secrets (`infill-ls: Log In`), so that no file of settings holds one."""


def properties() -> dict[str, dict[str, object]]:
    """Return all settings by their names."""
    return OWN | {
        f"infill-ls.{key}": _property(key, info) for key, info in leaves() if key not in TOKENS
    }


def _property(key: str, info: FieldInfo) -> dict[str, object]:
    schema = msgspec.json.schema(info.type)
    definitions = schema.pop("$defs", {})
    schema = _resolved(schema, definitions)
    description = _as_links(schema.pop("description"))
    default = info.default
    if default is msgspec.NODEFAULT:
        default = info.default_factory()
    # A file of the workspace has no say in what decides where code goes.
    scope = "machine" if key in GUARDED else "window"
    return {
        **_flat(schema),
        # As JSON has it, without tuples.
        "default": msgspec.json.decode(msgspec.json.encode(default)),
        "scope": scope,
        "markdownDescription": description,
    }


def _resolved(schema: Any, definitions: dict[str, Any]) -> Any:
    """Return the schema without references, which VS Code does not follow here."""
    if isinstance(schema, list):
        return [_resolved(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        table = _resolved(definitions[name], definitions) | _resolved(rest, definitions)
        return {key: value for key, value in table.items() if key not in ("title", "required")}
    return {key: _resolved(value, definitions) for key, value in schema.items()}


def _flat(schema: dict[str, Any]) -> dict[str, Any]:
    """Return one schema in place of a choice between it and null, which VS Code can edit."""
    options = schema.pop("anyOf", None)
    if options is None:
        return schema
    (option,) = (each for each in options if each != {"type": "null"})
    return {**schema, **option, "type": [option["type"], "null"]}


def _as_links(description: str) -> str:
    """Return a description in which names of settings are links to them."""
    for key, _ in leaves():
        if key not in TOKENS:
            description = description.replace(f"`{key}`", f"`#infill-ls.{key}#`")
    return description


def main() -> None:
    """Write the settings into the manifest."""
    manifest = json.loads(MANIFEST.read_text(encoding="utf-8"))
    manifest["contributes"]["configuration"] = {
        "title": "infill-ls",
        "properties": properties(),
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    MANIFEST.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
