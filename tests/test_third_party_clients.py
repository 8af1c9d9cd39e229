"""The clients that people use with the real hosts read our scripted ones alike.

Each is the judge of its face: it gets the text and raises its own typed errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ollama
import openai
import pytest
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError, OverloadedError, ValidationError

from fakes.faces.endpoint import BAD_GATEWAY, Endpoint
from fakes.faces.huggingface import NEEDS_PRO, RATE_LIMIT, HuggingFace, loading
from fakes.faces.image import MODEL as DRAWS
from fakes.faces.image import Drawing
from fakes.faces.llamacpp import LlamaCpp
from fakes.faces.ollama import Ollama
from fakes.faces.openai import OpenAi
from fakes.faces.tgi import Tgi
from fakes.host import Face, FakeHost
from fakes.response import Response, json_response
from fakes.script import EOT

MODEL = "codellama/CodeLlama-7b-hf"

# huggingface_hub


@pytest.fixture(params=["now", "2023", "endpoint"])
def hosted(request: pytest.FixtureRequest) -> Iterator[FakeHost]:
    faces: dict[str, Face] = {
        "now": HuggingFace(),
        "2023": HuggingFace(old=True),
        "endpoint": Endpoint(),
    }
    with FakeHost(faces[request.param], token="hf_x") as host:
        yield host


def hub(host: FakeHost, token: str = "hf_x") -> InferenceClient:
    """Return a client of the model's address, or of the endpoint's."""
    is_endpoint = isinstance(host.face, Endpoint)
    url = host.url if is_endpoint else f"{host.url}/models/{MODEL}"
    return InferenceClient(model=url, token=token, timeout=30)


def test_the_hub_client_reads_a_stream(hosted: FakeHost) -> None:
    """The tokens come in order, and the end token is special."""
    hosted.answers(" a", " =", EOT)

    with hub(hosted) as client:
        outputs = list(client.text_generation("x", stream=True, details=True, stop=["<EOT>"]))

    assert [(o.token.text, o.token.special) for o in outputs] == [
        (" a", False), (" =", False), (" <EOT>", True),
    ]  # fmt: skip
    assert outputs[-1].details is not None
    assert outputs[-1].details.finish_reason == "stop_sequence"


def test_the_hub_client_reads_a_whole_answer(hosted: FakeHost) -> None:
    """The text comes without the prompt, where that is asked for."""
    hosted.answers("a", " = 1")

    with hub(hosted) as client:
        assert client.text_generation("x", return_full_text=False) == "a = 1"


@pytest.mark.parametrize(
    ("response", "status"),
    [(loading(MODEL), 503), (RATE_LIMIT, 429), (NEEDS_PRO, 400), (BAD_GATEWAY, 502)],
    ids=["loading", "rate limit", "needs PRO", "502 page"],
)
def test_the_hub_client_raises_with_the_status(
    hosted: FakeHost, response: Response, status: int
) -> None:
    """What the proxy refuses is the hub's own HTTP error."""
    hosted.replies(response)

    with hub(hosted) as client, pytest.raises(HfHubHTTPError) as raised:
        client.text_generation("x", stream=True)

    assert raised.value.response.status_code == status


def test_the_hub_client_has_its_token_refused(hosted: FakeHost) -> None:
    """A wrong token is an HTTP error, with the status of its time."""
    with hub(hosted, "hf_wrong") as client, pytest.raises(HfHubHTTPError) as raised:
        client.text_generation("x")

    old = isinstance(hosted.face, HuggingFace) and hosted.face.old
    assert raised.value.response.status_code == (400 if old else 401)


def test_the_hub_client_raises_what_a_stream_reports(hosted: FakeHost) -> None:
    """An error in a stream is the hub's typed error."""
    hosted.error_event("Model is overloaded", "overloaded", after=("a",))

    with hub(hosted) as client, pytest.raises(OverloadedError):
        list(client.text_generation("x", stream=True))


def test_the_hub_client_is_told_of_a_bad_parameter(hosted: FakeHost) -> None:
    """The checks of TGI reach the client through the proxy."""
    with hub(hosted) as client, pytest.raises(ValidationError, match="strictly positive"):
        client.text_generation("x", temperature=0.0)


TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "One?"},
]


@pytest.fixture(params=["now", "endpoint", "1.4"])
def talking(request: pytest.FixtureRequest) -> Iterator[FakeHost]:
    """A host whose model has a chat template."""
    faces: dict[str, Face] = {
        "now": HuggingFace(tgi=Tgi(template=True)),
        "endpoint": Endpoint(Tgi(template=True)),
        "1.4": Endpoint(Tgi(template=True, early=True)),
    }
    with FakeHost(faces[request.param], token="hf_x") as host:
        yield host


