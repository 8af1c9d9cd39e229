"""Choose the back end that the settings ask for."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from infill_ls.backends.base import Backend
from infill_ls.backends.detected import Detected
from infill_ls.backends.embedded import Embedded
from infill_ls.backends.http import Host
from infill_ls.backends.llamacpp import LlamaCpp
from infill_ls.backends.tgi import Tgi
from infill_ls.errors import BadInput, NoBackend
from infill_ls.models import catalogue, store
from infill_ls.settings.tree import BackendSettings
from infill_ls.types import Progress


def connect(settings: BackendSettings, progress: Progress) -> Backend:
    """Return the back end; nothing is sent and nothing started before it is used.

    Raises NoBackend where there is none, BadInput where the settings contradict each other.
    """
    match settings.kind:
        case "embedded":
            return Embedded(_model_file(settings), settings, progress)
        case "tgi":
            return Tgi(_host(settings), settings)
        case "llamacpp":
            return LlamaCpp(_host(settings), settings)
        case "auto" if settings.url:
            return Detected(_host(settings), settings)
        case "auto":
            return Embedded(_model_file(settings), settings, progress)


def _host(settings: BackendSettings) -> Host:
    if not settings.url:
        raise BadInput(
            f"backend.kind is {settings.kind!r} but there is no backend.url",
            hint="write http://host:port",
        )
    return Host(settings.url, settings)


def _model_file(settings: BackendSettings) -> Path:
    """Return the embedded model's file: the user's own, or the pulled one."""
    if settings.model and settings.model.endswith(".gguf"):
        own = Path(settings.model).expanduser()
        if not own.is_file():
            raise NoBackend(f"there is no model file {own}", hint="mend backend.model")
        return own
    if find_spec("xllamacpp") is None:
        raise NoBackend(
            "no backend.url is set and the embedded model is not installed",
            hint="run `pip install 'infill-ls[local]'` or set backend.url",
        )
    model = catalogue.find(settings.model)
    path = store.path(model)
    if path is None:
        raise NoBackend(
            f"no backend.url is set and the embedded model {model.name} is not here yet",
            hint="run `infill-ls model pull` or set backend.url",
        )
    return path
