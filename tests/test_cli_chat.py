"""`infill-ls chat`: one question, questions in turns, code that goes along, and going on later."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console
from rich.markdown import Markdown

from fakes.faces.tgi import Tgi
from fakes.faces.tgi_checks import Limits
from fakes.host import FakeHost
from fakes.script import EOS
from infill_ls.chat.history import History, default_folder
from infill_ls.cli import console, main
from infill_ls.cli.chat_drawing import settled

Run = Callable[..., tuple[int, str, str]]

TOKEN = "hf_TheTokenOfTheUser"

KINDS = ["x = 1\r\n", "\ty = 2\n", "\fz = 3\r\n", 's = "\u2028\u2029\x85"\n', "\x1b[31m\r", "☺😀\n"]
CODE = "".join(KINDS[n % len(KINDS)] for n in range(500))
"""500 lines with what careless programs change, divide at or stumble over."""


class Typed(io.TextIOWrapper):
    """Standard input with a text in it."""

    def __init__(self, text: str | bytes) -> None:
        content = text if isinstance(text, bytes) else text.encode()
        super().__init__(io.BytesIO(content), encoding="utf-8")


@pytest.fixture
def host() -> Iterator[FakeHost]:
    """A TGI from before the Messages API, with room for long code."""
    limits = Limits(max_input_tokens=30_000, max_total_tokens=40_000)
    with FakeHost(Tgi(model="codellama/CodeLlama-7b-Instruct-hf", limits=limits)) as host:
        yield host


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The empty home of a user who has set up a token; conversations are kept in it."""
    for name in [name for name in os.environ if name.startswith(("INFILL_LS_", "XDG_"))]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("INFILL_LS_CONFIG", str(tmp_path / "none.toml"))
    monkeypatch.setenv("INFILL_LS_BACKEND_TOKEN", TOKEN)
    monkeypatch.chdir(tmp_path)
    return home


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    home: Path,
    host: FakeHost,
) -> Run:
    """Runs the command in this process, with something on standard input."""
    console.out.cache_clear()
    console.err.cache_clear()

    def run(*arguments: str, typed: str | bytes = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", Typed(typed))
        status = main(["chat", *arguments, "--backend", "tgi", "--url", host.url])
        return status, *capsys.readouterr()

    return run


def prompt_of(host: FakeHost) -> str:
    return str(host.asked[-1].request.json["inputs"])


def test_one_question_is_answered(run: Run, host: FakeHost) -> None:
    """The answer is all that goes to standard output."""
    host.answers(" It", " **adds**.", EOS)

    status, out, err = run("What does it do?")

    assert (status, out, err) == (0, "It **adds**.\n", "")
    assert prompt_of(host) == "[INST] What does it do? [/INST]"


def test_what_is_piped_in_goes_along(run: Run, host: FakeHost) -> None:
    """As the output of another command does."""
    host.answers(" Fine.", EOS)

    run("Good?", typed="+ a = 1\n")

    assert prompt_of(host) == "[INST] standard input:\n\n```\n+ a = 1\n```\n\nGood? [/INST]"


def test_lines_of_a_file_go_along(run: Run, host: FakeHost, tmp_path: Path) -> None:
    """Only those that are named."""
    host.answers(" Fine.", EOS)
    path = tmp_path / "a.py"
    path.write_text("a = 1\nb = 2\nc = 3\n")

    run("Good?", "--file", f"{path}:2-3")

    assert "lines 2 to 3:\n\n```\nb = 2\nc = 3\n```" in prompt_of(host)
    assert "a = 1" not in prompt_of(host)


def test_questions_in_turns_are_one_conversation(run: Run, host: FakeHost) -> None:
    """A blank line asks nothing, and a failure does not end it."""
    host.answers(" One.", EOS)
    host.answers(" Two.", EOS)

    status, out, _ = run(typed="1?\n\n2?\n")

    assert (status, out) == (0, "One.\nTwo.\n")
    assert prompt_of(host) == "[INST] 1? [/INST] One. </s><s>[INST] 2? [/INST]"


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("none.py", "none.py cannot be read"),
        ("a.py:2-9", "has no lines 2 to 9: it has 1 to 3"),
        ("a.py:0-1", "has no lines 0 to 1"),
        (".env", "not shown to a model"),
    ],
)
def test_a_file_of_no_use_is_told(
    run: Run, host: FakeHost, tmp_path: Path, named: str, words: str
) -> None:
    """One sentence, and nothing is asked."""
    (tmp_path / "a.py").write_text("a\nb\n")
    (tmp_path / ".env").write_text("TOKEN=a\n")

    status, out, err = run("Good?", "--file", str(tmp_path / named))

    assert (status, out, host.asked) == (1, "", ())
    assert words in err
    assert "Traceback" not in err


