"""Pictures are asked for as the host expects it, and written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from fakes.asking import SECRET
from fakes.command import Ran, run
from fakes.faces.image import MODEL, Drawing
from fakes.host import FakeHost
from fakes.response import Response
from infill_ls import errors
from infill_ls.backends.image import Wish, draw
from infill_ls.settings.tree import BackendSettings, ImageSettings, Settings


@pytest.fixture
def host() -> Iterator[FakeHost]:
    with FakeHost(Drawing(), token=SECRET) as host:
        yield host


def settings(host: FakeHost, token: str | None = SECRET) -> Settings:
    return Settings(image=ImageSettings(url=host.url, token=token))


async def test_a_picture_is_written_where_it_was_wanted(host: FakeHost, tmp_path: Path) -> None:
    """All that was wished for reaches the host, and what it draws is in the file."""
    host.answers()
    wish = Wish(
        prompt="a red fox", negative_prompt="blurry", guidance_scale=9, width=128, height=64,
        num_inference_steps=30, seed=7,
    )  # fmt: skip

    path = await draw(wish, tmp_path / "fox.png", settings(host))

    [request] = host.requests
    assert path == tmp_path / "fox.png"
    with Image.open(path) as picture:
        assert (picture.format, picture.size, picture.getpixel((0, 0))) == (
            "PNG",
            (128, 64),
            (7, 0, 0),
        )
    assert request.path == f"/models/{MODEL}"
    assert request.json == {
        "inputs": "a red fox",
        "parameters": {
            "negative_prompt": "blurry", "guidance_scale": 9, "width": 128, "height": 64,
            "num_inference_steps": 30, "seed": 7,
        },
    }  # fmt: skip


async def test_what_is_not_wished_for_is_left_to_the_host(host: FakeHost, tmp_path: Path) -> None:
    """With nothing but a prompt, no parameter is sent."""
    host.answers()

    await draw(Wish(prompt="a fox"), tmp_path / "fox.png", settings(host))

    assert host.requests[0].json == {"inputs": "a fox", "parameters": {}}


@pytest.mark.parametrize(
    ("name", "sent", "written"),
    [
        ("fox.png", None, "fox.png"),
        ("fox.jpg", None, "fox.jpg"),
        ("fox.jpeg", None, "fox.jpeg"),
        ("fox.webp", None, "fox.webp"),
        ("fox", None, "fox.png"),
        ("fox.v1.2", None, "fox.v1.2.png"),
        ("fox.png", "image/jpeg", "fox.jpg"),
        ("fox.txt", "image/png", "fox.txt.png"),
    ],
)
async def test_the_suffix_is_that_of_what_the_host_sends(
    tmp_path: Path, name: str, sent: str | None, written: str
) -> None:
    """A name of another kind of picture is changed, any other is kept and added to."""
    with FakeHost(Drawing(always=sent)) as host:
        host.answers()

        path = await draw(Wish(prompt="a fox"), tmp_path / name, settings(host))

    assert path.name == written
    assert list(tmp_path.iterdir()) == [path]
    with Image.open(path) as picture:
        assert picture.format in ("PNG", "JPEG", "WEBP")


async def test_a_picture_replaces_another(host: FakeHost, tmp_path: Path) -> None:
    """A file that is there is overwritten."""
    (tmp_path / "fox.png").write_bytes(b"old")
    host.answers()

    path = await draw(Wish(prompt="a fox"), tmp_path / "fox.png", settings(host))

    assert path.read_bytes().startswith(b"\x89PNG")


FAULTS: dict[str, tuple[Callable[[FakeHost], None], type[errors.BackendError]]] = {
    "loading": (
        lambda host: host.fail(503, json={"error": "loading", "estimated_time": 20.0}),
        errors.Loading,
    ),
    "loading, 200": (
        lambda host: host.fail(200, json={"error": "loading", "estimated_time": 20.0}),
        errors.Loading,
    ),
    "list": (
        lambda host: host.fail(400, json={"error": ["width: too small"]}),
        errors.RequestRejected,
    ),
    "inference": (
        lambda host: host.fail(500, json={"error": "unknown error", "warnings": ["no memory"]}),
        errors.HostFailed,
    ),
    "page": (lambda host: host.html(200), errors.BadAnswer),
    "text": (lambda host: host.fail(200, text="a fox"), errors.BadAnswer),
    "nothing": (lambda host: host.fail(200), errors.BadAnswer),
    "gone": (lambda host: host.hang_up(), errors.Unreachable),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_leaves_the_file_as_it_was(
    host: FakeHost, tmp_path: Path, fault: str
) -> None:
    """What is no picture is an error of one line, and nothing is written."""
    script, expected = FAULTS[fault]
    script(host)
    (tmp_path / "fox.png").write_bytes(b"old")

    with pytest.raises(errors.BackendError) as raised:
        await draw(Wish(prompt="a fox"), tmp_path / "fox.png", settings(host))

    assert type(raised.value) is expected
    assert host.url in str(raised.value)
    assert "backend." not in raised.value.sentence()
    assert SECRET not in raised.value.sentence()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


async def test_a_picture_that_breaks_off_is_not_written(tmp_path: Path, host: FakeHost) -> None:
    """Half a picture is none."""
    host.replies(Response(200, {"content-type": "image/png"}, (b"\x89PNG",), ending="cut"))

    with pytest.raises(errors.BackendError):
        await draw(Wish(prompt="a fox"), tmp_path / "fox.png", settings(host))

    assert list(tmp_path.iterdir()) == []


async def test_a_folder_that_is_not_there_is_told_before_anything_is_drawn(
    host: FakeHost, tmp_path: Path
) -> None:
    """Nobody waits for a picture that cannot be written."""
    with pytest.raises(errors.BadInput, match="there is no folder"):
        await draw(Wish(prompt="a fox"), tmp_path / "none" / "fox.png", settings(host))

    assert host.requests == ()


@pytest.mark.parametrize(
    "wrong",
    [{"width": 100}, {"height": 0}, {"seed": -1}, {"num_inference_steps": 0}, {"steps": 3}],
    ids=str,
)
def test_a_wish_that_no_host_grants_is_refused(wrong: dict[str, Any]) -> None:
    """Sizes are multiples of 8, and there is no other parameter."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"prompt": "a fox", **wrong}, Wish)


