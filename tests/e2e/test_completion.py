"""Completions, as an editor sees them, and the prompts that they come from."""

from __future__ import annotations

from typing import Any

import pytest
from lsprotocol import types

from e2e.editor import AUTOMATIC, INLINE, URI, Editor, text_of
from e2e.server import NOT_AHEAD, served_by
from fakes.host import FakeHost
from fakes.script import EOT

FUNCTION = "def inc(n):\n    return ‸\n"
EMOJI = "s = '🙂' + ‸\n"
ENCODINGS = [
    types.PositionEncodingKind.Utf8,
    types.PositionEncodingKind.Utf16,
    types.PositionEncodingKind.Utf32,
]


def prompt_of(host: FakeHost) -> str:
    """The last prompt that came to the host."""
    return str(host.asked[-1].request.json["inputs"])


def texts(values: list[list[dict[str, Any]]]) -> list[str]:
    """The text of the one item in each of the partial results."""
    return [item["insertText"] for [item] in values]


async def test_the_item_stands_at_the_cursor(editor: Editor, host: FakeHost) -> None:
    """The answer is one item with the text and an empty range at the cursor."""
    host.answers("n", " + 1", EOT)
    await editor.begin(served_by(host))
    cursor = editor.open(FUNCTION)

    answer = await editor.inline(cursor)

    assert answer is not None
    [item] = answer.items
    place = types.Range(cursor, cursor)
    assert item == types.InlineCompletionItem("n + 1", range=place)


async def test_the_model_sees_what_stands_around_the_cursor(editor: Editor, host: FakeHost) -> None:
    """The prompt has the text before the cursor, then the text after it, between the tokens."""
    host.answers("n")
    await editor.begin(served_by(host))

    await editor.inline(editor.open(FUNCTION))

    assert prompt_of(host) == "<PRE> <SUF>\n <MID> def inc(n):\n    return "


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_positions_count_in_the_encoding_that_was_agreed(
    editor: Editor, host: FakeHost, encoding: types.PositionEncodingKind
) -> None:
    """Behind an emoji, cursor and range are right in each of the three encodings."""
    host.answers("t")
    general = types.GeneralClientCapabilities(position_encodings=[encoding])
    capabilities = types.ClientCapabilities(text_document=INLINE, general=general)
    result = await editor.begin(served_by(host), capabilities)
    cursor = editor.open(EMOJI)

    answer = await editor.inline(cursor)

    assert result.capabilities.position_encoding == encoding
    assert prompt_of(host).endswith(" <MID> s = '🙂' + ")
    assert answer is not None
    assert answer.items[0].range == types.Range(cursor, cursor)


async def test_partial_results_grow_until_the_answer(editor: Editor, host: FakeHost) -> None:
    """With a token for partial results, each longer item is sent before the final answer."""
    gate = host.gate()
    host.answers("n", " +", " 1", gate=gate)
    await editor.begin(served_by(host))
    asking = editor.asking(editor.open(FUNCTION), partial_results="stream-1")

    for text in ("n", "n +", "n + 1"):
        gate.open()
        await editor.until(lambda text=text: texts(editor.partial_results)[-1:] == [text])
    gate.stand_open()
    answer = await asking

    assert texts(editor.partial_results) == ["n", "n +", "n + 1"]
    assert text_of(answer) == "n + 1"


async def test_a_partial_result_comes_while_the_model_writes(
    editor: Editor, host: FakeHost
) -> None:
    """The first piece is shown while the host still works on the second."""
    gate = host.gate()
    host.answers("n", " + 1", gate=gate)
    await editor.begin(served_by(host))
    cursor = editor.open(FUNCTION)
    asking = editor.asking(cursor, partial_results=7)

    gate.open()
    await editor.until(lambda: texts(editor.partial_results) == ["n"])
    was_answered = asking.done()
    gate.stand_open()

    assert not was_answered
    assert text_of(await asking) == "n + 1"


async def test_without_a_token_the_first_line_comes_at_once(editor: Editor, host: FakeHost) -> None:
    """While the host still writes, what is complete is answered; asking again brings the rest."""
    gate = host.gate()
    host.answers("if n:", "\n        n += 1", "\n    return n", EOT, gate=gate)
    await editor.begin(served_by(host))
    cursor = editor.open("def inc(n):\n    ‸\n")
    asking = editor.asking(cursor, trigger=AUTOMATIC)

    gate.open()
    gate.open()
    first = await asking
    was_grown = [*editor.grown]
    gate.stand_open()
    await editor.until(lambda: editor.grown == [cursor])
    whole = await editor.inline(cursor, trigger=AUTOMATIC)

    assert text_of(first) == "if n:"
    assert was_grown == []
    assert text_of(whole) == "if n:\n        n += 1\n    return n"
    assert len(host.asked) == 1


