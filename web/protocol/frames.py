"""WebSocket frames as a server writes them (RFC 6455, section 5): made once, written to any number of clients."""

_TEXT = 0x81
_BINARY = 0x82

PING = b"\x89\x00"
"""A ping without a body."""


def text_frame(payload: bytes) -> bytes:
    """One whole text message; ``payload`` is UTF-8."""
    return _header(_TEXT, len(payload)) + payload


def binary_frame(payload: bytes) -> bytes:
    """One whole binary message."""
    return _header(_BINARY, len(payload)) + payload


def _header(first: int, length: int) -> bytes:
    if length < 126:
        return bytes((first, length))
    if length < 65536:
        return bytes((first, 126)) + length.to_bytes(2, "big")
    return bytes((first, 127)) + length.to_bytes(8, "big")
