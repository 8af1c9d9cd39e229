"""A golden table of answers that repeat what the document already holds, and of some that do not.

In the marked documents ‸ is the cursor. The model is shown what stands before and after it.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from infill_ls.completion.answers.trim import trim
from infill_ls.completion.cursor.place import place_of
from infill_ls.prompt.build import render
from infill_ls.prompt.dialects import CODE_LLAMA
from infill_ls.settings.tree import Settings
from infill_ls.types import CompletionRequest

RequestAt = Callable[..., CompletionRequest]


def fitted(request_at: RequestAt, marked: str, answer: str) -> str:
    """Trim to the place, twice; the second time nothing must change."""
    prompt = render(CODE_LLAMA, *marked.split("‸"), settings=Settings())
    place = place_of(request_at(marked), "auto")

    text = trim(answer, prompt, place)

    assert trim(text, prompt, place) == text
    return text


@pytest.mark.parametrize(
    ("marked", "answer", "expected"),
    [
        # The line's rest, wholly: Python, TypeScript, Go, Rust, SQL, C, C#, Kotlin, Haskell.
        ("name = ‸.strip()", "line.strip()", "line"),
        ("if ‸ in items:", "x not in items:", "x not"),
        ("import { ‸ } from 'react';", "useState, useRef } from 'react';", "useState, useRef"),
        ("const {‸} = props;", "name, age} = props;", "name, age"),
        ("for i := 0; ‸; i++ {", "i < len(xs); i++ {", "i < len(xs)"),
        ("fn area(‸) -> f64 {", "w: f64, h: f64) -> f64 {", "w: f64, h: f64"),
        ("SELECT ‸ FROM users;", "id, name FROM users;", "id, name"),
        ("SELECT * FROM t WHERE id IN (‸);", "1, 2);", "1, 2"),
        ("#include <‸>", "stdio.h>", "stdio.h"),
        ("var names = new List<‸>();", "string>();", "string"),
        ("val xs = listOf(‸).map { it + 1 }", "1, 2).map { it + 1 }", "1, 2"),
        ("area ‸ = pi * r * r", "r = pi * r * r", "r"),
        # In part.
        ("if ‸ and ready:", "done and", "done"),
        ("int n = ‸ + offset;", "base +", "base"),
        ("copy(‸, target, size)", "source, target", "source"),
        ("for n in ‸range(10):", "reversed(range(10", "reversed("),
        # With other blanks.
        ("if (‸) {", "a > b){", "a > b"),
        ("import { ‸ } from 'x';", "a} from 'x';", "a"),
        ("style={{ ‸ }}", "margin: 0}}", "margin: 0"),
        ("total = ‸*rate", "net * rate", "net "),
        # Closing brackets.
        ("print(‸)", "x)", "x"),
        ("print(str(‸))", "x))", "x"),
        ("xs = [[1], [‸]]", "2]]", "2"),
        ("m = {‸}", '"a": 1}', '"a": 1'),
        ("m = {‸},", '"a": [1, 2]},', '"a": [1, 2]'),
        ("m := map[string]int{‸}", '"a": 1}', '"a": 1'),
        ("let v = vec![‸];", "1, 2, 3];", "1, 2, 3"),
        ("add(‸);", "a, b);", "a, b"),
        ('println!("{}", ‸);', "name);", "name"),
        ("xs.forEach((x) => {‸})", " show(x); })", " show(x);"),
        ("f(a, g(b), ‸)", "h(c))", "h(c)"),
        ("f(‸)\ng(y)\n", "x)\ng(y)\n", "x"),
        ("f(g(‸), x)", "a), x)", "a"),
        # Lines of their own between brackets: the last stays where the answer has it.
        ("useEffect(() => {‸})", "\n  load();\n})", "\n  load();\n"),
        ("  go(‸)\n", "\n    a,\n    b,\n  )\n", "\n    a,\n    b,\n  "),
        ("m = {‸}\r\n", "\n  a: 1\n}", "\r\n  a: 1\r\n"),
        # Quotes.
        ('print("‸")', 'hello")', "hello"),
        ("d['‸']", "key']", "key"),
        ('d["‸"]', 'key"]', "key"),
        ('d["‸"] = 1', 'key"] = 1', "key"),
        ("s = `‸`;", "Hello ${name}`;", "Hello ${name}"),
        ("s = `Hello ${‸}!`;", "name}!`;", "name"),
        ("s = '‸'", "it\\'s'", "it\\'s"),
        ('s = "‸"', 'say \\"hi\\""', 'say \\"hi\\"'),
        ("f(\"it's\", '‸')", "x')", "x"),
        ('s = "‸"', "don't\"", "don't"),
        ('print("‸")', ':( sad")', ":( sad"),
        ('print("(", ‸)', "x)", "x"),
        ('"""‸"""', 'Say hello."""', "Say hello."),
        ('x = f"{‸}"', 'a[0]}"', "a[0]"),
        ('echo "‸"', '$HOME/bin"', "$HOME/bin"),
        # JSX and HTML.
        ("<Button onClick={‸} />", "save} />", "save"),
        ("<Button onClick={‸} />", "() => save(1)} />", "() => save(1)"),
        ("<Button onClick={‸}/>", "save}/>", "save"),
        ("<li>{‸}</li>", "item.name}</li>", "item.name"),
        ("return <ul>‸</ul>;", "{xs.map(x => <li>{x}</li>)}</ul>;", "{xs.map(x => <li>{x}</li>)}"),
        ("<p>‸</p>", "Hello <b>you</b></p>", "Hello <b>you</b>"),
        ('<a href="‸">', '/home">', "/home"),
        ("<div>\n  ‸\n</div>", "<p>Hi</p>\n</div>", "<p>Hi</p>"),
        ("<>\n  ‸\n</>", "<App />\n</>", "<App />"),
        # A comma, a colon, a semicolon.
        ("xs = [1, ‸, 3]", "2,", "2"),
        ("if x‸:", " > 1:", " > 1"),
        ('{"a": ‸,\n "b": 2}', "1,", "1"),
        ("int x = ‸;", "5;", "5"),
        # The next line, or the next two.
        ("  ‸\n  return total\n", "total += 1\n  return total\n", "total += 1"),
        ("  ‸\n  a = 1\n  b = 2\n", "z = 0\n  a = 1\n  b = 2\n", "z = 0"),
        ("  ‸\n\n  a = 1\n\n  b = 2\n", "z = 0\n  a = 1\n  b = 2\n", "z = 0"),
        ("  ‸\n  return total  \n", "total += 1\n  return total", "total += 1"),
        ("  ‸\n  return total\n", "total += 1\n  return total \t\n\n", "total += 1"),
        ("\t‸\n\treturn err\n}", "x()\n\treturn err\n}", "x()"),
        ("if err != nil {\n\t‸\n}\n", "return err\n}", "return err"),
        ("try {\n  ‸\n} catch (e) {", "go();\n} catch (e) {", "go();"),
        ("def a\n  ‸\nend", "puts 1\nend", "puts 1"),
        ("def a\n  ‸\nend", "if b\n    c\n  end\nend", "if b\n    c\n  end"),
        ("local function f()\n  ‸\nend\n", "return 1\nend\n", "return 1"),
        ("on('x', function() ‸ end)", "go() end)", "go()"),
        ("if true; then\n  ‸\nfi", "echo a\nfi", "echo a"),
        ("for f in *; do\n\t‸\ndone", 'cat "$f"\ndone', 'cat "$f"'),
        ("while x; do ‸; done", "y; done", "y"),
        # CRLF, and what is not ASCII.
        ("if x:\r\n\t‸\r\nreturn y\r\n", "a\n\tb\nreturn y\n", "a\r\n\tb"),
        ("f(‸)\r\nreturn y\r\n", "x)\r\nreturn y", "x"),
        ('print("‸")', 'héllo 漢字 🎉")', "héllo 漢字 🎉"),
        ("名前 = ‸.取得()", "客.取得()", "客"),
        ("say「‸」", "こんにちは」", "こんにちは"),
        # Nothing but what is there already.
        ("f(‸)", ")", ""),
        ("f(‸);\n", ");\n", ""),
        ('s = "‸"', '"', ""),
        ("else‸:", ":", ""),
        ("  ‸\n  return x\n", "return x\n", ""),
        ("a()‸\nb()\nc()\n", "\nb()\nc()", ""),
        ("<b>‸</b>", "</b>", ""),
        ("{ ‸ }", "}", ""),
    ],
)
def test_what_is_there_already_is_not_inserted(
    request_at: RequestAt, marked: str, answer: str, expected: str
) -> None:
    """What the document holds right of the cursor or below is cut from the answer's end."""
    assert fitted(request_at, marked, answer) == expected


