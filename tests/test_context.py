"""The model is shown what resembles the code at the cursor, and the same while the user types."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from itertools import pairwise
from threading import Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infill_ls.completion.prompts.context import SNIPPET_PIECES, Context
from infill_ls.prompt.build import Plan, plan
from infill_ls.prompt.measure import pieces_in
from infill_ls.prompt.similar import chunks, identifiers
from infill_ls.prompt.snippet import Snippet
from infill_ls.settings.tree import PromptSettings, Settings
from infill_ls.text import Text
from infill_ls.types import CompletionRequest, Document, ModelInfo, Trigger

MODEL = ModelInfo("qwen2.5-coder", 32_768, takes_ids=True)

WORDS = [f"{first}{second}" for first in ("alpha", "beta", "gamma") for second in "abcdefghij"]


@pytest.fixture
async def context() -> AsyncIterator[Context]:
    context = Context()
    yield context
    await context.aclose()


def code(*words: str, name: str = "area") -> str:
    """A function of these words that is one chunk of its own."""
    body = [f"    {word} = {word} + 1\n" for word in words]
    return f"def {name}():\n" + "".join(body) + "    # go\n" * (15 - len(body)) + "\n"


def neighbour(text: str | Text, name: str = "b.py") -> Document:
    text = text if isinstance(text, Text) else Text(text)
    return Document(f"file:///project/{name}", "python", 1, text, f"project/{name}")


def asked(
    marked: str, *neighbours: Document, language: str = "python", path: str = "a.py"
) -> CompletionRequest:
    before, after = marked.split("‸")
    document = Document("file:///project/a.py", language, 1, Text(before + after), path)
    return CompletionRequest(document, len(before), Trigger.AUTOMATIC, neighbours)


def planned(request: CompletionRequest, max_tokens: int | None = None) -> Plan:
    return plan(request, MODEL, Settings(prompt=PromptSettings(max_tokens=max_tokens)))


async def shown(
    context: Context, request: CompletionRequest, max_tokens: int | None = None
) -> tuple[Snippet, ...]:
    """Ask until everything is indexed, which a busy machine takes a while for."""
    await indexed(context, request)
    return await context.around(request, planned(request, max_tokens))


async def indexed(context: Context, request: CompletionRequest) -> None:
    """Wait for the worker by asking for what it does last."""
    last = neighbour("".join(code("needle")), "last.py")
    needle = asked("\n" * 8 + "‸\nneedle\n", *request.neighbours, last)
    for _ in range(500):
        if last.path in paths(await context.around(needle, planned(needle))):
            return
    raise AssertionError("the worker does nothing")


def paths(snippets: Sequence[Snippet]) -> list[str]:
    return [snippet.path for snippet in snippets]


def cost(snippets: Sequence[Snippet]) -> int:
    return sum(pieces_in(s.path) + pieces_in(s.text) + SNIPPET_PIECES for s in snippets)


def cursor_after(*words: str) -> str:
    """A document in which the window has these words, below what is being typed."""
    return "\n" * 8 + "‸\n" + "".join(f"{word}\n" for word in words)


async def test_similar_code_is_shown(context: Context) -> None:
    """A function that is about the same is shown whole, and one about something else is not."""
    similar, other = code("width", "height"), code("socket", "packet", name="send")
    request = asked(cursor_after("width", "depth", "area"), neighbour(similar + other))

    assert await shown(context, request) == (Snippet("project/b.py", similar.rstrip("\n") + "\n"),)


async def test_most_similar_is_nearest_to_the_cursor(context: Context) -> None:
    """Snippets come in the order of their similarity, the most similar last."""
    neighbours = [
        neighbour(code(*WORDS[:3], name="one"), "three.py"),
        neighbour(code(*WORDS[:1], name="two"), "one.py"),
        neighbour(code(*WORDS[5:7], name="three"), "two.py"),
    ]
    request = asked(cursor_after(*WORDS[:12]), *neighbours)

    found = paths(await shown(context, request))

    assert found == ["project/one.py", "project/two.py", "project/three.py"]


async def test_tie_goes_to_the_document_edited_last(context: Context) -> None:
    """Of what is equally similar, the document edited last stands nearest to the cursor."""
    neighbours = [neighbour(code(WORDS[i], f"own{name}"), name) for i, name in enumerate("xyz")]
    request = asked(cursor_after(*WORDS[:12]), *neighbours)

    assert paths(await shown(context, request)) == ["project/z", "project/y", "project/x"]


async def test_outline_comes_last(context: Context) -> None:
    """What the document itself declares outside the window is nearest to the cursor."""
    filler = "x = 1\n" * 300
    request = asked(
        f"import os\ndef width():\n{filler}" + cursor_after("width", "height", "depth") + filler,
        neighbour(code("width", "height")),
    )

    found = await shown(context, request, max_tokens=600)

    assert paths(found) == ["project/b.py", "a.py"]
    assert found[-1].text == "import os\ndef width():\n"


async def test_outline_without_anything_similar(context: Context) -> None:
    """An outline is shown though no other document has anything similar."""
    filler = "x = 1\n" * 500
    request = asked(f"import os\n{filler}‸{filler}", neighbour("socket = packet\n"))

    assert await shown(context, request, max_tokens=600) == (Snippet("a.py", "import os\n"),)


@pytest.mark.parametrize("text", ["", "\n\n\n", "x\n", "// \n", "socket = packet\n", "x" * 100_000])
async def test_nothing_similar_is_not_shown(context: Context, text: str) -> None:
    """Empty documents, other matters and minified code give nothing."""
    request = asked(cursor_after("width", "x" * 100), neighbour(text))

    assert await shown(context, request) == ()


async def test_no_budget_is_no_work(context: Context) -> None:
    """Where a prompt has no room for context, no document is even looked at."""
    text = BrokenText("width = 1\n")
    request = asked(cursor_after("width"), neighbour(text))
    no_room = replace(planned(request), budget=replace(planned(request).budget, context=0))

    assert await context.around(request, no_room) == ()
    assert not text.read


async def test_own_document_is_no_neighbour(context: Context) -> None:
    """The document that is completed is not shown as another."""
    request = asked(cursor_after("width", "height"))
    own = replace(request.document, text=Text(code("width")), path="elsewhere.py")

    assert await shown(context, replace(request, neighbours=(own,))) == ()


async def test_document_that_comes_twice_is_shown_once(context: Context) -> None:
    """Two snapshots of one document are not both shown, but the first."""
    neighbours = neighbour(code("width", "first")), neighbour(code("width", "second"))
    request = asked(cursor_after("width", "height", "depth"), *neighbours)

    found = await shown(context, request)

    assert len(found) == 1
    assert "first" in found[0].text


async def test_same_code_as_the_window_is_not_shown(context: Context) -> None:
    """A chunk whose identifiers are mostly the window's would only be copied."""
    request = asked(cursor_after(*WORDS[:4], "area"), neighbour(code(*WORDS[:4])))

    assert await shown(context, request) == ()


