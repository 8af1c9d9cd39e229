"""What each kind of back end sends, and what it understands of its hosts, old and new."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from fakes.asking import SECRET, deltas_of, failure_of, no_progress, opened, prompt, text_of
from fakes.faces.endpoint import BAD_GATEWAY, Endpoint
from fakes.faces.huggingface import NEEDS_PRO, RATE_LIMIT, HuggingFace, loading
from fakes.faces.llamacpp import LlamaCpp
from fakes.faces.ollama import Ollama
from fakes.faces.openai import Flavour, OpenAi
from fakes.faces.tgi import Tgi
from fakes.faces.tgi_checks import Limits
from fakes.host import Face, FakeHost
from fakes.response import Response
from fakes.script import EOT, Token
from infill_ls import errors
from infill_ls.backends.connect import connect
from infill_ls.prompt.build import plan, render
from infill_ls.prompt.dialects import CODE_LLAMA, PLAIN, QWEN_CODER
from infill_ls.settings.tree import BackendSettings, CompletionSettings, Kind, Settings
from infill_ls.text import Text
from infill_ls.types import CompletionRequest, Document, Prompt, Trigger

# What the host serves


@pytest.mark.parametrize(
    ("face", "kind_", "name", "context"),
    [
        (Tgi(model="m", limits=Limits(max_total_tokens=99)), "tgi", "m", 99),
        (Tgi(model="m", old=True), "tgi", "m", 2048),
        (LlamaCpp(model="/x/m.gguf", context_tokens=99), "llamacpp", "/x/m.gguf", 99),
        (Endpoint(Tgi(model="m", limits=Limits(max_total_tokens=99))), "endpoint", "m", 99),
        (OpenAi("vllm", model="m", context_tokens=99), "openai", "m", 99),
        (OpenAi(model="m"), "openai", "m", None),
    ],
)
async def test_the_host_tells_its_model(
    face: Face, kind_: Kind, name: str, context: int | None
) -> None:
    """Name and context come from the host, which is asked once."""
    with FakeHost(face) as host:
        async with opened(kind_, host.url) as backend:
            first = await backend.model()
            asked = len(host.requests)
            again = await backend.model()

    assert (first.name, first.context_tokens) == (name, context)
    assert again == first
    assert len(host.requests) == asked


@pytest.mark.parametrize(
    ("face", "kind_", "path", "models"),
    [
        (Ollama(models=("a:7b", "b:1b")), "ollama", "", ["a:7b", "b:1b"]),
        (OpenAi("vllm", model="m"), "openai", "", ["m"]),
        (OpenAi("mistral", model="m"), "openai", "/v1/fim/completions", ["m"]),
        (OpenAi("deepseek", model="m"), "openai", "/beta", ["m"]),
        (OpenAi("vllm", model="m"), "auto", "", ["m"]),
        (LlamaCpp(), "llamacpp", "", []),
        (Tgi(), "tgi", "", []),
        (HuggingFace(), "huggingface", "", []),
    ],
)
async def test_a_host_of_several_models_names_them(
    face: Face, kind_: Kind, path: str, models: list[str]
) -> None:
    """They are what the setting may say; a host that was started with one model names none."""
    with FakeHost(face) as host:
        async with opened(kind_, f"{host.url}{path}", model="codellama/CodeLlama-7b-hf") as backend:
            assert await backend.models() == models


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
        for path in ("/props", "/info", "/api/tags", "/v1/models"):
            host.html(200, path=path)
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

    assert sent["inputs"] == "<PRE> <SUF> b <MID> a  "


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


async def test_tgi_ends_at_an_end_token_beyond_its_stops(tgi: FakeHost) -> None:
    """Of a prompt's end tokens TGI takes four; the others end the answer here."""
    tgi.answers("a", Token("<|im_end|>", 7, special=True), "never")
    asked = render(
        QWEN_CODER, "a", "b", settings=Settings(completion=CompletionSettings(stop=("x",)))
    )

    async with opened("tgi", tgi.url) as backend:
        deltas = await deltas_of(backend, asked)

    assert (text_of(deltas), deltas[-1].finish) == ("a", "end")
    assert tgi.asked[0].request.json["parameters"]["stop"] == [
        "x", "<|endoftext|>", "<|fim_pad|>", "<|file_sep|>",
    ]  # fmt: skip


