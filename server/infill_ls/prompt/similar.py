"""Which pieces of a document resemble the code around the cursor.

A document is divided into chunks of about 20 lines, each known by its set of identifiers, and a
chunk is as similar as the Jaccard index of its set and the window's says: what both have of all
that either has. RepoCoder (arXiv 2303.12570) retrieves windows of 20 lines so, and finds it on a
par with a neural retriever. BM25 weighs a word by how rare it is in all documents, so that an edit
in any of them would shift the scores in all others; here a score depends on the two texts alone,
and what was chosen stays chosen while the user types.
"""

from __future__ import annotations

import keyword
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

CHUNK_LINES = 20
"""A chunk has about so many lines."""

_FEWEST_LINES, _MOST_LINES = 12, 28

CHUNK_CHARS = 1_200
"""No chunk is longer; a line that is longer, as in minified code, is in no chunk."""

_REMEMBERED_NAMES = 4_096
"""Of a few large documents; each holds some 500 bytes, and one who types makes ever new ones."""

_CLOSING = tuple(")]}")

_NAME = re.compile(r"\b[^\W\d]\w+")

_WORDS = """
abstract alignas alignof and annotation any array assert async auto await base begin bool
boolean break byte callable case catch char chan class clone cls companion const constexpr
consteval constinit continue crate data debugger decimal declare decltype def default defer
defined delegate delete dict did die double dyn each echo elif else elseif elsif empty end
endfor endforeach endif endwhile ensure enum event exit expect explicit export extends extern
fallthrough false final finally fixed float for foreach friend from func function get global
goto guard if impl implements implicit import include inline inner instanceof insteadof int
interface internal into isset iter lambda lateinit lazy let list lock long loop macro match
module move mut mutable namespace native new next nil noexcept none nonlocal not null nullptr
number object open operator out override package params part partial pass print priv private
protected protocol pub public pure raise range readonly record redo ref register reified rescue
require required restrict retry return sbyte sealed self set short signed sizeof some stackalloc
static static_assert static_cast str strictfp string struct sub super suspend switch
synchronized template that the then this thread_local throw throws trait transient true try
tuple type typealias typedef typeid typename typeof uint ulong unchecked undef undefined union
unless unsafe unsigned unset until use ushort using val value var vec virtual void volatile
when where while with xor yield you are but can has into its only other see such than there
these they was will do fn go of to by be we so no on at
"""

_NOISE = frozenset(keyword.kwlist) | frozenset(_WORDS.split())
"""Words of languages and of comments, in lower case, that say nothing of what code is about."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """The lines [first, end) of a document."""

    first: int
    end: int
    text: str
    """Each line ends with a line feed, whatever it ends with in the document."""


def chunks(text: str) -> Iterator[Chunk]:
    """Divide a text into chunks, in its order.

    A chunk begins where the code is least indented, after a blank line if there is one. Lines end
    where `Text` ends them.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not lines[-1]:
        lines.pop()
    start = 0
    while start < len(lines):
        end = _end_of_chunk(lines, start)
        if end > start:
            yield Chunk(start, end, "\n".join(lines[start:end]) + "\n")
        start = max(end, start + 1)


def identifiers(text: str) -> frozenset[str]:
    """Return what the code is about: its names and the words they are made of, in lower case."""
    return frozenset(chain.from_iterable(map(_words, set(_NAME.findall(text)))))


def names(text: str) -> frozenset[str]:
    """Return the names in the text as they stand there, without those that a language gives."""
    return frozenset(name for name in set(_NAME.findall(text)) if not _given(name))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the part that two sets have in common of all that they have together, 0 to 1."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared) if shared else 0.0


class Index:
    """Finds a document's chunks by their identifiers."""

    __slots__ = ("_positions", "_sizes", "chunks")

    def __init__(self, found: Iterable[Chunk]) -> None:
        """Index chunks in their order."""
        positions: defaultdict[str, list[int]] = defaultdict(list)
        self._sizes: list[int] = []
        self.chunks: list[Chunk] = []
        for position, chunk in enumerate(found):
            of_chunk = identifiers(chunk.text)
            self.chunks.append(chunk)
            self._sizes.append(len(of_chunk))
            for identifier in of_chunk:
                positions[identifier].append(position)
        # Sets of each chunk's identifiers would take several times as much memory.
        self._positions = {identifier: tuple(found) for identifier, found in positions.items()}

    def similarities(self, query: frozenset[str]) -> dict[int, float]:
        """Return how similar to the query each chunk is that has anything of it, by position."""
        known = query & self._positions.keys()
        shared = Counter(chain.from_iterable(map(self._positions.__getitem__, known)))
        sizes, size = self._sizes, len(query)
        return {
            position: count / (size + sizes[position] - count) for position, count in shared.items()
        }


def _end_of_chunk(lines: list[str], start: int) -> int:
    """Return where the chunk ends that begins at a line; there, if that line is too long for one.

    Of the lines with which the next chunk could begin, the least indented is the best, then one
    after a blank line, then the one that makes a chunk of the usual length.
    """
    most = _fitting(lines, start)
    if most == len(lines):
        return most
    begins = range(min(start + _FEWEST_LINES, most), most + 1)
    return min(
        (line for line in begins if _can_begin(lines[line])),
        key=lambda line: (
            _indentation(lines[line]),
            bool(lines[line - 1].strip()),
            abs(line - start - CHUNK_LINES),
        ),
        default=min(most, start + CHUNK_LINES),
    )


def _fitting(lines: list[str], start: int) -> int:
    """Return the end of the longest chunk that may begin at a line."""
    chars = 0
    for line in range(start, min(start + _MOST_LINES, len(lines))):
        chars += len(lines[line]) + 1
        if chars > CHUNK_CHARS:
            return line
    return min(start + _MOST_LINES, len(lines))


def _can_begin(line: str) -> bool:
    stripped = line.strip()
    return bool(stripped) and not stripped.startswith(_CLOSING)


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


@lru_cache(_REMEMBERED_NAMES)
def _words(name: str) -> tuple[str, ...]:
    """Return a name and what camelCase and snake_case make it of, all that say something."""
    words: list[str] = []
    start = 0
    for i in range(1, len(name) + 1):
        if i == len(name) or _divided(name, i):
            words.append(name[start:i])
            start = i
    candidates = dict.fromkeys(word.strip("_").lower() for word in (name, *words))
    return tuple(
        word for word in candidates if len(word) >= 3 and word not in _NOISE and not word.isdigit()
    )


def _given(name: str) -> bool:
    return name.lower() in _NOISE or (name.startswith("__") and name.endswith("__"))


def _divided(name: str, i: int) -> bool:
    """Whether a word of the name begins at the index: `get|User`, `HTTP|Server`, `snake|_case`."""
    before, after = name[i - 1], name[i]
    if not (before.isalpha() and after.isalpha()):
        return before.isalpha() != after.isalpha()
    return after.isupper() and (not before.isupper() or name[i + 1 : i + 2].islower())
