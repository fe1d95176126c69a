"""Quotes: the newest prices in the charting library's words."""

from collections.abc import Mapping
from typing import Any


def quote_of(written: str, instrument: str, quote: Mapping[str, Any]) -> dict[str, Any]:
    """The quote of an instrument, under the name by which it was asked for. What is not known is left out."""
    exchange, _, symbol = instrument.partition(":")
    price, before = quote.get("ltp"), quote.get("previous_close")
    told: dict[str, Any] = {
        "short_name": symbol,
        "original_name": instrument,
        "exchange": exchange,
        "description": symbol,
        "lp": price,
        "bid": quote.get("bid"),
        "ask": quote.get("ask"),
        "open_price": quote.get("open"),
        "high_price": quote.get("high"),
        "low_price": quote.get("low"),
        "prev_close_price": before,
        "volume": quote.get("volume"),
    }
    if price is not None and before:
        told |= {"ch": round(price - before, 8), "chp": round((price - before) / before * 100, 4)}
    if told["bid"] is not None and told["ask"] is not None:
        told["spread"] = round(told["ask"] - told["bid"], 8)
    return {"s": "ok", "n": written, "v": {name: value for name, value in told.items() if value is not None}}