async def test_no_other_token_is_sent(
    host: FakeHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host of one's own gets neither the back end's token nor Hugging Face's."""
    monkeypatch.setenv("HF_TOKEN", SECRET)
    backend = BackendSettings(url="http://gpu.example", token=SECRET, headers={"X-Key": SECRET})
    given = Settings(backend=backend, image=ImageSettings(url=host.url))

    with pytest.raises(errors.Refused) as raised:
        await draw(Wish(prompt="a fox"), tmp_path / "fox.png", given)

    assert SECRET not in str(host.requests)
    assert "`image`" in raised.value.hint


def drawn_by(host: FakeHost, home: Path, *arguments: str) -> Ran:
    given = {"INFILL_LS_IMAGE_URL": host.url, "INFILL_LS_IMAGE_TOKEN": SECRET}
    return run("image", "a red fox", *arguments, home=home, environ=given)


def test_the_command_prints_the_path(host: FakeHost, tmp_path: Path) -> None:
    """The path that was written to, and nothing else, goes to standard output."""
    host.answers()

    ran = drawn_by(host, tmp_path, "-o", "fox", "--seed", "3", "--width", "72")

    assert (ran.status, ran.out, ran.err) == (0, "fox.png\n", "")
    with Image.open(tmp_path / "fox.png") as picture:
        assert (picture.size, picture.getpixel((0, 0))) == ((72, 64), (3, 0, 0))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("-o", "fox.png", "--width", "100"), "multiple of 8"),
        (("-o", "none/fox.png"), "there is no folder none"),
        (("-o", "fox.png"), "a GPU is missing"),
    ],
)
def test_the_command_says_what_fails(
    host: FakeHost, tmp_path: Path, options: tuple[str, ...], says: str
) -> None:
    """A failure is one line and status 1."""
    host.fail(500, json={"error": "a GPU is missing"})

    ran = drawn_by(host, tmp_path, *options)

    [line] = ran.err.splitlines()
    assert (ran.status, ran.out) == (1, "")
    assert says in line
    assert SECRET not in line
