"""The depth: the order book of one instrument as far as its provider shows it, best prices first."""

import msgspec


class DepthLevel(msgspec.Struct, frozen=True, gc=False):
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
