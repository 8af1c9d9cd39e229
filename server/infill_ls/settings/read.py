"""Read layers of settings into one tree; never fails, but tells what it could not use.

A layer is what one source says (the user's file, the editor …). Each leaf of the tree is checked
on its own, so that a bad value costs only itself; later layers win leaf by leaf.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import FieldInfo, fields

from infill_ls.settings.tree import Settings

SECRET = frozenset({"backend.token", "backend.headers", "image.token"})
"""Keys whose values are never shown, and which go only to the URL they were given for: that of
their own section."""

_SHOWN_CHARS = 60
"""How much of a value a message repeats."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What one source says; later layers win."""

    source: str
    """Where it comes from, in words for the user ("the editor's configuration")."""
    values: Mapping[str, object] = field(repr=False)
    """The tree as JSON or TOML gives it; None stands for unset."""
    trusted: bool = True
    """False where a file of the workspace may have had a say: guarded keys are then refused."""
    lax: bool = False
    """True where every value is a string, as in the environment."""
    unreadable: str = ""
    """Why nothing could be read from the source, if so."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One value that is not used."""

    key: str
    source: str
    reason: str
    """What is wrong and what is allowed, without a full stop."""

    def __str__(self) -> str:
        return f"{self.key} in {self.source}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings in force, and how they came about."""

    settings: Settings
    origins: Mapping[str, str] = field(default_factory=dict)
    """The source of each key ("backend.url") that is not at its default."""
    problems: tuple[Problem, ...] = ()

    def problem_message(self) -> str:
        """Return one message that names every problem, or an empty string."""
        if not self.problems:
            return ""
        return "Some settings are not used: " + "; ".join(map(str, self.problems))


def load(layers: Iterable[Layer]) -> Loaded:
    """Merge the layers, later ones winning leaf by leaf."""
    known = dict(leaves())
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    given_for: dict[str, object] = {}
    problems: list[Problem] = []
    for layer in layers:
        if layer.unreadable:
            problems.append(Problem("everything", layer.source, layer.unreadable))
        given = dict(_flatten(layer, problems))
        for key, raw in given.items():
            info = known.get(key)
            if problem := _problem(key, info, raw, layer):
                problems.append(problem)
            elif info is not None:
                values[key] = _convert(raw, info, layer)
                origins[key] = layer.source
                url = _url_beside(key)
                given_for[key] = given.get(url) or values.get(url)
    for key in sorted(SECRET & values.keys()):
        if not _same_host(given_for[key], values.get(_url_beside(key))):
            reason = f"it was given for {given_for[key]} and is not sent anywhere else"
            problems.append(Problem(key, origins.pop(key), reason))
            del values[key]
    return Loaded(msgspec.convert(nested(values), Settings), origins, tuple(problems))


@cache
def leaves() -> tuple[tuple[str, FieldInfo], ...]:
    """Return each key ("completion.maxTokens", "fallback") with its field."""
    return tuple(leaf for section in fields(Settings) for leaf in _leaves_of(section))


def _leaves_of(section: FieldInfo) -> list[tuple[str, FieldInfo]]:
    if not isinstance(section.type, type):  # A list of tables is one value.
        return [(section.encode_name, section)]
    return [(f"{section.encode_name}.{info.encode_name}", info) for info in fields(section.type)]


_GUARDED_SECTIONS = {"backend", "chatBackend", "fallback", "image", "privacy"}

GUARDED = frozenset(key for key, _ in leaves() if key.partition(".")[0] in _GUARDED_SECTIONS)
"""Keys that a cloned repository must not be able to set: they decide where code and tokens go (a
model's name too, which may name its provider) and which file is loaded."""


def allowed(info: FieldInfo) -> str:
    """Say in a few words which values a field takes."""
    schema = msgspec.json.schema(info.type)
    options = [option for option in schema.get("anyOf", [schema]) if option.get("type") != "null"]
    option = options[0]
    if "enum" in option:
        return "one of " + ", ".join(option["enum"])
    if "minimum" in option:
        kind = {"integer": "a whole number", "number": "a number"}[option["type"]]
        return f"{kind} from {option['minimum']} to {option['maximum']}"
    if "$ref" in option.get("items", {}):
        return "a list of tables with the settings of `backend`"
    if "$ref" in option:
        return "a table with the settings of `backend`"
    names = {
        "string": "a text",
        "boolean": "true or false",
        "object": "a table of texts",
        "array": "a list of texts",
    }
    return names[option["type"]]


def nested(values: Mapping[str, object]) -> dict[str, object]:
    """Return the tree of values that are given by their keys."""
    tree: dict[str, object] = {}
    tables: dict[str, dict[str, object]] = {}
    for key, value in values.items():
        section, _, name = key.partition(".")
        if name:
            tables.setdefault(section, {})[name] = value
        else:
            tree[section] = value
    return tree | tables


def _flatten(layer: Layer, problems: list[Problem]) -> Iterator[tuple[str, object]]:
    """Yield the layer's leaves; a section that is not a table is a problem."""
    sections = {key.partition(".")[0] for key, _ in leaves() if "." in key}
    for name, section in layer.values.items():
        if section is None:
            continue
        if name not in sections:
            yield name, section
        elif isinstance(section, Mapping):
            yield from ((f"{name}.{key}", raw) for key, raw in section.items() if raw is not None)
        elif section != []:  # Lua cannot tell an empty table from an empty list.
            problems.append(Problem(name, layer.source, f"{_shown(name, section)} is not a table"))


def _problem(key: str, info: FieldInfo | None, raw: object, layer: Layer) -> Problem | None:
    if info is None:
        return Problem(key, layer.source, "there is no such setting")
    if key in GUARDED and not layer.trusted:
        return Problem(
            key,
            layer.source,
            "a file of the workspace could have set it; put it into the initialization options "
            "or the user's own configuration file",
        )
    try:
        _convert(raw, info, layer)
    except msgspec.DecodeError as error:
        place = _PLACE.search(str(error))
        where = f" (at {place[1]})" if place else ""
        return Problem(key, layer.source, f"{_shown(key, raw)} is not {allowed(info)}{where}")
    return None


_PLACE = re.compile(r" - at `\$(.+)`")
"""Where in a list or table msgspec finds fault."""


def _shown(key: str, raw: object) -> str:
    """Return a value as a message may show it, shortened; what may hold a secret is not shown."""
    if key in SECRET or key in _GUARDED_SECTIONS:
        return "its value"
    shown = repr(raw)
    return shown if len(shown) <= _SHOWN_CHARS else shown[:_SHOWN_CHARS] + "…"


def _convert(raw: object, info: FieldInfo, layer: Layer) -> object:
    if layer.lax and isinstance(raw, str) and _is_json(info):
        return msgspec.json.decode(raw.encode(errors="replace"), type=info.type)
    return msgspec.convert(raw, info.type, strict=not layer.lax)


def _is_json(info: FieldInfo) -> bool:
    """A table or a list has no plain spelling in one string."""
    schema = msgspec.json.schema(info.type)
    options = schema.get("anyOf", [schema])
    return any("$ref" in each or each.get("type") in ("object", "array") for each in options)


def _url_beside(key: str) -> str:
    """Return the key of the URL in the same section; most sections have none."""
    return f"{key.partition('.')[0]}.url"


def _same_host(given_for: object, url: object) -> bool:
    """A secret given before any URL was named is for whichever is named."""
    if not isinstance(given_for, str) or not isinstance(url, str):
        return given_for is None
    try:
        return urlsplit(given_for)[:2] == urlsplit(url)[:2]
    except ValueError:  # "http://[" is no address.
        return given_for == url
