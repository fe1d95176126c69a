"""Kite's language: one packet for each trade, of a length by mode and kind of instrument, and a count before them."""

from collections.abc import Sequence
from typing import Final

import msgspec

from engine.providers.base import Mode
from engine.providers.kite.codec import (
    DepthRow,
    FixedPacket,
    FullPacket,
    IndexFullPacket,
    IndexPacket,
    LtpPacket,
    QuotePacket,
    divisor,
    encode,
    encode_frame,
)
from engine.providers.simulator.hours import SECOND_NS
from engine.providers.simulator.instruments import Listing
from engine.providers.simulator.kite.names import kite_name
from engine.providers.simulator.tape import Event, Trade, ladder

PACKETS_PER_FRAME: Final = 100
_FOUR_BYTES: Final = 0xFFFF_FFFF


class KiteSpeech:
    """What Kite says; it remembers the last trades, for it never tells an open interest without one."""

    packets_per_frame = PACKETS_PER_FRAME

    def __init__(self) -> None:
        self._last: dict[tuple[str, int], Trade] = {}

    def route(self, listing: Listing) -> tuple[str, str] | None:
        name = kite_name(listing)
        return None if name is None else (name.segment, name.security_id)

    def encode(self, listing: Listing, event: Event, mode: Mode) -> list[bytes]:
        """One packet; the open interest alone is told by the last trade once more, to those who want everything."""
        name = kite_name(listing)
        if name is None:
            return []
        if isinstance(event, Trade):
            self._last[listing.key] = event
            return [encode(_packet(name.token, listing, event, mode))]
        last = self._last.get(listing.key)
        if last is None or mode is not Mode.FULL:
            return []
        told = msgspec.structs.replace(last, open_interest=event.open_interest)
        return [encode(_packet(name.token, listing, told, mode))]

    def welcome(self, listing: Listing, trade: Trade, mode: Mode) -> list[bytes]:
        return self.encode(listing, trade, mode)

    def frame(self, packets: Sequence[bytes]) -> bytes:
        return encode_frame(packets)


def _packet(token: int, listing: Listing, trade: Trade, mode: Mode) -> FixedPacket:
    units = divisor(token)
    if mode is Mode.TICKER:
        return LtpPacket(token, _price(trade.price, units))
    if listing.kind == "index":
        return _index(token, trade, units, mode)
    quote = QuotePacket(
        token,
        _price(trade.price, units),
        _fitting(trade.quantity),
        _price(trade.average_price, units),
        _fitting(trade.volume),
        _fitting(trade.buy_quantity),
        _fitting(trade.sell_quantity),
        *(_price(price, units) for price in (trade.day_open, trade.day_high, trade.day_low, trade.previous_close)),
    )
    return quote if mode is Mode.QUOTE else _full(quote, listing, trade, units)


def _index(token: int, trade: Trade, units: int, mode: Mode) -> IndexPacket:
    index = IndexPacket(
        token,
        last_price=_price(trade.price, units),
        day_high=_price(trade.day_high, units),
        day_low=_price(trade.day_low, units),
        day_open=_price(trade.day_open, units),
        previous_close=_price(trade.previous_close, units),
        change=_price(trade.price, units) - _price(trade.previous_close, units),
    )
    if mode is Mode.QUOTE:
        return index
    return IndexFullPacket(*msgspec.structs.astuple(index), exchange_time=trade.time_ns // SECOND_NS)


def _full(quote: QuotePacket, listing: Listing, trade: Trade, units: int) -> FullPacket:
    rows = ladder(listing, trade) if trade.depth is None else trade.depth
    seconds = trade.time_ns // SECOND_NS
    return FullPacket(
        *msgspec.structs.astuple(quote),
        last_trade_time=seconds,
        open_interest=_fitting(trade.open_interest),
        highest_open_interest=_fitting(trade.highest_open_interest),
        lowest_open_interest=_fitting(trade.lowest_open_interest),
        exchange_time=seconds,
        bids=tuple(DepthRow(row.bid_quantity, _price(row.bid_price, units), row.bid_orders) for row in rows),
        asks=tuple(DepthRow(row.ask_quantity, _price(row.ask_price, units), row.ask_orders) for row in rows),
    )


def _price(rupees: float, units: int) -> int:
    return _fitting(round(rupees * units))


def _fitting(quantity: int) -> int:
    """What four bytes can say: a made-up market may be busier than any real one by the evening."""
    return min(quantity, _FOUR_BYTES)
