"""The option chain of the push benchmark: 100 strikes around an index, priced with one volatility."""

import math
from datetime import UTC, date, datetime, timedelta
from typing import Final

from benchmarks.stores import PROVIDER
from engine.market import Instrument, InstrumentKind, OptionType, format_derivative
from engine.seeding.book import SeedBook
from engine.storage.durable import ProviderMapping

UNDERLYING: Final = "NSE:NIFTY"
INDEX_ID: Final = 13
FIRST_LEG: Final = 40_000
STRIKES: Final = 100
STEP: Final = 50
SPOT: Final = 26_000
VOLATILITY: Final = 0.13
DAYS: Final = 7


def expiry() -> date:
    """A week from now."""
    return datetime.now(UTC).date() + timedelta(days=DAYS)


def legs() -> list[Instrument]:
    """All options, each at the place that its number has on the feed."""
    strikes = (SPOT + STEP * (row - STRIKES // 2) for row in range(STRIKES))
    return [_option(float(strike), option_type) for strike in strikes for option_type in OptionType]


def _option(strike: float, option_type: OptionType) -> Instrument:
    day = expiry()
    symbol = format_derivative("NIFTY", day, strike, option_type)
    return Instrument(0, "NFO", symbol, symbol, InstrumentKind.OPTION, 0.05, 75, day, strike, option_type, "NIFTY")


def worth(option: Instrument) -> float:
    """Rupees, at least a tick, without interest."""
    strike = option.strike or 0.0
    spread = VOLATILITY * math.sqrt(DAYS / 365)
    first = math.log(SPOT / strike) / spread + spread / 2
    call = SPOT * _normal(first) - strike * _normal(first - spread)
    price = call if option.option_type is OptionType.CALL else call - SPOT + strike
    return max(0.05, round(price / 0.05) * 0.05)


def _normal(value: float) -> float:
    return (1 + math.erf(value / math.sqrt(2))) / 2


def listed() -> SeedBook:
    """The index and its options, and what the feed calls them."""
    index = Instrument(0, "NSE", "NIFTY", "Nifty 50", InstrumentKind.INDEX, 0.05)
    options = legs()
    mappings = [_mapping(UNDERLYING, "IDX_I", INDEX_ID)]
    mappings += [_mapping(one.canonical, "NSE_FNO", FIRST_LEG + place) for place, one in enumerate(options)]
    return SeedBook([index, *options], mappings)


def _mapping(instrument: str, segment: str, number: int) -> ProviderMapping:
    return ProviderMapping(PROVIDER, instrument, segment, str(number), date(1970, 1, 1))
