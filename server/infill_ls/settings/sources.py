"""Where settings are read from, weakest first: the user's file, the editor, the environment.

The order is: defaults; the user's file; the editor's `initializationOptions`; the editor's
configuration (`workspace/configuration`, `workspace/didChangeConfiguration`); the environment;
the command line. The editor's configuration may hold what a file of the workspace says
(`.vscode/settings.json`, `.dir-locals.el`), so the section `backend`, which decides where code and
tokens go, is not taken from it.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import FieldInfo
from platformdirs import user_config_path

from infill_ls.settings.read import Layer, leaves, nested

SECTION = "infill-ls"
"""The name of our section in an editor's configuration."""

ENV_PREFIX = "INFILL_LS_"

_NOT_SETTINGS = frozenset(
    {
        "INFILL_LS_CHATS",
        "INFILL_LS_CONFIG",
        "INFILL_LS_MODELS",
        "INFILL_LS_SERVERS",
        "INFILL_LS_STATS",
    }
)
"""Variables that name our own files and folders."""


def user_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the path of the user's file, whether or not it is there."""
    named = environ.get("INFILL_LS_CONFIG")
    return Path(named) if named else user_config_path("infill-ls", appauthor=False) / "config.toml"


def from_user_file(path: Path) -> Layer:
    """Read the user's TOML file; a missing file says nothing."""
    try:
        # With or without the byte order mark that some editors of Windows write.
        return Layer(str(path), tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except FileNotFoundError:
        return Layer(str(path), {})
    except (OSError, ValueError) as error:
        return Layer(str(path), {}, unreadable=f"the file cannot be read ({error})")


def from_initialization_options(options: object) -> Layer:
    """Read what the editor passes when it starts the server; both shapes are taken.

    Some clients wrap the tree in the section's name, others pass it bare.
    """
    return _layer("the initialization options", options)


def from_editor(configuration: object) -> Layer:
    """Read an editor's configuration, in which the workspace may have had a say."""
    return _layer("the editor's configuration", configuration, trusted=False)


def from_environment(environ: Mapping[str, str] = os.environ) -> Layer:
    """Read `INFILL_LS_<SECTION>_<NAME>`, for instance `INFILL_LS_BACKEND_URL`.

    Lists and tables are written as JSON.
    """
    keys = {ENV_PREFIX + _snake(key, info): key for key, info in leaves()}
    values = {
        keys.get(name, name): value
        for name, value in environ.items()
        if name.startswith(ENV_PREFIX) and name not in _NOT_SETTINGS
    }
    return Layer("the environment", nested(values), lax=True)


def _snake(key: str, info: FieldInfo) -> str:
    """Return the name of a key's variable, without the prefix: `BACKEND_URL`."""
    section, _, name = key.partition(".")
    return (f"{section}_{info.name}" if name else info.name).upper()


def _layer(source: str, tree: object, *, trusted: bool = True) -> Layer:
    section = tree.get(SECTION, tree) if isinstance(tree, Mapping) else tree
    if isinstance(section, Mapping):
        return Layer(source, section, trusted)
    # Lua cannot tell an empty table from an empty list.
    unreadable = "" if section is None or section == [] else "it is not a table"
    return Layer(source, {}, trusted, unreadable=unreadable)
