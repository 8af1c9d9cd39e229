"""Settings reach the server on every way that an editor has, and no further than they may."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types

from e2e.editor import INLINE, PULLS, Editor, StartEditor
from e2e.server import served_by
from fakes.host import FakeHost

ASSIGNMENT = "a = ‸"
PULLING = types.ClientCapabilities(text_document=INLINE, workspace=PULLS)


def max_tokens(host: FakeHost) -> int:
    """How many tokens the last request allows."""
    return int(host.asked[-1].request.json["parameters"]["max_new_tokens"])


def push(editor: Editor, settings: object) -> None:
    """Tell the server of changed settings."""
    editor.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings))


@pytest.mark.parametrize("wrapped", [False, True], ids=["bare", "wrapped"])
async def test_initialization_options_are_taken_in_both_shapes(
    editor: Editor, host: FakeHost, wrapped: bool
) -> None:
    """The tree of settings may stand for itself, or below the name of its section."""
    host.answers("1")
    options = served_by(host, completion={"maxTokens": 7})

    await editor.begin({"infill-ls": options} if wrapped else options)
    text = await editor.text(editor.open(ASSIGNMENT))

    assert (text, max_tokens(host)) == ("1", 7)


async def test_an_editor_that_can_be_asked_is_asked(editor: Editor, host: FakeHost) -> None:
    """What `workspace/configuration` answers is laid over the initialization options."""
    host.answers("1")
    editor.set_configuration({"maxTokens": 7}, section="infill-ls.completion")

    await editor.begin(served_by(host, completion={"maxTokens": 5}), PULLING)
    await editor.text(editor.open(ASSIGNMENT))

    assert max_tokens(host) == 7


async def test_the_server_asks_to_be_told_of_changes(editor: Editor, host: FakeHost) -> None:
    """An editor that registers at run time is asked to tell when our section changes."""
    await editor.begin(served_by(host), PULLING)

    await editor.until(lambda: len(editor.registrations) == 1)

    [registration] = editor.registrations
    assert registration.method == types.WORKSPACE_DID_CHANGE_CONFIGURATION
    assert registration.register_options == {"section": "infill-ls"}


async def test_changed_settings_are_asked_for_again(editor: Editor, host: FakeHost) -> None:
    """Told of a change, the server asks for the new configuration, and requests follow it."""
    host.answers("1")
    host.answers("2")
    await editor.begin(served_by(host), PULLING)
    cursor = editor.open(ASSIGNMENT)
    await editor.text(cursor)

    editor.set_configuration({"maxTokens": 7}, section="infill-ls.completion")
    push(editor, None)
    await editor.until(lambda: editor.configuration_requests == 2)
    text = await editor.text(cursor)

    assert (text, max_tokens(host)) == ("2", 7)


async def test_an_editor_that_cannot_be_asked_pushes_its_settings(
    editor: Editor, host: FakeHost
) -> None:
    """Without `workspace/configuration`, what a change brings along is taken."""
    host.answers("1")
    host.answers("2")
    await editor.begin(served_by(host))
    cursor = editor.open(ASSIGNMENT)
    await editor.text(cursor)

    push(editor, {"infill-ls": {"completion": {"maxTokens": 7}}})
    text = await editor.text(cursor)

    assert (text, max_tokens(host)) == ("2", 7)


async def test_bad_settings_are_told_in_one_message(editor: Editor, host: FakeHost) -> None:
    """One message names every problem; what is right is used, and no problem is told twice."""
    host.answers("1")
    bad = served_by(host, completion={"maxTokens": -1, "lines": "many"}, colour={"red": 1})

    await editor.begin(bad)
    await editor.until(lambda: editor.messages != [])
    push(editor, {})
    text = await editor.text(editor.open(ASSIGNMENT))

    [message] = editor.messages
    assert all(key in message.message for key in ("completion.maxTokens", "lines", "colour"))
    assert (text, max_tokens(host)) == ("1", 96)


async def test_a_workspace_cannot_choose_the_host(
    editor: Editor, host: FakeHost, other_host: FakeHost
) -> None:
    """A URL that comes by `workspace/configuration` is not used, and the user is told."""
    host.answers("1")
    editor.set_configuration({"url": other_host.url}, section="infill-ls.backend")

    await editor.begin(served_by(host), PULLING)
    await editor.until(lambda: editor.messages != [])
    text = await editor.text(editor.open(ASSIGNMENT))

    [message] = editor.messages
    assert "backend.url in the editor's configuration" in message.message
    assert text == "1"
    assert other_host.requests == ()


async def test_a_token_is_not_sent_to_a_host_it_was_not_given_for(
    start_editor: StartEditor, host: FakeHost, other_host: FakeHost
) -> None:
    """Where a stronger source names another host, the token of the weaker one stays at home."""
    other_host.answers("1")
    editor = await start_editor(INFILL_LS_BACKEND_URL=other_host.url)

    await editor.begin(served_by(host, backend={"token": "hf_secret"}))
    text = await editor.text(editor.open(ASSIGNMENT))

    assert text == "1"
    headers = [request.headers for request in other_host.requests]
    assert [found for found in headers if "authorization" in found] == []


async def test_sources_are_stronger_one_than_the_other(
    start_editor: StartEditor, host: FakeHost, tmp_path: Path
) -> None:
    """The command line beats the environment, that the editor, and that the user's file."""
    host.answers("1")
    file = tmp_path / "config.toml"
    file.write_text(
        '[backend]\nurl = "http://127.0.0.1:1"\n'
        "[completion]\nmaxTokens = 3\ntemperature = 0.5\n[prompt]\nsuffixShare = 0.0\n"
    )
    editor = await start_editor(
        "serve",
        "--url",
        host.url,
        INFILL_LS_CONFIG=str(file),
        INFILL_LS_BACKEND_URL="http://127.0.0.1:2",
        INFILL_LS_COMPLETION_MAX_TOKENS="7",
    )

    await editor.begin({"backend": {"kind": "tgi"}, "completion": {"maxTokens": 5}})
    await editor.text(editor.open(ASSIGNMENT))

    parameters = host.asked[-1].request.json["parameters"]
    assert (parameters["max_new_tokens"], parameters["temperature"]) == (7, 0.5)
