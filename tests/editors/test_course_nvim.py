"""Neovim on the course of all editors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from editors import course, neovim
from editors.neovim import Neovim, until_equal
from fakes.faces.tgi import Tgi
from fakes.host import FakeHost


class Driven:
    """A Neovim with the code in its first window."""

    def __init__(self, nvim: Neovim) -> None:
        self.nvim = nvim
        self.window = nvim.lua("return vim.api.nvim_get_current_win()")
        nvim.type("jA")

    def type(self, text: str) -> None:
        self.nvim.type(text)

    def ghost(self) -> str:
        return self.nvim.ghost()

    def accept(self) -> None:
        self.nvim.type("<Tab>")

    def code(self) -> str:
        return "".join(f"{line}\n" for line in self.nvim.lines())

    def ask(self, question: str) -> None:
        title = "return require('infill_ls.chat').title()"
        until_equal(lambda: self.nvim.lua(title), "infill-ls chat")
        self.nvim.type(f"<Esc>:InfillLs chat {question}<CR>")

    def chat(self) -> str:
        buffer = "vim.fn.bufnr('infill-ls://chat')"
        lines = f"vim.api.nvim_buf_get_lines({buffer}, 0, -1, false)"
        return str(self.nvim.lua(f"return table.concat({lines}, '\\n')"))

    def stop(self) -> None:
        self.nvim.type("<Esc>:InfillLs stop<CR>")

    def leave_chat(self) -> None:
        self.nvim.lua("vim.api.nvim_set_current_win(...)", self.window)
        self.nvim.type("<Esc>2GA")

    def status(self) -> str:
        return self.nvim.status()


@pytest.fixture(params=neovim.VERSIONS)
def nvim_program(request: pytest.FixtureRequest) -> str:
    """The path of a Neovim, of one series after the other."""
    return neovim.required_program(str(request.param))


def test_the_course(start_nvim: Callable[[], Neovim], tmp_path: Path) -> None:
    """From the first key to a host that is well again, as in the other editors."""
    with FakeHost(Tgi(model=course.MODEL)) as host:
        nvim = start_nvim()
        nvim.set_up({"settings": {"backend": {"kind": "tgi", "url": host.url}}})
        file = tmp_path / "add.py"
        file.write_text(course.CODE)
        nvim.edit(file)

        course.run(Driven(nvim), host)
        client = "vim.lsp.get_clients({ name = 'infill_ls' })[1]"
        # Before 0.11, it offers nothing else.
        encoding = "utf-8" if nvim.lua("return vim.fn.has('nvim-0.11')") else "utf-16"
        assert nvim.lua(f"return {client}.offset_encoding") == encoding
