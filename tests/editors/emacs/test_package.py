"""The package by itself: without a terminal, and as Emacs's own tools see it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from editors.emacs.terminal import PACKAGE, TESTS, body, environment, written
from fakes.host import FakeHost
from fakes.script import Answer, Token


def test_the_package_compiles_without_a_warning(program: str, tmp_path: Path) -> None:
    """The byte compiler and checkdoc find nothing to say about any file."""
    files = sorted(PACKAGE.glob("*.el"))
    strict = f"""(setq byte-compile-error-on-warn t
      byte-compile-dest-file-function
      (lambda (file) (expand-file-name (concat (file-name-base file) ".elc") "{tmp_path}")))"""
    check = """(progn (require 'checkdoc)
      (mapc #'checkdoc-file command-line-args-left) (setq command-line-args-left nil))"""

    compiled = batch(program, tmp_path, "--eval", strict, "-f", "batch-byte-compile", *files)
    checked = batch(program, tmp_path, "--eval", check, *files)

    assert files
    assert {path.stem for path in tmp_path.glob("*.elc")} == {path.stem for path in files}
    assert (compiled.returncode, compiled.stderr) == (0, "")
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_package_by_its_own_tests(program: str, host: FakeHost, tmp_path: Path) -> None:
    """What Emacs's test framework claims of single functions, and without a terminal."""
    host.always(Answer((Token("urn a"), Token(" + b"))))
    file = written(tmp_path / "work" / "a.py", body("ret"))

    run = batch(
        program, tmp_path, "-l", TESTS / "infill-ls-tests.el", "-f", "ert-run-tests-batch-and-exit",
        TEST_FILE=str(file), INFILL_LS_BACKEND_URL=host.url,
        INFILL_LS_BACKEND_KIND="tgi",
    )  # fmt: skip

    assert run.returncode == 0, run.stderr
    assert re.search(r"Ran [1-9]\d* tests, \d+ results as expected, 0 unexpected", run.stderr)
    assert host.asked


def batch(
    program: str, home: Path, *arguments: str | Path, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run Emacs with our package and without a terminal, until its end."""
    return subprocess.run(
        [program, "-Q", "--batch", "-L", PACKAGE, *arguments],
        env={**environment(home / "home"), **more},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
