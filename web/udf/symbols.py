"""Symbols: what the charting library wants to know of an instrument."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

import msgspec

from engine.market.calendar import Calendar
from engine.market.instrument import Instrument, InstrumentKind
from web.udf.resolutions import INTRADAY, RESOLUTIONS
from web.udf.sessions import session_strings

TYPES: Final[Mapping[InstrumentKind, str]] = {
    InstrumentKind.EQUITY: "stock",
    InstrumentKind.INDEX: "index",
    InstrumentKind.FUTURE: "futures",
    InstrumentKind.OPTION: "option",
}
KINDS: Final[Mapping[str, str]] = {"": "", **{word: kind.value for kind, word in TYPES.items()}}
"""Our kinds by the library's words for them; an empty word means any."""
_UTC: Final = "Etc/UTC"


class SymbolInfo(
    msgspec.Struct, frozen=True, rename={"exchange_listed": "exchange-listed", "exchange_traded": "exchange-traded"}
):
    """A resolved symbol. The names with a dash are those that older adapters read."""

    name: str
    ticker: str
    description: str
    type: str
    exchange: str
    listed_exchange: str
    exchange_listed: str
    exchange_traded: str
    timezone: str
    session: str
    session_holidays: str
    corrections: str
    pricescale: int
    minmov: int
    currency_code: str
    visible_plots_set: str
    """``ohlc`` for what has no volume."""
    expired: bool
    expiration_date: int | None = None
    """Unix seconds."""
    format: str = "price"
    minmove2: int = 0
    fractional: bool = False
    volume_precision: int = 0
    has_intraday: bool = True
    has_daily: bool = True
    has_weekly_and_monthly: bool = False
    has_empty_bars: bool = False
    """Minutes in which nobody traded have no bar, and the library is not to make one up."""
    intraday_multipliers: tuple[str, ...] = tuple(INTRADAY)
    supported_resolutions: tuple[str, ...] = RESOLUTIONS
    data_status: str = "streaming"


class SymbolFound(msgspec.Struct, frozen=True):
    """One symbol that was searched for."""

    symbol: str
    full_name: str
    ticker: str
    description: str
    exchange: str
    type: str


def info_of(instrument: Instrument, calendar: Calendar, today: date) -> SymbolInfo:
    """An instrument, with its exchange's hours as they stand on that day."""
    hours, (scale, step) = session_strings(calendar, today), price_scale(instrument.tick_size)
    expiry = instrument.expiry
    return SymbolInfo(
        name=instrument.symbol,
        ticker=instrument.canonical,
        description=instrument.name or instrument.symbol,
        type=TYPES[instrument.kind],
        exchange=instrument.exchange,
        listed_exchange=instrument.exchange,
        exchange_listed=instrument.exchange,
        exchange_traded=instrument.exchange,
        timezone=_UTC if calendar.zone.key == "UTC" else calendar.zone.key,
        session=hours.session,
        session_holidays=hours.holidays,
        corrections=hours.corrections,
        pricescale=scale,
        minmov=step,
        currency_code=calendar.schedule.currency,
        visible_plots_set="ohlc" if instrument.kind is InstrumentKind.INDEX else "ohlcv",
        expired=expiry is not None and expiry < today,
        expiration_date=None
        if expiry is None
        else int(datetime(expiry.year, expiry.month, expiry.day, tzinfo=UTC).timestamp()),
    )


def found_of(instrument: Instrument) -> SymbolFound:
    """An instrument, as a search answers it."""
    return SymbolFound(
        symbol=instrument.symbol,
        full_name=instrument.canonical,
        ticker=instrument.canonical,
        description=instrument.name or instrument.symbol,
        exchange=instrument.exchange,
        type=TYPES[instrument.kind],
    )


def price_scale(tick_size: float) -> tuple[int, int]:
    """``pricescale`` and ``minmov``: prices move by minmov / pricescale. 0.05 is 5 / 100, 0.25 is 25 / 100, 1 is 1 / 1."""
    tick = Decimal(repr(tick_size)).normalize()
    if tick <= 0 or not tick.is_finite():
        return 100, 1
    _, _, exponent = tick.as_tuple()
    scale = 10 ** max(0, -int(exponent))
    return scale, int(tick * scale)
