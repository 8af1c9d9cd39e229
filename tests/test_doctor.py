"""The doctor tells the truth about set-ups that are broken, each in its own way."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import pytest
import trustme

from fakes.command import run
from fakes.faces.huggingface import HuggingFace, loading
from fakes.faces.llamacpp import LlamaCpp
from fakes.faces.ollama import Ollama
from fakes.faces.openai import OpenAi
from fakes.faces.tgi import Tgi
from fakes.host import Face, FakeHost, refused_url
from fakes.serving import server_side

TOKEN = "hf_TheTokenOfTheUser"
MODEL = "codellama/CodeLlama-7b-hf"


@dataclass(frozen=True)
class Broken:
    """A set-up in which no completion can be had."""

    says: tuple[str, ...]
    """What stands in the row that failed: what failed, with which value, what to do."""
    environ: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    files: dict[str, bytes] = field(default_factory=dict)
    """What is in the user's home; {url} stands for the host's address."""


SetUp = AbstractContextManager[Broken]


@contextmanager
def host(
    *says: str,
    face: Face | None = None,
    token: str | None = TOKEN,
    script: Callable[[FakeHost], None] = lambda host: None,
    environ: Mapping[str, str] = MappingProxyType({}),
    **settings: str,
) -> Iterator[Broken]:
    """A host that is spoken to with these settings of `backend`."""
    with FakeHost(face or Tgi(), token=token) as fake:
        script(fake)
        given = {"KIND": "tgi", "URL": fake.url, "TOKEN": TOKEN, "READ_TIMEOUT_MS": "300"}
        given |= {name.upper(): value.format(url=fake.url) for name, value in settings.items()}
        yield Broken(
            tuple(word.format(url=fake.url) for word in says),
            {f"INFILL_LS_BACKEND_{name}": value for name, value in given.items()} | dict(environ),
        )


@contextmanager
def nobody() -> Iterator[Broken]:
    with refused_url() as url:
        yield Broken((f"{url} cannot be reached", "is the host running?"), arguments=("--url", url))


@contextmanager
def strange_certificate() -> Iterator[Broken]:
    side = server_side(trustme.CA().issue_cert("127.0.0.1"))
    with FakeHost(Tgi(), tls=side) as fake:
        says = (f"the certificate of {fake.url} is not trusted", "backend.caBundle")
        yield Broken(says, arguments=("--url", fake.url))


@contextmanager
def dead_proxy() -> Iterator[Broken]:
    with refused_url() as proxy:
        says = ("http://host.example", "cannot be reached", "is the proxy right")
        yield Broken(says, {"HTTP_PROXY": proxy}, ("--url", "http://host.example"))


FIVE_STOPS = {"INFILL_LS_COMPLETION_STOP": '["a", "b", "c", "d", "e"]'}

BROKEN: dict[str, Callable[[], SetUp]] = {
    "nothing is set up": lambda: nullcontext(
        Broken(("no backend.url is set", "backend.url", "infill-ls"))
    ),
    "nobody listens": nobody,
    "no such name": lambda: nullcontext(
        Broken(("http://gpu.invalid cannot be reached",), arguments=("--url", "http://gpu.invalid"))
    ),
    "no address": lambda: nullcontext(
        Broken(("'gpu:8080', which is no address", "http://"), arguments=("--url", "gpu:8080"))
    ),
    "dead proxy": dead_proxy,
    "certificate of a stranger": strange_certificate,
    "wrong token": lambda: host(
        "{url} refuses the token", "set backend.token", kind="endpoint", token="other", face=Tgi()
    ),
    "token without access": lambda: host(
        "{url} allows no access",
        "gated repo",
        "one with access",
        script=lambda host: host.fail(403, json={"error": "gated repo"}),
    ),
    "token of the wrong plan": lambda: host(
        "refuses the token",
        "requires a Pro subscription",
        face=HuggingFace(),
        kind="huggingface",
        model=MODEL,
        script=lambda host: host.fail(400, json={"error": "Model requires a Pro subscription"}),
    ),
    "model that is loading": lambda: host(
        "{url} is not ready yet",
        "try again in about 99 s",
        face=HuggingFace(),
        kind="huggingface",
        model=MODEL,
        script=lambda host: host.replies(loading(MODEL)),
    ),
    "model that is unknown": lambda: host(
        "{url} has nothing here",
        "Model acme/none does not exist",
        "backend.model",
        face=HuggingFace(),
        kind="huggingface",
        model="acme/none",
    ),
    "no model named": lambda: host(
        "there is no model's id", "set backend.model", face=HuggingFace(), kind="huggingface"
    ),
    "model that Ollama has not": lambda: host(
        "{url} has nothing here",
        "codellama:70b",
        "backend.model",
        face=Ollama(),
        token=None,
        kind="ollama",
        model="codellama:70b",
    ),
    "endpoint that sleeps": lambda: host(
        "{url} is waking up", "minutes", kind="endpoint", script=lambda host: host.html(502)
    ),
    "too many requests": lambda: host(
        "{url} has too much to do",
        "try again in about 30 s",
        script=lambda host: host.fail(429, headers={"retry-after": "30"}),
    ),
    "another kind of host": lambda: host(
        "{url} has nothing here", "backend.kind", face=Ollama(), token=None, kind="tgi"
    ),
    "web page": lambda: host(
        "{url}", "an HTML page", "backend.url", script=lambda host: host.html(200)
    ),
    "redirect": lambda: host(
        "{url} redirects to https://login.example/",
        "set backend.url",
        script=lambda host: host.redirect("https://login.example/"),
    ),
    "silence": lambda: host(
        "{url} did not answer in time",
        "backend.readTimeoutMs",
        script=lambda host: host.hang(),
    ),
    "answer cut short": lambda: host(
        "{url} broke off its answer", "try again", script=lambda host: host.cut_after("a")
    ),
    "tokenizer of another model": lambda: host(
        "{url}",
        "prompt.template",
        face=LlamaCpp(),
        kind="llamacpp",
        model="qwen2.5-coder",
    ),
    "vLLM without the model": lambda: host(
        "{url}", "backend.model", face=OpenAi("vllm"), kind="openai", model="acme/none"
    ),
    "more stop texts than it takes": lambda: host(
        "{url}", "completion.stop", "4", environ=FIVE_STOPS
    ),
    "authorities that are none": lambda: nullcontext(
        Broken(
            ("backend.caBundle 'ca.pem' cannot be used", "PEM"),
            {"INFILL_LS_BACKEND_CA_BUNDLE": "ca.pem"},
            ("--url", "https://127.0.0.1:1"),
            {"ca.pem": b"no certificate"},
        )
    ),
    "model file that is not there": lambda: nullcontext(
        Broken(
            ("there is no model file", "none.gguf", "backend.model"),
            arguments=("--backend", "embedded", "--model", "none.gguf"),
        )
    ),
    "model file that is broken": lambda: nullcontext(
        Broken(
            ("a.gguf cannot be loaded",),
            arguments=("--backend", "embedded", "--model", "a.gguf"),
            files={"a.gguf": b"GGUF, or not"},
        )
    ),
    "model that is not pulled": lambda: nullcontext(
        Broken(("is not here yet", "infill-ls model pull"), {"INFILL_LS_MODELS": "models"})
    ),
    "model that is in no catalogue": lambda: nullcontext(
        Broken(("gpt-9",), arguments=("--backend", "embedded", "--model", "gpt-9"))
    ),
}

NEEDS_LLAMACPP = {"model file that is broken", "model that is not pulled"}


def rows(out: str) -> list[tuple[str, str, str]]:
    """The subject, verdict and words of each row of the doctor's table."""
    cells = (re.split(r"\s{2,}", line.strip()) for line in out.splitlines())
    return [(row[0], row[1], row[2]) for row in cells if len(row) == 3]


