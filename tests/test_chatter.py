"""What a model writes beside the code: fences, sentences, and the same again and again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from infill_ls.completion.answers.chatter import without_chatter
from infill_ls.completion.answers.trim import trim
from infill_ls.completion.cursor.place import place_of
from infill_ls.prompt.build import render
from infill_ls.prompt.dialects import CODE_LLAMA
from infill_ls.settings.tree import Settings
from infill_ls.types import CompletionRequest

RequestAt = Callable[..., CompletionRequest]


def trimmed(request_at: RequestAt, marked: str, answer: str) -> str:
    prompt = render(CODE_LLAMA, *marked.split("‸"), settings=Settings())
    place = place_of(request_at(marked), "auto")

    text = trim(answer, prompt, place)

    assert trim(text, prompt, place) == text
    return text


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        # In a fence.
        ("```\nx = 1\n```", "x = 1\n"),
        ("```python\nx = 1\n```\n", "x = 1\n"),
        ("\n\n```python\nx = 1\n```", "x = 1\n"),
        ("```c++ title=a.cc\nx = 1;\n```", "x = 1;\n"),
        ("````\nx = 1\n````", "x = 1\n"),
        ("```python\n    x = 1\n\n    y = 2\n```", "    x = 1\n\n    y = 2\n"),
        ("```python\r\nx = 1\r\n```\r\n", "x = 1\r\n"),
        ("```python\nx = 1\n```\n\nThis sets `x` to one.", "x = 1\n"),
        ("```python\nx = 1\n```\nOr:\n```python\nx = 2\n```", "x = 1\n"),
        # A fence that is not closed, or has just begun.
        ("```python\nx = 1\ny = ", "x = 1\ny = "),
        ("```python\n", ""),
        ("```", ""),
        # A sentence before it.
        ("Here is the code:\n```python\nx = 1\n```", "x = 1\n"),
        ("Here is the code:\n\n```\nx = 1", "x = 1"),
        ("Sure! This is what you asked for.\n\n```js\nx = 1\n```\nEnjoy!", "x = 1\n"),
        ("Voilà le code :\n```\nx = 1\n```", "x = 1\n"),
        ("**The completed function:**\n```\nx = 1\n```", "x = 1\n"),
        # A fence that is only closed.
        ("x = 1\n```", "x = 1\n"),
        ("x = 1\n```\n\nThis sets `x` to one.", "x = 1\n"),
        ("x = 1\n```\nAnd then call it:\n```python\nf()\n```", "x = 1\n"),
        ("x = 1\n```\nAnd then call it:\n```python\nf()", "x = 1\n"),
        ("if x:\n    y()\n```", "if x:\n    y()\n"),
    ],
)
def test_code_is_taken_out_of_its_fence(answer: str, code: str) -> None:
    """What instruct models write around the code does not get into the buffer."""
    assert without_chatter(answer) == code


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "x = 1\n",
        "Here is the code:\nx = 1",
        "Sure! It is x.",
        "x = '```'\n",
        "x = 1  # ```\n",
        "    ```\n    x\n    ```\n",
        "/// ```\n/// let x = 1;\n/// ```\n",
        "``x``",
        "```x``` is code",
        'README = """\n# Usage\n\n```sh\nmake\n```\n"""\n',
        '"""Do.\n\n```\nx\n```\n"""\n',
    ],
)
def test_answer_without_a_fence_around_it_is_left_alone(answer: str) -> None:
    """A fence begins at a line's start; sentences alone, and pairs within a text, are meant so."""
    assert without_chatter(answer) == answer


@pytest.mark.parametrize(
    "marked",
    [
        "Run this:\n\n‸\n\n```sh\nmake\n```\n",
        "```sh\nmake\n```\n\nThen this:\n\n‸\n",
        "Run this:\n\n‸\n```\n",
    ],
)
def test_fences_of_markdown_are_text(request_at: RequestAt, marked: str) -> None:
    """Where fences stand around the cursor, one in the answer belongs there."""
    answer = "```python\nx = 1\ny = 2"

    assert trimmed(request_at, marked, answer) == answer


