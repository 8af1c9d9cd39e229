"""What must not leave is in no prompt: not as the document, and not as its neighbour."""

from __future__ import annotations

from pathlib import Path

import pytest

from infill_ls.clearance import Clearance
from infill_ls.errors import BadInput
from infill_ls.text import Text
from infill_ls.types import CompletionRequest, Document, Trigger


def document(uri: str) -> Document:
    return Document(uri, "python", 1, Text("x = 1\n"))


def request(uri: str, *neighbours: str) -> CompletionRequest:
    return CompletionRequest(document(uri), 0, Trigger.INVOKED, tuple(map(document, neighbours)))


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / ".gitignore").write_text("build/\n")
    (folder / ".infillignore").write_text("private_*.py\n")
    return folder


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (".env", "secret pattern"),
        ("keys/server.pem", "secret pattern"),
        (".aws/config", "secret pattern"),
        ("build/out.py", "ignored by"),
        ("private_notes.py", "ignored by"),
        ("../other/app.py", "outside"),
    ],
)
def test_what_must_not_be_shown_is_refused_by_name(workspace: Path, name: str, reason: str) -> None:
    """The message says which document, and why."""
    clearance = Clearance(lambda: (workspace,), use_gitignore=True)
    uri = (workspace / name).as_uri()

    with pytest.raises(BadInput, match=reason) as caught:
        clearance.cleared(request(uri))

    assert uri in str(caught.value)


def test_neighbours_that_must_not_be_shown_are_left_out(workspace: Path) -> None:
    """What is left keeps its order, and gets its path in the workspace."""
    clearance = Clearance(lambda: (workspace,), use_gitignore=True)
    names = ["b.py", ".env", "pkg/c.py", "build/d.py", "../e.py", "private_f.py", "a.py"]
    uris = [(workspace / name).as_uri() for name in names]

    cleared = clearance.cleared(request((workspace / "pkg" / "own.py").as_uri(), *uris))

    assert cleared.document.path == "pkg/own.py"
    assert [neighbour.path for neighbour in cleared.neighbours] == ["b.py", "pkg/c.py", "a.py"]


@pytest.mark.parametrize("uri", ["untitled:Untitled-1", "stdin:", "inmemory:model", "http://["])
def test_buffer_without_a_file_may_be_shown(workspace: Path, uri: str) -> None:
    """It has no name that could be secret and no place that could be outside."""
    clearance = Clearance(lambda: (workspace,), use_gitignore=True)

    assert clearance.cleared(request(uri)).document.uri == uri


def test_cell_of_a_notebook_is_judged_by_the_notebook(workspace: Path) -> None:
    """Whatever the scheme, the path counts."""
    clearance = Clearance(lambda: (workspace,), use_gitignore=True)
    inside = f"vscode-notebook-cell:{workspace.as_posix()}/a.ipynb#W1"
    ignored = f"vscode-notebook-cell:{workspace.as_posix()}/build/a.ipynb#W1"

    assert clearance.cleared(request(inside)).document.path == "a.ipynb"
    with pytest.raises(BadInput):
        clearance.cleared(request(ignored))


def test_gitignore_can_be_left_out_of_account(workspace: Path) -> None:
    """The setting frees what .gitignore excludes, and nothing else."""
    clearance = Clearance(lambda: (workspace,), use_gitignore=False)

    assert clearance.cleared(request((workspace / "build" / "out.py").as_uri()))
    with pytest.raises(BadInput):
        clearance.cleared(request((workspace / "private_notes.py").as_uri()))


def test_new_folders_of_the_workspace_count_at_once(workspace: Path) -> None:
    """A folder that is added to the workspace is no longer outside."""
    folders: tuple[Path, ...] = (workspace,)
    clearance = Clearance(lambda: folders, use_gitignore=True)
    other = (workspace.parent / "other" / "app.py").as_uri()
    with pytest.raises(BadInput):
        clearance.cleared(request(other))

    folders = (workspace, workspace.parent / "other")

    assert clearance.cleared(request(other)).document.path == "app.py"


def test_lone_file_needs_no_workspace(tmp_path: Path) -> None:
    """An editor that has opened nothing but a file completes in it."""
    clearance = Clearance(tuple, use_gitignore=True)

    assert clearance.cleared(request((tmp_path / "a.py").as_uri())).document.path == "a.py"
    with pytest.raises(BadInput):
        clearance.cleared(request((tmp_path / ".env").as_uri()))
