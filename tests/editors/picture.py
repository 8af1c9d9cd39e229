"""Take the picture of the Neovim README: the real editor, server and model in a real terminal.

In the folder `tests`: python -m editors.picture ../editor-configs/nvim/ghost-text.svg
It needs tmux, Neovim (`install_nvim.sh`), `infill-ls` beside this Python, and the embedded model.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from editors.neovim import Neovim, environment, find_program, until, until_equal

COLUMNS, ROWS = 72, 14
CODE = '''\
def binary_search(numbers: list[int], wanted: int) -> int | None:
    """Return the index of a number in a sorted list."""
    low, high = 0, len(numbers) - 1
    while low <= high:
    return None
'''
LOOK = """
vim.o.termguicolors = true
vim.o.background = 'dark'
vim.o.showcmd = false
vim.o.statusline = " %f %=%{v:lua.require'infill_ls'.status()} "
"""
THEME = TerminalTheme((20, 22, 27), (224, 226, 234), [(20, 22, 27)] * 8)
"""The colours of Neovim's own dark scheme; all others come with the text."""


def main(picture: Path) -> None:
    """Write the picture."""
    program = find_program()
    assert program, "needs Neovim 0.12 or newer"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "search.py"
        file.write_text(CODE, encoding="utf-8")
        nvim = Neovim(program, environment(Path(folder)))
        try:
            nvim.lua(LOOK)
            nvim.command(f"cd {folder}")
            nvim.set_up({})
            nvim.edit(Path(file.name))
            with terminal(program, nvim) as tmux:
                nvim.type("4Go")
                ghost = until(nvim.ghost, bool, deadline_s=90)
                until_equal(nvim.status, "infill-ls")
                last_line = ghost.splitlines()[-1]
                screen = until(lambda: drawn(tmux), lambda screen: last_line in screen.plain)
                picture.write_text(svg(screen), encoding="utf-8", newline="\n")
        finally:
            nvim.close()


@contextmanager
def terminal(program: str, nvim: Neovim) -> Iterator[list[str]]:
    """Show the editor in a terminal; gives the tmux command that reaches it."""
    tmux = ["tmux", "-f", "/dev/null", "-L", f"infill-ls-{id(nvim)}"]
    size = ["-x", str(COLUMNS), "-y", str(ROWS)]
    show = [program, "--server", str(nvim.address), "--remote-ui"]
    subprocess.run([*tmux, "new-session", "-d", *size, *show], check=True)
    try:
        until(lambda: nvim.lua("return #vim.api.nvim_list_uis()"), bool)
        yield tmux
    finally:
        subprocess.run([*tmux, "kill-server"], check=True)


def drawn(tmux: list[str]) -> Text:
    """Return the terminal's screen as it is now, with the cursor."""

    def output(*command: str) -> str:
        return subprocess.run(
            [*tmux, *command], check=True, capture_output=True, encoding="utf-8"
        ).stdout

    screen = Text.from_ansi(output("capture-pane", "-e", "-p"))
    column, row = map(int, output("display", "-p", "#{cursor_x} #{cursor_y}").split())
    cursor = sum(len(line) + 1 for line in screen.plain.splitlines()[:row]) + column
    screen.stylize("reverse", cursor, cursor + 1)
    return screen


def svg(screen: Text) -> str:
    """Return the screen as a picture."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), color_system="truecolor")
    console.print(screen, no_wrap=True)
    exported = console.export_svg(title="Neovim", theme=THEME, unique_id="neovim")
    # Fonts from elsewhere would tell somebody who looks at the README.
    local = re.sub(r"\s*@font-face \{.*?\}", "", exported, flags=re.DOTALL)
    # librsvg drops even hard blanks at the ends of a text.
    return local.replace("<svg ", '<svg xml:space="preserve" ', 1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
