"""Kite's ticker on the wire: binary packets to structs and back, without I/O.

A frame counts its packets and gives each one's length; the length alone tells what a packet is. All numbers are
big-endian. Prices are whole numbers of the segment's smallest unit (see ``divisor``), times true UTC seconds.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Final

import msgspec

SEGMENT_CODES: Final[dict[str, int]] = {
    "NSE_EQ": 1,
    "NSE_FNO": 2,
    "NSE_CURRENCY": 3,
    "BSE_EQ": 4,
    "BSE_FNO": 5,
    "BSE_CURRENCY": 6,
    "MCX_COMM": 7,
    "IDX_I": 9,
}
"""By the names of our routes; Kite's own are NSE, NFO, CDS, BSE, BFO, BCD, MCX and INDICES."""
SEGMENT_NAMES: Final[dict[int, str]] = {code: name for name, code in SEGMENT_CODES.items()}
LARGEST_ID: Final = 2**24 - 1
"""Of an exchange's token, which shares four bytes with the segment."""

COUNT: Final = struct.Struct(">H")
"""How many packets a frame holds; the length of each stands before it in the same form."""
HEARTBEAT: Final = b"\0"
"""What Kite sends when it has nothing to say. Any frame too short for a count is one."""
DEPTH_LEVELS: Final = 5
_DEPTH_ROW: Final = struct.Struct(">IIH2x")
_DIVISORS: Final = {3: 10_000_000, 6: 10_000, 12: 10_000}


def instrument_token(segment: str, security_id: str) -> int:
    """Kite's one number for an instrument; segment and id as in a route."""
    return int(security_id) << 8 | SEGMENT_CODES[segment]


def divisor(token: int) -> int:
    """How many units of its packets' prices are one rupee: paise, but finer for currencies."""
    return _DIVISORS.get(token & 0xFF, 100)


class Packet(msgspec.Struct, frozen=True, gc=False):
    """What every packet names: the instrument."""

    token: int


class FixedPacket(Packet, frozen=True, gc=False):
    """A packet of a known length; its fields stand in the order of the wire, after the token."""

    layout: ClassVar[struct.Struct]


class LtpPacket(FixedPacket, frozen=True, gc=False):
    """Last price, of whatever instrument."""

    layout = struct.Struct(">II")
    last_price: int = 0


class IndexPacket(FixedPacket, frozen=True, gc=False):
    """An index in quote mode; only here do high and low come before the open."""

    layout = struct.Struct(">IIIIIIi")
    last_price: int = 0
    day_high: int = 0
    day_low: int = 0
    day_open: int = 0
    previous_close: int = 0
    change: int = 0
    """Since the previous close; below zero when it fell."""


class IndexFullPacket(IndexPacket, frozen=True, gc=False):
    """An index in full mode."""

    layout = struct.Struct(">IIIIIIiI")
    exchange_time: int = 0


class QuotePacket(FixedPacket, frozen=True, gc=False):
    """Last trade, volume and the day's prices; without any time."""

    layout = struct.Struct(">IIIIIIIIIII")
    last_price: int = 0
    last_quantity: int = 0
    average_price: int = 0
    volume: int = 0
    """Of the day so far."""
    total_buy_quantity: int = 0
    total_sell_quantity: int = 0
    day_open: int = 0
    day_high: int = 0
    day_low: int = 0
    previous_close: int = 0


class DepthRow(msgspec.Struct, frozen=True, gc=False):
    """One level of one side of the order book."""

    quantity: int = 0
    price: int = 0
    orders: int = 0


class FullPacket(QuotePacket, frozen=True, gc=False):
    """A quote with times, open interest and five levels of depth, best first."""

    layout = struct.Struct(">IIIIIIIIIIIIIIII120s")
    last_trade_time: int = 0
    """0 when it has not traded."""
    open_interest: int = 0
    highest_open_interest: int = 0
    lowest_open_interest: int = 0
    exchange_time: int = 0
    bids: tuple[DepthRow, ...] = (DepthRow(),) * DEPTH_LEVELS
    asks: tuple[DepthRow, ...] = (DepthRow(),) * DEPTH_LEVELS


class OpaquePacket(msgspec.Struct, frozen=True, gc=False):
    """A packet of a length we do not know (164 of older days, lengths to come), passed over."""

    data: bytes


class MalformedEnd(msgspec.Struct, frozen=True, gc=False):
    """What a frame holds beyond its last whole packet, or nothing where it lacks packets that it counted."""

    data: bytes


_TYPES: Final[dict[int, type[FixedPacket]]] = {
    packet_type.layout.size: packet_type
    for packet_type in (LtpPacket, IndexPacket, IndexFullPacket, QuotePacket, FullPacket)
}

SentPacket = FixedPacket | OpaquePacket
AnyPacket = SentPacket | MalformedEnd
"""What a frame may hold."""


def decode_frame(frame: bytes) -> list[AnyPacket]:
    """Every packet of a frame, in order; any bytes are answered and none raise."""
    return list(_packets(frame)) if len(frame) >= COUNT.size else []


def _packets(frame: bytes) -> Iterator[AnyPacket]:
    (count,) = COUNT.unpack_from(frame)
    offset = COUNT.size
    for _ in range(count):
        begin = offset + COUNT.size
        end = begin + int.from_bytes(frame[offset:begin], "big")
        if max(begin, end) > len(frame):
            yield MalformedEnd(frame[offset:])
            return
        yield decode_packet(frame[begin:end])
        offset = end
    if offset < len(frame):
        yield MalformedEnd(frame[offset:])


def decode_packet(data: bytes) -> SentPacket:
    """One packet, without the length that stands before it in a frame."""
    packet_type = _TYPES.get(len(data))
    if packet_type is None:
        return OpaquePacket(data)
    fields: tuple[Any, ...] = packet_type.layout.unpack(data)
    if packet_type is FullPacket:
        rows = tuple(DepthRow(*row) for row in _DEPTH_ROW.iter_unpack(fields[-1]))
        fields = (*fields[:-1], rows[:DEPTH_LEVELS], rows[DEPTH_LEVELS:])
    return packet_type(*fields)


def encode(packet: SentPacket) -> bytes:
    """The packet as Kite sends it, without the length that stands before it in a frame."""
    if isinstance(packet, OpaquePacket):
        return packet.data
    fields: tuple[Any, ...] = msgspec.structs.astuple(packet)
    if isinstance(packet, FullPacket):
        rows = (_DEPTH_ROW.pack(*msgspec.structs.astuple(row)) for row in (*packet.bids, *packet.asks))
        fields = (*fields[:-2], b"".join(rows))
    return packet.layout.pack(*fields)


def encode_frame(packets: Sequence[bytes]) -> bytes:
    """A frame of packets that are encoded already."""
    parts = [COUNT.pack(len(packets))]
    for packet in packets:
        parts += (COUNT.pack(len(packet)), packet)
    return b"".join(parts)
