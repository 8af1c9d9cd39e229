"""The real server in a process of its own, spoken to over standard input and output."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from lsprotocol import types
from pytest_lsp import ClientServerConfig

from e2e.editor import Editor, StartEditor
from e2e.server import SERVER
from e2e.wire import Wire
from fakes.faces.tgi import Tgi
from fakes.host import FakeHost


@pytest.fixture
def host() -> Iterator[FakeHost]:
    """A host of Code Llama whose answers the test scripts."""
    with FakeHost(Tgi()) as host:
        yield host


@pytest.fixture
def other_host() -> Iterator[FakeHost]:
    """A host that should not be asked, or only later."""
    with FakeHost(Tgi()) as host:
        yield host


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where Python keeps what it has compiled, so that not every server does it anew."""
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture
def environment(tmp_path: Path, compiled: Path) -> dict[str, str]:
    """What the server inherits, without anything that the user has set up."""
    dropped = ("INFILL_LS_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    homes = {f"XDG_{kind}_HOME": str(tmp_path / kind) for kind in ("CONFIG", "CACHE", "DATA")}
    ours = {
        "INFILL_LS_CONFIG": tmp_path / "none.toml",
        "INFILL_LS_MODELS": tmp_path / "models",
        "INFILL_LS_STATS": tmp_path / "stats.sqlite3",
        "INFILL_LS_SERVERS": tmp_path / "servers",
        # A model that a test has loaded is not for the tests after it.
        "INFILL_LS_BACKEND_IDLE_MINUTES": 0,
    }
    paths = {**ours, "PYTHONPYCACHEPREFIX": compiled}
    return {**kept, **homes, **{name: str(path) for name, path in paths.items()}}


@pytest_asyncio.fixture
async def start_editor(environment: dict[str, str]) -> AsyncIterator[StartEditor]:
    """Starts editors; in the end each server must end well, and have found no fault in itself."""
    started: list[Editor] = []

    async def start(*options: str, **variables: str) -> Editor:
        config = ClientServerConfig(
            server_command=[*SERVER, *options],
            client_factory=Editor,
            server_env=environment | variables,
        )
        editor = await config.start()
        assert isinstance(editor, Editor)
        started.append(editor)
        return editor

    yield start
    statuses = {editor: await editor.leave() for editor in started}
    logged = [message for editor in started for message in editor.log_messages]
    assert [message for message in logged if message.type is types.MessageType.Error] == []
    assert {status for editor, status in statuses.items() if not editor.was_killed} <= {0}


@pytest_asyncio.fixture
async def editor(start_editor: StartEditor) -> Editor:
    """An editor whose server waits to be initialized."""
    return await start_editor()


@pytest_asyncio.fixture
async def wire(environment: dict[str, str]) -> AsyncIterator[Wire]:
    """A server that waits for messages of any kind."""
    wire = await Wire.start(SERVER, environment)
    yield wire
    await wire.close()
