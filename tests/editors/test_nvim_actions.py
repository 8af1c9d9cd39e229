"""Code actions in real Neovim: chosen as users choose them, applied to the buffer, undone."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from editors.neovim import Neovim, until, until_equal
from fakes.host import FakeHost
from fakes.script import EOS
from infill_ls.models.store import installed

Start = Callable[[], Neovim]

CODE = "def add(a, b):\n    return a+b\n"
DOCUMENTED = '```python\ndef add(a, b):\n    """Return the sum of both."""\n    return a - b\n```\n'

CHOOSE = """
local title = ...
vim.lsp.buf.code_action({
  apply = true,
  filter = function(action) return vim.startswith(action.title, title) end,
})
"""
"""Chooses the action with a title; there is only one."""

DIAGNOSE = """
local line, from, to, message = ...
local namespace = vim.api.nvim_create_namespace('a linter')
vim.diagnostic.set(namespace, 0, {
  { lnum = line, col = from, end_col = to, message = message, severity = 1 },
})
vim.api.nvim_win_set_cursor(0, { line + 1, from })
"""

PRICES = """\
def total(prices, discount):
    s = 0
    for price in prices:
        s += prise
    return s - discount
"""

MODEL_S = 240
"""So long the embedded model may write, while other tests load the machine."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A function in a workspace of its own."""
    path = tmp_path / "work" / "sum.py"
    path.parent.mkdir()
    path.write_text(CODE)
    return path


@pytest.fixture
def talking(start_nvim: Start, host: FakeHost) -> Neovim:
    """A Neovim whose host serves a model that talks."""
    nvim = start_nvim()
    backend = {"kind": "tgi", "url": host.url, "model": "codellama/CodeLlama-7b-Instruct-hf"}
    nvim.set_up({"settings": {"backend": backend}})
    return nvim


def test_a_docstring_lands_in_the_buffer_and_is_undone_at_once(
    talking: Neovim, host: FakeHost, file: Path
) -> None:
    """It is one change, and nothing else of the answer is in it."""
    host.answers(DOCUMENTED, EOS)
    talking.edit(file)

    talking.lua(CHOOSE, "Write a docstring")

    before = CODE.splitlines()
    until_equal(talking.lines, [before[0], '    """Return the sum of both."""', before[1]])
    talking.command("silent undo")
    until_equal(talking.lines, before)


def test_a_problem_under_the_cursor_is_fixed(talking: Neovim, host: FakeHost, file: Path) -> None:
    """The model is told what a linter says, of whichever client."""
    host.answers("```python\ndef add(a, b):\n    return a + b\n```\n", EOS)
    talking.edit(file)
    talking.lua(DIAGNOSE, 1, 11, 14, "missing whitespace")

    talking.lua(CHOOSE, "Fix")

    until_equal(talking.lines, ["def add(a, b):", "    return a + b"])
    assert "missing whitespace" in host.asked[-1].request.json["inputs"]


def test_an_answer_that_is_no_code_is_opened_beside(
    talking: Neovim, host: FakeHost, file: Path
) -> None:
    """The user reads why nothing was changed, and nothing was."""
    host.answers("It is simple already.", EOS)
    talking.edit(file)

    talking.lua(CHOOSE, "Simplify")

    until(talking.lines, lambda lines: lines[0] == "# Simplify")
    assert "It is simple already." in talking.lines()
    assert file.read_text() == CODE


@pytest.mark.model
@pytest.mark.skipif(not installed(), reason="needs the embedded model: infill-ls model pull")
@pytest.mark.timeout(2 * MODEL_S + 60)
def test_the_embedded_model_writes_a_docstring_and_fixes_a_problem(
    start_nvim: Start, tmp_path: Path
) -> None:
    """Out of the box: what it writes parses, stands in the buffer, and the problem is gone."""
    path = tmp_path / "work" / "prices.py"
    path.parent.mkdir()
    path.write_text(PRICES)
    nvim = start_nvim()
    nvim.set_up({"settings": {"chat": {"temperature": 0.0, "maxTokens": 200}}})
    nvim.edit(path)
    nvim.lua(DIAGNOSE, 3, 13, 18, "undefined name 'prise'")

    nvim.lua(CHOOSE, "Fix")
    until(nvim.lines, lambda lines: "prise" not in "\n".join(lines), MODEL_S)
    fixed = "\n".join(nvim.lines())
    nvim.lua(CHOOSE, "Write a docstring")
    until(nvim.lines, lambda lines: '"""' in "\n".join(lines), MODEL_S)

    [function] = ast.parse("\n".join(nvim.lines())).body
    assert isinstance(function, ast.FunctionDef)
    assert ast.get_docstring(function)
    [statement] = ast.parse(fixed).body
    function.body = function.body[1:]
    assert ast.dump(function) == ast.dump(statement)
    assert "price" in {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
