"""What an answer changes in a document, exactly; and what it may not."""

from __future__ import annotations

import ast
import re
from importlib.util import find_spec
from inspect import cleandoc
from pathlib import Path

import pytest

from infill_ls.chat import new_file
from infill_ls.chat.actions import DOCUMENT, FIX, SIMPLIFY, TEST, TRANSLATE, Action, NotApplied, own
from infill_ls.chat.edits import Edit, edit_of
from infill_ls.chat.target import Target, comment_at, target_of, target_of_problem
from infill_ls.settings.tree import ChatSettings
from infill_ls.text import Text
from infill_ls.types import Document

[OWN] = own(ChatSettings(actions={"Add types": "Add types."}))


def fenced(code: str, label: str = "") -> str:
    end = "" if code.endswith("\n") else "\n"
    return f"```{label}\n{code}{end}```\n"


def applied(action: Action, answer: str, marked: str, language: str = "python") -> str:
    """Return a document after an action at ‸, or on the selection between two of them."""
    before, *parts = marked.split("‸")
    document = Document("file:///project/a", language, 1, Text(before + "".join(parts)), "a")
    start = len(before)
    if action is TRANSLATE:
        target = comment_at(document, start)
    else:
        target = target_of(document, start, start + len("".join(parts[:-1])))
    assert target is not None
    edit = edit_of(action, answer, document, target)
    return str(document.text.replace(edit.start, edit.end, edit.text))


# Code

CODE = {
    "python": (
        "import os\n\n\nclass A:\n    def f(self):\n        ‸if self.a == True:\n"
        "            return 1\n        return 2\n\n    x = 1\n",
        "def f(self):\n    return 1 if self.a else 2\n",
        "import os\n\n\nclass A:\n    def f(self):\n        return 1 if self.a else 2\n\n"
        "    x = 1\n",
    ),
    "typescript": (
        "class A {\n  f(): number {\n    ‸let a = 1;\n    return a;\n  }\n\n  b = 1;\n}\n",
        "f(): number {\n  return 1;\n}\n",
        "class A {\n  f(): number {\n    return 1;\n  }\n\n  b = 1;\n}\n",
    ),
    "go": (
        "package p\n\nfunc f(a bool) int {\n\tif a == true {\n\t\t‸return 1\n\t}\n\treturn 2\n}\n",
        "func f(a bool) int {\n    if a {\n        return 1\n    }\n    return 2\n}\n",
        "package p\n\nfunc f(a bool) int {\n\tif a {\n\t\treturn 1\n\t}\n\treturn 2\n}\n",
    ),
    "rust": (
        "impl A {\n    fn f(&self) -> u8 {\n        ‸return 1;\n    }\n}\n",
        "fn f(&self) -> u8 {\n    1\n}\n",
        "impl A {\n    fn f(&self) -> u8 {\n        1\n    }\n}\n",
    ),
    "java": (
        "class A {\n  @X\n  int f() {\n    ‸int a = 1;\n    return a;\n  }\n}\n",
        "@X\nint f() {\n  return 1;\n}\n",
        "class A {\n  @X\n  int f() {\n    return 1;\n  }\n}\n",
    ),
    "c": (
        "#include <a.h>\n\nint f(int a)\n{\n\tif (a) {\n\t\t‸return 1;\n\t}\n\treturn 0;\n}\n",
        "int f(int a)\n{\n    return a ? 1 : 0;\n}\n",
        "#include <a.h>\n\nint f(int a)\n{\n\treturn a ? 1 : 0;\n}\n",
    ),
}
"""A document, what the model answers, and the document after it, by language."""


@pytest.mark.parametrize("action", [FIX, SIMPLIFY, OWN], ids=lambda action: action.id)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("language", CODE)
def test_code_takes_the_place_of_the_old(language: str, line_end: str, action: Action) -> None:
    """Nothing but the function is changed; it is indented and its lines end as its document's."""
    marked, code, expected = CODE[language]

    after = applied(action, fenced(code, language), marked.replace("\n", line_end), language)

    assert after == expected.replace("\n", line_end)


