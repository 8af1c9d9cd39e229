"""Real editors, each with its configuration from editor-configs and the real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from editors import neovim
from editors.neovim import Neovim
from fakes.faces.tgi import Tgi
from fakes.host import FakeHost

pytest.register_assert_rewrite("editors.course")


@pytest.fixture
def host() -> Iterator[FakeHost]:
    """A host of Code Llama whose answers the test scripts."""
    with FakeHost(Tgi()) as host:
        yield host


@pytest.fixture(scope="session")
def nvim_program() -> str:
    """The path of a Neovim of the newest series."""
    return neovim.required_program()


@pytest.fixture
def start_nvim(nvim_program: str, tmp_path: Path) -> Iterator[Callable[[], Neovim]]:
    """Starts editors; in the end, none may have told or logged an error that is not ours."""
    started: list[Neovim] = []

    def start() -> Neovim:
        started.append(Neovim(nvim_program, neovim.environment(tmp_path)))
        return started[-1]

    yield start
    for nvim in started:
        log, messages = nvim.log(), nvim.messages()
        nvim.close()
        # shown with a failing test
        print(*messages, log, sep="\n")
        assert [line for line in messages if not line.startswith("infill-ls: ")] == []
        assert [line for line in log.splitlines() if _is_error(line)] == []


def _is_error(line: str) -> bool:
    """Tell whether a line of the log is one; Neovim calls all that a server prints ERROR."""
    return "Traceback" in line or ("[ERROR]" in line and '"stderr"' not in line)


@pytest.fixture
def nvim(host: FakeHost, start_nvim: Callable[[], Neovim]) -> Neovim:
    """A Neovim whose completions come from `host`, which outlives it."""
    nvim = start_nvim()
    nvim.set_up({"settings": {"backend": {"kind": "tgi", "url": host.url}}})
    return nvim