async def test_one_who_invokes_waits_for_the_whole(editor: Editor, host: FakeHost) -> None:
    """An invoked completion is answered once, with all its lines."""
    host.answers("if n:", "\n        n += 1", "\n    return n", EOT)
    await editor.begin(served_by(host))

    answer = await editor.inline(editor.open("def inc(n):\n    ‸\n"))

    assert text_of(answer) == "if n:\n        n += 1\n    return n"
    assert editor.grown == []


async def test_one_who_invokes_again_is_offered_more(editor: Editor, host: FakeHost) -> None:
    """Where a suggestion stands, invoking one brings it and others to cycle through."""
    for text in ("n + 1", "n - 1", "n + 1", "-n"):
        host.answers(text, EOT)
    await editor.begin(served_by(host))
    cursor = editor.open(FUNCTION)

    first = await editor.inline(cursor)
    again = await editor.inline(cursor)

    assert first is not None
    assert again is not None
    assert [item.insert_text for item in first.items] == ["n + 1"]
    assert [item.insert_text for item in again.items] == ["n + 1", "n - 1"]
    assert [asked.request.json["parameters"].get("seed") for asked in host.asked] == [None, 1, 2]


async def test_nothing_is_answered_for_a_text_that_has_changed(
    editor: Editor, host: FakeHost
) -> None:
    """What was asked about a document that has been edited since is answered with null."""
    gate = host.gate()
    host.answers("n", " + 1", EOT, gate=gate)
    await editor.begin(served_by(host))
    cursor = editor.open(FUNCTION)
    asking = editor.asking(cursor)
    await editor.until(lambda: len(host.asked) == 1)

    editor.replace(types.Range(cursor, cursor), "m")
    await editor.inline(cursor, uri="file:///not/open.py")  # It comes after the change.
    gate.stand_open()

    assert await asking is None


async def test_without_a_token_there_are_no_partial_results(editor: Editor, host: FakeHost) -> None:
    """An editor that did not ask for partial results gets none."""
    host.answers("n", " + 1")
    await editor.begin(served_by(host))

    await editor.inline(editor.open(FUNCTION))

    assert editor.partial_results == []


async def test_nothing_to_insert_is_an_empty_list(editor: Editor, host: FakeHost) -> None:
    """Where the model has nothing to say, the answer is a list without items."""
    host.answers(EOT)
    await editor.begin(served_by(host))

    answer = await editor.inline(editor.open(FUNCTION))

    assert answer is not None
    assert list(answer.items) == []


async def test_a_document_that_is_not_open_has_no_answer(editor: Editor, host: FakeHost) -> None:
    """For a document that was never opened, or is closed again, the answer is null."""
    await editor.begin(served_by(host, prompt=NOT_AHEAD))
    cursor = editor.open(FUNCTION)
    closed = types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(URI))
    editor.text_document_did_close(closed)

    answers = [await editor.inline(cursor), await editor.inline(cursor, uri="file:///other.py")]

    assert answers == [None, None]
    assert host.requests == ()


async def test_the_newest_text_is_completed(editor: Editor, host: FakeHost) -> None:
    """Edits that were sent right before the request are in the prompt."""
    host.answers("2")
    await editor.begin(served_by(host))
    editor.open("a\n🙂 = 1\n")
    emoji = types.Range(types.Position(1, 0), types.Position(1, 2))
    end = types.Position(2, 0)

    editor.replace(emoji, "b")
    editor.replace(types.Range(end, end), "c = ")
    await editor.inline(types.Position(2, 4))

    assert prompt_of(host) == "<PRE> <SUF> <MID> a\nb = 1\nc = "


async def test_switched_off_only_who_asks_gets_a_completion(editor: Editor, host: FakeHost) -> None:
    """With `completion.enabled` false, typing asks no host; asking for it does."""
    host.answers("n")
    await editor.begin(served_by(host, completion={"enabled": False}))
    cursor = editor.open(FUNCTION)

    typed = await editor.inline(cursor, trigger=AUTOMATIC)
    asked_while_typing = host.requests
    invoked = await editor.text(cursor)

    assert typed is not None
    assert list(typed.items) == []
    assert asked_while_typing == ()
    assert invoked == "n"


async def test_the_menu_item_replaces_the_word_at_the_cursor(
    editor: Editor, host: FakeHost
) -> None:
    """An editor without ghost text gets an item that it neither filters out nor sorts away."""
    host.answers("urn n", "\n    # 1")  # A line that has begun is finished.
    await editor.begin(served_by(host), types.ClientCapabilities())
    cursor = editor.open("def inc(n):\n    ret‸\n")

    params = types.CompletionParams(types.TextDocumentIdentifier(URI), cursor)
    answer = await editor.text_document_completion_async(params)

    assert isinstance(answer, types.CompletionList)
    assert answer.is_incomplete
    [item] = answer.items
    text = "return n"
    word = types.Range(types.Position(1, 4), cursor)
    assert item.text_edit == types.TextEdit(word, text)
    assert (item.label, item.filter_text, item.sort_text) == ("return n", "ret", "\0")
    assert item.insert_text_mode is types.InsertTextMode.AsIs