@pytest.mark.parametrize(
    ("marked", "code", "expected"),
    [
        # At the end of a document without a last line end, and with what a block has too much.
        ("def f():\n    return‸ 1", "\n\ndef f():\n    return 2\n\n", "def f():\n    return 2"),
        # The first line that is not blank tells the indentation of a selection.
        ("def f():\n‸\n    a\n    b\n‸    c\n", "d", "def f():\n\n    d\n    c\n"),
        ("def f():\n    ‸aa‸\n    b\n", "if a:\n  c", "def f():\n    if a:\n      c\n    b\n"),
        # Strings and characters of all kinds.
        ("s = '😀'\n‸t = 'é'‸\n", "t = '𝒂😀'", "s = '😀'\nt = '𝒂😀'\n"),
        ("a = 1\n‸b = 1\f‸\n", "b = 2\f", "a = 1\nb = 2\f\n"),
        # A selection that is no whole by itself, in a document that is one.
        (
            "x = [\n    ‸1,\n]\nif x:‸\n    y\n",
            "    2,\n]\nif z:",
            "x = [\n    2,\n]\nif z:\n    y\n",
        ),
        # Code in a document that is broken elsewhere.
        ("def (\n\n‸a = 1‸\n", "a = 2", "def (\n\na = 2\n"),
    ],
)
def test_code_is_fitted_to_its_place(marked: str, code: str, expected: str) -> None:
    """To its indentation and its end, with every character as the model wrote it."""
    assert applied(SIMPLIFY, fenced(code), marked) == expected


def test_a_language_without_a_grammar_is_taken_at_its_word() -> None:
    """Whether the answer is valid cannot be known."""
    assert applied(SIMPLIFY, fenced("fun g( {"), "‸fun f() {}‸\n", "kotlin") == "fun g( {\n"


def test_lines_around_a_problem_that_end_in_a_function_can_be_fixed() -> None:
    """They are no whole by themselves, as an unused import's are not; the document is."""
    document = Document("file:///project/a.go", "go", 1, Text(GO_IMPORTS), "a.go")
    place = GO_IMPORTS.index('"os"')
    target = target_of_problem(document, place, place + 4)
    old = target.text(document)
    assert old.count("{") > old.count("}")

    edit = edit_of(FIX, fenced(old.replace('\t"os"\n', ""), "go"), document, target)

    after = str(document.text.replace(edit.start, edit.end, edit.text))
    assert after == GO_IMPORTS.replace('\t"os"\n', "")


GO_IMPORTS = (
    'package p\n\nimport (\n\t"fmt"\n\t"os"\n)\n\nfunc f() {\n' + "\tfmt.Println()\n" * 20 + "}\n"
)


# Answers

FUNCTION = "def f(a):\n    ‸b = a\n    return b\n"
BETTER = "def f(a):\n    return a\n"
OLD = FUNCTION.replace("‸", "")


@pytest.mark.parametrize(
    "answer",
    [
        fenced(BETTER, "python"),
        fenced(BETTER),
        fenced(BETTER, "py"),
        f"Sure, here it is:\n\n{fenced(BETTER, 'python')}\nIt now returns `a` at once.\n",
        fenced(BETTER, "python").removesuffix("\n"),
        fenced(BETTER, "python").replace("\n", "\r\n"),
        f"~~~python\n{BETTER}~~~\n",
        f"````\n{BETTER}````\n",
        "1. Do:\n   ```python\n   def f(a):\n       return a\n   ```\n",
        # Another block is longer, or is what there was.
        f"{fenced(BETTER)}\nCall it so:\n\n{fenced('print(f(1), f(2), f(3), f(4), f(5), f(6))')}",
        f"Before:\n\n{fenced(OLD)}\nAfter:\n\n{fenced(BETTER)}",
        f"{fenced(BETTER)}\nIt was:\n\n{fenced(OLD)}",
        f"{fenced('pip install', 'sh')}\n{fenced(BETTER)}\n{fenced('')}",
        # One that is not closed comes after it.
        f"{fenced(BETTER)}\nAnd:\n\n```\ndef f(a):\n    return a + a + a",
    ],
)
def test_the_code_of_an_answer_is_found(answer: str) -> None:
    """Whatever a model says around it, and however it fences it."""
    assert applied(SIMPLIFY, answer, FUNCTION) == BETTER


@pytest.mark.parametrize(
    "docs", ["Say:\n\n    ```\n    f(1)\n    ```", "~~~\n    f(1)\n    ~~~", "`` ``` ``"]
)
def test_fences_in_the_code_do_not_end_it(docs: str) -> None:
    """As documentation may have some."""
    code = f'def f(a):\n    """{docs}"""\n    return a\n'

    assert applied(SIMPLIFY, fenced(code, "python"), FUNCTION) == code


