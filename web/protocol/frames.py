"""WebSocket frames as a server writes them (RFC 6455, section 5): made once, written to any number of clients."""

PING = b"\x89\x00"
"""A ping without a body."""


def text_frame(payload: bytes) -> bytes:
    """One whole text message; ``payload`` is UTF-8."""
    return b"\x81" + _length(len(payload)) + payload


def binary_frame(payload: bytes) -> bytes:
    """One whole binary message."""
    return b"\x82" + _length(len(payload)) + payload


def _length(length: int) -> bytes:
    if length < 126:
        return _SHORT[length]
    if length < 65536:
        return b"\x7e" + length.to_bytes(2, "big")
    return b"\x7f" + length.to_bytes(8, "big")


_SHORT = [bytes((length,)) for length in range(126)]
