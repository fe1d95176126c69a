"""The simulated exchange's instruments: real tickers first, with futures and options on the indices, then made-up ones."""

import calendar
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import chain, islice
from typing import Final
from zlib import crc32

import msgspec

from engine.providers.dhan.codec import SEGMENT_CODES
from engine.providers.simulator.equities import EQUITIES
from engine.providers.simulator.options import STRIKES_EACH_SIDE

_TUESDAY: Final = 1
_EQUITIES_PER_DERIVATIVE: Final = 3
_FIRST_INVENTED_ID: Final = 2_000_000
_DHAN_TYPES: Final = {"equity": "EQUITY", "index": "INDEX", "future": "FUTIDX", "option": "OPTIDX"}


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument as the simulated exchange lists it, with everything a mapping table needs."""

    instrument: str
    """Canonical name, ``EXCHANGE:SYMBOL``."""
    name: str
    kind: str
    """``equity``, ``index``, ``future`` or ``option``."""
    segment: str
    security_id: int
    tick_size: float
    lot_size: int = 1
    price: float
    """Rupees; where the synthetic price wanders about (of the underlying, for derivatives)."""
    expiry: date | None = None
    strike: float | None = None
    option_type: str | None = None
    underlying: str | None = None
    """Canonical name."""

    @property
    def exchange(self) -> str:
        return self.instrument.partition(":")[0]

    @property
    def symbol(self) -> str:
        return self.instrument.partition(":")[2]

    @property
    def key(self) -> tuple[str, int]:
        """Segment and id, unique together."""
        return (self.segment, self.security_id)

    @property
    def seed(self) -> int:
        """A number of its own for everything that chance decides about it."""
        code = SEGMENT_CODES.get(self.segment)
        return (crc32(self.segment.encode()) if code is None else code) << 32 | self.security_id

    @property
    def dhan_type(self) -> str:
        """What Dhan calls its kind, as in ``FUTIDX``."""
        return _DHAN_TYPES[self.kind]

    @property
    def scale(self) -> tuple[int, int]:
        """A price in ticks times the first, by the second, is in rupees: the same float as rounding gives."""
        return (1, round(1 / self.tick_size)) if self.tick_size < 1 else (round(self.tick_size), 1)

    def rupees(self, ticks: int) -> float:
        multiplier, divisor = self.scale
        return ticks * multiplier / divisor

    def ticks(self, rupees: float) -> int:
        """The nearest price on the grid, at least one tick."""
        return max(1, round(rupees / self.tick_size))


def universe(count: int, on: date) -> list[Listing]:
    """The first ``count`` instruments as of a day; a longer list begins with the shorter one."""
    return list(islice(chain(INDICES, _listed(on), _invented()), count))


def option_desk(listings: Sequence[Listing], on: date, strikes: int) -> list[Listing]:
    """The further strikes of a list's option chains, to so many on either side of the money, and the volatility index.

    None for a list that is too short to have the usual ones: who wants few instruments wants few.
    """
    usual, further = _steps(STRIKES_EACH_SIDE), _steps(strikes)[2 * STRIKES_EACH_SIDE + 1 :]
    listed = {listing.instrument for listing in listings}
    if not further or not listed.issuperset(option.instrument for option in _options(on, usual)):
        return []
    return [VOLATILITY_INDEX, *_options(on, further)]


def _listed(on: date) -> Iterator[Listing]:
    """Real equities with a derivative after every few of them, for as long as there are any."""
    derivatives = iter(_derivatives(on))
    for number, listing in enumerate(_equities(), start=1):
        yield listing
        if number % _EQUITIES_PER_DERIVATIVE == 0:
            yield from islice(derivatives, 1)
    yield from derivatives


def _equities() -> Iterator[Listing]:
    for equity in EQUITIES:
        yield Listing(
            instrument=f"NSE:{equity.symbol}",
            name=equity.name,
            kind="equity",
            segment="NSE_EQ",
            security_id=equity.security_id,
            tick_size=equity.tick_size,
            price=equity.price,
        )


def _invented() -> Iterator[Listing]:
    for number in range(1, 1_000_000):
        yield Listing(
            instrument=f"NSE:SIM{number:05d}",
            name=f"Simulated Company {number}",
            kind="equity",
            segment="NSE_EQ",
            security_id=_FIRST_INVENTED_ID + number,
            tick_size=0.05,
            price=50.0 + crc32(str(number).encode()) % 3000,
        )


def _index(symbol: str, name: str, security_id: int, price: float) -> Listing:
    return Listing(
        instrument=f"NSE:{symbol}",
        name=name,
        kind="index",
        segment="IDX_I",
        security_id=security_id,
        tick_size=0.05,
        price=price,
    )


INDICES: Final = (_index("NIFTY", "Nifty 50", 13, 26_000.0), _index("BANKNIFTY", "Nifty Bank", 25, 59_000.0))
VOLATILITY_INDEX: Final = msgspec.structs.replace(_index("INDIA VIX", "India VIX", 21, 13.0), tick_size=0.01)
_LOT_SIZES: Final = {"NIFTY": 75, "BANKNIFTY": 35}
_STRIKE_STEPS: Final = {"NIFTY": 50, "BANKNIFTY": 100}


def _derivatives(on: date) -> Sequence[Listing]:
    """Near and next futures, then the options nearest to the money first."""
    futures = [_future(index, expiry) for expiry in monthly_expiries(on) for index in INDICES]
    return futures + _options(on, _steps(STRIKES_EACH_SIDE))


def _steps(strikes: int) -> list[int]:
    """Strikes away from the money, the nearest first."""
    return sorted(range(-strikes, strikes + 1), key=abs)


def _options(on: date, steps: Sequence[int]) -> list[Listing]:
    """Weekly ones on the first index, monthly ones on the second; ``steps`` are strikes away from the money."""
    expiries = (next_weekly_expiry(on), monthly_expiries(on)[0])
    return [
        _option(index, expiry, step * _STRIKE_STEPS[index.symbol], option_type)
        for step in steps
        for index, expiry in zip(INDICES, expiries, strict=True)
        for option_type in ("CE", "PE")
    ]


def _future(index: Listing, expiry: date) -> Listing:
    symbol = f"{index.symbol}{_expiry_code(expiry)}FUT"
    return _derivative(index, symbol, f"{index.symbol} {expiry:%d %b %Y} future", expiry, kind="future")


def _option(index: Listing, expiry: date, distance: int, option_type: str) -> Listing:
    strike = round(index.price) + distance
    symbol = f"{index.symbol}{_expiry_code(expiry)}{strike}{option_type}"
    name = f"{index.symbol} {expiry:%d %b %Y} {strike} {option_type}"
    option = _derivative(index, symbol, name, expiry, kind="option")
    return msgspec.structs.replace(option, strike=float(strike), option_type=option_type)


def _derivative(index: Listing, symbol: str, name: str, expiry: date, *, kind: str) -> Listing:
    return Listing(
        instrument=f"NFO:{symbol}",
        name=name,
        kind=kind,
        segment="NSE_FNO",
        security_id=30_000 + crc32(symbol.encode()) % 1_000_000,
        tick_size=0.05,
        lot_size=_LOT_SIZES[index.symbol],
        price=index.price,
        expiry=expiry,
        underlying=index.instrument,
    )


def _expiry_code(expiry: date) -> str:
    return f"{expiry:%d%b%y}".upper()


def next_weekly_expiry(on: date) -> date:
    """The Tuesday of or after a day."""
    return on + timedelta(days=(_TUESDAY - on.weekday()) % 7)


def monthly_expiries(on: date) -> tuple[date, date]:
    """The last Tuesdays of this month and the next, counted from the first one that is not over."""
    year, month = on.year, on.month
    if _last_tuesday(year, month) < on:
        year, month = _month_after(year, month)
    return _last_tuesday(year, month), _last_tuesday(*_month_after(year, month))


def _month_after(year: int, month: int) -> tuple[int, int]:
    return (year + 1, 1) if month == 12 else (year, month + 1)


def _last_tuesday(year: int, month: int) -> date:
    last = date(year, month, calendar.monthrange(year, month)[1])
    return last - timedelta(days=(last.weekday() - _TUESDAY) % 7)