@pytest.mark.parametrize(
    ("action", "answer", "reason"),
    [
        (SIMPLIFY, "I would not.", "the answer holds no code"),
        (SIMPLIFY, "", "the answer holds no code"),
        (SIMPLIFY, "```python\n\n```\n", "the answer holds no code"),
        (SIMPLIFY, BETTER, "the answer holds no code"),
        (SIMPLIFY, f"```python\n{BETTER}", "the answer holds no code"),
        (SIMPLIFY, fenced(OLD), "the answer changes nothing"),
        (SIMPLIFY, fenced(f"\n{OLD}\n\n"), "the answer changes nothing"),
        (SIMPLIFY, fenced("def f(a:\n    return a"), "the answer is no valid python"),
        (SIMPLIFY, fenced("def f(a):"), "the answer is no valid python"),
        (SIMPLIFY, fenced("def f(a):\nreturn a"), "the answer is no valid python"),
        (
            SIMPLIFY,
            fenced("int f(int a) {\n    return a;\n}", "c"),
            "the answer is no valid python",
        ),
        (SIMPLIFY, fenced("-    b = a\n+\n@@ x", "diff"), "the answer is no valid python"),
        # A fence in the code ends it early.
        (
            SIMPLIFY,
            '```python\ndef f(a):\n    """\n```\nf(1)\n```\n    """\n    return a\n```\n',
            "the answer is no valid python",
        ),
        (FIX, fenced(OLD), "the answer changes nothing"),
        (TEST, "No.", "the answer holds no code"),
        (TEST, fenced("def test_f(:"), "the answer is no valid python"),
        (DOCUMENT, "It returns a.", "the answer holds no code"),
        (DOCUMENT, fenced(OLD), "the answer has no docstring of f on lines of its own"),
        (DOCUMENT, fenced("x = 1"), "the answer has no docstring of f on lines of its own"),
        (DOCUMENT, fenced("# Return a.\n"), "the answer has no docstring of f on lines of its own"),
        (
            DOCUMENT,
            fenced('def f(a): "Doc."'),
            "the answer has no docstring of f on lines of its own",
        ),
        (
            DOCUMENT,
            fenced('def f(a):\n    f"Doc."'),
            "the answer has no docstring of f on lines of its own",
        ),
        (
            DOCUMENT,
            fenced('def f(a):\n    b"Doc."'),
            "the answer has no docstring of f on lines of its own",
        ),
        (
            DOCUMENT,
            fenced('"""A module."""\n\ndef f(a):\n    return a'),
            "the answer has no docstring of f on lines of its own",
        ),
        (
            DOCUMENT,
            fenced('def f(a):\n    def g():\n        """Of another."""\n    return g'),
            "the answer has no docstring of f on lines of its own",
        ),
        (DOCUMENT, fenced("def f(a:\n"), "the answer is no valid Python"),
        (DOCUMENT, fenced('def f(a):\n    """Not closed.'), "the answer is no valid Python"),
        (DOCUMENT, fenced("f" + ".f" * 50_000), "the answer is no valid Python"),
    ],
)
def test_what_cannot_be_applied_says_why(action: Action, answer: str, reason: str) -> None:
    """In one sentence that ends up above the answer."""
    with pytest.raises(NotApplied, match=f"^{re.escape(reason)}$"):
        applied(action, answer, FUNCTION)


@pytest.mark.parametrize(
    ("marked", "answer", "language", "reason"),
    [
        # A part of the function in the place of all of it, and one that would end its class.
        ("class A {\n  f() {\n    ‸a;\n  }\n}\n", "  f() {\n    a;\n", "typescript", "typescript"),
        (
            "class A {\n  f() {\n    ‸a;\n  }\n}\n",
            "f() {}\n}\nfunction g() {",
            "typescript",
            "typescript",
        ),
        # A statement in the place of an element.
        ("# A\na = [\n    ‸1,‸\n]\n", "b = 1", "python", "python"),
        ("# A\ra = [\r    ‸1,‸\r]\r", "b = 1", "python", "python"),
        ("package p\n\nfunc f() {\n\t‸a()\n}\n", "func f() {\n\ta(\n}", "go", "go"),
        ("fn f() {\n    ‸a();\n}\n", "def f():\n    b()", "rust", "rust"),
        (
            "class A {\n  int f() {\n    ‸return 1;\n  }\n}\n",
            "int f() { return 2 }",
            "java",
            "java",
        ),
        ("int f(void) {\n  ‸return 1;\n}\n", "int f(void) {\n  return 2;\n}}", "c", "c"),
    ],
)
def test_what_would_break_the_document_is_not_applied(
    marked: str, answer: str, language: str, reason: str
) -> None:
    """Whether the answer is broken by itself or only where it goes."""
    with pytest.raises(NotApplied, match=f"^the answer is no valid {reason}$"):
        applied(SIMPLIFY, fenced(answer), marked, language)