def is_early(host: FakeHost) -> bool:
    return isinstance(host.face, Endpoint) and host.face.tgi.early


def test_the_hub_client_reads_a_streamed_message(talking: FakeHost) -> None:
    """Each delta has the role, the last one the finish; the usage comes where it is asked for."""
    talking.answers("a", " =", finish="length", prompt_tokens=3)

    with hub(talking) as client:
        chunks = list(
            client.chat_completion(TALK, stream=True, stream_options={"include_usage": True})
        )

    choices = [choice for chunk in chunks for choice in chunk.choices]
    assert [(c.delta.role, c.delta.content, c.finish_reason) for c in choices] == [
        ("assistant", "a", None),
        ("assistant", " =", "length"),
    ]
    usages = [(u.prompt_tokens, u.completion_tokens) for c in chunks if (u := c.usage)]
    assert usages == ([] if is_early(talking) else [(3, 2)])


def test_the_hub_client_reads_a_whole_message(talking: FakeHost) -> None:
    """The text comes with its finish, in the words of its version, and the usage."""
    talking.answers("a", " = 1", prompt_tokens=3)

    with hub(talking) as client:
        answer = client.chat_completion(TALK)

    [choice] = answer.choices
    assert (choice.message.role, choice.message.content.removesuffix("</s>")) == (
        "assistant",
        "a = 1",
    )
    assert choice.finish_reason == ("eos_token" if is_early(talking) else "stop")
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (3, 3)


def test_the_hub_client_has_its_token_refused_in_chat(talking: FakeHost) -> None:
    """A wrong token is an HTTP error there too."""
    with hub(talking, "hf_wrong") as client, pytest.raises(HfHubHTTPError) as raised:
        client.chat_completion(TALK)

    assert raised.value.response.status_code == 401


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_the_hub_client_is_told_that_there_is_no_template(hosted: FakeHost, stream: bool) -> None:
    """A model that was not trained to chat is refused with a status, and an old host has no such
    route."""
    with hub(hosted) as client, pytest.raises(HfHubHTTPError) as raised:
        client.chat_completion(TALK, stream=stream)

    old = isinstance(hosted.face, HuggingFace) and hosted.face.old
    assert raised.value.response.status_code == (404 if old else 422)
    assert old or "Template error: template not found" in str(raised.value)


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_the_hub_client_is_told_of_roles_out_of_turn(talking: FakeHost, stream: bool) -> None:
    """Llama 2's template takes no two questions in a row."""
    with hub(talking) as client, pytest.raises(HfHubHTTPError, match="must alternate"):
        client.chat_completion([*TALK, TALK[1]], stream=stream)


def test_the_hub_client_may_ask_for_the_likeliest_token(talking: FakeHost) -> None:
    """From 2.0.2 on a temperature of 0 is taken; before, it is an error."""
    talking.answers("a")

    with hub(talking) as client:
        if is_early(talking):
            with pytest.raises(HfHubHTTPError, match="`temperature` must be strictly positive"):
                client.chat_completion(TALK, temperature=0.0)
        else:
            [choice] = client.chat_completion(TALK, temperature=0.0).choices
            assert choice.message.content == "a"


def painter(host: FakeHost, token: str = "hf_x") -> InferenceClient:
    """Return a client of the model that draws."""
    return InferenceClient(model=f"{host.url}/models/{DRAWS}", token=token, timeout=30)


def test_the_hub_client_reads_a_picture() -> None:
    """The host that draws sends what the client opens as a picture."""
    with FakeHost(Drawing(), token="hf_x") as host, painter(host) as client:
        host.answers()

        picture = client.text_to_image("a fox", width=72, height=64, seed=3, guidance_scale=9)

    assert (picture.size, picture.getpixel((0, 0))) == ((72, 64), (3, 0, 0))


@pytest.mark.parametrize(
    ("token", "response"),
    [("hf_y", None), ("hf_x", loading(DRAWS)), ("hf_x", json_response({"error": ["a"]}, 400))],
    ids=["token", "loading", "list"],
)
def test_the_hub_client_raises_what_a_painter_fails_with(
    token: str, response: Response | None
) -> None:
    """Faults of that host are errors of the client's own."""
    with FakeHost(Drawing(), token="hf_x") as host, painter(host, token) as client:
        if response:
            host.replies(response)

        with pytest.raises(HfHubHTTPError):
            client.text_to_image("a fox")


