"""No prompt is too long for its host, however dense the text, and a slow host is shown less."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from contextlib import aclosing

import pytest
import sentencepiece

from fakes.asking import no_progress
from fakes.faces.tgi import Tgi
from fakes.faces.tgi_checks import Limits
from fakes.host import FakeHost
from fakes.llamacpp import SHARED, RecordingProxy, existing, llamacpp_server
from infill_ls.backends.connect import connect
from infill_ls.completion.completer import Completer
from infill_ls.settings.tree import BackendSettings, CompletionSettings, PromptSettings, Settings
from infill_ls.text import Text
from infill_ls.types import CompletionRequest, Document, Trigger

VOCABULARY = SHARED / "data" / "codellama-vocabulary.model"

noise = random.Random(7)
DENSE = {
    "code": "def add(first, second):\n    return first + second\n\n\n" * 400,
    "base64": base64.b64encode(noise.randbytes(30_000)).decode(),
    "hex": noise.randbytes(20_000).hex(),
    "minified": "!function(e,t){var n=t[0];return e?n:[1,2]}(a,b);" * 4_100,
    "Chinese": "这是一个测试文件,用于测试。我们的代码在这里运行。" * 800,
    "rare characters": "".join(chr(noise.randrange(0x3400, 0x9FFF)) for _ in range(9_000)),
    "emoji": "🎉😀🚀" * 3_000,
    "random letters": "".join(noise.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(30_000)),
    "line ends": "\n" * 30_000,
    "tabs": "\t" * 30_000,
}
"""By name; the minified one is a line of 200 kB."""

SMALL = PromptSettings(max_tokens=100_000)
"""As much as the host takes."""


def request_in(string: str, place: float) -> CompletionRequest:
    document = Document("file:///a.py", "python", 1, Text(string))
    return CompletionRequest(document, int(len(string) * place), Trigger.INVOKED)


@pytest.fixture(scope="module")
def vocabulary() -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_file=str(existing(VOCABULARY)))


@pytest.fixture(scope="module", params=[512, 2048])
def llamacpp(request: pytest.FixtureRequest) -> Iterator[tuple[RecordingProxy, int]]:
    with llamacpp_server(context_tokens=request.param) as url, RecordingProxy(url) as proxy:
        yield proxy, request.param


@pytest.mark.parametrize("place", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("name", DENSE)
async def test_llamacpp_is_never_asked_too_much(
    llamacpp: tuple[RecordingProxy, int], name: str, place: float
) -> None:
    """Prompt and answer fit the context of the real server, and most of it is used."""
    proxy, context = llamacpp
    settings = Settings(
        backend=BackendSettings(kind="llamacpp", url=proxy.url),
        completion=CompletionSettings(max_tokens=16),
        prompt=SMALL,
    )

    async with aclosing(
        Completer(settings, lambda backend: connect(backend, no_progress), no_progress)
    ) as completer:
        await completer.complete(request_in(DENSE[name], place))

    asked = proxy.requests("/completion")[-1]
    count = len(json.loads(asked.body)["prompt"])
    assert context * 0.25 <= count <= context - 16


@pytest.mark.parametrize("old", [False, True], ids=["with /tokenize", "without"])
@pytest.mark.parametrize("limit", [256, 1024, 3000])
@pytest.mark.parametrize("name", DENSE)
async def test_tgi_is_never_asked_too_much(
    vocabulary: sentencepiece.SentencePieceProcessor, name: str, limit: int, *, old: bool
) -> None:
    """A host that refuses longer prompts, counted by the true vocabulary, refuses none."""

    def tokens(text: str) -> list[tuple[int, str]]:
        return [(i, vocabulary.id_to_piece(i)) for i in [1, *vocabulary.encode(text)]]

    limits = Limits(
        max_input_tokens=limit, max_total_tokens=limit + 64, count=lambda text: len(tokens(text))
    )
    with FakeHost(Tgi(limits=limits, old=old, tokenize=tokens)) as host:
        host.answers("x")
        settings = Settings(
            backend=BackendSettings(kind="tgi", url=host.url),
            completion=CompletionSettings(max_tokens=64),
            prompt=SMALL,
        )
        async with aclosing(
            Completer(settings, lambda backend: connect(backend, no_progress), no_progress)
        ) as completer:
            await completer.complete(request_in(DENSE[name], 0.5))
