"""The host of a replay: a scripted model on a real socket, at the pace of a real one."""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Literal, Self

import msgspec
import replay_tabby
from replay_typing import Asked, Hole, Kind, prefix_of, typed_in, written
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

sys.path.append(str(Path(__file__).parents[1]))

from fakes.serving import Serving

FIRST_TOKEN_S = 0.15
TOKENS_PER_S = 40
MOST_TOKENS = 60

FIXED: dict[str, object] = {
    "/info": {
        "model_id": "codellama/CodeLlama-7b-hf",
        "max_input_tokens": 4095,
        "max_total_tokens": 4096,
    },
    "/v1/health": replay_tabby.HEALTH,
    "/v1beta/server_setting": replay_tabby.SETTINGS,
}
"""What is always answered alike."""


class Body(msgspec.Struct):
    """What is asked for."""

    inputs: str
    parameters: dict[str, object]


class Host(AbstractContextManager["Host"]):
    """A model that knows a hole well or badly, behind the routes of TGI and of Tabby.

    A token that is being generated when the client leaves is generated to its end, as in life. An
    answer that is not streamed may be ended after `t_max_predict_ms` at a line's end, as
    llama.cpp's are. An answer that the model ends by itself says so.
    """

    def __init__(self, kind: Kind, speed: float) -> None:
        self.asked: list[Asked] = []
        self._kind = kind
        self._speed = speed
        self._serving = Serving(self._app)
        self.url = self._serving.url

    def __enter__(self) -> Self:
        self._serving.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._serving.__exit__(kind, error, traceback)

    def begin(self, hole: Hole) -> None:
        """Take the next hole, and a new list of what is asked."""
        self._hole, self.asked = hole, []

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        match request.url.path:
            case "/generate" | "/generate_stream":
                await self._generate(request, msgspec.json.decode(body, type=Body), send)
            case "/v1/completions":
                await self._complete(request, replay_tabby.prefix_in(body), send)
            case path if path in FIXED:
                await JSONResponse(FIXED[path])(scope, receive, send)
            case _:
                await Response(status_code=404)(scope, receive, send)

    async def _generate(self, request: Request, body: Body, send: Send) -> None:
        """Answer as TGI does."""
        most = min(MOST_TOKENS, int(str(body.parameters.get("max_new_tokens", MOST_TOKENS))))
        limit_s = float(str(body.parameters.get("t_max_predict_ms", "inf"))) / 1000
        asked = self._asked_for(prefix_of(body.inputs))
        tokens = written(self._hole, asked.typed, self._kind)
        generated = self._generated(request, asked, steps(tokens, most), limit_s)
        if request.url.path == "/generate":
            text = "".join([step.text async for step in generated])
            if not asked.left:
                await _respond(request, {"generated_text": text}, send)
            return
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async for event in _events(generated):
            await send({"type": "http.response.body", "body": event, "more_body": True})
        if not asked.left:
            await send({"type": "http.response.body", "body": b""})

    async def _complete(self, request: Request, prefix: str, send: Send) -> None:
        """Answer as Tabby does."""
        asked = self._asked_for(prefix)
        tokens = replay_tabby.first_line(written(self._hole, asked.typed, self._kind))
        # What ends at a line's end needs no end token.
        line = (step for step in steps(tokens, MOST_TOKENS) if step.text)
        text = "".join([step.text async for step in self._generated(request, asked, line)])
        if not asked.left:
            await _respond(request, replay_tabby.answer(len(self.asked), text), send)

    def _asked_for(self, prefix: str) -> Asked:
        asked = Asked(typed_in(prefix, self._hole), at=perf_counter())
        self.asked.append(asked)
        return asked

    async def _generated(
        self, request: Request, asked: Asked, planned: Iterator[Step], limit_s: float = math.inf
    ) -> AsyncIterator[Step]:
        """Yield what is written, at the host's pace."""
        due = perf_counter() + FIRST_TOKEN_S / self._speed
        spent_s, text = 0.0, ""
        for step in planned:
            await asyncio.sleep(max(0, due - perf_counter()))
            if await request.is_disconnected():
                asked.late += bool(step.text)
                asked.left = True
                return
            if step.text:
                asked.tokens.append((perf_counter(), step.text))
            yield step
            text += step.text
            if spent_s >= limit_s and "\n" in text:
                return
            due += 1 / TOKENS_PER_S / self._speed
            spent_s += 1 / TOKENS_PER_S


async def _respond(request: Request, answer: object, send: Send) -> None:
    await JSONResponse(answer)(request.scope, request.receive, send)


@dataclass(frozen=True, slots=True)
class Step:
    """One token."""

    text: str
    """Empty for the model's end token."""
    finish: Literal["", "length", "eos_token"]
    """Why it is the last, in TGI's words."""


def steps(tokens: Iterator[str], most: int) -> Iterator[Step]:
    """Yield at most so many tokens; the model's end token takes a step of its own."""
    for count, token in enumerate(tokens, 1):
        yield Step(token, "length" if count == most else "")
        if count == most:
            return
    yield Step("", "eos_token")


async def _events(generated: AsyncIterator[Step]) -> AsyncIterator[bytes]:
    """Yield TGI's events, of which the last has the whole text and why it ended."""
    text, index = "", 0
    async for step in generated:
        text += step.text
        index += 1
        details = {"finish_reason": step.finish, "generated_tokens": index, "seed": None}
        end = {"id": 2, "text": "</s>", "logprob": -0.25, "special": True}
        event = {
            "index": index,
            "token": {**end, "id": 263, "text": step.text, "special": False} if step.text else end,
            "generated_text": text if step.finish else None,
            "details": details if step.finish else None,
        }
        yield b"data: " + msgspec.json.encode(event) + b"\n\n"
