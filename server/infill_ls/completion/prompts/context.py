"""What a model is shown besides the window: similar code of other documents, and an outline."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import NamedTuple, TypeVar

from infill_ls.prompt.build import OUTLINE_SHARE, Plan
from infill_ls.prompt.measure import pieces_in
from infill_ls.prompt.outline import outline
from infill_ls.prompt.similar import Index, chunks, identifiers, jaccard, names
from infill_ls.prompt.snippet import Snippet
from infill_ls.text import Text
from infill_ls.types import CompletionRequest, Document

T = TypeVar("T")

logger = logging.getLogger(__name__)

ALIKE = 0.5
"""Code that is more similar than this to what is shown anyway is the same code."""

MOST_OF_ONE = 3
"""So many chunks of one document are shown."""

STABLE_LINES = 8
"""So many lines can be typed before what is near the cursor has a say in what is shown."""

SNIPPET_PIECES = 4
"""What a format spends on each snippet, besides its path and its text."""

_WAIT_S = 0.02
"""So long a request waits for indexes; what is not ready then is there for a later one."""

_DOCUMENTS = 200
"""So many open documents are looked at, the one last edited first."""

_MOST_CHARS = 300_000
"""The rest of a longer document is not indexed."""

_BREATH = 8
"""To index so many chunks, or to search so many documents, takes about a millisecond."""

_BREATH_S = 0.0001

_LOOKED_AT = 100
"""So many of the most similar chunks are compared with what is shown."""

_MISFITS = 16
"""After so many that are too long for what is left, no shorter one is looked for."""


class Context:
    """Chooses what to show, out of documents that it indexes once for each version.

    They are indexed in a thread of their own, the one last edited first. A request takes what is
    ready.
    """

    def __init__(self) -> None:
        # Futures rather than indexes, so that nothing is done twice and nothing is lost with the
        # request that began it.
        self._indexed: dict[str, _Indexed] = {}
        self._worker = _new_worker()
        # Most keystrokes ask for the same as the one before.
        self._similar = lru_cache(maxsize=4)(_similar)

    async def around(self, request: CompletionRequest, plan: Plan) -> tuple[Snippet, ...]:
        """Return what fits the plan: the most similar last, and then the document's outline."""
        if plan.context_pieces <= 0:
            return ()
        others = _others(request)
        self._forget_all_but({request.document.uri, *(other.uri for other in others)})
        futures = [self._index(document) for document in others]
        # Neither time nor a newer keystroke ends the work itself.
        if missing := [future for future in futures if not future.done()]:
            await asyncio.wait(missing, timeout=_WAIT_S)
        sources = tuple(
            _Source(document.path, future.result())
            for document, future in zip(others, futures, strict=True)
            if future.done() and not future.cancelled()
        )
        if not sources:
            # An outline alone takes no longer than to hand it to a thread; at first, up to 5 ms.
            return self._chosen(request, plan, sources)
        return await asyncio.to_thread(self._chosen, request, plan, sources)

    async def aclose(self) -> None:
        """End all work, and wait until it has ended; a later request begins anew."""
        worker, self._worker = self._worker, _new_worker()
        self._indexed.clear()
        await asyncio.to_thread(worker.shutdown, cancel_futures=True)

    def _chosen(
        self, request: CompletionRequest, plan: Plan, sources: tuple[_Source, ...]
    ) -> tuple[Snippet, ...]:
        around = _around(request, plan)
        pieces = plan.context_pieces
        # It names what the window names already, so similar code gets more.
        part = int(pieces * OUTLINE_SHARE) if sources else pieces
        share = part - _cost(plan.document.path, "")
        last = outline(plan.document, plan.window, names(around), share)
        if last is None:
            return self._similar(around, sources, pieces)
        left = pieces - _cost(last.path, last.text)
        return (*self._similar(around, sources, left), last)

    def _forget_all_but(self, open_: set[str]) -> None:
        """Forget the documents that are not open any more; an index is as large as three texts."""
        for uri in self._indexed.keys() - open_:
            self._indexed.pop(uri).index.cancel()

    def _index(self, document: Document) -> asyncio.Future[Index]:
        """Return the index of this version of a document, which may take its time."""
        known = self._indexed.get(document.uri)
        if known is not None and known.text is document.text:
            return known.index
        if known is not None:
            known.index.cancel()  # an older version
        loop = asyncio.get_running_loop()
        index = loop.run_in_executor(self._worker, _index_of, document.text)
        self._indexed[document.uri] = _Indexed(document.text, index)
        return index


