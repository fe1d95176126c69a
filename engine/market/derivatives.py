"""Derivatives: where contracts on an underlying are listed."""

from typing import Final

_SEGMENTS: Final = {"NSE": "NFO", "BSE": "BFO"}


def place_of_contracts(underlying: str) -> tuple[str, str]:
    """The exchange that lists futures and options on ``EXCHANGE:SYMBOL``, and the symbol that they name as theirs."""
    exchange, _, symbol = underlying.partition(":")
    return _SEGMENTS.get(exchange, exchange), symbol
