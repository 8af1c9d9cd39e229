"""Where a host takes only text, Code Llama's control tokens survive whatever the buffer holds.

The tokenizer is SentencePiece with Code Llama's vocabulary, as the hosts have it.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Callable, Iterator
from typing import Any, Literal

import httpx
import pytest
import sentencepiece
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fakes.llamacpp import SHARED, existing, llamacpp_server
from infill_ls.backends.as_text import text_of
from infill_ls.backends.token_ids import TokenIds
from infill_ls.completion.answers.trim import trim
from infill_ls.completion.cursor.place import place_of
from infill_ls.prompt.build import plan, render
from infill_ls.prompt.dialects import CODE_LLAMA
from infill_ls.settings.tree import PromptSettings, Settings
from infill_ls.text import Text
from infill_ls.types import CompletionRequest, Document, ModelInfo, Trigger

VOCABULARY = SHARED / "data" / "codellama-vocabulary.model"
GOLDEN = SHARED / "data" / "codellama-golden-prompts.json"
TASKS = SHARED / "data" / "HumanEval-SingleLineInfilling.jsonl.gz"

PRE, SUF, MID = 32007, 32008, 32009
MODEL = ModelInfo("codellama/CodeLlama-7b-hf", None)

Order = Literal["psm", "spm"]
ORDERS: tuple[Order, ...] = ("psm", "spm")
Encode = Callable[[str], list[int]]
Pair = tuple[str, str]


@pytest.fixture(scope="module")
def vocabulary() -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_file=str(existing(VOCABULARY)))


@pytest.fixture(scope="module")
def encode(vocabulary: sentencepiece.SentencePieceProcessor) -> Encode:
    return lambda text: list(vocabulary.encode(text))


def in_order(order: Order) -> Settings:
    return Settings(prompt=PromptSettings(order=order, max_tokens=100_000))


def request_between(prefix: str, suffix: str) -> CompletionRequest:
    document = Document("file:///a.py", "python", 1, Text(prefix + suffix))
    return CompletionRequest(document, len(prefix), Trigger.INVOKED)


def reference(encode: Encode, prefix: str, suffix: str, order: Order) -> list[int]:
    """What Meta's code gives (llama/generation.py), without the begin token."""
    before, face = encode(prefix), encode("☺")
    after = encode(f"☺{suffix}")[len(face) :]
    if order == "psm":
        return [PRE, *before, SUF, *after, MID]
    return [PRE, SUF, *after, MID, *before]


def golden() -> list[Pair]:
    return [(pair["prefix"], pair["suffix"]) for pair in json.loads(existing(GOLDEN).read_text())]


def tasks() -> list[dict[str, Any]]:
    with gzip.open(existing(TASKS), "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def single_lines() -> list[Pair]:
    pairs = [(task["prompt"], task["suffix"]) for task in tasks()]
    crlf = [(before.replace("\n", "\r\n"), after.replace("\n", "\r\n")) for before, after in pairs]
    return pairs + crlf


def spans() -> Iterator[tuple[str, str, str]]:
    """For each task two spans of its solution, one with CRLF: prefix, middle, suffix."""
    chance = random.Random(1)
    for task in tasks():
        code = task["prompt"] + task["canonical_solution"] + task["suffix"]
        for text in (code, code.replace("\n", "\r\n")):
            start = chance.randrange(len(text))
            end = chance.randrange(start, min(len(text), start + 80) + 1)
            yield text[:start], text[start:end], text[end:]


SETS: dict[str, tuple[Callable[[], list[Pair]], int]] = {
    "golden": (golden, 149),
    "single lines": (single_lines, 2 * 1033),
    "spans": (lambda: [(prefix, suffix) for prefix, _, suffix in spans()], 2 * 1033),
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", SETS)
def test_the_text_gives_the_ids_of_the_reference(encode: Encode, name: str, order: Order) -> None:
    """Each prompt is tokenised to the reference's ids of what is shown; no marker is lost."""
    pairs, count = SETS[name]
    wrong = []
    for prefix, suffix in pairs():
        prompt = plan(request_between(prefix, suffix), MODEL, in_order(order)).prompt()
        shown = suffix.removeprefix(prompt.left_out)
        if encode(text_of(prompt)) != reference(encode, prefix, shown, order):
            wrong.append((prefix[-20:], suffix[:20]))

    assert len(pairs()) == count
    assert wrong == []


def test_without_that_many_markers_are_lost(encode: Encode) -> None:
    """The usual text loses its marker in 39 golden cases, so the test above can fail."""
    lost = [
        pair for pair in golden()
        if SUF not in encode(text_of(render(CODE_LLAMA, *pair, settings=Settings())))
    ]  # fmt: skip

    assert len(lost) == 39


def test_the_characters_that_break_the_marker_are_all_known(
    vocabulary: sentencepiece.SentencePieceProcessor,
) -> None:
    """They are those that some piece has after ">"; a character of no such piece cannot join it."""
    pieces = map(vocabulary.id_to_piece, range(vocabulary.get_piece_size()))

    joined = {piece[1] for piece in pieces if piece.startswith(">") and len(piece) > 1}

    assert joined == set(CODE_LLAMA.fragile)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=12), st.text(max_size=12), st.sampled_from(ORDERS))
