"""The listed instruments: real names first, unique, and the same every time."""

from datetime import date

import pytest

from engine.market import parse_symbol
from engine.providers.dhan.codec import SEGMENT_CODES
from engine.providers.simulator.instruments import (
    Listing,
    monthly_expiries,
    next_weekly_expiry,
    option_desk,
    universe,
)
from tests.providers.simulator.markets import DAY


def test_the_default_universe_has_indices_equities_futures_and_options() -> None:
    kinds = {listing.kind for listing in universe(200, DAY)}

    assert kinds == {"index", "equity", "future", "option"}


def test_names_and_ids_are_unique_even_among_thousands() -> None:
    listings = universe(6_000, DAY)

    assert len(listings) == 6_000
    assert len({listing.key for listing in listings}) == 6_000
    assert len({listing.instrument for listing in listings}) == 6_000


def test_a_longer_list_begins_with_the_shorter_one() -> None:
    assert universe(300, DAY)[:50] == universe(50, DAY)


def test_well_known_instruments_have_the_ids_dhan_gives_them() -> None:
    ids = {listing.instrument: listing.key for listing in universe(200, DAY)}

    assert ids["NSE:NIFTY"] == ("IDX_I", 13)
    assert ids["NSE:BANKNIFTY"] == ("IDX_I", 25)
    assert ids["NSE:RELIANCE"] == ("NSE_EQ", 2885)
    assert ids["NSE:HDFCBANK"] == ("NSE_EQ", 1333)


def test_derivatives_are_named_with_their_full_expiry() -> None:
    names = {listing.instrument for listing in universe(200, DAY)}

    assert "NFO:NIFTY24NOV26FUT" in names
    assert "NFO:NIFTY29DEC26FUT" in names
    assert "NFO:NIFTY24NOV2626000CE" in names


def test_every_name_follows_the_grammar_of_symbols() -> None:
    for listing in universe(300, DAY):
        parsed = parse_symbol(listing.instrument)
        assert parsed.canonical == listing.instrument
        assert listing.segment in SEGMENT_CODES


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (date(2026, 11, 20), date(2026, 11, 24)),
        (date(2026, 11, 24), date(2026, 11, 24)),
        (date(2026, 11, 25), date(2026, 12, 1)),
    ],
)
def test_weekly_options_expire_on_the_tuesday_of_or_after_a_day(on: date, expected: date) -> None:
    assert next_weekly_expiry(on) == expected


def test_monthly_contracts_expire_on_last_tuesdays_over_the_turn_of_a_year() -> None:
    assert monthly_expiries(date(2025, 12, 30)) == (date(2025, 12, 30), date(2026, 1, 27))
    assert monthly_expiries(date(2025, 12, 31)) == (date(2026, 1, 27), date(2026, 2, 24))


@pytest.mark.parametrize("tick_size", [0.01, 0.05, 0.1, 0.5, 1.0, 5.0])
def test_prices_in_rupees_are_the_floats_that_rounding_gives(tick_size: float) -> None:
    listing = Listing(
        instrument="NSE:X", name="X", kind="equity", segment="NSE_EQ", security_id=1, tick_size=tick_size, price=100.0
    )
    for ticks in range(1, 4_000):
        assert listing.rupees(ticks) == round(ticks * tick_size, 2)
        assert listing.ticks(listing.rupees(ticks)) == ticks


def test_longer_option_chains_come_on_top_of_a_list_with_the_volatility_index() -> None:
    usual = universe(200, DAY)
    assert option_desk(usual, DAY, 5) == []
    more = option_desk(usual, DAY, 12)
    assert more[0].instrument == "NSE:INDIA VIX"
    assert len({listing.key for listing in [*usual, *more]}) == 200 + 1 + 7 * 2 * 2 * 2
    for underlying, step in (("NSE:NIFTY", 50), ("NSE:BANKNIFTY", 100)):
        strikes = sorted({one.strike or 0 for one in [*usual, *more] if one.strike and one.underlying == underlying})
        assert strikes == [strikes[0] + step * number for number in range(25)]


def test_who_lists_too_few_instruments_for_the_usual_chains_gets_no_more() -> None:
    assert option_desk(universe(90, DAY), DAY, 12) == []
