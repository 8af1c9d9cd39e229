"""The scripted hosts behave as the hosts they stand for."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from typing import Any

import httpx
import huggingface_hub
import pytest
from huggingface_hub.errors import (
    GenerationError,
    IncompleteGenerationError,
    OverloadedError,
    TextGenerationError,
    ValidationError,
)

from fakes.faces.llamacpp import LlamaCpp
from fakes.faces.tgi import Tgi
from fakes.faces.tgi_checks import Limits
from fakes.host import FakeHost, refused_url
from fakes.llamacpp import RecordingProxy, llamacpp_server
from fakes.script import EOT, Token, Wire

TROUBLES = [
    ("Model is overloaded", "overloaded", OverloadedError),
    ("Input validation error: `inputs` cannot be empty", "validation", ValidationError),
    ("Request failed during generation: Server error: oops", "generation", GenerationError),
    ("Incomplete generation", "incomplete_generation", IncompleteGenerationError),
]


@pytest.fixture
def tgi() -> Iterator[FakeHost]:
    with FakeHost(Tgi()) as host:
        yield host


@pytest.fixture
def llamacpp() -> Iterator[FakeHost]:
    with FakeHost(LlamaCpp()) as host:
        yield host


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=5) as client:
        yield client


@pytest.fixture
def hub(tgi: FakeHost) -> Iterator[huggingface_hub.InferenceClient]:
    with huggingface_hub.InferenceClient(base_url=tgi.url, token="none", timeout=5) as client:
        yield client


def body(inputs: str = "a b c", **parameters: object) -> dict[str, object]:
    return {"inputs": inputs, "parameters": parameters}


def events(response: httpx.Response) -> list[dict[str, Any]]:
    lines = response.text.splitlines()
    return [json.loads(line.removeprefix("data:")) for line in lines if line.startswith("data:")]


# The Hugging Face client, against the face of TGI


def test_the_hugging_face_client_reads_a_stream(
    tgi: FakeHost, hub: huggingface_hub.InferenceClient
) -> None:
    """The hub's client gets the tokens in order, and the details with the last one."""
    tgi.answers("\n", " return", EOT)

    stream = hub.text_generation(
        "a b", stream=True, details=True, stop=["<EOT>"], return_full_text=False
    )
    outputs = list(stream)

    assert [output.token.text for output in outputs] == ["\n", " return", " <EOT>"]
    assert [output.token.special for output in outputs] == [False, False, True]
    assert outputs[-1].generated_text == "\n return"
    assert outputs[-1].details is not None
    assert outputs[-1].details.finish_reason == "stop_sequence"
    assert outputs[-1].details.generated_tokens == 3


def test_the_hugging_face_client_reads_a_whole_answer(
    tgi: FakeHost, hub: huggingface_hub.InferenceClient
) -> None:
    """Without a stream, the hub's client gets text and details in one object."""
    tgi.answers(" x", " = 1", finish="length")

    output = hub.text_generation("a b", details=True, return_full_text=False)

    assert output.generated_text == "x = 1"
    assert output.details is not None
    assert output.details.finish_reason == "length"


@pytest.mark.parametrize(("message", "kind", "error"), TROUBLES)
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_the_hugging_face_client_raises_its_typed_errors(
    tgi: FakeHost,
    hub: huggingface_hub.InferenceClient,
    message: str,
    kind: str,
    error: type[TextGenerationError],
    stream: bool,
) -> None:
    """Each error type of TGI, in a stream or not, is the hub's own exception for it."""
    tgi.error_event(message, kind, after=("a",))

    with pytest.raises(error, match=message[:10]):
        list(hub.text_generation("a b", stream=stream, details=True))


def test_the_hugging_face_client_is_told_what_is_invalid(
    hub: huggingface_hub.InferenceClient,
) -> None:
    """The face refuses temperature 0 as TGI does, in the words the hub's client shows."""
    with pytest.raises(ValidationError, match="`temperature` must be strictly positive"):
        hub.text_generation("a b", temperature=0.0)


# What TGI's own routes answer


def test_tgi_gives_an_array_at_the_root_only(tgi: FakeHost, http: httpx.Client) -> None:
    """`/` wraps the answer in an array and repeats the prompt, `/generate` does neither."""
    tgi.answers("d")
    tgi.answers("d")

    assert http.post(f"{tgi.url}/", json=body()).json() == [{"generated_text": "a b cd"}]
    assert http.post(f"{tgi.url}/generate", json=body()).json() == {"generated_text": "d"}


