"""The depth: the order book of one instrument as far as its provider shows it, best prices first."""

import msgspec

_MS_NS = 1_000_000


class DepthLevel(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What waits at one price; the quantity in units."""

    price: float
    quantity: int
    orders: int


class Depth(msgspec.Struct, frozen=True, gc=False):
    """Both sides of a book at one time. A side without orders is empty."""

    instrument: str
    """Canonical name, ``EXCHANGE:SYMBOL``."""
    bids: tuple[DepthLevel, ...]
    """Highest price first."""
    asks: tuple[DepthLevel, ...]
    """Lowest price first."""
    ts_recv: int
    """Our time of receipt; the provider tells none. Nanoseconds, UTC."""
    provider: str


class _Packed(msgspec.Struct, gc=False):
    """The names under which a book leaves a process; its time in ms UTC."""

    instrument: str
    ts_recv: int
    source: str
    bids: tuple[DepthLevel, ...]
    asks: tuple[DepthLevel, ...]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Packed).decode


def pack_depth(depth: Depth) -> bytes:
    """A msgpack map; each level is ``[price, quantity, orders]``, and the time is cut to milliseconds."""
    return _encode(_Packed(depth.instrument, depth.ts_recv // _MS_NS, depth.provider, depth.bids, depth.asks))


def unpack_depth(packed: bytes) -> Depth:
    """What ``pack_depth`` packed. Raises ``msgspec.DecodeError`` for anything else."""
    book = _decode(packed)
    return Depth(book.instrument, book.bids, book.asks, book.ts_recv * _MS_NS, book.source)
