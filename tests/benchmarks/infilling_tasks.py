"""Code with a hole in it, and a program that tells whether what was put there is right.

The single lines are HumanEval's. The other two kinds are cut from the standard library of the
interpreter that runs this, always the same for the same version of it: whole lines of a function,
and spans that begin and end anywhere. Every model has read the standard library, so these compare
ways to ask one model, not models.
"""

from __future__ import annotations

import ast
import gzip
import json
import random
import re
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Literal

HUMAN_EVAL = (
    Path(__file__).parents[3] / "shared" / "data" / "HumanEval-SingleLineInfilling.jsonl.gz"
)
SEED = 2026
PASS_WITHIN_S = 10
# A program that has not ended by then is wrong; the right ones take a tenth of it.
FAIL_WITHIN_S = 1

MULTI_LINES = range(2, 7)
SPAN_CHARACTERS = range(8, 61)
TRIES = 8
"""So many holes are tried in a function; some do not matter to the calls."""

Kind = Literal["single", "multi", "span"]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Task:
    """A document with a hole: what stands before it, after it and in it."""

    name: str
    prompt: str
    suffix: str
    canonical: str
    check: str
    """A program that reads the completed document from standard input and fails if it is wrong."""


_CHECK = """
import importlib, sys, types

code = compile(sys.stdin.read(), "completed", "exec")
real = importlib.import_module({module!r})
# Or else they would take the place of the functions in the completed source.
for name in ("_bisect", "_functools", "_heapq", "_json", "_statistics"):
    sys.modules[name] = None
completed = sys.modules["completed"] = types.ModuleType("completed")
exec(code, vars(completed))

def outcome(module, call):
    try:
        return repr(eval(call, {{"m": module}}))
    except Exception as error:
        return type(error).__name__

for call in {calls!r}:
    assert outcome(completed, call) == outcome(real, call), call
"""


def passes(task: Task, text: str, within_s: float = PASS_WITHIN_S) -> bool:
    """Return whether the document with this text in its hole does what it should."""
    return _runs(task.check, f"{task.prompt}{text}{task.suffix}", within_s)


# With its own text in the hole, every task of a module is the same.
@cache
def _runs(program: str, given: str, within_s: float) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-X", "utf8", "-c", program], input=given.encode(),
                cwd=folder, capture_output=True, timeout=within_s, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return False
    return done.returncode == 0


def tasks(kind: Kind) -> Iterator[Task]:
    """Yield the tasks of a kind, always in the same mixed order."""
    mixed = random.Random(SEED)
    if kind == "single":
        with gzip.open(HUMAN_EVAL, "rt", encoding="utf-8") as file:
            lines = list(file)
        mixed.shuffle(lines)
        yield from map(_human_eval, lines)
        return
    for module, function in mixed.sample(sorted(CALLS), len(CALLS)):
        if task := task_in(module, function, kind):
            yield task


def _human_eval(line: str) -> Task:
    """Return the task of a line of HumanEval's file."""
    task = json.loads(line)
    return Task(
        name=task["task_id"],
        prompt=task["prompt"],
        # The end of the missing line is the document's own.
        suffix=f"\n{task['suffix']}",
        canonical=task["canonical_solution"],
        check=f"import sys\nexec(sys.stdin.read())\n{task['test']}\ncheck({task['entry_point']})\n",
    )


def task_in(module: str, function: str, kind: Kind) -> Task | None:
    """Return the first task in a function that a wrong text would fail, if there is one."""
    source = source_of(module)
    check = _CHECK.format(module=module, calls=CALLS[module, function])
    for start, end in holes(source, function, kind):
        name = f"{module}.{function}"
        task = Task(name, source[:start], source[end:], source[start:end], check)
        if _can_fail(task):
            return task
    return None


def _can_fail(task: Task) -> bool:
    """Return whether the right text passes, and nothing in its place does not."""
    return passes(task, task.canonical) and not any(
        passes(task, text, FAIL_WITHIN_S) for text in ("", "pass")
    )


