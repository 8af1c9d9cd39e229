"""Which grammar reads a language; there is none where the extra `syntax` is not installed.

Each grammar is a package of its own, with a wheel that holds nothing else: nothing is fetched at
run time. tree-sitter and a grammar are imported when a document of that language is first parsed,
which takes some milliseconds, so a server may ask for one in a thread before it is needed.
https://tree-sitter.github.io/py-tree-sitter/
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language

_GRAMMARS = {
    name: where.partition(":")[::2]
    for where, names in (
        ("tree_sitter_bash:language", "shellscript sh bash zsh"),
        ("tree_sitter_c:language", "c"),
        ("tree_sitter_c_sharp:language", "csharp cs"),
        ("tree_sitter_cpp:language", "cpp"),
        ("tree_sitter_go:language", "go"),
        ("tree_sitter_java:language", "java"),
        ("tree_sitter_javascript:language", "javascript javascriptreact js jsx"),
        ("tree_sitter_lua:language", "lua"),
        ("tree_sitter_php:language_php", "php"),
        ("tree_sitter_python:language", "python"),
        ("tree_sitter_ruby:language", "ruby"),
        ("tree_sitter_rust:language", "rust"),
        ("tree_sitter_typescript:language_typescript", "typescript ts"),
        ("tree_sitter_typescript:language_tsx", "typescriptreact tsx"),
    )
    for name in names.split()
}
"""The module and its function, by the language identifiers of LSP and of editors."""

LANGUAGES = frozenset(_GRAMMARS)
"""What there are grammars for, installed or not."""


@lru_cache(maxsize=len(_GRAMMARS))
def grammar(language: str) -> Language | None:
    """Return the grammar of an LSP language identifier, or None if it is not to be had.

    That is so, too, of one that was made for another version of tree-sitter.
    """
    if language not in _GRAMMARS:
        return None
    module, function = _GRAMMARS[language]
    try:
        made: Language = import_module("tree_sitter").Language(
            getattr(import_module(module), function)()
        )
    except (ImportError, ValueError):
        return None
    return made
