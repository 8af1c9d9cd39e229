"""The extension as it is packed: its settings are the server's, and its own checks hold."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

from editors.vscode.contribution import MANIFEST, properties
from editors.vscode.window import EXTENSION
from infill_ls import __version__
from infill_ls.settings.read import GUARDED


def manifest() -> dict[str, object]:
    return dict(json.loads(MANIFEST.read_text(encoding="utf-8")))


def test_settings_are_those_of_the_server() -> None:
    """package.json has what `python -m editors.vscode.contribution` writes."""
    contributes = json.loads(MANIFEST.read_text(encoding="utf-8"))["contributes"]

    assert contributes["configuration"]["properties"] == properties()


def test_no_workspace_can_set_where_code_goes() -> None:
    """What is guarded in the server is a setting of the machine; no other is but the program."""
    of_machine = {key for key, each in properties().items() if each["scope"] == "machine"}

    kept = {f"infill-ls.{key}" for key in GUARDED} - {
        "infill-ls.backend.token", "infill-ls.image.token",
    }  # fmt: skip
    assert of_machine == kept | {"infill-ls.path"}


def test_the_version_is_that_of_the_server() -> None:
    """The extension brings the server's wheel, so that they are of one version."""
    assert manifest()["version"] == __version__


def test_every_command_is_there() -> None:
    """Each command of package.json is registered, and each that is registered is in it."""
    contributes = json.loads(MANIFEST.read_text(encoding="utf-8"))["contributes"]
    source = (EXTENSION / "src" / "extension.ts").read_text(encoding="utf-8")
    table = source.partition("const commands")[2].partition("\n  };")[0]

    registered = re.findall(r"^    (\w+)(?::|,$)", table, re.MULTILINE)
    declared = {command["command"] for command in contributes["commands"]}
    assert {f"infill-ls.{name}" for name in registered} == declared


def test_the_lock_names_no_host() -> None:
    """Whoever builds it takes the packages from where npm is configured to."""
    lock = (EXTENSION / "package-lock.json").read_text(encoding="utf-8")

    assert '"resolved"' not in lock


def test_format_lint_and_types(npm: Callable[..., str]) -> None:
    """`npm run check` finds nothing."""
    npm("run", "check")


def test_units(npm: Callable[..., str]) -> None:
    """`npm test` passes, and skips nothing."""
    output = npm("test")

    assert "ℹ fail 0" in output
    assert "ℹ skipped 0" in output


def test_the_package_holds_what_runs_and_nothing_else(extensions: Path) -> None:
    """Neither sources nor packages of npm are in it; the server and the licences are."""
    with zipfile.ZipFile(EXTENSION / "dist" / "infill-ls.vsix") as package:
        names = {name.removeprefix("extension/") for name in package.namelist()}

    assert names == {
        "[Content_Types].xml", "extension.vsixmanifest", "package.json", "readme.md", "LICENSE.txt",
        "dist/extension.cjs", "dist/page.js", "dist/NOTICES.txt", "media/chat.css",
        "media/icon.svg", "media/ghost-text.png", f"dist/infill_ls-{__version__}-py3-none-any.whl",
    }  # fmt: skip
