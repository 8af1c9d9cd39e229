"""One embedded model for all windows and commands of a user, whoever of them crashes."""

from __future__ import annotations

import asyncio
import importlib.util
import io
import os
import shutil
import signal
import stat
import sys
import tempfile
import threading
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import psutil
import pytest

from fakes.asking import deltas_of, no_progress
from fakes.llamacpp import TINY_MODEL, existing
from infill_ls.backends.embedded import entry as entry_files
from infill_ls.backends.embedded.backend import Embedded
from infill_ls.backends.embedded.entry import FOLDER_VARIABLE, Entry, Greeting, Ready, Start
from infill_ls.backends.embedded.server import serve
from infill_ls.errors import HostFailed
from infill_ls.settings.tree import BackendSettings

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("xllamacpp") is None, reason="needs the extra `local`"
)

USER = Path(__file__).with_name("fakes") / "embedded_user.py"


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the entries; all servers in it are ended."""
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setenv(FOLDER_VARIABLE, folder)
        yield Path(folder)
        for path in Path(folder).glob("*.json"):
            if entry := entry_files.read(path):
                end(entry.pid)


@pytest.fixture
def model(servers: Path) -> Path:
    return existing(TINY_MODEL)


Open = Callable[..., Embedded]


@pytest.fixture
async def window(model: Path) -> AsyncIterator[Open]:
    """Make back ends as windows of editors have them."""
    opened: list[Embedded] = []

    def make(model: Path = model, idle_minutes: int = 0, **given: int) -> Embedded:
        settings = BackendSettings(
            kind="embedded",
            idle_minutes=idle_minutes,
            # One waits for the other, and both may be slow on a loaded machine.
            read_timeout_ms=90_000,
            **given,
        )
        opened.append(Embedded(model, settings, no_progress))
        return opened[-1]

    yield make
    for each in opened:
        await each.aclose()


def end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def entries(servers: Path) -> list[Entry]:
    found = [entry_files.read(path) for path in sorted(servers.glob("*.json"))]
    return [entry for entry in found if entry]


def path_of(servers: Path) -> Path:
    """The only entry."""
    [path] = servers.glob("*.json")
    return path


def server_of(servers: Path) -> psutil.Process:
    """The process of the only server."""
    [entry] = entries(servers)
    return psutil.Process(entry.pid)


def serving(servers: Path) -> list[psutil.Process]:
    """All processes that serve a model of the folder, written down or not."""
    variable = (FOLDER_VARIABLE, str(servers))
    return [
        process
        for process in psutil.process_iter()
        if process.status() != psutil.STATUS_ZOMBIE
        and "infill_ls.backends.embedded.server" in process.cmdline()
        and variable in process.environ().items()
    ]


async def ended(process: psutil.Process) -> None:
    """Wait until a process has ended."""
    await asyncio.to_thread(process.wait, timeout=10)


@asynccontextmanager
async def other_process(start: Start) -> AsyncIterator[Process]:
    """A user in another process, which has the model."""
    command = [sys.executable, str(USER), msgspec.json.encode(start).decode()]
    user = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert user.stdout is not None
    assert (await user.stdout.readline()).startswith(b"http://127.0.0.1:")
    yield user
    if user.returncode is None:
        user.kill()
    await user.wait()


class Announcement(io.BytesIO):
    """What is closed once the entry is written."""

    def __init__(self) -> None:
        super().__init__()
        self.made = asyncio.Event()

    def close(self) -> None:
        self.made.set()
        super().close()


async def test_the_first_user_is_greeted_before_the_model_is_loaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Loading keeps Python from all else, however long it takes."""
    # Not the folder whose servers are killed: this one is in our own process.
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    begun = threading.Event()

    def load(_start: Start, _key: str) -> tuple[Ready, object]:
        begun.set()
        return Ready(url="http://127.0.0.1:1"), None

    model, announcement = tmp_path / "model.gguf", Announcement()
    model.touch()
    serving = asyncio.create_task(serve(Start(str(model), 4_096, 0), announcement, load))
    await announcement.made.wait()
    [entry] = entries(tmp_path)
    reader, writer = await asyncio.open_connection("127.0.0.1", entry.port)
    was_begun = begun.is_set()
    writer.write(b"challenge\n")
    greeting = msgspec.json.decode(await reader.readline(), type=Greeting)
    ready = msgspec.json.decode(await reader.readline(), type=Ready)
    writer.close()
    await serving

    assert not was_begun
    assert not greeting.loaded
    assert ready.url == "http://127.0.0.1:1"


async def test_two_windows_share_one_server(window: Open, servers: Path) -> None:
    """The second finds what the first started, and both are answered by it."""
    first, second = window(), window()

    answers = [await deltas_of(first), await deltas_of(second)]

    assert answers[0] == answers[1]
    assert len(entries(servers)) == 1


async def test_windows_that_begin_together_start_one_server(window: Open, servers: Path) -> None:
    """Of many that come at once, one starts the server and the others wait for it."""
    windows = [window() for _ in range(5)]

    await asyncio.gather(*(each.model() for each in windows))

    assert serving(servers) == [server_of(servers)]