@pytest.mark.parametrize("tokens", [("a", ").", "never"), ("a)", "never"), ("a", ")", "never")])
async def test_a_stop_ends_tgi_wherever_it_stands(tgi: FakeHost, tokens: tuple[str, ...]) -> None:
    """TGI sends a stop text along, and misses one inside a token; neither shows here."""
    tgi.answers(*tokens)

    async with opened("tgi", tgi.url) as backend:
        deltas = await deltas_of(backend, prompt(stop=(")",)))

    assert (text_of(deltas), deltas[-1].finish) == ("a", "end")


async def test_half_a_stop_is_held_back_until_it_is_none(tgi: FakeHost) -> None:
    """What could begin a stop comes with the token that shows it does not, or with the end."""
    tgi.answers("a\n", "\n", "b\n", finish="length")

    async with opened("tgi", tgi.url) as backend:
        deltas = await deltas_of(backend, prompt(stop=("\n\n\n",)))

    assert [delta.text for delta in deltas] == ["a", "", "\n\nb\n"]


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


# Hugging Face's dialect

CODELLAMA = "codellama/CodeLlama-7b-hf"


def asking_path(url: str, **settings: Any) -> str:
    """Return where a back end would post."""
    backend = connect(BackendSettings(url=url or None, **settings), no_progress)
    return backend.preview(prompt())[0].url


@pytest.mark.parametrize("old", [True, False], ids=["2023", "now"])
@pytest.mark.parametrize("root", ["", "/hf-inference", "/a/mirror"])
@pytest.mark.parametrize(
    "end", ["", "/", "/models", f"/models/{CODELLAMA}", f"/models/{CODELLAMA}/"]
)
async def test_huggingface_is_asked_at_the_models_path(old: bool, root: str, end: str) -> None:
    """Of whatever the URL holds, the model's path is made, at any base."""
    with FakeHost(HuggingFace(root=root, old=old)) as host:
        host.answers("a")
        async with opened("huggingface", f"{host.url}{root}{end}", model=CODELLAMA) as backend:
            deltas = await deltas_of(backend)

    assert text_of(deltas) == "a"
    assert [request.path for request in host.requests] == [f"{root}/models/{CODELLAMA}"]
    sent = host.requests[0].json
    assert (sent["stream"], sent["parameters"]["return_full_text"]) == (True, False)
    assert "x-wait-for-model" not in host.requests[0].headers


def test_huggingface_has_an_address_of_its_own() -> None:
    """Without a URL, Hugging Face's router is asked."""
    url = asking_path("", kind="huggingface", model=CODELLAMA)

    assert url == f"https://router.huggingface.co/hf-inference/models/{CODELLAMA}"


async def test_a_model_in_the_address_needs_no_setting() -> None:
    """The model that the URL names is asked, and gives the prompt its format."""
    async with opened("huggingface", f"http://127.0.0.1:1/models/{CODELLAMA}") as backend:
        assert (await backend.model()).name == CODELLAMA


@pytest.mark.parametrize(
    "model",
    [None, "", "https://elsewhere.invalid", "//elsewhere", "../up", "a/b/c", "a b", "a/..", "é"],
)
def test_huggingface_takes_ids_of_models_alone(model: str | None) -> None:
    """No name of a model leads to another host or path."""
    settings = BackendSettings(kind="huggingface", url="http://127.0.0.1:1", model=model)

    with pytest.raises(errors.BadInput, match=r"backend\.kind is 'huggingface' but"):
        connect(settings, no_progress)


@pytest.mark.parametrize(("use_cache", "sent"), [(True, None), (False, "0")])
async def test_huggingface_is_told_not_to_remember(use_cache: bool, sent: str | None) -> None:
    """The header goes only where the settings ask for it."""
    with FakeHost(HuggingFace()) as host:
        host.answers("a")
        async with opened("huggingface", host.url, model=CODELLAMA, use_cache=use_cache) as backend:
            await deltas_of(backend)

    assert host.requests[0].headers.get("x-use-cache") == sent


async def test_huggingface_is_waited_for_only_after_it_was_loading() -> None:
    """The request after a 503 waits for the model; once it has answered, the next does not."""
    with FakeHost(HuggingFace(cold=True)) as host:
        host.answers("a")
        async with opened("huggingface", host.url, model=CODELLAMA) as backend:
            failures = [await failure_of(backend)]
            text = text_of(await deltas_of(backend))
            failures.append(await failure_of(backend))

    assert {type(failure) for failure in failures} == {errors.Loading}
    assert text == "a"
    waited = [request.headers.get("x-wait-for-model") for request in host.requests]
    assert waited == [None, "1", None]


