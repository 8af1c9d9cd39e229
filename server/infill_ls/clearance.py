"""What of the open documents may be shown to a model, and by which paths it knows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cachetools import TTLCache

from infill_ls.errors import BadInput
from infill_ls.types import CompletionRequest, Document

if TYPE_CHECKING:
    from infill_ls.privacy import Privacy

Folders = Callable[[], tuple[Path, ...]]
"""Returns the workspace's folders as they are now."""

_SECONDS = 1.0
"""So long a verdict holds: at a keystroke, there may be a hundred to give."""


class Clearance:
    """Keeps back what is secret, ignored or not of the workspace."""

    def __init__(self, folders: Folders, *, use_gitignore: bool) -> None:
        self._folders = folders
        self._use_gitignore = use_gitignore
        self._of: tuple[Path, ...] | None = None
        self._privacy: Privacy
        self._verdicts: TTLCache[str, tuple[str | None, str]] = TTLCache(1_024, _SECONDS)

    def cleared(self, request: CompletionRequest) -> CompletionRequest:
        """Return the request with those neighbours alone that may be shown, and with all paths.

        Raises BadInput if the document itself must not be shown.
        """
        shown = (self._shown(neighbour) for neighbour in request.neighbours)
        return replace(
            request,
            document=self.checked(request.document),
            neighbours=tuple(neighbour for neighbour in shown if neighbour),
        )

    def checked(self, document: Document) -> Document:
        """Return a document with its path; raises BadInput if it must not be shown."""
        reason, path = self._verdict(document.uri)
        if reason:
            raise BadInput(
                f"{document.uri} is not shown to a model: {reason}",
                hint="see privacy.useGitignore and .infillignore" if "ignored" in reason else "",
            )
        return replace(document, path=path)

    def _shown(self, document: Document) -> Document | None:
        reason, path = self._verdict(document.uri)
        return None if reason else replace(document, path=path)

    def _verdict(self, uri: str) -> tuple[str | None, str]:
        """Return why a document is kept back, if it is, and its path in the workspace."""
        folders = self._folders()
        if folders != self._of:
            # What reads ignore files takes 20 ms to import.
            privacy = import_module("infill_ls.privacy")
            self._of = folders
            self._privacy = privacy.Privacy(folders, use_gitignore=self._use_gitignore)
            self._verdicts.clear()
        if uri not in self._verdicts:
            self._verdicts[uri] = self._judged(uri, folders)
        return self._verdicts[uri]

    def _judged(self, uri: str, folders: tuple[Path, ...]) -> tuple[str | None, str]:
        """Judge by the path, whatever the scheme: a notebook's cell is in the notebook's file."""
        try:
            path = urlsplit(uri).path
        except ValueError:  # "http://[" is no address.
            return None, uri
        if not path.startswith("/"):
            return None, path  # It has no file yet.
        # It brings all of HTTP along.
        from urllib.request import url2pathname  # noqa: PLC0415

        file = Path(url2pathname(path))
        within = (folder for folder in folders if file.is_relative_to(folder))
        relative = file.relative_to(next(within, file.parent))
        return self._privacy.reason(file), relative.as_posix()
