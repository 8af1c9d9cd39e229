"""Which lines open a block, by what stands on them alone."""

from __future__ import annotations

import re
from dataclasses import dataclass

from infill_ls.syntax.signs import signs


@dataclass(frozen=True, slots=True)
class _Openers:
    surely: str
    """What matches a line that opens a block, wherever it may be cut off."""
    perhaps: str = r"(?!)"
    """What matches one that opens a block if it is finished, having no mark at its end."""


_NAMES = (
    r"(?:import\b[^{]*|export(?:\s+type)?|(?:pub(?:\(\w+\))?\s+)?use\b[^{]*|const|let|var)\s*\{$"
)
_BRACE = rf"(?!{_NAMES}).*(?<![={{$])\{{$"
"""A brace, but not that of a list of names, a hole in a string or the value of an attribute."""

_LABEL = r"(?:case\b.*|default|(?:public|private|protected)(?:\s+slots)?|signals):$"
_HEAD = (
    r"(?:\}\s*)?(?:else\s+)?(?:if|for|foreach|while|switch|catch|using|lock)\b.*\)$"
    r"|(?:\}\s*)?(?:else|do|try|finally)$"
    r"|(?:[a-z]+\s+)*(?:class|struct|enum|interface|namespace|record|trait|union)\b[^;{}]*$"
)
_SIGNATURE = (
    r"(?!(?:return|throw|new|delete|else|case|goto|using|await|co_\w+)\b)"
    r"[\w:*&<>,~\[\]\s]*[\w*&>\]]\s[\w:~*&]+\([^;={}]*\)(?:\s*(?:const|noexcept|override|final))*$"
)
_VOID = "area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr"
_TAG = rf"(?:.*[\s(>])?<(?!(?:{_VOID})\b)[A-Za-z][\w.:-]*(?:\s[^<>]*)?(?<!/)>$|(?:.*[\s(])?<>$"

_BRACED = _Openers(rf"{_BRACE}|{_LABEL}", _HEAD)
_PYTHON = _Openers(
    r"(?:async|class|def|if|elif|else|for|while|try|except|finally|with|match|case)\b.*:$"
    r"|(?:[^()]|\([^()]*\))*\)(?:\s*->.*)?:$"  # the end of a head of several lines
)
_RUBY = _Openers(
    r"(?:.*\b)?(?:do|then)(?:\s*\|[^|]*\|)?$|.*\{(?:\s*\|[^|]*\|)?$|(?:.*=\s*)?begin$"
    r"|(?:else|ensure)$|(?:\w+\s+)*def\s+[\w.]+[?!]?\s*\(.*\)$",
    r"(?!.*\bend$)(?:.*=\s*)?(?:class|module|if|unless|while|until|for|case|when|elsif|rescue|in)\b"
    r"|(?!.*\bend$)(?:\w+\s+)*def\s+[\w.]+[?!=]?(?:\s*\(.*\))?(?!.*\s=\s)",
)
_LUA = _Openers(
    r"(?:.*\b)?(?:then|do|else|repeat)$|.*\bfunction\b[^()]*\([^()]*\)$|.*\{$",
    r"(?!.*\bend$)(?:if|while|for)\b",
)
_SHELL = _Openers(
    r"(?:.*\b)?(?:then|do|else)$|case\b.*\bin$|.*(?<!\$)\{$|[^()$]+\)$",
    r"(?:if|elif|while|until|for|select|case)\b(?!.*\b(?:fi|done|esac)$)|[\w-]+\s*\(\)$",
)
_SQL = _Openers(
    r"(?i:(?:.*\b)?(?:begin|loop)$|(?:if|elsif|elseif)\b.*\bthen$|else$|declare$"
    r"|create\b.*\($|.*\bas\s*\($)",
    r"(?i:create\b.*\bas$|(?:case|when|with)\b)",
)
_ELIXIR = _Openers(r"(?:.*\b)?(?:do|else|rescue|after|catch)$|.*->$")
_JULIA = _Openers(
    r"(?:.*\b)?(?:begin|do|else|try|finally|quote)$|(?:function|macro)\b.*\)$",
    r"(?!.*\bend$)(?:function|if|elseif|for|while|let|struct|module|mutable)\b",
)
_UNKNOWN = _Openers(
    r".*[:{]$|(?:.*\b)?(?:do|then|else|try|begin)$|.*\bdo\s*\|[^|]*\|$",
    r"(?:local\s+)?(?:def|class|module|function|sub|if|unless|while|until|for|case|begin)\b",
)

_OPENERS = {
    name: openers
    for openers, names in (
        (_PYTHON, "python"),
        (_BRACED, "javascript typescript js ts rust swift kotlin scala dart groovy zig php perl"),
        (_Openers(rf"{_TAG}|{_BRACE}|{_LABEL}", _HEAD), "javascriptreact typescriptreact jsx tsx"),
        (_Openers(rf"(?:import|const|var|type)\s*\($|{_BRACE}|{_LABEL}"), "go"),
        (
            _Openers(rf"{_BRACE}|{_LABEL}", rf"{_HEAD}|{_SIGNATURE}"),
            "c cpp objective-c objective-cpp objc objcpp cuda cuda-cpp csharp cs java",
        ),
        (_Openers(rf"{_TAG}|{_BRACE}"), "html xml vue svelte"),
        (_Openers(r".*\{$"), "css scss less proto proto3 terraform hcl"),
        (_Openers(r".*:$|.*:\s*[|>][+-]?$"), "yaml"),
        (_RUBY, "ruby crystal"),
        (_LUA, "lua"),
        (_SHELL, "shellscript sh bash zsh"),
        (_SQL, "sql"),
        (_ELIXIR, "elixir"),
        (_JULIA, "julia"),
    )
    for name in names.split()
}
"""By the language identifiers of LSP and of editors."""

_UNFINISHED = r".*(?:[(\[{]|[=-]>)$"
"""What a line may end with anywhere that is not to end there."""


def opens_block(line: str, language: str) -> bool:
    """Tell whether a finished line opens a block, or a bracket, so that it is nothing by itself.

    Where the line's end may be hidden in a comment, what stands before that counts.
    """
    openers = _OPENERS.get(language, _UNKNOWN)
    return _opens(line, language, f"{openers.surely}|{openers.perhaps}|{_UNFINISHED}")


def awaits_block(head: str, language: str) -> bool:
    """Tell whether a line, up to the cursor, has opened a block that is to be filled in.

    A bracket that holds arguments, or a head that may still go on, is not that.
    """
    return _opens(head, language, _OPENERS.get(language, _UNKNOWN).surely)


def _opens(line: str, language: str, pattern: str) -> bool:
    read = signs(line, language)
    # A colon within brackets is that of a slice, a pair or a lambda.
    is_nested = bool(read.brackets) and read.code.rstrip().endswith(":")
    if read.inside == "string" or is_nested:
        return False
    return bool(re.match(pattern, read.code.strip()))