async def test_sum_of_the_window_is_not_shown(context: Context) -> None:
    """Nor is a chunk with what several parts of the window have together."""
    window = "".join(code(*WORDS[i : i + 3], name=f"part{i}") for i in (0, 3, 6))
    request = asked("\n" * 8 + "‸\n" + window, neighbour(code(*WORDS[:9])))

    assert await shown(context, request) == ()


async def test_same_code_as_a_part_of_the_window_is_not_shown(context: Context) -> None:
    """A copy of some lines of a long window is left out as well."""
    window = "".join(code(*WORDS[i : i + 5], name=f"name{i}") for i in range(0, 30, 5))
    copy, other = code(*WORDS[5:10], name="name5"), code(*WORDS[2:30:5], name="other")
    request = asked("\n" * 8 + "‸\n" + window, neighbour(copy), neighbour(other, "c.py"))

    assert paths(await shown(context, request)) == ["project/c.py"]


async def test_alike_chunks_are_shown_once(context: Context) -> None:
    """Of copies in several documents, the one edited last is shown."""
    copies = [neighbour(code(*WORDS[:3]), name) for name in ("one.py", "two.py", "three.py")]
    request = asked(cursor_after(*WORDS[:9]), *copies)

    assert paths(await shown(context, request)) == ["project/one.py"]


async def test_adjacent_chunks_are_joined(context: Context) -> None:
    """Chunks that follow each other are one snippet, in the document's order."""
    first, second = code(*WORDS[:2], name="one"), code(*WORDS[4:8], name="two")
    request = asked(cursor_after(*WORDS[:12]), neighbour(first + second))

    found = await shown(context, request)

    assert found == (Snippet("project/b.py", (first + second).rstrip("\n") + "\n"),)


async def test_distant_chunks_are_not_joined(context: Context) -> None:
    """What stands between two chunks is not made to disappear."""
    first, second = code(*WORDS[:2], name="one"), code(*WORDS[4:8], name="two")
    between = code("socket", "packet", "buffer", name="send")
    request = asked(cursor_after(*WORDS[:12]), neighbour(first + between + second))

    found = await shown(context, request)

    assert [snippet.text.split("(")[0] for snippet in found] == ["def one", "def two"]


