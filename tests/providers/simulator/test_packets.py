"""Packets say what was traded, as Dhan writes it."""

import struct

import pytest

from engine.providers.base import Mode
from engine.providers.dhan.codec import (
    SEGMENT_CODES,
    FullPacket,
    OpenInterestPacket,
    PreviousClosePacket,
    QuotePacket,
    TickerPacket,
    decode_frame,
    encode,
)
from engine.providers.simulator.dhan.packets import (
    encode_open_interest,
    encode_previous_close,
    encode_trade,
    wire_time,
)
from engine.providers.simulator.instruments import Listing
from engine.providers.simulator.tape import Trade
from tests.providers.simulator.markets import at, place, synthetic


@pytest.fixture
def traded() -> tuple[Listing, Trade]:
    market = synthetic()
    index = place(market.listings, "future")
    trade = market.last(index, at("2026-11-20 12:00:00"))
    assert trade is not None
    return market.listings[index], trade


def single(value: float) -> float:
    """What is left of a price in 32 bits."""
    return struct.unpack("<f", struct.pack("<f", value))[0]


def test_a_ticker_tells_price_and_time(traded: tuple[Listing, Trade]) -> None:
    listing, trade = traded

    [packet] = decode_frame(encode_trade(Mode.TICKER, listing, trade))

    expected = TickerPacket(2, listing.security_id, single(trade.price), wire_time(trade.time_ns))
    assert packet == expected


def test_a_quote_tells_the_day(traded: tuple[Listing, Trade]) -> None:
    listing, trade = traded
    data = encode_trade(Mode.QUOTE, listing, trade)

    [packet] = decode_frame(data)

    assert isinstance(packet, QuotePacket)
    assert encode(packet) == data
    assert (packet.last_price, packet.volume) == (single(trade.price), trade.volume)
    assert (packet.total_sell_quantity, packet.total_buy_quantity) == (trade.sell_quantity, trade.buy_quantity)
    assert (packet.day_open, packet.previous_close) == (single(trade.day_open), single(trade.previous_close))
    assert (packet.day_high, packet.day_low) == (single(trade.day_high), single(trade.day_low))


def test_a_full_packet_adds_open_interest_and_depth_around_the_price(traded: tuple[Listing, Trade]) -> None:
    listing, trade = traded

    [packet] = decode_frame(encode_trade(Mode.FULL, listing, trade))

    assert isinstance(packet, FullPacket)
    assert packet.open_interest == trade.open_interest
    bids, asks = [row.bid_price for row in packet.depth], [row.ask_price for row in packet.depth]
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < packet.last_price < asks[0]


def test_open_interest_and_previous_close_come_in_packets_of_their_own(traded: tuple[Listing, Trade]) -> None:
    listing, trade = traded
    segment = SEGMENT_CODES[listing.segment]

    packets = decode_frame(encode_open_interest(listing, 4_200) + encode_previous_close(listing, trade))

    assert packets == [
        OpenInterestPacket(segment, listing.security_id, 4_200),
        PreviousClosePacket(segment, listing.security_id, single(trade.previous_close), trade.open_interest),
    ]


def test_times_are_indian_wall_clock_counted_as_utc() -> None:
    assert wire_time(at("1970-01-01 09:15:30.9")) == 9 * 3600 + 15 * 60 + 30


def test_a_last_quantity_beyond_two_bytes_wraps(traded: tuple[Listing, Trade]) -> None:
    import msgspec

    listing, trade = traded
    large = msgspec.structs.replace(trade, quantity=65_536 + 75)

    [packet] = decode_frame(encode_trade(Mode.QUOTE, listing, large))

    assert isinstance(packet, QuotePacket)
    assert packet.last_quantity == 75
