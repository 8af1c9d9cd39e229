"""A real Emacs as the user has it: our package, the real server, a real terminal."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from editors.emacs.terminal import Emacs, backend_at, body, environment, find_program, written
from fakes.host import FakeHost

Start = Callable[[], Emacs]


@pytest.fixture(scope="session")
def program() -> str:
    """The path of an Emacs that is new enough."""
    program = find_program()
    if program is None:
        complain = pytest.fail if "CI" in os.environ else pytest.skip
        complain("needs Emacs 30.1 or newer: tests/editors/install_emacs.sh gets it")
    if shutil.which("tmux") is None:
        complain = pytest.fail if "CI" in os.environ else pytest.skip
        complain("needs tmux")
    return program


@pytest.fixture
def start_emacs(program: str, tmp_path: Path) -> Iterator[Start]:
    """Starts editors; in the end, none may have met an error in Lisp, no server one in Python."""
    started: list[Emacs] = []

    def start() -> Emacs:
        started.append(Emacs(program, environment(tmp_path / "home")))
        return started[-1]

    yield start
    for emacs in started:
        try:
            log, messages, screen = emacs.log(), emacs.messages(), emacs.screen()
        finally:
            emacs.close()
        # shown with a failing test
        print(*messages, *screen, log[-10_000:], sep="\n")
        assert [line for line in messages if re.match("error ", line, re.IGNORECASE)] == []
        assert "Traceback" not in log


@pytest.fixture
def emacs(start_emacs: Start, host: FakeHost) -> Emacs:
    """An Emacs whose completions come from `host`."""
    emacs = start_emacs()
    emacs.set_up(backend_at(host.url))
    return emacs


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A Python function without its body."""
    return written(tmp_path / "work" / "a.py", body(""))


CHAT_MODEL = "codellama/CodeLlama-7b-Instruct-hf"


@pytest.fixture
def talking(start_emacs: Start, host: FakeHost) -> Emacs:
    """An Emacs whose host serves a model that talks."""
    emacs = start_emacs()
    emacs.set_up(backend_at(host.url, model=CHAT_MODEL))
    return emacs