HUGGINGFACE_FAULTS = {
    "loading": (loading(CODELLAMA), errors.Loading, "in about 99 s"),
    "loading, status 200": (loading(CODELLAMA, status=200), errors.Loading, "currently loading"),
    "rate limit": (RATE_LIMIT, errors.Overloaded, "Rate limit reached"),
    "needs PRO": (NEEDS_PRO, errors.Refused, "Pro subscription"),
}


@pytest.mark.parametrize("fault", HUGGINGFACE_FAULTS)
async def test_huggingface_fails_in_its_own_words(fault: str) -> None:
    """Loading, limits and subscriptions are told apart, whatever their status."""
    response, expected, words = HUGGINGFACE_FAULTS[fault]
    with FakeHost(HuggingFace()) as host:
        host.replies(response)
        async with opened("huggingface", host.url, model=CODELLAMA) as backend:
            error = await failure_of(backend)

    assert type(error) is expected
    assert words in error.sentence()


async def test_huggingface_says_which_model_is_not_there() -> None:
    """A model that the API does not have is told with its name."""
    with FakeHost(HuggingFace()) as host:
        async with opened("huggingface", host.url, model="no/such") as backend:
            error = await failure_of(backend)

    assert type(error) is errors.NotFound
    assert "Model no/such does not exist" in str(error)


async def token_sent(kind: Kind, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> str | None:
    """Return what a host is sent as a token where Hugging Face's tools keep one."""
    monkeypatch.setenv("HF_TOKEN", "hf_kept")
    monkeypatch.delenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", raising=False)
    with FakeHost(HuggingFace() if kind == "huggingface" else Tgi()) as host:
        host.answers("a")
        async with opened(kind, host.url, **{"token": None, "model": CODELLAMA, **settings}) as it:
            await deltas_of(it)
    return host.requests[0].headers.get("authorization")


async def test_the_kept_token_goes_to_hugging_face(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no token is set, the one of Hugging Face's own tools is sent."""
    assert await token_sent("huggingface", monkeypatch) == "Bearer hf_kept"


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"token": SECRET}, f"Bearer {SECRET}"),
        ({"headers": {"Authorization": "Basic x"}}, "Basic x"),
    ],
)
async def test_a_token_that_is_set_wins(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], sent: str
) -> None:
    """What the user says of the token is stronger than what is kept."""
    assert await token_sent("huggingface", monkeypatch, **given) == sent


@pytest.mark.parametrize("kind", ["tgi", "endpoint", "auto"])
async def test_the_kept_token_goes_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    """Other hosts are sent no token that they were not given."""
    assert await token_sent(kind, monkeypatch) is None


async def test_the_kept_token_is_never_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that repeats it does not get it into a message."""
    monkeypatch.setenv("HF_TOKEN", SECRET)
    with FakeHost(HuggingFace()) as host:
        host.fail(401, json={"error": f"{SECRET} is wrong"})
        async with opened("huggingface", host.url, model=CODELLAMA, token=None) as backend:
            error = await failure_of(backend)

    assert SECRET not in error.sentence()


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://api-inference.huggingface.co", "huggingface"),
        ("https://huggingface.co/x", "huggingface"),
        ("https://a.b.aws.endpoints.huggingface.cloud", "endpoint"),
        ("https://api.example/v1", "openai"),
        ("https://api.example/v1/fim/completions/", "openai"),
        ("https://api.example/beta", "openai"),
        ("https://huggingface.co.example", "auto"),
        ("https://nothuggingface.co", "auto"),
        ("https://user@example/huggingface.co", "auto"),
    ],
)
def test_an_address_may_tell_the_kind(url: str, kind: str) -> None:
    """Hugging Face's own domains and the paths of OpenAI's kind need no asking."""
    backend = connect(BackendSettings(url=url, model="a/b"), no_progress)

    assert backend.kind == kind


# The dialect of Inference Endpoints


@pytest.mark.parametrize(
    "asleep", [BAD_GATEWAY, Response(503), Response(504)], ids=["502 page", "503", "504"]
)
async def test_an_endpoint_that_sleeps_is_waking_up(asleep: Response) -> None:
    """All that the proxy says meanwhile is one error, which tells that it may take minutes."""
    with FakeHost(Endpoint(asleep=asleep)) as host:
        async with opened("endpoint", host.url) as backend:
            completing = await failure_of(backend)
            with pytest.raises(errors.Loading) as asking:
                await backend.model()

    for error in (completing, asking.value):
        assert type(error) is errors.Loading
        assert "waking up" in str(error)
        assert "minutes" in error.hint


@pytest.mark.parametrize(("timeout_ms", "seconds"), [(100, "1"), (20_000, "20"), (90_500, "91")])
async def test_an_endpoint_is_told_how_long_to_hold_a_request(
    timeout_ms: int, seconds: str
) -> None:
    """The proxy may wait for the endpoint as long as we wait for the proxy."""
    with FakeHost(Endpoint()) as host:
        host.answers("a")
        async with opened("endpoint", host.url, timeout_ms) as backend:
            await deltas_of(backend)

    assert host.requests[0].headers["x-scale-up-timeout"] == seconds


# Ollama's dialect


@pytest.fixture
def ollama() -> Iterator[FakeHost]:
    with FakeHost(Ollama()) as host:
        yield host


async def test_ollama_is_sent_raw_text(ollama: FakeHost) -> None:
    """The prompt goes past the host's template, with the context that the budget counts on."""
    ollama.answers("a")

    async with opened("ollama", ollama.url, model="codellama:7b-code") as backend:
        await deltas_of(backend, prompt("x", "y", max_tokens=7))

    assert ollama.requests[0].json == {
        "model": "codellama:7b-code",
        "prompt": "<PRE> x <SUF>y <MID>",
        "raw": True,
        "stream": True,
        "options": {
            "num_ctx": 4096, "num_predict": 7, "temperature": 0.0, "stop": [" <EOT>", "<EOT>"],
        },
    }  # fmt: skip


