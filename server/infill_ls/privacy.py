"""Which files may enter a prompt, and thereby leave this machine.

Three things keep a file back: a name that secrets have, a place outside the workspace, and the
ignore files `.gitignore` and `.infillignore`, which are read as git reads them.
"""

from __future__ import annotations

import logging
import os
import re
import stat
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from cachetools import LRUCache
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

logger = logging.getLogger(__name__)

SECRETS: tuple[str, ...] = (
    "credentials",
    "!credentials/",  # a folder of that name is as often source code
    "credentials.*",
    "*credentials*.json",
    ".env*",
    "!.env.example",  # these three are made to be shared
    "!.env.sample",
    "!.env.template",
    "secrets.*",
    "*.secret",
    "*.secrets",
    # Keys, and what they are kept in.
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "*.ppk",
    "*.asc",
    "*.gpg",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    # Passwords and tokens of programs.
    ".netrc",
    "_netrc",
    ".npmrc",
    ".pypirc",
    ".pgpass",
    ".my.cnf",
    ".htpasswd",
    ".git-credentials",
    "**/.git/config",
    "**/.docker/config.json",
    "**/.kube/config",
    "service-account*.json",
    # Terraform writes passwords into its state as they are.
    "*.tfstate",
    "*.tfstate.*",
    "*.tfvars",
    ".aws/",
    ".azure/",
    ".gcloud/",
    ".gnupg/",
    ".secrets/",
    ".ssh/",
    "secrets/",
)
"""Names of files that hold secrets, as patterns of git; they are compared in small letters."""


@dataclass(frozen=True, slots=True, eq=False)
class _Rules:
    """The patterns of one ignore file."""

    file: str
    patterns: tuple[GitIgnoreSpecPattern, ...]
    """The last line first, because the last match wins."""


_Mark = tuple[int, ...]
"""What tells that a file was changed."""


class Privacy:
    """Tells of a file whether it may leave, and if not, why."""

    def __init__(self, folders: Sequence[Path], *, use_gitignore: bool = True) -> None:
        names = {name for each in folders for name in _names(each)}
        self._folders = sorted(names, key=len)
        self._ignore_files = (".gitignore", ".infillignore")[0 if use_gitignore else 1 :]
        self._known: LRUCache[str, tuple[_Mark, _Rules]] = LRUCache(maxsize=1024)

    def reason(self, path: Path) -> str | None:
        """Return why a file may not leave, as a phrase, or None where it may.

        The file need not exist. What is behind a symbolic link is judged by both of its names.
        """
        try:
            given, real = _names(path)
        except ValueError:
            return "its name is none that a file can have"
        both = (given,) if given == real else (given, real)
        for name in both:
            if pattern := _secret(name):
                return f"its name matches the secret pattern {pattern}"
        if self._root(real) is None:
            return "it is outside the workspace's folders"
        for name in both:
            if ignore_file := self._ignored(name):
                return f"it is ignored by {ignore_file}"
        return None

    def _root(self, file: str) -> str | None:
        """Return the folder whose ignore files are the first that apply, None where none is.

        That is the outermost of the workspace's folders, unless one within is a repository: what
        lies around it by chance, such as the home, does not rule a project that is opened as such.
        """
        if not self._folders:
            return next(filter(_is_repository, _ancestors(file)), os.path.dirname(file))
        # The shortest is the outermost.
        around = [each for each in self._folders if _contains(each, file)]
        repositories = [each for each in around if _is_repository(each)]
        return next(iter(repositories[-1:] or around), None)

    def _ignored(self, file: str) -> str | None:
        """Return the ignore file that excludes a file or a folder above it.

        The way leads from that root down, and ends at the first folder that is excluded: what is in
        there cannot be included again.
        """
        root = self._root(file)
        if root is None:
            return None
        parts = _parts(file[len(root) :])
        rules: list[tuple[int, _Rules]] = []
        for depth in range(len(parts)):
            rules += [(depth, each) for each in self._rules_in(os.path.join(root, *parts[:depth]))]
            if ignore_file := _excluding(rules, parts, depth + 1):
                return ignore_file
        return None

    def _rules_in(self, folder: str) -> Iterator[_Rules]:
        for name in self._ignore_files:
            file = os.path.join(folder, name)
            if mark := _mark(file):
                yield self._rules(file, mark)

    def _rules(self, file: str, mark: _Mark) -> _Rules:
        known = self._known.get(file)
        if known is None or known[0] != mark:
            known = self._known[file] = mark, _Rules(file, _read(file))
        return known[1]


