"""Over TLS only the right host is spoken to, and every failure says what to do."""

from __future__ import annotations

import logging
import os
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from starlette.types import Receive, Scope, Send

from fakes.faces.tgi import Tgi
from fakes.host import FakeHost
from fakes.serving import Serving, server_side
from infill_ls import errors
from infill_ls.backends.http import tls
from infill_ls.backends.http.host import Host
from infill_ls.settings.tree import BackendSettings

NOWHERE = "https://127.0.0.1:1"


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def stranger() -> trustme.CA:
    """An authority that nobody here trusts."""
    return trustme.CA()


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> str:
    return written(authority.cert_pem, tmp_path / "authority.pem")


@pytest.fixture
def client_certificate(authority: trustme.CA, tmp_path: Path) -> str:
    pem = authority.issue_cert("user@company.test").private_key_and_cert_chain_pem
    return written(pem, tmp_path / "client.pem")


@pytest.fixture
def host(authority: trustme.CA) -> Iterator[FakeHost]:
    with FakeHost(Tgi(), tls=server_side(authority.issue_cert("127.0.0.1"))) as host:
        yield host


@pytest.fixture
def choosy_host(authority: trustme.CA) -> Iterator[FakeHost]:
    """A host that asks those who come for a certificate."""
    side = server_side(authority.issue_cert("127.0.0.1"))
    side.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(side)
    with FakeHost(Tgi(), tls=side) as host:
        yield host


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own environment has a say."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)


def written(pem: trustme.Blob, path: Path) -> str:
    pem.write_to_path(path)
    return str(path)


async def ask(url: str, **given: Any) -> object:
    async with aclosing(Host(url, BackendSettings(url=url, token="secret", **given))) as host:
        return await host.get("/info", dict)


async def failure(url: str, **given: Any) -> errors.Unreachable:
    with pytest.raises(errors.Unreachable) as raised:
        await ask(url, **given)
    assert "_ssl.c" not in raised.value.sentence()
    assert "verifyTls" not in raised.value.sentence()
    return raised.value


# Whom we trust


async def test_an_authority_of_the_bundle_is_trusted(host: FakeHost, bundle: str) -> None:
    """`backend.caBundle` makes a company's own authority good."""
    assert await ask(host.url, ca_bundle=bundle)


