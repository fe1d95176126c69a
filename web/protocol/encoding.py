"""How objects travel on a socket: JSON in text messages, or msgpack in binary ones."""

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from engine.storage.packing import pack, unpack
from web.protocol.errors import RequestError
from web.protocol.frames import binary_frame, text_frame

MSGPACK_SUBPROTOCOL = "ticktree.msgpack.v1"


class Encoding(Protocol):
    """One of the two ways; both have only class-wide state, so one object serves all clients."""

    def decode(self, message: str | bytes | None) -> dict[str, Any]:
        """The object in a message, or RequestError for whatever else it holds."""
        ...

    def encode(self, value: object) -> bytes:
        """A value as the payload of a message, or as one part of an array."""
        ...

    def array(self, parts: Sequence[bytes]) -> bytes:
        """Encoded values joined into one encoded array."""
        ...

    def extended(self, head: dict[str, str], name: str, payload: bytes) -> bytes:
        """An encoded object of a few fields, to which an encoded value is added under a name."""
        ...

    def frame(self, payload: bytes) -> bytes:
        """A payload as one whole WebSocket frame."""
        ...


class JsonEncoding:
    """Text messages that hold JSON."""

    def __init__(self) -> None:
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder()

    def decode(self, message: str | bytes | None) -> dict[str, Any]:
        if not isinstance(message, str):
            raise RequestError.syntax(f"binary messages need the subprotocol {MSGPACK_SUBPROTOCOL}")
        try:
            return _only_objects(self._decoder.decode(message))
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            raise RequestError.syntax("the message is not valid JSON") from error

    def encode(self, value: object) -> bytes:
        return self._encoder.encode(value)

    def array(self, parts: Sequence[bytes]) -> bytes:
        return b"[" + b",".join(parts) + b"]"

    def extended(self, head: dict[str, str], name: str, payload: bytes) -> bytes:
        return self.encode(head)[:-1] + b"," + self.encode(name) + b":" + payload + b"}"

    frame = staticmethod(text_frame)


class MsgpackEncoding:
    """Binary messages that hold msgpack."""

    def decode(self, message: str | bytes | None) -> dict[str, Any]:
        if not isinstance(message, bytes):
            raise RequestError.syntax("this socket speaks msgpack: send binary messages")
        try:
            return _only_objects(unpack(message))
        except (ValueError, TypeError) as error:
            raise RequestError.syntax("the message is not valid msgpack") from error

    def encode(self, value: object) -> bytes:
        return pack(value)

    def array(self, parts: Sequence[bytes]) -> bytes:
        count = len(parts)
        head = bytes((0x90 | count,)) if count < 16 else b"\xdc" + count.to_bytes(2, "big")
        return head + b"".join(parts)

    def extended(self, head: dict[str, str], name: str, payload: bytes) -> bytes:
        return bytes((0x80 | (len(head) + 1),)) + self.encode(head)[1:] + self.encode(name) + payload

    frame = staticmethod(binary_frame)


JSON = JsonEncoding()
MSGPACK = MsgpackEncoding()


def _only_objects(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RequestError.syntax("a message is one object")
    return value  # pyright: ignore[reportUnknownVariableType]
