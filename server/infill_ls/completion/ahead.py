"""What comes after a suggestion, before it is accepted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

from infill_ls.completion.answers.answer import Answer, growing
from infill_ls.completion.cursor.place import Place
from infill_ls.types import Completion, CompletionRequest, Delta, Trigger

STANDS_S = 0.75
"""Who lets a suggestion stand for so long reads it, and may accept it."""


def may_go_on(completion: Completion) -> bool:
    """Tell whether the model may have more to say; it has not where it has come to its end."""
    return completion.finish in ("line", "block", "length")


def accepted(request: CompletionRequest, completion: Completion) -> CompletionRequest:
    """Return the request that an editor makes once a completion is accepted as a whole."""
    document = request.document
    text = document.text.replace(completion.start, completion.end, completion.text)
    return replace(
        request,
        document=replace(document, text=text, version=document.version + 1),
        offset=completion.start + len(completion.text),
        trigger=Trigger.AUTOMATIC,
    )


async def rest_of(answer: Answer, place: Place) -> Answer:
    """Return the answer that the model has given, beyond its end, for the place behind that."""
    # That it is cut off has the model asked again where one types to its end.
    async with aclosing(growing(_once(Delta(answer.beyond, "length")), place)) as answers:
        *_, rest = [rest async for rest in answers]
    return rest


async def _once(delta: Delta) -> AsyncIterator[Delta]:
    yield delta