def test_tgi_streams_a_leading_blank_that_the_whole_text_lacks(
    tgi: FakeHost, http: httpx.Client
) -> None:
    """The tokens keep the first blank of the answer, `generated_text` has lost it."""
    tgi.answers(" ", "\n", " return")

    last = events(http.post(f"{tgi.url}/generate_stream", json=body()))[-1]

    assert last["generated_text"] == "\n return"
    assert last["details"] is None


def test_tgi_counts_events_from_one_and_the_input_in_details(
    tgi: FakeHost, http: httpx.Client
) -> None:
    """A stream with details numbers its events and tells the length of the input."""
    tgi.answers("x", finish="length")

    (event,) = events(http.post(f"{tgi.url}/generate_stream", json=body(details=True)))

    assert event["index"] == 1
    assert event["details"]["input_length"] == 3


def test_old_tgi_spells_its_stream_and_info_the_old_way(http: httpx.Client) -> None:
    """TGI 1.1 has no blank after `data:`, no `index`, and `max_input_length`."""
    with FakeHost(Tgi(old=True)) as host:
        host.answers("x", finish="length")
        info = http.get(f"{host.url}/info").json()
        stream = http.post(f"{host.url}/generate_stream", json=body()).text

    assert info["max_input_length"] == 1024
    assert stream.startswith('data:{"token":{"id":263,')


def test_tgi_stops_only_where_the_output_ends_with_the_stop_text(
    tgi: FakeHost, http: httpx.Client
) -> None:
    """A stop text inside a token does not stop; one that ends the output does and stays in it."""
    tgi.answers("(", ").", ")", "never")

    answer = http.post(f"{tgi.url}/generate", json=body(stop=[")"], details=True)).json()

    assert answer["generated_text"] == "().)"
    assert answer["details"]["finish_reason"] == "stop_sequence"


@pytest.mark.parametrize(
    ("inputs", "parameters", "words"),
    [
        ("a", {"temperature": 0}, "`temperature` must be strictly positive"),
        ("a", {"top_p": 1.0}, "`top_p` must be > 0.0 and < 1.0"),
        ("a", {"top_k": 0}, "`top_k` must be strictly positive"),
        ("a", {"max_new_tokens": 0}, "`max_new_tokens` must be strictly positive"),
        ("a", {"stop": list("abcde")}, "`stop` supports up to 4 stop sequences. Given: 5"),
        ("", {}, "`inputs` cannot be empty"),
        ("a", {"truncate": 0}, "`truncate` must be strictly positive and less than 4. Given: 0"),
        ("a b c d e", {}, "`inputs` must have less than 4 tokens. Given: 5"),
        (
            "a b c d",
            {"max_new_tokens": 7},
            "`inputs` tokens + `max_new_tokens` must be <= 10."
            " Given: 4 `inputs` tokens and 7 `max_new_tokens`",
        ),
    ],
)
def test_tgi_refuses_in_its_own_words(
    http: httpx.Client, inputs: str, parameters: dict[str, object], words: str
) -> None:
    """An invalid request is 422 where one answer was asked for, and an event of a 200 stream."""
    refused = {"error": f"Input validation error: {words}", "error_type": "validation"}

    with FakeHost(Tgi(limits=Limits(max_input_tokens=4, max_total_tokens=10))) as host:
        whole = http.post(f"{host.url}/generate", json=body(inputs, **parameters))
        stream = http.post(f"{host.url}/generate_stream", json=body(inputs, **parameters))

    assert (whole.status_code, whole.json()) == (422, refused)
    assert (stream.status_code, events(stream)) == (200, [refused])


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b'{"inputs"', "application/json", 400),
        (b'{"inputs": "a"}', "text/plain", 415),
        (b'{"inputs": ["a"]}', "application/json", 422),
        (b'{"inputs": "a", "parameters": {"stop": ")"}}', "application/json", 422),
        (b'{"inputs": "a", "parameters": {"max_new_tokens": -1}}', "application/json", 422),
        (b'{"inputs": "' + b"a" * 2_000_000 + b'"}', "application/json", 413),
    ],
)
def test_tgi_rejects_what_is_no_request_in_plain_text(
    tgi: FakeHost, http: httpx.Client, content: bytes, content_type: str, status: int
) -> None:
    """A body of the wrong shape is refused by status and text, even where a stream was asked."""
    headers = {"content-type": content_type}

    answer = http.post(f"{tgi.url}/generate_stream", content=content, headers=headers)

    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/plain")


