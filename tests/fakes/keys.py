"""What a key makes of a request."""

from __future__ import annotations

from dataclasses import replace

from infill_ls.types import CompletionRequest, Trigger


def typed(request: CompletionRequest, text: str, *, closed: str = "") -> CompletionRequest:
    """Return the request after some text was typed, and the editor put closers behind it."""
    document = request.document
    edited = document.text.replace(request.offset, request.offset, text + closed)
    return replace(
        request,
        document=replace(document, text=edited, version=document.version + 1),
        offset=request.offset + len(text),
        trigger=Trigger.AUTOMATIC,
    )
