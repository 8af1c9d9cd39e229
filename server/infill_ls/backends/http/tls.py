"""TLS: who is trusted, what is shown to the host, and what to do where that fails."""

from __future__ import annotations

import logging
import os
import ssl
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import truststore

from infill_ls.errors import BadInput, Unreachable
from infill_ls.settings.tree import BackendSettings

logger = logging.getLogger(__name__)

_TRUST = "name the PEM file of its authority in backend.caBundle"
_WRITE_ITS_NAME = "write the name that it was made for into backend.url"

_HINTS = {
    9: "is the clock of this machine right?",
    10: "have it renewed, or is the clock of this machine wrong?",
    62: _WRITE_ITS_NAME,
    64: _WRITE_ITS_NAME,
}
"""What to do about OpenSSL's X509_V_ERR_* (x509_vfy.h); about all others, `_TRUST`."""


def context(settings: BackendSettings, environ: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """Return the TLS that the settings ask for; reading certificates takes 30 ms.

    Raises BadInput for a file of no use.
    """
    if settings.verify_tls:
        made = _verifying(_authorities(settings, environ))
    else:
        logger.warning("backend.verifyTls is off: whoever answers is believed to be the host")
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    if settings.client_certificate:
        _load_client_certificate(made, os.path.expanduser(settings.client_certificate))
    return made


def describe(settings: BackendSettings, environ: Mapping[str, str] = os.environ) -> str:
    """Say in one line how the host is verified."""
    hugging_faces_own = settings.kind == "huggingface" and not settings.url
    if not hugging_faces_own and not (settings.url or "").lower().startswith("https:"):
        return "not used, since backend.url is not https"
    if settings.verify_tls:
        text = f"the host is verified, with {_authorities(settings, environ).source}"
    else:
        text = "the host is NOT verified: backend.verifyTls is off, which lets others read along"
    return f"{text}; backend.clientCertificate is shown" if settings.client_certificate else text


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Raise Unreachable, with what to do, where TLS is why a connection failed."""
    try:
        yield
    except (httpx.TransportError, ssl.SSLError) as error:  # httpx lets the host's alerts through.
        failure = _failure_of_tls(error)
        if failure is None:
            raise
        raise _explanation(url, failure) from error


@dataclass(frozen=True, slots=True)
class _Authorities:
    source: str
    """Where they come from, in words for the user."""
    file: str | None = None
    folders: str | None = None
    """Folders of certificates under OpenSSL's hashed names, joined as in PATH."""


def _authorities(settings: BackendSettings, environ: Mapping[str, str]) -> _Authorities:
    if settings.ca_bundle:
        source = f"backend.caBundle {settings.ca_bundle!r}"
        return _Authorities(source, os.path.expanduser(settings.ca_bundle))
    named = [name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if environ.get(name)]
    if named:
        source = " and ".join(f"{name} {environ[name]!r}" for name in named)
        return _Authorities(source, environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR"))
    return _Authorities("the certificates of the system")


def _verifying(authorities: _Authorities) -> ssl.SSLContext:
    if not (authorities.file or authorities.folders):
        return _trusting_the_system()
    unusable = f"{authorities.source} cannot be used"
    hint = "name a PEM file of certificates"
    # OpenSSL says nothing of a folder that is not there, and then trusts nobody.
    folders = (authorities.folders or "").split(os.pathsep)
    if not authorities.file and not any(map(os.path.isdir, folders)):
        raise BadInput(f"{unusable} (no such folder)", hint=hint)
    try:
        return ssl.create_default_context(
            cafile=authorities.file or None, capath=authorities.folders or None
        )
    except (OSError, ValueError) as error:
        raise BadInput(f"{unusable} ({_words(error)})", hint=hint) from error


def _trusting_the_system() -> ssl.SSLContext:
    """Trust whom the system trusts, an authority of the user's company included.

    Where OpenSSL finds the system's file by itself, truststore has it read again for each new
    connection, which costs 31 ms of the event loop.
    """
    if sys.platform not in ("darwin", "win32") and ssl.get_default_verify_paths().cafile:
        return ssl.create_default_context()
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _load_client_certificate(made: ssl.SSLContext, path: str) -> None:
    try:
        # Without a password given, OpenSSL would ask for one on the terminal, if it needs one.
        made.load_cert_chain(path, password="")
    except (OSError, ValueError) as error:
        raise BadInput(
            f"backend.clientCertificate {path!r} cannot be used ({_words(error)})",
            hint="name a PEM file with a certificate and its key, which must need no password",
        ) from error


def _failure_of_tls(error: BaseException) -> ssl.SSLError | None:
    """Return what OpenSSL said; a connection that waits or just ended is no failure of TLS."""
    cause: BaseException | None = error
    while cause is not None and type(cause) not in (ssl.SSLError, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    return cause if isinstance(cause, ssl.SSLError) else None


def _explanation(url: str, error: ssl.SSLError) -> Unreachable:
    words = _words(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        hint = _HINTS.get(error.verify_code, _TRUST)
        return Unreachable(f"the certificate of {url} is not trusted ({words})", hint=hint)
    if "ALERT" in words.upper():
        hint = "does it ask for a certificate? set backend.clientCertificate"
        return Unreachable(f"{url} refuses our side of TLS ({words})", hint=hint)
    return Unreachable(f"{url} does not speak TLS as we do ({words})", hint="is it https at all?")


def _words(error: Exception) -> str:
    """Return what is wrong, without OpenSSL's own file names and line numbers."""
    if isinstance(error, ssl.SSLCertVerificationError) and error.verify_message:
        return error.verify_message.rstrip(".")
    if isinstance(error, ssl.SSLError):
        return error.reason.replace("_", " ").lower() if error.reason else "not in PEM"
    return str((isinstance(error, OSError) and error.strerror) or error)
