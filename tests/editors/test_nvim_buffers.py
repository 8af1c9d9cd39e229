"""Which buffers are served in real Neovim, of every series: files of all projects, and new code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from editors import neovim
from editors.neovim import Neovim, until, until_equal
from fakes.faces.tgi import Tgi
from fakes.host import FakeHost
from fakes.script import EOS, EOT

CHAT = """
local buffer = vim.fn.bufnr('infill-ls://chat')
return buffer > 0 and table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), '\\n') or ''
"""
ACT = """
local title = ...
vim.lsp.buf.code_action({
  apply = true,
  filter = function(action) return vim.startswith(action.title, title) end,
})
"""
WAYS = [*((series, "stream") for series in neovim.VERSIONS), (neovim.VERSIONS[-1], "builtin")]
"""Each series of Neovim with each way in which it suggests."""


@pytest.fixture
def host() -> Iterator[FakeHost]:
    """A host of a model that fills in and answers questions."""
    with FakeHost(Tgi(model="codellama/CodeLlama-7b-Instruct-hf")) as host:
        yield host


@pytest.fixture(params=neovim.VERSIONS)
def nvim_program(request: pytest.FixtureRequest) -> str:
    """The path of a Neovim, of one series after the other."""
    return neovim.required_program(str(request.param))


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def nameless(nvim: Neovim, line: str) -> None:
    """Begin to write Python in a new buffer, and let it be served."""
    nvim.command("enew | setfiletype python")
    until(nvim.clients, bool)
    nvim.type(f"i{line}<Esc>")
    until_equal(nvim.lines, [line])


def log_all_that_is_sent(nvim: Neovim) -> None:
    nvim.lua("vim.lsp.log.set_level('debug')")


def opened_and_closed(nvim: Neovim) -> list[tuple[str, str]]:
    """Return which documents the server was told of, by the log."""
    sent = r'"rpc.send".*?method = "textDocument/(did(?:Open|Close))".*? uri = "(.*?)"'
    return re.findall(sent, nvim.log())


def prompts(host: FakeHost) -> list[str]:
    return [exchange.request.json["inputs"] for exchange in host.asked]


def test_what_is_outside_of_the_first_project_is_served(
    nvim: Neovim, host: FakeHost, tmp_path: Path
) -> None:
    """A file of another project, and one of none, are suggested in as the first one is."""
    for name in ("one", "two"):
        (tmp_path / name / ".git").mkdir(parents=True)
    files = [written(tmp_path / name / "a.py", f"{name} = ") for name in ("one", "two", "three")]

    for number, file in enumerate(files):
        host.answers(f"{number}", EOT)
        nvim.edit(file)
        nvim.type("A<Right>")
        until_equal(nvim.ghost, f"{number}")
        nvim.type("<Esc>")

    assert nvim.status() == "infill-ls"


def test_what_another_project_ignores_is_kept_back_there(
    nvim: Neovim, host: FakeHost, tmp_path: Path
) -> None:
    """A project's own rules hold in it, and only in it."""
    for name in ("one", "two"):
        (tmp_path / name / ".git").mkdir(parents=True)
    written(tmp_path / "two" / ".gitignore", "private.py\n")
    nvim.edit(written(tmp_path / "one" / "private.py", "a = \n"))
    host.answers("1", EOT)
    nvim.type("A<Right>")
    until_equal(nvim.ghost, "1")

    nvim.type("<Esc>")
    nvim.edit(written(tmp_path / "two" / "private.py", "b = \n"))
    nvim.command("InfillLs chat What is it?")
    until(lambda: str(nvim.lua(CHAT)), lambda text: "ignored" in text)

    assert len(prompts(host)) == 1


def test_keys_typed_before_the_server_is_there_bring_a_suggestion(
    nvim: Neovim, host: FakeHost, tmp_path: Path
) -> None:
    """It takes no further key once the server has started."""
    host.answers("2", EOT)

    nvim.lua("vim.cmd.edit(...)", str(written(tmp_path / "work" / "a.py", "a = \n")))
    nvim.type("A1 + ")

    until_equal(nvim.ghost, "2")


