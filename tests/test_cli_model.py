"""`infill-ls model`: what it prints where, and with which exit status."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import pytest

from infill_ls.cli import model as command
from infill_ls.cli.console import err, transfer
from infill_ls.errors import ModelFileError
from infill_ls.models import store
from infill_ls.models.catalogue import DEFAULT


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of the models, empty."""
    monkeypatch.setenv("INFILL_LS_MODELS", str(tmp_path))
    return tmp_path


def run(*arguments: str) -> int:
    """The exit status of `infill-ls model …`."""
    parser = argparse.ArgumentParser()
    command.configure(parser)
    return command.run(parser.parse_args(arguments))


def put(path: Path, size: int) -> None:
    """Make a file of this size that takes no room (only its size is looked at)."""
    with path.open("wb") as file:
        file.truncate(size)


def test_list_shows_the_states_of_a_model(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A model is not pulled, partly here, or pulled; the folder is named."""
    states = []
    for prepare in (
        lambda: None,
        lambda: put(store.partial_path(DEFAULT), DEFAULT.size // 4),
        lambda: put(folder / DEFAULT.file, DEFAULT.size),
    ):
        prepare()
        assert run("list") == 0
        states.append(capsys.readouterr().out)

    assert "not pulled" in states[0]
    assert "partial 25 %" in states[1]
    assert "pulled" in states[2].replace("not pulled", "")
    for shown in states:
        assert all(word in shown for word in (DEFAULT.name, "1.1 GB", "Apache-2.0", str(folder)))


def test_path_prints_the_path_and_nothing_else(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The output can be used in a script."""
    put(folder / DEFAULT.file, DEFAULT.size)

    assert run("path") == 0

    assert capsys.readouterr() == (f"{folder / DEFAULT.file}\n", "")


def test_path_of_a_model_that_is_not_here_is_an_error(folder: Path) -> None:
    """The message says which command mends it."""
    with pytest.raises(ModelFileError) as caught:
        run("path")

    assert "infill-ls model pull" in caught.value.sentence()


def test_pull_of_a_model_that_is_here_says_so(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is fetched, and that is no failure."""
    put(folder / DEFAULT.file, DEFAULT.size)

    assert run("pull") == 0

    assert "is here already" in capsys.readouterr().err


def test_pull_refuses_a_file_that_is_not_the_model(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The user's file stays as it is, and the setting for it is named."""
    other = folder / "other.gguf"
    other.write_bytes(b"GGUF")

    with pytest.raises(ModelFileError) as caught:
        run("pull", "--file", str(other))

    assert "backend.model" in caught.value.sentence()
    assert other.read_bytes() == b"GGUF"


def test_remove_says_what_is_free_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second time there is nothing to remove, which is no failure."""
    put(folder / DEFAULT.file, DEFAULT.size)

    assert run("remove") == 0
    assert "1.1 GB" in capsys.readouterr().err
    assert run("remove") == 0
    assert "nothing to remove" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["pull", "gpt"], ["path", "gpt"], ["remove", "gpt"]])
def test_an_unknown_model_is_an_error_of_one_line(folder: Path, arguments: list[str]) -> None:
    """The known names are in it."""
    with pytest.raises(ModelFileError) as caught:
        run(*arguments)

    assert DEFAULT.name in caught.value.sentence()
    assert "\n" not in caught.value.sentence()


@pytest.mark.parametrize("name", ["pull", "list", "path", "remove"])
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--help works, with no stray format character."""
    with pytest.raises(SystemExit) as caught:
        run(name, "--help")

    assert caught.value.code == 0
    assert name in capsys.readouterr().out


def test_without_a_terminal_every_tenth_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A log holds eleven lines, not a thousand, and nothing goes to standard output."""
    with transfer() as shown:
        shown.step("taking it")
        for percent in range(101):
            shown.progress(percent * 1_000_000, 100_000_000)

    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.splitlines()[:2] == ["taking it", " 10 %  10.0 MB of 100.0 MB"]
    assert len(output.err.splitlines()) == 11


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Standard error is a terminal."""
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("TERM", "xterm")
    err.cache_clear()
    yield
    err.cache_clear()


@pytest.mark.usefixtures("terminal")
def test_on_a_terminal_there_is_a_bar(capsys: pytest.CaptureFixture[str]) -> None:
    """The bar is drawn below the words, which stay."""
    with transfer() as shown:
        shown.step("taking it")
        shown.progress(43_000_000, 100_000_000)
        shown.step("checking it")

    written = capsys.readouterr().err
    assert "43%" in written
    assert written.index("taking it") < written.index("43%") < written.index("checking it")
