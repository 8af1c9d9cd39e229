"""The token that Hugging Face's own tools keep is found as they find it."""

from __future__ import annotations

from pathlib import Path

import pytest

from infill_ls.backends import hub_token


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache folder in which `hf auth login` has kept a token."""
    (tmp_path / "huggingface").mkdir()
    (tmp_path / "huggingface" / "token").write_text("hf_cached\n")
    return tmp_path


@pytest.mark.parametrize(
    ("environ", "token"),
    [
        ({}, "hf_cached"),
        ({"HUGGING_FACE_HUB_TOKEN": "hf_old"}, "hf_old"),
        ({"HUGGING_FACE_HUB_TOKEN": "hf_old", "HF_TOKEN": "hf_new"}, "hf_new"),
        ({"HF_TOKEN": " hf_new\r\n"}, "hf_new"),
        ({"HF_TOKEN": "", "HUGGING_FACE_HUB_TOKEN": "hf_old"}, "hf_old"),
        ({"HF_TOKEN": " \n"}, "hf_cached"),
        ({"HF_TOKEN": "hf_new", "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}, None),
        ({"HF_TOKEN": "hf_new", "HF_HUB_DISABLE_IMPLICIT_TOKEN": "0"}, "hf_new"),
    ],
)
def test_variables_come_before_the_file(
    cache: Path, environ: dict[str, str], token: str | None
) -> None:
    """The first that is not empty counts, without blanks and line ends."""
    assert hub_token.find({"XDG_CACHE_HOME": str(cache), **environ}) == token


def test_the_file_may_be_elsewhere(cache: Path, tmp_path: Path) -> None:
    """`HF_TOKEN_PATH` names it, and else `HF_HOME` its folder."""
    home, file = tmp_path / "home", tmp_path / "file"
    home.mkdir()
    (home / "token").write_text("hf_home")
    file.write_text("hf_file")
    environ = {"XDG_CACHE_HOME": str(cache), "HF_HOME": str(home)}

    assert hub_token.find(environ) == "hf_home"
    assert hub_token.find({**environ, "HF_TOKEN_PATH": str(file)}) == "hf_file"


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe"])
def test_a_file_without_a_token_is_no_token(tmp_path: Path, content: bytes | None) -> None:
    """A file that is missing, empty or no text is as if nobody had logged in."""
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)

    assert hub_token.find({"HF_TOKEN_PATH": str(path)}) is None


def test_a_folder_is_no_token(tmp_path: Path) -> None:
    """What cannot be read does not count."""
    assert hub_token.find({"HF_TOKEN_PATH": str(tmp_path)}) is None
