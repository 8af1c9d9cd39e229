"""The command `infill-ls` as a user runs it, in a process and an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_KEPT = ("PATH", "PYTHONPATH", "SYSTEMROOT", "LANG")
"""What a process needs of our own environment; no proxies, no tokens, no settings."""


_OF_A_TEST = {"COLUMNS": "400", "INFILL_LS_BACKEND_IDLE_MINUTES": "0"}
"""Lines are not broken, and no model stays loaded behind a test."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended, and what it printed."""

    status: int
    out: str
    err: str


def run(*arguments: str, home: Path, environ: Mapping[str, str] | None = None) -> Ran:
    """Run a command of a user whose home is an empty folder, where it is started too."""
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "infill_ls", *arguments],
        env={**environment, **_OF_A_TEST, "HOME": str(home), **(environ or {})},
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)
