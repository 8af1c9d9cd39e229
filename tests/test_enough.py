"""Several lines end with the block that they fill in, and never before.

¦ marks where an answer is enough; what stands behind it must not be shown.
"""

from __future__ import annotations

import ast
import gzip
import json
import random
import sysconfig
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.llamacpp import SHARED, existing
from infill_ls.completion.answers.answer import Answer, growing
from infill_ls.completion.cursor.place import Place, place_of
from infill_ls.types import CompletionRequest, Delta

RequestAt = Callable[..., CompletionRequest]
Hole = tuple[str, str, str]
"""What stands before, in and after it."""

HUMAN_EVAL = SHARED / "data" / "HumanEval-SingleLineInfilling.jsonl.gz"
OTHER = "\n\n\ndef other():\n    pass\n"

pieces = st.sampled_from(
    [*"(){}[]:,;\"'`\\#\t\n\r x0", "\r\n", "    ", "\n    ", "\n\n", '"""', "def f", "end", "fi"]
)
texts = st.lists(pieces, max_size=16).map("".join)


async def streamed(*texts: str) -> AsyncIterator[Delta]:
    for text in texts:
        yield Delta(text)
    yield Delta("", "end")


async def read(place: Place, *texts: str) -> Answer:
    """Return the answer as it is when it is enough."""
    async with aclosing(growing(streamed(*texts), place)) as answers:
        return [answer async for answer in answers][-1]


async def assert_enough(request: CompletionRequest, text: str) -> None:
    """Have an answer read character by character, and be enough at the mark."""
    kept, beyond = text.split("¦")
    answer = await read(place_of(request, "multi"), *(kept + beyond))
    assert (answer.text, answer.finish) == (kept, "block")


@pytest.mark.parametrize(
    ("marked", "text"),
    [
        # The cursor's line is blank: its width is the block's.
        ("def f():\n    ‸", "return 1¦\ndef g():"),
        ("def f():\n    ‸", "if a:\n        b\n    c¦\nd = 1\n"),
        ("if a:\n    ‸\nelse:\n    b\n", "c¦\nelse:\n    b\n"),
        ("try:\n    ‸", "a\n    b¦\nexcept E:\n    c"),
        ("if a:\n        ‸", "b¦\n    elif c:\n        d"),
        ("def f():\n\t‸", "x = 1\n\treturn x¦\ndef g():"),
        ("def f():\n\t‸", "x = 1\n    return x¦\ndef g():"),  # a tab is four blanks
        ("def f():\r\n    ‸\r\n", "return 1¦\r\ndef g():"),
        ("def f():\r    ‸\r", "return 1¦\rdef g():"),
        ("def f():\r    ‸\r", "a  # it's (\r    b¦\rdef g():"),
        ("def 関数():\n    ‸", "返す = '値'\n    return 返す¦\n定数 = 1\n"),
        ("function f() {\n  ‸\n}\n", "return 1;¦\n}\n\nfunction g() {"),
        ("function f() {\n\t‸\n}\n", "if (a) {\n\t\tb();\n\t}¦\n}\n"),
        ("if (a) {\n  ‸\n}\n", "b();¦\n} else {\n  c();\n}\n"),
        ("if (a) {\r\n  ‸\r\n}\r\n", "b();¦\r\n}\r\nc();"),
        ("try {\n  ‸\n}\n", "a();¦\n} catch (e) {\n"),
        # It is empty: the first line with text tells the width.
        ("def f():\n‸", "    return 1¦\ndef g():"),
        ("def f():\n‸", "\n    a\n    b¦\nc"),
        ("class A {\n‸\n}\n", "  int a;\n  int b;¦\n}\n"),
        # It has text.
        ("def f():\n    x = ‸", "1\n    return x¦\ndef g():"),
        ("    return f(‸", "a,\n  b)\n    c¦\nd"),
        # Bracket and string that were written before have ended.
        ("def f():\n    ‸", "a = [\n1,\n]¦\nb = 2"),
        ("def f():\n    ‸", '"""Text\nmore\n"""\n    a¦\nb = 2'),
        ("def f():\n    ‸", "# it's (\n    a¦\nb = 2"),
        ("void f() {\n  ‸\n}\n", "// it's :(\n  a();  /* ( */¦\n}\n"),
        ("fn f<'a>() {\n    ‸\n}\n", 'let x: &\'a str = "{";¦\n}\n'),
        ("def f():\n    ‸", "a = b // (c +\n        d)\n    e¦\nf = 1"),
        ("f() {\n  ‸\n}\n", "a = /[(]/;¦\n}\n"),
        # And so has the string in which the cursor stands, or behind which.
        ('def f():\n    """Text\n    ‸', 'more\n\n\n"""\n    a¦\nb = 2'),
        ('def f():\n    """Text\n    """‸', "\n    a¦\nb = 2"),
        ("def f():\n    '''Text:\n    Args:‸", "\n        a\n    '''\n    a¦\nb = 2"),
    ],
)
async def test_less_indented_line_ends_the_block(
    request_at: RequestAt, marked: str, text: str
) -> None:
    """It belongs to what stands around the block, whatever the language."""
    await assert_enough(request_at(marked, language=""), text)


