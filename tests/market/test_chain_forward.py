"""A chain's forward: the best of what is fresh, and what is old only where nothing else is known, and named so."""

from collections.abc import Iterable

import pytest

from config.calendars import load_calendar
from engine.market import Calendar, Instrument, InstrumentKind, OptionType
from engine.market.chain_book import ChainBook
from engine.market.chain_snapshot import ForwardSource
from tests.market.builders import MINUTE, at
from tests.market.chains import EXPIRY, UNDERLYING, book, both, future, heard

STRIKES = [24_400.0 + 50 * row for row in range(9)]
MORNING = at("2026-11-23 09:30")
NOON = at("2026-11-23 12:00")


@pytest.fixture(scope="module")
def nfo() -> Calendar:
    return Calendar.parse(load_calendar("NFO"))


def take(chain: ChainBook, forward: float, now: int, strikes: Iterable[float], *, spread: float = 0.0) -> None:
    """Prices in parity, at a time value of 150; with a spread also bids and asks around them."""
    for strike in strikes:
        for contract, inside in zip(both(strike), (forward - strike, strike - forward), strict=True):
            price = max(inside, 0.0) + 150.0
            sides = {"bid": price - spread, "ask": price + spread} if spread else {}
            chain.take(heard(contract, price, now, **sides))


def told(chain: ChainBook, now: int = NOON) -> tuple[float | None, ForwardSource | None]:
    snapshot = chain.snapshot(now)
    return snapshot.forward, snapshot.forward_source


def test_each_source_goes_before_those_that_are_worse(nfo: Calendar) -> None:
    chain = book(nfo, *both(*STRIKES), future(), rate=0.0)
    assert told(chain) == (None, None)
    take(chain, 24_750.0, MORNING, STRIKES, spread=1.0)
    assert told(chain) == (24_750.0, ForwardSource.OLD_PARITY)
    chain.take(heard(UNDERLYING, 24_500.0, NOON))
    assert told(chain) == (24_500.0, ForwardSource.SPOT)
    take(chain, 24_510.0, NOON, STRIKES[:3])
    assert told(chain) == (24_510.0, ForwardSource.PARITY), "last prices, but of now"
    take(chain, 24_520.0, NOON, STRIKES[3:6], spread=1.0)
    assert told(chain) == (24_520.0, ForwardSource.PARITY), "quotes go before last prices"
    chain.take(heard(future(), 24_530.0, NOON))
    assert told(chain) == (24_530.0, ForwardSource.FUTURE)


def test_old_prices_around_the_old_money_do_not_outvote_those_of_now(nfo: Calendar) -> None:
    strikes = [23_600.0 + 50 * row for row in range(33)]
    chain = book(nfo, *both(*strikes), rate=0.0)
    take(chain, 24_620.0, MORNING, strikes)
    take(chain, 24_120.0, NOON, [strike for strike in strikes if abs(strike - 24_100.0) <= 200])
    assert told(chain) == (24_120.0, ForwardSource.PARITY)


def test_two_strikes_of_now_give_way_to_the_spot_of_now(nfo: Calendar) -> None:
    chain = book(nfo, *both(*STRIKES), rate=0.0)
    take(chain, 24_750.0, MORNING, STRIKES, spread=1.0)
    take(chain, 24_510.0, NOON, STRIKES[:2], spread=1.0)
    chain.take(heard(UNDERLYING, 24_500.0, NOON))
    assert told(chain) == (24_500.0, ForwardSource.SPOT)


def test_a_spot_that_is_old_is_no_forward_while_the_exchange_is_open(nfo: Calendar) -> None:
    chain = book(nfo, *both(24_500.0), rate=0.0)
    chain.take(heard(UNDERLYING, 24_500.0, MORNING))
    assert told(chain, MORNING + MINUTE) == (24_500.0, ForwardSource.SPOT)
    late = chain.snapshot(MORNING + MINUTE + 1)
    assert (late.spot, late.forward, late.atm) == (24_500.0, None, None)
    assert (late.reasons["forward"], late.reasons["forward_source"]) == ("old", "no_forward")
    assert "spot" not in late.reasons
    assert told(chain, at("2026-11-23 15:40")) == (24_500.0, ForwardSource.SPOT), "closed: nothing newer will come"


def test_of_options_on_a_future_that_is_old_the_forward_is_not_known() -> None:
    mcx = Calendar.parse(load_calendar("MCX"))
    option = Instrument(
        0, "MCX", "GOLDCE", "", InstrumentKind.OPTION, 1.0, 1, EXPIRY, 120_000.0, OptionType.CALL, "GOLD"
    )
    on = Instrument(0, "MCX", "GOLD26NOVFUT", "", InstrumentKind.FUTURE, 1.0, 1, EXPIRY, underlying="GOLD")
    chain = ChainBook("MCX:GOLD", EXPIRY, [option, on], mcx, rate=6.0)
    assert chain.snapshot(NOON).reasons["forward"] == "not_heard"
    chain.take(heard(on, 121_000.0, NOON))
    assert told(chain) == (121_000.0, ForwardSource.FUTURE)
    assert chain.snapshot(NOON + 2 * MINUTE).reasons["forward"] == "old"
