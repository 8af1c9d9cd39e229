"""Several projects in one Emacs: one server, and each keeps its own rules and conversations."""

from __future__ import annotations

from pathlib import Path

import pytest

from editors.emacs.terminal import Emacs, body, until_prompted, written
from editors.neovim import until, until_equal
from fakes.host import FakeHost
from fakes.script import EOS, Answer, Token

SERVERS = """
(seq-count (lambda (process) (equal (process-command process) infill-ls-command)) (process-list))
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project."""
    return project(tmp_path / "shop")


@pytest.fixture
def blog(tmp_path: Path) -> Path:
    """Another one."""
    return project(tmp_path / "blog")


def project(folder: Path) -> Path:
    (folder / ".git").mkdir(parents=True)
    return folder


def test_one_server_serves_all_projects(
    emacs: Emacs, host: FakeHost, shop: Path, blog: Path, tmp_path: Path
) -> None:
    """There are suggestions in two projects, and in a file that is of none, by one process."""
    host.always(Answer((Token(" a + b"),)))

    for name, folder in {"wares": shop, "posts": blog, "notes": tmp_path / "notes"}.items():
        emacs.edit(written(folder / "a.py", body(f"{name} =")))
        emacs.lisp("(progn (goto-char (point-min)) (end-of-line 2))")
        emacs.complete()
        until_equal(emacs.ghost, " a + b")

    assert len(host.asked) == 3
    assert emacs.lisp(SERVERS) == 1


def test_each_project_keeps_its_own_rules(
    emacs: Emacs, host: FakeHost, shop: Path, blog: Path
) -> None:
    """What one ignores is not shown to a model; a file of the same name in the other is."""
    host.always(Answer((Token("urn a + b"),)))
    written(shop / ".gitignore", "made.py\n")
    emacs.edit(written(blog / "a.py", body("ret")))
    emacs.edit(written(shop / "made.py", body("ret")))

    emacs.lisp("(progn (goto-char (point-min)) (end-of-line 2))")
    emacs.complete()
    until_equal(emacs.is_answered, True)
    kept_back = host.asked
    emacs.edit(written(blog / "made.py", body("ret")))
    emacs.lisp("(progn (goto-char (point-min)) (end-of-line 2))")
    emacs.complete()

    until_equal(emacs.ghost, "urn a + b")
    assert kept_back == ()


def test_a_buffer_without_a_file_brings_no_rules_along(
    emacs: Emacs, host: FakeHost, shop: Path
) -> None:
    """`*scratch*` is in a folder above all projects, whose ignore file is for other things."""
    host.always(Answer((Token("urn a + b"),)))
    written(shop.parent / ".gitignore", "*\n")
    emacs.lisp(f'(progn (switch-to-buffer "*scratch*") (cd "{shop.parent}") t)')
    emacs.type("a")
    until(emacs.is_served, bool)
    emacs.edit(written(shop / "a.py", body("ret")))
    emacs.lisp("(progn (goto-char (point-min)) (end-of-line 2))")

    emacs.complete()

    until_equal(emacs.ghost, "urn a + b")


def test_chat_finds_the_files_of_all_projects(
    talking: Emacs, host: FakeHost, shop: Path, blog: Path
) -> None:
    """`@path` is relative to any, and each has a conversation of its own, about its own code."""
    host.answers(" Wares.", EOS)
    host.answers(" Posts.", EOS)
    written(shop / "wares.py", "WARES = 7\n")
    written(blog / "posts.py", "POSTS = 9\n")
    written(blog / ".gitignore", "drafts.py\n")
    written(blog / "drafts.py", "DRAFTS = 2\n")
    talking.edit(written(shop / "a.py", body("pass")))
    talking.lisp('(infill-ls-chat "What is in @wares.py?")')
    until(talking.text, lambda text: text.endswith("Wares.\n\n"))
    of_shop = talking.lisp("(buffer-name)")

    talking.edit(written(blog / "a.py", body("pass")))
    talking.lisp('(infill-ls-chat "What is in @posts.py and @wares.py?")')
    until(talking.text, lambda text: text.endswith("Posts.\n\n"))
    talking.lisp('(infill-ls-chat "And in @drafts.py?")')
    until(talking.text, lambda text: "drafts.py is not shown to a model" in text)

    first, second = (exchange.request.json["inputs"] for exchange in host.asked)
    assert "WARES = 7" in first
    assert "POSTS = 9" in second
    assert "WARES = 7" in second
    assert "What is in @wares.py?" not in second
    talking.lisp(f'(switch-to-buffer (get-file-buffer "{shop / "a.py"}"))')
    assert talking.lisp("(buffer-name (infill-ls-chat--current))") == of_shop


def test_chat_finds_the_file_of_the_codes_own_project_first(
    talking: Emacs, host: FakeHost, shop: Path, blog: Path
) -> None:
    """Where both have a file of that name, the one of the code that goes along is meant."""
    host.answers(" Yes.", EOS)
    for folder in (shop, blog):
        written(folder / "settings.py", f"NAME = '{folder.name}'\n")
        talking.edit(written(folder / "a.py", body("pass")))

    talking.press("M-x")
    talking.type("infill-ls-chat\r")
    until_prompted(talking, "Ask about lines 1-2 of a.py")
    talking.type("Is @settings.py used?\r")
    until(talking.text, lambda text: text.endswith("Yes.\n\n"))

    asked = host.asked[-1].request.json["inputs"]
    assert "NAME = 'blog'" in asked
    assert "NAME = 'shop'" not in asked