@example("", ">>>", "psm")
@example(" ", ")\r\n", "spm")
@example("<", "<EOT>", "psm")
def test_any_buffer_leaves_the_markers_whole(
    vocabulary: sentencepiece.SentencePieceProcessor, prefix: str, suffix: str, order: Order
) -> None:
    """Each marker stands once, at its place."""
    request = request_between(prefix, suffix)

    ids = vocabulary.encode(text_of(plan(request, MODEL, in_order(order)).prompt()))

    assert [i for i in ids if i in (PRE, SUF, MID)] == [PRE, SUF, MID]


def test_what_the_model_writes_fits_what_it_was_not_shown() -> None:
    """An answer that goes on to where the shown suffix begins is cut to the true middle."""
    wrong = []
    left_out = 0
    for prefix, middle, suffix in spans():
        request = request_between(prefix, suffix)
        prompt = plan(request, MODEL, in_order("psm")).prompt()
        place = place_of(request, "auto")
        if prompt.left_out.strip():
            left_out += 1
            text = trim(middle + prompt.left_out, prompt, place)
            if text != re.sub(r"\r\n|\r|\n", place.line_end, middle):
                wrong.append((middle, prompt.left_out, text))

    assert left_out > 150
    assert wrong == []


async def test_the_ids_of_every_single_line_are_those_of_the_reference(encode: Encode) -> None:
    """With llama.cpp's own tokenizer, for LF and CRLF and in both orders."""
    wrong = []
    with llamacpp_server() as url:
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:

            async def tokenize(text: str, special: bool) -> list[int]:
                body = {
                    "content": text,
                    "add_special": special and not text,
                    "parse_special": special,
                }
                found: list[int] = (await client.post("/tokenize", json=body)).json()["tokens"]
                return found

            ids = TokenIds(url, tokenize)
            for prefix, suffix in single_lines():
                for order in ORDERS:
                    prompt = render(CODE_LLAMA, prefix, suffix, settings=in_order(order))
                    tokens = await ids.of(prompt.parts, prompt)
                    found = [i for part in prompt.parts for i in tokens[part]]
                    if found != [1, *reference(encode, prefix, suffix, order)]:
                        wrong.append((order, prefix, suffix))

    assert wrong == []


def test_nothing_is_left_out_where_ids_are_taken() -> None:
    """A host that takes ids is shown the suffix as it is."""
    ids = ModelInfo("codellama-7b", None, takes_ids=True)

    prompt = plan(request_between("f(", ")\n"), ids, Settings()).prompt()

    assert prompt.left_out == ""
    assert text_of(prompt).startswith("<PRE> <SUF>)\n <MID>")


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("a, b)", "a, b"),
        ("a, b) ", "a, b"),
        ("g(a))", "g(a)"),
        ("a[", "a["),
        (")", ""),
        # One that the model has not closed is closed by the document.
        ("g(a)", "g(a"),
    ],
)
def test_what_is_left_out_is_dropped_from_the_answer_once(answer: str, text: str) -> None:
    """The document has it already, right of the cursor."""
    request = request_between("print(", ")\nx = 1\n")
    prompt = plan(request, MODEL, Settings()).prompt()

    assert prompt.left_out == ")"
    assert trim(answer, prompt, place_of(request, "auto")) == text
