"""A made-up market of options: 18 expiries of 100 strikes with a smile, quoted to the tick, as an index has them."""

import math
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from config.calendars import load_calendar
from engine.market import Calendar, Instrument, InstrumentKind, OptionType, Tick, format_derivative
from engine.market.chain_book import ChainBook
from engine.market.greeks import Terms, price
from engine.market.time_to_expiry import expires_ns, years_between

EXPIRIES = 18
STRIKES = 100
RATE = 6.5
SPOT = 26_000.0
TICK = 0.05
STEP = 50.0
FIRST_EXPIRY = date(2026, 11, 26)
MONDAY_NOON_NS = int(datetime(2026, 11, 23, 12, tzinfo=ZoneInfo("Asia/Kolkata")).timestamp()) * 1_000_000_000


def books() -> list[ChainBook]:
    """A book for every expiry, each of whose legs was heard of just now."""
    calendar = Calendar.parse(load_calendar("NFO"))
    weeks = [place * (place + 1) // 2 for place in range(EXPIRIES)]  # ever further apart, the last in three years
    return [_book(FIRST_EXPIRY + timedelta(weeks=ahead), calendar) for ahead in weeks]


def _book(expiry: date, calendar: Calendar) -> ChainBook:
    middle = round(SPOT / STEP)
    strikes = [(middle + row - STRIKES // 2) * STEP for row in range(STRIKES)]
    contracts = [_option(strike, option_type, expiry) for option_type in OptionType for strike in strikes]
    book = ChainBook("NSE:NIFTY", expiry, contracts, calendar, rate=RATE)
    for tick in ticks(contracts, years_between(MONDAY_NOON_NS, expires_ns(calendar, expiry))):
        book.take(tick)
    return book


def _option(strike: float, option_type: OptionType, expiry: date) -> Instrument:
    symbol = format_derivative("NIFTY", expiry, strike, option_type)
    return Instrument(0, "NFO", symbol, symbol, InstrumentKind.OPTION, TICK, 75, expiry, strike, option_type, "NIFTY")


def ticks(contracts: list[Instrument], years: float) -> Iterator[Tick]:
    """One of each option, worth what a smile of 12 to 30 % says."""
    strike = np.array([contract.strike or 0.0 for contract in contracts])
    is_call = np.array([contract.option_type is OptionType.CALL for contract in contracts])
    rate = np.full(len(strike), RATE)
    forward = np.full(len(strike), SPOT * math.exp(RATE / 100 * years))
    distance = np.abs(np.log(strike / forward))
    worth = price(Terms(forward, strike, np.full(len(strike), years), rate, is_call), 12.0 + 80.0 * distance)
    for contract, middle in zip(contracts, np.round(worth / TICK).tolist(), strict=True):
        bid, ask = max(middle - 1, 1) * TICK, max(middle + 1, 2) * TICK
        name = contract.canonical
        yield Tick(name, bid, 75, 75, MONDAY_NOON_NS, MONDAY_NOON_NS, "dhan", open_interest=7_500, bid=bid, ask=ask)