@pytest.mark.parametrize(("most", "context"), [(16384, 4096), (2048, 2048)])
async def test_ollamas_context_is_the_smaller_of_two(most: int, context: int) -> None:
    """The user sets it, and the model has its own limit."""
    with FakeHost(Ollama(context_tokens=most)) as host:
        async with opened("ollama", host.url, model="codellama:7b-code") as backend:
            model = await backend.model()

    assert (model.name, model.context_tokens) == ("codellama:7b-code", context)


async def test_ollama_without_a_model_names_those_it_has() -> None:
    """Where the settings do not say which, the message lists what there is."""
    with FakeHost(Ollama(models=("a:7b", "b:1b"))) as host:
        async with opened("ollama", host.url) as backend:
            completing = await failure_of(backend)
            with pytest.raises(errors.NotFound) as asking:
                await backend.model()

    assert "backend.model" in str(completing)
    assert completing.hint == asking.value.hint == "set it to one of a:7b, b:1b"


async def test_ollama_says_to_pull_a_model_in_its_own_words(ollama: FakeHost) -> None:
    """A model that is not there is told as Ollama tells it, when it is asked for."""
    async with opened("ollama", ollama.url, model="no:7b") as backend:
        model = await backend.model()
        error = await failure_of(backend)

    assert model.name == "no:7b"
    assert type(error) is errors.NotFound
    assert "model 'no:7b' not found, try pulling it first" in str(error)


@pytest.mark.parametrize("kind_", ["ollama", "tgi", "openai"])
async def test_an_empty_prompt_is_answered_without_asking(kind_: Kind) -> None:
    """To Ollama it would mean to load the model, others refuse it."""
    with FakeHost(Ollama()) as host:
        async with opened(kind_, host.url, model="codellama:7b-code") as backend:
            deltas = await deltas_of(backend, render(PLAIN, "", "", settings=Settings()))

    assert [(delta.text, delta.finish) for delta in deltas] == [("", "end")]
    assert host.requests == ()


async def test_lines_end_at_lf_alone(ollama: FakeHost) -> None:
    """What else ends a line elsewhere may stand unescaped inside a text."""
    texts = ("\u2028", "\u2029", "\x85", "a\u0085b")
    ollama.answers(*texts)

    async with opened("ollama", ollama.url, model="codellama:7b-code") as backend:
        assert text_of(await deltas_of(backend)) == "".join(texts)


# OpenAI's dialect, and vLLM's, Mistral's and DeepSeek's


async def sent_to(face: OpenAi, path: str = "", asked: Prompt | None = None) -> Any:
    """Return the body of a request for completions."""
    with FakeHost(face) as host:
        host.answers("a")
        async with opened("openai", host.url + path, model=face.model) as backend:
            assert text_of(await deltas_of(backend, asked)) == "a"
    return host.asked[-1].request.json


