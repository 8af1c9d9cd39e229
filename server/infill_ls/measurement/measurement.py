"""Counts what becomes of suggestions: shown, accepted, typed along, kept.

An editor does not tell; all is read from the changes of the document. A suggestion is

- *shown* once it has stood for 750 ms: no change contradicted it, and no other replaced it;
- *accepted whole* if one change put all that was left of it, at least two characters, in its place;
- *accepted in part* if one change put a beginning of at least two characters there, as accepting a
  word or a line does. What is accepted counts as shown;
- *typed along* as far as it was typed, a key at a time: this is no acceptance;
- *kept* as far as its accepted characters are there 30 seconds and 5 minutes after the last of
  them was accepted.

It cannot be told apart:

- keys that the editor sends as one change, from an acceptance. Neovim waits 150 ms for more, so two
  quick keys along a suggestion look like an acceptance in part, and so does a word that an input
  method puts in. Only what editors add to a key is known: indentation, closing brackets;
- an acceptance together with a change elsewhere, from any change that contradicts: several changes
  in one message look like one of all that lies between them;
- a suggestion that the editor hid, for instance behind a menu or because the cursor moved, from one
  that it showed;
- a suggestion that was replaced by one that begins with it, or by its own beginning, from one that
  grows while it is written.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from uuid import uuid4

from infill_ls.measurement.case import Case, Later, Timer
from infill_ls.measurement.edit import Edit
from infill_ls.measurement.file import default_path
from infill_ls.measurement.recorder import Recorder
from infill_ls.measurement.row import Row
from infill_ls.measurement.standing import Standing
from infill_ls.text import Text
from infill_ls.types import Completion, Document


def _on_the_loop(seconds: float, callback: Callable[[], None]) -> Timer:
    return asyncio.get_running_loop().call_later(seconds, callback)


@dataclass
class _Seen:
    """A document as it was seen last, and the suggestions that are followed in it."""

    version: int
    text: Text
    standing: Case | None = None
    cases: list[Case] = field(default_factory=list)


class Measurement:
    """Is told of completions and changes, and writes down what they come to.

    It raises nothing and waits for no disk: what goes wrong there is logged once, and ends it.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        later: Later = _on_the_loop,
        now: Callable[[], float] = time.time,
        new_id: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        """Write to a file, the user's by default; `now` is in seconds since 1970."""
        self._recorder = Recorder(path or default_path(), now)
        self._later = later
        self._now = now
        self._new_id = new_id
        self._seen: dict[str, _Seen] = {}

    def answered(self, document: Document, completion: Completion) -> None:
        """Take a completion that the editor is given for a snapshot; also each longer state."""
        if not completion.text or self._recorder.is_stopped:
            return
        seen = self._seen.setdefault(document.uri, _Seen(document.version, document.text))
        if document.version > seen.version:
            self.changed(document)
        standing = Standing(completion)
        # Not every editor counts versions.
        if document.text is not seen.text:
            standing.follow(Edit(document.text, seen.text))
        case = seen.standing
        if case is not None and case.standing is not None and case.standing.goes_on_with(standing):
            case.grow(standing, document.version, completion.report)
            return
        row = self._row(document, standing, completion)
        if standing.is_over:
            self._recorder.put(row)  # The user typed something else before it came.
            return
        if case is not None:
            case.end()
        asked = replace(document, text=seen.text)
        seen.standing = Case(asked, standing, row, self._later, self._recorder.put)
        seen.cases = [case for case in seen.cases if not case.is_done] + [seen.standing]

    def changed(self, document: Document) -> None:
        """Take the newest snapshot of an open document."""
        if self._recorder.is_stopped:
            return
        seen = self._seen.setdefault(document.uri, _Seen(document.version, document.text))
        edit = Edit(seen.text, document.text)
        seen.version, seen.text = document.version, document.text
        for case in seen.cases:
            case.follow(edit)
        seen.cases = [case for case in seen.cases if not case.is_done]

    def closed(self, uri: str) -> None:
        """Forget a document; what is known of its suggestions is kept."""
        if seen := self._seen.pop(uri, None):
            for case in seen.cases:
                case.close()

    async def aclose(self) -> None:
        """Close all documents, and wait until all is written."""
        for uri in [*self._seen]:
            self.closed(uri)
        await self._recorder.aclose()

    def _row(self, document: Document, standing: Standing, completion: Completion) -> Row:
        report = completion.report
        return Row(
            id=self._new_id(),
            time=self._now(),
            language=document.language,
            backend=report.backend,
            model=_without_folder(report.model),
            source=report.source,
            first_token_ms=report.first_token_ms,
            total_ms=report.total_ms,
            prompt_tokens=report.prompt_tokens,
            completion_tokens=report.completion_tokens,
            characters=standing.characters,
        )


def _without_folder(model: str) -> str:
    """Return a model's name; some hosts say a file's path, which tells where the user keeps it."""
    is_path = (
        "\\" in model
        or model.startswith((".", "~"))
        or model.lower().endswith(".gguf")
        or "://" in model
        or PurePosixPath(model).is_absolute()
    )
    return PureWindowsPath(model).name if is_path else model