@pytest.mark.parametrize(
    ("marked", "text"),
    [
        ("def f():‸", "\n    return 1¦\ndef g():"),
        ("def f‸", "(x):\n    return x¦\ny = f(1)"),
        ("if a:‸", "\n    b¦\nelse:\n    c"),
        ("    if a:  # why‸", "\n        b¦\n    c"),
        ("for x in ‸", "y:\n  a\n  b¦\nc"),
        ("\tfor x in y:‸", "\r\n\t\ta¦\r\n\tb"),
        ("def f(‸", "\n    a,\n    b,\n):\n    return a¦\nc"),
        ("f = (x) =>‸", "\n  x + 1;¦\ng();"),
        ("if (a)‸", "\n  b();¦\nc();"),
        ("if 空:‸", "\n    値¦\n次"),
        # What closes the block is its last line.
        ("function f() {‸", "\n  return 1;\n}¦\n\nfunction g() {"),
        ("function f() {‸", "\r\n\treturn 1;\r\n}¦\r\ng();"),
        ("if (a) {‸", "\n  b();\n} else {\n  c();\n}¦\nd();"),
        ("f(‸", "\n  a,\n  b\n);¦\ng();"),
        ("x = {‸", "\n  'a': [\n    1,\n  ],\n}¦\ny"),
        ("void f() {‸", "\n}¦\nvoid g() {"),
        ("if x then‸", "\n  a()\nend¦\nb()"),
        ("def m(x)‸", "\n  x + 1\nend¦\ndef n"),
        ("a.each do |x|‸", "\n  b x\nend¦\nc"),
        ("if true; then‸", "\n  a\nfi¦\nb"),
        ("while true; do‸", "\n\ta\ndone¦\nb"),
        ("case 1 in‸", "\n  1) a ;;\nesac¦\nb"),
    ],
)
async def test_block_that_the_cursors_line_opens_ends_at_its_indentation(
    request_at: RequestAt, marked: str, text: str
) -> None:
    """A line that closes it is kept, any other is not; where the language is not known, too."""
    await assert_enough(request_at(marked, language=""), text)


@pytest.mark.parametrize(
    ("marked", "text"),
    [
        ("function f() {\n  ‸", "a();\n}¦\n\nfunction g() {"),
        ("function f() {\n  ‸", "a();\n\n}¦\nb"),
        ("function f() {\n  ‸\n\nfunction g() {\n}\n", "a();\n}¦\n\nb"),
        ("{\n  {\n    ‸\n}\n", "a();¦\n  }\n}\n"),  # it may be the one that is there
        ("f(\n    ‸", "a,\n    b,\n)¦\ng()"),
        ("f(\n    ‸\n)\n", "a,\n    b,¦\n)\ng()"),
        ("f(\n    ‸\n  b,\n)\n", "a,¦\n)\ng()"),
        ("if x then\n  ‸", "a()\nend¦\nb()"),
        ("if x then\n  ‸\nend\n", "a()¦\nend\nb()"),
        ("f(a, {\r\n\t‸", "b: 1,\r\n});¦\r\nc"),
        ("if x:\n    ‸", "a¦\nend_of(x)"),
        ("{\n  ‸}", "a();¦\n}"),
    ],
)
async def test_closing_line_is_written_where_it_is_missing(
    request_at: RequestAt, marked: str, text: str
) -> None:
    """The block above the cursor needs one end, and the document may have it."""
    await assert_enough(request_at(marked), text)


