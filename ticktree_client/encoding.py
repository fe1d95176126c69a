"""How messages travel: JSON as text, or msgpack, which the server speaks to those who ask for its subprotocol."""

from collections.abc import Mapping
from typing import Any, Protocol, cast

import msgspec

MSGPACK_SUBPROTOCOL = "ticktree.msgpack.v1"


class Encoding(Protocol):
    """One of the two ways."""

    @property
    def subprotocol(self) -> str | None:
        """What is asked for in the handshake."""
        ...

    def encode(self, message: Mapping[str, Any]) -> str | bytes:
        """A message as it is sent."""
        ...

    def decode(self, data: str | bytes) -> list[dict[str, Any]]:
        """The messages in what was received: one, or an array of them."""
        ...


class Json:
    """Readable; what every proxy lets through."""

    subprotocol = None

    def encode(self, message: Mapping[str, Any]) -> str:
        return msgspec.json.encode(message).decode()

    def decode(self, data: str | bytes) -> list[dict[str, Any]]:
        return _messages(msgspec.json.decode(data))


class Msgpack:
    """A third smaller, and quicker to read."""

    subprotocol = MSGPACK_SUBPROTOCOL

    def encode(self, message: Mapping[str, Any]) -> bytes:
        return msgspec.msgpack.encode(message)

    def decode(self, data: str | bytes) -> list[dict[str, Any]]:
        return _messages(msgspec.msgpack.decode(data if isinstance(data, bytes) else data.encode()))


def _messages(value: object) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", value if isinstance(value, list) else [value])
