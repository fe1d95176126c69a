"""What was quoted holds as long as it is fresh: most feeds tell last prices alone, and bids and asks are only asked for."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.calendars import load_calendar
from engine.market import Calendar, Instrument, OptionType, Quote
from engine.market.chain_book import ChainBook
from engine.market.chain_snapshot import ForwardSource, Quality
from engine.market.greeks import DAYS_A_YEAR, Terms, price
from tests.market.builders import MINUTE, SECOND, at
from tests.market.chains import UNDERLYING, book, both, future, heard, leg

RATE = 6.0
TICK = 0.05
VOLATILITY = 14.0
MORNING = at("2026-11-23 09:30")
NFO = Calendar.parse(load_calendar("NFO"))
CONTRACTS = both(*range(23_600, 25_250, 50))
CALL = both(24_600)[0]


def worth(forward: float, now: int) -> dict[str, float]:
    """What each option costs at that time, to the tick, by canonical name."""
    strike = np.array([contract.strike for contract in CONTRACTS], float)
    is_call = np.array([contract.option_type is OptionType.CALL for contract in CONTRACTS])
    flat = np.ones(len(CONTRACTS))
    years = book(NFO, *CONTRACTS).snapshot(now).days / DAYS_A_YEAR
    worth = price(Terms(flat * forward, strike, flat * years, flat * RATE, is_call), flat * VOLATILITY)
    middles = (np.maximum(np.round(worth / TICK), 2) * TICK).tolist()
    return dict(zip((contract.canonical for contract in CONTRACTS), middles, strict=True))


def answers(middles: dict[str, float]) -> dict[str, Quote]:
    return {name: Quote(middle, bid=middle - TICK, ask=middle + TICK) for name, middle in middles.items()}


def quoted_once(contract: Instrument = CALL) -> ChainBook:
    """At 150, when it was asked for in the morning; its feed tells last prices alone."""
    chain = book(NFO, contract)
    chain.take_quotes({contract.canonical: Quote(150.0, bid=149.5, ask=150.5)}, MORNING, "dhan")
    return chain


@given(before=st.floats(24_000, 24_800), after=st.floats(24_000, 24_800), hours=st.integers(1, 6))
@settings(max_examples=30)
def test_hours_after_a_poll_last_prices_of_a_feed_tell_the_forward(before: float, after: float, hours: int) -> None:
    chain, noon = book(NFO, *CONTRACTS, rate=RATE), MORNING + hours * 60 * MINUTE
    chain.take_quotes(answers(worth(before, MORNING)), MORNING, "dhan")
    fed = worth(after, noon)
    for now in (noon - MINUTE, noon):
        chain.take(heard(UNDERLYING, after, now))
        for name, last in fed.items():
            chain.take(heard(name, last, now))
    told = chain.snapshot(noon)
    assert told.forward is not None
    assert told.forward_source is ForwardSource.PARITY
    assert math.isclose(told.forward, after, abs_tol=2 * TICK)
    for contract in CONTRACTS:
        found = leg(told, contract)
        assert (found.priced_by, found.bid, found.ask) == ("ltp", None, None)
        assert found.quality in (Quality.GOOD, Quality.BELOW_INTRINSIC)


@pytest.mark.parametrize("seconds", [1, 30, 59, 61])
def test_in_the_minute_after_a_poll_options_that_do_not_trade_hold_no_forward_back(seconds: int) -> None:
    chain, now = book(NFO, *CONTRACTS, rate=RATE), MORNING + seconds * SECOND
    chain.take_quotes(answers(worth(24_400.0, MORNING)), MORNING, "dhan")
    fed, after = worth(24_430.0, now), 24_430.0
    for contract in CONTRACTS:
        if contract.strike is not None and abs(contract.strike - after) <= 500:
            chain.take(heard(contract, fed[contract.canonical], now))
    told = chain.snapshot(now)
    assert told.forward == pytest.approx(after, abs=2 * TICK)


def test_a_middle_is_believed_for_a_minute_and_then_the_last_price() -> None:
    chain = quoted_once()
    chain.take(heard(CALL, 150.0, MORNING + 50 * SECOND))
    told = leg(chain.snapshot(MORNING + 59 * SECOND), CALL)
    assert (told.priced_by, told.bid, told.ask) == ("mid", 149.5, 150.5)
    told = leg(chain.snapshot(MORNING + 61 * SECOND), CALL)
    assert (told.priced_by, told.bid, told.ask, told.quality) == ("ltp", None, None, Quality.GOOD)


def test_a_trade_beyond_what_was_quoted_counts_at_once() -> None:
    chain = quoted_once()
    chain.take(heard(CALL, 150.45, MORNING + SECOND))
    assert leg(chain.snapshot(MORNING + SECOND), CALL).priced_by == "mid"
    chain.take(heard(CALL, 151.0, MORNING + 2 * SECOND))
    told = leg(chain.snapshot(MORNING + 2 * SECOND), CALL)
    assert (told.priced_by, told.ltp, told.bid, told.ask) == ("ltp", 151.0, None, None)


def test_an_old_last_price_that_is_told_again_is_no_trade_beyond_the_quotes() -> None:
    chain = book(NFO, CALL)
    chain.take_quotes({CALL.canonical: Quote(120.0, bid=149.5, ask=150.5)}, MORNING, "dhan")
    chain.take(heard(CALL, 120.0, MORNING + SECOND, open_interest=750))
    assert leg(chain.snapshot(MORNING + SECOND), CALL).priced_by == "mid"


def test_what_the_feed_does_not_quote_is_taken_of_an_answer() -> None:
    chain = quoted_once()
    noon = MORNING + 150 * MINUTE
    chain.take(heard(CALL, 21.0, noon))
    chain.take_quotes({CALL.canonical: Quote(20.0, bid=20.5, ask=21.5, volume=75)}, noon + SECOND, "dhan")
    chain.take_quotes({CALL.canonical: Quote(20.0, bid=20.75, ask=21.75)}, noon + 2 * SECOND, "dhan")
    told = leg(chain.snapshot(noon + 2 * SECOND), CALL)
    assert (told.ltp, told.volume, told.polled, told.quote_age_ms) == (21.0, None, False, 2_000), "the feed's"
    assert (told.bid, told.ask, told.priced_by) == (20.75, 21.75, "mid")


def test_quotes_of_a_feed_go_before_those_of_an_answer() -> None:
    chain = book(NFO, CALL)
    chain.take(heard(CALL, 150.0, MORNING, bid=149.5, ask=150.5))
    chain.take_quotes({CALL.canonical: Quote(140.0, bid=139.5, ask=140.5)}, MORNING + SECOND, "dhan")
    told = leg(chain.snapshot(MORNING + SECOND), CALL)
    assert (told.ltp, told.bid, told.ask) == (150.0, 149.5, 150.5)


def test_a_book_knows_whether_feeds_quote_what_they_bring() -> None:
    chain, (first, second, third, *_) = book(NFO, *CONTRACTS), CONTRACTS
    assert chain.is_quoted(MORNING), "of none that is not quoted"
    chain.take(heard(first.canonical, 150.0, MORNING))
    chain.take_quotes(
        {one.canonical: Quote(150.0, bid=149.5, ask=150.5) for one in CONTRACTS}, MORNING + SECOND, "dhan"
    )
    assert not chain.is_quoted(MORNING + 2 * SECOND), "answers are no feed"
    for one in (second, third):
        chain.take(heard(one.canonical, 150.0, MORNING + 3 * SECOND, bid=149.5, ask=150.5))
    assert chain.is_quoted(MORNING + 4 * SECOND)
    assert chain.is_quoted(MORNING + 10 * MINUTE), "the feed has fallen silent"


def test_quotes_that_are_the_newest_word_stay_when_all_is_old() -> None:
    chain = quoted_once()
    told = leg(chain.snapshot(MORNING + 60 * MINUTE), CALL)
    assert (told.priced_by, told.bid, told.quality) == ("mid", 149.5, Quality.STALE)


def test_a_book_that_goes_on_from_a_snapshot_lets_quotes_grow_old_as_well() -> None:
    chain = book(NFO, CALL)
    chain.resume(quoted_once().snapshot(MORNING), MORNING)
    noon = MORNING + 150 * MINUTE
    chain.take(heard(CALL, 150.0, noon))
    told = leg(chain.snapshot(noon), CALL)
    assert (told.priced_by, told.bid) == ("ltp", None)


@pytest.mark.parametrize("seconds", [0, 59])
def test_the_futures_middle_is_believed_while_it_is_fresh(seconds: int) -> None:
    chain = book(NFO, CALL, future())
    chain.take_quotes({future().canonical: Quote(24_600.0, bid=24_590.0, ask=24_600.0)}, MORNING, "dhan")
    chain.take(heard(future(), 24_598.0, MORNING + seconds * SECOND))
    assert chain.snapshot(MORNING + seconds * SECOND).forward == 24_595.0
    chain.take(heard(future(), 24_599.0, MORNING + 5 * MINUTE))
    assert chain.snapshot(MORNING + 5 * MINUTE).forward == 24_599.0
