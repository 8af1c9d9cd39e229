"""A dedicated Inference Endpoint of Hugging Face: TGI behind a proxy that lets it sleep."""

from __future__ import annotations

from math import ceil

from infill_ls.backends.http.failure import Failing
from infill_ls.backends.http.host import Host
from infill_ls.backends.tgi import Tgi
from infill_ls.errors import Loading
from infill_ls.settings.tree import BackendSettings

_WAKING: Failing = (
    Loading,
    "is waking up",
    "an endpoint that was scaled to zero may take minutes; a paused one must be resumed by hand",
)


def endpoint(url: str, settings: BackendSettings) -> Tgi:
    """Return the back end; nothing is sent. Raises BadInput like `Host`."""
    # The proxy holds a request for so long while the endpoint wakes, instead of failing at once.
    seconds = ceil(settings.read_timeout_ms / 1000)
    host = Host(
        url,
        settings,
        headers={"x-scale-up-timeout": str(seconds)},
        failures=dict.fromkeys((502, 503, 504), _WAKING),
    )
    return Tgi(host, settings, kind="endpoint")
