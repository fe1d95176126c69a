import base64
import json
from datetime import date

import pytest
from msgspec.structs import replace

from engine.providers.base import Mode
from engine.providers.simulator.instruments import Listing, universe
from engine.providers.simulator.tape import OpenInterest, Trade
from engine.providers.simulator.world import world
from engine.providers.simulator.yahoo.speech import YahooSpeech
from engine.providers.yahoo.pricing import PricingData, pricing_type

LISTINGS = {listing.instrument: listing for listing in [*universe(12, date(2026, 11, 20)), *world()]}
APPLE, GOLD, NIFTY = LISTINGS["NASDAQ:AAPL"], LISTINGS["COMEX:GC"], LISTINGS["NSE:NIFTY"]
TRADE = Trade(1_763_735_400_001_000_000, 271.5, 10, 271.0, 1_000, 0, 0, 77, 0, 0, 270.0, 266.25, 272.0, 269.0)


def told(packets: list[bytes]) -> PricingData:
    (packet,) = packets
    return pricing_type().FromString(packet)


def test_a_message_tells_what_has_changed_and_no_more() -> None:
    speech = YahooSpeech()

    higher = replace(TRADE, day_high=273.0)
    first, second, third = (told(speech.encode(APPLE, trade, Mode.QUOTE)) for trade in (TRADE, TRADE, higher))

    assert (first.id, first.price, first.day_volume, first.last_size) == ("AAPL", 271.5, 1_000, 10)
    assert (first.day_high, first.day_low, first.open_price, first.previous_close) == (272.0, 269.0, 270.0, 266.25)
    assert (second.day_high, second.day_low, second.bid) == (0.0, 0.0, 0.0)
    assert (third.day_high, third.day_low) == (273.0, 0.0)


def test_whoever_comes_new_is_told_everything() -> None:
    speech = YahooSpeech()
    speech.encode(APPLE, TRADE, Mode.QUOTE)

    welcome = told(speech.welcome(APPLE, TRADE, Mode.QUOTE))

    assert (welcome.day_high, round(welcome.bid, 2), round(welcome.ask, 2)) == (272.0, 271.49, 271.51)


def test_an_index_has_neither_volume_nor_book() -> None:
    message = told(YahooSpeech().welcome(NIFTY, TRADE, Mode.QUOTE))

    assert (message.id, message.day_volume, message.last_size, message.bid) == ("^NSEI", 0, 0, 0.0)


def test_only_futures_have_open_interest_and_it_never_comes_alone() -> None:
    speech = YahooSpeech()

    assert told(speech.encode(GOLD, TRADE, Mode.QUOTE)).open_interest == 77
    assert told(speech.encode(APPLE, TRADE, Mode.QUOTE)).open_interest == 0
    assert speech.encode(GOLD, OpenInterest(TRADE.time_ns, 78), Mode.QUOTE) == []


@pytest.mark.parametrize(
    ("listing", "route"), [(APPLE, ("NASDAQ", "AAPL")), (GOLD, ("COMEX", "GC=F")), (NIFTY, ("NSE", "^NSEI"))]
)
def test_routes_are_spelled_by_yahoos_rules(listing: Listing, route: tuple[str, str]) -> None:
    assert YahooSpeech().route(listing) == route


def test_derivatives_of_india_are_not_carried() -> None:
    derivative = next(listing for listing in LISTINGS.values() if listing.exchange == "NFO")

    assert YahooSpeech().route(derivative) is None
    assert YahooSpeech().welcome(derivative, TRADE, Mode.QUOTE) == []


def test_a_frame_is_text_with_one_message_in_base64() -> None:
    frame = YahooSpeech().frame([b"\x00\xff"])

    assert base64.b64decode(json.loads(frame)["message"]) == b"\x00\xff"
