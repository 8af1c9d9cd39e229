"""The code of an answer comes out of its fences exactly as it was written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infill_ls.chat.fences import Block, blocks

signs = st.sampled_from([*"abc`~->+1.)#* \t\n\r\0\f\v\\&;é😀\u2028", "```", "~~~", "    ", "\r\n"])
texts = st.lists(signs, max_size=60).map("".join)
line_ends = st.sampled_from(["\n", "\r\n", "\r"])
code_lines = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"))


def code_in(markdown: str) -> list[tuple[str, str]]:
    return [(block.language, block.code) for block in blocks(markdown)]


def fence_for(code: str, sign: str) -> str:
    """Make a fence that is longer than any in the code."""
    return sign * max([3, *(len(run) + 1 for run in re.findall(f"{sign}+", code))])


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        # One block.
        ("```\na\n```\n", [("", "a\n")]),
        ("```python\na\n```", [("python", "a\n")]),
        ("Do this:\n\n```python\na\n```\n\nIt works.\n", [("python", "a\n")]),
        ("Do this:\n```python\na\n```\nIt works.\n", [("python", "a\n")]),
        ("```\n```\n", [("", "")]),
        ("```\n\n```\n", [("", "\n")]),
        ("~~~rust\na\n~~~\n", [("rust", "a\n")]),
        ("`````\na\n`````\n", [("", "a\n")]),
        ("```\na\n`````\n", [("", "a\n")]),
        ("```\na\n```   \n", [("", "a\n")]),
        # The language.
        ("``` python\na\n```\n", [("python", "a\n")]),
        ("```c++ title=a.cc\na\n```\n", [("c++", "a\n")]),
        ("```C#\na\n```\n", [("C#", "a\n")]),
        ("```c\\+\\+\na\n```\n", [("c++", "a\n")]),
        ("```rust,no_run\na\n```\n", [("rust,no_run", "a\n")]),
        ("~~~ `a` ~~~\na\n~~~\n", [("`a`", "a\n")]),
        # Every sign of the code.
        ("```\n\n\na\n\n\n```\n", [("", "\n\na\n\n\n")]),
        ("```\na  \n\t\n  \n```\n", [("", "a  \n\t\n  \n")]),
        ("```\n\ta\n\t\tb\n    \tc\n```\n", [("", "\ta\n\t\tb\n    \tc\n")]),
        ("```\n    a\n  b\n```\n", [("", "    a\n  b\n")]),
        ("```\na &amp; \\* <b>\n```\n", [("", "a &amp; \\* <b>\n")]),
        ("```\na\0b\n```\n", [("", "a\0b\n")]),
        ("```\na\fb\vc\u2028d\x85e\n```\n", [("", "a\fb\vc\u2028d\x85e\n")]),
        ("```\n# a\n- b\n> c\n<!-- d\n```\n", [("", "# a\n- b\n> c\n<!-- d\n")]),
        ("```\r\na\r\n\r\nb\r\n```\r\n", [("", "a\r\n\r\nb\r\n")]),
        ("```\na\r\nb\rc\n```\n", [("", "a\r\nb\rc\n")]),
        ("```\ra\r```\r", [("", "a\r")]),
        # Fences in the code.
        ("````md\n```\na\n```\n````\n", [("md", "```\na\n```\n")]),
        ("~~~md\n```\na\n```\n~~~\n", [("md", "```\na\n```\n")]),
        ("```md\n~~~\na\n~~~\n```\n", [("md", "~~~\na\n~~~\n")]),
        ("```\n``\na\n``\n```\n", [("", "``\na\n``\n")]),
        ("```\n    ```\n```\n", [("", "    ```\n")]),
        ("```\na ```\n``` b\n```\n", [("", "a ```\n``` b\n")]),
        # More than one.
        ("```a\n1\n```\n```b\n2\n```\n", [("a", "1\n"), ("b", "2\n")]),
        ("```a\n1\n```\n\nAnd:\n\n~~~b\n2\n~~~\n", [("a", "1\n"), ("b", "2\n")]),
        # In an indented fence, a list or a quote.
        ("  ```\n  a\n    b\n c\n  ```\n", [("", "a\n  b\nc\n")]),
        ("1. Do:\n   ```py\n   a\n\n     b\n   ```\n2. x\n", [("py", "a\n\n  b\n")]),
        ("- ```py\n  a\n  ```\n", [("py", "a\n")]),
        ("-\ta\n\n\t```py\n\tb\n\t\tc\n\t```\n", [("py", "b\n\tc\n")]),
        ("* a\n  * b\n\n    ```\n    c\n    ```\n", [("", "c\n")]),
        ("> ```py\n> a\n>   b\n>\n> ```\n", [("py", "a\n  b\n\n")]),
        ("> - ```\r\n>   a\r\n>   ```\r\n", [("", "a\r\n")]),
        ("> > ```\n> > > a\n> > ```\n", [("", "> a\n")]),
        # What is no fence.
        ("", []),
        ("Just `a` and ``b``.\n", []),
        ("``\na\n``\n", []),
        ("```a``` is code.\n", []),
        ("    ```\n    a\n    ```\n", []),
        ("\\```\na\n", []),
        ("<!--\n```\na\n```\n-->\n", []),
        ("a ```\nb\n", []),
    ],
)
def test_takes_code_from_fences(markdown: str, expected: list[tuple[str, str]]) -> None:
    """Whatever CommonMark calls a fence; nothing of the code is changed."""
    found = code_in(markdown)

    assert found == expected


@pytest.mark.parametrize(
    ("markdown", "language", "code"),
    [
        ("```", "", ""),
        ("Do:\n\n```pyth", "pyth", ""),
        ("```python\n", "python", ""),
        ("```python\nde", "python", "de"),
        ("```python\ndef f():\n", "python", "def f():\n"),
        ("```python\ndef f():\n    ", "python", "def f():\n    "),
        ("```python\r\na\r", "python", "a\r"),
        ("```\na\n\n\n", "", "a\n\n\n"),
        ("```\na\n``", "", "a\n``"),
        ("````\na\n```", "", "a\n```"),
        ("~~~\na\n```\n", "", "a\n```\n"),
        ("- ```\n  a\n  ", "", "a\n"),
        ("> ```\n> a", "", "a"),
        ("> ```\n> a\n\nb\n", "", "a\n"),
    ],
)
def test_takes_what_is_there_of_a_block_that_is_not_closed(
    markdown: str, language: str, code: str
) -> None:
    """While an answer is streamed, its last block grows."""
    (block,) = blocks(markdown)

    assert (block.language, block.code, block.is_closed) == (language, code, False)


@pytest.mark.parametrize(
    "markdown",
    ["```\n```", "```\na\n```", "> ```\n> a\n> ```", "- ~~~\n  a\n  ~~~\n", "```\r```\r"],
)
def test_tells_that_a_block_is_closed(markdown: str) -> None:
    """The code is complete then, if the model wrote nothing or all of it."""
    (block,) = blocks(markdown)

    assert block.is_closed


def test_code_that_falls_out_of_its_list_makes_no_block_that_is_closed() -> None:
    """Where a model indents the fences as the list, and not the code, there is none to rely on."""
    found = blocks("1. Do:\n   ```py\na\n   ```\n2. Done.\n")

    assert found
    assert not any(block.is_closed for block in found)


@pytest.mark.parametrize(
    ("before", "block", "after"),
    [
        ("", "```\na\n```\n", ""),
        ("", "```\na\n```", ""),
        ("Do:\r\n\r\n", "```py\r\na\r\n```\r\n", "\r\nIt works."),
        ("é😀\n", "~~~\n😀\n~~~\n", "b"),
        ("> a\n>\n", "> ```\n> b\n> ```\n", "c"),
        ("1. a\n\n", "   ```\n   b\n   ```\n", "2. c"),
        ("a\n", "```\nb\n\n", ""),
    ],
)
def test_tells_where_a_block_stands(before: str, block: str, after: str) -> None:
    """Its lines, with the fences, are the range."""
    (found,) = blocks(before + block + after)

    assert (found.start, found.end) == (len(before), len(before + block))


def test_blocks_are_values() -> None:
    """Equal answers have equal blocks."""
    (block,) = blocks("```py\na\n```\n")

    assert block == Block("py", "a\n", 0, 12, is_closed=True)


@given(
    st.lists(code_lines, min_size=500, max_size=500),
    line_ends,
    st.sampled_from("`~"),
    st.sampled_from(["", "Do this:\n\n", "Do this:\r\n", "- a\n\n"]),
)
@settings(max_examples=25, deadline=None)
def test_any_code_comes_out_byte_for_byte(
    lines: list[str], line_end: str, sign: str, before: str
) -> None:
    """500 lines of whatever signs, in a fence that is longer than any in them."""
    code = "".join(line + line_end for line in lines)
    fence = fence_for(code, sign)

    (block,) = blocks(f"{before}{fence}python{line_end}{code}{fence}{line_end}After it.")

    assert block.code.encode() == code.encode()
    assert block.is_closed


@given(st.lists(code_lines, max_size=30), st.sampled_from(["> ", "> > ", "   ", "> - ", "1. > "]))
@settings(max_examples=100, deadline=None)
def test_code_without_tabs_comes_out_of_lists_and_quotes(lines: list[str], prefix: str) -> None:
    """What the container puts before each line is taken away, and no more.

    A tab behind it would count from the line's beginning, so it becomes blanks.
    """
    code = "".join(line.replace("\t", " ") + "\n" for line in lines)
    fence = fence_for(code, "`")
    inner = re.sub(r"[-1.]", " ", prefix)
    markdown = f"{prefix}{fence}\n" + "".join(
        inner + line + "\n" for line in [*code.split("\n")[:-1], fence]
    )

    (block,) = blocks(markdown)

    assert block.code == code


@given(texts)
@settings(max_examples=300, deadline=None)
def test_blocks_follow_each_other_in_any_text(markdown: str) -> None:
    """None begins before the one above it has ended; only one at the end of something is open."""
    found = blocks(markdown)

    ends = [end for block in found for end in (block.start, block.end)]
    assert ends == sorted(ends)
    assert all(block.end <= len(markdown) for block in found)


@given(texts, st.integers(0, 60))
@settings(max_examples=200, deadline=None)
def test_what_was_streamed_of_a_block_stays(code: str, length: int) -> None:
    """Of a growing block only the last line, which may become the closing fence, may go again."""
    fence = fence_for(code, "`")
    markdown = f"{fence}\n{code}\n{fence}\n"

    (part,) = blocks(markdown[: len(fence) + 1 + length])

    (whole,) = blocks(markdown)
    complete = part.code[: len(part.code.rstrip("`"))] if not part.is_closed else part.code
    assert whole.code.startswith(complete)
