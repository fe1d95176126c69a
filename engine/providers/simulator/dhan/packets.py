"""From what was traded to Dhan's packets, by subscription mode."""

from functools import lru_cache
from typing import Final

from engine.providers.base import Mode
from engine.providers.dhan.codec import (
    HEADER,
    SEGMENT_CODES,
    FixedPacket,
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

_TWO_BYTES: Final = 0xFFFF
_FOUR_BYTES: Final = 0xFFFF_FFFF


def encode_trade(mode: Mode, listing: Listing, trade: Trade) -> bytes:
    """The packet that tells a trade in a mode.

    Quotes and tickers are packed straight from the trade, at a third of what ``encode`` takes for them.
    """
    return _ENCODERS[mode](listing, trade)


def encode_open_interest(listing: Listing, open_interest: int) -> bytes:
    return _header(OpenInterestPacket, *listing.key) + OpenInterestPacket.layout.pack(open_interest)


def encode_previous_close(listing: Listing, trade: Trade) -> bytes:
    body = PreviousClosePacket.layout.pack(trade.previous_close, trade.open_interest)
    return _header(PreviousClosePacket, *listing.key) + body


def wire_time(time_ns: int) -> int:
    """Seconds of the Indian wall clock, counted as if it were UTC: what Dhan writes."""
    return (time_ns + INDIA_NS) // SECOND_NS


@lru_cache(maxsize=32_768)
def _header(kind: type[FixedPacket], segment: str, security_id: int) -> bytes:
    return HEADER.pack(kind.code, HEADER.size + kind.layout.size, SEGMENT_CODES[segment], security_id)


def _ticker(listing: Listing, trade: Trade) -> bytes:
    return _header(TickerPacket, *listing.key) + TickerPacket.layout.pack(trade.price, wire_time(trade.time_ns))


def _quote(listing: Listing, trade: Trade) -> bytes:
    return _header(QuotePacket, *listing.key) + QuotePacket.layout.pack(
        trade.price,
        trade.quantity & _TWO_BYTES,
        wire_time(trade.time_ns),
        trade.average_price,
        _fitting(trade.volume),
        _fitting(trade.sell_quantity),
        _fitting(trade.buy_quantity),
        trade.day_open,
        trade.previous_close,
        trade.day_high,
        trade.day_low,
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
            _fitting(trade.volume),
            _fitting(trade.sell_quantity),
            _fitting(trade.buy_quantity),
            _fitting(trade.open_interest),
            _fitting(trade.highest_open_interest),
            _fitting(trade.lowest_open_interest),
            trade.day_open,
            trade.previous_close,
            trade.day_high,
            trade.day_low,
            ladder(listing, trade) if trade.depth is None else trade.depth,
        )
    )


def _fitting(quantity: int) -> int:
    """What four bytes can say: a made-up market may be busier than any real one by the evening."""
    return min(quantity, _FOUR_BYTES)


_ENCODERS: Final = {Mode.TICKER: _ticker, Mode.QUOTE: _quote, Mode.FULL: _full}
