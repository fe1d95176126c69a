"""Short ways to write option chains: contracts, books, and what is heard of them."""

from datetime import date

from engine.market import Calendar, Instrument, InstrumentKind, OptionType, Tick, format_derivative
from engine.market.chain_book import ChainBook
from engine.market.chain_snapshot import ChainSnapshot, Leg

UNDERLYING = "NSE:NIFTY"
EXPIRY = date(2026, 11, 26)
VIX = "NSE:INDIA VIX"


def option(strike: float, option_type: OptionType, expiry: date = EXPIRY) -> Instrument:
    symbol = format_derivative("NIFTY", expiry, strike, option_type)
    return Instrument(
        0, "NFO", symbol, symbol, InstrumentKind.OPTION, 0.05, 75, expiry, float(strike), option_type, "NIFTY"
    )


def future(expiry: date = EXPIRY) -> Instrument:
    symbol = format_derivative("NIFTY", expiry)
    return Instrument(0, "NFO", symbol, symbol, InstrumentKind.FUTURE, 0.05, 75, expiry, underlying="NIFTY")


def both(*strikes: float, expiry: date = EXPIRY) -> list[Instrument]:
    return [option(strike, option_type, expiry) for strike in strikes for option_type in OptionType]


def book(calendar: Calendar, *contracts: Instrument, rate: float = 6.0) -> ChainBook:
    return ChainBook(UNDERLYING, EXPIRY, contracts, calendar, rate=rate, vix=VIX)


def heard(instrument: Instrument | str, price: float, ns: int, **more: object) -> Tick:
    name = instrument if isinstance(instrument, str) else instrument.canonical
    return Tick(name, price, 75, None, ns, ns, "dhan", **more)  # type: ignore[arg-type]


def leg(snapshot: ChainSnapshot, contract: Instrument) -> Leg:
    found = (
        leg
        for strike in snapshot.strikes
        for leg in (strike.ce, strike.pe)
        if leg is not None and leg.instrument == contract.canonical
    )
    return next(found)
