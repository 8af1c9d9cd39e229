"""Languages and paths in which nothing is completed while one types."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fakes.backend import ScriptedBackend
from infill_ls.completion.automatic import Automatic
from infill_ls.completion.completer import Completer
from infill_ls.settings.tree import CompletionSettings, Settings
from infill_ls.text import Text
from infill_ls.types import CompletionRequest, Document, Trigger

RequestAt = Callable[..., CompletionRequest]
CompleterWith = Callable[[Settings], Completer]


@pytest.mark.parametrize(
    ("languages", "patterns", "language", "path", "is_wanted"),
    [
        ((), (), "python", "a.py", True),
        (("python",), (), "python", "a.py", False),
        (("markdown", "python"), (), "python", "a.py", False),
        (("markdown",), (), "python", "a.py", True),
        (("py",), (), "python", "a.py", True),
        (("markdown",), (), "", "a", True),
        ((), ("*.md",), "markdown", "README.md", False),
        ((), ("*.md",), "markdown", "docs/guide.md", False),
        ((), ("*.md",), "python", "md.py", True),
        ((), ("docs/",), "markdown", "docs/guide/a.md", False),
        ((), ("/docs/",), "markdown", "src/docs/a.md", True),
        ((), ("docs/*", "!docs/a.py"), "python", "docs/a.py", True),
        ((), ("docs/*", "!docs/a.py"), "python", "docs/b.py", False),
        ((), ("**/gen/**",), "go", "a/gen/b/c.go", False),
        ((), ("# a comment", ""), "python", "a.py", True),
        (("go",), ("*.py",), "python", "a.py", False),
    ],
)
def test_languages_and_paths(
    languages: tuple[str, ...],
    patterns: tuple[str, ...],
    language: str,
    path: str,
    is_wanted: bool,
) -> None:
    """Languages are those of the editor, paths follow the rules of `.gitignore`."""
    settings = CompletionSettings(disabled_languages=languages, disabled_paths=patterns)
    document = Document("file:///a", language, 1, Text(""), path)

    assert Automatic(settings, pytest.fail).is_wanted(document) is is_wanted


def test_what_is_no_pattern_is_told_and_costs_only_itself() -> None:
    """The other patterns still count."""
    told: list[str] = []
    settings = CompletionSettings(disabled_paths=("!", "*.md"))
    automatic = Automatic(settings, told.append)

    wanted = [
        automatic.is_wanted(Document("file:///a", "", 1, Text(""), path))
        for path in ("a.py", "a.md")
    ]

    assert wanted == [True, False]
    assert told == ["completion.disabledPaths: '!' is no pattern of .gitignore"]


async def test_typing_there_asks_nobody_and_invoking_works(
    request_at: RequestAt, backend: ScriptedBackend, completer_with: CompleterWith
) -> None:
    """The setting is for completions that nobody has asked for."""
    completer = completer_with(
        Settings(completion=CompletionSettings(disabled_languages=("python",)))
    )
    backend.answers("1")

    typing = await completer.complete(request_at("x = ‸\n", trigger=Trigger.AUTOMATIC))
    asked_while_typing = len(backend.prompts)
    invoked = await completer.complete(request_at("x = ‸\n"))

    assert typing is None
    assert asked_while_typing == 0
    assert invoked is not None
    assert invoked.text == "1"