def test_tgi_asks_for_its_token_with_an_empty_401(http: httpx.Client) -> None:
    """Without the token a completion is refused without a word, while `/info` stays open."""
    with FakeHost(Tgi(), token="secret") as host:
        host.answers("x")
        refused = http.post(f"{host.url}/generate", json=body())
        info = http.get(f"{host.url}/info")
        headers = {"authorization": "Bearer secret"}
        taken = http.post(f"{host.url}/generate", json=body(), headers=headers)

    assert (refused.status_code, refused.content) == (401, b"")
    assert info.status_code == taken.status_code == 200


# The bytes of a stream, whatever the face

EVENTS = ['{"a":"é"}', '{"b":1}']


@pytest.mark.parametrize(
    ("wire", "pieces"),
    [
        (Wire(), ('data: {"a":"é"}\n\n', 'data: {"b":1}\n\n')),
        (Wire(space=False), ('data:{"a":"é"}\n\n', 'data:{"b":1}\n\n')),
        (Wire(newline="\r\n"), ('data: {"a":"é"}\r\n\r\n', 'data: {"b":1}\r\n\r\n')),
        (Wire(comments=True), (':\n\ndata: {"a":"é"}\n\n', ':\n\ndata: {"b":1}\n\n')),
        (Wire(final_blank=False), ('data: {"a":"é"}\n\n', 'data: {"b":1}')),
        (Wire(chunk=99), ('data: {"a":"é"}\n\ndata: {"b":1}\n\n',)),
    ],
)
def test_the_wire_spells_events_as_told(wire: Wire, pieces: tuple[str, ...]) -> None:
    """Blank, line ends, comments, last blank line and chunks are each the test's to choose."""
    assert [piece.decode() for piece in wire.pieces(EVENTS)] == list(pieces)


def test_a_wire_of_single_bytes_cuts_through_characters(tgi: FakeHost, http: httpx.Client) -> None:
    """Chunks of one byte arrive as such, so that a character comes in two of them."""
    tgi.answers("é", finish="length", wire=Wire(chunk=1))

    with http.stream("POST", f"{tgi.url}/generate_stream", json=body()) as response:
        chunks = list(response.iter_raw())

    assert "é" in b"".join(chunks).decode()
    assert ("é".encode()[:1], "é".encode()[1:]) in pairwise(chunks)


# Faults and the record of them


def test_a_gate_lets_events_pass_one_by_one(tgi: FakeHost, http: httpx.Client) -> None:
    """No event is sent before the test opens the gate for it."""
    gate = tgi.gate()
    tgi.answers("a", "b", gate=gate)

    with http.stream("POST", f"{tgi.url}/generate_stream", json=body()) as response:
        lines = (line for line in response.iter_lines() if line)
        before = tgi.asked[0].pieces_sent
        gate.open()
        first = next(lines)
        gate.stand_open()
        rest = list(lines)

    assert before == 0
    assert '"text":"a"' in first
    assert len(rest) == 2
    assert tgi.asked[0].ending == "complete"


def test_the_host_sees_when_the_client_leaves(tgi: FakeHost, http: httpx.Client) -> None:
    """A client that closes before the end is noted with the time, and one answer less is open."""
    gate = tgi.gate()
    tgi.answers("a", "b", gate=gate)

    with http.stream("POST", f"{tgi.url}/generate_stream", json=body()) as response:
        lines = response.iter_lines()
        gate.open()
        next(lines)
        open_before = len(tgi.open_exchanges)
        left_at = time.monotonic()
    tgi.wait(lambda host: not host.open_exchanges)

    assert open_before == 1
    assert tgi.asked[0].pieces_sent == 1
    assert tgi.asked[0].client_left_at is not None
    assert tgi.asked[0].client_left_at >= left_at


def test_a_wait_that_fails_shows_the_exchanges(tgi: FakeHost, http: httpx.Client) -> None:
    """At its deadline a wait raises with what the host saw instead."""
    http.get(f"{tgi.url}/health")

    with pytest.raises(AssertionError, match="/health"):
        tgi.wait(lambda host: False, deadline_s=0)


