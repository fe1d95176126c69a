"""A chain as NSE published it: its volatilities are ours under its assumptions, and where ours differ it is known why."""

import csv
import math
from collections import defaultdict
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from statistics import median

import msgspec
import numpy as np
import pytest

from config.calendars import load_calendar
from engine.market import Calendar, Instrument, InstrumentKind, OptionType, format_derivative
from engine.market.chain_book import ChainBook, snapshots
from engine.market.chain_snapshot import ChainSnapshot, ForwardSource
from engine.market.forward import parity_forward
from engine.market.greeks import Terms
from engine.market.implied_volatility import implied_volatility
from engine.market.option_chain import OptionChain, OptionLeg, Strike
from tests.market.builders import SECOND, at

pytestmark = pytest.mark.recorded

UNDERLYING = "NSE:NIFTY"
DAY = date(2025, 7, 16)
NOW = at("2025-07-16 15:30") - SECOND
LOT = 75
"""NSE's page tells open interest and volume in lots."""
NSE_RATE = 10.0
NSE_SPOT = 25_202.2
"""The index when NSE reckoned; by 15:30 the page itself shows the closing value, 25,212.05, an average of half an hour."""


class Side(msgspec.Struct, rename="camel"):
    """One option as NSE's page has it."""

    open_interest: float
    changein_open_interest: float
    total_traded_volume: int
    implied_volatility: float
    last_price: float
    change: float
    bidprice: float
    ask_price: float


class Row(msgspec.Struct, rename={"strike": "strikePrice", "expires": "expiryDate", "ce": "CE", "pe": "PE"}):
    strike: float
    expires: str
    ce: Side | None = None
    pe: Side | None = None

    @property
    def expiry(self) -> date:
        return datetime.strptime(self.expires, "%d-%b-%Y").replace(tzinfo=UTC).date()

    @property
    def sides(self) -> list[tuple[OptionType, Side]]:
        both = ((OptionType.CALL, self.ce), (OptionType.PUT, self.pe))
        return [(option_type, side) for option_type, side in both if side is not None]


class Records(msgspec.Struct, rename="camel"):
    data: list[Row]
    underlying_value: float


class Page(msgspec.Struct):
    records: Records


@pytest.fixture(scope="module")
def page(recordings: Path) -> Records:
    return msgspec.json.decode((recordings / "options" / "NIFTY_chain_2025-07-16.json").read_bytes(), type=Page).records


@pytest.fixture(scope="module")
def told(page: Records) -> list[ChainSnapshot]:
    calendar = Calendar.parse(load_calendar("NFO"))
    by_expiry: dict[date, list[Row]] = defaultdict(list)
    for row in page.data:
        by_expiry[row.expiry].append(row)
    books = [book_of(expiry, rows, page.underlying_value, calendar) for expiry, rows in sorted(by_expiry.items())]
    return snapshots(books, NOW)


def book_of(expiry: date, rows: list[Row], spot: float, calendar: Calendar) -> ChainBook:
    contracts = [contract(expiry, row.strike, option_type) for row in rows for option_type, _ in row.sides]
    strikes = tuple(Strike(row.strike, leg(row.ce), leg(row.pe)) for row in rows)
    chain = ChainBook(UNDERLYING, expiry, contracts, calendar, rate=6.0)
    chain.take_polled(OptionChain(UNDERLYING, expiry, spot, strikes, "nse"), NOW)
    return chain


def contract(expiry: date, strike: float, option_type: OptionType) -> Instrument:
    symbol = format_derivative("NIFTY", expiry, strike, option_type)
    return Instrument(0, "NFO", symbol, symbol, InstrumentKind.OPTION, 0.05, LOT, expiry, strike, option_type, "NIFTY")


def units(lots: float) -> int:
    """Contracts of a smaller lot, listed before the lot grew, are fractions of a lot now."""
    return round(lots * LOT)


def leg(side: Side | None) -> OptionLeg | None:
    if side is None:
        return None
    return OptionLeg(
        price=side.last_price,
        bid=side.bidprice,
        ask=side.ask_price,
        volume=side.total_traded_volume * LOT,
        open_interest=units(side.open_interest),
        previous_open_interest=units(side.open_interest - side.changein_open_interest),
        previous_close=side.last_price - side.change,
    )


