"""Where nothing is completed while one types, because the user has said so."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from infill_ls.settings.tree import CompletionSettings
from infill_ls.types import Document

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


class Automatic:
    """The settings that switch completions off; an invoked one always works."""

    def __init__(self, settings: CompletionSettings, notice: Callable[[str], None]) -> None:
        """Take the settings; `notice` is told of a pattern that is none."""
        self._settings = settings
        self._notice = notice

    def is_wanted(self, document: Document) -> bool:
        """Tell whether a document is completed while one types in it."""
        if document.language in self._settings.disabled_languages:
            return False
        if not self._settings.disabled_paths:
            return True
        return not self._disabled.match_file(document.path)

    @cached_property
    def _disabled(self) -> GitIgnoreSpec:
        # It takes 20 ms to import, which only those pay who use it.
        from pathspec import GitIgnoreSpec  # noqa: PLC0415
        from pathspec.patterns.gitignore import GitIgnorePatternError  # noqa: PLC0415

        spec = GitIgnoreSpec([])
        for line in self._settings.disabled_paths:
            try:
                spec += GitIgnoreSpec.from_lines([line])
            except GitIgnorePatternError:
                self._notice(f"completion.disabledPaths: {line!r} is no pattern of .gitignore")
        return spec
