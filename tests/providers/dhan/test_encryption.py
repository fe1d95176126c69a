import ssl
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_address
from pathlib import Path

import pytest
import trio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from trio_websocket import WebSocketRequest, serve_websocket

from engine.providers.base import ProviderError
from engine.providers.dhan.account import DhanEndpoints
from engine.providers.dhan.codec import TickerPacket, encode
from engine.providers.dhan.session import DhanFeed
from engine.providers.keyring import Keyring
from engine.providers.socket import Patience
from tests.providers.dhan.routes import NIFTY

FRAME = encode(TickerPacket(0, 13, 25974.9, 1767000000))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that vouches for itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a feed for tests")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    return path


async def greet(request: WebSocketRequest) -> None:
    socket = await request.accept()
    await socket.send_message(FRAME)
    await socket.get_message()
    await socket.aclose()


async def receive_encrypted(certificate: Path) -> bytes:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    async with trio.open_nursery() as nursery:
        server = await nursery.start(partial(serve_websocket, greet, "127.0.0.1", 0, context))
        endpoints = DhanEndpoints(feed_url=f"wss://127.0.0.1:{server.port}")
        feed = DhanFeed(Keyring.holding("dhan", "1", "token"), endpoints, patience=Patience(connect_s=5))
        try:
            async with feed.connect([NIFTY]) as connection:
                return await connection.receive()
        finally:
            nursery.cancel_scope.cancel()
    raise AssertionError


async def test_frames_come_over_an_encrypted_line(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    assert await receive_encrypted(certificate) == FRAME


async def test_a_certificate_nobody_vouches_for_is_refused_and_told_as_such(certificate: Path) -> None:
    with pytest.RaisesGroup(
        pytest.RaisesExc(ProviderError, match="CERTIFICATE_VERIFY_FAILED"), allow_unwrapped=True, flatten_subgroups=True
    ):
        await receive_encrypted(certificate)