@pytest.mark.parametrize(
    ("marked", "text"),
    [
        ("‸", "def f():\n    a¦\n\ndef g():\n    b\n"),
        ("‸", "import a\n\ndef f():\n    a¦\n\n@b\ndef g():\n    b\n"),
        ("‸", "def f():\n    a¦\n\n# About g.\n@b\nasync def g():\n    b\n"),
        ("‸", "class A:\n    a = 1\n\n    def f(self):\n        b¦\n\nclass B:\n    c\n"),
        ("‸", "function f() {\n  a();\n}¦\n\nexport function g() {\n"),
        ("‸", "int f(void) {\n\treturn 1;\n}¦\n\nint g(void) {\n"),
        ("‸", "pub(crate) fn f() {\n}¦\n\n/// About g.\npub fn g() {\n"),
        ("‸", "def f():\r\n\ta¦\r\n\r\ndef g():\r\n\tb\r\n"),
        ("‸", "def 関():\n    '値'¦\n\ndef 数():\n"),
        ("a = 1\n\n‸", "\n\ndef f():\n    a¦\n\ndef g():\n"),
    ],
)
async def test_second_definition_ends_the_top_level(
    request_at: RequestAt, marked: str, text: str
) -> None:
    """No line is less indented there, so that one definition is a block."""
    await assert_enough(request_at(marked), text)


@pytest.mark.parametrize(
    ("marked", "text"),
    [
        # A block with statements below the cursor.
        ("def f():\n    ‸\n    return x\n", "x = 1¦\n\n    y = 2\n"),
        ("def f():\n    ‸\n    return x\n", "for a in b:\n        c¦\n\n    y = 2\n"),
        ("def f():‸\n    return x\n", "\n    x = 1¦\n\n    y = 2\n"),
        ("  ‸\n  b();\n", "a();¦\r\n\r\n  c();"),
        ("\t‸\n\tb();\n", "a();¦\n\t\n\tc();"),
        ("x = ‸\ny = 2\n", "1¦\n\nz = 3"),
        ("‸\nb\n", "a¦\r\rc"),
        ("‸\n次\n", "値¦\n\n別"),
        # More than one blank line.
        ("def f():\n    ‸", "a¦\n\n\n    b"),
        ("‸", "import a¦\n\n\ndef f():"),
        ("f() {\n  ‸\n}\n", "a();¦\r\n\r\n\r\n  b();"),
        # Six lines of the top level.
        ("‸", "a = 1\nb = 2\nc = 3\n\nd = 4\ne = 5\nf = 6¦\n\ng = 7\n"),
        ("‸", "def f():\n  a\n  b\n  c\n  d\n\n  e¦\n\n# g\n"),
    ],
)
async def test_blank_line_ends_the_answer(request_at: RequestAt, marked: str, text: str) -> None:
    """What stands behind it is another thought, unless a whole body is to be filled in."""
    await assert_enough(request_at(marked), text)


@pytest.mark.parametrize(
    ("marked", "text"),
    [
        ("‸", "ab¦\nab\nab\n"),
        ("    ‸", "ab()¦\n    ab()\n    ab()\n"),
        ("\t‸", "ab();¦\r\n\tab();\r\n\tab();\r\n"),
        ("‸", "x = 1\nab¦  \nab\nab\t\n"),
        ("a‸", "b¦\nab\nab\n"),
        ("‸", "漢字¦\n漢字\n漢字\n"),
        ("‸", "if a:\n  b¦\nif a:\n  b\nif a:\n  b\n"),
        ("‸", "{\na: 1\n},¦\n{\na: 1\n},\n{\na: 1\n},\n"),
        ("‸", "ab\n1\n2\n3¦\nab\n1\n2\n3\nab\n1\n2\n3\n"),
        ("f(‸", "\n  ab,¦\n  ab,\n  ab,\n"),
        ("‸", "# ab¦\n\n# ab\n\n# ab\n"),
    ],
)
async def test_what_is_repeated_twice_is_written_once(
    request_at: RequestAt, marked: str, text: str
) -> None:
    """A model that goes in circles is left after the first round."""
    await assert_enough(request_at(marked), text)