def test_a_failing_host_is_told(run: Run, host: FakeHost) -> None:
    """One sentence that names it."""
    status, out, err = run("Good?")

    assert (status, out) == (1, "")
    assert host.url in err
    assert len(err.splitlines()) == 1


def test_wrong_bytes_cost_themselves(run: Run, host: FakeHost) -> None:
    """A question in another encoding is asked all the same."""
    host.answers(" One.", EOS)

    status, out, err = run(typed=b"1\xff?\n")

    assert (status, out, err) == (0, "One.\n", "")
    assert prompt_of(host) == "[INST] 1\ufffd? [/INST]"


def kept_id() -> str:
    """The id of the only conversation that is kept."""
    [[kept], []] = History(default_folder()).all()
    return kept.id


@pytest.mark.parametrize("how", ["--conversation", "--continue"])
def test_a_conversation_is_gone_on_with_later(run: Run, host: FakeHost, how: str) -> None:
    """The host is shown what was said before, and all of it is one conversation."""
    for answer in (" One.", " Two.", " Three."):
        host.answers(answer, EOS)

    run("1?")
    which = [how] if how == "--continue" else [how, kept_id()[:6]]
    run("2?", *which)
    run(*which, typed="3?\n")

    earlier = "[INST] 1? [/INST] One. </s><s>[INST] 2? [/INST] Two. </s><s>"
    assert prompt_of(host) == f"{earlier}[INST] 3? [/INST]"
    assert kept_id()


def test_code_is_gone_on_with_to_the_byte(run: Run, host: FakeHost, tmp_path: Path) -> None:
    """500 lines of a file and as many of an answer, with all kinds of line ends and controls."""
    host.answers(f"```\n{CODE}```\n", ".", EOS)
    host.answers(" Two.", EOS)
    (tmp_path / "a.py").write_bytes(CODE.encode())

    _, out, _ = run("1?", "--file", "a.py")
    run("2?", "--continue")

    answer = f"```\n{CODE}```\n."
    assert out == f"{answer}\n"
    asked = f"a.py:\n\n```\n{CODE}```\n\n1?"
    assert prompt_of(host) == f"[INST] {asked} [/INST] {answer} </s><s>[INST] 2? [/INST]"


