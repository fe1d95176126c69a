"""The quarantine's entries: prices and bars that were not believed, with what spoke against them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal, Self

import msgspec

from engine.market.candle import Candle, CandleState
from engine.market.limits import is_price
from engine.market.tick import Tick


class Suspect(msgspec.Struct, frozen=True, gc=False):
    """A tick that waits for its fate, and what it was judged by."""

    tick: Tick
    believed_price: float | None
    """The last price that was believed; None when there was none to compare with."""
    reach: float
    """How far from that price a tick could have been without being doubted."""

    @property
    def reason(self) -> str:
        if self.believed_price is None:
            return "no price before it to compare with"
        return (
            f"jumped {abs(self.tick.price - self.believed_price):g} from {self.believed_price:g}, limit {self.reach:g}"
        )

    def evidence(self) -> dict[str, Any]:
        """What an operator needs to judge it, and the engine to take it in after all."""
        tick = self.tick
        return {
            "believed_price": self.believed_price,
            "limit": self.reach,
            "day_high": tick.day_high,
            "day_low": tick.day_low,
            "previous_close": tick.previous_close,
            "size": tick.size,
            "volume": tick.volume,
            "open_interest": tick.open_interest,
            "ts_event": tick.ts_event,
            "ts_recv": tick.ts_recv,
            "provider": tick.provider,
        }


class BarFinding(msgspec.Struct, frozen=True, gc=False):
    """A bar of a provider's history that was not believed, and why."""

    bar: Candle
    reason: str

    def evidence(self) -> dict[str, Any]:
        bar = self.bar
        prices = {"open": bar.open, "high": bar.high, "low": bar.low, "close": bar.close}
        return {
            "timeframe": bar.timeframe,
            **{name: price if is_price(price) else None for name, price in prices.items()},
            "volume": bar.volume,
            "provider": bar.source,
        }


def with_tick(minute: Candle | None, tick: Tick, start_ns: int) -> Candle:
    """A closed minute as it would be, had a tick that was discarded been believed.

    Its volume went to the tick after it, so only the range grows; a minute it opens alone has its size.
    """
    price = tick.price
    if minute is None:
        made_of = (price, price, price, price, tick.size, tick.open_interest)
        return Candle(tick.instrument, "1m", start_ns, *made_of, CandleState.FINAL, source=tick.provider)
    return msgspec.structs.replace(minute, high=max(minute.high, price), low=min(minute.low, price))


class Fate(StrEnum):
    """What became of a price that was not believed."""

    HELD = "held"
    RELEASED = "released"
    DISCARDED = "discarded"


class Quarantined(msgspec.Struct, frozen=True, gc=False):
    """One entry of the quarantine. Of the ticks of one instrument with the same time and price there is one entry."""

    instrument: str
    kind: Literal["tick", "bar"]
    ts_ns: int
    """A tick's own time, or a bar's opening."""
    price: float
    """A tick's, or a bar's close; 0 where that is no number."""
    reason: str
    evidence: Mapping[str, Any]
    status: Fate
    decided_by: str = ""
    """``ticks``, ``second source``, ``history``, ``restart`` or an operator; empty while it is held."""
    id: int = 0
    """The store's number."""
    decided_ns: int = 0
    noted_ns: int = 0

    @classmethod
    def of_tick(cls, suspect: Suspect, status: Fate, decided_by: str = "") -> Self:
        tick = suspect.tick
        evidence = suspect.evidence()
        return cls(tick.instrument, "tick", tick.ts_event, tick.price, suspect.reason, evidence, status, decided_by)

    @classmethod
    def of_bar(cls, finding: BarFinding, status: Fate, decided_by: str = "") -> Self:
        bar = finding.bar
        price = bar.close if is_price(bar.close) else 0.0
        return cls(bar.instrument, "bar", bar.time, price, finding.reason, finding.evidence(), status, decided_by)

    @property
    def key(self) -> tuple[str, str, int, float]:
        """What the store tells entries apart by; it knows microseconds."""
        return self.instrument, self.kind, self.ts_ns // 1_000, self.price

    def tick(self) -> Tick:
        """The tick as it came, to be taken in after all."""
        said = self.evidence
        return Tick(
            self.instrument,
            self.price,
            said["size"],
            said["volume"],
            said["ts_event"],
            said["ts_recv"],
            said["provider"],
            said["open_interest"],
        )
