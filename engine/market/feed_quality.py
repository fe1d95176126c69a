"""Feed quality: how late a provider's ticks come, and how many of the minutes it carried were whole."""

from collections import deque
from collections.abc import Iterable

from engine.market.candle import Candle, CandleState
from engine.market.tick import Tick

WINDOW_NS = 60_000_000_000
HOUR_NS = 60 * WINDOW_NS
SAMPLES = 5_000
"""Lags kept of a minute; of more ticks than these the newest count."""
_MILLISECOND_NS = 1_000_000


class Lags:
    """The lags of one provider's ticks: from the exchange's time to our receipt."""

    def __init__(self) -> None:
        self._samples: deque[tuple[int, int]] = deque(maxlen=SAMPLES)

    def heard(self, ticks: Iterable[Tick]) -> None:
        """Live ticks; one that tells of a trade of long ago, as a greeting does, shows no lag."""
        self._samples.extend(
            (tick.ts_recv, tick.ts_recv - tick.ts_event)
            for tick in ticks
            if 0 <= tick.ts_recv - tick.ts_event < WINDOW_NS
        )

    def told(self, now_ns: int) -> tuple[float, float] | None:
        """The median and the 95th of a hundred, in ms, of the last minute; None when nothing came."""
        lags = sorted(lag for at_ns, lag in self._samples if at_ns > now_ns - WINDOW_NS)
        if not lags:
            return None
        return lags[len(lags) // 2] / _MILLISECOND_NS, lags[len(lags) * 95 // 100] / _MILLISECOND_NS


class Completeness:
    """The minutes that one provider closed within the last hour, and how many of them were touched by an interruption."""

    def __init__(self) -> None:
        self._minutes: dict[int, list[int]] = {}
        self._newest: dict[str, int] = {}

    def closed(self, candle: Candle) -> None:
        """A final minute of its own; told a second time it is flagged only then."""
        if candle.timeframe != "1m" or candle.state is not CandleState.FINAL:
            return
        counts = self._minutes.setdefault(candle.time, [0, 0])
        is_new = candle.time > self._newest.get(candle.instrument, -1)
        if is_new:
            self._newest[candle.instrument] = candle.time
            counts[0] += 1
        counts[1] += candle.resolve_required

    def share(self, now_ns: int) -> float | None:
        """The share of whole minutes, from 0 to 1; None when none closed."""
        self._minutes = {time: counts for time, counts in self._minutes.items() if time > now_ns - HOUR_NS - WINDOW_NS}
        closed = sum(counts[0] for counts in self._minutes.values())
        flagged = sum(min(counts) for counts in self._minutes.values())
        return None if not closed else 1 - flagged / closed
