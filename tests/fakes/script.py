"""What a test tells a scripted host to reply, as small values."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from fakes.response import Gate, Response, json_response

Cut = Literal["clean", "abrupt"]
"""An answer cut short: the body ends as if all were well, or the connection just closes."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as the model generates it."""

    text: str
    id: int = 263
    """Any ordinary number; only those of control tokens mean something."""
    special: bool = False


EOS = Token("</s>", 2, special=True)
EOT = Token(" <EOT>", 32010, special=True)
"""Code Llama's end of an infilling; the blank belongs to the token."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error in the body of a reply, in the words of the face's protocol."""

    message: str
    type: str


@dataclass(frozen=True, slots=True)
class Wire:
    """How the events or lines of a stream become bytes."""

    space: bool = True
    """A blank after `data:`."""
    newline: str = "\n"
    comments: bool = False
    """A keep-alive comment before each event."""
    final_blank: bool = True
    """The blank line after the last event, or the end of the last line."""
    chunk: int | None = None
    """Bytes in each chunk, cut anywhere; None sends each event as one chunk."""

    def pieces(self, events: list[str]) -> tuple[bytes, ...]:
        """Return the chunks of a stream of server-sent events with these JSON texts."""
        return self._chunks([self._event(event) for event in events])

    def lines(self, texts: list[str]) -> tuple[bytes, ...]:
        """Return the chunks of a stream of lines with these JSON texts.

        A line can end in only two ways; blank lines stand for comments.
        """
        newline = "\r\n" if self.newline == "\r\n" else "\n"
        blank = newline if self.comments else ""
        return self._chunks([f"{blank}{text}{newline}".encode() for text in texts])

    def _chunks(self, pieces: list[bytes]) -> tuple[bytes, ...]:
        if pieces and not self.final_blank:
            pieces[-1] = pieces[-1].rstrip(b"\r\n")
        if self.chunk is None:
            return tuple(pieces)
        stream = b"".join(pieces)
        return tuple(stream[i : i + self.chunk] for i in range(0, len(stream), self.chunk))

    def _event(self, event: str) -> bytes:
        comment = f":{self.newline * 2}" if self.comments else ""
        blank = " " if self.space else ""
        return f"{comment}data:{blank}{event}{self.newline * 2}".encode()


@dataclass(frozen=True, slots=True)
class Answer:
    """A completion, whole or failing on the way."""

    tokens: tuple[Token, ...] = ()
    finish: Literal["eos", "length"] = "eos"
    """What comes after the tokens, unless the request's own limits end them before: the model's
    end token, or nothing, since the limit of the host was met."""
    prompt_tokens: int | None = None
    """What the host counts; None has the face count in its own way."""
    trouble: Trouble | None = None
    """An error after the tokens, in place of the end."""
    cut: Cut | None = None
    """Ends the stream after the tokens, without the final event."""
    gate: Gate | None = None
    wire: Wire = Wire()


@dataclass(frozen=True, slots=True)
class Fail:
    """Any response that is no completion."""

    response: Response


Reply = Answer | Fail


class Script:
    """The replies to come, in order; each request takes one."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._replies: deque[Reply] = deque()
        self._by_path: defaultdict[str, deque[Fail]] = defaultdict(deque)
        self._always: Reply | None = None

    def gate(self) -> Gate:
        """Return a closed gate to give to replies."""
        return Gate(self._loop)

    def then(self, reply: Reply) -> None:
        """Add a reply for the next request for a completion."""
        self._replies.append(reply)

    def at(self, path: str, reply: Fail) -> None:
        """Add a reply for the next request to `path`, whatever is asked there."""
        self._by_path[path].append(reply)

    def always(self, reply: Reply) -> None:
        """Give this reply to each request for a completion that finds no other."""
        self._always = reply

    def answers(
        self,
        *texts: str | Token,
        finish: Literal["eos", "length"] = "eos",
        prompt_tokens: int | None = None,
        gate: Gate | None = None,
        wire: Wire = Wire(),
    ) -> None:
        """Generate these tokens for the next request."""
        tokens = _tokens(texts)
        self.then(Answer(tokens, finish, prompt_tokens, gate=gate, wire=wire))

    def error_event(
        self, message: str, kind: str, *, after: tuple[str | Token, ...] = (), wire: Wire = Wire()
    ) -> None:
        """Generate the tokens `after`, then report an error of the protocol's type `kind`."""
        self.then(Answer(_tokens(after), trouble=Trouble(message, kind), wire=wire))

    def cut_after(self, *texts: str | Token, how: Cut = "abrupt") -> None:
        """Generate these tokens, then end the stream without its final event."""
        self.then(Answer(_tokens(texts), cut=how))

    def fail(
        self,
        status: int,
        *,
        json: object = None,
        text: str = "",
        headers: Mapping[str, str] | None = None,
        path: str | None = None,
    ) -> None:
        """Reply with JSON, plain text or, without either, an empty body; see `replies`."""
        plain = Response(status, {"content-type": "text/plain"}, (text.encode(),))
        response = plain if json is None else json_response(json, status)
        self.replies(response.with_headers(headers or {}), path=path)

    def html(self, status: int = 502, *, path: str | None = None) -> None:
        """Reply with a page, as a proxy before the host does."""
        page = b"<!DOCTYPE html>\n<html><head><title>Oops</title></head><body>Oops</body></html>\n"
        self.replies(Response(status, {"content-type": "text/html"}, (page,)), path=path)

    def redirect(self, url: str, status: int = 307, *, path: str | None = None) -> None:
        """Send the client to another URL."""
        self.fail(status, headers={"location": url}, path=path)

    def hang(self, *, path: str | None = None) -> None:
        """Take the request and never answer it."""
        self.replies(Response(ending="never begun"), path=path)

    def hang_up(self, *, path: str | None = None) -> None:
        """Take the request and close the connection without a word."""
        self.replies(Response(ending="dropped"), path=path)

    def replies(self, response: Response, *, path: str | None = None) -> None:
        """Reply so to the next request for a completion, or to the next one to `path`."""
        if path is None:
            self.then(Fail(response))
        else:
            self.at(path, Fail(response))

    def take_completion(self) -> Reply | None:
        """Remove and return the next reply to a request for a completion."""
        return self._replies.popleft() if self._replies else self._always

    def take(self, path: str) -> Fail | None:
        """Remove and return the next reply that was scripted for this very path."""
        return self._by_path[path].popleft() if self._by_path[path] else None


def json_text(value: object) -> str:
    """Encode as the hosts do: compact, and with every character that JSON allows left as is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _tokens(texts: tuple[str | Token, ...]) -> tuple[Token, ...]:
    return tuple(Token(text) if isinstance(text, str) else text for text in texts)