@pytest.mark.parametrize(
    ("marked", "text"),
    [
        # Not less indented than the block.
        ("def f():\n    ‸", "if a:\n        b\n    else:\n        c\n    return d\n"),
        ("def f():\n    ‸", "try:\n        a\n    except E:\n        b\n    finally:\n        c\n"),
        ("f() {\n  ‸\n}\n", "if (a) {\n    b();\n  } else {\n    c();\n  }\n"),
        ("f() {\n\t‸\n}\n", "try {\r\n\t\ta();\r\n\t} catch (e) {\r\n\t\tb();\r\n\t}\r\n"),
        ("  ‸\nend\n", "if a then\n    b\n  end\n  c\n"),
        ("switch (a) {‸", "\ncase 1:\n  b();\ncase 2:\n  c();\n"),
        ("x = ‸", "1\ny = 2\n"),
        ("関 = ‸", "1\n数 = 2\n"),
        # Inside a bracket or a string.
        ("def f():\n    ‸", "a = '''\nb\n\n\nc'''\n    d\n"),
        ("def f():\n    ‸", 'a = """\n\\"""\n\nb\\\\"""\n    d\n'),
        ("def f():\n    ‸", "a = [\n1,\n\n\n2,\n"),
        ('def f():\n    """Text‸', '\n\nmore\n"""\n    return 1\n'),
        ("f(‸", "a,\n b,\nc)\n"),
        ("  ‸", "a = `\nb\n\nc`;\n  d();\n"),
        ("  ‸", "/* a\nb\n\n*/\n  d();\n"),
        ("def f(‸", "\n    a,\n):\n    b\n"),
        ("  ‸", '"""\n)\n"""\n'),
        # Blank lines.
        ("def f():\n    ‸\n\ndef g():\n", "a\n\n    b\n\n    c\n"),
        ("f() {\n\t‸\n}\n", "a();\r\n\r\n\tb();\r\n\t\r\n\tc();\r\n"),
        ("def f():\n    ‸\n    return x\n", "for a in b:\n        c\n\n        d\n"),
        ("def f():\n    ‸\n    return x\n", "if a:\n\n\n        b\n"),
        ("‸\nb();\n", "if (a) {\n\n\n  b();\n\n}\n"),
        ("‸", "import a\n\nb = 1\n\ndef f():\n    c\n\n    d\n"),
        ("‸", "\n\n\nab\n"),
        ("    ‸\n    b\n", "\n\n    ab\n"),
        # Nothing but the first line with text.
        ("    return x‸", "\n\ndef f():\n    a\n"),
        ("    ‸", "\ndef f():\n    a\n"),
        ("  ‸", "\r\n}\r\n"),
        ("‸", " \n\t\r\n"),
        # Not in a row, not often enough, or nothing to speak of.
        ("‸", "ab\nab\n"),
        ("‸", "ab\nab\nc\nab\n"),
        ("‸", "ab\n  ab\n    ab\n"),
        ("‸", "}\n}\n}\n}\n"),
        ("‸", "0,\n0,\n0,\n"),
        ("‸", "ab\ncd\nab\ncd\nab\n"),
        ("‸", "ab\n1\n2\n3\n4\nab\n1\n2\n3\n4\nab\n1\n2\n3\n4\n"),
    ],
)
async def test_block_goes_on(request_at: RequestAt, marked: str, text: str) -> None:
    """The model says itself when it is done."""
    answer = await read(place_of(request_at(marked, language=""), "multi"), *text)

    assert (answer.text, answer.finish) == (text, "end")