@pytest.mark.parametrize(("nvim_program", "way"), WAYS, indirect=["nvim_program"])
def test_a_cell_of_a_script_is_suggested_in_among_the_others(
    start_nvim: Callable[[], Neovim], host: FakeHost, tmp_path: Path, way: str
) -> None:
    """`# %%` begins a cell; the host is sent those before the cursor, and those after it."""
    host.answers("mean()", EOT)
    before = "# %%\nimport pandas as pd\n\n# %% [markdown]\n# Prices\n\n# %%\nprices."
    after = "\n\n# %%\nprint(average)\n"
    nvim = start_nvim()
    backend = {"kind": "tgi", "url": host.url}
    nvim.set_up({"suggestions": way, "settings": {"backend": backend}})
    nvim.edit(written(tmp_path / "work" / "prices.py", f"{before}{after}"))

    nvim.type("8GA")
    until_equal(nvim.ghost, "mean()")
    nvim.type("<Tab>")

    until_equal(nvim.lines, f"{before}mean(){after}".splitlines())
    [prompt] = prompts(host)
    # Code Llama's suffix comes first.
    suffix, prefix = prompt.split("<MID>")
    assert after in suffix
    assert prefix.endswith(before)


def test_code_without_a_name_is_served(nvim: Neovim, host: FakeHost, tmp_path: Path) -> None:
    """From when its type is known, and on once it is a file, by the name of that alone."""
    host.answers("1", EOT)
    host.answers("2", EOT)
    file = tmp_path / "a.py"
    log_all_that_is_sent(nvim)
    nameless(nvim, "a = ")

    nvim.type("A<Right>")
    until_equal(nvim.ghost, "1")
    nvim.type("<Tab>")
    until_equal(nvim.lines, ["a = 1"])
    nvim.type("<Esc>")
    nvim.command(f"silent write {file}")
    nvim.type("ob = ")
    until_equal(nvim.ghost, "2")

    assert "a = 1\nb = " in prompts(host)[1]
    assert opened_and_closed(nvim) == [
        ("didOpen", "file://"), ("didClose", "file://"), ("didOpen", file.as_uri()),
    ]  # fmt: skip


@pytest.mark.parametrize("command", ["file", "saveas"])
def test_a_buffer_that_gets_another_name_is_served_under_it(
    nvim: Neovim, host: FakeHost, tmp_path: Path, command: str
) -> None:
    """The server knows it by that name alone, whether or not it is written to a file, too."""
    host.answers("1", EOT)
    first, second = (tmp_path / "work" / name for name in ("a.py", "b.py"))
    log_all_that_is_sent(nvim)
    nvim.edit(written(first, "a = \n"))

    nvim.command(f"silent {command} {second}")
    until(nvim.clients, bool)
    nvim.type("A<Right>")
    until_equal(nvim.ghost, "1")

    assert opened_and_closed(nvim) == [
        ("didOpen", first.as_uri()), ("didClose", first.as_uri()), ("didOpen", second.as_uri()),
    ]  # fmt: skip


def test_a_buffer_is_served_though_it_cannot_have_another_name(
    nvim: Neovim, tmp_path: Path
) -> None:
    """That of another buffer, which the server knows by it."""
    paths = [written(tmp_path / "work" / name, "a = \n") for name in ("a.py", "b.py")]
    nvim.command("set hidden")
    for path in paths:
        nvim.edit(path)
    log_all_that_is_sent(nvim)

    nvim.command(f"silent! file {paths[0]}")

    closed_and_opened = [(kind, paths[1].as_uri()) for kind in ("didClose", "didOpen")]
    until_equal(lambda: opened_and_closed(nvim), closed_and_opened)
    assert nvim.clients() != []


