"""Where the tests of a file go."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, count
from pathlib import Path

_NAMES = {
    "python": "test_{stem}",
    "javascript": "{stem}.test",
    "javascriptreact": "{stem}.test",
    "typescript": "{stem}.test",
    "typescriptreact": "{stem}.test",
    "java": "{stem}Test",
    "kotlin": "{stem}Test",
    "csharp": "{stem}Tests",
    "php": "{stem}Test",
    "ruby": "test_{stem}",
}
"""What test runners of a language find; of any other, as Go's does."""

_OTHER = "{stem}_test"


def tests_of(file: Path, language: str, is_taken: Callable[[Path], bool]) -> Path:
    """Return a path that nothing has yet: in Python in the next folder `tests` above, if any."""
    folders = (folder / "tests" for folder in file.parents[:4]) if language == "python" else ()
    folder = next((folder for folder in folders if folder.is_dir()), file.parent)
    name = _NAMES.get(language, _OTHER)
    if language == "python" and file.parent.name == "tests":
        folder = file.parent
    # A number goes behind the stem: `a_test2.go` would be no test.
    stems = chain([file.stem], (f"{file.stem}{number}" for number in count(2)))
    paths = (folder / f"{name.format(stem=stem)}{file.suffix}" for stem in stems)
    return next(path for path in paths if not is_taken(path))
