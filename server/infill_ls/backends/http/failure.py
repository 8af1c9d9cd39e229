"""What hosts, and the proxies before them, say of a failure, and which error of ours that is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import inf
from typing import Any

from msgspec import Struct

from infill_ls import errors

Failing = tuple[type[errors.BackendError], str, str]
"""What a status means: the error, what its message says the host does, and its hint."""

# Status codes of all hosts and the proxies before them; a stream that holds an error counts as
# the status that the same error has elsewhere.
FAILURES: dict[int, Failing] = {
    400: (errors.RequestRejected, "rejects the request", ""),
    401: (errors.Refused, "refuses the token", "set backend.token"),
    403: (errors.Refused, "allows no access", "set backend.token to one with access"),
    404: (errors.NotFound, "has nothing here", "check backend.url, backend.kind and backend.model"),
    405: (errors.NotFound, "takes no such request", "check backend.url and backend.kind"),
    410: (errors.NotFound, "is gone", "set backend.url to an address that serves"),
    413: (errors.RequestRejected, "finds the request too long", "lower prompt.maxTokens"),
    422: (errors.RequestRejected, "rejects the request", ""),
    429: (errors.Overloaded, "has too much to do", "wait a moment"),
    502: (errors.Loading, "is not ready yet", "wait a moment"),
    503: (errors.Loading, "is not ready yet", "wait a moment"),
    504: (errors.Loading, "is not ready yet", "wait a moment"),
}
OTHER_FAILURE = (errors.HostFailed, "failed", "see the host's own log")

_STATUS_OF_TYPE = {
    "overloaded": 429,
    "validation": 422,
    "invalid_request_error": 400,
    "BadRequestError": 400,
    "authentication_error": 401,
    "NotFoundError": 404,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "overloaded_error": 503,
}
"""The type of an error inside a stream: TGI's (router/src/server.rs), OpenAI's and vLLM's."""

_ABOUT_THE_TOKEN = re.compile(r"token seems invalid|requires a Pro subscription", re.IGNORECASE)
"""What Hugging Face has said with status 400, though it is 401 that means it."""


class Failure(Struct):
    """What a host says of an error, wherever it stands."""

    error: Any = None
    """A text, a list of texts, or an object with a message and perhaps a type and a code."""
    error_type: Any = None
    estimated_time: Any = None
    """Seconds until the model is loaded; Hugging Face has told it with status 200, too."""
    object: Any = None
    """"error" where the message is not inside an object `error`: older vLLM, Mistral."""
    message: Any = None
    detail: Any = None
    """What FastAPI, hence vLLM and Mistral, says instead of both."""
    type: Any = None
    code: Any = None

    def is_one(self) -> bool:
        """Return whether this is an error at all."""
        return self.error is not None or self.object == "error"

    def words(self) -> str:
        """Return the host's own words."""
        said = self.error if self.error is not None else self.message or self.detail
        said = (said.get("message") or said.get("detail")) if isinstance(said, dict) else said
        return "; ".join(map(str, said)) if isinstance(said, list) else str(said or "")

    def status(self) -> int:
        """Return the HTTP status that this error has where it comes with one."""
        inner = self.error if isinstance(self.error, dict) else {}
        for code in (inner.get("code"), inner.get("http_status_code"), self.code):
            if isinstance(code, int):
                return code
        if self.estimated_time is not None:
            return 503
        return _STATUS_OF_TYPE.get(str(self.error_type or inner.get("type") or self.type), 500)

    def meant(self, status: int) -> int:
        """Return the status that the host means by the one it sends."""
        return 401 if status == 400 and _ABOUT_THE_TOKEN.search(self.words()) else status

    def retry_after_s(self, headers: Mapping[str, str]) -> float | None:
        """Return after how many seconds the host wants to be asked again, if it says so.

        Sources: `estimated_time` of Hugging Face; `Retry-After` as in RFC 9110, 10.2.3; `t` of
        https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/, which the Hub sends.
        """
        limit = _RESET.search(headers.get("ratelimit", ""))
        told = (
            self.estimated_time,
            _seconds(headers.get("retry-after", "")),
            float(limit[1]) if limit else None,
        )
        known = [wait_s for wait_s in told if isinstance(wait_s, int | float) and 0 <= wait_s < inf]
        return max(known, default=None)


_RESET = re.compile(r";\s*r=0;\s*t=(\d{1,9})\b")
"""Nothing remains, and until when; a response that succeeds has such a header too."""


def _seconds(retry_after: str) -> float | None:
    """Return the seconds of a number of them, or until a date."""
    if re.fullmatch(r"\d{1,9}", retry_after):
        return float(retry_after)
    try:
        return (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):  # TypeError: a date without a time zone.
        return None