# Comments


@pytest.mark.parametrize(
    ("marked", "answer", "language", "expected"),
    [
        ("x\n# eins‸\n# zwei\ny\n", "# one\n# two", "python", "x\n# one\n# two\ny\n"),
        ("if x:\n    # eins‸\n    y\n", "# one", "python", "if x:\n    # one\n    y\n"),
        ("int x;\r\n\t// eins‸\r\n", "// one\n// more", "c", "int x;\r\n\t// one\r\n\t// more\r\n"),
        ("/*\n * ei‸ns\n */\nint x;\n", "/*\n * one\n */", "c", "/*\n * one\n */\nint x;\n"),
        ("-- ei‸ns\nx = 1", "-- one", "lua", "-- one\nx = 1"),
    ],
)
def test_a_comment_is_translated_in_its_place(
    marked: str, answer: str, language: str, expected: str
) -> None:
    """It stays where it is, with the code around it."""
    assert applied(TRANSLATE, fenced(answer), marked, language) == expected


@pytest.mark.parametrize(
    ("marked", "answer", "language", "reason"),
    [
        ("# eins‸\nx = 1\n", "# one\nx = 1", "python", "the answer is not only a comment"),
        ("# eins‸\nx = 1\n", "one", "python", "the answer is not only a comment"),
        ("// eins‸\nint x;\n", "// one\n#include <b.h>", "c", "the answer is not only a comment"),
        ("// eins‸\nint x;\n", "/* one */ int y;", "c", "the answer is not only a comment"),
        ("// eins‸\nint x;\n", "// one\n*p = 1;", "c", "the answer is not only a comment"),
        ("// eins‸\nint x;\n", "/* one", "c", "the answer is no valid c"),
        ("# one‸\nx = 1\n", "# one", "python", "the answer changes nothing"),
    ],
)
def test_a_comment_stays_a_comment(marked: str, answer: str, language: str, reason: str) -> None:
    """No code comes in with a translation, and none is swallowed by it."""
    with pytest.raises(NotApplied, match=f"^{reason}$"):
        applied(TRANSLATE, fenced(answer), marked, language)


# Docstrings