def test_only_this_folders_conversations_are_continued(
    run: Run, host: FakeHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of another folder is told of by its id alone."""
    host.answers(" One.", EOS)
    run("1?")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    status, _, err = run("2?", "--continue")

    assert (status, len(host.asked)) == (1, 1)
    assert "no conversation of this folder" in err


def test_what_is_kept_holds_no_token(run: Run, host: FakeHost, home: Path) -> None:
    """Though the host was sent it."""
    host.answers(" One.", EOS)

    run("1?")

    files = [path for path in default_folder().iterdir() if path.suffix == ".json"]
    assert host.requests[-1].headers["authorization"] == f"Bearer {TOKEN}"
    assert [file.is_relative_to(home) for file in files] == [True]
    assert TOKEN.encode() not in files[0].read_bytes()


def test_a_question_that_failed_is_kept(run: Run, host: FakeHost) -> None:
    """It is asked again with what comes next."""
    run("1?")
    host.answers(" One.", EOS)
    run("2?", "--continue")

    assert prompt_of(host) == "[INST] 1?\n\n2? [/INST]"


def test_the_list_shows_what_is_kept(run: Run, host: FakeHost) -> None:
    """The ids to go on with and the first questions; nobody is asked."""
    host.answers(" One.", EOS)
    run("What is\nthis?")

    status, out, _ = run("--list")

    assert status == 0
    assert kept_id() in out
    assert "What is this?" in " ".join(out.split())
    assert len(host.asked) == 1


def test_an_empty_list_is_told(run: Run) -> None:
    """On standard error, with the folder."""
    status, out, err = run("--list")

    assert (status, out) == (0, "")
    assert err == f"No conversation is kept yet\nFolder: {default_folder()}\n"


@pytest.mark.parametrize("arguments", [["--list"], ["1?", "--conversation", "dead"]])
def test_a_broken_file_is_told(run: Run, host: FakeHost, arguments: list[str]) -> None:
    """One line that names it; it stays as it is, and nobody is asked."""
    default_folder().mkdir(parents=True)
    broken = default_folder() / "dead.json"
    broken.write_text('{"version": 1, "tur')

    _, _, err = run(*arguments)

    assert len([line for line in err.splitlines() if f"{broken} is no conversation" in line]) == 1
    assert "Traceback" not in err
    assert broken.read_text() == '{"version": 1, "tur'
    assert host.asked == ()


def test_what_cannot_be_kept_is_told_once(run: Run, host: FakeHost) -> None:
    """The answers come all the same."""
    default_folder().parent.mkdir(parents=True)
    default_folder().touch()
    for answer in (" One.", " Two."):
        host.answers(answer, EOS)

    status, out, err = run(typed="1?\n2?\n")

    assert (status, out) == (0, "One.\nTwo.\n")
    assert err.count("This conversation is not kept") == len(err.splitlines()) == 1


LINES = """\
words\na  \n# head\n#\n#tag\n-5\n1.5\n===x
- item\n  - inner\n-\n1. one\n```\n~~~\n    code\n\ttab\n> quote
| a | b |\n|---|---|\n---\n===\n<div>\n</div>\n"""
"""Of which each begins, goes on with or ends a block of Markdown; the last one is blank."""


@settings(deadline=None)
@given(st.lists(st.sampled_from(LINES.split("\n")), max_size=14), st.booleans())
def test_what_is_settled_is_drawn_as_in_the_whole(lines: list[str], ends: bool) -> None:
    """An answer that comes piece by piece looks as if it had come at once, and nothing is lost."""
    whole = "\n".join(lines) + "\n" * ends
    parts, rest = [], ""
    for piece in re.findall(r"\n|[^\n]", whole):
        done, rest = settled(rest + piece)
        parts.append(done)
    parts.append(rest)

    markdown = MarkdownIt().enable("table")
    assert "".join(parts) == whole
    assert "".join(map(markdown.render, parts)) == markdown.render(whole)


ROWS, COLUMNS = 20, 70

IN_A_TERMINAL = """
import fcntl, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGINT, signal.default_int_handler)
from infill_ls.cli import main
sys.exit(main())
"""
"""Makes its standard input the terminal whose Ctrl-C it gets, as a shell does, and is the command.

Where the tests run in the background, Ctrl-C would be ignored by all that they start.
pty.fork would do that here, where a host's thread runs: Python warns of a fork then.
"""


class Terminal:
    """A person before a terminal, in which the command runs."""

    def __init__(self, *arguments: str, home: Path, **variables: str) -> None:
        import termios

        self._ours, theirs = os.openpty()
        termios.tcsetwinsize(theirs, (ROWS, COLUMNS))
        environment = {
            name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ
        }
        ours = {"HOME": str(home), "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        self._process = subprocess.Popen(
            [sys.executable, "-c", IN_A_TERMINAL, "chat", *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**environment, **ours, **variables},
            cwd=home,
            start_new_session=True,
        )
        os.close(theirs)
        self._screen = pyte.HistoryScreen(COLUMNS, ROWS, history=2_000, ratio=0.5)
        self.received = b""
        self._changed = threading.Condition()
        self._has_ended = False
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def types(self, text: str) -> None:
        """Press keys; `\\r` is Enter, `\\x04` Ctrl-D."""
        os.write(self._ours, text.encode())

    def interrupts(self, deadline_s: float = 60.0) -> None:
        """Press Ctrl-C once the command has nothing to do.

        In the moment before it waits for a key, Python would notice only with the next Ctrl-C.
        """
        process, deadline = psutil.Process(self._process.pid), time.monotonic() + deadline_s
        while process.status() != psutil.STATUS_SLEEPING:
            assert time.monotonic() < deadline
        self.types("\x03")

    @property
    def lines(self) -> list[str]:
        """All that is on the screen, and above it."""
        above = ["".join(row[x].data for x in range(COLUMNS)) for row in self._screen.history.top]
        return [line.rstrip() for line in [*above, *self._screen.display]]

    def until(self, holds: Callable[[list[str]], bool], deadline_s: float = 60.0) -> list[str]:
        """Wait for the screen to be so."""
        with self._changed:
            if not self._changed.wait_for(lambda: holds(self.lines), deadline_s):
                raise AssertionError("\n".join(self.lines))
            return self.lines

    def prompt(self, count: int) -> None:
        """Wait for the n-th prompt with nothing typed after it."""
        self.until(lambda lines: _prompts(lines) == count and _last(lines) == ">")

    def status(self) -> int:
        """Wait for the end of the command."""
        status = self._process.wait(60)
        self._reading.join(60)
        return status

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reading.join(60)
        os.close(self._ours)

    def _read(self) -> None:
        stream = pyte.ByteStream(self._screen)
        while True:
            try:
                content = os.read(self._ours, 65_536)
            except OSError:  # Linux says so at the end.
                content = b""
            with self._changed:
                if not content:
                    return
                self.received += content
                stream.feed(content)
                self._changed.notify_all()


def _prompts(lines: list[str]) -> int:
    return len([line for line in lines if line == ">" or line.startswith("> ")])


def _last(lines: list[str]) -> str:
    return next((line for line in reversed(lines) if line), "")


def has(*texts: str) -> Callable[[list[str]], bool]:
    """Say whether all of these lines are there."""
    return lambda lines: set(texts) <= set(lines)


Open = Callable[..., Terminal]


@pytest.fixture
def opened(host: FakeHost, home: Path, tmp_path: Path) -> Iterator[Open]:
    """Opens terminals."""
    if sys.platform == "win32":
        pytest.skip("Windows has no pseudo-terminals of this kind")
    terminals: list[Terminal] = []

    def opened(*arguments: str, **variables: str) -> Terminal:
        which = ("--backend", "tgi", "--url", host.url)
        config = {"INFILL_LS_CONFIG": str(tmp_path / "none.toml")}
        terminals.append(Terminal(*arguments, *which, home=home, **config, **variables))
        return terminals[-1]

    yield opened
    for terminal in terminals:
        terminal.close()


def test_a_session_in_a_terminal(opened: Open, host: FakeHost) -> None:
    """Typed, seen growing, stopped by Ctrl-C, gone on with, left by Ctrl-D, found again."""
    gate = host.gate()
    host.answers(" Some *half* an", " answer", EOS, gate=gate)
    host.answers(" Two.", EOS)
    host.answers(" Three.", EOS)
    terminal = opened()
    terminal.prompt(1)

    terminal.types("1?\r")
    gate.open()
    terminal.until(has("> 1?", "Some half an"))
    terminal.interrupts()
    host.wait(lambda host: bool(host.asked) and host.asked[-1].ending == "client left")
    terminal.prompt(2)
    terminal.types("2?\r")
    terminal.until(has("> 1?", "Some half an", "> 2?", "Two."))
    terminal.prompt(3)
    terminal.types("\x04")
    status = terminal.status()

    hint = "Go on with it: infill-ls chat --conversation "
    [id_] = [line.removeprefix(hint) for line in terminal.lines if line.startswith(hint)]
    earlier = "[INST] 1? [/INST] Some *half* an </s><s>[INST] 2? [/INST]"
    assert status == 0
    assert prompt_of(host) == earlier
    assert "Stopped; Ctrl-C once more, or Ctrl-D, leaves" in terminal.lines

    later = opened("3?", "--conversation", id_)
    assert later.status() == 0
    assert prompt_of(host) == f"{earlier} Two. </s><s>[INST] 3? [/INST]"


def test_ctrl_c_twice_leaves(opened: Open) -> None:
    """The first drops what is typed, and the second, at the prompt, is no failure."""
    terminal = opened()
    terminal.prompt(1)

    terminal.types("nonsen")
    terminal.until(has("> nonsen"))
    terminal.interrupts()
    terminal.prompt(2)
    terminal.interrupts()

    assert terminal.status() == 0


def test_earlier_questions_are_at_the_arrow_keys(opened: Open, host: FakeHost) -> None:
    """Those of this session, and those of the conversation that is gone on with."""
    for answer in (" One.", " Two.", " Three."):
        host.answers(answer, EOS)
    assert opened("1?").status() == 0
    terminal = opened("--continue")
    terminal.prompt(1)

    terminal.types("2?\r")
    terminal.prompt(2)
    terminal.types("\x1b[A\x1b[A")
    terminal.until(lambda lines: _last(lines) == "> 1?")
    terminal.types(" again\r")
    terminal.until(has("> 1? again", "Three."))

    assert prompt_of(host).endswith("[INST] 1? again [/INST]")


def test_lines_that_are_pasted_are_one_question(opened: Open, host: FakeHost) -> None:
    """As terminals mark them."""
    host.answers(" One.", EOS)
    terminal = opened()
    terminal.prompt(1)

    terminal.types("\x1b[200~a = 1\rb = 2\x1b[201~")
    terminal.types("\r")
    terminal.until(has("One."))

    assert prompt_of(host) == "[INST] a = 1\nb = 2 [/INST]"


def test_a_failing_host_does_not_end_the_session(opened: Open, host: FakeHost) -> None:
    """It is told, and the next question works."""
    host.fail(500, text="oops")
    host.answers(" Two.", EOS)
    terminal = opened()
    terminal.prompt(1)

    terminal.types("1?\r")
    terminal.until(lambda lines: _prompts(lines) == 2 and any(host.url in line for line in lines))
    terminal.types("2?\r")
    terminal.until(has("Two."))
    terminal.prompt(3)
    terminal.types("\x04")

    assert terminal.status() == 0


def test_an_answer_longer_than_the_screen_is_there_once(opened: Open, host: FakeHost) -> None:
    """While it grows its last lines are seen, and in the end it looks as if drawn at once."""
    gate = host.gate()
    paragraphs = [f"Paragraph {n}.\n\n" for n in range(30)]
    code = [f"line_{n}\n" for n in range(60)]
    ending = ["- one\n", "- two\n\n", "## Head\n", "| a |\n", "|---|\n", "| b |\n\n", "Last."]
    pieces = ["First.\n\n", *paragraphs, "```\n", *code, "```\n", *ending]
    host.answers(*pieces, EOS, gate=gate)
    terminal = opened("1?")

    gate.open(len(pieces) - len(ending) - 1)
    growing = terminal.until(lambda lines: any("line_59" in line for line in lines))
    gate.stand_open()
    assert terminal.status() == 0

    drawn = Console(width=COLUMNS, file=io.StringIO(), color_system=None)
    with drawn.capture() as whole:
        drawn.print(Markdown("".join(pieces)))
    assert growing.count("Paragraph 0.") == 1
    assert "\n".join(terminal.lines).rstrip() == "\n".join(
        line.rstrip() for line in whole.get().rstrip().split("\n")
    )


def test_an_answer_does_not_command_the_terminal(opened: Open, host: FakeHost) -> None:
    """Escape sequences are shown as characters; elsewhere than on a terminal they stay."""
    host.answers(" a\x1b]52;c;aGk=\x07b", "\x9b31mc", EOS)
    terminal = opened("1?")

    assert terminal.status() == 0
    assert "a␛]52;c;aGk=␇b\ufffd31mc" in terminal.lines
    assert b"\x1b]52" not in terminal.received


def test_a_plain_terminal_gets_plain_text(opened: Open, host: FakeHost) -> None:
    """One that can draw nothing anew, such as an editor's shell window."""
    host.answers(" It", " **adds**.", EOS)
    terminal = opened("1?", TERM="dumb")

    assert terminal.status() == 0
    assert "It **adds**." in terminal.lines


def test_a_stopped_single_question_is_kept(opened: Open, host: FakeHost) -> None:
    """Ctrl-C ends the command as it ends others, and what was written is there to go on with."""
    gate = host.gate()
    host.answers(" half", " an answer", EOS, gate=gate)
    terminal = opened("1?")

    gate.open()
    terminal.until(has("half"))
    terminal.interrupts()

    assert terminal.status() == 128 + signal.SIGINT
    assert host.asked[-1].ending == "client left"
    [[kept], []] = History(default_folder()).all()
    assert kept.conversation.turns[0].answer == "half"
