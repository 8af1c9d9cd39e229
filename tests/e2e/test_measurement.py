"""What becomes of suggestions is counted on this machine, as the editor's changes tell it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from lsprotocol import types

from e2e.editor import Editor
from e2e.server import served_by
from fakes.host import FakeHost

SECRET = "salary_of_the_boss"


def stats(tmp_path: Path) -> dict[str, Any]:
    """Return what `infill-ls stats --json` says."""
    command = [sys.executable, "-m", "infill_ls", "stats", "--json"]
    environment = os.environ | {"INFILL_LS_STATS": str(tmp_path / "stats.sqlite3")}
    done = subprocess.run(command, capture_output=True, check=True, env=environment, text=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def figures_of(counted: dict[str, Any]) -> tuple[int, int, int]:
    return counted["answered"], counted["shown"], counted["accepted_whole"]


async def test_an_accepted_suggestion_is_counted(
    editor: Editor, host: FakeHost, tmp_path: Path
) -> None:
    """Put in as a whole, it is shown and accepted; the file holds nothing of the code."""
    host.answers(SECRET)
    await editor.begin(served_by(host))
    cursor = editor.open("x = ‸\n")
    answer = await editor.inline(cursor)
    assert answer is not None

    [item] = answer.items
    assert item.range is not None
    editor.replace(item.range, str(item.insert_text))
    await editor.leave()

    counted = stats(tmp_path)["by_source"]
    assert [*counted] == ["network"]
    assert figures_of(counted["network"]) == (1, 1, 1)
    written = b"".join(file.read_bytes() for file in tmp_path.glob("stats.sqlite3*"))
    assert SECRET.encode() not in written
    assert b"app.py" not in written


async def test_a_rejected_suggestion_is_not_accepted(
    editor: Editor, host: FakeHost, tmp_path: Path
) -> None:
    """Typed against, it was answered and not taken; how long it was shown is the machine's."""
    host.answers("first")
    await editor.begin(served_by(host))
    cursor = editor.open("x = ‸\n")
    await editor.inline(cursor)

    editor.replace(types.Range(cursor, cursor), "z")
    await editor.leave()

    answered, _, accepted = figures_of(stats(tmp_path)["all"])
    assert (answered, accepted) == (1, 0)


async def test_nothing_is_counted_if_it_is_switched_off(
    editor: Editor, host: FakeHost, tmp_path: Path
) -> None:
    """With `measurement.enabled` off there is no file."""
    host.answers("first")
    await editor.begin({**served_by(host), "measurement": {"enabled": False}})

    await editor.inline(editor.open("x = ‸\n"))
    await editor.leave()

    assert not list(tmp_path.glob("stats.sqlite3*"))
