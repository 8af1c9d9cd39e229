"""The errors a user can meet, each one sentence that says what failed and what to do.

InfillError
├── BadInput            a file, position or option that the user gave
├── ModelFileError      a model file that cannot be had, stored or trusted
└── BackendError        a completion that the host of the model cannot give
    ├── NoBackend       nothing is configured and no embedded model is there
    ├── Unreachable     no connection, or it was lost before the answer began
    ├── TimedOut        no answer in the time the settings allow
    ├── Refused         the host does not accept the token (401, 403)
    ├── NotFound        no such model or route (404, 405, 410)
    ├── RequestRejected the host calls the request invalid or too long (400, 413, 422)
    ├── NotYet          what passes by itself, so that waiting helps
    │   ├── Overloaded  too many requests (429)
    │   └── Loading     the model or the machine is not ready yet (502, 503, 504)
    ├── HostFailed      any other failure that the host reports
    └── BadAnswer       an answer that is no completion: HTML, a cut stream, bad JSON

Foreign exceptions are mapped where they are met (`backends/http/host.py`, `models/`), never above.
"""


class InfillError(Exception):
    """Something went wrong that the user can understand and mend.

    `str(error)` is one clear sentence without a full stop; `hint` says what to do, or is empty.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def sentence(self) -> str:
        """Return message and hint as one line, as it is shown to the user."""
        return f"{self}: {self.hint}" if self.hint else str(self)


class BadInput(InfillError):
    """A file, position or option that the user gave cannot be used."""


class ModelFileError(InfillError):
    """A model file cannot be downloaded, stored, read or trusted."""


class BackendError(InfillError):
    """The host of the model cannot give a completion."""

    def __init__(self, message: str, *, hint: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s
        """After how many seconds the host wants to be asked again, if it says so."""


class NoBackend(BackendError):
    """No URL is configured, and the embedded model is not installed or not pulled."""


class Unreachable(BackendError):
    """No connection to the host, or it closed before an answer began."""


class TimedOut(BackendError):
    """The host did not answer in the time that the settings allow."""


class Refused(BackendError):
    """The host does not accept the token (401, 403)."""


class NotFound(BackendError):
    """The host has no such model or route (404, 405, 410)."""


class RequestRejected(BackendError):
    """The host calls the request invalid or too long (400, 413, 422)."""


class NotYet(BackendError):
    """The host will answer later; raised as one of its kinds."""


class Overloaded(NotYet):
    """The host has too many requests (429)."""


class Loading(NotYet):
    """The model, or the machine it runs on, is not ready yet (502, 503, 504)."""


class HostFailed(BackendError):
    """The host reports a failure of its own."""


class BadAnswer(BackendError):
    """The host's answer is no completion: HTML, bad JSON, a stream cut short."""
