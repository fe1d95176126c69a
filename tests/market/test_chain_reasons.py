"""Whatever a chain does not know it says why, and of what it knows it gives no reason."""

import msgspec
import pytest

from config.calendars import load_calendar
from engine.market import Calendar, Tick
from engine.market.chain_book import ChainBook
from engine.market.chain_snapshot import ChainSnapshot
from engine.market.chain_summary import ChainSummary
from tests.market.builders import at
from tests.market.chains import EXPIRY, UNDERLYING, VIX, book, both, future, heard

NOON = at("2026-11-23 12:00")
CALL, PUT = both(26_000)
NOT_A_FIGURE = {"reasons", "provider"}


@pytest.fixture(scope="module")
def nfo() -> Calendar:
    return Calendar.parse(load_calendar("NFO"))


def traded(tick: Tick, volume: int) -> Tick:
    """So much by then on that day."""
    return msgspec.structs.replace(tick, volume=volume)


def unknown(told: ChainSnapshot) -> set[str]:
    figures = set(told.__struct_fields__) - NOT_A_FIGURE
    return {name for name in figures if getattr(told, name) in (None, ())}


def test_at_each_step_each_unknown_figure_has_a_reason_and_no_other_has_one(nfo: Calendar) -> None:
    chain = book(nfo, *both(25_950, 26_000, 26_050), future())
    steps = [
        heard(UNDERLYING, 25_990.0, NOON),
        traded(heard(CALL, 180.0, NOON), 75),
        traded(heard(PUT, 190.0, NOON, open_interest=750), 150),
        heard(CALL, 181.0, NOON, open_interest=0),
        heard(future(), 26_010.0, NOON),
        heard(CALL, 181.0, NOON, open_interest=75),
        heard(VIX, 11.5, NOON),
    ]
    told = chain.snapshot(NOON)
    assert told.reasons.keys() == unknown(told)
    assert {"spot", "forward", "atm_iv", "straddle", "pcr_oi", "max_pain", "ce_walls", "vix"} < told.reasons.keys()
    for tick in steps:
        chain.take(tick)
        told = chain.snapshot(NOON)
        assert told.reasons.keys() == unknown(told)
    assert told.reasons == {}, "all is known at the end"


def test_nothing_heard_is_not_the_same_as_nothing_there(nfo: Calendar) -> None:
    chain = book(nfo, *both(26_000))
    chain.take(heard(UNDERLYING, 26_000.0, NOON))
    before = chain.snapshot(NOON).reasons
    assert (before["pcr_oi"], before["max_pain"], before["ce_walls"]) == ("not_heard",) * 3
    assert (before["future"], before["future_price"], before["vix"]) == ("not_listed", "not_listed", "not_heard")
    chain.take(traded(heard(CALL, 180.0, NOON, open_interest=0), 0))
    chain.take(traded(heard(PUT, 190.0, NOON, open_interest=0), 0))
    told = chain.snapshot(NOON)
    assert (told.ce_oi, told.reasons["pcr_oi"], told.reasons["pcr_volume"]) == (0, "no_calls", "no_calls")
    assert (told.reasons["max_pain"], told.reasons["pe_walls"]) == ("no_interest", "no_interest")


def test_what_is_at_the_money_says_what_it_lacks(nfo: Calendar) -> None:
    chain = book(nfo, CALL, PUT)
    assert chain.snapshot(NOON).reasons["straddle"] == "no_forward"
    chain.take(heard(UNDERLYING, 26_000.0, NOON))
    told = chain.snapshot(NOON)
    assert (told.reasons["atm_iv"], told.reasons["straddle"]) == ("no_price", "no_price")
    chain.take(heard(CALL, 1.0, at("2026-11-26 15:40")))
    chain.take(heard(PUT, 1.0, at("2026-11-26 15:40")))
    assert chain.snapshot(at("2026-11-26 15:40")).reasons["atm_iv"] == "expired"

    alone = book(nfo, CALL)
    alone.take(heard(UNDERLYING, 26_000.0, NOON))
    assert alone.snapshot(NOON).reasons["straddle"] == "not_listed"


def test_an_exchange_that_publishes_no_volatility_index_has_none(nfo: Calendar) -> None:
    chain = ChainBook(UNDERLYING, EXPIRY, [CALL, PUT], nfo, rate=6.0)
    why = chain.snapshot(NOON).reasons
    assert (why["vix"], why["vix_age_ms"]) == ("not_listed", "not_listed")


def test_a_summary_takes_along_the_reasons_of_its_own_figures(nfo: Calendar) -> None:
    told = book(nfo, CALL, PUT).snapshot(NOON)
    why = ChainSummary.of(told).reasons
    assert why["pcr_oi"] == told.reasons["pcr_oi"]
    assert set(why) <= set(ChainSummary.__struct_fields__)
    assert "ce_walls" in told.reasons.keys() - why.keys()