@pytest.mark.parametrize(
    ("marked", "answer", "expected"),
    [
        # All else in the answer stays there.
        (
            "def f(a):\n    ‸return a+1\n",
            'import os\n\n@x\ndef f(a: int) -> int:\n    """Add one.\n\n    To a.\n    """\n'
            "    return a + 1\n",
            'def f(a):\n    """Add one.\n\n    To a.\n    """\n    return a+1\n',
        ),
        (
            "def f():\n    ‸x\n",
            'def f():\n    """A."""; import os\n    x',
            'def f():\n    """A."""\n    x\n',
        ),
        (
            "def f():\n    ‸x\n",
            'def f():\n    """A."""  # B\n    x',
            'def f():\n    """A."""\n    x\n',
        ),
        # The docstring alone, indented or not.
        (
            "def f():\n    ‸x\n",
            '"""A.\n\nB.\n"""',
            'def f():\n    """A.\n\n    B.\n    """\n    x\n',
        ),
        ("def f():\n  ‸x\n", '    """A.\n\n    B."""', 'def f():\n  """A.\n\n  B."""\n  x\n'),
        # Where small models put it, too.
        (
            "def f():\n    ‸x\n",
            '"""A.\n\nB.\n"""\ndef f():\n    x',
            'def f():\n    """A.\n\n    B.\n    """\n    x\n',
        ),
        (
            "@x\ndef f():\n    ‸x\n",
            '"""A."""\n@x\ndef f():\n    x',
            '@x\ndef f():\n    """A."""\n    x\n',
        ),
        # A head is enough.
        ("def f():\n    ‸x\n", 'def f():\n    """A."""', 'def f():\n    """A."""\n    x\n'),
        # An old one is replaced, and nothing beside it.
        (
            'def f():\n    """Old."""\n    ‸x\n',
            'def f():\n    """A."""',
            'def f():\n    """A."""\n    x\n',
        ),
        (
            "def f():\n    '''Old\n\n    one.\n    '''\n    ‸x\n",
            'def f():\n    """A."""',
            'def f():\n    """A."""\n    x\n',
        ),
        (
            'def f():\n    """Old."""; y = 2  # B\n    ‸x\n',
            'def f():\n    """A."""',
            'def f():\n    """A."""; y = 2  # B\n    x\n',
        ),
        (
            'def f():\n    ("Old "\n     "one.")\n    ‸x\n',
            'def f():\n    "A."',
            'def f():\n    "A."\n    x\n',
        ),
        ('def f():\n    ‸"Old."', 'def f():\n    """A."""', 'def f():\n    """A."""'),
        # It goes directly below the head.
        (
            "def f(\n    a,  # B\n    # C\n):  # D\n    # E\n\n    ‸x\n",
            'def f(a):\n    """A."""',
            'def f(\n    a,  # B\n    # C\n):  # D\n    """A."""\n    # E\n\n    x\n',
        ),
        (
            "def f(g):\n    @wraps(g)\n    @x\n    def h():\n        y\n    return‸ h\n",
            'def f(g):\n    """A."""\n    @wraps(g)\n    def h():\n        """B."""\n',
            'def f(g):\n    """A."""\n    @wraps(g)\n    @x\n    def h():\n        y\n'
            "    return h\n",
        ),
        (
            "async def f():\n    ‸x\n",
            'async def f():\n    """A."""',
            'async def f():\n    """A."""\n    x\n',
        ),
        # In a class, by its name, whatever the answer puts around it.
        (
            "class A:\n    @x\n    def f(self):\n        ‸y\n",
            'class A:\n    """B."""\n\n    def g(self):\n        """C."""\n\n'
            '    def f(self):\n        """D."""\n        y\n',
            'class A:\n    @x\n    def f(self):\n        """D."""\n        y\n',
        ),
        (
            "‸class A:\n    def f(self):\n        y\n‸",
            'class A:\n    """B."""\n    def f(self):\n        """D."""\n        y\n',
            'class A:\n    """B."""\n    def f(self):\n        y\n',
        ),
        # Strings that reach the left edge, and escapes that Python frowns upon.
        (
            "class A:\n    def f(self):\n        ‸x = '''\na\n'''\n",
            'def f(self):\n    """B."""',
            "class A:\n    def f(self):\n        \"\"\"B.\"\"\"\n        x = '''\na\n'''\n",
        ),
        (
            "def f():\n    ‸x = '\\d'\n",
            'def f():\n    """\\d."""\n    x = "\\d"',
            'def f():\n    """\\d."""\n    x = \'\\d\'\n',
        ),
        # Signs that other programs end lines at, before and in it.
        (
            "x = '\u2028'\ndef f():\n    '''\f\x1c'''\n    ‸y\n",
            "def f(a='\u2028\x85'):\n    '''A\f\u2028B.'''\n    y",
            "x = '\u2028'\ndef f():\n    '''A\f\u2028B.'''\n    y\n",
        ),
        (
            "def f(a='😀'): # é\n    '😀'; ‸x\n",
            "def f():\n    '𝒂😀'; zz",
            "def f(a='😀'): # é\n    '𝒂😀'; x\n",
        ),
        # By tabs.
        (
            "class A:\n\tdef f(self):\n\t\t‸y\n",
            'def f(self):\n    """B.\n\n    Args:\n        c: D.\n    """',
            'class A:\n\tdef f(self):\n\t\t"""B.\n\n\t\tArgs:\n\t\t\tc: D.\n\t\t"""\n\t\ty\n',
        ),
        (
            "def f():\r\n    ‸x\r\n",
            '"""A.\n\nB."""',
            'def f():\r\n    """A.\r\n\r\n    B."""\r\n    x\r\n',
        ),
        (
            "class A:\r  def f():\r    ‸x\r",
            '"""A."""',
            'class A:\r  def f():\r    """A."""\r    x\r',
        ),
    ],
)
def test_a_docstring_is_all_that_comes_in(marked: str, answer: str, expected: str) -> None:
    """It has its place below the head of its function, and everything else stays byte for byte."""
    assert applied(DOCUMENT, fenced(answer, "python"), marked) == expected


@pytest.mark.parametrize(
    ("marked", "reason"),
    [
        ("‸def f(): pass‸\n", "the code has its body on the line of its head"),
        ("‸x = 1‸\n", "the code is no function and no class"),
        ("‸# A‸\n", "the code is no function and no class"),
        ("‸def f(:\n    pass‸\n", "the code is no valid Python"),
        ('‸def f():\n    """A."""‸\n    x\n', "the answer changes nothing"),
    ],
)
def test_what_has_no_place_for_a_docstring_gets_none(marked: str, reason: str) -> None:
    """The reason is what is wrong with the code, and not with the answer."""
    with pytest.raises(NotApplied, match=f"^{reason}$"):
        applied(DOCUMENT, fenced('def f():\n    """A."""'), marked)