def test_an_abrupt_cut_closes_the_connection(tgi: FakeHost, http: httpx.Client) -> None:
    """A stream that is cut abruptly ends without the end of its body."""
    tgi.cut_after("a", "b")

    with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
        http.post(f"{tgi.url}/generate_stream", json=body())

    assert tgi.asked[0].ending == "cut"


def test_a_clean_cut_only_lacks_the_final_event(tgi: FakeHost, http: httpx.Client) -> None:
    """A stream that is cut cleanly is whole to HTTP, but no event has the generated text."""
    tgi.cut_after("a", "b", how="clean")

    seen = events(http.post(f"{tgi.url}/generate_stream", json=body()))

    assert [event["generated_text"] for event in seen] == [None, None]


def test_a_host_can_hang(tgi: FakeHost, http: httpx.Client) -> None:
    """A hanging host takes the request and sends nothing at all."""
    tgi.hang()

    with pytest.raises(httpx.ReadTimeout):
        http.post(f"{tgi.url}/generate", json=body(), timeout=0.05)

    tgi.wait(lambda host: host.asked[0].client_left_at is not None)


def test_a_host_can_hang_up(tgi: FakeHost, http: httpx.Client) -> None:
    """A host that hangs up closes the connection before any answer."""
    tgi.hang_up()

    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        http.post(f"{tgi.url}/generate", json=body())


def test_one_path_can_be_scripted_alone(tgi: FakeHost, http: httpx.Client) -> None:
    """A reply for one path is taken by its next request only, and leaves completions alone."""
    tgi.html(502, path="/info")
    tgi.answers("x")

    assert http.get(f"{tgi.url}/info").status_code == 502
    assert http.get(f"{tgi.url}/info").json()["model_id"] == "codellama/CodeLlama-7b-hf"
    assert http.post(f"{tgi.url}/generate", json=body()).json() == {"generated_text": "x"}


def test_requests_are_recorded(tgi: FakeHost, http: httpx.Client) -> None:
    """Each request is kept with method, path, headers and body."""
    tgi.fail(503, json={"error": "Model is loading"})

    http.post(f"{tgi.url}/generate", json=body(), headers={"X-Test": "1"})

    (request,) = tgi.requests
    assert (request.method, request.path) == ("POST", "/generate")
    assert request.headers["x-test"] == "1"
    assert request.json == body()


def test_an_unscripted_completion_says_so(tgi: FakeHost, http: httpx.Client) -> None:
    """A completion that the test forgot to script fails with a message that says that."""
    assert "scripted no reply" in http.post(f"{tgi.url}/generate", json=body()).text


def test_leaving_a_host_ends_what_is_open(http: httpx.Client) -> None:
    """A stopped host drops its connections, notes that it was stopped and is gone."""
    with ExitStack() as outliving, FakeHost(Tgi()) as host:
        address = ("127.0.0.1", port(host))
        open = outliving.enter_context(socket.create_connection(address))
        host.hang()
        open.sendall(b"POST /generate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n")
        open.sendall(b'Content-Length: 14\r\n\r\n{"inputs":"a"}')
        host.wait(lambda host: len(host.asked) == 1)

    assert host.asked[0].ending == "host stopped"
    with pytest.raises(httpx.ConnectError):
        http.get(host.url)


def port(host: FakeHost) -> int:
    return httpx.URL(host.url).port or 0


def test_a_refused_url_refuses(http: httpx.Client) -> None:
    """Nobody listens at a refused URL."""
    with refused_url() as url, pytest.raises(httpx.ConnectError):
        http.get(url)


# llama.cpp: the face, and the real server that it must resemble


def test_llamacpp_shows_the_end_of_an_infilling(llamacpp: FakeHost, http: httpx.Client) -> None:
    """` <EOT>` is shown like a word, `</s>` as an empty one; both end the answer."""
    llamacpp.answers("a", EOT, "never")
    llamacpp.answers("a")

    asked = {"prompt": "x", "stream": True}
    infilling, text = (events(http.post(f"{llamacpp.url}/completion", json=asked)) for _ in "12")

    assert [event["content"] for event in infilling] == ["a", " <EOT>", ""]
    assert [event["content"] for event in text] == ["a", "", ""]
    assert {events[-1]["stop_type"] for events in (infilling, text)} == {"eos"}