def test_two_buffers_without_a_name_are_not_mixed_up(nvim: Neovim, host: FakeHost) -> None:
    """Each is asked for with its own text, when one comes back to it, too."""
    host.answers("1", EOT)
    host.answers("2", EOT)
    host.answers("3", EOT)
    nvim.command("set hidden")

    for number, line in enumerate(("first = ", "second = "), 1):
        nameless(nvim, line)
        nvim.type("A<Right>")
        until_equal(nvim.ghost, str(number))
        nvim.type("<Esc>")
    nvim.command("buffer 1")
    until(nvim.clients, bool)
    nvim.type("A+ ")
    until_equal(nvim.ghost, "3")

    asked = prompts(host)
    assert "first = " in asked[0]
    assert "second = " in asked[1]
    assert "first = + " in asked[2]
    assert "second" not in asked[2]


def test_code_without_a_name_is_served_after_a_restart(nvim: Neovim) -> None:
    """Also where one was elsewhere then: once one comes back to it."""
    nameless(nvim, "a = ")
    [former] = nvim.clients()

    nvim.command("InfillLs chat")
    nvim.type("<Esc>")
    nvim.command("InfillLs restart")
    until(lambda: nvim.lua("return vim.lsp.get_client_by_id(...) == nil", former), bool)
    nvim.command("wincmd p")

    until(nvim.clients, lambda clients: clients and former not in clients)


def test_what_the_model_says_is_not_served(nvim: Neovim, host: FakeHost, tmp_path: Path) -> None:
    """Neither an answer beside the code nor the chat; and their folders are not the workspace's."""
    host.answers("It is simple already.", EOS)
    host.answers(" It adds.", EOS)
    file = written(tmp_path / "work" / "a.py", "def add(a, b):\n    return a + b\n")
    log_all_that_is_sent(nvim)
    nvim.edit(file)

    nvim.lua(ACT, "Simplify")
    until(nvim.lines, lambda lines: lines[0] == "# Simplify")
    nvim.lua("vim.cmd.edit(...)", str(written(tmp_path / "work" / "b.py", "")))
    until(nvim.clients, bool)
    nvim.command("InfillLs ask What is it?")
    until(lambda: str(nvim.lua(CHAT)), lambda text: "It adds." in text)

    assert opened_and_closed(nvim) == [
        ("didOpen", file.as_uri()), ("didOpen", file.with_name("b.py").as_uri()),
    ]  # fmt: skip
    folders = nvim.lua("return vim.lsp.get_clients({ name = 'infill_ls' })[1].workspace_folders")
    assert [folder["name"] for folder in folders] == [str(file.parent)]


def test_what_is_elsewhere_is_not_served(nvim: Neovim, tmp_path: Path) -> None:
    """A file that Neovim has fetched from another machine is sent to no server here."""
    nvim.edit(written(tmp_path / "work" / "a.py", "x = 1\n"))
    served = nvim.clients()

    nvim.lua("vim.cmd.enew() vim.api.nvim_buf_set_name(0, 'scp://host/b.py')")
    nvim.command("setfiletype python")

    assert served
    assert nvim.clients() == []


def test_a_question_is_about_code_without_a_name(nvim: Neovim, host: FakeHost) -> None:
    """A code action asks it; one that would change the code says that it has to be saved first."""
    host.answers(" One.", EOS)
    code = ["def first():", "    return 1"]
    nameless(nvim, code[0])
    nvim.type("oreturn 1<Esc>")
    until_equal(nvim.lines, code)

    nvim.lua(ACT, "Explain")
    until(lambda: str(nvim.lua(CHAT)), lambda text: "One." in text)
    nvim.command("wincmd p")
    nvim.lua(ACT, "Simplify")
    until(nvim.messages, lambda messages: any("save it" in each for each in messages))

    [prompt] = prompts(host)
    # Neovim tells its number, too, so it would count as an error of ours.
    nvim.command("messages clear")
    assert "\n".join(code) in prompt
    assert nvim.lines() == code