@cache
def source_of(module: str) -> str:
    """Return the source of a module of the standard library."""
    path = Path(sysconfig.get_paths()["stdlib"], *module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return file.read_text(encoding="utf-8")


def holes(source: str, function: str, kind: Kind) -> list[tuple[int, int]]:
    """Return some places to cut in a function, as offsets, always the same."""
    chance = random.Random(f"{SEED} {function} {kind}")
    node = _found(parsed(source), function)
    if kind == "multi":
        blocks = _blocks(source, node)
        return chance.sample(blocks, min(TRIES, len(blocks)))
    start, end = _extent(source, node.body[_is_text(node.body[0]) :])
    lengths = [length for length in SPAN_CHARACTERS if length <= end - start]
    sizes = [chance.choice(lengths) for _ in range(TRIES)]
    starts = [chance.randint(start, end - size) for size in sizes]
    spans = [(start, start + size) for start, size in zip(starts, sizes, strict=True)]
    # The words of a comment cannot be wrong.
    return [(start, end) for start, end in spans if "#" not in source[start:end]]


@cache
def parsed(source: str) -> ast.Module:
    """Parse once: Python before 3.11.8 fails if two threads parse at a time (gh-106905)."""
    return ast.parse(source)


def _found(tree: ast.Module, function: str) -> Function:
    """Return the function of a name like `Class.method`."""
    node: ast.AST = tree
    for name in function.split("."):
        node = next(n for n in ast.iter_child_nodes(node) if getattr(n, "name", None) == name)
    assert isinstance(node, Function)
    return node


def _blocks(source: str, function: Function) -> list[tuple[int, int]]:
    """Return where the last statements of a block in a function stand that have enough lines."""
    bodies = [
        statements
        for node in ast.walk(function)
        for name in ("body", "orelse", "finalbody")
        # A lambda's body is not a list.
        if isinstance(statements := getattr(node, name, None), list)
    ]
    tails = [body[index:] for body in bodies for index in range(len(body))]
    extents = [_extent(source, tail) for tail in tails if not _is_text(tail[0])]
    return sorted(extent for extent in extents if _is_whole_lines(source, *extent))


def _is_text(statement: ast.stmt) -> bool:
    """Return whether a statement is nothing but a string, as a docstring is."""
    match statement:
        case ast.Expr(ast.Constant(str())):
            return True
    return False


def _is_whole_lines(source: str, start: int, end: int) -> bool:
    """Return whether a place is of as many whole lines as are wanted."""
    before = source[:start].rpartition("\n")[2]
    text = source[start:end]
    return (
        not before.strip()
        and source[end : end + 1] == "\n"
        # What begins so is a statement for `ast`, but not for a reader.
        and not re.match(r"elif\b", text)
        and text.count("\n") + 1 in MULTI_LINES
    )


def _extent(source: str, statements: list[ast.stmt]) -> tuple[int, int]:
    """Return where consecutive statements begin and end."""
    first, last = statements[0], statements[-1]
    # A decorated function begins with its first decorator, and that with its @.
    decorators = getattr(first, "decorator_list", [])
    line = min([first.lineno, *(decorator.lineno for decorator in decorators)])
    assert last.end_lineno is not None
    assert last.end_col_offset is not None
    return (
        _offset(source, line, first.col_offset),
        _offset(source, last.end_lineno, last.end_col_offset),
    )


def _offset(source: str, line: int, column: int) -> int:
    """Return the offset of a place that `ast` gives, whose columns count bytes."""
    lines = source.split("\n")
    *_, start = accumulate((len(text) + 1 for text in lines[: line - 1]), initial=0)
    return start + len(lines[line - 1].encode()[:column].decode())


# They have these names from Python 3.11 to 3.13 at least.
CALLS: dict[tuple[str, str], list[str]] = {
    ("_pydecimal", "_insert_thousands_sep"): [
        "[format(m.Decimal(x), f) for x in ('1234567', '-12', '0.5') for f in (',', '012,', '9')]",
    ],
    ("_pydecimal", "_sqrt_nearest"): ["[m._sqrt_nearest(n, 7) for n in (1, 2, 99, 12345, 10**20)]"],
    ("ast", "dump"): [
        "m.dump(m.parse('x = f(1, *a)'))",
        "m.dump(m.parse('x: int = [1]'), indent=2)",
        "m.dump(m.parse('def f(a, /): pass'), annotate_fields=False)",
        "m.dump(m.parse('x'), include_attributes=True, indent='\\t')",
        "m.dump('x')",
    ],
    ("base64", "_85encode"): [
        "[m.b85encode(bytes(range(n))) for n in range(9)]",
        "[m.a85encode(x, adobe=True) for x in (b'', b'abc', bytes(8), b'    abcde')]",
        "m.b85encode(b'abcde', pad=True)",
        "m.a85encode(b'ab      c', foldspaces=True)",
    ],
    ("base64", "a85decode"): [
        "m.a85decode(b'87cURD]i,\"Ebo80')",
        "m.a85decode(b'<~87cUR D]i,\"Ebo80~>', adobe=True)",
        "m.a85decode(b'zy@', foldspaces=True)",
        "m.a85decode(b'zz')",
        "m.a85decode(b'y')",
        "m.a85decode(b'v')",
        "m.a85decode(b's8W-\"')",
        "m.a85decode(b'87', adobe=True)",
    ],
    ("bisect", "bisect_left"): [
        "[m.bisect_left([1, 2, 2, 2, 5], x) for x in range(7)]",
        "[m.bisect_left([5, 3, 1], -x, key=lambda y: -y) for x in range(7)]",
        "[m.bisect_left([1, 2, 2, 5], 2, low, high) for low in (0, 2) for high in (2, 3, None)]",
        "m.bisect_left([1], 1, -1)",
    ],
    ("calendar", "TextCalendar.formatyear"): [
        "m.TextCalendar().formatyear(2024)",
        "m.TextCalendar(6).formatyear(2023, w=3, l=2, c=4, m=2)",
    ],
    ("calendar", "Calendar.itermonthdays3"): [
        "[list(m.Calendar(6).itermonthdays3(2024, month)) for month in (1, 2, 12)]",
        "m.Calendar(0).monthdatescalendar(2023, 5)",
    ],
    ("collections", "namedtuple"): [
        "m.namedtuple('P', 'x, y')(1, y=2)",
        "m.namedtuple('P', 'x y z', defaults=(1, 2))(0)",
        "m.namedtuple('P', 'x def x _z', rename=True)._fields",
        "m.namedtuple('P', ['x', 'x'])",
        "m.namedtuple('P', ['_x'])",
        "m.namedtuple('P', ['if'])",
        "m.namedtuple('P', 'x', defaults=(1, 2))",
        "m.namedtuple('P', 'x y')(1, 2)._replace(y=5)._asdict()",
        "m.namedtuple('P', 'x', module='here').__module__",
    ],
    ("colorsys", "hls_to_rgb"): [
        "[m.hls_to_rgb(h / 7, x / 5, s / 3) for h in range(8) for x in range(6) for s in range(4)]"
    ],
    ("colorsys", "rgb_to_hls"): [
        "[m.rgb_to_hls(r / 3, g / 3, b / 3) for r in range(4) for g in range(4) for b in range(4)]"
    ],
    ("configparser", "BasicInterpolation._interpolate_some"): [
        f"[p := m.ConfigParser(), p.read_string({text!r}), dict(p['a'])][-1]"
        for text in (
            "[a]\nx = 1\ny = %(x)s-%%\nz = <%(y)s>",
            "[a]\nx = %(y)s",
            "[a]\nx = %(x)s",
            "[a]\nx = %s",
            "[a]\nx = %(y",
        )
    ],
    ("copy", "deepcopy"): [
        "m.deepcopy({'a': [1, (2, {3})], 'b': 'c'})",
        "(x := [1], y := m.deepcopy([x, x]), y[0] is y[1], y[0] is x)",
        "(x := [], x.append(x), y := m.deepcopy(x), y[0] is y)",
        "(f := __import__('fractions').Fraction(1, 2), m.deepcopy(f) is f)",
        "m.deepcopy(type('A', (), {'__deepcopy__': lambda self, memo: 'own'})())",
        "vars(m.deepcopy(__import__('types').SimpleNamespace(a=[1])))",
        "m.deepcopy(int) is int",
        "m.deepcopy((x for x in ()))",
    ],
    ("csv", "Sniffer._guess_delimiter"): [
        "m.Sniffer().sniff('a;b;c\\n1;2;3\\n4;5;6\\n').delimiter",
        "m.Sniffer().sniff('a, b, c\\n1, 2, 3\\n').skipinitialspace",
        "m.Sniffer().sniff('a|b:c\\n1|2:3\\n4|5:6\\n', delimiters=':').delimiter",
        "m.Sniffer()._guess_delimiter('abc\\nde\\n', None)",
        "m.Sniffer()._guess_delimiter('a-b-c\\nd-e-f\\n' * 12, None)",
        "m.Sniffer()._guess_delimiter('x\\ty y\\nx\\ty y\\n', None)",
    ],
    ("difflib", "SequenceMatcher.find_longest_match"): [
        "m.SequenceMatcher(None, ' abcd', 'abcd abcd').find_longest_match(0, 5, 0, 9)",
        "m.SequenceMatcher(lambda x: x == ' ', ' abcd', 'abcd abcd').find_longest_match()",
        "m.SequenceMatcher(str.isspace, 'ab  c', 'xab  cab').get_matching_blocks()",
        "m.SequenceMatcher(None, 'ab', 'cd').find_longest_match()",
        "m.SequenceMatcher(None, 'qabxcd', 'abycdf').get_opcodes()",
    ],
    ("difflib", "unified_diff"): [
        "list(m.unified_diff('one two three'.split(), 'ore tree three'.split(), 'a', 'b'))",
        "list(m.unified_diff(list('abcdefghij'), list('abxdefghyj'), 'a', 'b', '1', '2', n=1))",
        "list(m.unified_diff(['a'], ['a']))",
        "list(m.unified_diff([], ['a'], lineterm=''))",
    ],
    ("email._parseaddr", "_parsedate_tz"): [
        "m._parsedate_tz('Mon, 20 Nov 1995 19:12:08 -0500')",
        "m._parsedate_tz('20-Nov-95 19:12 GMT')",
        "m._parsedate_tz('Nov 20 19:12:08 1995 EST')",
        "m._parsedate_tz('20 nov 2004 19.12.08 +0130')",
        "m._parsedate_tz('Wed, 3 Apr 2002 12.34.56.78+0800')",
        "m._parsedate_tz('Mon, 20 Nov 70 0:1')",
        "[m._parsedate_tz(x) for x in ('', 'x', '1 2 3', 'a b c d e', '5 Foo 2000 1:2:3')]",
    ],
    ("email.quoprimime", "decode"): [
        "m.decode('a=20b=\\nc =3D\\n')",
        "m.decode('=zz x=\\t\\nend', eol='\\r\\n')",
        "[m.decode(x) for x in ('', 'a', 'a\\n', '\\n\\n', 'a  \\nb', '=', 'a=4', '=C3=A4')]",
    ],
    ("encodings.punycode", "insertion_sort"): [
        "[m.punycode_decode(m.punycode_encode(x), 'strict')"
        " for x in ('b\\xfccher', 'abc', '\\u65e5\\u672ca')]",
        "m.insertion_sort('bb', '-xa,c', 'replace')",
        "m.insertion_sort('a', '!!', 'replace')",
        "m.insertion_sort('abc', '99999b', 'strict')",
    ],
    ("fnmatch", "translate"): [
        "m.translate('a*b?c')",
        "m.translate('*.py')",
        "m.translate('[a-c]x[!d-f]')",
        "m.translate('**a***b**')",
        "m.translate('[]a]')",
        "m.translate('[!]')",
        "m.translate('[c-a]')",
        "m.translate('[!c-a]')",
        "m.translate('[^x]&&[[a--b~]')",
        "m.translate('[a-ce-g-z]')",
    ],
    ("fractions", "Fraction.limit_denominator"): [
        "m.Fraction('3.141592653589793').limit_denominator(10)",
        "[m.Fraction(n, 97).limit_denominator(d) for n in (-50, 3, 96) for d in (1, 5, 12, 97)]",
        "m.Fraction(1, 3).limit_denominator(0)",
    ],
    ("functools", "_c3_merge"): [
        "m._c3_merge([[int, object], [str, object], [int, str]])",
        "m._c3_merge([[bool, int, object], [], [bool]])",
        "m._c3_merge([[int, str], [str, int]])",
    ],
    ("getopt", "gnu_getopt"): [
        "m.gnu_getopt(['a', '-x', 'b', '--long', '--', '-c'], 'x', ['long'])",
        "m.gnu_getopt(['-x', 'b', '-y'], '+x')",
        "m.gnu_getopt(['-xv', 'b', '-'], 'x:', 'long')",
    ],
    ("gettext", "_parse"): [
        "[m.c2py('n != 1')(n) for n in range(3)]",
        "[m.c2py('n%10==1 && n%100!=11 ? 0 : n >= 2 || !n ? 1 : 2')(n) for n in range(14)]",
        "[m.c2py('(n + 1) * 2 - n / 3')(n) for n in range(8)]",
        "m.c2py('n ? 1')(1)",
        "m.c2py('(n')(1)",
        "m.c2py('n n')(1)",
    ],
    ("graphlib", "TopologicalSorter._find_cycle"): [
        "m.TopologicalSorter({1: [2], 2: [3], 3: [1], 4: [1]})._find_cycle()",
        "m.TopologicalSorter({1: [2, 3], 2: [4], 3: [4]})._find_cycle()",
        "m.TopologicalSorter({1: [1]})._find_cycle()",
        "list(m.TopologicalSorter({'d': 'bc', 'b': 'a', 'c': 'a'}).static_order())[-1]",
    ],
    ("heapq", "_siftup"): [
        "(x := [5, 1, 4, 2, 3, 9, 0, 7], m.heapify(x), x)",
        "(x := [1, 2, 3, 4, 5, 6, 7], m.heappop(x), m.heapreplace(x, 9), x)",
    ],
    ("heapq", "merge"): [
        "list(m.merge([1, 3, 5], [2, 4], [], [0]))",
        "list(m.merge(['dog', 'horse'], ['cat', 'fish', 'kangaroo'], key=len))",
        "list(m.merge([5, 3], [4, 2, 1], reverse=True))",
        "list(m.merge(['ccc', 'a'], ['bb'], key=len, reverse=True))",
    ],
    ("html", "_replace_charref"): [
        "m.unescape('&lt;&amp;&#62; &#x41;&#0;&#128; &notit; &nbsp &unknown; &')",
        "[m.unescape(x) for x in ('&#xD800;', '&#1114112;', '&#1;', '&#x;', '&copy', '&#65x')]",
    ],
    ("http.cookies", "_unquote"): [
        r"""m._unquote(r'"a\"b\\c\012d\x"')""",
        "[m._unquote(x) for x in ('', 'a', 'ab', None)]",
        r"""[m._unquote(x) for x in ('"\\101\\"b"', '"\\\\"', '"a\\')]""",
    ],
    ("inspect", "cleandoc"): [
        "m.cleandoc('  a\\n    b\\n      c\\n\\n')",
        "m.cleandoc('\\n\\n   a\\n  b')",
        "m.cleandoc('\\ta\\n\\tb')",
        "m.cleandoc('a')",
        "m.cleandoc('')",
        "m.cleandoc('a\\nb\\n  c')",
    ],
    ("ipaddress", "_BaseV6._compress_hextets"): [
        "[str(m.IPv6Address(n)) for n in (0, 1, 2**127, 2**64 + 1, 2**128 - 1, 2**80 + 2**16)]",
        "m.IPv6Address._compress_hextets('1 0 0 2 0 0 0 3'.split())",
    ],
    ("ipaddress", "_BaseV6._ip_int_from_string"): [
        "[int(m.IPv6Address(x)) for x in ('::', '::1', '1::', '1:2::7:8', '1:2:3:4:5:6:7:8')]",
        "m.IPv6Address('::ffff:1.2.3.4')",
        *(
            f"m.IPv6Address({text!r})"
            for text in ("1", "1::2::3", "1:2:3:4:5:6:7:8:9", ":1::2", "1::2:", "1:2:3:4:5:6:7:")
        ),
    ],
    ("ipaddress", "summarize_address_range"): [
        "[list(m.summarize_address_range(m.ip_address(a), m.ip_address(b))) for a, b in"
        " (('1.0.0.0', '1.0.0.6'), ('1.1.1.1', '1.1.1.1'), ('::', '::9'), ('0.0.0.0', '1.2.0.4'))]",
        "list(m.summarize_address_range(m.ip_address('1.1.1.2'), m.ip_address('1.1.1.1')))",
        "list(m.summarize_address_range(m.ip_address('1.1.1.2'), m.ip_address('::9')))",
        "list(m.summarize_address_range(1, 2))",
    ],
    ("json.decoder", "JSONArray"): [
        f"m.scanner.py_make_scanner(m.JSONDecoder())({text!r}, 0)"
        for text in ("[]", "[ ]", "[1, 2 , [3]]", "[1 2]", "[1,]", "[1", '["a",\n"b"]')
    ],
    ("json.decoder", "py_scanstring"): [
        rf"m.py_scanstring({text!r}, 1)"
        for text in (
            '"a" ',
            r'"a\n\"b"c',
            r'"\u00e4\ud83d\ude00"',
            r'"\x"',
            '"a',
            '"\t"',
            '"\\',
            r'"\u12"',
        )
    ],
    ("json.encoder", "_make_iterencode"): [
        "m.JSONEncoder(indent=2).encode({'a': [1, {}, []], 'b': {'c': None, 'd': [True, 1.5]}})",
        "m.JSONEncoder(sort_keys=True).encode({'b': (False, 'x'), 'a': {1: 2, 3: None}})",
        "m.JSONEncoder(skipkeys=True, indent=1).encode({(1,): 1, True: 2, 1.5: 3})",
        "m.JSONEncoder().encode({(1,): 1})",
        "m.JSONEncoder().encode({1})",
        "(x := [], x.append(x), m.JSONEncoder().encode(x))",
    ],
    ("locale", "_parse_localename"): [
        f"m._parse_localename({name!r})"
        for name in ("en_US.UTF-8", "C", "de", "de_DE@euro", "sr_RS@latin", "UTF-8", "xx_yy")
    ],
    ("ntpath", "join"): [
        "[m.join(*x) for x in (('a', 'b'), ('c:', 'b'), ('c:\\\\a', 'd:b'), ('c:a', 'C:b'),"
        " ('a', '\\\\b'), ('c:a', '\\\\b'), ('a\\\\', 'b'), ('a/', 'b', 'c'), ('//h/s', 'b'))]",
        "m.join(b'a', b'b')",
        "m.join('a', b'b')",
    ],
    ("posixpath", "commonpath"): [
        "[m.commonpath(x) for x in (['/a/b', '/a/c'], ['a/b/c', 'a/b'], ['/a', '/'])]",
        "m.commonpath([b'a/b', b'a/c'])",
        "m.commonpath(['/a', 'b'])",
        "m.commonpath([])",
    ],
    ("posixpath", "relpath"): [
        "[m.relpath(a, b) for a in ('/a/b/c', '/', '/x', '/a') for b in ('/a', '/a/b/d', '/')]",
        "m.relpath(b'/a/b', b'/c')",
        "m.relpath('')",
    ],
    ("pprint", "PrettyPrinter._pprint_str"): [
        "m.pformat('the quick brown fox ' * 6, width=30)",
        "m.pformat(['one line\\n', 'two\\nlines and more of it'], width=16)",
        "m.pformat({'a': 'word ' * 12}, width=24)",
        "m.pformat(['x' * 30, ''], width=10)",
    ],
    ("random", "Random.sample"): [
        "m.Random(1).sample(range(20), 5)",
        "m.Random(2).sample(range(10**6), 30)",
        "m.Random(3).sample('abc', 4, counts=[1, 2, 3])",
        "m.Random(4).sample('abc', 4)",
        "m.Random(5).sample({1, 2}, 1)",
        "m.Random(6).sample('abc', 2, counts=[1, 2])",
    ],
    ("shlex", "shlex.read_token"): [
        "m.split('a \"b c\" d\\\\ e')",
        "m.split(\"a'b'c # d\", comments=True)",
        "m.split('a # d')",
        "list(m.shlex('a=1;b && c\\n# d\\n\"e f\"'))",
        "list(m.shlex('a&&b || c>(d)', punctuation_chars=True))",
        "m.split('\"a')",
        "m.split('a\\\\')",
        "m.split('', posix=False)",
        'm.split(\'a"b c"d "e" \', posix=False)',
        'm.split(\'"a\\\\"b" ""\')',
    ],
    ("statistics", "median_grouped"): [
        "m.median_grouped([52, 52, 53, 54])",
        "[m.median_grouped([1, 3, 3, 5, 7], interval=i) for i in (1, 2, 5)]",
        "m.median_grouped([1, 2, 2, 3, 4, 4, 4, 4, 4, 5])",
        "m.median_grouped([])",
    ],
    ("statistics", "quantiles"): [
        "[m.quantiles([3, 1, 4, 1, 5, 9, 2, 6], n=n, method=x)"
        " for n in (1, 2, 4, 10) for x in ('inclusive', 'exclusive')]",
        "m.quantiles([1, 2], n=0)",
        "m.quantiles([], n=2)",
        "m.quantiles([1, 2], method='x')",
    ],
    ("string", "Formatter._vformat"): [
        "m.Formatter().format('{} {} {x!r:>5}', 1, 2, x='a')",
        "m.Formatter().format('{0} {1[k]} {{}}', 1, {'k': 2})",
        "m.Formatter().format('{:{}}|', 'a', '>4')",
        "m.Formatter().format('{} {0}', 1)",
        "m.Formatter().format('{0} {}', 1)",
        "m.Formatter().format('{:{:{:{}}}}', 1, 2, 3, 4)",
    ],
    ("textwrap", "TextWrapper._wrap_chunks"): [
        "m.wrap('The quick brown fox jumped over the lazy dog', 12)",
        "m.wrap('a verylongwordindeed b', 6, initial_indent='* ', subsequent_indent='  ')",
        "m.wrap('one two three four five', 9, max_lines=2)",
        "m.wrap('one two three', 5, max_lines=1, placeholder='...')",
        "m.wrap('  a  b', 3, drop_whitespace=False)",
        "m.wrap('a', 0)",
        "m.wrap('a b c', 2, max_lines=1, placeholder='......')",
        "m.wrap('one verylongword', 8, break_long_words=False)",
    ],
    ("textwrap", "dedent"): [
        "m.dedent('  a\\n    b\\n  c\\n')",
        "m.dedent('\\ta\\n\\t  b\\n   \\n')",
        "m.dedent('    a\\n  b\\n')",
        "m.dedent('  a\\n\\tb\\n')",
        "m.dedent('    \\tx\\n    y\\n')",
        "m.dedent('')",
    ],
    ("urllib.parse", "parse_qsl"): [
        "m.parse_qsl('a=1&b=2%20x&a=+')",
        "m.parse_qsl('a=&b', keep_blank_values=True)",
        "m.parse_qsl('a=&b')",
        "m.parse_qsl('a', strict_parsing=True)",
        "m.parse_qsl('a=1;b=2&c', separator=';')",
        "m.parse_qsl('a=1&b=2', max_num_fields=1)",
        "m.parse_qsl(b'a=%E4', encoding='latin-1')",
        "m.parse_qsl('a=1', separator='')",
    ],
    ("urllib.parse", "urljoin"): [
        "[m.urljoin('http://a/b/c/d;p?q', x) for x in ('g', './g', '/g', '//g', '?y', '#s', ';x',"
        " '', '..', '../g', '../../..', '../../../g', './g/.', 'g/../h', 'http:g', 'mailto:x')]",
        "[m.urljoin('', 'a'), m.urljoin('a', ''), m.urljoin('a/b', 'c'), m.urljoin('x:a', 'b')]",
    ],
}
"""Functions of the standard library, and calls of module `m` that tell whether they are right."""
