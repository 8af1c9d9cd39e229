"""The chat in the side bar."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from playwright.sync_api import FrameLocator, Locator, expect

from editors.neovim import until, until_equal
from editors.vscode.conftest import HEAD
from editors.vscode.window import READY, START_S, STARTING, Window
from fakes.faces.tgi import Tgi
from fakes.host import FakeHost
from fakes.response import json_response
from fakes.script import EOS, Answer, Fail

ANSWER = ("It adds:\n\n", "```python\n", "c = a + b\n", "```\n", "\nThat is **all**.")


@pytest.fixture
def host() -> Iterator[FakeHost]:
    """A host of a model that talks, and that has nothing to suggest."""
    with FakeHost(Tgi(model="codellama/CodeLlama-7b-Instruct-hf")) as host:
        yield host


@pytest.fixture
def chat(window: Window) -> FrameLocator:
    """The page of the chat, empty."""
    window.run("infill-ls: Ask About the Selection")
    begin(window.chat())
    return window.chat()


def begin(chat: FrameLocator) -> None:
    """Begin a new conversation."""
    chat.get_by_role("button", name="New").click()
    expect(chat.locator("article")).to_have_count(0)


def ask(chat: FrameLocator, question: str) -> None:
    """Ask, once the answer before has ended: its last word is drawn before that."""
    expect(chat.get_by_role("button", name="Send")).to_be_enabled()
    question_box(chat).fill(question)
    question_box(chat).press("Enter")


def question_box(chat: FrameLocator) -> Locator:
    return chat.get_by_role("textbox", name="Question")


def answer(chat: FrameLocator) -> Locator:
    return chat.locator(".answer").last


def test_an_answer_is_drawn_while_it_is_written(chat: FrameLocator, host: FakeHost) -> None:
    """It is drawn as Markdown, code in colours, and what is there is there before the end."""
    gate = host.gate()
    host.answers(*ANSWER, EOS, gate=gate)

    ask(chat, "What does it do?")
    gate.open(3)
    expect(answer(chat).locator("pre code")).to_contain_text("c = a + b")
    expect(chat.get_by_role("button", name="Stop")).to_be_visible()
    gate.stand_open()

    expect(answer(chat).locator("strong")).to_have_text("all")
    expect(chat.get_by_role("button", name="Stop")).to_be_hidden()
    expect(answer(chat).locator(".hljs-comment, .hljs-operator, .hljs-keyword")).to_have_count(0)
    assert "[INST] What does it do? [/INST]" in inputs(host)


def inputs(host: FakeHost) -> str:
    """Return the prompt of the newest answer."""
    body: Any = host.asked[-1].request.json
    return str(body["inputs"])


def test_an_answer_can_be_stopped(chat: FrameLocator, host: FakeHost) -> None:
    """The host sees us leave, what was written stays, and the next question is answered."""
    gate = host.gate()
    host.answers("Half", " an", " answer", EOS, gate=gate)
    host.answers("Whole.", EOS)
    ask(chat, "1?")
    gate.open()
    expect(answer(chat)).to_have_text("Half")

    question_box(chat).press("Escape")

    host.wait(lambda host: host.asked[0].ending == "client left")
    expect(chat.get_by_text("Stopped.")).to_be_visible()
    expect(answer(chat)).to_have_text("Half")
    ask(chat, "2?")
    expect(answer(chat)).to_have_text("Whole.")
    assert "1? [/INST] Half" in inputs(host)


def test_an_answer_can_be_stopped_before_it_begins(chat: FrameLocator, host: FakeHost) -> None:
    """A host that says nothing is left, too."""
    host.hang()
    ask(chat, "1?")
    host.wait(lambda host: len(host.asked) == 1)

    chat.get_by_role("button", name="Stop").click()

    host.wait(lambda host: host.asked[0].ending == "client left")
    expect(chat.get_by_text("Stopped.")).to_be_visible()
    host.answers("One.", EOS)
    chat.get_by_role("button", name="Ask again").click()
    expect(answer(chat)).to_have_text("One.")
    assert inputs(host).count("1?") == 1


def test_a_failure_is_told_and_can_be_tried_again(
    window: Window, chat: FrameLocator, host: FakeHost
) -> None:
    """One sentence says what is wrong; Retry asks the same once more, with the same code."""
    host.then(Fail(json_response({"error": "too many", "error_type": "overloaded"}, 429)))
    host.answers("One.", EOS)
    window.to("Control+Home", "Shift+End")
    window.run("infill-ls: Ask About the Selection")
    ask(chat, "1?")
    expect(chat.get_by_role("alert")).to_contain_text(host.url)

    chat.get_by_role("button", name="Ask again").click()

    expect(answer(chat)).to_have_text("One.")
    expect(chat.get_by_role("alert")).to_have_count(0)
    assert inputs(host) == str(host.asked[0].request.json["inputs"])
    assert HEAD in inputs(host)


def test_code_goes_along_where_that_is_shown(
    window: Window, chat: FrameLocator, host: FakeHost
) -> None:
    """What is selected is named above the question, can be taken away, and goes with it once."""
    host.answers("Good.", EOS)
    host.answers("Yes.", EOS)
    window.to("Control+Home", "Shift+End")
    window.run("infill-ls: Ask About the Selection")
    attached = chat.get_by_label("Code that goes with the question")
    expect(attached).to_contain_text("a.py:1")
    chat.get_by_label("Remove a.py:1").click()
    expect(attached.locator("li")).to_have_count(0)
    chat.get_by_role("button", name="Add Code").click()

    ask(chat, "Good?")
    expect(answer(chat)).to_have_text("Good.")
    with_code = inputs(host)
    ask(chat, "Sure?")
    expect(answer(chat)).to_have_text("Yes.")

    assert HEAD in with_code
    assert inputs(host).count(HEAD) == 1
    expect(chat.locator(".context")).to_have_text(["a.py:1"])


def test_code_of_an_answer_is_inserted_and_copied(
    window: Window, chat: FrameLocator, host: FakeHost
) -> None:
    """Insert puts a block of code where the cursor of the editor is; Copy, into the clipboard."""
    host.answers(*ANSWER, EOS)
    host.always(Answer((EOS,)))
    ask(chat, "What does it do?")
    expect(answer(chat).locator("strong")).to_have_text("all")

    chat.get_by_label("Insert this code at the cursor").click()
    until(window.lines, lambda lines: "    c = a + b" in lines)
    chat.get_by_label("Copy this code").click()

    until_equal(lambda: window.page.evaluate("navigator.clipboard.readText()"), "c = a + b\n")


BODY = ["    total = a + b", "    return total"]
REWRITTEN = ("```python\n", "\n".join([HEAD, *BODY]), "\n```\n", EOS)


def test_code_of_an_answer_is_applied_from_a_diff(
    window: Window, chat: FrameLocator, host: FakeHost
) -> None:
    """It stands beside what it replaces, which is found where it has moved to; keys do it all."""
    host.answers(*REWRITTEN)
    host.always(Answer((EOS,)))
    window.to("Control+Home", "Shift+ArrowDown", "Shift+End")
    window.run("infill-ls: Ask About the Selection")
    ask(chat, "Write it.")
    expect(answer(chat).locator("pre code")).to_contain_text("return total")
    window.to("Control+Home", "Enter", "ArrowUp")
    window.type("import os")
    moved = ["import os", HEAD]
    until(window.lines, lambda lines: lines[:2] == moved)

    diff = window.page.locator(".monaco-diff-editor")

    def is_shown() -> bool:
        """Press the key; it is lost where the page is drawn anew just then, as the code moved."""
        chat.get_by_label("Show what this code would change").press("Enter")
        with suppress(AssertionError):
            expect(diff).to_be_visible(timeout=5_000)
            return True
        return False

    until(is_shown, bool)
    expect(diff.locator(".editor.modified")).to_contain_text("return total")
    expect(window.page.get_by_role("tab", name="a.py:2-3 ↔ Answer")).to_be_visible()
    window.press("Control+Enter")

    expect(diff).to_have_count(0)
    until_equal(window.lines, [*moved, *BODY, ""])
    window.press("Control+z")
    until_equal(window.lines, [*moved, "    ", ""])


def test_a_diff_without_code_to_replace_says_what_to_do(
    window: Window, chat: FrameLocator, host: FakeHost
) -> None:
    """Where no code went along, what is selected is replaced; one sentence says so."""
    host.answers(*REWRITTEN)
    ask(chat, "Write it.")
    expect(answer(chat).locator("pre code")).to_contain_text("return total")
    compare = chat.get_by_label("Show what this code would change")

    compare.click()
    until(window.messages, lambda seen: any("Select the code" in each for each in seen))
    window.to("Control+Home", "Shift+ArrowDown", "Shift+End")
    compare.click()
    window.page.get_by_role("button", name="Apply the Proposed Change").click()

    until_equal(window.lines, [HEAD, *BODY, ""])


def test_what_a_model_writes_is_no_html(chat: FrameLocator, host: FakeHost) -> None:
    """Tags are text, and neither scripts nor addresses of it do anything."""
    host.answers("<img src=x onerror=alert(1)> [a](javascript:alert(1)) <b>bold</b>", EOS)

    ask(chat, "1?")

    expect(answer(chat)).to_contain_text("<b>bold</b>")
    expect(answer(chat).locator("img, a, b")).to_have_count(0)


def test_a_new_chat_knows_nothing_of_the_last(chat: FrameLocator, host: FakeHost) -> None:
    """New empties the page, and the model is not told what was said before."""
    host.answers("One.", EOS)
    host.answers("Two.", EOS)
    ask(chat, "1?")
    expect(answer(chat)).to_have_text("One.")

    begin(chat)
    expect(question_box(chat)).to_be_focused()
    ask(chat, "2?")

    expect(answer(chat)).to_have_text("Two.")
    assert "1?" not in inputs(host)


def test_a_question_that_was_begun_is_still_there(window: Window, chat: FrameLocator) -> None:
    """Another view in place of the chat takes nothing away."""
    question_box(chat).fill("Half a que")

    window.run("View: Show Explorer")
    expect(window.page.locator("iframe.webview")).to_be_hidden()
    window.run("infill-ls: Ask About the Selection")

    expect(question_box(chat)).to_have_value("Half a que")
    question_box(chat).fill("")


def test_one_can_go_back_to_an_earlier_chat(
    window: Window, chat: FrameLocator, host: FakeHost
) -> None:
    """It is there as it was, also what was written meanwhile, and the model knows it."""
    gate = host.gate()
    host.answers("On", "e.", EOS, gate=gate)
    host.answers("Two.", EOS)
    host.answers("Three.", EOS)
    ask(chat, "Mine, 1?")
    gate.open()
    expect(answer(chat)).to_have_text("On")
    begin(chat)
    ask(chat, "Mine, 2?")
    expect(answer(chat)).to_have_text("Two.")
    gate.stand_open()

    window.run("infill-ls: Chat History")
    window.choose("Mine, 1?")

    expect(answer(chat)).to_have_text("One.")
    expect(question_box(chat)).to_be_focused()
    ask(chat, "3?")
    expect(answer(chat)).to_have_text("Three.")
    assert "Mine, 1? [/INST] One." in inputs(host)
    assert "Mine, 2?" not in inputs(host)


def test_a_chat_can_be_forgotten(window: Window, chat: FrameLocator, host: FakeHost) -> None:
    """From the history; the host sees us leave where it still answers."""
    host.answers("Half", EOS, gate=(gate := host.gate()))
    ask(chat, "To be forgotten?")
    gate.open()
    expect(answer(chat)).to_have_text("Half")

    window.run("infill-ls: Chat History")
    row = window.page.locator(".quick-input-list .monaco-list-row", has_text="To be forgotten?")
    row.hover()
    row.get_by_role("button", name="Forget This Conversation").click()

    expect(row).to_have_count(0)
    window.press("Escape")
    expect(chat.locator("article")).to_have_count(0)
    host.wait(lambda host: host.asked[0].ending == "client left")


def test_a_chat_goes_on_with_a_server_that_was_started_anew(
    window: Window, chat: FrameLocator, host: FakeHost
) -> None:
    """It is told what stands above, and knows the conversation from then on."""
    for said in ("One.", "Two.", "Three."):
        host.answers(said, EOS)
    ask(chat, "1?")
    expect(answer(chat)).to_have_text("One.")
    window.record()
    window.run("infill-ls: Restart the Server")
    until(window.statuses, lambda seen: seen[-2:] == [STARTING, READY], START_S)

    ask(chat, "2?")
    expect(answer(chat)).to_have_text("Two.")
    ask(chat, "3?")
    expect(answer(chat)).to_have_text("Three.")

    said = "1? [/INST] One. </s><s>[INST] 2? [/INST] Two. </s><s>[INST] 3?"
    assert said in inputs(host)


def test_what_is_focused_stays_so_while_an_answer_grows(chat: FrameLocator, host: FakeHost) -> None:
    """Only what differs is drawn; a button that goes away leaves its keys to the question."""
    gate = host.gate()
    host.answers(*ANSWER, EOS, gate=gate)
    ask(chat, "What does it do?")
    gate.open(4)
    copy = chat.get_by_label("Copy this code")
    copy.focus()
    stop = chat.get_by_role("button", name="Stop")

    gate.open()
    expect(answer(chat).locator("strong")).to_have_text("all")
    expect(copy).to_be_focused()
    stop.focus()
    gate.stand_open()

    expect(stop).to_be_hidden()
    expect(question_box(chat)).to_be_focused()


def test_the_page_may_load_nothing_from_elsewhere(chat: FrameLocator) -> None:
    """Its policy names our style and one nonce, and nothing is allowed that it does not name."""
    policy = chat.locator("meta[http-equiv]").get_attribute("content") or ""

    assert policy.startswith("default-src 'none'; script-src 'nonce-")
    assert "unsafe" not in policy