@pytest.mark.parametrize(
    ("marked", "deltas", "unread"),
    [
        ("    ‸", ["a\n", "class", " A"], " A"),
        ("    ‸", ["a\n", "d", "ef", " g"], " g"),  # it might have become "done"
        ("  ‸\n}\n", ["a\n", "}", "\n", "b"], "\n"),
        ("  ‸\n", ["a\n", "}", "\n", "b"], "b"),
        ("  ‸\n", ["a\n", "}", " else", " {"], " {"),
        ("f() {‸", ["\n  a\n", "}", "\n", "b"], "b"),
        ("  ‸", ["a\n", "en", "v", " = 1"], " = 1"),
        ("    ‸", ["a\n", "\n", "\n", "    b"], "    b"),
        ("  ‸\n  b\n", ["a\n", "\n", "  ", "c", " = 1"], " = 1"),
        ("‸", ["ab\n", "ab\n", "ab", "\n", "ab"], "ab"),
    ],
)
async def test_stream_is_left_with_the_piece_that_decides(
    request_at: RequestAt, marked: str, deltas: list[str], unread: str
) -> None:
    """A line is judged by its first character, or where that may close a block, by the whole."""
    stream = streamed(*deltas)

    async with aclosing(growing(stream, place_of(request_at(marked), "multi"))) as answers:
        last = [answer async for answer in answers][-1]

    assert last.finish == "block"
    assert (await anext(stream)).text == unread


@pytest.mark.parametrize(
    ("text", "kept", "finish"),
    [
        ("a\n}", "a", "block"),
        ("a\n", "a\n", "end"),
        ("a\n\n", "a\n\n", "end"),
        ("a\n\n  ", "a\n\n  ", "end"),
        ("a\n  a2\n  a2\n  a2", "a\n  a2", "block"),
    ],
)
async def test_last_line_is_judged_when_the_model_has_ended(
    request_at: RequestAt, text: str, kept: str, finish: str
) -> None:
    """A line end is not needed then, and nothing but blanks behind it is no reason to cut."""
    answer = await read(place_of(request_at("f() {\n  ‸\n}\n"), "multi"), text)

    assert (answer.text, answer.finish) == (kept, finish)


@pytest.mark.parametrize(
    ("marked", "text", "kept"),
    [
        ("  ‸\nreturn x\n", "a\nreturn x\n", "a"),  # it is less indented
        ("  ‸\n  return x\n", "a\n\n  return x\n", "a"),
        ("  ‸\n  return x\n", "a\n  return x\n", "a\n"),
        ("‸\nab\n", "ab\nab\nab\n", ""),
    ],
)
async def test_first_reason_in_the_text_ends_it(
    request_at: RequestAt, marked: str, text: str, kept: str
) -> None:
    """Be it the line below the cursor or the end of the block."""
    answer = await read(place_of(request_at(marked), "multi"), text)

    assert answer.text == kept


@pytest.mark.parametrize("marked", ["a = ‸ + 1\n", "f(‸, b)\n"])
async def test_only_several_lines_are_a_block(request_at: RequestAt, marked: str) -> None:
    """One line, and the whole between code and code, end as they do."""
    whole = await read(place_of(request_at(marked), "auto"), "a\n\n\n", "b")
    single = await read(place_of(request_at(marked), "single"), "a\n\n\n", "b")

    assert (whole.text, whole.finish) == ("a\n\n\nb", "end")
    assert (single.text, single.finish) == ("a", "line")


@settings(deadline=None)
@given(before=texts, after=texts, text=texts, data=st.data())
async def test_answer_does_not_depend_on_its_pieces(
    request_at: RequestAt, before: str, after: str, text: str, data: st.DataObject
) -> None:
    """Character by character or at once, the same is enough, and it has text."""
    place = place_of(request_at(f"{before}‸{after}"), "multi")
    cut = data.draw(st.integers(0, len(text)))

    slowly = await read(place, *text)

    for other in (await read(place, text), await read(place, text[:cut], text[cut:])):
        assert (other.text, other.finish) == (slowly.text, slowly.finish)
    assert text.startswith(slowly.text)
    assert slowly.finish != "block" or (slowly.text.strip() and slowly.text[-1] not in "\r\n")


_SUITES = ("body", "orelse", "finalbody")


