"""Take the picture of the Emacs README: the real editor, server and model in a real terminal.

In the folder `tests`: python -m editors.emacs.picture ../editor-configs/emacs/ghost-text.svg
It needs tmux, Emacs (`install_emacs.sh`), `infill-ls` beside this Python, and the embedded model.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from editors.emacs.terminal import Emacs, environment, find_program
from editors.neovim import until, until_equal
from editors.picture import CODE, COLUMNS, ROWS, drawn, svg

LOOK = """
(progn (load-theme 'modus-vivendi t) (menu-bar-mode -1) (global-eldoc-mode -1)
       (setq-default mode-line-format '(" %b " minor-mode-alist)) (message nil))
"""


def main(picture: Path) -> None:
    """Write the picture."""
    program = find_program()
    assert program, "needs Emacs 30.1 or newer"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "search.py"
        file.write_text(CODE, encoding="utf-8")
        there = {**environment(Path(folder) / "home"), "COLORTERM": "truecolor"}
        emacs = Emacs(program, there, columns=COLUMNS, rows=ROWS)
        try:
            emacs.lisp(LOOK)
            emacs.set_up({})
            emacs.edit(file)
            emacs.lisp("(progn (goto-char (point-min)) (end-of-line 4) (message nil))")
            emacs.press("Enter")
            until(emacs.ghost, bool, deadline_s=90)
            until(emacs.is_answered, bool, deadline_s=90)
            until_equal(emacs.mode_line, "infill-ls")
            last_line = emacs.ghost().splitlines()[-1]
            screen = until(lambda: drawn(emacs.tmux), lambda screen: last_line in screen.plain)
            titled = svg(screen).replace("Neovim", "Emacs").replace("neovim", "emacs")
            picture.write_text(titled, encoding="utf-8", newline="\n")
        finally:
            emacs.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
