"""How the server of these tests is started, and what it is told."""

from __future__ import annotations

import sys
from typing import Any

from fakes.host import FakeHost

SERVER = [sys.executable, "-m", "infill_ls"]
"""The command line of the server."""

NOT_AHEAD: dict[str, object] = {"readAhead": False}
"""Settings of prompts with which a host is asked nothing before a completion is."""


def served_by(host: FakeHost, **sections: dict[str, object]) -> dict[str, Any]:
    """Return the settings for a host of TGI; `sections` are laid over them."""
    backend = {"kind": "tgi", "url": host.url, **sections.pop("backend", {})}
    return {"backend": backend, **sections}
