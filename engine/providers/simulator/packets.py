"""From what was traded to Dhan's packets, by subscription mode."""

from enum import IntEnum
from typing import Final

from engine.providers.dhan.codec import (
    SEGMENT_CODES,
    FullPacket,
    OpenInterestPacket,
    PreviousClosePacket,
    QuotePacket,
    TickerPacket,
    encode,
)
from engine.providers.simulator.hours import INDIA_NS, SECOND_NS
from engine.providers.simulator.instruments import Listing
from engine.providers.simulator.tape import Trade, ladder


class Mode(IntEnum):
    """How much a client wants to know; the number is the request code that subscribes it."""

    TICKER = 15
    QUOTE = 17
    FULL = 21


def encode_trade(mode: Mode, listing: Listing, trade: Trade) -> bytes:
    """The packet that tells a trade in a mode."""
    return _ENCODERS[mode](listing, trade)


def encode_open_interest(listing: Listing, open_interest: int) -> bytes:
    return encode(OpenInterestPacket(SEGMENT_CODES[listing.segment], listing.security_id, open_interest))


def encode_previous_close(listing: Listing, trade: Trade) -> bytes:
    segment = SEGMENT_CODES[listing.segment]
    return encode(PreviousClosePacket(segment, listing.security_id, trade.previous_close, trade.open_interest))


def wire_time(time_ns: int) -> int:
    """Seconds of the Indian wall clock, counted as if it were UTC: what Dhan writes."""
    return (time_ns + INDIA_NS) // SECOND_NS


def _ticker(listing: Listing, trade: Trade) -> bytes:
    segment = SEGMENT_CODES[listing.segment]
    return encode(TickerPacket(segment, listing.security_id, trade.price, wire_time(trade.time_ns)))


def _quote(listing: Listing, trade: Trade) -> bytes:
    return encode(
        QuotePacket(
            SEGMENT_CODES[listing.segment],
            listing.security_id,
            trade.price,
            trade.quantity,
            wire_time(trade.time_ns),
            trade.average_price,
            trade.volume,
            trade.sell_quantity,
            trade.buy_quantity,
            trade.day_open,
            trade.previous_close,
            trade.day_high,
            trade.day_low,
        )
    )


def _full(listing: Listing, trade: Trade) -> bytes:
    return encode(
        FullPacket(
            SEGMENT_CODES[listing.segment],
            listing.security_id,
            trade.price,
            trade.quantity,
            wire_time(trade.time_ns),
            trade.average_price,
            trade.volume,
            trade.sell_quantity,
            trade.buy_quantity,
            trade.open_interest,
            trade.highest_open_interest,
            trade.lowest_open_interest,
            trade.day_open,
            trade.previous_close,
            trade.day_high,
            trade.day_low,
            ladder(listing, trade) if trade.depth is None else trade.depth,
        )
    )


_ENCODERS: Final = {Mode.TICKER: _ticker, Mode.QUOTE: _quote, Mode.FULL: _full}
