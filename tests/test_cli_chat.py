"""`infill-ls chat`: one question, questions in turns, and code that goes along."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fakes.faces.tgi import Tgi
from fakes.host import FakeHost
from fakes.script import EOS
from infill_ls.cli import console, main

Run = Callable[..., tuple[int, str, str]]


class Typed(io.TextIOWrapper):
    """Standard input with a text in it."""

    def __init__(self, text: str) -> None:
        super().__init__(io.BytesIO(text.encode()), encoding="utf-8")


@pytest.fixture
def host() -> Iterator[FakeHost]:
    """A TGI from before the Messages API."""
    with FakeHost(Tgi(model="codellama/CodeLlama-7b-Instruct-hf")) as host:
        yield host


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    host: FakeHost,
) -> Run:
    """Runs the command in this process, with something on standard input."""
    console.out.cache_clear()
    console.err.cache_clear()
    for name in [name for name in os.environ if name.startswith("INFILL_LS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("INFILL_LS_CONFIG", str(tmp_path / "none.toml"))

    def run(*arguments: str, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", Typed(typed))
        status = main(["chat", *arguments, "--backend", "tgi", "--url", host.url])
        return status, *capsys.readouterr()

    return run


def prompt_of(host: FakeHost) -> str:
    return str(host.asked[-1].request.json["inputs"])


def test_one_question_is_answered(run: Run, host: FakeHost) -> None:
    """The answer is all that goes to standard output."""
    host.answers(" It", " **adds**.", EOS)

    status, out, err = run("What does it do?")

    assert (status, out, err) == (0, "It **adds**.\n", "")
    assert prompt_of(host) == "[INST] What does it do? [/INST]"


def test_what_is_piped_in_goes_along(run: Run, host: FakeHost) -> None:
    """As the output of another command does."""
    host.answers(" Fine.", EOS)

    run("Good?", typed="+ a = 1\n")

    assert prompt_of(host) == "[INST] standard input:\n\n```\n+ a = 1\n```\n\nGood? [/INST]"


def test_lines_of_a_file_go_along(run: Run, host: FakeHost, tmp_path: Path) -> None:
    """Only those that are named."""
    host.answers(" Fine.", EOS)
    path = tmp_path / "a.py"
    path.write_text("a = 1\nb = 2\nc = 3\n")

    run("Good?", "--file", f"{path}:2-3")

    assert "lines 2 to 3:\n\n```\nb = 2\nc = 3\n```" in prompt_of(host)
    assert "a = 1" not in prompt_of(host)


def test_questions_in_turns_are_one_conversation(run: Run, host: FakeHost) -> None:
    """A blank line asks nothing, and a failure does not end it."""
    host.answers(" One.", EOS)
    host.answers(" Two.", EOS)

    status, out, _ = run(typed="1?\n\n2?\n")

    assert (status, out) == (0, "One.\nTwo.\n")
    assert prompt_of(host) == "[INST] 1? [/INST] One. </s><s>[INST] 2? [/INST]"


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("none.py", "none.py cannot be read"),
        ("a.py:2-9", "has no lines 2 to 9: it has 1 to 3"),
        ("a.py:0-1", "has no lines 0 to 1"),
        (".env", "not shown to a model"),
    ],
)
def test_a_file_of_no_use_is_told(
    run: Run, host: FakeHost, tmp_path: Path, named: str, words: str
) -> None:
    """One sentence, and nothing is asked."""
    (tmp_path / "a.py").write_text("a\nb\n")
    (tmp_path / ".env").write_text("TOKEN=a\n")

    status, out, err = run("Good?", "--file", str(tmp_path / named))

    assert (status, out, host.asked) == (1, "", ())
    assert words in err
    assert "Traceback" not in err


def test_a_failing_host_is_told(run: Run, host: FakeHost) -> None:
    """One sentence that names it."""
    status, _, err = run("Good?")

    assert status == 1
    assert host.url in err
    assert len(err.splitlines()) == 1
