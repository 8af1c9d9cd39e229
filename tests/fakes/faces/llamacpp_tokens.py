"""The tokenizer of llama.cpp's scripted face: bytes, and the control tokens of Code Llama."""

from __future__ import annotations

import re

import msgspec

from fakes.response import Response, json_response

CONTROLS = {"<s>": 1, "</s>": 2}
_INFILLING = {" <PRE>": 32007, " <SUF>": 32008, " <MID>": 32009, " <EOT>": 32010}
"""Ordinary words to this vocabulary, so that no option keeps them from being read as one token."""


class Tokenize(msgspec.Struct):
    """A request to `/tokenize`."""

    content: str = ""
    add_special: bool = False
    parse_special: bool = True
    with_pieces: bool = False


def tokenized(asked: Tokenize) -> Response:
    """Answer as `/tokenize` does."""
    pieces = pieces_of(asked.content, asked.parse_special)
    if asked.add_special:
        pieces.insert(0, (1, "<s>"))
    if asked.with_pieces:
        return json_response({"tokens": [{"id": id, "piece": piece} for id, piece in pieces]})
    return json_response({"tokens": [id for id, _ in pieces]})


def length_of(prompt: str | list[int | str]) -> int:
    """Return how many tokens a prompt of texts and ids has."""
    parts = [prompt] if isinstance(prompt, str) else prompt
    return sum(1 if isinstance(part, int) else len(pieces_of(part, True)) for part in parts)


def pieces_of(text: str, parse_special: bool) -> list[tuple[int, str]]:
    """Return the ids of a text, each with the text that it stands for."""
    known = _INFILLING | (CONTROLS if parse_special else {})
    pattern = "|".join(re.escape(word) for word in known)
    pieces: list[tuple[int, str]] = []
    for part in re.split(f"({pattern})", text):
        # SentencePiece falls back to the tokens of single bytes, which begin at 3.
        read = [(known[part], part)] if part in known else [(3 + b, chr(b)) for b in part.encode()]
        pieces += read
    return pieces
