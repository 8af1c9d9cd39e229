"""Of its own document, the model is shown the imports and what declares the window's names."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infill_ls.prompt.measure import pieces_in
from infill_ls.prompt.outline import MOST_CHARS, NEAR_LINES, outline
from infill_ls.prompt.snippet import Snippet
from infill_ls.prompt.window import Window
from infill_ls.text import Text
from infill_ls.types import Document

PLENTY = 10_000


def outlined(
    marked: str, *wanted: str, language: str = "python", pieces: int = PLENTY
) -> Snippet | None:
    """Outline a document in which «…» marks the window and ‸ in it the cursor."""
    before, rest = marked.split("«")
    inside, after = rest.split("»")
    prefix, suffix = inside.split("‸")
    document = Document(
        "file:///a", language, 1, Text(before + inside.replace("‸", "") + after), "a"
    )
    return outline(document, Window(prefix, suffix, len(before)), frozenset(wanted), pieces)


def shown(marked: str, *wanted: str, language: str = "python", pieces: int = PLENTY) -> str:
    found = outlined(marked, *wanted, language=language, pieces=pieces)
    return found.text if found else ""


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("python", "import os.path as path"),
        ("python", "from . import area"),
        ("python", "from __future__ import annotations"),
        ("javascript", "import { area } from './area'"),
        ("javascript", "import './style.css';"),
        ("javascript", "const area = require('./area')"),
        ("javascript", "const { area, width } = require('./area')"),
        ("typescript", "import type { Area } from './area'"),
        ("typescriptreact", "import React from 'react'"),
        ("go", 'import "fmt"'),
        ("go", 'import f "fmt"'),
        ("rust", "use std::fmt;"),
        ("rust", "pub(crate) use crate::area::Area;"),
        ("java", "import static java.lang.Math.abs;"),
        ("kotlin", "import kotlin.math.abs"),
        ("scala", "import scala.math.{abs, max}"),
        ("csharp", "using System.Text;"),
        ("csharp", "global using static System.Math;"),
        ("csharp", "using Area = System.Double;"),
        ("c", "#include <stdio.h>"),
        ("cpp", '#  include "area.h"'),
        ("objective-c", "#import <Foundation/Foundation.h>"),
        ("ruby", "require 'json'"),
        ("ruby", "require_relative 'area'"),
        ("php", "use App\\Area;"),
        ("php", "require_once 'area.php';"),
        ("swift", "import Foundation"),
    ],
)
def test_imports(language: str, line: str) -> None:
    """Each language's imports are shown, whether or not the window names what they bring."""
    assert shown(f"{line}\n\n«x = ‸1\n»", language=language) == f"{line}\n"


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("python", "def area(width):"),
        ("python", "    async def area(self) -> float:"),
        ("python", "class area(Base):"),
        ("python", "type area = float"),
        ("javascript", "function area(width) {"),
        ("javascript", "export default async function* area() {"),
        ("javascript", "  static async area(width) {"),
        ("javascript", "const area = 1"),
        ("javascript", "  const area = (width) => width"),
        ("typescript", "export abstract class area<T> {"),
        ("typescript", "  private area(width: number): number {"),
        ("typescript", "export interface area {"),
        ("typescript", "export type area = number"),
        ("typescript", "export const enum area {"),
        ("go", "func area(width int) int {"),
        ("go", "func (s *Shape) area() int {"),
        ("go", "type area struct {"),
        ("go", "const area = 1"),
        ("rust", "    pub(crate) async fn area(&self) -> f64 {"),
        ("rust", "pub const fn area() {"),
        ("rust", "struct area;"),
        ("rust", "pub trait area {"),
        ("rust", "pub enum area {"),
        ("rust", "const area: f64 = 1.0;"),
        ("rust", "impl<T> Shape for area {"),
        ("rust", "macro_rules! area {"),
        ("java", "    public static <T> List<T> area(Map<String, T> map) {"),
        ("java", "    double area(double width) {"),
        ("java", "    private static final double area = 1;"),
        ("java", "public final class area extends Shape {"),
        ("java", "record area(double width) {}"),
        ("kotlin", "    override suspend fun area(width: Int): Int {"),
        ("kotlin", "fun <T> List<T>.area(): Int = 1"),
        ("kotlin", "data class area(val width: Int)"),
        ("kotlin", "const val area = 1"),
        ("scala", "  override def area(width: Int): Int ="),
        ("scala", "case class area(width: Int)"),
        ("scala", "sealed trait area"),
        ("csharp", "    public async Task<int> area(int width)"),
        ("csharp", "    public double area { get; set; }"),
        ("csharp", "internal readonly struct area"),
        ("c", "static inline double area(double width) {"),
        ("c", "struct area {"),
        ("c", "#define area(width) (width)"),
        ("c", "typedef double area;"),
        ("cpp", "std::vector<double> Shape::area(double width) const {"),
        ("cpp", "enum class area : int {"),
        ("cpp", "using area = double;"),
        ("ruby", "  def self.area(width)"),
        ("ruby", "module area"),
        ("php", "    public static function area(int $width): int"),
        ("php", "final class area"),
        ("swift", "    public static func area(width: Double) -> Double {"),
        ("swift", "protocol area {"),
    ],
)
def test_signatures(language: str, line: str) -> None:
    """A line that declares a name of the window is shown, at any indentation, and no other."""
    marked = f"{line}\n    other\n\n«x = ‸1\n»"

    assert shown(marked, "area", language=language) == f"{line}\n"
    assert shown(marked, "something", language=language) == ""


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("python", "area(width)"),
        ("python", "    return area"),
        ("python", "from the area of"),
        ("python", "definition = area"),
        ("python", "    area = 1"),
        ("python", "# def area():"),
        ("javascript", "  area(width)"),
        ("javascript", "  area('means', function () {"),
        ("javascript", "  area(() => {"),
        ("javascript", "  if (area) {"),
        ("javascript", "  let area = 1"),
        ("javascript", "import(area)"),
        ("java", "        return area(1);"),
        ("java", "        } else if (area(1)) {"),
        ("c", "    return area(1);"),
        ("c", "    total = area(1);"),
        ("c", "    area(1);"),
        ("rust", "    area(1);"),
        ("ruby", "  area(1)"),
        ("php", "    $area = 1;"),
        ("", "import area"),
        ("plaintext", "import area"),
    ],
)
def test_what_declares_nothing(language: str, line: str) -> None:
    """Uses, prose and languages that we do not know are not shown."""
    assert outlined(f"{line}\n\n«x = ‸1\n»", "area", language=language) is None


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        ("python", "from shapes import (\n    area,\n    width,\n)\n"),
        ("typescript", "import {\n  area,\n  width,\n} from './shapes'\n"),
        ("go", 'import (\n\t"fmt"\n\t"os"\n)\n'),
        ("rust", "use shapes::{\n    area,\n    width,\n};\n"),
    ],
)
def test_import_in_brackets_is_whole(language: str, lines: str) -> None:
    """An import over several lines is shown up to where its bracket closes."""
    assert shown(f"{lines}\nother\n«‸»", language=language) == lines


