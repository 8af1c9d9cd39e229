"""A prompt that the host takes, however much its text is to a tokenizer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from infill_ls.types import Prompt

_MARGIN = 0.95
"""A shorter text may be denser."""


async def fitting(
    make: Callable[[int | None], Awaitable[Prompt]],
    tokens_of: Callable[[Prompt], Awaitable[int]],
    room: int | None,
) -> Prompt:
    """Return the prompt that is made for at most so many tokens and really has no more than `room`.

    None, the first time, leaves the number to `make`. Where even the shortest has too many, that
    one is returned.
    """
    prompt = await make(None)
    if room is None:
        return prompt
    most = room
    while (tokens := await tokens_of(prompt)) > room and most > 1:
        most = int(most * room / tokens * _MARGIN)
        prompt = await make(most)
    return prompt