async def test_another_process_finds_the_server(window: Open, servers: Path, model: Path) -> None:
    """What a command started serves an editor, and goes on when the command has gone."""
    async with other_process(Start(str(model), 4_096, 0)):
        own = window()
        await own.model()
        server = server_of(servers)

    assert await deltas_of(own)
    assert server.is_running()


async def test_the_server_ends_with_its_last_user(window: Open, servers: Path) -> None:
    """When nobody is left, and the time has gone by, neither process nor entry is."""
    first, second = window(), window()
    await first.model()
    await second.model()
    server = server_of(servers)

    await first.aclose()
    alive = await deltas_of(second)
    await second.aclose()

    await ended(server)
    assert alive
    assert entries(servers) == []


async def test_the_server_outlives_its_last_user_for_a_while(window: Open, servers: Path) -> None:
    """Within the minutes of the settings, the next user has the model at once."""
    first = window(idle_minutes=1)
    await first.model()
    server = server_of(servers)
    await first.aclose()

    second = window(idle_minutes=1)
    await second.model()

    assert server_of(servers) == server


async def test_a_user_that_is_killed_lets_go(servers: Path, model: Path) -> None:
    """The server ends even if its last user could not say goodbye."""
    async with other_process(Start(str(model), 4_096, 0)) as user:
        server = server_of(servers)
        user.kill()

        await ended(server)


async def test_a_server_that_is_killed_is_replaced(window: Open, servers: Path) -> None:
    """All that used it have a new one, and only one, with their next request."""
    first, second = window(), window()
    await first.model()
    await second.model()
    server = server_of(servers)

    server.kill()
    await ended(server)
    await asyncio.gather(deltas_of(first), deltas_of(second))

    assert server_of(servers).pid != server.pid


async def test_a_stranger_on_the_port_is_told_nothing(
    window: Open, servers: Path, model: Path
) -> None:
    """Where another program listens on the port of an old entry, it gets neither key nor prompt."""
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readline())
        writer.write(b'{"proof": "I am it", "loaded": true}\n{"url": "http://127.0.0.1:1"}\n')
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as stranger:
        old = Entry(1, stranger.sockets[0].getsockname()[1])
        entry_files.write(Start(str(model), 4_096, 0).entry_path(), old)
        own = window()

        assert await deltas_of(own)

    assert len(heard) == 2  # before and after the lock was had
    assert old.key.encode() not in b"".join(heard)
    assert server_of(servers).pid != 1


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": 1, "port": 1, "key": "a"}'])
async def test_an_entry_of_no_use_is_replaced(
    window: Open, servers: Path, model: Path, content: bytes
) -> None:
    """Whatever a crash or another hand left there, the model is served."""
    Start(str(model), 4_096, 0).entry_path().write_bytes(content)

    assert await deltas_of(window())


async def test_other_models_have_servers_of_their_own(
    window: Open, servers: Path, model: Path, tmp_path: Path
) -> None:
    """Another context, and another file under the same name, are other models."""
    copy = Path(shutil.copy(model, tmp_path))

    for each in (window(), window(context_tokens=512), window(copy)):
        await each.model()

    assert len(entries(servers)) == 3


async def test_only_the_user_can_read_the_key(window: Open, servers: Path) -> None:
    """Neither the entry nor what other users see of a process tells it."""
    await window().model()

    [entry] = entries(servers)
    process = psutil.Process(entry.pid)
    assert stat.S_IMODE(path_of(servers).stat().st_mode) == 0o600
    assert entry.key not in str(process.cmdline()) + str(process.environ()) + repr(entry)


async def test_a_model_that_cannot_be_loaded_is_one_sentence(
    window: Open, servers: Path, tmp_path: Path
) -> None:
    """The file is named, nothing is left behind, and a mended file is loaded the next time."""
    file = tmp_path / "a.gguf"
    file.write_bytes(b"GGUF, or not")
    own = window(file)

    with pytest.raises(HostFailed, match=r"a\.gguf cannot be loaded"):
        await own.model()
    gone = entries(servers)
    shutil.copy(TINY_MODEL, file)

    assert gone == []
    assert await deltas_of(own)


async def test_a_folder_that_cannot_be_written_is_told(
    window: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What to do about it stands in the sentence."""
    (tmp_path / "file").touch()
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "file" / "servers"))

    with pytest.raises(HostFailed) as raised:
        await window().model()

    assert FOLDER_VARIABLE in raised.value.sentence()


async def test_a_start_is_not_stopped_by_a_request_that_is_cancelled(
    window: Open, servers: Path
) -> None:
    """The model is loaded all the same, and the next request has it."""
    own = window()
    task = asyncio.create_task(own.model())
    await asyncio.sleep(0)

    task.cancel()
    await asyncio.wait({task})

    assert await deltas_of(own)
    assert len(entries(servers)) == 1
