"""A live option chain at one instant: what each leg costs and is worth, and what all of them say together."""

from datetime import date
from enum import StrEnum

import msgspec


class Quality(StrEnum):
    """How far a leg's quote can be trusted; the first of these that applies."""

    UNKNOWN = "unknown"
    """Nothing was heard of it."""
    CROSSED = "crossed"
    """Its bid is above its ask."""
    BELOW_INTRINSIC = "below_intrinsic"
    """It costs less than exercising it at the forward would bring."""
    STALE = "stale"
    """Its quote is older than the chain allows."""
    NO_BID = "no_bid"
    """Nobody wants to buy it."""
    GOOD = "good"


class BuildUp(StrEnum):
    """What price and open interest did together since the previous close."""

    LONG_BUILD_UP = "long_build_up"
    """Both rose: new buyers."""
    SHORT_BUILD_UP = "short_build_up"
    """Price fell, interest rose: new sellers."""
    SHORT_COVERING = "short_covering"
    """Price rose, interest fell: sellers leave."""
    LONG_UNWINDING = "long_unwinding"
    """Both fell: buyers leave."""


class ForwardSource(StrEnum):
    """Where a chain's forward price comes from, the best first."""

    FUTURE = "future"
    """The future on the underlying that expires on the same day, or that the options are exercised into."""
    PARITY = "parity"
    """Put-call parity of the strikes around the money."""
    SPOT = "spot"
    """The underlying, carried at the stated rate."""
    OLD_PARITY = "old_parity"
    """Put-call parity of prices that are old, as nothing is fresh."""


class Leg(msgspec.Struct, frozen=True, gc=False):
    """One option. ``None`` is what is not known or can not be computed; quantities in units traded."""

    instrument: str
    """Canonical name."""
    ltp: float | None = None
    bid: float | None = None
    ask: float | None = None
    volume: int | None = None
    """Of the day."""
    oi: int | None = None
    oi_change: int | None = None
    """Since the previous close."""
    oi_change_open: int | None = None
    """Since the first that was heard today."""
    previous_close: float | None = None
    iv: float | None = None
    """Implied volatility, per cent a year."""
    delta: float | None = None
    """Of the forward, discounted."""
    gamma: float | None = None
    theta: float | None = None
    """A calendar day."""
    vega: float | None = None
    """For one per cent of volatility."""
    reason: str | None = None
    """Why there is no implied volatility."""
    priced_by: str | None = None
    """``mid`` or ``ltp``: the price that volatility and Greeks were computed from."""
    quote_age_ms: int | None = None
    """Since anything was heard of it."""
    bid_ask_age_ms: int | None = None
    """Since bid and ask were told, also that nobody quotes; where a feed tells last prices alone these are newer."""
    quality: Quality = Quality.UNKNOWN
    build_up: BuildUp | None = None
    polled: bool = False
    """Whether its quote was asked for, rather than heard on a feed."""
    reasons: dict[str, str] = {}
    """Why its open interest and the changes of it are not known, by field; of volatility see ``reason``."""


class StrikeLegs(msgspec.Struct, frozen=True):
    """Both options of a strike; one of them may be missing."""

    strike: float
    ce: Leg | None = None
    pe: Leg | None = None


class Wall(msgspec.Struct, frozen=True):
    """A strike with much open interest."""

    strike: float
    oi: int


class ChainSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """All options of one underlying that expire on one day, at one instant."""

    underlying: str
    """Canonical name."""
    expiry: date
    expires_at: int
    """The exchange's closing time of that day, unix milliseconds."""
    as_of: int
    """The instant of all of it, unix milliseconds."""
    spot: float | None = None
    spot_age_ms: int | None = None
    """Since it was told; of the others likewise."""
    future: str | None = None
    """Canonical name of the future that expires first on or after the chain's expiry."""
    future_price: float | None = None
    future_age_ms: int | None = None
    forward: float | None = None
    """The underlying's price for delivery at expiry, which all volatilities and Greeks refer to."""
    forward_source: ForwardSource | None = None
    forward_age_ms: int | None = None
    """Since the oldest of the prices that it is made of was told."""
    rate: float = 0.0
    """Interest, per cent a year, continuously compounded."""
    days: float = 0.0
    """Until expiry, of 24 hours, from the instant that the prices are of: while the exchange is closed, its last close."""
    vix: float | None = None
    vix_age_ms: int | None = None
    atm: float | None = None
    """The strike nearest to the forward."""
    atm_iv: float | None = None
    """Of both options at the money, averaged, per cent; of one, where only that has one."""
    straddle: float | None = None
    """What both options at the money cost together."""
    ce_oi: int | None = None
    """Of the options of which it is known; None where it is of none."""
    pe_oi: int | None = None
    ce_volume: int | None = None
    pe_volume: int | None = None
    pcr_oi: float | None = None
    """Open interest of puts by that of calls; None where that of either is not known."""
    pcr_volume: float | None = None
    max_pain: float | None = None
    """The strike at which the options' holders together would get least."""
    ce_walls: tuple[Wall, ...] = ()
    """Strikes with the most open interest of calls, the largest first."""
    pe_walls: tuple[Wall, ...] = ()
    strikes: tuple[StrikeLegs, ...] = ()
    """Lowest first."""
    day: date | None = None
    """The trading day that volumes are of; ``oi_change_open`` counts from the first that was heard while it traded."""
    previous_day: date | None = None
    """The trading day before, from whose close ``oi_change`` counts."""
    provider: str = ""
    """Who brought most of it; empty while nothing was heard of any option."""
    reasons: dict[str, str] = {}
    """Why each figure of the whole chain that is not known is not known, by its field."""
