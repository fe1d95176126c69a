"""Option chains: all options of one underlying that expire on one day, at one instant."""

from collections.abc import Mapping
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
    priced_by: str | None
    """``mid`` or ``ltp``: the price that volatility and Greeks were computed from."""
    quote_age_ms: int | None
    """Since anything was heard of it."""
    bid_ask_age_ms: int | None
    """Since bid and ask were told, also that nobody quotes."""
    quality: str
    """``good``, ``no_bid``, ``stale``, ``below_intrinsic``, ``crossed`` or ``unknown``."""
    build_up: str | None
    """``long_build_up``, ``short_build_up``, ``short_covering`` or ``long_unwinding``."""
    polled: bool
    """Whether its quote was asked for, rather than heard on a feed."""
    reasons: Mapping[str, str]
    """Why its open interest and the changes of it are not known, by their names."""


@dataclass(frozen=True, slots=True)
class Strike:
    """Both options of a strike; one of them may be missing."""

    strike: float
    ce: Leg | None
    pe: Leg | None


@dataclass(frozen=True, slots=True)
class Wall:
    """A strike with much open interest."""

    strike: float
    oi: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """What the options cost and are worth, and what all of them say together."""

    underlying: str
    expiry: date
    expires_at: datetime
    as_of: datetime
    """The instant of all of it."""
    spot: float | None
    spot_age_ms: int | None
    """Since it was told; of the others likewise."""
    future: str | None
    future_price: float | None
    future_age_ms: int | None
    forward: float | None
    """The underlying's price for delivery at expiry, which all volatilities and Greeks refer to."""
    forward_source: str | None
    """``future``, ``parity``, ``spot`` or, of prices that are old, ``old_parity``."""
    forward_age_ms: int | None
    """Since the oldest of the prices that it is made of was told."""
    rate: float
    """Interest, per cent a year."""
    days: float
    """Until expiry, of 24 hours."""
    vix: float | None
    vix_age_ms: int | None
    atm: float | None
    """The strike nearest to the forward."""
    atm_iv: float | None
    straddle: float | None
    """What both options at the money cost together."""
    ce_oi: int | None
    """Of the options of which it is known; None where it is of none."""
    pe_oi: int | None
    ce_volume: int | None
    pe_volume: int | None
    pcr_oi: float | None
    """Open interest of puts by that of calls."""
    pcr_volume: float | None
    max_pain: float | None
    """The strike at which the options' holders together would get least."""
    ce_walls: tuple[Wall, ...]
    """Strikes with the most open interest of calls, the largest first."""
    pe_walls: tuple[Wall, ...]
    day: date | None
    """The trading day that volumes are of, and from whose open ``oi_change_open`` counts."""
    previous_day: date | None
    """The trading day from whose close ``oi_change`` counts."""
    reasons: Mapping[str, str]
    """Why each of these that is None or empty is not known, by its name."""
    strikes: tuple[Strike, ...]
    """Lowest first."""
    provider: str
    """Who brought most of it; empty while nothing was heard of any option."""
    degraded: str = ""
    """Of one that was asked for: why nobody keeps it fresh; empty when somebody does."""
