"""Another model, chosen among those that the host has."""

from __future__ import annotations

from pathlib import Path

from editors.emacs.conftest import Start
from editors.emacs.terminal import Emacs, backend_at, until_prompted
from editors.neovim import until, until_equal
from fakes.faces.ollama import Ollama
from fakes.host import FakeHost, refused_url
from fakes.script import EOT, Answer, Token

MODELS = ("codellama:7b-code", "codellama:13b-code")


def test_another_model_is_asked(start_emacs: Start, file: Path) -> None:
    """Those of the host are offered, and the setting has the one that is chosen."""
    with FakeHost(Ollama(models=MODELS)) as host:
        host.always(Answer((Token("return a"), EOT)))
        emacs = start_emacs()
        emacs.set_up(backend_at(host.url, kind="ollama", model=MODELS[0]))
        emacs.edit(file)

        switch(emacs)
        until_prompted(emacs, f"Model (default {MODELS[0]}):")
        emacs.type("codellama:1\t\r")
        until_equal(
            lambda: emacs.lisp("(plist-get (plist-get infill-ls-settings :backend) :model)"),
            MODELS[1],
        )
        host.wait(lambda host: any(b"13b" in request.body for request in host.requests))
        emacs.complete()
        until_equal(emacs.ghost, "return a")

        emacs.lisp("(infill-ls-status)")

        assert host.asked[-1].request.json["model"] == MODELS[1]
        assert emacs.told()[-1] == f"infill-ls: all is well, with {MODELS[1]}"


def test_a_model_can_be_named_where_the_host_cannot_be_asked(
    start_emacs: Start, file: Path
) -> None:
    """One sentence says why nothing is offered; a name is taken all the same."""
    with refused_url() as url:
        emacs = start_emacs()
        emacs.set_up(backend_at(url, kind="auto"))
        emacs.edit(file)

        switch(emacs)
        until_prompted(emacs, "Model:")
        emacs.type("mine\r")
        until_equal(
            lambda: emacs.lisp("(plist-get (plist-get infill-ls-settings :backend) :model)"),
            "mine",
        )

        until(emacs.told, lambda told: any(url in line for line in told))


def switch(emacs: Emacs) -> None:
    emacs.press("M-x")
    emacs.type("infill-ls-switch-model\r")
