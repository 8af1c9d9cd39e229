"""What it costs the event loop to know whether one line or several are wanted.

The places are ends of lines, starts of bodies and blank lines, in files of several sizes, one of
which is a single line, and in code that no grammar likes. Time is that of the thread, so that what
else the machine does is not counted. Fails where one decision takes more than 5 ms, the first of a
language, which loads its grammar, apart.
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
from collections.abc import Iterator
from statistics import quantiles
from time import thread_time

from infill_ls.completion.cursor.lines import wanted_lines
from infill_ls.text import Text

TARGET_MS = 5.0
RUNS = 300
NESTED = {"nested braces": "{a:[b,\n", "nested angles": "a<b,\n"}
"""As many that stay open as there may be before a tree is not asked any more."""

SIGNS = "(){}[]:;\"'`<>=+ \nabcdef,.|&"

PYTHON = """\
class Shape:
    \"\"\"A shape of "any" kind.\"\"\"

    def area(self, width: float, height: float) -> float:
        if width < 0:
            raise ValueError(f"{width} is negative")  # 📐

        return sum(
            width * height,
            [each for each in self.parts if each > 0],
        )

"""
TYPESCRIPT = """\
export class Shape<T extends Part> {
  private parts: Map<string, T[]> = new Map();

  area(width: number, height = 0): number {
    if (width < 0) {
      throw new Error(`${width} is negative`);
    }

    return this.parts.get("a")?.reduce((sum, each) => sum + each.area, 0) ?? 0;
  }
}

"""
CPP = """\
template <typename T> struct Shape {
  std::map<std::string, std::vector<T>> parts;

  double area(double width, double height) const {
    if (width < 0) {
      throw std::invalid_argument("negative");
    }

    return std::accumulate(parts.begin(), parts.end(), 0.0, [](auto a, auto b) { return a + b; });
  }
};

"""
SOURCES = {"python": PYTHON, "typescript": TYPESCRIPT, "cpp": CPP}
SIZES = {"2 kB": 2_000, "20 kB": 20_000, "200 kB": 200_000, "1 MB": 1_000_000}


def main() -> int:
    """Print one line for each file; return 1 where the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=RUNS, help="places in each file")
    runs = parser.parse_args().runs
    print(f"{'file':>22}  {'first':>6}  {'p50':>6}  {'p99':>6}  {'max':>6}  ms")
    worst = 0.0
    for name, language, source, places in files(runs):
        text = Text(source)
        first = decided_ms(text, language, places[0])
        gc.collect()
        gc.freeze()  # as the server does when it has started
        costs = sorted(decided_ms(text, language, place) for place in places)
        p50, p99 = (quantiles(costs, n=100)[at] for at in (49, 98))
        print(f"{name:>22}  {first:6.2f}  {p50:6.2f}  {p99:6.2f}  {costs[-1]:6.2f}", flush=True)
        worst = max(worst, costs[-1])
    print(
        f"worst {worst:.2f} ms, target {TARGET_MS} ms, {'met' if worst <= TARGET_MS else 'missed'}"
    )
    return int(worst > TARGET_MS)


def decided_ms(text: Text, language: str, place: int) -> float:
    """Decide once, and return what it took."""
    start = thread_time()
    wanted_lines(text, language, place)
    return (thread_time() - start) * 1000


def files(runs: int) -> Iterator[tuple[str, str, str, list[int]]]:
    """Yield name, language, text and places of each file."""
    chance = random.Random(1)
    for language, lines in SOURCES.items():
        for size_name, size in SIZES.items():
            source = lines * (size // len(lines) + 1)
            yield (
                f"{language} {size_name}",
                language,
                source,
                drawn(line_ends(source), runs, chance),
            )
    minified = "function f(a){return a?b(c):{d:[e,'f']}};" * 5_000
    braces = [at + 1 for at, sign in enumerate(minified) if sign == "{"]
    yield "minified 200 kB", "javascript", minified[: braces[-1]], [braces[-1]] * runs
    for language in (*SOURCES, "rust", "ruby", "shellscript"):
        noise = "".join(chance.choices(SIGNS, k=20_000))
        yield f"{language} noise", language, noise, drawn(line_ends(noise), runs, chance)
    for language in (*SOURCES, "rust", "ruby"):
        angles = "f(\n" + "a<b,{\n" * 3_000
        yield f"{language} angles", language, angles, drawn(line_ends(angles), runs, chance)
    for language in ("javascript", "typescript", "csharp"):
        for name, pattern in NESTED.items():
            nested = "f(\n" + pattern * 90 + "a(b, c);\n\n" * 400
            places = drawn(line_ends(nested), runs, chance)
            yield f"{language} {name}", language, nested, places
    blank = "f(" + "a<b," * 1_500 + "\n"
    yield "tsx long line above", "typescriptreact", blank, [len(blank)] * runs


def line_ends(source: str) -> list[int]:
    """Return where the lines that are not decided at a glance end."""
    ends = (at for at, sign in enumerate(source) if sign == "\n")
    return [at for at in ends if source[at - 1] in "\n:{" or at == 0]


def drawn(places: list[int], count: int, chance: random.Random) -> list[int]:
    """Draw places, the first of them the last in the file."""
    return [places[-1], *chance.choices(places, k=count - 1)]


if __name__ == "__main__":
    sys.exit(main())