async def test_an_authority_of_ssl_cert_file_is_trusted(
    host: FakeHost, bundle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So does SSL_CERT_FILE, as for other programs, though the host is on this machine."""
    monkeypatch.setenv("SSL_CERT_FILE", bundle)

    assert await ask(host.url)


async def test_the_bundle_stands_above_the_environment(
    host: FakeHost, bundle: str, stranger: trustme.CA, tmp_path: Path, monkeypatch: Any
) -> None:
    """Where both are given, only those of `backend.caBundle` are trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", bundle)
    other = written(stranger.cert_pem, tmp_path / "other.pem")

    error = await failure(host.url, ca_bundle=other)

    assert "not trusted" in str(error)


async def test_a_stranger_is_refused(host: FakeHost) -> None:
    """A certificate that the system does not know ends the connection, and says how to trust it."""
    error = await failure(host.url)

    assert "the certificate of https://127.0.0.1" in str(error)
    assert "backend.caBundle" in error.hint
    assert host.requests == ()


async def test_a_certificate_for_another_name_is_refused(
    authority: trustme.CA, bundle: str
) -> None:
    """A good certificate of another host is no certificate of this one."""
    with FakeHost(Tgi(), tls=server_side(authority.issue_cert("elsewhere.test"))) as host:
        error = await failure(host.url, ca_bundle=bundle)

    assert "mismatch" in str(error)
    assert "name" in error.hint
    assert host.requests == ()


async def test_an_expired_certificate_is_refused(authority: trustme.CA, bundle: str) -> None:
    """The message says that it has expired; to trust its authority would not help."""
    old = authority.issue_cert("127.0.0.1", not_after=datetime(2020, 1, 1, tzinfo=UTC))
    with FakeHost(Tgi(), tls=server_side(old)) as host:
        error = await failure(host.url, ca_bundle=bundle)

    assert "expired" in str(error)
    assert "caBundle" not in error.hint


async def test_verification_can_be_switched_off(
    host: FakeHost, caplog: pytest.LogCaptureFixture
) -> None:
    """With `backend.verifyTls` off any certificate will do, which the log says."""
    assert await ask(host.url, verify_tls=False)
    assert [r.levelno for r in caplog.records if r.name == tls.__name__] == [logging.WARNING]


async def test_a_host_without_tls_is_told(bundle: str) -> None:
    """An https address whose host speaks HTTP is one clear error."""
    with FakeHost(Tgi()) as host:
        error = await failure(host.url.replace("http:", "https:"), ca_bundle=bundle)

    assert "https" in error.hint


async def test_a_refused_connection_is_no_matter_of_certificates() -> None:
    """Where nobody listens, nothing is said of TLS."""
    error = await failure(NOWHERE)

    assert "certificate" not in error.sentence()


# Who we are


async def test_a_client_certificate_is_shown(
    choosy_host: FakeHost, bundle: str, client_certificate: str
) -> None:
    """A host that wants to know who comes gets `backend.clientCertificate`."""
    assert await ask(choosy_host.url, ca_bundle=bundle, client_certificate=client_certificate)


async def test_a_client_certificate_is_shown_without_verification(
    choosy_host: FakeHost, client_certificate: str
) -> None:
    """The one setting does not depend on the other."""
    assert await ask(choosy_host.url, verify_tls=False, client_certificate=client_certificate)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_missing_client_certificate_is_told(
    authority: trustme.CA, bundle: str, version: ssl.TLSVersion
) -> None:
    """Without one, the error names the setting, in whichever version of TLS."""
    side = server_side(authority.issue_cert("127.0.0.1"))
    side.verify_mode, side.maximum_version = ssl.CERT_REQUIRED, version
    with refusing(side) as url:
        error = await failure(url, ca_bundle=bundle)

    assert "backend.clientCertificate" in error.hint


@contextmanager
def refusing(side: ssl.SSLContext) -> Iterator[str]:
    """Give the URL of a host that OpenSSL alone serves: asyncio hangs up without saying why."""
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:
        refused = pool.submit(refuse_all, listening, side)
        yield f"https://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
        errors = refused.result()
        assert errors
        assert all(isinstance(error, ssl.SSLError) for error in errors)


def refuse_all(listening: socket.socket, side: ssl.SSLContext) -> list[BaseException | None]:
    """Refuse whoever comes, until nobody is listened to any more."""
    refused = []
    with suppress(OSError):
        while True:
            connection, _ = listening.accept()
            refused.append(refuse(connection, side))
    return refused


def refuse(connection: socket.socket, side: ssl.SSLContext) -> BaseException | None:
    """Fail in the handshake; what still comes is read, or the reset would overtake the reason."""
    with connection.dup() as rest, connection:
        try:
            side.wrap_socket(connection, server_side=True).close()
        except ssl.SSLError as error:
            while rest.recv(4096):
                pass
            return error
    return None


# Files of no use


@pytest.mark.parametrize("content", [None, b"", b"no certificate", b"\0\xff"])
@pytest.mark.parametrize("key", ["caBundle", "clientCertificate"])
def test_a_file_of_no_use_is_bad_input(key: str, content: bytes | None, tmp_path: Path) -> None:
    """A missing, empty or wrong file is told before anything is sent, with its setting."""
    path = tmp_path / "certificate.pem"
    if content is not None:
        path.write_bytes(content)
    given: Any = {"ca_bundle" if key == "caBundle" else "client_certificate": str(path)}

    with pytest.raises(errors.BadInput) as raised:
        Host(NOWHERE, BackendSettings(url=NOWHERE, **given))

    assert f"backend.{key} {str(path)!r}" in str(raised.value)
    assert "_ssl.c" not in raised.value.sentence()


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_a_bad_environment_is_bad_input(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that names nothing is told by its name."""
    monkeypatch.setenv(name, str(tmp_path / "missing"))

    with pytest.raises(errors.BadInput, match=name):
        Host(NOWHERE, BackendSettings(url=NOWHERE))


def test_a_folder_of_certificates_can_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SSL_CERT_DIR is a list, of which one folder must be there."""
    monkeypatch.setenv("SSL_CERT_DIR", f"{tmp_path}{os.pathsep}{tmp_path / 'missing'}")

    assert tls.context(BackendSettings(url=NOWHERE)).verify_mode is ssl.CERT_REQUIRED


def test_a_key_with_a_password_is_bad_input(authority: trustme.CA, tmp_path: Path) -> None:
    """OpenSSL must not ask for the password on the terminal, which is the editor's wire."""
    made = authority.issue_cert("user@company.test")
    key = serialization.load_pem_private_key(made.private_key_pem.bytes(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"password"),
    )
    path = tmp_path / "locked.pem"
    path.write_bytes(locked + made.cert_chain_pems[0].bytes())

    with pytest.raises(errors.BadInput, match="clientCertificate"):
        Host(NOWHERE, BackendSettings(url=NOWHERE, client_certificate=str(path)))


# What the doctor prints


def test_what_is_trusted_is_described(bundle: str, client_certificate: str) -> None:
    """One line names the source of what is trusted, and says loudly that nobody is verified."""
    environ = {"SSL_CERT_FILE": bundle}
    own = BackendSettings(url="HTTPS://h", ca_bundle=bundle, client_certificate=client_certificate)

    assert "of the system" in tls.describe(BackendSettings(url="https://h"), {})
    assert "SSL_CERT_FILE" in tls.describe(BackendSettings(url="https://h"), environ)
    assert "backend.caBundle" in tls.describe(own, environ)
    assert "clientCertificate" in tls.describe(own, environ)
    assert "NOT verified" in tls.describe(BackendSettings(url="https://h", verify_tls=False), {})
    assert "not used" in tls.describe(BackendSettings(url="http://h"), environ)
    assert "not used" in tls.describe(BackendSettings(), environ)


# Proxies


class Proxy(Serving):
    """Notes what it is asked for, and refuses it."""

    def __init__(self) -> None:
        super().__init__(self._refuse)
        self.asked: list[tuple[str, str]] = []

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append((scope["method"], scope["path"]))
        await send({"type": "http.response.start", "status": 403, "headers": []})
        await send({"type": "http.response.body", "body": b"no"})


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    with Proxy() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        yield proxy


async def test_a_remote_host_is_asked_through_the_proxy(proxy: Proxy) -> None:
    """HTTP_PROXY and HTTPS_PROXY are heeded; of what is encrypted, the proxy sees the name only."""
    with pytest.raises(errors.BackendError):
        await ask("http://model.invalid/v1")
    with pytest.raises(errors.BackendError):
        await ask("https://model.invalid/v1")

    assert proxy.asked == [
        ("GET", "http://model.invalid/v1/info"),
        ("CONNECT", "model.invalid:443"),
    ]


async def test_this_machine_is_never_asked_through_a_proxy(proxy: Proxy) -> None:
    """Neither by its address nor by its name."""
    with FakeHost(Tgi()) as host:
        await ask(host.url)
        await ask(host.url.replace("127.0.0.1", "localhost"))

    assert proxy.asked == []