Documentable = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def documentable(tree: ast.AST) -> list[Documentable]:
    """Return all functions and classes, in the order of the code."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, Documentable)]
    return sorted(nodes, key=lambda node: node.lineno)


def without_docstrings(code: str) -> str:
    """Return what code does, as a text."""
    tree = ast.parse(code)
    for node in documentable(tree):
        if ast.get_docstring(node, clean=False) is not None:
            del node.body[0]
    return ast.dump(tree)


@pytest.mark.parametrize("module", ["bisect", "contextlib", "heapq", "textwrap"])
def test_documentation_changes_no_code(module: str) -> None:
    """Of all functions and classes in a library, each answered with other code and a docstring."""
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    code = Path(spec.origin).read_text("utf-8")
    document = Document(f"file:///{module}.py", "python", 1, Text(code), f"{module}.py")
    meaning = without_docstrings(code)
    written = 0

    for number, node in enumerate(documentable(ast.parse(code))):
        first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
        text = document.text
        target = Target(text.offset(first - 1, 0), text.span((node.end_lineno or 0) - 1)[1])
        docstring = f"Do {number}.\n\nNot more,\n    nor less.\n"
        answer = ast.unparse(
            ast.parse(f"import os\n@x\ndef {node.name}(y):\n    {docstring!r}\n    os.remove(y)\n")
        )
        if node.body[0].lineno == node.lineno:
            with pytest.raises(NotApplied, match="the code has its body on the line of its head"):
                edit_of(DOCUMENT, fenced(answer, "python"), document, target)
            continue

        edit = edit_of(DOCUMENT, fenced(answer, "python"), document, target)

        after = str(text.replace(edit.start, edit.end, edit.text))
        removed = text.slice(edit.start, edit.end).strip()
        assert without_docstrings(after) == meaning
        assert not removed or isinstance(ast.literal_eval(removed), str)
        documented = documentable(ast.parse(after))[number]
        assert documented.name == node.name
        assert cleandoc(ast.get_docstring(documented) or "") == cleandoc(docstring)
        written += 1

    assert written >= 4


# Documentation comments


@pytest.mark.parametrize(
    ("language", "marked", "answer", "expected"),
    [
        (
            "typescript",
            "class A {\n  #a = 0;\n  f(b: B) {\n    ‸return b;\n  }\n}\n",
            "/**\n * Return b.\n * @param b what\n */\nf(b: B) {\n  return null;\n}\n",
            "class A {\n  #a = 0;\n  /**\n   * Return b.\n   * @param b what\n   */\n"
            "  f(b: B) {\n    return b;\n  }\n}\n",
        ),
        (
            "typescript",
            "let i = 1\n--i\nconst f = () => {\n  ‸i\n}\n",
            "class X {\n// A.\nconst f = () => {\n",
            "let i = 1\n--i\n// A.\nconst f = () => {\n  i\n}\n",
        ),
        (
            "typescript",
            "class A {\n  // Old.\n  @In()\n  // prettier-ignore\n  f() {\n    ‸b;\n  }\n}\n",
            "/** New. */\n@In()\nf() {\n",
            "class A {\n  /** New. */\n  @In()\n  // prettier-ignore\n  f() {\n    b;\n  }\n}\n",
        ),
        (
            "go",
            "package p\n\n// f is old,\n// and long.\nfunc f() {\n\t‸a()\n}\n",
            "package p\n\n// f does a.\nfunc f() {\n\tb()\n}\n",
            "package p\n\n// f does a.\nfunc f() {\n\ta()\n}\n",
        ),
        (
            "go",
            "// Copyright\n\n//go:noinline\nfunc f() {\n\t‸a()\n}\n",
            "// f does a.\n//\n//\ta()\nfunc f() {\n",
            "// Copyright\n\n// f does a.\n//\n//\ta()\n//go:noinline\nfunc f() {\n\ta()\n}\n",
        ),
        (
            "go",
            "func f() {\n\t*p = 1\n\tg := func() {\n\t\t‸a()\n\t}\n\tg()\n}\n",
            "// g does a.\ng := func() {\n\ta()\n}\n",
            "func f() {\n\t*p = 1\n\t// g does a.\n\tg := func() {\n\t\ta()\n\t}\n\tg()\n}\n",
        ),
        (
            "rust",
            "/// Old.\n#[inline]\n#[must_use]\nfn f() -> u8 {\n    ‸1\n}\n",
            "/// New.\n#[must_use]\nfn f() -> u8 {\n    2\n}\n",
            "/// New.\n#[inline]\n#[must_use]\nfn f() -> u8 {\n    1\n}\n",
        ),
        (
            "java",
            "class A {\n  /* Old\n\n     one. */\n  @X\n  int f() {\n    ‸return 1;\n  }\n}\n",
            "public class A {\n    /**\n     * New.\n     */\n    @X\n    int f() {\n    }\n}\n",
            "class A {\n  /**\n   * New.\n   */\n  @X\n  int f() {\n    return 1;\n  }\n}\n",
        ),
        (
            "java",
            "class A {\n  /**\n    @see B\n  */\n  int f() {\n    ‸return 1;\n  }\n}\n",
            "/** New. */\nint f() {\n",
            "class A {\n  /** New. */\n  int f() {\n    return 1;\n  }\n}\n",
        ),
        (
            "c",
            "#include <a.h>\nint f(void)\n{\n\t‸return 1;\n}\n",
            "#include <a.h>\n\n/*\n * Return one.\n */\nint f(void)\n{\n    return 2;\n}\n",
            "#include <a.h>\n/*\n * Return one.\n */\nint f(void)\n{\n\treturn 1;\n}\n",
        ),
        (
            "c",
            "int x;\r\nint f(void)\r\n{\r\n\t‸return 1;\r\n}",
            "// Return\n// one.\nint f(void)",
            "int x;\r\n// Return\r\n// one.\r\nint f(void)\r\n{\r\n\treturn 1;\r\n}",
        ),
        (
            "c",
            "// NOLINTBEGIN\n// Old.\nint f(void)\n{\n\t‸return 1;\n}\n",
            "// New.\nint f(void)",
            "// NOLINTBEGIN\n// New.\nint f(void)\n{\n\treturn 1;\n}\n",
        ),
        # A comment that is selected, too, and an answer that is nothing else.
        (
            "c",
            "int x;\n‸// Old.\nint f(void)\n{\n\treturn 1;\n}‸\n",
            "// New.\n",
            "int x;\n// New.\nint f(void)\n{\n\treturn 1;\n}\n",
        ),
        (
            "php",
            "<?php\n#[X]\nfunction f() {\n  ‸return 1;\n}\n",
            "<?php\n/** One. */\n#[X]\nfunction f() {\n  return 2;\n}\n",
            "<?php\n/** One. */\n#[X]\nfunction f() {\n  return 1;\n}\n",
        ),
        (
            "ruby",
            "class A\n  # Old.\n  def f\n    ‸1\n  end\nend\n",
            "# New.\ndef f\n  2\nend\n",
            "class A\n  # New.\n  def f\n    1\n  end\nend\n",
        ),
        (
            "lua",
            "‸function f()\n  x()\nend‸\n",
            "--- New.\nfunction f()",
            "--- New.\nfunction f()\n  x()\nend\n",
        ),
        (
            "kotlin",
            "‸fun f() {\n  x()\n}‸\n",
            "/** New. */\nfun f() {",
            "/** New. */\nfun f() {\n  x()\n}\n",
        ),
    ],
)
def test_a_comment_is_all_that_comes_in(
    language: str, marked: str, answer: str, expected: str
) -> None:
    """It stands above the function and what belongs to that, in the place of the one before."""
    assert applied(DOCUMENT, fenced(answer), marked, language) == expected


@pytest.mark.parametrize(
    ("marked", "answer", "reason"),
    [
        (
            "int f(void) {\n  ‸a();\n}\n",
            "int f(void) {\n}",
            "the answer has no documentation above the code",
        ),
        (
            "int f(void) {\n  ‸a();\n}\n",
            "int g();\n",
            "the answer has no documentation above the code",
        ),
        (
            "int f(void) {\n  ‸a();\n}\n",
            "// A.\n\nint g();\n#define B\nint f(void) {\n}",
            "the answer has no documentation above the code",
        ),
        ("‸// A.\n// B.‸\nint x;\n", "// C.", "the code is nothing but a comment"),
        (
            "// A.\nint f(void) {\n  ‸a();\n}\n",
            "// A.\nint f(void) {",
            "the answer changes nothing",
        ),
        ("int f(void) {\n  ‸a();\n}\n", "/* A.\n", "the answer is no valid c"),
    ],
)
def test_without_documentation_nothing_comes_in(marked: str, answer: str, reason: str) -> None:
    """A comment above other code is none of this."""
    with pytest.raises(NotApplied, match=f"^{reason}$"):
        applied(DOCUMENT, fenced(answer), marked, "c")


# Tests, which are a new file


def test_tests_are_taken_as_they_are() -> None:
    """From the fence, whatever the indentation and the line ends of the tested code."""
    document = Document("file:///a.py", "python", 1, Text("\tdef f():\r\n\t\tpass\r\n"), "a.py")
    tests = "import a\n\n\ndef test_f():\n    assert a.f() is None\n"

    edit = edit_of(TEST, f"Here:\n\n{fenced(tests, 'python')}", document, Target(0, 9))

    assert edit == Edit(tests, 0, 0)


@pytest.mark.parametrize(
    ("file", "language", "name"),
    [
        ("src/a/app.py", "python", "src/a/test_app.py"),
        ("src/app.ts", "typescript", "src/app.test.ts"),
        ("src/app.tsx", "typescriptreact", "src/app.test.tsx"),
        ("src/app.js", "javascript", "src/app.test.js"),
        ("src/App.java", "java", "src/AppTest.java"),
        ("src/App.cs", "csharp", "src/AppTests.cs"),
        ("app.go", "go", "app_test.go"),
        ("src/app.rs", "rust", "src/app_test.rs"),
        ("lib/app.rb", "ruby", "lib/test_app.rb"),
        ("src/app.c", "c", "src/app_test.c"),
    ],
)
def test_tests_go_where_runners_find_them(
    file: str, language: str, name: str, tmp_path: Path
) -> None:
    """Beside the file, under a name that is usual in its language."""
    assert new_file.tests_of(tmp_path / file, language, Path.exists) == tmp_path / name


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("tests", "tests/test_app.py"),
        ("src/tests", "src/tests/test_app.py"),
        ("src/a/b/tests", "src/a/b/tests/test_app.py"),
        ("other/tests", "src/a/b/test_app.py"),
    ],
)
def test_tests_of_python_go_to_the_next_folder_for_them(
    folder: str, expected: str, tmp_path: Path
) -> None:
    """The nearest `tests` above the file, if there is one."""
    (tmp_path / folder).mkdir(parents=True)

    found = new_file.tests_of(tmp_path / "src/a/b/app.py", "python", Path.exists)

    assert found == tmp_path / expected


@pytest.mark.parametrize(
    ("file", "language", "expected"),
    [
        ("app.py", "python", "test_app3.py"),
        ("tests/app.py", "python", "tests/test_app3.py"),
        ("app.go", "go", "app3_test.go"),
        ("app.ts", "typescript", "app3.test.ts"),
        ("App.java", "java", "App3Test.java"),
    ],
)
def test_tests_never_replace_any(file: str, language: str, expected: str, tmp_path: Path) -> None:
    """The next number makes a name that nothing has, and that is still one of tests."""
    taken: list[Path] = []

    for _ in range(3):
        taken.append(new_file.tests_of(tmp_path / file, language, taken.__contains__))

    assert taken[-1] == tmp_path / expected
    assert len(set(taken)) == 3


# After a change


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        ("int x;\n// Old.\nint f(void)\n{\n}\n", "int x;\n// New.\nint f(void)\n{\n}\n"),
        ("y\n\nint x;\n// Old.\nint f(void)\n{\n}\n", "y\n\nint x;\n// New.\nint f(void)\n{\n}\n"),
        ("int x;\n// Old.\nint f(void)\n{\n}\nz", "int x;\n// New.\nint f(void)\n{\n}\nz"),
        # What it replaces has changed, or the code that it is about.
        ("int x;\n// Older.\nint f(void)\n{\n}\n", None),
        ("int x;\n// Old.\nint y;\nint f(void)\n{\n}\n", None),
        ("int x;\nint f(void)\n{\n}\n", None),
        ("int x;\n// Old.\nint f(void)\n{ \n}\n", None),
    ],
)
def test_an_edit_moves_with_its_code(new: str, expected: str | None) -> None:
    """It is lost where anything is not as it was that it replaces or says something of."""
    old = "int x;\n// Old.\nint f(void)\n{\n}\n"
    document = Document("file:///a.c", "c", 1, Text(old), "a.c")
    target = target_of(document, old.index("{"), old.index("{"))
    assert target is not None
    edit = edit_of(DOCUMENT, fenced("// New.\nint f(void)"), document, target)
    assert edit.start < target.start

    moved = edit.moved(target, document.text, Text(new))

    assert (moved and str(Text(new).replace(moved.start, moved.end, moved.text))) == expected
