"""Continuous futures: which contract is in front on each day, by date and by volume."""

import itertools
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.calendars import load_calendar
from engine.market import Calendar
from engine.market.continuous import EVER, Contract, Leg, RollRule, chains_of, leg_at, legs_of, names_of

NFO = Calendar.parse(load_calendar("NFO"))
OCTOBER, NOVEMBER, DECEMBER = (
    Contract("NFO:NIFTY27OCT26FUT", date(2026, 10, 27)),
    Contract("NFO:NIFTY24NOV26FUT", date(2026, 11, 24)),
    Contract("NFO:NIFTY29DEC26FUT", date(2026, 12, 29)),
)
CHAIN = (OCTOBER, NOVEMBER, DECEMBER)


def begin(*day: int) -> int:
    """When a day's trading begins."""
    found = NFO.day(date(*day))
    assert found is not None
    return found.attended_ns


def front(legs: list[Leg], *day: int) -> str:
    return leg_at(legs, begin(*day) + 3_600_000_000_000).instrument


def test_chains_are_the_futures_of_each_underlying_in_the_order_of_their_expiries() -> None:
    names = [
        "NFO:NIFTY29DEC26FUT",
        "NFO:NIFTY24NOV26FUT",
        "NFO:NIFTY24NOV2626000CE",
        "MCX:GOLD04DEC26FUT",
        "NSE:NFUT",
        "NSE:NIFTY",
    ]
    chains = chains_of(names)
    assert {chain: [one.instrument for one in contracts] for chain, contracts in chains.items()} == {
        "MCX:GOLD": ["MCX:GOLD04DEC26FUT"],
        "NFO:NIFTY": ["NFO:NIFTY24NOV26FUT", "NFO:NIFTY29DEC26FUT"],
    }
    assert names_of(chains) == {
        "MCX:GOLD1!": ("MCX:GOLD", 1),
        "NFO:NIFTY1!": ("NFO:NIFTY", 1),
        "NFO:NIFTY2!": ("NFO:NIFTY", 2),
    }


def test_a_contract_is_in_front_until_the_last_trading_day_before_its_expiry() -> None:
    """2026-11-24 is a holiday, and so is the 10th: the contract's last trading day is the 23rd, a Monday."""
    legs = legs_of(CHAIN, NFO, RollRule())
    assert [leg.instrument for leg in legs] == [one.instrument for one in CHAIN]
    assert (legs[0].start_ns, legs[-1].end_ns) == (0, EVER)
    assert legs[1].start_ns == legs[0].end_ns == begin(2026, 10, 27)
    assert legs[2].start_ns == legs[1].end_ns == begin(2026, 11, 23)
    assert front(legs, 2026, 10, 26) == OCTOBER.instrument
    assert front(legs, 2026, 10, 27) == NOVEMBER.instrument


@pytest.mark.parametrize(
    ("days_before", "november_begins"), [(0, (2026, 10, 28)), (1, (2026, 10, 27)), (3, (2026, 10, 23))]
)
def test_days_before_its_expiry_are_trading_days(days_before: int, november_begins: tuple[int, int, int]) -> None:
    legs = legs_of(CHAIN, NFO, RollRule(days_before=days_before))
    assert legs[1].start_ns == begin(*november_begins)


def test_the_second_rank_is_the_contract_after_the_front_one_and_gives_way_with_it() -> None:
    first, second = legs_of(CHAIN, NFO, RollRule()), legs_of(CHAIN, NFO, RollRule(), rank=2)
    assert [leg.instrument for leg in second] == [NOVEMBER.instrument, DECEMBER.instrument]
    assert [leg.start_ns for leg in second] == [leg.start_ns for leg in first[:2]]
    assert second[-1].end_ns == EVER
    assert legs_of(CHAIN, NFO, RollRule(), rank=4) == []


def test_by_volume_the_next_contract_is_in_front_the_day_after_it_traded_more() -> None:
    volumes = {
        OCTOBER.instrument: {date(2026, 10, 21): 100, date(2026, 10, 22): 90, date(2026, 10, 23): 95},
        NOVEMBER.instrument: {date(2026, 10, 21): 100, date(2026, 10, 22): 91, date(2026, 10, 23): 10},
    }
    legs = legs_of(CHAIN, NFO, RollRule("volume"), volumes=volumes)
    assert legs[1].start_ns == begin(2026, 10, 23), "and it never goes back"
    assert legs[2].start_ns == begin(2026, 11, 25), "of November nothing is known: the day after its last"


def test_a_contract_that_is_alone_stands_for_ever() -> None:
    assert legs_of([NOVEMBER], NFO, RollRule()) == [Leg(NOVEMBER.instrument, 0, EVER)]
    assert legs_of([], NFO, RollRule()) == []


@given(
    by=st.sampled_from(["date", "volume"]),
    days_before=st.integers(0, 10),
    numbers=st.lists(st.tuples(st.integers(0, 90), st.integers(0, 99), st.integers(0, 99)), max_size=20),
)
def test_at_every_time_exactly_one_contract_is_in_front_and_none_after_its_expiry(
    by: str, days_before: int, numbers: list[tuple[int, int, int]]
) -> None:
    days = [date.fromordinal(date(2026, 10, 1).toordinal() + number) for number, _, _ in numbers]
    volumes = {
        one.instrument: {day: pair[place % 2] for day, (_, *pair) in zip(days, numbers, strict=True)}
        for place, one in enumerate(CHAIN)
    }
    rule = RollRule("volume" if by == "volume" else "date", days_before)
    legs = legs_of(CHAIN, NFO, rule, volumes=volumes)
    assert all(earlier.end_ns == later.start_ns for earlier, later in itertools.pairwise(legs))
    expiries = {one.instrument: one.expiry for one in CHAIN}
    for leg in legs[:-1]:
        days = NFO.trading_days(date(2026, 9, 1), date(2027, 1, 31))
        stood = [day.date for day in days if leg.start_ns <= day.attended_ns < leg.end_ns]
        assert all(day <= expiries[leg.instrument] for day in stood)
