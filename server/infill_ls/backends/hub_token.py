"""The token that Hugging Face's own tools keep on this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def find(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the token, found as huggingface_hub finds it (utils/_auth.py, constants.py), or None.

    Blanks and line ends are stripped; what is empty then, or cannot be read, does not count.
    """
    if _says_yes(environ.get("HF_HUB_DISABLE_IMPLICIT_TOKEN")):
        return None
    named = (environ.get("HF_TOKEN"), environ.get("HUGGING_FACE_HUB_TOKEN"), _kept(environ))
    return next((clean for token in named if token and (clean := _clean(token))), None)


def _kept(environ: Mapping[str, str]) -> str | None:
    cache = environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = environ.get("HF_HOME") or os.path.join(cache, "huggingface")
    path = environ.get("HF_TOKEN_PATH") or os.path.join(home, "token")
    try:
        return Path(os.path.expandvars(path)).expanduser().read_text(encoding="utf-8")
    except (OSError, ValueError, RuntimeError):  # RuntimeError: there is no home to expand.
        return None


def _clean(token: str) -> str:
    return token.replace("\r", "").replace("\n", "").strip()


def _says_yes(value: str | None) -> bool:
    return (value or "").upper() in {"1", "ON", "YES", "TRUE"}
