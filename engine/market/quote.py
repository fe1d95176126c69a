"""The quote: what a provider says of an instrument's last trade when it is asked, as a second source beside its feed."""

from enum import StrEnum

import msgspec

from engine.market.tick import Tick

_SECOND_NS = 1_000_000_000


class Quote(msgspec.Struct, frozen=True, gc=False):
    """An instrument's last trade and its day so far, in the units of a tick. ``None`` means that the provider did not say, or that nothing was traded yet."""

    price: float
    traded_ns: int | None = None
    """The exchange's time of the last trade, UTC."""
    volume: int | None = None
    """Cumulative volume of the session."""
    open_interest: int | None = None
    bid: float | None = None
    ask: float | None = None
    day_open: float | None = None
    day_high: float | None = None
    day_low: float | None = None
    previous_close: float | None = None


class Witness(StrEnum):
    """What a second source says about a silence."""

    IDLE = "idle"
    """Nothing was traded since the last tick."""
    TRADED = "traded"
    """There were trades that the feed did not bring."""
    UNKNOWN = "unknown"
    """The provider knows no such instrument."""


def bear_witness(quote: Quote | None, tick: Tick | None, since_ns: int) -> Witness:
    """What a quote says about the silence since the last tick; without one, about the time since ``since_ns``."""
    if quote is None:
        return Witness.UNKNOWN
    if quote.traded_ns is None:
        if tick is None or tick.volume is None or quote.volume is None:
            return Witness.IDLE
        return Witness.TRADED if quote.volume > tick.volume else Witness.IDLE
    known_ns = since_ns if tick is None else tick.ts_event
    # feeds tell whole seconds; and volumes, which would tell more, are not everywhere counted in the same unit
    return Witness.TRADED if quote.traded_ns > known_ns + _SECOND_NS else Witness.IDLE
