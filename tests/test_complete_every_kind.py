"""`infill-ls complete --backend KIND --url URL` works for every kind of back end, as it is run."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from fakes.asking import SECRET
from fakes.command import run
from fakes.dialects import DIALECTS, Spoken
from fakes.host import FakeHost
from fakes.llamacpp import TINY_MODEL, RecordingProxy, existing, llamacpp_server

CODE = "def inc(n):\n    return \n"
PLACE = "app.py:2:12"
TOKEN = {"INFILL_LS_BACKEND_TOKEN": SECRET}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home of a user, with a file."""
    (tmp_path / "app.py").write_text(CODE, "utf-8")
    return tmp_path


def options(spoken: Spoken, url: str, kind: str | None = None) -> list[str]:
    model = ["--model", spoken.model] if spoken.model else []
    return ["--backend", kind or spoken.kind, "--url", url + spoken.path, *model]


def completed(home: Path, *arguments: str, environ: dict[str, str] | None = None) -> dict[str, Any]:
    """Complete in the file; return the object that is printed."""
    ran = run("complete", PLACE, "--json", *arguments, home=home, environ=environ)

    assert (ran.status, ran.err) == (0, "")
    printed: dict[str, Any] = json.loads(ran.out)
    return printed


@pytest.mark.parametrize("dialect", DIALECTS)
def test_complete_works_for_every_kind(home: Path, dialect: str) -> None:
    """The text of the host is printed, with what answered; the token went with the request."""
    spoken = DIALECTS[dialect]
    with FakeHost(spoken.face, token=SECRET) as host:
        host.answers("n", " + 1")

        printed = completed(home, *options(spoken, host.url), environ=TOKEN)

        [asked] = host.asked
    assert printed["text"] == "n + 1"
    assert printed["range"] == {
        "start": {"line": 2, "column": 12},
        "end": {"line": 2, "column": 12},
    }
    assert printed["backend"] == spoken.kind
    assert "codellama" in printed["model"].lower()
    assert printed["completion_tokens"] in (2, 3)
    assert asked.request.headers["authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize("dialect", [name for name, spoken in DIALECTS.items() if spoken.found])
def test_complete_finds_the_kind_out(home: Path, dialect: str) -> None:
    """With an address alone, the host is asked what it is, or tells it by its address."""
    spoken = DIALECTS[dialect]
    with FakeHost(spoken.face) as host:
        host.answers("n", " + 1")

        printed = completed(home, *options(spoken, host.url, "auto"))

    assert (printed["text"], printed["backend"]) == ("n + 1", spoken.found)


def test_complete_works_with_the_real_llamacpp(home: Path) -> None:
    """The real server generates, and its answer is printed with its own counts."""
    with llamacpp_server(api_key=SECRET) as url, RecordingProxy(url) as proxy:
        printed = completed(home, "--backend", "llamacpp", "--url", proxy.url, environ=TOKEN)

        [asked] = proxy.requests("/completion")
    assert printed["backend"] == "llamacpp"
    assert printed["prompt_tokens"] == len(asked.json["prompt"])
    assert printed["completion_tokens"] > 0


def test_complete_works_with_the_embedded_model(home: Path) -> None:
    """A model file is served by infill-ls itself."""
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("needs llama.cpp: install the extra `local`")
    model = existing(TINY_MODEL)

    ran = run(
        "complete", PLACE, "--json", "--backend", "embedded", "--model", str(model), home=home
    )

    printed = json.loads(ran.out)
    assert ran.status == 0
    assert (printed["backend"], printed["model"]) == ("embedded", model.stem)
    assert printed["completion_tokens"] > 0


def test_the_token_goes_to_no_other_host(home: Path) -> None:
    """A token that was given for one address is not sent to another that the command line names."""
    (home / "config.toml").write_text(
        f'[backend]\nurl = "http://gpu.example"\ntoken = "{SECRET}"\n', "utf-8"
    )
    with FakeHost(DIALECTS["tgi"].face) as host:
        host.answers("n")

        ran = run(
            "complete", PLACE, "--url", host.url,
            home=home, environ={"INFILL_LS_CONFIG": "config.toml"},
        )  # fmt: skip

        sent = [request.headers for request in host.requests]
    assert ran.status == 0
    assert sent
    assert SECRET not in str(sent)
    assert "http://gpu.example" in ran.err
