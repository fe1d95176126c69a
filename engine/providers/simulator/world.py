"""What is traded elsewhere: shares of New York, indices of theirs and futures of Chicago, in dollars.

The simulated exchange trades them at its own hours; segments are the exchanges' names. Dhan and Kite do not carry them.
"""

from typing import Final
from zlib import crc32

from engine.providers.simulator.instruments import Listing

_CENT: Final = 0.01
_SHARES: Final = (
    ("NASDAQ:AAPL", "Apple Inc.", 270.0),
    ("NASDAQ:MSFT", "Microsoft Corporation", 480.0),
    ("NASDAQ:NVDA", "NVIDIA Corporation", 185.0),
    ("NASDAQ:AMZN", "Amazon.com, Inc.", 225.0),
    ("NASDAQ:GOOGL", "Alphabet Inc.", 300.0),
    ("NASDAQ:TSLA", "Tesla, Inc.", 430.0),
    ("NYSE:JPM", "JPMorgan Chase & Co.", 305.0),
    ("NYSE:KO", "The Coca-Cola Company", 71.0),
    ("NYSE:XOM", "Exxon Mobil Corporation", 117.0),
    ("NYSE:IBM", "International Business Machines Corporation", 305.0),
)
_FUTURES: Final = (
    ("COMEX:GC", "Gold, front month", 0.1, 4_200.0),
    ("COMEX:SI", "Silver, front month", 0.005, 55.0),
    ("NYMEX:CL", "Crude oil, front month", 0.01, 60.0),
    ("CME:ES", "E-mini S&P 500, front month", 0.25, 6_800.0),
    ("CME:NQ", "E-mini Nasdaq-100, front month", 0.25, 25_000.0),
)


def world() -> list[Listing]:
    """All of them, futures first. Volumes of futures count contracts, which is why their lot is one."""
    return [_future(*fields) for fields in _FUTURES] + [_share(*fields) for fields in _SHARES]


def _share(instrument: str, name: str, price: float) -> Listing:
    return _listing(instrument, name, "equity", _CENT, price)


def _future(instrument: str, name: str, tick_size: float, price: float) -> Listing:
    return _listing(instrument, name, "future", tick_size, price)


def _listing(instrument: str, name: str, kind: str, tick_size: float, price: float) -> Listing:
    return Listing(
        instrument=instrument,
        name=name,
        kind=kind,
        segment=instrument.partition(":")[0],
        security_id=crc32(instrument.encode()) & 0x7FFF_FFFF,
        tick_size=tick_size,
        price=price,
    )