@pytest.mark.parametrize("flavour", ["openai", "vllm", "tgi"])
@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/", "/v1/completions"])
async def test_openai_is_found_at_any_of_its_addresses(flavour: Flavour, path: str) -> None:
    """The URL may end in `/v1` or not."""
    assert (await sent_to(OpenAi(flavour), path))["stream"] is True


async def test_openai_is_sent_text_and_no_more_than_it_knows() -> None:
    """A host that has no tokenizer to ask gets the text, with end tokens as stops."""
    sent = await sent_to(OpenAi(model="m"), asked=prompt("x", "y", max_tokens=7))

    assert sent == {
        "model": "m",
        "prompt": "<PRE> x <SUF>y <MID>",
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 7,
        "temperature": 0.0,
        "stop": ["<EOT>"],
    }


@pytest.mark.parametrize("flavour", ["vllm", "old vllm"])
async def test_vllm_is_sent_token_ids(flavour: Flavour) -> None:
    """The prompt is exact, and ends by number, since end tokens are not in vLLM's texts."""
    sent = await sent_to(OpenAi(flavour), asked=prompt("x", "y"))

    assert sent["prompt"] == [1, 32007, 3 + ord("x"), 32008, 3 + ord("y"), 32009]
    assert sent["stop_token_ids"] == [32010]


async def test_vllm_without_its_tokenizer_still_ends_by_number() -> None:
    """Where `/tokenize` is hidden, the text is sent, with the numbers that are known."""
    with FakeHost(OpenAi("vllm")) as host:
        host.fail(404, path="/tokenize")
        host.answers("a", EOT, "never")
        async with opened("openai", host.url) as backend:
            text = text_of(await deltas_of(backend, prompt("x", "y")))

    assert text == "a"
    assert host.asked[-1].request.json["prompt"] == "<PRE> x <SUF>y <MID>"


async def test_a_host_is_asked_for_its_tokenizer_once() -> None:
    """What has none is not asked again for each completion."""
    with FakeHost(OpenAi()) as host:
        async with opened("openai", host.url) as backend:
            for _ in "12":
                host.answers("a")
                await deltas_of(backend)

    paths = [request.path for request in host.requests]
    assert paths == ["/v1/models", "/tokenize", "/v1/completions", "/v1/completions"]


async def test_vllm_is_asked_for_the_begin_token() -> None:
    """A prompt without control tokens still begins as the model wants it."""
    asked = render(PLAIN, "x", "", settings=Settings())

    assert (await sent_to(OpenAi("vllm"), asked=asked))["prompt"] == [1, 3 + ord("x")]


async def test_a_host_that_refuses_ids_is_sent_text() -> None:
    """It is asked again at once, and from then on with text at first."""
    with FakeHost(OpenAi("openai", takes_ids=False)) as host:
        tokenized = {"tokens": [5], "count": 1, "max_model_len": 9}
        for _ in range(8):
            host.fail(200, json=tokenized, path="/tokenize")
        host.answers("a")
        host.answers("b")
        async with opened("openai", host.url) as backend:
            asked = render(PLAIN, "x", "", settings=Settings())
            texts = [text_of(await deltas_of(backend, asked)) for _ in "12"]

    prompts = [request.json["prompt"] for request in host.requests if "completions" in request.path]
    assert texts == ["a", "b"]
    assert prompts == [[5], "x", "x"]


async def test_another_hosts_tokenizer_is_not_taken_for_vllms() -> None:
    """llama.cpp has a `/tokenize` too, which would find nothing in what vLLM is asked."""
    with FakeHost(OpenAi()) as host:
        host.fail(200, json={"tokens": []}, path="/tokenize")
        host.answers("a")
        async with opened("openai", host.url) as backend:
            await deltas_of(backend, prompt("x", "y"))

    assert host.asked[-1].request.json["prompt"] == "<PRE> x <SUF>y <MID>"


@pytest.mark.parametrize(
    ("flavour", "path", "counted"),
    [
        ("mistral", "/v1/fim/completions", {}),
        ("deepseek", "/beta", {"stream_options": {"include_usage": True}}),
        ("deepseek", "/beta/completions/", {"stream_options": {"include_usage": True}}),
    ],
)
async def test_prefix_and_suffix_go_apart_where_the_host_wants_it(
    flavour: Flavour, path: str, counted: dict[str, object]
) -> None:
    """No control token is sent; the host has its own format."""
    sent = await sent_to(OpenAi(flavour, model="m"), path, prompt("x", "y", max_tokens=7))

    assert sent == {
        "model": "m",
        "prompt": "x",
        "suffix": "y",
        "stream": True,
        "max_tokens": 7,
        "temperature": 0.0,
        **counted,
    }


