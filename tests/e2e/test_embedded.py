"""The embedded model, from the first request to the end of its process, however that comes."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import re
from pathlib import Path

import psutil
import pytest
from lsprotocol import types

from e2e.editor import INLINE, URI, Editor, StartEditor
from e2e.wire import Wire
from fakes.command import run
from fakes.llamacpp import TINY_MODEL
from infill_ls.backends.embedded import entry as entry_files
from infill_ls.backends.embedded.entry import FOLDER_VARIABLE
from infill_ls.errors import ModelFileError
from infill_ls.models import store
from infill_ls.models.catalogue import DEFAULT
from infill_ls.models.download import pull

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("xllamacpp") is None, reason="needs the extra `local`"
)

SHOWS_PROGRESS = types.ClientCapabilities(
    text_document=INLINE, window=types.WindowClientCapabilities(work_done_progress=True)
)
ADDING = 'def add(a, b):\n    """Return the sum of a and b."""\n    return ‸\n'


@pytest.fixture(scope="session")
def model_folder() -> Path:
    """The folder with the embedded model, which is pulled if it is not there."""
    folder = store.default_folder()
    try:
        pull(DEFAULT, folder, lambda done_bytes, total_bytes: None)
    except ModelFileError as error:
        if "CI" in os.environ:
            raise
        pytest.skip(f"needs the embedded model: {error.sentence()}")
    return folder


@pytest.fixture(scope="session")
def small_model(request: pytest.FixtureRequest) -> Path:
    """A model whose words do not matter: the tiny one, or the real one where that is not here."""
    if TINY_MODEL.exists():
        return TINY_MODEL
    folder: Path = request.getfixturevalue("model_folder")
    return folder / DEFAULT.file


@pytest.fixture
async def small(editor: Editor, small_model: Path) -> Editor:
    """An editor with the small model."""
    completion = {"maxTokens": 1}
    backend = {"kind": "embedded", "model": str(small_model), "contextTokens": 512}
    await editor.begin({"backend": backend, "completion": completion, "cache": {"entries": 0}})
    return editor


@pytest.fixture
def servers(environment: dict[str, str]) -> Path:
    """Where the processes of models are written down."""
    return Path(environment[FOLDER_VARIABLE])


def models_of(servers: Path) -> list[psutil.Process]:
    """The processes that are written down."""
    entries = (entry_files.read(path) for path in servers.glob("*.json"))
    return [psutil.Process(entry.pid) for entry in entries if entry]


def model_of(servers: Path) -> psutil.Process:
    """The only such process."""
    [model] = models_of(servers)
    return model


async def ended(process: psutil.Process) -> None:
    """Wait until a process has ended."""
    await asyncio.to_thread(process.wait, timeout=10)


@pytest.mark.model
async def test_a_completion_without_any_host(start_editor: StartEditor, model_folder: Path) -> None:
    """With nothing configured the pulled model answers, and what it writes is Python."""
    editor = await start_editor(INFILL_LS_MODELS=str(model_folder))
    await editor.begin(capabilities=SHOWS_PROGRESS)

    text = await editor.text(editor.open(ADDING))

    assert text is not None
    namespace: dict[str, object] = {}
    exec(compile(ADDING.replace("‸", text), "app.py", "exec"), namespace)
    assert callable(namespace["add"])
    assert namespace["add"](2, 3) == 5


@pytest.mark.model
async def test_a_function_is_explained_without_any_host(
    start_editor: StartEditor, model_folder: Path
) -> None:
    """The pulled model talks, too: it says of a function what that does, piece by piece."""
    editor = await start_editor(INFILL_LS_MODELS=str(model_folder))
    chat = {"temperature": 0.0, "maxTokens": 80}
    await editor.begin({"chat": chat, "backend": {"readTimeoutMs": 120_000}}, SHOWS_PROGRESS)
    editor.open(ADDING.replace("‸", "a + b"))
    asked = {
        "text": "What does this function do? Answer in one sentence.",
        "context": {"uri": URI, "position": types.Position(2, 4)},
    }

    params = types.ExecuteCommandParams("infill-ls.chat.send", [asked])
    reply = await editor.workspace_execute_command_async(params)

    assert re.search(r"\b(?:sum|adds?|addition)\b", reply["text"])
    assert "".join(delta.text for delta in editor.chat_deltas) == reply["text"]
    assert len(editor.chat_deltas) > 3


async def test_loading_the_model_is_shown_as_progress(editor: Editor, small_model: Path) -> None:
    """The editor can show that the model is loaded, and when that has ended."""
    backend = {"kind": "embedded", "model": str(small_model), "contextTokens": 512}
    await editor.begin({"backend": backend}, SHOWS_PROGRESS)

    await editor.inline(editor.open(ADDING))

    [(begin, end)] = editor.progress_reports.values()
    assert isinstance(begin, types.WorkDoneProgressBegin)
    assert small_model.name in begin.title
    assert isinstance(end, types.WorkDoneProgressEnd)
    assert editor.statuses[-1].health == "ok"


async def test_an_editor_that_refuses_progress_gets_its_completion(
    wire: Wire, small_model: Path
) -> None:
    """Where `window/workDoneProgress/create` fails, the model is loaded without a word."""
    backend = {"kind": "embedded", "model": str(small_model), "contextTokens": 512}
    await wire.begin({"backend": backend}, window={"workDoneProgress": True})
    wire.open("a = ", "file:///a.py")
    place = {"line": 0, "character": 4}
    document = {"uri": "file:///a.py"}
    context = {"triggerKind": 1}

    request_id = wire.ask(
        "textDocument/inlineCompletion",
        {"textDocument": document, "position": place, "context": context},
    )
    create = "window/workDoneProgress/create"
    asked = await wire.until(lambda message: message.get("method") == create)
    wire.send({"jsonrpc": "2.0", "id": asked["id"], "error": {"code": 1, "message": "no"}})
    answer = await wire.until(lambda message: message.get("id") == request_id)

    assert answer["result"] is not None
    assert [message for message in wire.received if message.get("method") == "$/progress"] == []


async def test_no_model_is_loaded_before_it_is_needed(small: Editor, servers: Path) -> None:
    """Until the first request, no model is written down, and no process serves one."""
    small.open(ADDING)

    assert models_of(servers) == []
    assert psutil.Process(small.process.pid).children() == []


async def test_the_models_process_ends_with_shutdown(small: Editor, servers: Path) -> None:
    """An orderly end of the last user leaves no process behind, where none is to wait."""
    await small.inline(small.open(ADDING))
    model = model_of(servers)

    await small.leave()

    await ended(model)


async def test_the_models_process_ends_when_the_server_is_killed(
    small: Editor, servers: Path
) -> None:
    """A server that is killed leaves no process behind either."""
    await small.inline(small.open(ADDING))
    model = model_of(servers)

    await small.kill()

    await ended(model)


async def test_a_model_that_died_is_started_again(small: Editor, servers: Path) -> None:
    """When the model's process was killed, the next request starts another."""
    cursor = small.open(ADDING)
    await small.inline(cursor)
    first = model_of(servers)

    first.kill()
    await ended(first)
    await small.inline(cursor)

    assert model_of(servers).pid != first.pid
    assert small.statuses[-1].health == "ok"


async def test_windows_and_commands_share_a_model(
    small: Editor, start_editor: StartEditor, small_model: Path, servers: Path, tmp_path: Path
) -> None:
    """A second editor and `infill-ls complete` are answered by the process of the first."""
    await small.inline(small.open(ADDING))
    model = model_of(servers)
    other = await start_editor()
    backend = {"kind": "embedded", "model": str(small_model), "contextTokens": 512}
    await other.begin({"backend": backend})
    (tmp_path / "app.py").write_text("a = \n", "utf-8")
    given = {"MODEL": str(small_model), "CONTEXT_TOKENS": "512", "IDLE_MINUTES": "0"}
    environ = {f"INFILL_LS_BACKEND_{name}": value for name, value in given.items()}

    await other.inline(other.open(ADDING))
    environ[FOLDER_VARIABLE] = str(servers)
    ran = await asyncio.to_thread(run, "complete", "app.py:1:5", home=tmp_path, environ=environ)

    assert ran.status == 0
    assert "Loading" not in ran.err
    assert model_of(servers) == model
    assert psutil.Process(other.process.pid).children() == []
