"""Helix as the page says to set it up: a menu and code actions, as any such client has them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from editors import course
from editors.helix import Helix, find_program, set_up
from editors.neovim import environment, until
from fakes.faces.tgi import Tgi
from fakes.host import FakeHost, refused_url
from fakes.script import EOS, EOT, Answer, Token

HEAD = "def add(a, b):"

Start = Callable[[str], Helix]


@pytest.fixture(scope="session")
def program() -> str:
    """The path of a Helix that is new enough."""
    program = find_program()
    if program is None or shutil.which("tmux") is None:
        complain = pytest.fail if "CI" in os.environ else pytest.skip
        complain("needs Helix 25.01 or newer and tmux: tests/editors/install_helix.sh gets Helix")
    return program


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A Python function without its body."""
    path = tmp_path / "work" / "a.py"
    path.parent.mkdir()
    path.write_text(f"{HEAD}\n    \n")
    return path


@pytest.fixture
def start(program: str, tmp_path: Path, file: Path) -> Iterator[Start]:
    """Starts Helix on the file, with a host; in the end, none may have shown an error of Python."""
    started: list[Helix] = []

    def start(url: str) -> Helix:
        own = environment(tmp_path / "home")
        set_up(own, url)
        started.append(Helix(program, own, file))
        return started[-1]

    yield start
    for helix in started:
        shown, log = helix.shown(), helix.log()
        helix.close()
        # shown with a failing test
        print(shown, log[-2_000:], sep="\n")
        assert "Traceback" not in shown + log


@pytest.fixture
def host() -> Iterator[FakeHost]:
    """A host of a model that fills in and talks."""
    with FakeHost(Tgi(model=course.MODEL)) as host:
        yield host


def test_the_menu_has_the_suggestion(start: Start, host: FakeHost) -> None:
    """It comes while one types; taken, it is in the code, and nothing stands there twice."""
    host.always(Answer((Token("turn a + b"), EOT)))
    helix = start(host.url)

    helix.type("jA")
    helix.insert("re")
    until(helix.shown, lambda screen: "return a + b" in screen)
    helix.press("Tab", "Enter")

    assert helix.saved() == f"{HEAD}\n    return a + b\n"


def test_a_suggestion_of_several_lines(start: Start, host: FakeHost) -> None:
    """The menu has its first line; taken, all of it is in the code, indented as it is written."""
    host.always(Answer((Token(" a > b:\n        return a\n    return b"), EOT)))
    helix = start(host.url)

    helix.type("jA")
    helix.insert("if")
    until(helix.shown, lambda screen: "if a > b:" in screen)
    helix.press("Tab", "Enter")

    assert helix.saved() == f"{HEAD}\n    if a > b:\n        return a\n"


@pytest.mark.parametrize(("line_end", "to_cursor"), [("\n", "jgl"), ("\r\n", "jgll")])
def test_a_code_action_changes_the_function(
    start: Start, host: FakeHost, file: Path, line_end: str, to_cursor: str
) -> None:
    """It is the one around the cursor, though that is a selection in Helix, perhaps a line end.

    While it is worked out, Helix answers the server nothing.
    """
    documented = f'{HEAD}\n    """Add."""\n    return a + b\n'
    host.answers(f"```python\n{documented}```", EOS)
    file.write_text(f"{HEAD}\n    return a + b\n", newline=line_end)
    helix = start(host.url)

    helix.type(to_cursor)
    _choose_action(helix, "Write a docstring")
    until(helix.shown, lambda screen: '"""Add."""' in screen)

    assert helix.saved() == documented


def test_a_server_beside_ours(start: Start, host: FakeHost, file: Path) -> None:
    """One menu has the actions of both, and the other's do what they do."""
    file.write_text(f"import os\n{HEAD}\n    return a + b\n")
    helix = start(host.url)

    helix.type("jgl")
    _choose_action(helix, "Ruff: Fix all", beside="Write a docstring (infill-ls)")
    until(helix.shown, lambda screen: "import os" not in screen)

    assert helix.saved() == f"{HEAD}\n    return a + b\n"


def test_a_host_that_is_not_there_stops_nobody(start: Start) -> None:
    """One goes on typing, and what is typed is there."""
    with refused_url() as url:
        helix = start(url)

        helix.type("jA")
        helix.insert("return a")
        until(helix.log, lambda log: "cannot be reached" in log)
        helix.insert(" + b")

        assert helix.saved() == f"{HEAD}\n    return a + b\n"


def _choose_action(helix: Helix, title: str, *, beside: str = "") -> None:
    """Choose from the menu of code actions, once that has another one, too."""
    helix.press("Space", "a")
    screen = until(helix.shown, lambda screen: title in screen and beside in screen)
    menu = [row for row in screen.splitlines() if "Ruff: " in row or "(infill-ls)" in row]
    place = next(place for place, row in enumerate(menu) if title in row)
    # The first is marked.
    helix.press(*["Tab"] * place, "Enter")
