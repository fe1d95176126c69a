"""Derivatives: where contracts on an underlying are listed."""

from typing import Final

_SEGMENTS: Final = {"NSE": "NFO", "BSE": "BFO"}
_ON_FUTURES: Final = frozenset({"MCX", "CME", "COMEX", "NYMEX"})
"""Exchanges whose options are exercised into a future, whatever it is on; often nothing of that is listed but contracts."""


def place_of_contracts(underlying: str) -> tuple[str, str]:
    """The exchange that lists futures and options on ``EXCHANGE:SYMBOL``, and the symbol that they name as theirs."""
    exchange, _, symbol = underlying.partition(":")
    return _SEGMENTS.get(exchange, exchange), symbol


def is_place_of_underlyings(exchange: str) -> bool:
    """Whether contracts are named after it: ``NSE:NIFTY`` and ``MCX:GOLD`` have some, ``NFO:NIFTY`` is no name of anything."""
    return exchange not in _SEGMENTS.values()


def is_on_future(underlying: str) -> bool:
    """Whether options on ``EXCHANGE:SYMBOL`` are exercised into the future that expires next after them."""
    return underlying.partition(":")[0] in _ON_FUTURES