@pytest.mark.parametrize("name", BROKEN)
def test_the_doctor_says_what_is_broken(tmp_path: Path, name: str) -> None:
    """One row fails: it says what, with which value, and what to do; nothing is waited for."""
    if name in NEEDS_LLAMACPP and importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("needs llama.cpp: install the extra `local`")
    with BROKEN[name]() as broken:
        for file, content in broken.files.items():
            (tmp_path / file).write_bytes(content)

        ran = run("doctor", *broken.arguments, home=tmp_path, environ=broken.environ)

    [failed] = [words for _, verdict, words in rows(ran.out) if verdict == "failed"]
    assert [word for word in broken.says if word not in failed] == []
    assert (ran.status, ran.err.splitlines()[-1]) == (1, "No completion can be had")
    assert "Traceback" not in ran.out + ran.err
    assert TOKEN not in ran.out + ran.err


def test_the_doctor_tries_every_fallback(tmp_path: Path) -> None:
    """Each back end has its rows; if only a later one answers, that is the verdict."""
    with FakeHost(Tgi()) as broken, FakeHost(Ollama()) as second, FakeHost(Tgi()) as third:
        broken.fail(503)
        second.fail(500, text="no memory")
        third.answers("a")
        tables = [
            {"kind": "ollama", "url": second.url, "model": "codellama:7b-code"},
            {"url": third.url, "token": TOKEN},
        ]
        environ = {
            "INFILL_LS_BACKEND_URL": broken.url,
            "INFILL_LS_FALLBACK": json.dumps(tables),
        }

        ran = run("doctor", home=tmp_path, environ=environ)

    verdicts = {subject: verdict for subject, verdict, _ in rows(ran.out)}
    assert (ran.status, ran.out.splitlines()[-1]) == (0, "Fallback 2 answers")
    assert verdicts["completion"] == verdicts["fallback 1: completion"] == "failed"
    assert verdicts["fallback 2: completion"] == "ok"
    assert TOKEN not in ran.out + ran.err


@pytest.mark.parametrize(
    ("face", "template", "verdict", "says"),
    [
        (Tgi(), "auto", "ok", "reach the model whole"),
        (Tgi(old=True), "auto", "ok", "because a suffix is shown from behind what would break"),
        (Tgi(), "qwen2.5-coder", "note", "the model has none such"),
        (Ollama(), "auto", "ok", "because a suffix is shown from behind what would break"),
    ],
    ids=["keeps them", "cannot be asked", "another family", "Ollama"],
)
def test_the_doctor_says_how_control_tokens_reach_the_model(
    tmp_path: Path, face: Face, template: str, verdict: str, says: str
) -> None:
    """The host's tokenizer is asked, where there is a way."""
    with FakeHost(face) as host:
        host.answers("a")
        kind = "ollama" if isinstance(face, Ollama) else "tgi"
        environ = {
            "INFILL_LS_BACKEND_MODEL": "codellama:7b-code" if kind == "ollama" else MODEL,
            "INFILL_LS_PROMPT_TEMPLATE": template,
        }
        ran = run("doctor", "--backend", kind, "--url", host.url, home=tmp_path, environ=environ)

    [(_, found, words)] = [row for row in rows(ran.out) if row[0] == "control tokens"]
    assert (ran.status, found) == (0, verdict)
    assert says in words
