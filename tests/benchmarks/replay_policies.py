"""Who asks the host for ghost text, and when: our server, and the rules that others follow.

The three besides ours are emulations of rules that the engines document or that their sources
state, written anew here; they are not those programs (`replay_tabby_agent.py` has a real one). They
only tell when is asked, and what is remembered. To be alike in all else they ask in Code Llama's
format, with the whole document, and show no more than the first line of an answer, whatever filters
the programs have.
"""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Coroutine
from contextlib import AsyncExitStack, aclosing
from time import perf_counter
from typing import Any, Self

import httpx
from cachetools import LRUCache
from raw_client import ENVIRONMENT, OURS, URI
from replay_typing import Shown, alike

Position = dict[str, int]


class Policy(ABC):
    """One way to ask; it is told of each key, and says what is shown now."""

    name: str

    def __init__(self, url: str, speed: float) -> None:
        """Take the host, and by how much all pauses are shorter than in life."""
        self._url = url
        self._speed = speed
        self._stack = AsyncExitStack()
        self._tasks: set[asyncio.Task[None]] = set()
        self.shown = Shown(0, "", "")
        self.history: list[Shown] = []
        """All that was shown since the document was opened."""

    @classmethod
    def left_out(cls, speed: float) -> str:
        """Say why it cannot be run here and at this speed; nothing where it can."""
        return ""

    async def __aenter__(self) -> Self:
        await self._begin()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._end_tasks()
        await self._stack.aclose()

    async def open(self, text: str) -> None:
        """Begin with a document, of which nothing is known."""
        self.shown, self.history = Shown(0, "", ""), []

    @abstractmethod
    async def key(self, document_text: str, cursor: int) -> None:
        """Take what a key made of the document; whatever takes time goes on behind it."""

    async def close(self) -> None:
        """Be done with the document: nothing is under way any more."""
        await self._end_tasks()

    @abstractmethod
    async def _begin(self) -> None:
        """Connect."""

    def _show(self, text: str, before: str) -> None:
        self.shown = Shown(perf_counter(), text, before)
        self.history.append(self.shown)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _end_tasks(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome

    async def _pause(self, milliseconds: float) -> None:
        await asyncio.sleep(milliseconds / 1000 / self._speed)


class InfillLs(Policy):
    """The server as a process: asked at each key, told that the older request is not wanted."""

    name = "infill-ls"

    async def _begin(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *OURS,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL, env=ENVIRONMENT,
        )  # fmt: skip
        self._stack.push_async_callback(self._stop)
        self._version = self._id = 0
        self._asked: tuple[str, Position] = ("", {})
        self._waiting = False
        self._ready = asyncio.Event()
        self._reading = asyncio.create_task(self._read())
        options: dict[str, object] = {"backend": {"kind": "tgi", "url": self._url}}
        capabilities: dict[str, object] = {"textDocument": {"inlineCompletion": {}}}
        params = {"processId": None, "rootUri": None, "capabilities": capabilities}
        self._request("initialize", {**params, "initializationOptions": options})
        await self._ready.wait()
        self._notify("initialized", {})

    async def _stop(self) -> None:
        self._process.kill()
        await self._process.wait()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def open(self, text: str) -> None:
        """Open the document in the server."""
        await super().open(text)
        self._text = text
        self._version += 1
        document = {"uri": URI, "languageId": "python", "version": self._version, "text": text}
        self._notify("textDocument/didOpen", {"textDocument": document})

    async def key(self, document_text: str, cursor: int) -> None:
        """Send the change and the request, and end the older one."""
        self._change(document_text, cursor)
        if self._waiting:
            self._notify("$/cancelRequest", {"id": self._id})
        position = _position(document_text, cursor)
        params = {
            "textDocument": {"uri": URI},
            "position": position,
            "context": {"triggerKind": 2},
            "partialResultToken": f"{self._id + 1}",
        }
        self._asked = (document_text, position)
        self._waiting = True
        self._request("textDocument/inlineCompletion", params)

    async def close(self) -> None:
        """Close the document in the server."""
        if self._waiting:
            self._notify("$/cancelRequest", {"id": self._id})
            self._waiting = False
        self._notify("textDocument/didClose", {"textDocument": {"uri": URI}})

    def _change(self, text: str, cursor: int) -> None:
        """Tell the server what is different before the cursor; behind it nothing ever is."""
        old_cursor = len(self._text) - len(text) + cursor
        same = alike(self._text[:old_cursor], text[:cursor])
        place = {"start": _position(self._text, same), "end": _position(self._text, old_cursor)}
        self._version += 1
        change = {"range": place, "text": text[same:cursor]}
        document = {"uri": URI, "version": self._version}
        params = {"textDocument": document, "contentChanges": [change]}
        self._notify("textDocument/didChange", params)
        self._text = text

    async def _read(self) -> None:
        """Take the server's messages as they come."""
        assert self._process.stdout is not None
        while head := await _head(self._process.stdout):
            message = json.loads(await self._process.stdout.readexactly(head))
            params = message.get("params") or {}
            if "method" in message and "id" in message:
                self._send({"id": message["id"], "result": None})
            elif message.get("method") == "$/progress":
                if self._waiting and params["token"] == f"{self._id}":
                    self._take(params["value"])
            elif message.get("id") == self._id:
                self._finish(message)

    def _finish(self, message: dict[str, Any]) -> None:
        """Take an answer; an error is one that the cancelled request gets."""
        self._ready.set()
        if self._waiting:
            self._waiting = False
            self._take((message.get("result") or {}).get("items", []))

    def _take(self, items: list[dict[str, Any]]) -> None:
        text, position = self._asked
        # An item may be for a place before the cursor, and then holds what stands between.
        start = items[0]["range"]["start"] if items else position
        before = text[: _offset(text, start)]
        self._show(items[0]["insertText"] if items else "", before)

    def _request(self, method: str, params: object) -> None:
        self._id += 1
        self._send({"id": self._id, "method": method, "params": params})

    def _notify(self, method: str, params: object) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, object]) -> None:
        assert self._process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))


