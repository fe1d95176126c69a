"""Dhan's depth packets: bytes to values and back. Pure: no socket, no clock.

A packet has a header of 12 bytes and is one side of one instrument's book, or says why the connection ends; several
packets are stacked in a frame. An end of a frame that is no packet is passed over, and told.
"""

import struct
from collections.abc import Iterator
from typing import Final

import msgspec

BID: Final = 41
ASK: Final = 51
DISCONNECT: Final = 50
LEVELS: Final = 20

_HEADER: Final = struct.Struct("<hBBiI")
"""Length of the packet with this header, code, segment, security id, and a number: of the reason where it is 50."""
_ROW: Final = struct.Struct("<dII")
_REASON: Final = struct.Struct("<H")
_REASONS: Final = range(800, 900)


class DepthPacket(msgspec.Struct, frozen=True, gc=False):
    """One side of a book, in the rows of the wire; a level without orders is all zeros."""

    code: int
    """``BID`` or ``ASK``."""
    segment: int
    security_id: int
    rows: tuple[tuple[float, int, int], ...]
    """Price, quantity, orders; best first."""


class DepthDisconnect(msgspec.Struct, frozen=True, gc=False):
    """Dhan is about to close the connection, and why."""

    reason: int


class DepthUnread(msgspec.Struct, frozen=True, gc=False):
    """Bytes that could not be used: of an unknown code, or (with none) contradicting themselves."""

    code: int | None
    data: bytes


AnyDepthPacket = DepthPacket | DepthDisconnect | DepthUnread


def decode_depth(frame: bytes) -> list[AnyDepthPacket]:
    """Every packet of a frame, in order; any bytes are answered and none raise."""
    return list(_packets(frame))


def encode_depth(packet: DepthPacket | DepthDisconnect) -> bytes:
    """The packet as Dhan sends it."""
    if isinstance(packet, DepthDisconnect):
        return _HEADER.pack(_HEADER.size + _REASON.size, DISCONNECT, 0, 0, 0) + _REASON.pack(packet.reason)
    body = b"".join(_ROW.pack(*row) for row in packet.rows)
    return _HEADER.pack(_HEADER.size + len(body), packet.code, packet.segment, packet.security_id, 0) + body


def _packets(frame: bytes) -> Iterator[AnyDepthPacket]:
    offset = 0
    while offset < len(frame):
        length = int.from_bytes(frame[offset : offset + 2], "little", signed=True)
        if not _HEADER.size <= length <= len(frame) - offset:  # going on would loop for ever or read beyond the frame
            yield DepthUnread(None, frame[offset:])
            return
        yield _packet(frame[offset : offset + length])
        offset += length


def _packet(data: bytes) -> AnyDepthPacket:
    _, code, segment, security_id, number = _HEADER.unpack_from(data)
    body = data[_HEADER.size :]
    match code:
        case _ if code == DISCONNECT:
            return DepthDisconnect(_reason(number, body))
        case _ if code not in (BID, ASK):
            return DepthUnread(code, data)
        case _ if len(body) % _ROW.size or len(body) > LEVELS * _ROW.size:
            return DepthUnread(None, data)
        case _:
            return DepthPacket(code, segment, security_id, tuple(_ROW.iter_unpack(body)))


def _reason(number: int, body: bytes) -> int:
    """The package looks for the reason in the header's last field, the documentation has it behind the header."""
    if number in _REASONS or len(body) < _REASON.size:
        return number
    return _REASON.unpack_from(body)[0]