def holes_in(code: str, tree: ast.AST, rng: random.Random) -> Iterator[Hole]:
    """Yield the suites of a program, with the cursor at one of three places before each."""
    lines = [line + "\n" for line in code.split("\n")]
    fields = (getattr(node, name, None) for node in ast.walk(tree) for name in _SUITES)
    for suite in fields:
        if not isinstance(suite, list) or not suite or not isinstance(suite[0], ast.stmt):
            continue
        decorators = getattr(suite[0], "decorator_list", [])
        start = min(node.lineno for node in (suite[0], *decorators)) - 1
        follows_code = lines[start].encode()[: suite[0].col_offset].strip() and not decorators
        if suite[0].col_offset == 0 or follows_code or lines[start].lstrip().startswith("elif"):
            continue
        before = "".join(lines[:start])
        middle = "".join(lines[start : suite[-1].end_lineno]).rstrip()
        after = "\n" + "".join(lines[suite[-1].end_lineno :])
        placed = rng.choice([at_the_margin, after_the_indentation, after_the_line_above])
        yield placed(before, middle, after)


def at_the_margin(before: str, middle: str, after: str) -> Hole:
    """The cursor stands at the beginning of the block's first line."""
    return before, middle, after


def after_the_indentation(before: str, middle: str, after: str) -> Hole:
    """The cursor stands where the block's text begins."""
    text = middle.lstrip(" \t")
    return before + middle[: len(middle) - len(text)], text, after


def after_the_line_above(before: str, middle: str, after: str) -> Hole:
    """The cursor stands at the end of the line above, which most often opens the block."""
    return before[:-1], "\n" + middle, after


async def cut_short(request_at: RequestAt, holes: list[Hole], rng: random.Random) -> list[str]:
    """Have right answers go on with the program or another function; return those that are cut.

    None of them may have anything else at its end.
    """
    cut = []
    for before, middle, after in holes:
        request = request_at(f"{before}‸{after}")
        text = middle + rng.choice([OTHER, after.rstrip() + OTHER])
        answer = await read(place_of(request, "multi"), *in_pieces(text, rng))
        assert middle.startswith(answer.text.rstrip())
        if answer.text.rstrip() != middle:
            cut.append(f"{middle}\n=== was cut to ===\n{answer.text}")
    return cut


def in_pieces(text: str, rng: random.Random) -> Iterator[str]:
    """Cut a text in pieces of three to seven characters."""
    while text:
        size = rng.randint(3, 7)
        yield text[:size]
        text = text[size:]


async def test_bodies_and_blocks_of_human_eval_are_not_cut(
    request_at: RequestAt, record_property: Callable[[str, object], None]
) -> None:
    """Of some 500 blocks of 164 programs, fewer than one in a hundred is, and none is too long."""
    rng = random.Random(1)
    with gzip.open(existing(HUMAN_EVAL), "rt", encoding="utf-8") as file:
        tasks = [json.loads(line) for line in file]
    parts = ("prompt", "canonical_solution", "suffix")
    programs = {"".join(task[part] for part in parts) for task in tasks}
    holes = [hole for code in sorted(programs) for hole in holes_in(code, ast.parse(code), rng)]

    cut = await cut_short(request_at, holes, rng)

    record_property("cut", len(cut))
    assert len(holes) > 500
    assert len(cut) / len(holes) <= 0.01, "\n\n".join(cut)


async def test_functions_of_the_standard_library_are_not_cut(
    request_at: RequestAt, record_property: Callable[[str, object], None]
) -> None:
    """Of the blocks of 200 functions, fewer than three in a hundred are, and none is too long."""
    rng = random.Random(2)
    functions: list[tuple[str, ast.AST]] = []
    for path in rng.sample(sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")), 100):
        code = path.read_text("utf-8")
        nodes = ast.walk(ast.parse(code))
        functions += [(code, node) for node in nodes if isinstance(node, ast.FunctionDef)]
    chosen = rng.sample(functions, 200)
    holes = [hole for code, node in chosen for hole in holes_in(code, node, rng)]

    cut = await cut_short(request_at, holes, rng)

    record_property("cut", len(cut))
    assert len(cut) / len(holes) <= 0.03, "\n\n".join(cut)
