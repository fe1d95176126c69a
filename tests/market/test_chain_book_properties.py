"""Whatever is heard of a chain, in whatever order, its snapshot says numbers or why there are none."""

import math
from collections.abc import Iterator
from datetime import date
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from config.calendars import load_calendar
from engine.market import Calendar, Quote
from engine.market.chain_book import ChainBook
from engine.market.chain_snapshot import ChainSnapshot, Leg, Quality
from engine.market.option_chain import OptionChain, OptionLeg, Strike
from tests.market.builders import MINUTE, at
from tests.market.chains import EXPIRY, UNDERLYING, VIX, book, both, future, heard

NFO = Calendar.parse(load_calendar("NFO"))
STRIKES = [25_900.0, 25_950.0, 26_000.0, 26_050.0, 26_100.0]
CONTRACTS = [*both(*STRIKES), future(), future(date(2026, 12, 29))]
NAMES = [UNDERLYING, VIX, *(contract.canonical for contract in CONTRACTS)]
START = at("2026-11-20 15:00")

PRICES = st.one_of(
    st.sampled_from([0.0, 0.05, 0.1, 1e-3, 1e7, 25_900.0, 26_000.0]), st.floats(0.05, 60_000.0), st.floats(0.05, 500.0)
)
SIDES = st.none() | PRICES
QUANTITIES = st.none() | st.integers(0, 10**9)
TOLD = st.fixed_dictionaries(
    {"bid": SIDES, "ask": SIDES, "open_interest": QUANTITIES, "previous_close": SIDES, "volume": QUANTITIES}
)
FED = st.tuples(st.just("fed"), st.sampled_from(NAMES), PRICES, TOLD)
ASKED = st.tuples(st.just("asked"), st.sampled_from(NAMES), PRICES, TOLD)
POLLED = st.tuples(st.just("polled"), st.sampled_from(STRIKES), PRICES, TOLD)
STEPS = st.tuples(st.one_of(FED, ASKED, POLLED), st.sampled_from([0, 1, 30, 120, 1_000, 3_000]))


def take(chain: ChainBook, step: tuple[str, Any, float, dict[str, Any]], now: int) -> None:
    how, what, price, told = step
    if how == "fed":
        chain.take(heard(what, price, now, **{name: told[name] for name in told if name != "volume"}))
    elif how == "asked":
        chain.take_quotes({what: Quote(price, **told)}, now, "kite")
    else:
        leg = OptionLeg(price=price, **told, previous_open_interest=told["volume"])
        chain.take_polled(OptionChain(UNDERLYING, EXPIRY, price, (Strike(what, leg, None),), "dhan"), now)


def legs(told: ChainSnapshot) -> Iterator[Leg]:
    return (leg for strike in told.strikes for leg in (strike.ce, strike.pe) if leg is not None)


@given(steps=st.lists(STEPS, max_size=40))
@settings(max_examples=50)
def test_a_snapshot_says_numbers_or_why_there_are_none(
    steps: list[tuple[tuple[str, Any, float, dict[str, Any]], int]],
) -> None:
    chain, now = book(NFO, *CONTRACTS), START
    for step, minutes in steps:
        now += minutes * MINUTE
        take(chain, step, now)
    told = chain.snapshot(now)
    for leg in legs(told):
        computed = (leg.iv, leg.delta, leg.gamma, leg.theta, leg.vega)
        assert [number is None for number in computed] == [leg.reason is not None] * 5
        assert (leg.reason == "no_price") <= (leg.priced_by is None)
        assert (leg.quality is Quality.UNKNOWN) == (leg.priced_by is None)
        assert not [name for name, value in msgspec.structs.asdict(leg).items() if is_no_number(value)]
    assert not [name for name, value in msgspec.structs.asdict(told).items() if is_no_number(value)]
    again = book(NFO, *CONTRACTS)
    again.resume(told, now)
    assert [leg.oi for leg in legs(again.snapshot(now))] == [leg.oi for leg in legs(told)]


def is_no_number(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
