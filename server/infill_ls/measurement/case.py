"""One suggestion, from its first answer to the last look at what is left of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from infill_ls.measurement.edit import Edit
from infill_ls.measurement.row import Row
from infill_ls.measurement.standing import Accepted, Standing
from infill_ls.measurement.survival import Place
from infill_ls.types import Document, Report

SHOWN_S = 0.75
"""A suggestion that stood for less was not read."""

SOON_S = 30.0
LATE_S = 300.0


class Timer(Protocol):
    """Something that will happen."""

    def cancel(self) -> None:
        """See that it does not."""


Later = Callable[[float, Callable[[], None]], Timer]
"""Calls back after so many seconds."""


class Case:
    """Follows one suggestion; each state worth keeping is `put`."""

    def __init__(
        self,
        document: Document,
        standing: Standing,
        row: Row,
        later: Later,
        put: Callable[[Row], None],
    ) -> None:
        """Begin with a suggestion that was asked for in a document, and stands in its newest text.

        Edits are then taken from that text on.
        """
        self.standing: Standing | None = standing
        """None when it stands no longer."""
        self._version = document.version
        self._text = document.text
        self._row = row
        self._later = later
        self._put = put
        self._place: Place | None = None
        self._showing = later(SHOWN_S, self._show)
        self._looks: tuple[Timer, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether nothing more will be learned."""
        return self.standing is None and (self._place is None or self._row.kept_5min is not None)

    def grow(self, standing: Standing, version: int, report: Report) -> None:
        """Take another state of the suggestion, for a version of the document.

        The latency is that of the first request, which goes on as long as the version is the same;
        the tokens are those of the whole suggestion.
        """
        if self.standing is None:
            return
        self.standing.become(standing)
        tokens = max(self._row.completion_tokens, report.completion_tokens)
        self._row = replace(self._row, completion_tokens=tokens)
        if version == self._version and report.source == self._row.source:
            self._row = replace(
                self._row,
                first_token_ms=report.first_token_ms,
                total_ms=report.total_ms,
                prompt_tokens=report.prompt_tokens,
            )

    def follow(self, edit: Edit) -> None:
        """Take a change of the document."""
        self._text = edit.new
        if self._place is not None:
            self._place = self._place.after(edit.hunk)
        if self.standing is None:
            return
        if accepted := self.standing.follow(edit):
            self._accept(accepted)
        if self.standing.is_over:
            self.end()

    def end(self) -> None:
        """Let it stand no longer; what was accepted of it is still followed."""
        self._showing.cancel()
        if self.standing is not None:
            self._keep()
            self.standing = None

    def close(self) -> None:
        """Follow it no longer."""
        self.end()
        for look in self._looks:
            look.cancel()

    def _show(self) -> None:
        self._row = replace(self._row, shown=True)

    def _accept(self, accepted: Accepted) -> None:
        place = self._place
        self._place = place.with_next(accepted) if place else Place.of(accepted)
        self._row = replace(
            self._row,
            shown=True,
            accepted="whole" if accepted.is_whole else "part",
            accepted_characters=self._row.accepted_characters + len(accepted.text),
        )
        for look in self._looks:
            look.cancel()
        # What was kept of a first piece says nothing of all of them.
        self._row = replace(self._row, kept_30s=None, kept_5min=None)
        self._looks = (
            self._later(SOON_S, self._look_soon),
            self._later(LATE_S, self._look_late),
        )
        self._keep()

    def _look_soon(self) -> None:
        self._row = replace(self._row, kept_30s=self._kept())
        self._keep()

    def _look_late(self) -> None:
        self._row = replace(self._row, kept_5min=self._kept())
        self._keep()

    def _kept(self) -> float | None:
        return self._place.kept(self._text) if self._place else None

    def _keep(self) -> None:
        if self.standing is not None:
            self._row = replace(
                self._row,
                characters=self.standing.characters,
                typed_characters=self.standing.typed,
            )
        self._put(self._row)