def _names(path: Path) -> tuple[str, str]:
    """Return a path as it is given and as it is without symbolic links."""
    return os.path.abspath(path), os.path.realpath(path)


def _contains(folder: str, file: str) -> bool:
    folder, file = os.path.normcase(folder), os.path.normcase(file)
    return file == folder or file.startswith(os.path.join(folder, ""))


def _ancestors(file: str) -> Iterator[str]:
    """Yield the folders above a file, its own first."""
    folder = os.path.dirname(file)
    while True:
        yield folder
        folder, below = os.path.dirname(folder), folder
        if folder == below:
            return


def _is_repository(folder: str) -> bool:
    return os.path.lexists(os.path.join(folder, ".git"))


def _parts(path: str) -> list[str]:
    return [part for part in path.split(os.sep) if part]


def _name(parts: list[str], start: int, end: int) -> str:
    """Return some parts of a file's path as git spells them: a folder ends with a slash."""
    name = "/".join(parts[start:end]) + ("/" if end < len(parts) else "")
    return name.replace("\n", "?")  # pathspec's expressions end at a line break


def _secret(file: str) -> str | None:
    """Return the secret pattern that a file, or a folder above it, matches."""
    parts = _parts(file.casefold())
    for end in range(1, len(parts) + 1):
        pattern = _match(_secrets(), _name(parts, 0, end))
        if pattern is not None and pattern.include:
            return str(pattern.pattern)
    return None


def _excluding(rules: list[tuple[int, _Rules]], parts: list[str], end: int) -> str | None:
    """Return the ignore file that excludes the file or folder that these parts lead to.

    The nearest ignore file that knows it decides.
    """
    for depth, each in reversed(rules):
        pattern = _match(each, _name(parts, depth, end))
        if pattern is not None:
            return each.file if pattern.include else None
    return None


@lru_cache(maxsize=2048)
def _match(rules: _Rules, name: str) -> GitIgnoreSpecPattern | None:
    """Return the pattern that decides about a name relative to the ignore file's folder."""
    return next((each for each in rules.patterns if _is_of(each, name)), None)


def _is_of(pattern: GitIgnoreSpecPattern, name: str) -> bool:
    """Return whether a pattern is of this very name, not of a folder above it.

    pathspec's expressions also match all that is in a folder; git asks for each folder on its own.
    Their only group is the slash at the end of a folder, without which `x/**` leaves out `x/`.
    """
    if pattern.regex is None:
        return False
    end = len(name.removesuffix("/"))
    return any(
        match.end() == len(name) if match.lastindex else match.end() <= end
        for match in pattern.regex.finditer(name)
    )


@cache
def _secrets() -> _Rules:
    return _Rules("", tuple(GitIgnoreSpecPattern(line) for line in reversed(SECRETS)))


def _mark(file: str) -> _Mark | None:
    """Return what an edit of a file changes, None where there is no such file."""
    try:
        found = os.stat(file)
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None  # to read a pipe is to wait
    # The last tells of new permissions, too.
    return found.st_mtime_ns, found.st_size, found.st_ctime_ns


def _read(file: str) -> tuple[GitIgnoreSpecPattern, ...]:
    """Return the patterns of an ignore file, the last first; what is no pattern is left out."""
    try:
        text = Path(file).read_bytes().decode("utf-8-sig", errors="replace")
    except OSError as error:
        logger.warning("%s cannot be read and counts as empty (%s)", file, error.strerror)
        return ()
    patterns = []
    for number, line in enumerate(text.split("\n"), 1):
        try:
            patterns.append(_pattern(line.removesuffix("\r")))
        except (ValueError, re.error):
            logger.warning("%s, line %d: not understood, and skipped", file, number)
    return tuple(each for each in reversed(patterns) if each.include is not None)


def _pattern(line: str) -> GitIgnoreSpecPattern:
    """Return the pattern of a line; raise ValueError or re.error where it is none.

    Three lines mean another thing to pathspec than to git: `!/`, which is nothing to git, names of
    classes as in `[[:digit:]]`, which pathspec takes for letters, and `x/**/`, of which pathspec
    thinks that it is `x/`.
    """
    if line.rstrip() == "!/" or ("[:" in line and not line.startswith("#")):
        raise ValueError("pathspec would misunderstand it")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of `[[`, which means what it says
        return GitIgnoreSpecPattern(re.sub(r"/\*\*/ *$", "/**/*/", line))
