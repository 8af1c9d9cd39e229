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
from fakes.faces.ollama import Ollama
from fakes.faces.openai import OpenAi
from fakes.host import FakeHost
from fakes.response import Response, json_response
from fakes.script import EOT

MODEL = "codellama/CodeLlama-7b-hf"

# huggingface_hub


@pytest.fixture(params=["now", "2023", "endpoint"])
def hosted(request: pytest.FixtureRequest) -> Iterator[FakeHost]:
    faces = {
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
    return InferenceClient(model=url, token=token, timeout=5)


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


def painter(host: FakeHost, token: str = "hf_x") -> InferenceClient:
    """Return a client of the model that draws."""
    return InferenceClient(model=f"{host.url}/models/{DRAWS}", token=token, timeout=5)


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
    with ollama.Client(local.url, timeout=5) as client:
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
    return openai.OpenAI(base_url=host.url + path, api_key=key, max_retries=0, timeout=5)


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