# text-generation, which cannot be installed beside huggingface_hub 1.x


# ollama


@pytest.fixture
def local() -> Iterator[FakeHost]:
    with FakeHost(Ollama(models=("m",))) as host:
        yield host


@pytest.fixture
def client(local: FakeHost) -> Iterator[Any]:
    with ollama.Client(local.url, timeout=30) as client:
        yield client


def test_the_ollama_client_reads_a_stream(local: FakeHost, client: Any) -> None:
    """The pieces come in order, and the last has the counts."""
    local.answers("a", " =", finish="length", prompt_tokens=3)

    parts = list(client.generate("m", "x", stream=True, raw=True))

    assert [part.response for part in parts] == ["a", " =", ""]
    assert [part.done for part in parts] == [False, False, True]
    last = parts[-1]
    assert (last.done_reason, last.prompt_eval_count, last.eval_count) == ("length", 3, 2)


def test_the_ollama_client_reads_a_whole_answer(local: FakeHost, client: Any) -> None:
    """Stop texts are left out."""
    local.answers("ab", "cd")

    answer = client.generate("m", "x", options={"stop": ["bc"]})

    assert (answer.response, answer.done_reason) == ("a", "stop")


def test_the_ollama_client_reads_a_streamed_message(local: FakeHost, client: Any) -> None:
    """Each piece has the role, and the last has the counts."""
    local.answers("a", " =", finish="length", prompt_tokens=3)

    parts = list(client.chat("m", TALK, stream=True))

    assert [part.message.role for part in parts] == ["assistant"] * 3
    assert [part.message.content for part in parts] == ["a", " =", ""]
    last = parts[-1]
    assert (last.done_reason, last.prompt_eval_count, last.eval_count) == ("length", 3, 2)


def test_the_ollama_client_reads_a_whole_message(local: FakeHost, client: Any) -> None:
    """Stop texts are left out there too."""
    local.answers("ab", "cd")

    answer = client.chat("m", TALK, options={"stop": ["bc"]})

    assert (answer.message.content, answer.done_reason) == ("a", "stop")


def test_the_ollama_client_raises_its_typed_error_in_chat(local: FakeHost, client: Any) -> None:
    """A line that reports an error in the middle, and a model that is not there."""
    local.error_event("out of memory", "", after=("a",))

    with pytest.raises(ollama.ResponseError, match="out of memory"):
        list(client.chat("m", TALK, stream=True))
    with pytest.raises(ollama.ResponseError, match="not found"):
        client.chat("no", TALK)


def test_the_ollama_client_is_told_what_does_not_chat() -> None:
    """A model that only completes."""
    with (
        FakeHost(Ollama(models=("m",), template=False)) as host,
        ollama.Client(host.url, timeout=30) as client,
        pytest.raises(ollama.ResponseError, match='"m" does not support chat') as raised,
    ):
        client.chat("m", TALK)

    assert raised.value.status_code == 400


def test_the_ollama_client_reads_what_is_served(client: Any) -> None:
    """The list of models, and the context of one."""
    assert [model.model for model in client.list().models] == ["m"]
    assert client.show("m").modelinfo["llama.context_length"] == 16384


def test_the_ollama_client_loads_a_model_with_an_empty_prompt(client: Any) -> None:
    """Nothing is generated for it."""
    assert client.generate("m", "").done_reason == "load"


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_the_ollama_client_raises_its_typed_error(
    local: FakeHost, client: Any, stream: bool
) -> None:
    """A model that is not there, and a line that reports an error, raise with the words."""
    local.error_event("out of memory", "", after=("a",))

    with pytest.raises(ollama.ResponseError, match="out of memory"):
        list(client.generate("m", "x", stream=stream))
    with pytest.raises(ollama.ResponseError, match="try pulling it first") as raised:
        list(client.generate("no", "x", stream=stream))

    assert raised.value.status_code == 404


def test_the_ollama_client_is_told_what_does_not_infill(client: Any) -> None:
    """A suffix needs a template for it."""
    with pytest.raises(ollama.ResponseError, match="does not support insert"):
        client.generate("m", "x", suffix="y")


# openai


@pytest.fixture(params=["openai", "tgi", "vllm", "deepseek"])
def served(request: pytest.FixtureRequest) -> Iterator[FakeHost]:
    with FakeHost(OpenAi(request.param, model="m"), token="key") as host:
        yield host


