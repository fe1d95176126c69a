"""Yahoo's language: one sparse message of a price in each frame, as base64 in JSON text."""

import base64
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import msgspec

from engine.providers.base import Mode
from engine.providers.simulator.instruments import Listing
from engine.providers.simulator.tape import Event, Trade
from engine.providers.simulator.yahoo.places import place_of
from engine.providers.yahoo.pricing import pricing_type
from engine.providers.yahoo.symbols import provider_symbol

_MILLISECOND: Final = 1_000_000
_REGULAR: Final = 1
_QUOTE_TYPES: Final = {"equity": 8, "index": 9, "option": 13, "future": 18}
_symbol: Final = cache(provider_symbol)
_BOOK_EVERY: Final = 4
"""Bid and ask come with every so manieth trade only."""


class YahooSpeech:
    """What Yahoo says; it remembers which figures of the day it has told, to tell each change once."""

    packets_per_frame = 1

    def __init__(self) -> None:
        self._make = pricing_type()
        self._told: dict[str, dict[str, float]] = {}

    def route(self, listing: Listing) -> tuple[str, str] | None:
        """The exchange, and Yahoo's symbol; derivatives of India it does not carry."""
        symbol = _symbol(listing.instrument, listing.kind)
        return None if symbol is None else (listing.exchange, symbol)

    def encode(self, listing: Listing, event: Event, mode: Mode) -> list[bytes]:
        """One message of a trade, with what has changed; open interest alone is not told."""
        del mode
        return self._messages(listing, event, self._news(listing, event)) if isinstance(event, Trade) else []

    def welcome(self, listing: Listing, trade: Trade, mode: Mode) -> list[bytes]:
        """The last trade with all figures of the day: whoever comes new has heard none of them."""
        del mode
        return self._messages(listing, trade, _day(trade) | _book(listing, trade))

    def frame(self, packets: Sequence[bytes]) -> str:
        return msgspec.json.encode({"message": base64.b64encode(packets[0]).decode()}).decode()

    def _news(self, listing: Listing, trade: Trade) -> dict[str, float]:
        day, told = _day(trade), self._told.get(listing.instrument, {})
        self._told[listing.instrument] = day
        changed = {name: figure for name, figure in day.items() if told.get(name) != figure}
        return changed | (_book(listing, trade) if trade.time_ns // _MILLISECOND % _BOOK_EVERY == 0 else {})

    def _messages(self, listing: Listing, trade: Trade, news: dict[str, float]) -> list[bytes]:
        """One message; none of what Yahoo does not carry."""
        symbol = _symbol(listing.instrument, listing.kind)
        if symbol is None:
            return []
        fields: dict[str, Any] = {
            "id": symbol,
            "price": trade.price,
            "time": trade.time_ns // _MILLISECOND,
            "exchange": place_of(listing).code,
            "quote_type": _QUOTE_TYPES[listing.kind],
            "market_hours": _REGULAR,
            "change": trade.price - trade.previous_close,
            "change_percent": 100 * (trade.price / trade.previous_close - 1),
            "price_hint": 2,
        }
        if listing.kind != "index":
            fields |= {"day_volume": trade.volume, "last_size": trade.quantity}
        if listing.kind == "future":
            fields["open_interest"] = trade.open_interest
        return [self._make(**fields | news).SerializeToString()]


def _day(trade: Trade) -> dict[str, float]:
    return {
        "open_price": trade.day_open,
        "day_high": trade.day_high,
        "day_low": trade.day_low,
        "previous_close": trade.previous_close,
    }


def _book(listing: Listing, trade: Trade) -> dict[str, float]:
    if listing.kind == "index":
        return {}
    return {"bid": trade.price - listing.tick_size, "ask": trade.price + listing.tick_size}