def test_signature_over_several_lines_is_whole() -> None:
    """Parameters on lines of their own are a part of the signature; what follows is not."""
    signature = "def area(\n    width,\n    height,\n):\n"

    assert shown(f"{signature}    return 1\n«‸»", "area") == signature


@pytest.mark.parametrize("bracket", ["(", "{"])
def test_bracket_that_is_never_closed(bracket: str) -> None:
    """A bracket that stays open takes only some lines with it."""
    language = "python" if bracket == "(" else "rust"
    first = "from a import (" if bracket == "(" else "use a::{"

    lines = shown(first + "\n" + "x,\n" * 100 + "«‸»", language=language).splitlines()

    assert lines[0] == first
    assert len(lines) < 30


def test_imports_come_first_and_then_the_documents_order() -> None:
    """What stands above and below the window is put in order, imports before signatures."""
    marked = "def beta():\nimport os\n«x = ‸1\n»def alpha():\nimport re\ndef gamma():\n"

    expected = "import os\nimport re\ndef beta():\ndef alpha():\ndef gamma():\n"
    assert shown(marked, "alpha", "beta", "gamma") == expected


def test_window_is_not_shown_again() -> None:
    """No line of the window is shown, nor one of which the window has a part."""
    marked = "import a1\nimp«ort b1\nimport c1\n‸import d1\nimport» e1\nimport f1\n"

    assert shown(marked) == "import a1\nimport f1\n"


def test_cursors_line_is_not_shown() -> None:
    """Where nothing is shown after the cursor, its line is not shown either."""
    assert shown("import a1\n«x = 1\n‸»import b1\nimport c1\n") == "import a1\nimport c1\n"


@pytest.mark.parametrize("marked", ["«‸»", "«import os\n‸»", "«import os\nx = ‸1»"])
def test_nothing_outside(marked: str) -> None:
    """A document that the window shows whole, or an empty one, has no outline."""
    assert outlined(marked, "os") is None


