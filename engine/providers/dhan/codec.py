"""Dhan's live feed v2 on the wire: binary packets to structs and back, without I/O.

A frame is a row of packets, each with a header of eight bytes. All numbers are little-endian, prices are 32-bit floats
in rupees, and a "last trade time" is Indian wall clock written as if it were UTC (the decoder puts it right).
"""

import struct
from collections.abc import Iterator
from typing import Any, ClassVar, Final

import msgspec

SEGMENT_CODES: Final[dict[str, int]] = {
    "IDX_I": 0,
    "NSE_EQ": 1,
    "NSE_FNO": 2,
    "NSE_CURRENCY": 3,
    "BSE_EQ": 4,
    "MCX_COMM": 5,
    "BSE_CURRENCY": 7,
    "BSE_FNO": 8,
}
SEGMENT_NAMES: Final[dict[int, str]] = {code: name for name, code in SEGMENT_CODES.items()}

HEADER: Final = struct.Struct("<BHBI")
"""Response code, length of the packet with this header, segment, security id."""
DEPTH_LEVELS: Final = 5
_DEPTH_ROW: Final = struct.Struct("<IIHHff")


class Packet(msgspec.Struct, frozen=True, gc=False):
    """What every packet names: the instrument. ``segment`` is the wire's number, see ``SEGMENT_NAMES``."""

    segment: int
    security_id: int


class FixedPacket(Packet, frozen=True, gc=False):
    """A packet of known length; its fields stand in the order of the wire."""

    code: ClassVar[int]
    layout: ClassVar[struct.Struct]


class TickerPacket(FixedPacket, frozen=True, gc=False):
    """Last price and its time."""

    code = 2
    layout = struct.Struct("<fI")
    last_price: float = 0.0
    last_trade_time: int = 0


class QuotePacket(FixedPacket, frozen=True, gc=False):
    """Last trade, volume and the day's prices. ``previous_close`` is what Dhan calls close."""

    code = 4
    layout = struct.Struct("<fHIfIIIffff")
    last_price: float = 0.0
    last_quantity: int = 0
    """Two bytes only: 65,536 reads 0."""
    last_trade_time: int = 0
    average_price: float = 0.0
    volume: int = 0
    """Of the day so far."""
    total_sell_quantity: int = 0
    total_buy_quantity: int = 0
    day_open: float = 0.0
    previous_close: float = 0.0
    day_high: float = 0.0
    day_low: float = 0.0


class OpenInterestPacket(FixedPacket, frozen=True, gc=False):
    """Open interest in units, sent beside quotes of derivatives."""

    code = 5
    layout = struct.Struct("<I")
    open_interest: int = 0


class PreviousClosePacket(FixedPacket, frozen=True, gc=False):
    """Close and open interest of the day before, sent once after subscribing an index."""

    code = 6
    layout = struct.Struct("<fI")
    previous_close: float = 0.0
    previous_open_interest: int = 0


class MarketStatusPacket(FixedPacket, frozen=True, gc=False):
    """The market opened or closed; the packet does not say which."""

    code = 7
    layout = struct.Struct("<")


class DepthRow(msgspec.Struct, frozen=True, gc=False):
    """One level of the order book, both sides."""

    bid_quantity: int = 0
    ask_quantity: int = 0
    bid_orders: int = 0
    ask_orders: int = 0
    bid_price: float = 0.0
    ask_price: float = 0.0


class FullPacket(FixedPacket, frozen=True, gc=False):
    """A quote with open interest and five levels of depth, best first."""

    code = 8
    layout = struct.Struct("<fHIfIIIIIIffff100s")
    last_price: float = 0.0
    last_quantity: int = 0
    """Two bytes only: 65,536 reads 0."""
    last_trade_time: int = 0
    average_price: float = 0.0
    volume: int = 0
    """Of the day so far."""
    total_sell_quantity: int = 0
    total_buy_quantity: int = 0
    open_interest: int = 0
    highest_open_interest: int = 0
    lowest_open_interest: int = 0
    day_open: float = 0.0
    previous_close: float = 0.0
    day_high: float = 0.0
    day_low: float = 0.0
    depth: tuple[DepthRow, ...] = (DepthRow(),) * DEPTH_LEVELS


class DisconnectPacket(FixedPacket, frozen=True, gc=False):
    """Dhan is about to close the connection, and why."""

    code = 50
    layout = struct.Struct("<H")
    reason: int = 0


class OpaquePacket(Packet, frozen=True, gc=False):
    """A packet whose body nobody has documented (heartbeats 0, index 1, codes to come), passed over by its length."""

    code: int
    body: bytes = b""


class MalformedPacket(msgspec.Struct, frozen=True, gc=False):
    """Bytes that contradict themselves: a known code of another length, or an end of frame that is no packet."""

    data: bytes


_TYPES: Final[dict[int, type[FixedPacket]]] = {
    packet_type.code: packet_type
    for packet_type in (
        TickerPacket,
        QuotePacket,
        OpenInterestPacket,
        PreviousClosePacket,
        MarketStatusPacket,
        FullPacket,
        DisconnectPacket,
    )
}

AnyPacket = FixedPacket | OpaquePacket | MalformedPacket
"""What a frame may hold."""


def decode_frame(frame: bytes) -> list[AnyPacket]:
    """Every packet of a frame, in order; any bytes are answered and none raise."""
    return list(_packets(frame))


def _packets(frame: bytes) -> Iterator[AnyPacket]:
    offset, end = 0, len(frame)
    while offset < end:
        length = int.from_bytes(frame[offset + 1 : offset + 3], "little")
        if not HEADER.size <= length <= end - offset:  # going on would loop for ever or read beyond the frame
            yield MalformedPacket(frame[offset:])
            return
        yield _decode_packet(frame[offset : offset + length])
        offset += length


def _decode_packet(data: bytes) -> AnyPacket:
    code, length, segment, security_id = HEADER.unpack_from(data)
    packet_type = _TYPES.get(code)
    body = data[HEADER.size :]
    if packet_type is None:
        return OpaquePacket(segment, security_id, code, body)
    if length != HEADER.size + packet_type.layout.size:
        return MalformedPacket(data)
    fields: tuple[Any, ...] = packet_type.layout.unpack(body)
    if packet_type is FullPacket:
        fields = (*fields[:-1], tuple(DepthRow(*row) for row in _DEPTH_ROW.iter_unpack(fields[-1])))
    return packet_type(segment, security_id, *fields)


def encode(packet: AnyPacket) -> bytes:
    """The packet as the exchange sends it; a quantity of the last trade beyond two bytes wraps, as it does there."""
    if isinstance(packet, MalformedPacket):
        return packet.data
    body = packet.body if isinstance(packet, OpaquePacket) else packet.layout.pack(*_wire_fields(packet))
    return HEADER.pack(packet.code, HEADER.size + len(body), packet.segment, packet.security_id) + body


def _wire_fields(packet: FixedPacket) -> list[int | float | bytes]:
    fields: list[Any] = list(msgspec.structs.astuple(packet)[2:])
    if isinstance(packet, QuotePacket | FullPacket):
        fields[1] = packet.last_quantity & 0xFFFF
    if isinstance(packet, FullPacket):
        fields[-1] = b"".join(_DEPTH_ROW.pack(*msgspec.structs.astuple(row)) for row in packet.depth)
    return fields
