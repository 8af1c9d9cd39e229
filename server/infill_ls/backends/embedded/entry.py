"""Where a server of the embedded model is written down, so that others find it.

An entry is a file that only the user can read: the port where the server meets those who use it,
and the key that each side must know. Whether the server lives, the connection tells, not the file.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import platform
import secrets
import tempfile
from pathlib import Path

import msgspec
from msgspec import Struct
from platformdirs import user_state_path

from infill_ls import __version__

FOLDER_VARIABLE = "INFILL_LS_SERVERS"
"""Names another folder for the entries."""


class Start(Struct, frozen=True):
    """What is served, and how long nobody must have used it until it ends."""

    model: str
    """The path of the file."""
    context_tokens: int
    idle_s: float

    def entry_path(self) -> Path:
        """Return where the one server of this user for this model is written down.

        Another file under the same name is another model; a home folder may be shared by machines.
        Raises OSError if there is no such file.
        """
        path = Path(self.model).resolve()
        stat = path.stat()
        known = (platform.node(), __version__, path, stat.st_size, stat.st_mtime_ns)
        digest = hashlib.sha256(repr((*known, self.context_tokens)).encode()).hexdigest()
        return _folder() / f"{digest[:16]}.json"


class Entry(Struct, frozen=True):
    """A server that runs, or ran."""

    pid: int
    port: int
    """On the loopback interface."""
    key: str = msgspec.field(default_factory=lambda: secrets.token_urlsafe(32))

    def proof(self, challenge: str) -> str:
        """Return what only one who knows the key can answer to a challenge."""
        return hmac.new(self.key.encode(), challenge.encode(), "sha256").hexdigest()

    def __repr__(self) -> str:
        """Leave out the key."""
        return f"Entry(pid={self.pid}, port={self.port})"


class Greeting(Struct, frozen=True):
    """What the server says first to one who sent a challenge."""

    proof: str
    loaded: bool
    """Whether `Ready` follows at once."""


class Ready(Struct, frozen=True):
    """Where the model is served, or why it is not."""

    url: str = ""
    error: str = ""


def read(path: Path) -> Entry | None:
    """Return the entry, or None if there is none that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Entry)
    except (OSError, msgspec.DecodeError):
        return None


def write(path: Path, entry: Entry) -> None:
    """Write the entry, whole from the first moment; raises OSError."""
    # mkstemp makes a file that nobody else can read.
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(entry))
    Path(temporary).replace(path)


def remove(path: Path, entry: Entry) -> None:
    """Remove the entry, unless it is another's by now."""
    if read(path) == entry:
        path.unlink(missing_ok=True)


def _folder() -> Path:
    named = os.environ.get(FOLDER_VARIABLE)
    folder = Path(named) if named else user_state_path("infill-ls", appauthor=False) / "servers"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