def test_same_line_is_shown_once() -> None:
    """A method that several classes have is shown once."""
    assert shown("    def area(self):\n" * 3 + "«‸»", "area") == "    def area(self):\n"


def test_indented_import() -> None:
    """What another function imports is shown only where the window names it."""
    assert shown("    import os\n    import re\n«‸»", "re") == "    import re\n"


@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
def test_lines_end_with_line_feeds(line_end: str) -> None:
    """Whatever ends a document's lines, the outline's end with line feeds."""
    marked = "import os\nimport re\n«‸\n»def area(\n    width\n):\n".replace("\n", line_end)

    assert shown(marked, "area") == "import os\nimport re\ndef area(\n    width\n):\n"


@pytest.mark.parametrize("sign", ["\f", "\x85", "\u2028"])
def test_only_line_ends_end_lines(sign: str) -> None:
    """After a form feed, or what else only Python takes for a line end, no line begins."""
    assert shown(f"x = 1{sign}import os\n«‸»") == ""


def test_non_ascii_names() -> None:
    """Names in any script are found."""
    assert shown("def größe(breite):\n«‸»", "größe") == "def größe(breite):\n"


def test_budget_is_spent_on_what_the_window_names() -> None:
    """Where not all fits, imports of what the window does not name are left out first."""
    marked = "import aaaa\nimport bbbb\ndef area():\n«‸»"
    least = pieces_in("import bbbb\ndef area():\n")

    assert shown(marked, "area", "bbbb", pieces=least) == "import bbbb\ndef area():\n"


@pytest.mark.parametrize("pieces", [-1, 0, 1])
def test_no_budget(pieces: int) -> None:
    """Where nothing fits there is no outline, rather than an empty one."""
    assert outlined("import os\n«‸»", pieces=pieces) is None


def test_far_lines_are_not_looked_at() -> None:
    """Of a huge document the head is looked at, and what is near the window."""
    filler = "x = 1\n" * (2 * NEAR_LINES)
    marked = f"import head\n{filler}import near\n«‸\n»import below\n{filler}import end\n"

    assert shown(marked) == "import head\nimport near\nimport below\n"


def test_far_is_counted_from_the_window() -> None:
    """The last line that is looked at stays the same while lines are typed into the window."""
    tail = "x = 1\n" * (NEAR_LINES - 1) + "import last\nimport never\n"

    assert shown(f"«‸\n»{tail}") == shown(f"«y = 1\n\n‸\n»{tail}") == "import last\n"


@pytest.mark.parametrize("count", [1, 50])
def test_monstrous_lines(count: int) -> None:
    """Lines of minified code are neither shown nor in the way of others."""
    minified = "import " + "x" * 100_000 + "\n"

    assert shown(f"{minified * count}import near\n«‸»") == "import near\n"


def test_part_of_a_line_is_no_line() -> None:
    """Where long lines end inside a line what is looked at, the rest of it is not shown."""
    rest = "import never\n"
    looked_at = rest + "x" * (249 - len(rest)) + "\n" + ("x" * 249 + "\n") * (MOST_CHARS // 250 - 1)

    assert len(looked_at) == MOST_CHARS
    assert shown(f"import os\nx; {looked_at}«‸\n»") == "import os\n"


def test_own_path() -> None:
    """The outline has the document's own path."""
    found = outlined("import os\n«‸»")

    assert found == Snippet("a", "import os\n")


LINES = ["import os", "import re", "def area():", "def area(", "    width", "):", "x = 1", ""]
LINES += ["x\u2028import os", "from a import (", ")"]


@given(
    st.lists(st.sampled_from(LINES), max_size=30),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.tuples(*[st.integers(0, 400)] * 3).map(sorted),
    st.integers(0, 60),
)
@settings(max_examples=200, deadline=None)
def test_outline_is_of_whole_lines_outside(
    lines: list[str], line_end: str, places: list[int], pieces: int
) -> None:
    """Whatever the window is, each line shown stands outside it, and all fit the budget."""
    string = line_end.join(lines)
    start, cursor, end = (min(place, len(string)) for place in places)
    window = Window(string[start:cursor], string[cursor:end], start)
    document = Document("file:///a.py", "python", 1, Text(string), "a.py")

    found = outline(document, window, frozenset({"area"}), pieces)

    assert found is None or pieces_in(found.text) <= pieces
    outside = []
    offset = 0
    for line in io.StringIO(string, newline=""):
        if offset + len(line) <= start or offset >= end:
            outside.append(line.rstrip("\r\n"))
        offset += len(line)
    for line in found.text.removesuffix("\n").split("\n") if found else []:
        assert line in outside
        outside.remove(line)