async def test_minified_line_is_not_joined_over(context: Context) -> None:
    """Two chunks with a line between that is in none are two snippets."""
    first, second = code(*WORDS[:2], name="one"), code(*WORDS[4:8], name="two")
    request = asked(cursor_after(*WORDS[:12]), neighbour(f"{first}{'x' * 5_000}\n{second}"))

    assert len(await shown(context, request)) == 2


async def test_three_chunks_of_one_document(context: Context) -> None:
    """One document does not take the place of all others."""
    many = "".join(code(word, f"own{word}", name=f"f{word}") for word in WORDS[:8])
    one = code(WORDS[8], "something", "else2", "more2", name="more")
    request = asked(cursor_after(*WORDS[:12]), neighbour(many), neighbour(one, "c.py"))

    found = await shown(context, request)

    shown_of_one = sum(s.text.count("def f") for s in found if s.path == "project/b.py")
    assert shown_of_one == 3
    assert "project/c.py" in paths(found)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
async def test_snippets_have_line_feeds(context: Context, line_end: str) -> None:
    """Whatever ends a document's lines, a snippet's end with line feeds."""
    similar = code("width", "height")
    request = asked(
        cursor_after("width", "depth", "area"), neighbour(similar.replace("\n", line_end))
    )

    assert await shown(context, request) == (Snippet("project/b.py", similar.rstrip("\n") + "\n"),)


@pytest.mark.parametrize("sign", ["\f", "\v", "\x85", "\u2028", "😀"])
async def test_strange_signs_stay(context: Context, sign: str) -> None:
    """What only Python takes for a line end is a part of its line."""
    request = asked(cursor_after("größe", "depth", "area"), neighbour(f"größe{sign}breite"))

    assert await shown(context, request) == (Snippet("project/b.py", f"größe{sign}breite\n"),)


TYPING = [
    neighbour("".join(code(*WORDS[i::7], name=f"f{i}{j}") for j in range(3)), f"{i}.py")
    for i in range(7)
]


async def typed(context: Context, marked: str, keys: str) -> list[tuple[Snippet, ...]]:
    """Return what is shown after each key."""
    request = asked(marked, *TYPING)
    await indexed(context, request)
    found = []
    for key in keys:
        offset = request.offset
        text = request.document.text.replace(offset, offset, key)
        document = replace(request.document, text=text)
        request = replace(request, document=document, offset=offset + len(key))
        found.append(await context.around(request, planned(request)))
    return found


LINE = "total = alphaa(betab, gammac) + deltaWidth # ".ljust(100, "x")


@pytest.mark.parametrize("line", range(20, 29))
async def test_typing_in_a_line_changes_nothing(context: Context, line: int) -> None:
    """Over 100 keystrokes in one line the same is shown, so that a host's cache holds."""
    lines = [f"{word} = 1\n" for word in WORDS[:12] * 4]
    marked = "".join([*lines[:line], "‸", *lines[line:]])

    found = await typed(context, marked, LINE)

    assert len(found) == 100
    assert found[0]
    assert set(found) == {found[0]}


async def test_typing_lines_changes_little(context: Context) -> None:
    """Over 100 keystrokes with a line end at every fifth, what is shown changes a few times."""
    lines = "".join(f"{word} = 1\n" for word in WORDS[:12] * 2)

    found = await typed(context, f"{lines}‸\n{lines}", "betac\ngamm\nx = \n" * 7)

    assert sum(one != other for one, other in pairwise(found)) <= 5


async def test_typing_in_a_large_document_changes_little(context: Context) -> None:
    """Where the window moves, it moves in steps."""
    lines = "".join(f"    {word} = 1  # {word}\n" for word in WORDS * 40)

    found = await typed(context, f"import os\n{lines}‸\n{lines}def alphaa():\n", LINE)

    assert sum(one != other for one, other in pairwise(found)) <= 2


async def test_what_is_typed_has_a_say_eight_lines_later(context: Context) -> None:
    """Lines above the last multiple of eight belong to what similar code is looked for with."""
    other = neighbour(code("width", "height"))
    near, far = (asked("width\nheight\ndepth\n" + "\n" * n + "‸\n", other) for n in (4, 5))

    assert await shown(context, near) == ()
    assert paths(await shown(context, far)) == ["project/b.py"]


async def test_rest_of_the_cursors_line_has_no_say(context: Context) -> None:
    """What follows the cursor on its line belongs to what is being typed."""
    request = asked("‸ width + height + depth\n", neighbour(code("width", "height")))

    assert await shown(context, request) == ()


