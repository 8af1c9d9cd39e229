"""In which forms a piece of code is valid: a method within a class, a branch behind its `if`.

What a grammar takes by itself needs no form; most take statements and functions anywhere.
"""

from __future__ import annotations

PLACE = "‸"
"""Where the piece stands in a form."""

_SWITCH = "switch (x) {\n‸\n}"
_CLASS = "class X {\n‸\n}"
_INTERFACE = "interface X {\n‸\n}"
_ENUM = "enum X {\n‸\n}"
_BRANCHES = ("if (x) {}\n‸", "try {}\n‸")
_JAVASCRIPT = (
    _CLASS,
    _SWITCH,
    *_BRANCHES,
    "({\n‸\n})",
    "[\n‸\n]",
    "async function* f() {\n‸\n}",
)

_FORMS = {
    name: forms
    for forms, names in (
        (
            (
                "if x:\n    pass\n‸",
                "try:\n    pass\n‸",
                "match x:\n    ‸",
                "x = {\n‸\n}",
                "x = [\n‸\n]",
                "def f(\n‸\n): pass",
            ),
            "python",
        ),
        ((_CLASS, _INTERFACE, _SWITCH, _ENUM, *_BRANCHES), "java csharp cs"),
        (("if (x) {}\n‸", "enum X {\n‸\n};", "int x[] = {\n‸\n};"), "c"),
        (("class X {\n‸\n};", *_BRANCHES, "enum X {\n‸\n};", "int x[] = {\n‸\n};"), "cpp"),
        (
            (
                "func f() {\n‸\n}",
                "func f() {\nswitch x {\n‸\n}\n}",
                "func f() {\nselect {\n‸\n}\n}",
                "type X struct {\n‸\n}",
                "type X interface {\n‸\n}",
                "var x = X{\n‸\n}",
                "const (\n‸\n)",
                "func f() {\nif x {\n} ‸\n}",
            ),
            "go",
        ),
        (
            (
                "fn f() {\n‸\n}",
                "fn f() {\nmatch x {\n‸\n}\n}",
                "struct X {\n‸\n}",
                _ENUM,
                "fn f() {\nX {\n‸\n}\n}",
                "fn f() {\nif x {}\n‸\n}",
            ),
            "rust",
        ),
        (_JAVASCRIPT, "javascript javascriptreact js jsx"),
        ((*_JAVASCRIPT, _INTERFACE, _ENUM), "typescript ts typescriptreact tsx"),
        (("x = {\n‸\n}", "begin\n‸\nend"), "ruby"),
        (("x = {\n‸\n}", "if x then\n‸\nend"), "lua"),
        (("case x in\n‸\nesac",), "shellscript sh bash zsh"),
    )
    for name in names.split()
}
"""By the language identifiers of LSP and of editors."""

_PHP = (
    "‸",
    "class X {\n‸\n}",
    "switch ($x) {\n‸\n}",
    "$x = [\n‸\n];",
    *("if ($x) {}\n‸", "try {}\n‸"),
)


def forms(code: str, language: str) -> tuple[str, ...]:
    """Return the forms in which code may stand, the likeliest first.

    PHP without a tag is plain text, which is always valid, so a tag is put before it.
    """
    if language == "php" and "<?" not in code:
        return tuple(f"<?php\n{form}" for form in _PHP)
    return (PLACE, *_FORMS.get(language, ()))
