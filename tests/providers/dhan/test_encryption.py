from functools import partial

import pytest
import trio
from trio_websocket import WebSocketRequest, serve_websocket

from engine.providers.base import ProviderError
from engine.providers.dhan.account import DhanEndpoints
from engine.providers.dhan.codec import TickerPacket, encode
from engine.providers.dhan.session import DhanFeed
from engine.providers.keyring import Keyring
from engine.providers.socket import Patience
from tests.certificates import Certificate
from tests.providers.dhan.routes import NIFTY

FRAME = encode(TickerPacket(0, 13, 25974.9, 1767000000))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for 127.0.0.1 that vouches for itself."""
    return Certificate.made_in(tmp_path_factory.mktemp("tls"))


async def greet(request: WebSocketRequest) -> None:
    socket = await request.accept()
    await socket.send_message(FRAME)
    await socket.get_message()
    await socket.aclose()


async def receive_encrypted(certificate: Certificate) -> bytes:
    async with trio.open_nursery() as nursery:
        server = await nursery.start(partial(serve_websocket, greet, "127.0.0.1", 0, certificate.context()))
        endpoints = DhanEndpoints(feed_url=f"wss://127.0.0.1:{server.port}")
        feed = DhanFeed(Keyring.holding("dhan", "1", "token"), endpoints, patience=Patience(connect_s=5))
        try:
            async with feed.connect([NIFTY]) as connection:
                return await connection.receive()
        finally:
            nursery.cancel_scope.cancel()
    raise AssertionError


async def test_frames_come_over_an_encrypted_line(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.chain))

    assert await receive_encrypted(certificate) == FRAME


async def test_a_certificate_nobody_vouches_for_is_refused_and_told_as_such(certificate: Certificate) -> None:
    with pytest.RaisesGroup(
        pytest.RaisesExc(ProviderError, match="CERTIFICATE_VERIFY_FAILED"), allow_unwrapped=True, flatten_subgroups=True
    ):
        await receive_encrypted(certificate)