async def test_best_are_chosen_where_not_all_fit(context: Context) -> None:
    """A small budget goes to what is most similar, wherever that stands."""
    weak = "".join(code(word, name=f"weak{word}") for word in WORDS[:3])
    strong = code(*WORDS[4:9], name="strong")
    request = asked(cursor_after(*WORDS[:20]), neighbour(weak), neighbour(strong, "c.py"))
    around = planned(request)
    room = cost([Snippet("project/c.py", strong)])
    small = replace(around, budget=replace(around.budget, around=0, context=room))
    await indexed(context, request)

    assert paths(await context.around(request, small)) == ["project/c.py"]


async def test_outline_and_snippets_share_one_budget(context: Context) -> None:
    """Where there is more than enough of both, they fit together, and both are shown."""
    filler = "x = 1\n" * 300
    declared = "".join(f"def {word}():\n" for word in WORDS)
    request = asked(f"{declared}{filler}{cursor_after(*WORDS)}{filler}", *TYPING)

    found = await shown(context, request, max_tokens=1_200)

    assert len(found) >= 2
    assert found[-1].path == "a.py"
    assert cost(found) <= planned(request, 1_200).context_pieces


class CountingText(Text):
    """A text that counts how often it is read."""

    count = 0

    def slice(self, start: int, end: int) -> str:
        if threading.current_thread() is not threading.main_thread():
            self.count += 1
        return super().slice(start, end)


class BrokenText(Text):
    """A text that cannot be read."""

    read = False

    def slice(self, start: int, end: int) -> str:
        self.read = True
        raise RuntimeError("a secret of the user")


class SlowText(Text):
    """A text that takes until it is let go to be read."""

    reached: Event
    let_go: Event

    def slice(self, start: int, end: int) -> str:
        if hasattr(self, "reached"):
            self.reached.set()
            assert self.let_go.wait(60)
        return super().slice(start, end)


@pytest.fixture
def slow() -> Document:
    text = SlowText(code("width", "height"))
    text.reached, text.let_go = Event(), Event()
    return neighbour(text, "slow.py")


def let_go(slow: Document) -> None:
    assert isinstance(slow.text, SlowText)
    slow.text.let_go.set()


async def reached(slow: Document) -> None:
    assert isinstance(slow.text, SlowText)
    await asyncio.to_thread(slow.text.reached.wait, 60)


async def test_document_that_cannot_be_indexed(
    context: Context, caplog: pytest.LogCaptureFixture
) -> None:
    """It is left out, the others are shown, and the log does not tell what it holds."""
    caplog.set_level(logging.DEBUG)
    broken, other = neighbour(BrokenText("width"), "c.py"), neighbour(code("width"))
    request = asked(cursor_after("width", "height", "depth"), broken, other)

    assert paths(await shown(context, request)) == ["project/b.py"]
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


async def test_what_is_not_ready_is_there_later(context: Context, slow: Document) -> None:
    """A request does not wait for long, and the work goes on after it."""
    request = asked(
        cursor_after("width", "depth", "area"), neighbour(code("height", "depth")), slow
    )

    first = await context.around(request, planned(request))
    let_go(slow)

    assert "project/slow.py" not in paths(first)
    assert "project/slow.py" in paths(await shown(context, request))


async def test_cancelled_request_loses_nothing(
    context: Context, slow: Document, caplog: pytest.LogCaptureFixture
) -> None:
    """A newer keystroke ends the request, but not the indexing that it began."""
    request = asked(cursor_after("width", "depth", "area"), slow)
    asking = asyncio.create_task(context.around(request, planned(request)))
    await reached(slow)

    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    let_go(slow)

    assert paths(await shown(context, request)) == ["project/slow.py"]
    gc.collect()
    assert caplog.text == ""


async def test_same_version_is_read_once(context: Context) -> None:
    """A document that did not change is not indexed again, whoever asks."""
    text = CountingText(code("width"))
    request = asked(cursor_after("width", "height", "depth"), neighbour(text))

    for _ in range(3):
        await shown(context, request)

    assert text.count == 1


async def test_a_closed_document_is_forgotten(context: Context) -> None:
    """Nothing of it is held once a request comes without it."""
    closed = neighbour(CountingText(code("width")))
    await indexed(context, asked(cursor_after("width"), closed))
    held = weakref.ref(closed.text)
    del closed

    await shown(context, asked(cursor_after("width"), neighbour(code("other"), "c.py")))

    gc.collect()
    assert held() is None


async def test_new_version_is_read(context: Context) -> None:
    """After an edit the new text is shown."""
    old, new = neighbour(code("width", "old")), neighbour(code("width", "newer"))
    marked = cursor_after("width", "height", "depth")

    before = await shown(context, asked(marked, old))
    after = await shown(context, asked(marked, new))

    assert "old" in before[0].text
    assert "newer" in after[0].text