def client_of(host: FakeHost, key: str = "key") -> Any:
    assert isinstance(host.face, OpenAi)
    path = "/beta" if host.face.flavour == "deepseek" else "/v1"
    return openai.OpenAI(base_url=host.url + path, api_key=key, max_retries=0, timeout=30)


def test_the_openai_client_reads_a_stream(served: FakeHost) -> None:
    """The texts come in order, then the finish, then the usage if it was asked for."""
    served.answers("a", " =", finish="length", prompt_tokens=3)

    with client_of(served) as client:
        chunks = list(
            client.completions.create(
                model="m", prompt="x", stream=True, stream_options={"include_usage": True}
            )
        )

    choices = [choice for chunk in chunks for choice in chunk.choices]
    assert "".join(choice.text for choice in choices) == "a ="
    assert choices[-1].finish_reason == "length"
    assert (chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens) == (3, 2)


def test_the_openai_client_reads_a_whole_answer(served: FakeHost) -> None:
    """Stop texts are left out."""
    served.answers("ab", "cd")

    with client_of(served) as client:
        answer = client.completions.create(model="m", prompt="x", stop=["bc"])

    assert (answer.choices[0].text, answer.choices[0].finish_reason) == ("a", "stop")


def test_the_openai_client_raises_its_typed_errors(served: FakeHost) -> None:
    """Each status is the client's own error."""
    with client_of(served) as client:
        for status, error in (
            (400, openai.BadRequestError),
            (422, openai.UnprocessableEntityError),
            (429, openai.RateLimitError),
            (500, openai.InternalServerError),
        ):
            served.fail(status, json={"error": {"message": "no", "type": "t"}})
            with pytest.raises(error):
                client.completions.create(model="m", prompt="x")
        with pytest.raises(openai.NotFoundError, match="does not exist"):
            client.completions.create(model="other", prompt="x")
    with client_of(served, "wrong") as stranger, pytest.raises(openai.AuthenticationError):
        stranger.completions.create(model="m", prompt="x")


def test_the_openai_client_raises_what_a_stream_reports(served: FakeHost) -> None:
    """An error among the chunks is an error of the API."""
    served.error_event("overloaded", "server_error", after=("a",))

    with client_of(served) as client, pytest.raises(openai.APIError, match="overloaded"):
        list(client.completions.create(model="m", prompt="x", stream=True))


def test_the_openai_client_lists_what_vllm_serves() -> None:
    """The context is a field of vLLM's own."""
    with FakeHost(OpenAi("vllm", model="m", context_tokens=9)) as host, client_of(host) as client:
        (model,) = client.models.list().data

    assert (model.id, model.owned_by, model.max_model_len) == ("m", "vllm", 9)


def test_vllm_refuses_a_suffix() -> None:
    """What it does not support is told, not ignored."""
    with (
        FakeHost(OpenAi("vllm", model="m")) as host,
        client_of(host) as client,
        pytest.raises(openai.BadRequestError, match="suffix is not currently supported"),
    ):
        client.completions.create(model="m", prompt="x", suffix="y")


# openai, in chat

SPEAKING: dict[str, tuple[Face, str]] = {
    "openai": (OpenAi(model="m"), "/v1"),
    "tgi": (OpenAi("tgi", model="m"), "/v1"),
    "vllm": (OpenAi("vllm", model="m"), "/v1"),
    "mistral": (OpenAi("mistral", model="m"), "/v1"),
    "deepseek": (OpenAi("deepseek", model="m"), ""),
    "llamacpp": (LlamaCpp(model="m"), "/v1"),
    "ollama": (Ollama(models=("m",)), "/v1"),
}
"""Faces, and where their Messages API begins."""

ALWAYS_COUNTING = {"mistral", "deepseek"}
"""Those that tell the usage with the last chunk, asked or not; the first takes no such wish."""


