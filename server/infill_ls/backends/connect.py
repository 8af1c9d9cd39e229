"""Choose the back end that the settings ask for."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from msgspec.structs import replace

from infill_ls.backends import hub_token
from infill_ls.backends.base import Backend
from infill_ls.backends.detected import Detected
from infill_ls.backends.embedded.backend import Embedded
from infill_ls.backends.endpoint import endpoint
from infill_ls.backends.http.host import Host
from infill_ls.backends.huggingface import HuggingFace, huggingface
from infill_ls.backends.llamacpp import LlamaCpp
from infill_ls.backends.ollama import Ollama
from infill_ls.backends.openai import openai
from infill_ls.backends.openai_routes import told_by
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
        case "huggingface":
            return _huggingface(settings)
        case "endpoint":
            return endpoint(_url(settings), settings)
        case "ollama":
            return Ollama(_host(settings), settings)
        case "openai":
            return openai(_url(settings), settings)
        case "auto" if settings.url:
            return _told_by(settings.url, settings) or Detected(_host(settings), settings)
        case "auto":
            return Embedded(_model_file(settings), settings, progress)


def _told_by(url: str, settings: BackendSettings) -> Backend | None:
    """Return what the address itself tells, so that the host need not be asked."""
    if _is_under(url, "huggingface.co"):
        return _huggingface(settings)
    if _is_under(url, "endpoints.huggingface.cloud"):
        return endpoint(url, settings)
    return openai(url, settings) if told_by(url) else None


def _huggingface(settings: BackendSettings) -> HuggingFace:
    """Return the hosted API, with the token of Hugging Face's own tools if the user gave none."""
    given = settings.token or any(name.lower() == "authorization" for name in settings.headers)
    return huggingface(settings if given else replace(settings, token=hub_token.find()))


def _is_under(url: str, domain: str) -> bool:
    try:
        name = urlsplit(url).hostname or ""
    except ValueError:  # "http://[" is no address.
        return False
    return name == domain or name.endswith(f".{domain}")


def _host(settings: BackendSettings) -> Host:
    return Host(_url(settings), settings)


def _url(settings: BackendSettings) -> str:
    if not settings.url:
        raise BadInput(
            f"backend.kind is {settings.kind!r} but there is no backend.url",
            hint="write http://host:port",
        )
    return settings.url


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
