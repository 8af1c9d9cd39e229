"""Take the picture of the VS Code README: the real editor, server and model.

In the folder `tests`: python -m editors.vscode.picture PICTURE.png
It needs `install_vscode.sh`, the packed extension, `infill-ls` beside this Python, and the embedded
model.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from editors.neovim import environment, until
from editors.vscode.window import EXTENSION, CodeServer, Tools, Window, chromium

CODE = '''\
def binary_search(numbers: list[int], wanted: int) -> int | None:
    """Return the index of a number in a sorted list."""
    low, high = 0, len(numbers) - 1
    while low <= high:

    return None
'''
LOOK = {"workbench.colorTheme": "Dark Modern", "editor.fontSize": 13}
WAIT_S = 120.0
"""How long the embedded model may take on a slow machine."""


def main(picture: Path) -> None:
    """Write the picture."""
    tools = Tools.find()
    assert tools, "needs code-server and Chromium: install_vscode.sh"
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        file = folder / "work" / "search.py"
        file.parent.mkdir()
        file.write_text(CODE, encoding="utf-8")
        install = ["--install-extension", str(EXTENSION / "dist" / "infill-ls.vsix")]
        subprocess.run([*tools.command(folder, folder / "extensions"), *install], check=True)
        server = CodeServer(tools, folder / "home", folder / "extensions", environment(folder))
        server.configure({}, LOOK)
        chrome = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        context = chrome.new_context(
            viewport={"width": 1120, "height": 520}, device_scale_factor=1.5
        )
        try:
            draw(Window(context, server, file), picture)
        finally:
            server.close()
            chrome.close()


def draw(window: Window, picture: Path) -> None:
    """Ask a question, have a suggestion, and take the picture."""
    window.wait_until_ready()
    window.run("infill-ls: Ask About the Selection")
    chat = window.chat()
    chat.get_by_role("button", name="Add Code").click()
    question = chat.get_by_role("textbox", name="Question")
    question.fill("In one sentence: what must be true of numbers?")
    question.press("Enter")
    expect(chat.get_by_role("button", name="Ask again")).to_be_visible(timeout=WAIT_S * 1000)
    window.to("Control+Home", *["ArrowDown"] * 4)
    window.type("        ")
    until(window.ghost, lambda ghost: "\n" in ghost, WAIT_S)
    window.wait_until_ready()
    window.page.screenshot(path=picture)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