def test_under_nses_assumptions_all_of_its_volatilities_are_ours(page: Records) -> None:
    """The spot carried at ten per cent, the last trade, and whole days: 744 of 744 to its second decimal."""
    listed = [
        (row.strike, (row.expiry - DAY).days / 365, option_type is OptionType.CALL, side)
        for row in page.data
        for option_type, side in row.sides
        if side.implied_volatility > 0 and side.last_price > 0
    ]
    strikes, years, calls, sides = zip(*listed, strict=True)
    rates = np.full(len(listed), NSE_RATE)
    forwards = NSE_SPOT * np.exp(rates / 100 * np.array(years))
    terms = Terms(forwards, np.array(strikes), np.array(years), rates, np.array(calls))
    ours = implied_volatility(terms, np.array([side.last_price for side in sides])).volatility
    assert len(listed) == 744
    np.testing.assert_allclose(ours, [side.implied_volatility for side in sides], atol=0.02)


def test_calls_and_puts_of_a_strike_agree_where_nses_do_not(page: Records, told: list[ChainSnapshot]) -> None:
    """At ten per cent its forward lies above the market's: its calls look cheap and its puts dear, by two per cent."""
    chain = told[1]
    assert chain.forward is not None
    near = [strike for strike in chain.strikes if abs(strike.strike - chain.forward) < 300]
    ours = [abs(one.ce.iv - one.pe.iv) for one in near if one.ce and one.pe and one.ce.iv and one.pe.iv]
    theirs = [
        abs(row.ce.implied_volatility - row.pe.implied_volatility)
        for row in page.data
        if row.expiry == chain.expiry and row.ce and row.pe and row.strike in {one.strike for one in near}
    ]
    assert len(ours) == len(theirs) == 12
    assert median(theirs) > 1.5
    assert median(ours) < 0.1


def test_the_forward_is_the_markets_own(told: list[ChainSnapshot]) -> None:
    assert {chain.forward_source for chain in told[:9]} == {ForwardSource.PARITY}
    assert {chain.forward_source for chain in told[-6:]} == {ForwardSource.SPOT}, "hardly anything is traded there"
    forwards = [chain.forward or 0.0 for chain in told[:9]]
    assert all(earlier < later for earlier, later in pairwise(forwards))
    carries = [math.log((chain.forward or 0.0) / 25_212.05) / chain.days * 36_500 for chain in told[2:9]]
    assert all(3.0 < carry < 7.0 for carry in carries), "per cent a year"


def test_a_leg_has_a_volatility_or_the_reason_why_not(page: Records, told: list[ChainSnapshot]) -> None:
    legs = [leg for chain in told for strike in chain.strikes for leg in (strike.ce, strike.pe) if leg is not None]
    assert len(legs) == sum(len(row.sides) for row in page.data) == 1338
    assert all((leg.iv is None) == (leg.reason is not None) for leg in legs)
    assert sum(leg.iv is not None for leg in legs) > sum(
        side.implied_volatility > 0 for row in page.data for _, side in row.sides
    )


def test_open_interest_is_in_units(page: Records, told: list[ChainSnapshot]) -> None:
    listed = [row for row in page.data if row.expiry == told[0].expiry]
    assert told[0].pe_oi == sum(units(row.pe.open_interest) for row in listed if row.pe)
    assert told[0].ce_walls[0].oi == units(max(row.ce.open_interest for row in listed if row.ce))
    assert told[0].max_pain == 25_200.0


def test_parity_of_closing_prices_shows_what_the_future_closed_at(recordings: Path) -> None:
    """Within a tenth of a per cent: a future's close is the average of half an hour, an option's its last trade."""
    with (recordings / "options" / "NIFTY_bhavcopy_2026-03-23.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    futures = {row["XpryDt"]: float(row["ClsPric"]) for row in rows if row["FinInstrmTp"] == "IDF"}
    assert len(futures) == 3
    for expiry, closed_at in futures.items():
        traded = {
            (float(row["StrkPric"]), row["OptnTp"]): float(row["ClsPric"])
            for row in rows
            if row["FinInstrmTp"] == "IDO" and row["XpryDt"] == expiry and int(row["TtlTradgVol"])
        }
        strikes = sorted({strike for strike, _ in traded})
        calls, puts = (np.array([traded.get((one, side), math.nan) for one in strikes]) for side in ("CE", "PE"))
        growth = math.exp(0.06 * (date.fromisoformat(expiry) - date(2026, 3, 23)).days / 365)
        parity = parity_forward(np.array(strikes), calls, puts, growth)
        assert parity is not None
        assert parity.price == pytest.approx(closed_at, rel=1e-3)
