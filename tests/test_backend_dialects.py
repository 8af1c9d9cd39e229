"""What each kind of back end sends, and what it understands of its hosts, old and new."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from fakes.asking import deltas_of, failure_of, opened, prompt, text_of
from fakes.faces.llamacpp import LlamaCpp
from fakes.faces.tgi import Tgi
from fakes.faces.tgi_checks import Limits
from fakes.host import Face, FakeHost
from fakes.response import Response
from fakes.script import EOT
from infill_ls import errors
from infill_ls.prompt.dialects import CODE_LLAMA
from infill_ls.settings.tree import Kind
from infill_ls.types import Prompt

# What the host serves


@pytest.mark.parametrize(
    ("face", "kind_", "name", "context"),
    [
        (Tgi(model="m", limits=Limits(max_total_tokens=99)), "tgi", "m", 99),
        (Tgi(model="m", old=True), "tgi", "m", 2048),
        (LlamaCpp(model="/x/m.gguf", context_tokens=99), "llamacpp", "/x/m.gguf", 99),
    ],
)
async def test_the_host_tells_its_model(face: Face, kind_: Kind, name: str, context: int) -> None:
    """Name and context come from the host, which is asked once."""
    with FakeHost(face) as host:
        async with opened(kind_, host.url) as backend:
            models = [await backend.model() for _ in "12"]

    assert {(model.name, model.context_tokens) for model in models} == {(name, context)}
    assert len(host.requests) == 1


async def test_a_proxy_that_hides_info_leaves_the_model_unknown() -> None:
    """TGI without `/info` still completes; its model is unknown."""
    with FakeHost(Tgi()) as host:
        host.fail(404, path="/info")
        async with opened("tgi", host.url) as backend:
            model = await backend.model()

    assert (model.name, model.context_tokens) == ("", None)


async def test_a_host_of_no_known_kind_is_a_bad_answer() -> None:
    """A web server that is neither is told from a host, in one error."""
    with FakeHost(Tgi()) as host:
        host.html(200, path="/props")
        host.html(200, path="/info")
        async with opened("auto", host.url) as backend:
            error = await failure_of(backend)

    assert type(error) is errors.BadAnswer
    assert "backend.kind" in error.sentence()


# TGI's dialect


@pytest.fixture
def tgi() -> Iterator[FakeHost]:
    with FakeHost(Tgi()) as host:
        yield host


async def asked_of_tgi(host: FakeHost, asked: Prompt) -> Any:
    host.answers("a")
    async with opened("tgi", host.url) as backend:
        await deltas_of(backend, asked)
    (request,) = host.requests
    assert request.path == "/generate_stream"
    return request.json


async def test_tgi_is_sent_the_text_of_the_prompt(tgi: FakeHost) -> None:
    """The control tokens are spelt with their blanks; the begin token is TGI's to add."""
    sent = await asked_of_tgi(tgi, prompt("a  ", " b"))

    assert sent["inputs"] == "<PRE> a   <SUF> b <MID>"


async def test_tgi_is_sent_what_it_takes(tgi: FakeHost) -> None:
    """The limit, the stops and no full text; greedy is to leave the temperature out."""
    sent = await asked_of_tgi(tgi, prompt(max_tokens=7))

    assert sent["parameters"] == {
        "max_new_tokens": 7,
        "return_full_text": False,
        "details": True,
        "stop": ["<EOT>"],
    }


async def test_tgi_is_told_to_sample(tgi: FakeHost) -> None:
    """A temperature above 0 is sent as it is."""
    sent = await asked_of_tgi(tgi, prompt(temperature=0.25))

    assert sent["parameters"]["temperature"] == 0.25
    assert sent["parameters"]["do_sample"] is True


async def test_tgi_is_sent_no_spelt_control_token(tgi: FakeHost) -> None:
    """The user's text ends, away from the cursor, where it spells a control token."""
    sent = await asked_of_tgi(tgi, prompt("x <EOT>\na", "b\n</s> y"))

    inner = sent["inputs"].removeprefix("<PRE> ").removesuffix(" <MID>").replace(" <SUF>", "")
    assert not CODE_LLAMA.control.search(inner)
    assert inner.endswith("\nab\n<")


