"""The function around a place, as the unit that one talks of or changes."""

from __future__ import annotations

from infill_ls.syntax.tree import Syntax

_FUNCTIONS = frozenset(
    name
    for names in (
        "function_definition function_declaration function_expression function_item",
        "generator_function generator_function_declaration local_function_statement",
        "method method_definition method_declaration singleton_method operator_declaration",
        "constructor_declaration compact_constructor_declaration destructor_declaration",
        "arrow_function anonymous_function closure_expression func_literal lambda_expression",
    )
    for name in names.split()
)
"""What grammars call a function, a method or a function without a name."""

_WRAPPERS = frozenset(["decorated_definition", "export_statement", "template_declaration"])
"""What belongs to a function and stands around it."""


def function_around(syntax: Syntax) -> tuple[int, int] | None:
    """Return the offsets [start, end) of the innermost function around the place, or None.

    Decorators are in it. One on a single line, as a lambda often is, does not count, and neither
    does one that goes on beyond what was parsed.
    """
    for node in syntax.around():
        if node.type not in _FUNCTIONS or node.start_point.row == node.end_point.row:
            continue
        if node.parent is not None and node.parent.type in _WRAPPERS:
            node = node.parent
        below = syntax.excerpt.code.encode()[node.end_byte :]
        return syntax.span(node) if below.strip() or not syntax.excerpt.is_cut else None
    return None
