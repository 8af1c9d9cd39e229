"""An automatic completion has several lines where a block or a statement begins, else one."""

from __future__ import annotations

import ast
import random
import sys
import sysconfig
import tokenize
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from infill_ls.completion.cursor.lines import Lines, wanted_lines
from infill_ls.completion.cursor.openers import opens_block
from infill_ls.syntax.grammar import grammar
from infill_ls.text import Text


class Case(NamedTuple):
    language: str
    marked: str
    """‸ marks the cursor."""
    lines: Lines
    by_signs: Lines | None = None
    """What comes out without a grammar, where that differs."""


CASES = [
    # Python
    Case("python", "‸", "multi"),
    Case("python", "def f():‸", "multi"),
    Case("python", "def f():\n    ‸", "multi"),
    Case("python", "def f():\n    ‸\n\nx = 1\n", "multi"),
    Case("python", "def f():\n‸\n    return 1\n", "multi"),
    Case("python", "def f(\n    a,\n    b,\n) -> int:‸\n", "multi"),
    Case("python", "def f(‸", "single"),
    Case("python", "def f(‸):\n    pass\n", "single"),
    Case("python", "def f(a‸", "single"),
    Case("python", "async def f():\n    async with a as b:‸", "multi"),
    Case("python", "class A:\n    x = 1\n\n    ‸\n", "multi"),
    Case("python", "class A:\n    ‸", "multi"),
    Case("python", "x = 1\n‸\ny = 2\n", "multi"),
    Case("python", "x = 1‸\n", "single"),
    Case("python", "x = ‸", "single"),
    Case("python", "    x = ‸ + 1\n", "single"),
    Case("python", "x = f(‸)\n", "single"),
    Case("python", "x = f(\n    ‸\n)\n", "single"),
    Case("python", "x = f(\n    a,\n    ‸\n)\n", "single"),
    Case("python", "x = f(\n    a,\n    ‸", "single"),
    Case("python", "x = f(g(1),\n      ‸", "single"),
    Case("python", "x = f(g(1)\n      ‸", "single"),
    Case("python", "x = {‸}\n", "single"),
    Case("python", "x = {\n    ‸\n}\n", "multi"),
    Case("python", "x = [\n    1,\n    ‸\n]\n", "multi"),
    Case("python", "x = {\n    'a':‸\n}\n", "single"),
    Case("python", "if a:\n    b\nelse:‸\n", "multi"),
    Case("python", "if a:\n    ‸\nelse:\n    b\n", "multi"),
    Case("python", "if x[1:‸\n", "single"),
    Case("python", "f = lambda x:‸\n", "single"),
    Case("python", "x:‸\n", "single"),
    Case("python", "for a in b:  # each\n    ‸\n", "multi"),
    Case("python", "for a in b:  # each‸\n", "single"),
    Case("python", "# if a:‸\n", "single"),
    Case("python", "    # first\n    ‸\n", "multi"),
    Case("python", "x = 'if a:‸\n", "single"),
    Case("python", "x = f'{‸}'\n", "single"),
    Case("python", "x = f'''\n{‸}\n'''\n", "single"),
    Case("python", "x = f'''\n  {\n    ‸\n  }\n'''\n", "single"),
    Case("python", 'def f():\n    """‸"""\n', "single"),
    Case("python", 'def f():\n    """Do it.\n\n    ‸\n    """\n    return 1\n', "single"),
    Case("python", 'def f():\n    """Do it.\n\n    ‸\n', "single"),
    Case("python", 'def f():\n    """Do it:\n    else:‸\n    """\n    return 1\n', "single"),
    Case("python", 'def f():\n    """Do it."""\n    ‸\n', "multi"),
    Case("python", "@cache\n‸", "multi"),
    Case("python", "@app.get('/')\n‸\n", "multi"),
    Case("python", "@app.get(‸)\ndef f():\n    pass\n", "single"),
    Case("python", "match a:\n    ‸\n", "multi"),
    Case("python", "match a:\n    case [x, *_] if x:‸\n", "multi"),
    Case("python", "match a:\n    case 1:\n        b\n    ‸\n", "multi"),
    Case("python", "match = a[1:‸\n", "single"),
    Case("python", "x = a + \\\n    ‸\n", "single"),
    Case("python", "x = a +\n‸\ny = 2\n", "single"),
    Case("python", "x = (\n    a\n    + ‸\n)\n", "single"),
    Case("python", "x = (\n    a +\n    ‸\n)\n", "single"),
    Case("python", "def broken(\n    x = 1\n\ndef f():\n    ‸\n", "multi"),
    Case("python", "x = f(a\ny = 2\n‸\n", "multi"),
    Case("python", "def f():\r\n    ‸\r\n\r\nx = 1\r\n", "multi"),
    Case("python", "x = f(\r\n    ‸\r\n)\r\n", "single"),
    Case("python", "def f():\r    ‸\rx = 1\r", "multi"),
    Case("python", "def f():\n\tif a:\n\t\t‸\n\treturn 1\n", "multi"),
    Case("python", "x = '🦀🦀🦀'\ndef f():  # 🦀\n    ‸\n", "multi"),
    Case("python", "x = '🦀🦀🦀', g(\n    '🦀',\n    ‸\n)\n", "single"),
    Case("python", "try:\n    a()\nexcept E as e:‸\n", "multi"),
    Case("python", "with a as b, (\n    ‸\n):\n    pass\n", "multi"),
    # JavaScript, TypeScript and their JSX
    Case("javascript", "function f() {‸}\n", "multi"),
    Case("javascript", "function f() {\n  ‸\n}\n", "multi"),
    Case("javascript", "const f = () => {‸\n", "multi"),
    Case("javascript", "const f = (a) => ‸\n", "single"),
    Case("javascript", "const a = {\n  ‸\n}\n", "multi"),
    Case("javascript", "const a = { b:‸ }\n", "single"),
    Case("javascript", "import {‸} from 'a'\n", "single"),
    Case("javascript", "import {‸\n", "single"),
    Case("javascript", "const {‸\n", "single"),
    Case("javascript", "f(a, ‸)\n", "single"),
    Case("javascript", "f(\n  a,\n  ‸\n)\n", "single"),
    Case("javascript", "f(() => {\n  ‸\n})\n", "multi"),
    Case("javascript", "a\n  .then(b)\n  ‸\n  .catch(c)\n", "single", "multi"),
    Case("javascript", "const a =\n  ‸\nb()\n", "single"),
    Case("javascript", "switch (a) {\n  case 1:‸\n}\n", "multi"),
    Case("javascript", "/*\n * if {‸\n */\n", "single"),
    Case("javascript", "/**\n ‸\n */\nfunction f() {}\n", "single"),
    Case("javascript", "const a = `x ${‸}`\n", "single"),
    Case("javascript", "const a = `\n  ‸\n`\n", "single"),
    Case("javascript", "const a = /[{'\"]/\n‸\nb()\n", "multi"),
    Case("javascript", "const a = `${b(() => {\n  ‸\n})}`\n", "multi", "single"),
    Case("typescript", "interface A {\n  ‸\n}\n", "multi"),
    Case("typescript", "class A {\n  b: string;\n\n  ‸\n}\n", "multi"),
    Case("typescript", "function f(a:‸\n", "single"),
    Case("typescript", "type A = {‸\n", "multi"),
    Case("typescript", "export class A<T> extends B<T> {‸}\n", "multi"),
    Case("typescript", "enum A {\n  B,\n  ‸\n}\n", "multi"),
    Case("typescriptreact", "const a = <div>‸\n", "multi"),
    Case("typescriptreact", "const f = () => (\n  <ul>\n    ‸\n  </ul>\n)\n", "multi"),
    Case("typescriptreact", "const a = <div\n  ‸\n/>\n", "single"),
    Case("typescriptreact", "const a = <a href={‸} />\n", "single"),
    Case("typescriptreact", "function F() {\n  return (\n    ‸\n  )\n}\n", "multi"),
    Case("javascriptreact", "const f = () => <p>{a.map((b) => {‸})}</p>\n", "single"),
    # Go
    Case("go", "package a\n\nfunc f() {\n\t‸\n}\n", "multi"),
    Case("go", "package a\n\nfunc f() {\n\tif err != nil {‸\n}\n", "multi"),
    Case("go", 'package a\n\nimport (\n\t"fmt"\n\t‸\n)\n', "multi"),
    Case("go", "package a\n\nfunc f() {\n\tx := g(‸)\n}\n", "single"),
    Case("go", "package a\n\nfunc f() {\n\tswitch a {\n\tcase 1:‸\n\t}\n}\n", "multi"),
    Case("go", "package a\n\nvar s = `\n‸\n`\n", "single"),
    # Rust
    Case("rust", "fn f<'a>(x: &'a str) {\n    ‸\n}\n", "multi"),
    Case("rust", "impl A for B {‸}\n", "multi"),
    Case("rust", "use a::{‸};\n", "single"),
    Case("rust", "fn f() {\n    let a =\n        ‸\n}\n", "single"),
    Case("rust", "fn f() {\n    match a {\n        ‸\n    }\n}\n", "multi"),
    Case("rust", 'fn f() {\n    println!(\n        "{}",\n        ‸\n    );\n}\n', "single"),
    Case("rust", "#[derive(Debug)]\n‸\n", "multi"),
    Case("rust", "/// Does {‸\nfn f() {}\n", "single"),
    # Java and C#
    Case("java", "class A {\n    ‸\n}\n", "multi"),
    Case("java", "class A {\n    void f() throws E {‸\n    }\n}\n", "multi"),
    Case("java", "class A {\n    @Override\n    ‸\n}\n", "multi"),
    Case(
        "java",
        "class A {\n    void f() {\n        g(a,\n            ‸\n        );\n    }\n}\n",
        "single",
    ),
    Case("java", "class A {\n    int[] b = {\n        ‸\n    };\n}\n", "multi"),
    Case("csharp", "class A\n{\n    ‸\n}\n", "multi"),
    # C and C++
    Case("c", "int main(void) {\n  ‸\n}\n", "multi"),
    Case("c", "int main(void)\n{‸\n}\n", "multi"),
    Case("c", "#include <a.h>\n‸\nint x;\n", "multi"),
    Case("c", "int x = ‸;\n", "single"),
    Case("c", "struct a {\n\tint b;\n\t‸\n};\n", "multi"),
    Case("c", "void f() {\n  switch (a) {\n  default:‸\n  }\n}\n", "multi"),
    Case("c", "void f() {\n  g(a,\n    ‸\n", "single"),
    Case("cpp", "class A {\npublic:‸\n};\n", "multi"),
    Case("cpp", "namespace a {\n‸\n}\n", "multi"),
    Case("cpp", "auto f = [&](int a) {‸};\n", "multi"),
    Case("cpp", "std::vector<int> v = {\n  1,\n  ‸\n};\n", "multi"),
    # Ruby
    Case("ruby", "def f(a)‸\nend\n", "multi"),
    Case("ruby", "def f\n  ‸\nend\n", "multi"),
    Case("ruby", "a.each do |b|‸\nend\n", "multi"),
    Case("ruby", "class A\n  ‸\nend\n", "multi"),
    Case("ruby", "if a‸\n", "single"),
    Case("ruby", 'x = "#{‸}"\n', "single"),
    Case("ruby", "x = <<~A\n  it's\n  ‸\nA\n", "single"),
    # PHP
    Case("php", "<?php\nfunction f() {\n    ‸\n}\n", "multi"),
    Case("php", "<?php\n$a = f(‸);\n", "single"),
    Case("php", "<?php\n$a = [\n    ‸\n];\n", "multi"),
    Case("php", "<?php\n# if {‸\n", "single"),
    # Shell
    Case("shellscript", "if a; then‸\nfi\n", "multi"),
    Case("shellscript", "for a in *; do\n  ‸\ndone\n", "multi"),
    Case("shellscript", "f() {‸\n}\n", "multi"),
    Case("shellscript", "cat <<EOF\nit's\n‸\nEOF\n", "single"),
    Case("shellscript", "a |\n  ‸\n", "single"),
    Case("shellscript", "echo ${‸\n", "single"),
    Case("sh", "case $a in‸\nesac\n", "multi"),
    # Lua
    Case("lua", "function f(a)‸\nend\n", "multi"),
    Case("lua", "if a then\n  ‸\nend\n", "multi"),
    Case("lua", "local a = {\n  ‸\n}\n", "multi"),
    Case("lua", "f(a,\n  ‸\n)\n", "single"),
    Case("lua", "--[[\n‸\n]]\n", "single"),
    # No grammar: SQL, HTML, CSS and what nobody knows
    Case("sql", "CREATE TABLE a (\n  ‸\n);\n", "multi"),
    Case("sql", "CREATE TABLE a (‸\n", "multi"),
    Case("sql", "SELECT * FROM a WHERE b IN (‸)\n", "single"),
    Case("sql", "SELECT a,\n  ‸\n", "single"),
    Case("sql", "SELECT 1;\n\n‸\n", "multi"),
    Case("sql", "-- then\n-- BEGIN‸\n", "single"),
    Case("sql", "BEGIN\n  ‸\nEND;\n", "multi"),
    Case("html", "<ul>\n  ‸\n</ul>\n", "multi"),
    Case("html", "<ul>‸\n", "multi"),
    Case("html", "<p>it's\n‸\n</p>\n", "multi"),
    Case("html", '<p class="‸"></p>\n', "single"),
    Case("html", "<p\n  ‸\n></p>\n", "single"),
    Case("html", "<!--\n‸\n-->\n", "single"),
    Case("html", "<br>‸\n", "single"),
    Case("css", "a {‸\n}\n", "multi"),
    Case("css", "a {\n  color: red;\n  ‸\n}\n", "multi"),
    Case("css", "a { color:‸ }\n", "single"),
    Case("css", "a,\n‸\n", "single"),
    Case("yaml", "a:\n  b:‸\n", "multi"),
    Case("brainfuck", "begin\n  ‸\n", "multi"),
    Case("", "f(\n  ‸\n", "single"),
    Case("", "if a {‸\n", "multi"),
]


