"""Take the pictures of the Neovim README: the real editor, server and model in a real terminal.

In the folder `tests`: python -m editors.picture ../editor-configs/nvim
It needs tmux, Neovim (`install_nvim.sh`), `infill-ls` beside this Python, and the embedded model.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from editors.neovim import Neovim, environment, find_program, until, until_equal

MODEL_S = 90.0
HEAD = """\
def binary_search(numbers: list[int], wanted: int) -> int | None:
    \"""Return the index of a number in a sorted list.\"""
    low, high = 0, len(numbers) - 1
    while low <= high:
"""
BODY = """\
        middle = (low + high) // 2
        if numbers[middle] == wanted:
            return middle
        if numbers[middle] < wanted:
            low = middle + 1
        else:
            high = middle - 1
"""
END = "    return None\n"
LOOK = """
vim.o.termguicolors = true
vim.o.background = 'dark'
vim.o.showcmd = false
vim.o.statusline = " %f %=%{v:lua.require'infill_ls'.status()} "
"""
THEME = TerminalTheme((20, 22, 27), (224, 226, 234), [(20, 22, 27)] * 8)
"""The colours of Neovim's own dark scheme; all others come with the text."""


def main(pictures: Path) -> None:
    """Write the pictures into a folder."""
    take(pictures / "ghost-text.svg", (72, 14), HEAD + END, suggest)
    take(pictures / "chat.svg", (84, 24), HEAD + BODY + END, talk)


def take(
    picture: Path, size: tuple[int, int], code: str, act: Callable[[Neovim], Callable[[str], bool]]
) -> None:
    """Write one picture, once what `act` returns holds for the screen."""
    program = find_program()
    assert program, "needs Neovim 0.12 or newer"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "search.py"
        file.write_text(code, encoding="utf-8")
        nvim = Neovim(program, environment(Path(folder)))
        try:
            nvim.lua(LOOK)
            nvim.command(f"cd {folder}")
            nvim.set_up({"suggestions": "stream"})
            nvim.edit(Path(file.name))
            with terminal(program, nvim, size) as tmux:
                is_there = act(nvim)
                until(nvim.status, lambda status: status == "infill-ls", MODEL_S)
                screen = until(lambda: drawn(tmux), lambda screen: is_there(screen.plain))
                picture.write_text(svg(screen, size[0]), encoding="utf-8", newline="\n")
        finally:
            nvim.close()


def suggest(nvim: Neovim) -> Callable[[str], bool]:
    """Have the model write the body of the loop."""
    nvim.type("4Go")
    until(nvim.ghost, bool, MODEL_S)
    return lambda screen: nvim.ghost().splitlines()[-1] in screen


def talk(nvim: Neovim) -> Callable[[str], bool]:
    """Ask what the function does, in a split below it."""
    title = "return require('infill_ls.chat').title()"
    nvim.type(":belowright InfillLs chat How many steps does it take, in one sentence?<CR>")
    until_equal(lambda: "(answering)" in str(nvim.lua(title)), True)
    until(lambda: str(nvim.lua(title)), lambda text: "(answering)" not in text, MODEL_S)
    last_word = " ".join(nvim.lines()).split()[-2]
    return lambda screen: last_word in screen


@contextmanager
def terminal(program: str, nvim: Neovim, size: tuple[int, int]) -> Iterator[list[str]]:
    """Show the editor in a terminal; gives the tmux command that reaches it."""
    tmux = ["tmux", "-f", "/dev/null", "-L", f"infill-ls-{id(nvim)}"]
    columns, rows = map(str, size)
    show = [program, "--server", str(nvim.address), "--remote-ui"]
    subprocess.run([*tmux, "new-session", "-d", "-x", columns, "-y", rows, *show], check=True)
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


def svg(screen: Text, columns: int) -> str:
    """Return the screen as a picture."""
    console = Console(record=True, width=columns, file=io.StringIO(), color_system="truecolor")
    console.print(screen, no_wrap=True)
    exported = console.export_svg(title="Neovim", theme=THEME, unique_id="neovim")
    # Fonts from elsewhere would tell somebody who looks at the README.
    local = re.sub(r"\s*@font-face \{.*?\}", "", exported, flags=re.DOTALL)
    # librsvg drops even hard blanks at the ends of a text.
    return local.replace("<svg ", '<svg xml:space="preserve" ', 1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