async def test_newer_version_overtakes_an_older(context: Context, slow: Document) -> None:
    """A version that waits to be indexed gives way to the next, and only that one is shown."""
    marked = cursor_after("width", "height", "depth")
    waiting = asked(marked, slow, neighbour(code("width", "old")))
    newer = asked(marked, slow, neighbour(code("width", "newer")))

    before = await context.around(waiting, planned(waiting))
    await context.around(newer, planned(newer))
    let_go(slow)
    after = await shown(context, newer)

    assert before == ()
    assert "newer" in "".join(map(str, after))
    assert "old" not in "".join(map(str, after))


async def test_requests_at_the_same_time(context: Context) -> None:
    """Two requests share the work and get the same."""
    request = asked(cursor_after("width", "height", "depth"), neighbour(code("width")))
    await indexed(context, request)

    one, other = await asyncio.gather(*(context.around(request, planned(request)) for _ in "ab"))

    assert one == other != ()


async def test_closing_ends_all_work(slow: Document, caplog: pytest.LogCaptureFixture) -> None:
    """Closing waits for what is being read, drops the rest and leaves no task and no warning."""
    context = Context()
    waiting = CountingText(code("width"))
    others = [neighbour(waiting, f"{i}.py") for i in range(20)]
    request = asked(cursor_after("width", "height", "depth"), slow, *others)
    asking = asyncio.create_task(context.around(request, planned(request)))
    await reached(slow)

    closing = asyncio.create_task(context.aclose())
    found = await asking
    let_go(slow)
    await closing
    await context.aclose()

    assert found == ()
    assert waiting.count == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}
    gc.collect()
    assert caplog.text == ""


def test_closing_what_was_never_used() -> None:
    """A context that nobody asked has nothing to close."""
    asyncio.run(Context().aclose())


SCRIPT = """
import asyncio, sys
from test_context import TYPING, asked, cursor_after, shown, WORDS
from infill_ls.completion.prompts.context import Context

async def main():
    context = Context()
    for words in (WORDS[:9], WORDS[9:], WORDS[::2]):
        request = asked("import os\\n" * 3 + cursor_after(*words), *TYPING)
        print(ascii(await shown(context, request)))
    await context.aclose()

asyncio.run(main())
"""


def test_order_does_not_depend_on_hashes() -> None:
    """Two processes with different hashes of strings show the same in the same order."""
    folder = os.path.dirname(__file__)
    answers = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]

    assert answers[0] == answers[1]
    assert answers[0].count("Snippet(") > 3


pieces_of_code = st.lists(
    st.builds(
        lambda words, name: code(*words, name=name),
        st.lists(st.sampled_from(WORDS), max_size=10),
        st.sampled_from(WORDS),
    )
    | st.sampled_from(["import os\n", "x" * 2_000 + "\n", "\u2028größe = breite\n", "\n"]),
    max_size=8,
).map("".join)


@given(
    st.lists(pieces_of_code, max_size=4),
    pieces_of_code,
    st.integers(0, 1_000),
    st.integers(16, 1_500),
    st.sampled_from(["\n", "\r\n"]),
)
@settings(max_examples=60, deadline=None)
def test_whatever_is_shown_fits_and_is_real(
    neighbours: list[str], own: str, place: int, max_tokens: int, line_end: str
) -> None:
    """The budget is kept; each snippet is whole lines of its document, and nothing comes twice."""
    texts = [text.replace("\n", line_end) for text in neighbours]
    documents = [neighbour(text, f"{i}.py") for i, text in enumerate(texts)]
    place = min(place, len(own))
    request = asked(f"{own[:place]}‸{own[place:]}", *documents)
    around = planned(request, max_tokens)

    found = asyncio.run(once(request, max_tokens))

    assert cost(found) <= around.context_pieces
    by_path = {document.path: text for document, text in zip(documents, neighbours, strict=True)}
    others = [snippet for snippet in found if snippet.path != "a.py"]
    assert len(found) - len(others) <= 1
    for snippet in others:
        assert f"\n{snippet.text}" in f"\n{by_path[snippet.path]}\n"
    assert len(set(others)) == len(others)
    window = identifiers(around.window.prefix + around.window.suffix)
    parts = [identifiers(chunk.text) for each in others for chunk in chunks(each.text)]
    assert all(window & part for part in parts) or not window


async def once(request: CompletionRequest, max_tokens: int) -> tuple[Snippet, ...]:
    context = Context()
    try:
        return await shown(context, request, max_tokens)
    finally:
        await context.aclose()
