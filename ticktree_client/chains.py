"""Option chains: all options of one underlying that expire on one day, at one instant."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One option. ``None`` is what is not known or can not be computed; quantities in units traded."""

    instrument: str
    ltp: float | None
    bid: float | None
    ask: float | None
    volume: int | None
    oi: int | None
    oi_change: int | None
    """Since the previous close."""
    oi_change_open: int | None
    """Since the first of today."""
    previous_close: float | None
    iv: float | None
    """Implied volatility, per cent a year."""
    delta: float | None
    gamma: float | None
    theta: float | None
    """A calendar day."""
    vega: float | None
    """For one per cent of volatility."""
    reason: str | None
    """Why there is no implied volatility."""
    quote_age_ms: int | None
    quality: str
    """``good``, ``no_bid``, ``stale``, ``below_intrinsic``, ``crossed`` or ``unknown``."""
    build_up: str | None
    """``long_build_up``, ``short_build_up``, ``short_covering`` or ``long_unwinding``."""


@dataclass(frozen=True, slots=True)
class Strike:
    """Both options of a strike; one of them may be missing."""

    strike: float
    ce: Leg | None
    pe: Leg | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """What the options cost and are worth, and what all of them say together."""

    underlying: str
    expiry: date
    expires_at: datetime
    as_of: datetime
    """The instant of all of it."""
    spot: float | None
    future: str | None
    future_price: float | None
    forward: float | None
    """The underlying's price for delivery at expiry, which all volatilities and Greeks refer to."""
    forward_source: str | None
    """``future``, ``parity`` or ``spot``."""
    rate: float
    """Interest, per cent a year."""
    vix: float | None
    atm: float | None
    atm_iv: float | None
    straddle: float | None
    pcr_oi: float | None
    """Open interest of puts by that of calls."""
    pcr_volume: float | None
    max_pain: float | None
    strikes: tuple[Strike, ...]
    """Lowest first."""
    provider: str
