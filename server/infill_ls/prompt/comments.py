"""Other places as comments at the head of a document, for formats that know one file only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from infill_ls.prompt.snippet import Snippet
from infill_ls.types import Document

_LANGUAGES = {
    "#": "python ruby perl perl6 raku shellscript sh bash zsh fish makefile make cmake dockerfile "
    "yaml toml r julia elixir powershell ps1 coffeescript nix tcl awk crystal nim gdscript "
    "terraform hcl starlark bzl snakemake",
    "//": "c cpp objective-c objective-cpp objc csharp cs java javascript javascriptreact "
    "typescript typescriptreact go rust swift kotlin scala dart php groovy zig solidity jsonc "
    "proto proto3 cuda cuda-cpp glsl hlsl verilog systemverilog fsharp less scss v d odin",
    "--": "lua sql haskell ada elm vhdl applescript purescript lean",
    ";": "clojure lisp commonlisp scheme racket emacs-lisp elisp asm nasm",
    "%": "erlang latex tex matlab prolog octave",
    "!": "fortran",
    '"': "vim",
    "'": "vb",
}

_LINE_COMMENTS = {name: sign for sign, names in _LANGUAGES.items() for name in names.split()}
"""What begins a comment up to the line's end, by the language identifiers of LSP and of editors."""


def commented(snippets: Sequence[Snippet], document: Document) -> str:
    """Return snippets as comments, then the document's own path; nothing for want of comments."""
    sign = _LINE_COMMENTS.get(document.language)
    if sign is None:
        return ""
    shown = [f"{snippet.path}:\n{snippet.text.rstrip()}\n\n" for snippet in snippets]
    return "".join(_lines("".join([*shown, f"{document.path}:\n"]), sign))


def _lines(text: str, sign: str) -> Iterable[str]:
    return (f"{sign} {line}".rstrip() + "\n" for line in text.splitlines())
