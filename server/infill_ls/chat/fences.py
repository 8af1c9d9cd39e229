"""The blocks of code that stand in fences in an answer, exactly as they are written.

What a fence is, CommonMark says. https://spec.commonmark.org/0.31.2/#fenced-code-blocks
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from itertools import accumulate

from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll

_LINE_ENDS = "\r\n"


@dataclass(frozen=True, slots=True)
class Block:
    """Code in a fence."""

    language: str
    """The first word behind the fence as it is written ("python", "C++"), or empty."""
    code: str
    """Every line with its line end; without what a list, a quote or an indented fence puts before
    each line."""
    start: int
    """Where the line of the opening fence begins in the answer, in code points."""
    end: int
    """Where the lines of the block end, the closing fence's line end included."""
    is_closed: bool
    """False where the fence is not closed: the answer ends here, or the list or the quote that it
    is in. While an answer is streamed, the last line may be the beginning of a closing fence."""


def blocks(markdown: str) -> tuple[Block, ...]:
    """Return the blocks of an answer, or of as much of it as is there, in their order.

    Code without fences, indented by four, is none of them: models mean text or a list by that.
    """
    lines = list(io.StringIO(markdown, newline=""))
    starts = list(accumulate(map(len, lines), initial=0))
    # Every line has an end for the parser, which would leave out blanks at the end of a text.
    source = "".join(line.rstrip(_LINE_ENDS) + "\n" for line in lines)
    found = []
    for token in _parser().parse(source):
        if token.type != "fence" or token.map is None:
            continue
        first, end = token.map
        content = token.content.split("\n")[:-1]
        found.append(
            Block(
                language=_first_word(token.info),
                code=_with_line_ends(content, lines[first + 1 :]),
                start=starts[first],
                end=starts[end],
                is_closed=first + 1 + len(content) < end,
            )
        )
    return tuple(found)


def _parser() -> MarkdownIt:
    """Make a parser for blocks alone, which leaves every sign in them as it is.

    Its rule "normalize" would put other signs in the place of line ends and of NUL.
    """
    parser = MarkdownIt("commonmark")
    parser.core.ruler.enableOnly(["block"])
    return parser


def _first_word(info: str) -> str:
    words: list[str] = unescapeAll(info).split(maxsplit=1)
    return words[0] if words else ""


def _with_line_ends(content: list[str], lines: list[str]) -> str:
    """Join lines of code, each with the end that its line has in the answer."""
    pairs = zip(content, lines, strict=False)
    return "".join(code + line[len(line.rstrip(_LINE_ENDS)) :] for code, line in pairs)
