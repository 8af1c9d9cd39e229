"""The Hugging Face Hub as a source, by way of its own client library.

`hf_hub_download` is not used: since 1.x it starts anew after an interruption, and it spends 23 s
on retries before it says that the host is unknown (2.4.0, measured). `http_get` beneath it goes on
at any byte and takes up a lost connection; whether the Hub answers at all is asked beforehand.
"""

from __future__ import annotations

import re
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from typing import BinaryIO

from infill_ls.models.catalogue import Model
from infill_ls.models.source import OnProgress, Unavailable

_SHA256 = re.compile(r"[0-9a-f]{64}")
_ERRNO = re.compile(r"^\[Errno -?\d+\] ")


@dataclass(frozen=True, slots=True)
class Hub:
    """The Hub, or a mirror of it."""

    endpoint: str | None = None
    """Its URL; None for the library's own choice, which HF_ENDPOINT changes."""
    patience_s: float = 4.0
    """How long it may take to answer the first question."""

    name = "the Hugging Face Hub"

    def fetch(self, model: Model, file: BinaryIO, on_progress: OnProgress) -> None:
        """Download the rest of the file."""
        url = self._url(model)
        self._require_same(url, model)
        _download(url, file, model.size)

    def _url(self, model: Model) -> str:
        try:
            from huggingface_hub import hf_hub_url  # noqa: PLC0415 - an optional package
        except ImportError as error:
            raise Unavailable("the package huggingface-hub is not installed") from error
        return hf_hub_url(model.hub_repo, model.file, endpoint=self.endpoint)

    def _require_same(self, url: str, model: Model) -> None:
        """Raise Unavailable where the Hub does not answer, or has another file by that name."""
        answer: Future[str | None] = Future()
        # A thread, because neither looking up a name nor trying one address of a host after the
        # other is held by the library's timeout; a daemon, because nobody waits for it.
        threading.Thread(target=self._ask, args=(url, answer), daemon=True).start()
        try:
            etag = answer.result(self.patience_s)
        except TimeoutError:
            raise Unavailable(f"no answer within {self.patience_s:g} s") from None
        # The Hub's entity tag of a large file is its SHA-256; a mirror may have tags of its own.
        if etag and _SHA256.fullmatch(etag) and etag != model.sha256:
            raise Unavailable("it has another file by that name now")

    def _ask(self, url: str, answer: Future[str | None]) -> None:
        from huggingface_hub import get_hf_file_metadata  # noqa: PLC0415 - an optional package

        try:
            # Everybody may read the model, so the user's token need not travel.
            metadata = get_hf_file_metadata(url, token=False, timeout=self.patience_s)
        except Exception as error:
            answer.set_exception(_unavailable(error))
        else:
            answer.set_result(metadata.etag)


def _download(url: str, file: BinaryIO, size: int) -> None:
    from huggingface_hub.file_download import http_get  # noqa: PLC0415 - an optional package
    from huggingface_hub.utils.tqdm import disable_progress_bars  # noqa: PLC0415 - as above

    disable_progress_bars("huggingface_hub.http_get")
    try:
        http_get(url, file, resume_size=file.tell(), expected_size=size)
    except OSError as error:
        # The library's own errors carry no number, those of the disk do.
        if error.errno is not None:
            raise
        raise _unavailable(error) from error
    except Exception as error:
        raise _unavailable(error) from error


def _unavailable(error: Exception) -> Unavailable:
    """Return the library's error as ours.

    Whatever the library cannot do another source may, and the errors of a lost connection are
    those of the HTTP package beneath it, which has already changed once: hence all exceptions.
    """
    first_line = str(error).strip().partition("\n")[0].rstrip(".")
    return Unavailable(_ERRNO.sub("", first_line) or type(error).__name__)
