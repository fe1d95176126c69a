"""Frames and the connection beneath a line: what clients read, and what is taken after our goodbye."""

import pytest
from wsproto.connection import ConnectionType
from wsproto.events import CloseConnection, Message, TextMessage

from web.protocol.frames import PING, binary_frame, text_frame
from web.sockets.line import _Listening


def frames_read_by(payload: bytes) -> list[object]:
    from wsproto.connection import Connection

    browser = Connection(ConnectionType.CLIENT)
    browser.receive_data(payload)
    return list(browser.events())


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65535, 65536, 100_000])
def test_frames_are_read_by_a_client_as_they_were_meant(length: int) -> None:
    def whole(frame: bytes) -> str | bytes:
        parts = [event.data for event in frames_read_by(frame) if isinstance(event, Message)]
        return parts[0][:0].join(parts)

    assert whole(text_frame(b"x" * length)) == "x" * length
    assert whole(binary_frame(b"\xff" * length)) == b"\xff" * length


def test_a_ping_is_a_ping() -> None:
    (ping,) = frames_read_by(PING)
    assert type(ping).__name__ == "Ping"


def test_after_our_goodbye_no_message_is_taken_but_the_clients_goodbye_is() -> None:
    from wsproto.connection import Connection

    browser, listening = Connection(ConnectionType.CLIENT), _Listening(ConnectionType.SERVER)
    listening.receive_data(browser.send(TextMessage("before")))
    assert [type(event) for event in listening.events()] == [TextMessage]
    listening.heard = False
    browser.receive_data(listening.send(CloseConnection(1012)))
    flood = browser.send(TextMessage("after"))
    goodbye = [browser.send(event.response()) for event in browser.events() if isinstance(event, CloseConnection)]
    listening.receive_data(flood + b"".join(goodbye))
    assert [type(event) for event in listening.events()] == [CloseConnection]
    assert listening.heard