def test_llamacpp_leaves_stop_words_out(llamacpp: FakeHost, http: httpx.Client) -> None:
    """The answer ends before a stop word, even inside a token."""
    llamacpp.answers("ab", "cd", "ef")

    asked = {"prompt": "x", "stop": ["bc"]}
    answer = http.post(f"{llamacpp.url}/completion", json=asked).json()

    assert (answer["content"], answer["stop_type"], answer["stopping_word"]) == ("a", "word", "bc")


@pytest.fixture(scope="module")
def real_llamacpp() -> Iterator[RecordingProxy]:
    with llamacpp_server(context_tokens=512, api_key="key") as url, RecordingProxy(url) as proxy:
        yield proxy


@pytest.fixture
def faked_llamacpp() -> Iterator[FakeHost]:
    with FakeHost(LlamaCpp(context_tokens=512), token="key") as host:
        yield host


KEY = {"authorization": "Bearer key"}


@pytest.mark.parametrize(
    ("path", "asked", "headers"),
    [
        ("/nowhere", {}, KEY),
        ("/completion", {"prompt": "a"}, {}),
        ("/completion", {"prompt": "a"}, {"authorization": "Bearer other"}),
        ("/completion", {"prompt": [1] * 600}, KEY),
    ],
)
def test_llamacpp_fails_as_the_real_one(
    real_llamacpp: RecordingProxy,
    faked_llamacpp: FakeHost,
    http: httpx.Client,
    path: str,
    asked: dict[str, object],
    headers: dict[str, str],
) -> None:
    """Errors of the face have the status, the type and the words of the real server."""
    urls = (f"{real_llamacpp.url}{path}", f"{faked_llamacpp.url}{path}")

    real, faked = (http.post(url, json=asked, headers=headers) for url in urls)

    assert faked.status_code == real.status_code
    assert faked.json()["error"].items() <= real.json()["error"].items()


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_llamacpp_answers_with_the_fields_of_the_real_one(
    real_llamacpp: RecordingProxy, faked_llamacpp: FakeHost, http: httpx.Client, stream: bool
) -> None:
    """Each event of the face, and a whole answer, has just the fields of the real server's."""
    faked_llamacpp.answers("a", "b", finish="length")
    asked = {"prompt": [1, 822], "n_predict": 2, "logit_bias": [[263, 1000]], "stream": stream}
    urls = (f"{real_llamacpp.url}/completion", f"{faked_llamacpp.url}/completion")

    real, faked = (http.post(url, json=asked, headers=KEY) for url in urls)

    if stream:
        fields = [[event.keys() for event in events(answer)] for answer in (real, faked)]
        assert fields[0] == fields[1]
    else:
        assert real.json().keys() == faked.json().keys()


def test_llamacpp_knows_its_context_like_the_real_one(
    real_llamacpp: RecordingProxy, faked_llamacpp: FakeHost, http: httpx.Client
) -> None:
    """`/props` tells the context at the same place, and no field that the real server has not."""
    urls = (f"{real_llamacpp.url}/props", f"{faked_llamacpp.url}/props")

    real, faked = (http.get(url, headers=KEY).json() for url in urls)

    assert real["default_generation_settings"]["n_ctx"] == 512
    assert faked["default_generation_settings"]["n_ctx"] == 512
    assert faked.keys() <= real.keys()


def test_the_proxy_keeps_what_was_asked(real_llamacpp: RecordingProxy, http: httpx.Client) -> None:
    """The proxy passes a request on unchanged and keeps its JSON."""
    asked = {"content": "def f", "add_special": True}

    answer = http.post(f"{real_llamacpp.url}/tokenize", json=asked, headers=KEY)

    assert answer.json() == {"tokens": [1, 822, 285]}
    assert real_llamacpp.requests("/tokenize")[-1].json == asked


def test_tokens_of_a_script_may_be_texts(tgi: FakeHost, http: httpx.Client) -> None:
    """A text in a script is an ordinary token; a `Token` may be any."""
    tgi.answers("a", Token("", 13), Token("é", 29948))

    seen = events(http.post(f"{tgi.url}/generate_stream", json=body()))

    assert [event["token"]["text"] for event in seen] == ["a", "", "é", "</s>"]
