"""One line or many: how much is to be filled in where nobody asked for it.

Several lines are wanted where a block is empty or a statement may begin: behind what opens a
block, and on a blank line between statements, members or elements. What has begun is finished by
one line, which goes on where it opens a block itself (`openers.py`).

A string or a comment gets one line, also on a blank line of its own: prose has no end of which
syntax knows, and each further line of it is less likely to be the one that is wanted.
"""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING, Literal

from infill_ls.completion.cursor.closers import code_follows
from infill_ls.completion.cursor.lines_by_signs import lines_by_signs
from infill_ls.completion.cursor.openers import awaits_block
from infill_ls.syntax.excerpt import excerpt
from infill_ls.syntax.tree import Syntax, syntax_of
from infill_ls.text import Text

if TYPE_CHECKING:
    from tree_sitter import Node

Lines = Literal["single", "multi"]

_LINE_CHARS = 2_000
"""So much of the cursor's line is looked at on either side."""

_ERROR = "ERROR"

_PROSE = re.compile(r"comment|string|heredoc|char_literal|rune_literal|regex")

_BLOCKS = frozenset(
    name
    for names in (
        # whole files, and their parts
        "module program source_file translation_unit compilation_unit chunk declaration_list "
        "linkage_specification preproc_if preproc_ifdef preproc_else preproc_elif",
        # bodies
        "block statement_block statement_list compound_statement body_statement constructor_body "
        "match_block do_group do_block brace_block block_body begin_block subshell begin ensure "
        "then else else_clause",
        # members
        "class_body interface_body enum_body annotation_type_body object_type interface_type "
        "field_declaration_list access_specifier accessor_list enumerator_list enum_variant_list "
        "enum_declaration_list enum_member_declaration_list enum_body_declarations",
        # Go's declarations in parentheses
        "import_spec_list const_declaration var_declaration var_spec_list type_declaration",
        # branches
        "switch_body switch_block switch_block_statement_group switch_label switch_case "
        "switch_default switch_section switch_rule expression_switch_statement expression_case "
        "default_case type_switch_statement type_case select_statement communication_case "
        "case_statement case_item when case_block case_clause",
        # where a body ends with its last statement, or with a word
        "if_statement elif_clause for_statement while_statement try_statement except_clause "
        "finally_clause with_statement match_statement function_definition class_definition "
        "repeat_statement do_statement function_declaration method singleton_method class "
        "singleton_class if unless while until for case elsif rescue",
        # elements
        "object array list dictionary set hash table_constructor literal_value initializer_list "
        "field_initializer_list array_expression array_initializer initializer_expression "
        "array_creation_expression jsx_element jsx_fragment jsx_text text",
    )
    for name in names.split()
)
"""Nodes in which a blank line is one where something begins."""

_STATEMENTS = re.compile(
    r"arguments?\Z|argument_list\Z|parameters?\Z|parameter_list\Z|_pattern\Z|_clause\Z"
    r"|(?<!parenthesized)_expression\Z|operator|assignment|declarator\Z|let_declaration\Z"
    r"|\bcall\Z|_call\Z|_invocation\Z|expression_statement\Z|pair\Z|subscript|slice|lambda|interpolation|substitution"
    r"|jsx_opening_element|jsx_self_closing_element|named_imports|export_clause|use_list"
    r"|return_statement|typed_|annotation"
)
"""Nodes in which it is not."""


def wanted_lines(text: Text, language: str, offset: int) -> Lines:
    """Decide whether one line or several are wanted at an offset of a document.

    Most places are decided by the cursor's line alone. Only where that is blank, or seems to open
    a block, is the code around it parsed, for some milliseconds at most.
    """
    number, column = text.position(offset)
    rest = text.slice(offset, min(text.span(number)[1], offset + _LINE_CHARS))
    head = text.before(offset, min(column, _LINE_CHARS))
    if code_follows(rest):
        return "single"
    if head.strip() and not awaits_block(head, language):
        return "single"
    part = excerpt(text, offset)
    if part is None:
        return lines_by_signs(head, language)
    syntax = syntax_of(part, language)
    ask = _behind_opener if head.strip() else _on_blank_line
    lines = ask(syntax) if syntax else None
    return lines or lines_by_signs(part.before, language)


def _behind_opener(syntax: Syntax) -> Lines | None:
    """Ask the tree for what the token before the cursor opens; None where the code is broken."""
    for node in syntax.before():
        if node.type == _ERROR:
            return None
        if _PROSE.search(node.type):
            return "single"
        lines = _lines_in(node) if node.end_byte > syntax.cursor else None
        if lines:
            return lines
    return "multi"  # All that the token is in ends with it, so that a block is missing.


def _on_blank_line(syntax: Syntax) -> Lines | None:
    """Ask the tree for what is around the cursor; None where it or what is above it is broken."""
    around = list(syntax.around())
    above = list(takewhile(lambda node: node not in around, syntax.before()))
    block = takewhile(lambda node: node.type not in _BLOCKS, around)
    if any(node.has_error for node in above) or any(node.type == _ERROR for node in block):
        return None
    if above and above[0].type == "line_continuation":
        return "single"
    return _lines_in(around[0])


def _lines_in(node: Node) -> Lines | None:
    """Return what is wanted in a node, or None where it does not say."""
    if node.type in _BLOCKS:
        return "multi"
    is_begun = _PROSE.search(node.type) or _STATEMENTS.search(node.type)
    return "single" if is_begun else None