def _new_worker() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="infill-index")


@dataclass(frozen=True, slots=True)
class _Indexed:
    text: Text
    """Of the version that is indexed; another version has another object."""
    index: asyncio.Future[Index]


@dataclass(frozen=True, slots=True)
class _Source:
    """A document of which chunks can be shown."""

    path: str
    index: Index


class _Candidate(NamedTuple):
    """A chunk that is similar to the window; the better one sorts first."""

    dissimilarity: float
    source: int
    position: int


def _others(request: CompletionRequest) -> list[Document]:
    """Return the neighbours that may be shown, each once."""
    others: dict[str, Document] = {}
    for document in request.neighbours:
        others.setdefault(document.uri, document)
    others.pop(request.document.uri, None)
    return list(islice(others.values(), _DOCUMENTS))


def _index_of(text: Text) -> Index:
    """Index a text; one that cannot be has no chunks, which is better than no completion."""
    try:
        return Index(_breathing(chunks(text.slice(0, _MOST_CHARS))))
    except Exception as error:
        logger.debug("a document is left out of the context: %s", type(error).__name__)
        return Index(())


def _breathing(work: Iterable[T]) -> Iterator[T]:
    """Let the event loop have the interpreter often, for which it would wait 5 ms each time.

    Sleeping for no time at all would take it back before the other thread is awake.
    """
    for number, each in enumerate(work, 1):
        yield each
        if number % _BREATH == 0:
            time.sleep(_BREATH_S)


def _around(request: CompletionRequest, plan: Plan) -> str:
    """Return the window's text without the lines that are being typed.

    A host keeps the beginning of a prompt, where snippets stand, only as long as it is the same. So
    what is typed has no say until the cursor's line number passes the next multiple of a few.
    """
    text, window = request.document.text, plan.window
    line, _ = text.position(request.offset)
    start = text.offset(line // STABLE_LINES * STABLE_LINES, 0)
    end = text.span(line)[1]
    return text.slice(window.start, start) + "\n" + text.slice(end, window.end)


def _similar(around: str, sources: tuple[_Source, ...], pieces: int) -> tuple[Snippet, ...]:
    """Return the most similar chunks that fit, the least similar first."""
    if not sources:
        return ()
    query = identifiers(around)
    chosen: list[_Candidate] = []
    # What the model sees already: the parts of the window, then each chosen chunk.
    seen = [identifiers(chunk.text) for chunk in chunks(around)]
    looked_at = misfits = 0
    for candidate in sorted(_candidates(query, sources)):
        source = sources[candidate.source]
        if sum(each.source == candidate.source for each in chosen) == MOST_OF_ONE:
            continue
        text = source.index.chunks[candidate.position].text
        cost = _cost(source.path, text)
        found = identifiers(text)
        if cost > pieces:
            misfits += 1
        elif all(jaccard(found, other) <= ALIKE for other in seen):
            chosen.append(candidate)
            seen.append(found)
            pieces -= cost
        looked_at += 1
        if looked_at == _LOOKED_AT or misfits == _MISFITS:
            break
    return tuple(_joined(chosen, sources))


def _candidates(query: frozenset[str], sources: Sequence[_Source]) -> Iterator[_Candidate]:
    for number, source in enumerate(_breathing(sources)):
        for position, similarity in source.index.similarities(query).items():
            if similarity <= ALIKE:
                yield _Candidate(-similarity, number, position)


def _joined(chosen: Iterable[_Candidate], sources: Sequence[_Source]) -> Iterator[Snippet]:
    """Yield the chunks as snippets, adjacent ones as one, ordered by the most similar in each."""
    runs: list[list[_Candidate]] = []
    for candidate in sorted(chosen, key=lambda each: (each.source, each.position)):
        if runs and _adjacent(runs[-1][-1], candidate, sources):
            runs[-1].append(candidate)
        else:
            runs.append([candidate])
    for run in sorted(runs, key=min, reverse=True):
        source = sources[run[0].source]
        text = "".join(source.index.chunks[each.position].text for each in run)
        yield Snippet(source.path, text.strip("\n") + "\n")


def _adjacent(one: _Candidate, other: _Candidate, sources: Sequence[_Source]) -> bool:
    found = sources[one.source].index.chunks
    return one.source == other.source and found[one.position].end == found[other.position].first


def _cost(path: str, text: str) -> int:
    return pieces_in(path) + pieces_in(text) + SNIPPET_PIECES