async def _head(stream: asyncio.StreamReader) -> int:
    """Return the length of the next message, or 0 where the stream has ended."""
    length = 0
    while header := (await stream.readline()).strip():
        name, _, value = header.partition(b":")
        length = int(value) if name == b"Content-Length" else length
    return length


def _position(text: str, offset: int) -> Position:
    """Return a place as LSP counts it, in UTF-16."""
    before = text[:offset]
    column = len(before.rpartition("\n")[2].encode("utf-16-le")) // 2
    return {"line": before.count("\n"), "character": column}


def _offset(text: str, position: Position) -> int:
    """Return where a place is that LSP counts."""
    lines = text.split("\n")
    units = lines[position["line"]].encode("utf-16-le")[: 2 * position["character"]]
    return sum(len(line) + 1 for line in lines[: position["line"]]) + len(units.decode("utf-16-le"))


class Emulated(Policy):
    """What the emulations have in common: they ask the host themselves."""

    async def _begin(self) -> None:
        client = httpx.AsyncClient(base_url=self._url, timeout=None, trust_env=False)
        self._client = await self._stack.enter_async_context(client)

    async def open(self, text: str) -> None:
        """Forget where the cursor was."""
        await super().open(text)
        self._before = self._after = ""

    async def key(self, document_text: str, cursor: int) -> None:
        """Note where the cursor is."""
        self._before, self._after = document_text[:cursor], document_text[cursor:]

    def _body(self, before: str, after: str, **parameters: object) -> dict[str, object]:
        prompt = f"<PRE> {before} <SUF>{after} <MID>"
        return {"inputs": prompt, "parameters": parameters}

    async def _whole(self, before: str, after: str, **parameters: object) -> str:
        """Ask, and return the answer's first line when all of the answer is there."""
        body = self._body(before, after, **parameters)
        answer = (await self._client.post("/generate", json=body)).raise_for_status()
        return _first_line(answer.json()["generated_text"])

    async def _tokens(self, before: str, after: str) -> AsyncGenerator[str, None]:
        """Ask, and yield the tokens as they come."""
        body = self._body(before, after)
        async with self._client.stream("POST", "/generate_stream", json=body) as answer:
            async for line in answer.raise_for_status().aiter_lines():
                if line.startswith("data:"):
                    yield json.loads(line.removeprefix("data:"))["token"]["text"]


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


class NoCache(Emulated):
    """llm-ls and its clients, emulated: a pause of 150 ms, then one request that is not streamed.

    Nothing is remembered or cancelled, each key clears the ghost text, and an answer is shown if
    no key came meanwhile. It waits for all the tokens of a host that comes to no end by itself.
    """

    name = "no cache, 150 ms pause"

    async def key(self, document_text: str, cursor: int) -> None:
        """Begin the pause anew."""
        await super().key(document_text, cursor)
        self._show("", self._before)
        self._start(self._ask(self._before, self._after))

    async def _ask(self, before: str, after: str) -> None:
        await self._pause(150)
        if before == self._before:
            text = await self._whole(before, after)
            if before == self._before:
                self._show(text, before)