def wanted_at(marked: str, language: str) -> Lines:
    """Decide for a text in which ‸ marks the cursor."""
    before, after = marked.split("‸")
    return wanted_lines(Text(before + after), language, len(before))


@pytest.fixture
def no_grammars(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave the extra `syntax` uninstalled."""
    grammar.cache_clear()
    monkeypatch.setitem(sys.modules, "tree_sitter", None)
    yield
    grammar.cache_clear()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.language}-{case.marked!r}")
def test_wants_several_lines_where_a_block_or_a_statement_begins(case: Case) -> None:
    """Behind what opens a block, and on a blank line between statements; else one."""
    assert wanted_at(case.marked, case.language) == case.lines


@pytest.mark.usefixtures("no_grammars")
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.language}-{case.marked!r}")
def test_wants_the_same_without_grammars(case: Case) -> None:
    """Brackets, line ends and indentation say the same, but for the places that are marked."""
    assert wanted_at(case.marked, case.language) == (case.by_signs or case.lines)


@pytest.mark.parametrize(
    ("line", "language"),
    [
        ("if a:", "python"),
        ("    async def f(a: int) -> str:  # why", "python"),
        (") -> int:", "python"),
        ("x = f(", "python"),
        ("x = {", "python"),
        ("else:", "python"),
        ("if (a)", "c"),
        ("int main(void)", "c"),
        ("case 1:", "cpp"),
        ("private:", "cpp"),
        ("public class A : B", "csharp"),
        ("} else {", "java"),
        ("a.forEach((b) =>", "javascript"),
        ("export default {", "typescript"),
        ("} catch (e) {  // it's", "typescript"),
        ("<ul className='a'>", "javascriptreact"),
        ("if err != nil {", "go"),
        ("import (", "go"),
        ("impl<'a> A<'a> {", "rust"),
        ("def f", "ruby"),
        ("unless a", "ruby"),
        ("a.each do |b, c|", "ruby"),
        ("x = if a", "ruby"),
        ("local function f(a, b)", "lua"),
        ("for i = 1, 2 do", "lua"),
        ("while read -r a; do", "shellscript"),
        ("case $a in", "shellscript"),
        ("a|b)", "shellscript"),
        ("create table a (", "sql"),
        ("BEGIN", "sql"),
        ("@media (width) {", "css"),
        ("<div>", "html"),
        ("if a then", ""),
        ("def f(a):", ""),
    ],
)
def test_knows_lines_that_open_a_block(line: str, language: str) -> None:
    """They have its mark at their end, or a head that says so."""
    assert opens_block(line, language)


@pytest.mark.parametrize(
    ("line", "language"),
    [
        ("x = 1", "python"),
        ("x: int", "python"),
        ("if a: return", "python"),
        ("x = 'if a:'", "python"),
        ("# else:", "python"),
        ("return f(a)", "c"),
        ("int x;", "c"),
        ("f(a);", "java"),
        ("if (a) return;", "javascript"),
        ("// if (a) {", "javascript"),
        ("const a = '{'", "typescript"),
        ("<br />", "typescriptreact"),
        ("x := a[1:2]", "go"),
        ("let x: &'a str = y;", "rust"),
        ("x = 1 if a", "ruby"),
        ("if a then b end", "ruby"),
        ("def f(a) = a + 1", "ruby"),
        ("end", "lua"),
        ("if a; then b; fi", "shellscript"),
        ("done", "shellscript"),
        ("SELECT 1;", "sql"),
        ("color: red;", "css"),
        ("<input>", "html"),
        ("a = b", ""),
        ("", "python"),
    ],
)
def test_knows_lines_that_open_none(line: str, language: str) -> None:
    """They are whole statements, or their mark is in a string or a comment."""
    assert not opens_block(line, language)


# Real files

STDLIB = Path(sysconfig.get_paths()["stdlib"])
SIMPLE = (ast.Assign, ast.AugAssign, ast.Expr, ast.Return, ast.Raise, ast.Import, ast.Assert)


def places(source: str) -> Iterator[tuple[Lines, int]]:
    """Yield what is wanted at which line's end, in the eyes of Python's own parser."""
    lines = source.split("\n")
    for node in ast.walk(ast.parse(source)):
        body = getattr(node, "body", None)
        if not isinstance(body, list) or not body:
            continue
        header = body[0].lineno - 1
        head = lines[header - 1].partition("#")[0].rstrip()
        if isinstance(node, ast.stmt) and head.endswith(":") and head == lines[header - 1]:
            yield "multi", header
        for one, other in pairwise(body):
            first = min([other.lineno, *(d.lineno for d in getattr(other, "decorator_list", ()))])
            between = range(one.end_lineno + 1, first)
            yield from (("multi", number) for number in between if not lines[number - 1].strip())
        for one in body:
            end = len(lines[one.end_lineno - 1].rstrip().encode())
            if isinstance(one, SIMPLE) and one.end_col_offset == end:
                yield "single", one.end_lineno
            if isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant):
                prose = range(one.lineno + 1, one.end_lineno)
                yield from (("single", number) for number in prose if not lines[number - 1].strip())


def drawn_places(count: int) -> Iterator[tuple[Lines, Text, int]]:
    """Draw places, each in a file of its own, as many of each kind."""
    chance = random.Random(20)
    files = sorted(STDLIB.glob("*.py"))
    for index in range(count):
        wanted: Lines = "multi" if index % 2 else "single"
        found: list[int] = []
        while not found:
            with tokenize.open(chance.choice(files)) as file:
                source = file.read()
            found = [number for lines, number in places(source) if lines == wanted]
        text = Text(source)
        yield wanted, text, text.span(chance.choice(found) - 1)[1]


def share_right(is_cut: bool) -> float:
    """Return how often the right thing is wanted, with the text below or without it."""
    answers = [
        wanted_lines(text.replace(offset, len(text), "") if is_cut else text, "python", offset)
        == wanted
        for wanted, text, offset in drawn_places(200)
    ]
    return sum(answers) / len(answers)


@pytest.mark.parametrize("is_cut", [False, True], ids=["whole", "cut"])
def test_reads_the_standard_library_as_python_does(is_cut: bool) -> None:
    """At ends of statements, after colons and on blank lines it is right in 95 of 100 places."""
    assert share_right(is_cut) >= 0.95


@pytest.mark.usefixtures("no_grammars")
@pytest.mark.parametrize("is_cut", [False, True], ids=["whole", "cut"])
def test_reads_the_standard_library_by_its_signs(is_cut: bool) -> None:
    """The same holds without grammars."""
    assert share_right(is_cut) >= 0.95