@pytest.mark.parametrize(
    ("marked", "answer", "text"),
    [
        ("def f():\n    ‸\n", "```python\nreturn 1\n```", "return 1"),
        ("def f():\n    return ‸\n", "Sure, here it is:\n```\n1\n```\nBye.", "1"),
        ("f(‸)\n", "```python\nx)\n```", "x"),
        ("a\r\n‸\r\nreturn y\r\n", "```\nb\nc\nreturn y\n```", "b\r\nc"),
    ],
)
def test_code_from_a_fence_is_fitted(
    request_at: RequestAt, marked: str, answer: str, text: str
) -> None:
    """What was in the fence is trimmed like any answer."""
    assert trimmed(request_at, marked, answer) == text


@pytest.mark.parametrize(
    ("marked", "answer", "text"),
    [
        # The same line.
        ("‸", "a = 1\nf(x)\nf(x)\nf(x)\n", "a = 1\nf(x)"),
        ("‸", "f(x)\nf(x)\nf(x)\nf(x)\nf(", "f(x)"),
        ("‸", "f(x)\n\nf(x)\n\nf(x)\n", "f(x)"),
        ("    ‸\n", "f(x)\n    f(x)\n    f(x)", "f(x)"),
        ("a = ‸\n", "b\na = b\na = b", "b"),
        ("a\r\n‸", "f(x)\nf(x)\nf(x)", "f(x)"),
        # The same block.
        ("‸", "ab\ncd\nab\ncd\n", "ab\ncd"),
        ("‸", "x\nab\ncd\n\nab\ncd\n\nab\nc", "x\nab\ncd"),
        ("‸", "if a:\n  b\n  c\nd\nif a:\n  b\n  c\nd\n", "if a:\n  b\n  c\nd"),
        # The same unit in a line.
        ("x = [‸", "1, " + "10, " * 7, "1, 10"),
        ("x = ‸", "foo + " * 6, "foo +"),
        ("# ‸", "very " * 6, "very"),
        ("# ‸", "This is good. " * 4, "This is good."),
        ("x\n# ‸\n", "one\n# " + "This is good. " * 3 + "This is good. Th", "one\n# This is good."),
    ],
)
def test_loop_is_cut_to_one_round(
    request_at: RequestAt, marked: str, answer: str, text: str
) -> None:
    """A model that has begun to repeat itself has said it once."""
    assert trimmed(request_at, marked, answer) == text


@pytest.mark.parametrize(
    ("marked", "answer"),
    [
        ("‸", "f(x)\nf(x)"),
        ("‸", "f(x)\nf(x)\nf(x)\ng(x)"),
        ("‸", "      }\n    }\n  }\n}"),
        ("‸", "}\n}\n}"),
        ("‸", "0\n0\n0"),
        ("‸", "{},\n[],\n{},\n[],"),
        ("‸", "ab\ncd\nab\nce"),
        ("x = [‸", "0, 0, 0, 0, 0]"),
        ("x = [‸", "foo, foo, foo, foo, foo"),
        ("# ‸", "-" * 70),
        ("# ‸", "=" * 70),
        ("‸", "|---|---|---|---|---|---|---|"),
        # The document does the same above.
        ("x = [0, 0, ‸", "0, 0, 0, 0, 0, 0, 0"),
        ("x = [\n  0, 0, 0, 0, 0, 0, 0,\n  ‸\n", "0, 0, 0, 0, 0, 0, 0, 0"),
        ("push(1)\npush(1)\n‸", "push(1)\npush(1)\npush(1)"),
        ("ab\ncd\nab\ncd\n‸", "ab\ncd\nab\ncd"),
    ],
)
def test_what_is_repeated_on_purpose_is_left_alone(
    request_at: RequestAt, marked: str, answer: str
) -> None:
    """Twice is no loop, nor is a line of dashes, nor a table that the document has begun."""
    assert trimmed(request_at, marked, answer) == answer
