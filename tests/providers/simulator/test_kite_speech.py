"""Kite's language at the simulated exchange: what its adapter reads is what was traded."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from engine.market.tick import Tick
from engine.providers.base import Mode, Route
from engine.providers.kite.codec import (
    FullPacket,
    IndexFullPacket,
    IndexPacket,
    LtpPacket,
    QuotePacket,
    decode_frame,
    encode,
    encode_frame,
    instrument_token,
)
from engine.providers.kite.decoder import KiteDecoder
from engine.providers.kite.master import FORMATS
from engine.providers.master import Master
from engine.providers.simulator.hours import SECOND_NS
from engine.providers.simulator.instruments import Listing
from engine.providers.simulator.kite.listing_table import ListingTable
from engine.providers.simulator.kite.names import kite_name
from engine.providers.simulator.kite.speech import KiteSpeech
from engine.providers.simulator.options import DoorOptions, SimulatorOptions
from engine.providers.simulator.server import open_exchange
from engine.providers.simulator.tape import OpenInterest, Trade
from tests.providers.simulator.markets import at, place, synthetic

NOW = at("2026-11-20 10:30:00")
MARKET = synthetic(instruments=60)


def traded(kind: str) -> tuple[Listing, Trade]:
    index = place(MARKET.listings, kind)
    trade = MARKET.last(index, NOW)
    assert trade is not None
    return MARKET.listings[index], trade


def read(speech: KiteSpeech, listing: Listing, packets: Sequence[bytes]) -> list[Tick]:
    segment, security_id = speech.route(listing) or ("", "")
    decoder = KiteDecoder([Route(listing.instrument, segment, security_id, listing.tick_size, listing.kind)])
    token = instrument_token(segment, security_id)
    decoder.decode(encode_frame([encode(QuotePacket(token, 10_000)), encode(LtpPacket(token, 10_000))]), NOW)
    return [tick for _, tick in decoder.decode(speech.frame(packets), NOW)]


@pytest.mark.parametrize("kind", ["equity", "index", "future", "option"])
@pytest.mark.parametrize("mode", list(Mode))
def test_what_the_adapter_reads_is_what_was_traded(kind: str, mode: Mode) -> None:
    listing, trade = traded(kind)
    speech = KiteSpeech()

    (tick,) = read(speech, listing, speech.encode(listing, trade, mode))

    with_volume = mode is not Mode.TICKER and kind != "index"
    assert (tick.instrument, tick.price) == (listing.instrument, pytest.approx(trade.price))
    assert tick.volume == (trade.volume if with_volume else None)
    assert tick.day_high == (None if mode is Mode.TICKER else pytest.approx(trade.day_high))
    assert tick.ts_event == (trade.time_ns // SECOND_NS * SECOND_NS if mode is Mode.FULL else NOW)
    assert tick.open_interest == (trade.open_interest if mode is Mode.FULL and listing.expiry else None)
    assert (tick.bid is not None) == (mode is Mode.FULL and kind != "index")


def test_the_kind_of_packet_is_that_of_mode_and_instrument() -> None:
    speech = KiteSpeech()
    kinds = {
        (kind, mode): type(decode_frame(speech.frame(speech.encode(*traded(kind), mode)))[0])
        for kind in ("equity", "index")
        for mode in Mode
    }

    assert [kinds["equity", mode] for mode in Mode] == [LtpPacket, QuotePacket, FullPacket]
    assert [kinds["index", mode] for mode in Mode] == [LtpPacket, IndexPacket, IndexFullPacket]


def test_open_interest_alone_is_told_with_the_last_trade_and_only_in_full() -> None:
    listing, trade = traded("future")
    speech, change = KiteSpeech(), OpenInterest(NOW, 123_450)

    before = speech.encode(listing, change, Mode.FULL)
    speech.welcome(listing, trade, Mode.FULL)
    (tick,) = read(speech, listing, speech.encode(listing, change, Mode.FULL))

    assert before == speech.encode(listing, change, Mode.QUOTE) == []
    assert (tick.price, tick.volume, tick.open_interest) == (pytest.approx(trade.price), trade.volume, 123_450)


def test_the_list_reads_back_as_the_instruments_it_was_made_of() -> None:
    options = SimulatorOptions(instruments=200, doors=(DoorOptions("simulator_kite"),), start_ns=NOW, world=True)
    door = open_exchange(options).doors["simulator_kite"]
    lines = ListingTable(door).csv().decode().splitlines()

    rows = {row.instrument.canonical: row for row in Master(lines, FORMATS)}

    carried = {listing for listing in door.exchange.market.listings if door.speech.route(listing)}
    assert set(rows) == {listing.instrument for listing in carried}
    for listing in carried:
        row = rows[listing.instrument]
        assert (row.segment, row.security_id) == door.speech.route(listing)
        assert (row.instrument.expiry, row.instrument.strike) == (listing.expiry, listing.strike)
        assert (row.instrument.kind, row.instrument.lot_size) == (listing.kind, listing.lot_size)


@pytest.mark.parametrize(
    ("expiry", "strike", "symbol"),
    [
        ("2026-11-24", None, "NIFTY26NOVFUT"),
        ("2026-11-24", 26000.0, "NIFTY26NOV26000CE"),
        ("2026-12-01", 26000.0, "NIFTY26D0126000CE"),
        ("2026-09-08", 26000.0, "NIFTY2690826000CE"),
    ],
)
def test_the_last_contract_of_a_month_is_called_by_it_and_others_by_their_day(
    expiry: str, strike: float | None, symbol: str
) -> None:
    listing = Listing(
        instrument="NFO:X",
        name="x",
        kind="option" if strike else "future",
        segment="NSE_FNO",
        security_id=1,
        tick_size=0.05,
        price=26_000.0,
        expiry=datetime.fromisoformat(expiry).replace(tzinfo=UTC).date(),
        strike=strike,
        option_type="CE" if strike else None,
        underlying="NSE:NIFTY",
    )

    name = kite_name(listing)

    assert name is not None
    assert name.symbol == symbol
