"""The quarantine's entries: prices and bars that were not believed, with what spoke against them."""

from typing import Any

import msgspec

from engine.market.candle import Candle
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
        return {
            "timeframe": bar.timeframe,
            "open": bar.open,
            "high": bar.high,
            "low": bar.low,
            "close": bar.close,
            "volume": bar.volume,
            "provider": bar.source,
        }