async def test_tgi_finds_a_prompt_too_long() -> None:
    """The host's own limit is told in the host's own words."""
    with FakeHost(Tgi(limits=Limits(max_input_tokens=3))) as host:
        async with opened("tgi", host.url) as backend:
            error = await failure_of(backend)

    assert type(error) is errors.RequestRejected
    assert "`inputs` must have less than 3 tokens" in str(error)


async def test_tgi_drops_the_text_of_a_stop_that_is_a_token(tgi: FakeHost) -> None:
    """A stop that comes as a special token is in neither delta, though it is in the stream."""
    tgi.answers(" a", EOT)

    async with opened("tgi", tgi.url) as backend:
        deltas = await deltas_of(backend)

    assert [delta.text for delta in deltas] == [" a", ""]
    assert deltas[-1].completion_tokens == 2


# llama.cpp's dialect


@pytest.fixture
def llamacpp() -> Iterator[FakeHost]:
    with FakeHost(LlamaCpp()) as host:
        yield host


async def test_llamacpp_is_sent_token_ids(llamacpp: FakeHost) -> None:
    """The prompt is a list of ids, control tokens by number and texts by the host's tokenizer."""
    llamacpp.answers("a")

    async with opened("llamacpp", llamacpp.url) as backend:
        await deltas_of(backend, prompt("x", "y", max_tokens=7))
    sent = llamacpp.asked[0].request.json

    assert sent["prompt"] == [1, 32007, 3 + ord("x"), 32008, 3 + ord("y"), 32009]
    assert (sent["n_predict"], sent["temperature"], sent["stream"]) == (7, 0, True)


async def test_llamacpp_tokenizes_a_text_once(llamacpp: FakeHost) -> None:
    """A text that was tokenised before is not asked for again."""
    async with opened("llamacpp", llamacpp.url) as backend:
        for _ in "12":
            llamacpp.answers("a")
            await deltas_of(backend)

    texts = [request.json["content"] for request in llamacpp.requests if "content" in request.json]
    assert len(texts) == len(set(texts))


async def test_llamacpp_finds_a_prompt_too_long() -> None:
    """A prompt beyond the context is told in the host's own words."""
    with FakeHost(LlamaCpp(context_tokens=8)) as host:
        async with opened("llamacpp", host.url) as backend:
            error = await failure_of(backend)

    assert type(error) is errors.RequestRejected
    assert "exceeds the available context size (8 tokens)" in str(error)


@pytest.mark.parametrize("answer", [{}, [], {"tokens": None}, {"tokens": ["a"]}])
async def test_a_tokenizer_that_gives_no_ids_is_a_bad_answer(
    llamacpp: FakeHost, answer: object
) -> None:
    """What `/tokenize` answers is checked before it is used."""
    for _ in range(8):
        llamacpp.fail(200, json=answer, path="/tokenize")

    async with opened("llamacpp", llamacpp.url) as backend:
        assert type(await failure_of(backend)) is errors.BadAnswer


async def test_cancelling_while_llamacpp_tokenizes_closes_the_connections(
    llamacpp: FakeHost,
) -> None:
    """A hanging tokenizer is let go of like a hanging completion."""
    for _ in range(8):
        llamacpp.hang(path="/tokenize")

    async with opened("llamacpp", llamacpp.url) as backend:
        task = asyncio.create_task(deltas_of(backend))
        await llamacpp.wait_async(lambda host: len(host.open_exchanges) > 0)
        task.cancel()
        await asyncio.wait({task})

        await llamacpp.wait_async(lambda host: not host.open_exchanges)


@pytest.mark.parametrize(
    ("final", "finish"),
    [
        ('"stopped_eos":true,"stopped_limit":false,"stopped_word":false', "end"),
        ('"stopped_eos":false,"stopped_limit":true,"stopped_word":false', "length"),
        ('"stop_type":"none"', "end"),
    ],
)
async def test_older_llamacpp_tells_its_finish_by_flags(
    llamacpp: FakeHost, final: str, finish: str
) -> None:
    """Builds before `stop_type`, and without `tokens`, are understood."""
    first = b'data: {"content":"a","stop":false}\n\n'
    last = f'data: {{"content":"","stop":true,{final}}}\n\n'.encode()
    headers = {"content-type": "text/event-stream"}
    llamacpp.replies(Response(200, headers, (first, last)))

    async with opened("llamacpp", llamacpp.url) as backend:
        deltas = await deltas_of(backend)

    assert (text_of(deltas), deltas[-1].finish) == ("a", finish)