class PrefixCache(Emulated):
    """Continue, emulated: a pause of 350 ms even before what is known, and a cache by prefix alone.

    A stream that runs is read on where the prefix is now the old one and what was streamed since,
    and else ended. The editor shows a line when all of it is there, and keeps it while it fits.
    """

    name = "350 ms and a prefix cache"

    async def open(self, text: str) -> None:
        """Have no stream running, and know nothing."""
        await super().open(text)
        self._cache: LRUCache[str, str] = LRUCache(1000)
        self._number = 0
        self._streaming: asyncio.Task[None] | None = None
        self._began = self._streamed = ""

    async def key(self, document_text: str, cursor: int) -> None:
        """Begin the pause anew."""
        await super().key(document_text, cursor)
        self._number += 1
        self._start(self._ask(self._number, self._before, self._after))

    async def _ask(self, number: int, before: str, after: str) -> None:
        await self._pause(350)
        if number != self._number:
            return
        if not (text := self._known(before)):
            await self._stream(before, after)
            text = self._known(before)
        if number == self._number:
            self._show(text, before)

    def _known(self, before: str) -> str:
        """Return the rest of what is known for the longest beginning."""
        fitting = [key for key, text in self._cache.items() if (key + text).startswith(before)]
        found = max((key for key in fitting if before.startswith(key)), key=len, default=before)
        return (found + self._cache.get(found, ""))[len(before) :]

    async def _stream(self, before: str, after: str) -> None:
        """Read a line's end from the stream that runs, or from a new one."""
        runs = self._streaming is not None and not self._streaming.done()
        goes_on = before.startswith(self._began) and self._read_so_far.startswith(before)
        if self._streaming is not None and not (runs and goes_on):
            self._streaming.cancel()
            self._streaming = None
        if self._streaming is None:
            self._began, self._streamed = before, ""
            self._streaming = self._start(self._read_line(before, after))
        # Two may wait for one stream, and neither may end it for the other.
        await asyncio.wait({self._streaming})

    @property
    def _read_so_far(self) -> str:
        return self._began + self._streamed

    async def _read_line(self, before: str, after: str) -> None:
        async with aclosing(self._tokens(before, after)) as tokens:
            async for token in tokens:
                self._streamed += token
                if "\n" in token:
                    break
        self._cache[before] = _first_line(self._streamed)


class LookingBack(Emulated):
    """llama.vim, emulated: no pause, one request at a time, and what is known for less text.

    Where a request is running, the next is tried again 100 ms later. Answers are remembered for
    their prefix and suffix, 250 of them, even where the cursor has moved on; at each key those for
    up to 128 characters less are looked at that go on with what was typed since. A key for which
    one is found asks for nothing. What it fetches beyond that, ahead of time, is left out.
    """

    name = "llama.vim's rules"

    async def open(self, text: str) -> None:
        """Have nothing running, and know nothing."""
        await super().open(text)
        self._cache: LRUCache[tuple[str, str], str] = LRUCache(250)
        self._asking: asyncio.Task[None] | None = None

    async def key(self, document_text: str, cursor: int) -> None:
        """Show what is known, or ask."""
        await super().key(document_text, cursor)
        self._show(self._known(), self._before)
        if not self.shown.text and (self._asking is None or self._asking.done()):
            self._asking = self._start(self._ask())

    def _known(self) -> str:
        """Return the longest text that goes on from here."""
        before, after = self._before, self._after
        rests = [""]
        for less in range(min(128, len(before)) + 1):
            text = self._cache.get((before[: len(before) - less], after), "")
            if text.startswith(before[len(before) - less :]):
                rests.append(text[less:])
        return max(rests, key=len)

    async def _ask(self) -> None:
        """Ask for where the cursor is, until that is known."""
        while not self._known() and (self._before, self._after) not in self._cache:
            before, after = self._before, self._after
            # llama.cpp then ends at a line's end, as soon as it has written for so long.
            text = await self._whole(before, after, t_max_predict_ms=250)
            self._cache[before, after] = text
            if self._known():
                self._show(self._known(), self._before)
            elif before != self._before:
                await self._pause(100)
