"""The command line: what it prints where, with which exit status, and never a traceback."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.faces.tgi import Tgi
from fakes.host import FakeHost, refused_url
from fakes.llamacpp import llamacpp_server
from fakes.script import EOT
from infill_ls import __version__
from infill_ls.cli import console, main

TOKEN = "hf_TheTokenOfTheUser"
CODE = "def inc(n):\n    return \n"
PLACE = "2:12"

Run = Callable[..., tuple[int, str, str]]
"""Runs a command line; gives its exit status, standard output and standard error."""


@pytest.fixture(autouse=True)
def _nothing_set_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the user's own settings nor models; output of a known width without colours."""
    # A console takes its width and colours from the environment when it is made.
    console.out.cache_clear()
    console.err.cache_clear()
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    for name in [name for name in os.environ if name.startswith("INFILL_LS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("INFILL_LS_CONFIG", str(tmp_path / "none.toml"))
    monkeypatch.setenv("INFILL_LS_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("INFILL_LS_STATS", str(tmp_path / "stats.sqlite3"))
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def host() -> Iterator[FakeHost]:
    """A host of Code Llama that demands a token."""
    with FakeHost(Tgi(), token=TOKEN) as host:
        yield host


@pytest.fixture
def at_host(monkeypatch: pytest.MonkeyPatch, host: FakeHost) -> FakeHost:
    """The host, with the environment set up for it."""
    monkeypatch.setenv("INFILL_LS_BACKEND_KIND", "tgi")
    monkeypatch.setenv("INFILL_LS_BACKEND_URL", host.url)
    monkeypatch.setenv("INFILL_LS_BACKEND_TOKEN", TOKEN)
    monkeypatch.setenv("INFILL_LS_BACKEND_READ_TIMEOUT_MS", "500")
    monkeypatch.setenv("INFILL_LS_BACKEND_PATIENCE_S", "0")
    return host


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A file with a place to fill in."""
    path = tmp_path / "inc.py"
    path.write_bytes(CODE.encode())
    return str(path)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line in this process."""

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main(list(arguments))
        return status, *capsys.readouterr()

    return run


def in_a_process(
    *arguments: str, given: bytes = b"", encoding: str = "utf-8"
) -> subprocess.CompletedProcess[bytes]:
    """Run a command line in a process of its own, whose streams have an encoding."""
    command = [sys.executable, "-m", "infill_ls", *arguments]
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    return subprocess.run(command, input=given, capture_output=True, env=environment, timeout=60)


# Help


@pytest.mark.parametrize("command", ["serve", "complete", "chat", "doctor", "model", "stats"])
def test_every_command_has_help(capsys: pytest.CaptureFixture[str], command: str) -> None:
    """`--help` of a command shows its usage, and that of all commands shows the command."""
    for arguments in ([command, "--help"], ["--help"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 0

    printed = capsys.readouterr().out
    assert f"usage: infill-ls {command}" in printed
    assert f"\n    {command} " in printed


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` prints name and version."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])

    assert ended.value.code == 0
    assert capsys.readouterr().out == f"infill-ls {__version__}\n"


def test_bad_options_are_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    """A command line that makes no sense shows the usage."""
    with pytest.raises(SystemExit) as ended:
        main(["complete", "a.py:1:1", "--json", "--show-prompt"])

    assert ended.value.code == 2
    assert "usage: infill-ls complete" in capsys.readouterr().err


# complete


def test_complete_shows_the_code_with_the_new_part_marked(
    run: Run, at_host: FakeHost, file: str
) -> None:
    """The code goes to standard output, the new part marked; what it cost to standard error."""
    at_host.answers("n", " + 1", "\n    # done", EOT)

    status, out, err = run("complete", f"{file}:{PLACE}")

    assert status == 0
    assert out.splitlines() == [
        "    1   def inc(n):",
        "    2 +     return ⟦n + 1",
        "    3 +     # done⟧",
    ]
    assert "tokens" in err
    assert "codellama/CodeLlama-7b-hf (tgi)" in err


def test_complete_leaves_the_file_alone(run: Run, at_host: FakeHost, file: str) -> None:
    """What is filled in is shown and not written."""
    at_host.answers("n")

    run("complete", f"{file}:{PLACE}")

    assert Path(file).read_bytes() == CODE.encode()


def test_complete_prints_json(run: Run, at_host: FakeHost, file: str) -> None:
    """With --json there is one object, with places counted from 1, and nothing else."""
    at_host.answers("n", " + 1", finish="length", prompt_tokens=17)

    status, out, err = run("complete", f"{file}:{PLACE}", "--json")

    printed = json.loads(out)
    times = printed.pop("first_token_ms"), printed.pop("total_ms")
    place = {"line": 2, "column": 12}
    assert printed == {
        "text": "n + 1",
        "range": {"start": place, "end": place},
        "finish": "length",
        "backend": "tgi",
        "model": "codellama/CodeLlama-7b-hf",
        "source": "network",
        "prompt_tokens": 17,
        "completion_tokens": 2,
    }
    assert 0 < times[0] <= times[1]
    assert (status, err) == (0, "")


def test_json_of_nothing_has_the_same_keys(run: Run, at_host: FakeHost, file: str) -> None:
    """Where there is nothing to insert, the text is empty and the rest is there."""
    at_host.answers("n")
    at_host.answers(EOT)
    _, something, _ = run("complete", f"{file}:{PLACE}", "--json")

    status, out, _ = run("complete", f"{file}:{PLACE}", "--json")

    assert status == 0
    assert json.loads(out)["text"] == ""
    assert json.loads(out).keys() == json.loads(something).keys()


def test_what_looks_like_markup_is_code(run: Run, at_host: FakeHost, file: str) -> None:
    """Neither `[b]` nor `:x:` is read as a wish of how to print."""
    code = "d[:x:] + [b]n[/b]"
    at_host.answers(code)
    at_host.answers(code)

    _, shown, _ = run("complete", f"{file}:{PLACE}")
    _, printed, _ = run("complete", f"{file}:{PLACE}", "--json")

    assert f"⟦{code}⟧" in shown
    assert json.loads(printed)["text"] == code


def test_complete_reads_standard_input(at_host: FakeHost) -> None:
    """`-` as the file is the standard input, in UTF-8 and with any line ends."""
    at_host.answers("☺")

    ended = in_a_process("complete", "-:2:5", "--json", given="é\r\nü = ".encode())

    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["text"] == "☺"
    inputs = at_host.asked[-1].request.json["inputs"]
    assert inputs == "<PRE> <SUF> <MID> é\r\nü = "


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
@pytest.mark.parametrize("option", ["--json", "--show-prompt", "--model=any"])
def test_any_output_can_take_what_is_printed(
    at_host: FakeHost, file: str, encoding: str, option: str
) -> None:
    """A character that the output cannot take is escaped, and no failure."""
    Path(file).write_text("# ☺\nreturn \n", encoding="utf-8")
    at_host.answers("'☺'")

    ended = in_a_process("complete", f"{file}:2:8", option, encoding=encoding)

    assert (ended.returncode, b"Traceback" in ended.stderr) == (0, False)
    assert rb"\u263a" in ended.stdout


def test_show_prompt_makes_no_request(run: Run, at_host: FakeHost, file: str) -> None:
    """`--show-prompt` prints without asking anybody."""
    status, out, _ = run("complete", f"{file}:{PLACE}", "--show-prompt")

    assert status == 0
    assert out.startswith(f"POST {at_host.url}/generate_stream\n")
    assert at_host.requests == ()


def test_show_prompt_prints_what_is_sent(run: Run, at_host: FakeHost, file: str) -> None:
    """What `--show-prompt` prints for the model's name is byte for byte what the host then gets."""
    at_host.answers("n")
    model = ("--model", "codellama/CodeLlama-7b-hf")

    _, out, _ = run("complete", f"{file}:{PLACE}", "--show-prompt", *model)
    run("complete", f"{file}:{PLACE}", *model)

    request = at_host.asked[-1].request
    first_line, _, body = out.partition("\n")
    assert first_line == f"{request.method} {at_host.url}{request.path}"
    assert json.loads(body) == request.json
    assert request.json["inputs"] == "<PRE> <SUF>\n <MID> def inc(n):\n    return "


def test_show_prompt_marks_what_only_the_host_knows(run: Run, file: str) -> None:
    """For llama.cpp the ids of the control tokens are there, those of the code are not."""
    model = ("--model", "codellama-7b")

    _, out, _ = run(
        *("complete", f"{file}:{PLACE}", "--show-prompt", *model),
        *("--backend", "llamacpp", "--url", "http://localhost:8080"),
    )

    prompt = json.loads(out.partition("\n")[2])["prompt"]
    before, after = {"tokens of": ["def inc(n):\n    return "]}, {"tokens of": ["\n"]}
    assert prompt == [1, 32007, 32008, after, 32009, before]


# complete, with bad input


BAD_PLACES = {
    "no file": ("{folder}/none.py:1:1", "none.py cannot be read"),
    "a folder": ("{folder}:1:1", "cannot be read"),
    "no place": ("{file}", "is no place in a file"),
    "a line only": ("{file}:1", "is no place in a file"),
    "a word as line": ("{file}:one:1", "is no place in a file"),
    "line 0": ("{file}:0:1", "has no line 0: it has 3"),
    "a line beyond": ("{file}:4:1", "has no line 4: it has 3"),
    "column 0": ("{file}:1:0", "has no column 0: it has 12"),
    "a column beyond": ("{file}:1:13", "has no column 13: it has 12"),
    "a huge number": ("{file}:1:" + "9" * 50, "has no column 999"),
    "a Windows path": (r"C:\none\x.py:3:4", r"C:\none\x.py cannot be read"),
}


@pytest.mark.parametrize(("place", "says"), BAD_PLACES.values(), ids=BAD_PLACES)
def test_a_bad_place_is_one_line(
    run: Run, at_host: FakeHost, file: str, tmp_path: Path, place: str, says: str
) -> None:
    """A place that is none is told in one line, and no host is asked."""
    status, out, err = run("complete", place.format(file=file, folder=tmp_path))

    assert (status, out) == (1, "")
    assert says in only_line(err)
    assert at_host.requests == ()


BAD_FILES = {
    "binary": (b"a\0b", "is a binary file"),
    "not UTF-8": (b"a = '\xe4'", "is no UTF-8 text (byte 5)"),
    "UTF-16": ("a = 1".encode("utf-16"), "is no UTF-8 text (byte 0)"),
    "50 MB": (b"x = 1\n" * 8_800_000, "completion.maxFileSize"),
}


@pytest.mark.parametrize(("content", "says"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_file_is_one_line(
    run: Run, at_host: FakeHost, file: str, content: bytes, says: str
) -> None:
    """A file that is no text, or too long, is told in one line, and no host is asked."""
    Path(file).write_bytes(content)

    status, _, err = run("complete", f"{file}:1:1", "--json")

    assert status == 1
    assert says in only_line(err)
    assert at_host.asked == ()


def test_a_byte_order_mark_is_not_code(run: Run, at_host: FakeHost, file: str) -> None:
    """The mark at the beginning of some Windows files is no column of its own."""
    Path(file).write_bytes(b"\xef\xbb\xbfa = ")
    at_host.answers("1")

    status, _, _ = run("complete", f"{file}:1:5")

    assert status == 0
    assert at_host.asked[-1].request.json["inputs"].endswith(" <MID> a = ")


FAULTS: dict[str, tuple[Callable[[FakeHost], None], str]] = {
    "401": (lambda host: host.fail(401), "backend.token"),
    "loading": (lambda host: host.fail(503), "not ready yet"),
    "HTML": (lambda host: host.html(), "HTML page"),
    "silence": (lambda host: host.hang(), "in time"),
    "silence on its model": (lambda host: host.hang(path="/info"), "in time"),
    "dying mid-stream": (lambda host: host.cut_after("n"), "broke off"),
}


@pytest.mark.parametrize("option", ["--json", "--model=any"])
@pytest.mark.parametrize(("script", "says"), FAULTS.values(), ids=FAULTS)
def test_a_fault_of_the_host_is_one_line(
    run: Run,
    at_host: FakeHost,
    file: str,
    script: Callable[[FakeHost], None],
    says: str,
    option: str,
) -> None:
    """Whatever the host does wrong is told in one line, and is status 1."""
    script(at_host)

    status, out, err = run("complete", f"{file}:{PLACE}", option)

    assert status == 1
    assert says in only_line(err)
    assert out == "" or option != "--json"


def test_a_host_that_is_not_there_is_one_line(run: Run, file: str) -> None:
    """A connection that is refused names the address."""
    with refused_url() as url:
        status, _, err = run("complete", f"{file}:{PLACE}", "--url", url, "--backend", "tgi")

    assert status == 1
    assert f"{url} cannot be reached" in only_line(err)


def test_no_back_end_at_all_is_one_line(run: Run, file: str) -> None:
    """With nothing set up, the line says what to do."""
    status, _, err = run("complete", f"{file}:{PLACE}")

    assert status == 1
    assert "backend.url" in only_line(err)


def test_a_bad_setting_costs_only_itself(
    run: Run, at_host: FakeHost, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A setting of no use is named, and the completion comes nevertheless."""
    monkeypatch.setenv("INFILL_LS_COMPLETION_MAX_TOKENS", "many")
    at_host.answers("n")

    status, out, err = run("complete", f"{file}:{PLACE}", "--json")

    assert (status, json.loads(out)["text"]) == (0, "n")
    assert "completion.maxTokens in the environment" in only_line(err)


def only_line(err: str) -> str:
    """The one line of standard error."""
    [line] = err.splitlines()
    return line


# doctor


def rows(out: str) -> dict[str, tuple[str, str]]:
    """The doctor's verdict and words on each subject."""
    cells = (re.split(r"\s{2,}", line.strip()) for line in out.splitlines())
    return {row[0]: (row[1], row[2]) for row in cells if len(row) == 3}


def test_the_doctor_finds_all_well_with_tgi(run: Run, at_host: FakeHost) -> None:
    """With a host of TGI, each step is shown and the exit status is 0."""
    at_host.answers("a", " + b")

    status, out, err = run("doctor")

    found = rows(out)
    assert (status, err) == (0, "")
    assert out.rstrip().endswith("All is well")
    assert found["back end"] == ("ok", f"tgi, {at_host.url}")
    assert found["model"] == ("ok", "codellama/CodeLlama-7b-hf")
    assert found["infilling"] == ("ok", "format codellama")
    assert found["setting backend.url"] == ("ok", "from the environment")
    assert found["completion"][0] == "ok"
    assert "'a + b'" in found["completion"][1]


def test_the_doctor_finds_out_what_a_host_is(run: Run) -> None:
    """With only a URL, the doctor says that it is llama.cpp, and that prompts go as ids."""
    with llamacpp_server() as url:
        status, out, _ = run("doctor", "--url", url)

    found = rows(out)
    assert status == 0
    assert found["back end"] == ("ok", f"llamacpp, {url}")
    assert found["context"] == ("ok", "4096 tokens")
    assert "token ids" in found["prompts"][1]


def test_the_doctor_notes_a_model_that_it_does_not_know(run: Run) -> None:
    """A model without a known format works, but the doctor says with what loss."""
    with FakeHost(Tgi(model="acme/novel-7b")) as host:
        host.answers("a")

        status, out, _ = run("doctor", "--url", host.url)

    assert status == 0
    assert rows(out)["infilling"][0] == "note"
    assert "prompt.template" in rows(out)["infilling"][1]


def test_the_doctor_notes_bad_settings(
    run: Run, at_host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A setting of no use is a row of its own."""
    monkeypatch.setenv("INFILL_LS_COMPLETION_LINES", "many")
    at_host.answers("a")

    status, out, _ = run("doctor")

    assert status == 0
    assert rows(out)["setting"][0] == "note"
    assert "completion.lines" in rows(out)["setting"][1]


UNWELL: dict[str, tuple[Callable[[FakeHost], None], str]] = {
    "401": (lambda host: host.fail(401), "backend.token"),
    "loading": (lambda host: host.fail(503), "not ready yet"),
    "silence": (lambda host: host.hang(path="/info"), "in time"),
}


@pytest.mark.parametrize(("script", "says"), UNWELL.values(), ids=UNWELL)
def test_the_doctor_says_what_fails(
    run: Run, at_host: FakeHost, script: Callable[[FakeHost], None], says: str
) -> None:
    """A host without a completion is a failed row that says what to do, and status 1."""
    script(at_host)

    status, out, err = run("doctor")

    assert status == 1
    assert rows(out)["completion"][0] == "failed"
    assert says in out
    assert err == "No completion can be had\n"


def test_the_doctor_says_how_to_begin(run: Run) -> None:
    """With nothing set up, the doctor says what to do first."""
    status, out, _ = run("doctor")

    assert status == 1
    assert rows(out)["completion"][0] == "failed"
    assert "backend.url" in out


# The token


def test_the_token_is_never_printed(run: Run, at_host: FakeHost, file: str) -> None:
    """No command prints the token, even if the host does."""
    printed: list[Any] = []
    for command in (("doctor",), ("complete", f"{file}:{PLACE}")):
        at_host.answers("n")
        printed.append(run(*command))
        at_host.fail(401, json={"error": f"the token {TOKEN} is not known"})
        printed.append(run(*command))
        at_host.error_event(f"{TOKEN} is too much", "generation", after=("n",))
        printed.append(run(*command))
    printed.append(run("complete", f"{file}:{PLACE}", "--show-prompt"))

    assert [status for status, _, _ in printed] == [0, 1, 1, 0, 1, 1, 0]
    assert TOKEN not in str(printed)
    sent = {exchange.request.headers["authorization"] for exchange in at_host.asked}
    assert sent == {f"Bearer {TOKEN}"}