@pytest.mark.parametrize(
    ("marked", "answer"),
    [
        # The answer closes what it opens.
        ("f(‸)", "g(x)"),
        ("f(‸)", "g(h(x), y)"),
        ("f(‸, b)", "g(a, b)"),
        ("f(‸);", "() => { g(); }"),
        ("xs = [‸]", "[1], [2]"),
        ("m = {‸}", '"a": {}'),
        ("print(f(‸), f(y))", "g(y), f(y)"),
        ('print(f"{f(‸)}")', "g(x)"),
        ("f('‸')", "a\\'"),
        ('f(‸")', '"a" + "'),
        ("Vec<‸>", "Option<u8>"),
        ("<div>‸</div>", "<div>a</div>"),
        ("<ul>\n‸\n</ul>", "<ul>\n  <li>a</li>\n</ul>"),
        ("{\n‸\n}", "if (a) {\n  b();\n}"),
        ("x(() => {\n‸\n});", "y(() => {\n  z();\n});"),
        ("def a\n‸\nend", "if b\n  c\nend"),
        ("if a; then\n‸\nfi", "if b; then\n  c\nfi"),
        ("function f() ‸ end", "if x then return 1 end"),
        # The document needs it.
        ("x[y[‸]", "i]"),
        ("sorted(list(set(a‸)", "))"),
        ("print(‸", '"hi")'),
        # Words that only begin or end alike.
        ("load(‸name)", "file_"),
        ("return ‸name", "file_name"),
        ("x = a‸.strip()", ".rstrip()"),
        ("if ‸not_found:", "not"),
        ("for n ‸numbers:", "in "),
        ("max(‸x)", "max"),
        ("xs = ‸ 2, 2]", "[2,"),
        # A line of its own before the code right of the cursor.
        ("‸x = 1", "y = x\n"),
        ("    ‸i += 1", "j = i\n    "),
        ("‸    return x", "        return x\n"),
        # Lines that only look alike.
        ("  ‸\n  return x\n", "return xy"),
        ("  ‸\n  return x\n", "if y:\n    return x"),
        ("xs = [\n  10,\n  ‸\n  10,\n]", "10,"),
        ("\n  a();\n  ‸\n  a();\n", "a();"),
        ("\t‸\n}\n", "for {\n\t\ta()\n\t}"),
    ],
)
def test_what_only_looks_doubled_is_inserted(
    request_at: RequestAt, marked: str, answer: str
) -> None:
    """An end that the answer needs stays, even if the same stands right of the cursor or below."""
    assert fitted(request_at, marked, answer) == answer