async def test_a_host_with_its_own_format_is_given_both_sides() -> None:
    """Whatever the model's name, the prompt holds what is after the cursor."""
    async with opened("openai", "http://127.0.0.1:1/beta", model="deepseek-chat") as backend:
        model = await backend.model()
    document = Document("file:///a.py", "python", 0, Text("<PRE> xy</s>"))
    request = CompletionRequest(document, 7, Trigger.INVOKED)

    asked = plan(request, model, Settings()).prompt()

    assert backend.preview(asked)[0].body["prompt"] == "<PRE> x"
    assert backend.preview(asked)[0].body["suffix"] == "y</s>"


def test_a_host_with_its_own_format_needs_a_model() -> None:
    """Such hosts have many models, few of which infill."""
    settings = BackendSettings(kind="openai", url="http://127.0.0.1:1/beta")

    with pytest.raises(errors.BadInput, match=r"backend\.model"):
        connect(settings, no_progress)


@pytest.mark.parametrize("reason", ["error", "abort", "content_filter"])
async def test_an_answer_that_the_host_gives_up_is_a_bad_answer(reason: str) -> None:
    """What was generated up to there is no completion."""
    event = f'data: {{"choices":[{{"text":"a","finish_reason":"{reason}"}}]}}\n\ndata: [DONE]\n\n'
    with FakeHost(OpenAi()) as host:
        host.replies(Response(200, {"content-type": "text/event-stream"}, (event.encode(),)))
        async with opened("openai", host.url) as backend:
            error = await failure_of(backend)

    assert type(error) is errors.BadAnswer
    assert reason in str(error)


@pytest.mark.parametrize("done", ["data: [DONE]\n\n", ""], ids=["[DONE]", "no [DONE]"])
async def test_openai_may_leave_out_what_it_likes(done: str) -> None:
    """Null texts, empty finishes and a missing end of the stream are all fine."""
    events = (
        'data: {"choices":[{"text":null,"finish_reason":""}]}\n\n',
        'data: {"choices":[{"text":"a","finish_reason":null}]}\n\n',
        'data: {"choices":[{"text":"","finish_reason":"length"}],"usage":null}\n\n',
        done,
    )
    with FakeHost(OpenAi()) as host:
        body = "".join(events).encode()
        host.replies(Response(200, {"content-type": "text/event-stream"}, (body,)))
        async with opened("openai", host.url) as backend:
            deltas = await deltas_of(backend)

    assert (text_of(deltas), deltas[-1].finish) == ("a", "length")


async def test_openai_without_any_model_says_so() -> None:
    """A host that lists none, and settings that name none, are one clear error."""
    with FakeHost(OpenAi()) as host:
        host.fail(200, json={"data": []}, path="/v1/models")
        async with opened("openai", host.url) as backend:
            with pytest.raises(errors.NotFound) as raised:
                await backend.model()

    assert "backend.model" in raised.value.sentence()


async def test_vllm_names_the_model_that_is_not_there() -> None:
    """A model that the host does not serve is told in its own words."""
    with FakeHost(OpenAi("vllm")) as host:
        async with opened("openai", host.url, model="no") as backend:
            error = await failure_of(backend)

    assert type(error) is errors.NotFound
    assert "The model `no` does not exist." in str(error)


@pytest.mark.parametrize("flavour", ["vllm", "old vllm", "openai"])
async def test_a_prompt_beyond_the_context_is_told(flavour: Flavour) -> None:
    """Errors inside an object and outside of one are read alike."""
    with FakeHost(OpenAi(flavour, context_tokens=8)) as host:
        async with opened("openai", host.url) as backend:
            error = await failure_of(backend)

    assert type(error) is errors.RequestRejected
    assert "maximum context length is 8 tokens" in str(error)


async def test_mistrals_own_validation_is_told() -> None:
    """An error whose message is an object is read for what it says."""
    with FakeHost(OpenAi("mistral")) as host:
        detail = {"detail": [{"type": "missing", "msg": "Field required"}]}
        body = {"object": "error", "message": detail}
        host.fail(422, json=body, path="/v1/fim/completions")
        async with opened("openai", f"{host.url}/v1/fim/completions", model="m") as backend:
            error = await failure_of(backend)

    assert "Field required" in str(error)