@pytest.fixture(params=SPEAKING)
def speaking(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def speaker(speaking: str) -> Iterator[FakeHost]:
    with FakeHost(SPEAKING[speaking][0], token="key") as host:
        yield host


@pytest.fixture
def talker(speaking: str, speaker: FakeHost) -> Iterator[Any]:
    url = speaker.url + SPEAKING[speaking][1]
    with openai.OpenAI(base_url=url, api_key="key", max_retries=0, timeout=30) as client:
        yield client


def test_the_openai_client_reads_a_streamed_message(
    speaking: str, speaker: FakeHost, talker: Any
) -> None:
    """The role comes first, then the texts in order, then the finish and the usage."""
    speaker.answers("a", " =", finish="length", prompt_tokens=3)
    wish = {} if speaking in ALWAYS_COUNTING else {"stream_options": {"include_usage": True}}

    chunks = list(talker.chat.completions.create(model="m", messages=TALK, stream=True, **wish))

    choices = [choice for chunk in chunks for choice in chunk.choices]
    assert choices[0].delta.role == "assistant"
    assert "".join(choice.delta.content or "" for choice in choices) == "a ="
    assert [c.finish_reason for c in choices] == [None] * (len(choices) - 1) + ["length"]
    assert (chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens) == (3, 2)


def test_the_openai_client_is_told_no_usage_unasked(
    speaking: str, speaker: FakeHost, talker: Any
) -> None:
    """But by those who always tell it."""
    speaker.answers("a")

    chunks = list(talker.chat.completions.create(model="m", messages=TALK, stream=True))

    assert any(chunk.usage for chunk in chunks) == (speaking in ALWAYS_COUNTING)


def test_the_openai_client_reads_a_whole_message(speaker: FakeHost, talker: Any) -> None:
    """The text, its finish and the usage."""
    speaker.answers("a", "b", "never", prompt_tokens=3)

    answer = talker.chat.completions.create(model="m", messages=TALK, max_tokens=2)

    [choice] = answer.choices
    assert (choice.message.role, choice.message.content) == ("assistant", "ab")
    assert choice.finish_reason == "length"
    assert (answer.usage.prompt_tokens, answer.usage.total_tokens) == (3, 5)


def test_the_openai_client_raises_its_typed_errors_in_chat(
    speaking: str, speaker: FakeHost, talker: Any
) -> None:
    """Each status is the client's own error; a model that is not there is not found."""
    for status, error in (
        (400, openai.BadRequestError),
        (422, openai.UnprocessableEntityError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
    ):
        speaker.fail(status, json={"error": {"message": "no", "type": "t"}})
        with pytest.raises(error):
            talker.chat.completions.create(model="m", messages=TALK)
    with pytest.raises(openai.AuthenticationError):
        talker.with_options(api_key="wrong").chat.completions.create(model="m", messages=TALK)
    # The two others serve one model, whatever it is called.
    if speaking not in ("tgi", "llamacpp"):
        with pytest.raises(openai.NotFoundError):
            talker.chat.completions.create(model="other", messages=TALK)


def test_the_openai_client_raises_what_a_streamed_message_reports(
    speaking: str, speaker: FakeHost, talker: Any
) -> None:
    """An error among the chunks is an error of the API; Ollama loses it and all that follows."""
    speaker.error_event("overloaded", "server_error", after=("a",))

    stream = talker.chat.completions.create(model="m", messages=TALK, stream=True)

    if speaking == "ollama":
        assert [choice.finish_reason for chunk in stream for choice in chunk.choices] == [None] * 2
    elif speaking == "mistral":
        # Its errors have a form of their own, which this client takes for a chunk.
        assert [chunk.object for chunk in stream][-1] == "error"
    else:
        with pytest.raises(openai.APIError, match="overloaded"):
            list(stream)


def test_the_openai_client_finds_a_conversation_too_long() -> None:
    """llama.cpp and vLLM refuse what the context does not hold, before they stream."""
    small: list[Face] = [
        LlamaCpp(model="m", context_tokens=9),
        OpenAi("vllm", "m", context_tokens=9),
    ]
    for face in small:
        with (
            FakeHost(face) as host,
            openai.OpenAI(
                base_url=f"{host.url}/v1", api_key="k", max_retries=0, timeout=30
            ) as client,
            pytest.raises(openai.BadRequestError, match="context"),
        ):
            client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": "x" * 10}], stream=True
            )


def test_vllm_has_no_template_of_its_own() -> None:
    """A model without one cannot be talked to."""
    with (
        FakeHost(OpenAi("vllm", model="m", template=False)) as host,
        client_of(host) as client,
        pytest.raises(openai.BadRequestError, match="chat template"),
    ):
        client.chat.completions.create(model="m", messages=TALK)


def test_mistral_takes_no_other_names_in_chat() -> None:
    """Not even the wish for the usage, which it tells in any case."""
    with (
        FakeHost(OpenAi("mistral", model="m")) as host,
        client_of(host) as client,
        pytest.raises(openai.UnprocessableEntityError) as raised,
    ):
        client.chat.completions.create(
            model="m", messages=TALK, stream=True, stream_options={"include_usage": True}
        )

    assert "stream_options" in raised.value.response.text
