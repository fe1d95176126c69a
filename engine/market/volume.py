"""The volume of one instrument, from the running totals its providers send."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Self

import msgspec

from engine.market.calendar import Calendar
from engine.market.errors import StateError
from engine.market.tick import Tick

_REORDER_NS = 5_000_000_000


class Baseline(msgspec.Struct, frozen=True, gc=False):
    """The running total that the next tick is measured against: whose, of which trading day, and how much."""

    provider: str
    session_date: date
    volume: int

    def state(self) -> dict[str, Any]:
        """Plain values for ``state:{symbol}``."""
        return {"provider": self.provider, "session_date": self.session_date.isoformat(), "volume": self.volume}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        """The baseline that ``state`` gave away."""
        try:
            return cls(str(state["provider"]), date.fromisoformat(state["session_date"]), int(state["volume"]))
        except (KeyError, TypeError, ValueError) as error:
            raise StateError(f"volume baseline {state!r}") from error


class VolumeMeter:
    """Turns cumulative volume into traded volume, tick by tick, in units traded.

    One meter serves one instrument. It never guesses: what the totals do not say was traded between two ticks is
    not traded, and what belongs to no tick is ``unattributed``, so that for every run of ticks
    ``sum(measured) + unattributed == last total - first total``. A new trading day starts from zero. A provider's
    total is never compared with another's: after a switch the first tick only sets the baseline.

    The mark is the highest total seen. A smaller one is a correction and measures 0; the mark stays, because a tick
    that overtook another on the way looks just the same and following it down would count its volume twice. Only a
    total that is still smaller five seconds later is the vendor's restatement, and becomes the new mark.
    """

    __slots__ = (
        "_behind", "_date", "_mark", "_marked_ns", "_overtaken_ns", "_provider", "_restated", "corrections", "counts_ticks",
    )  # fmt: skip

    def __init__(self, baseline: Baseline | None = None, *, counts_ticks: bool = True) -> None:
        self._provider = "" if baseline is None else baseline.provider
        self._date = None if baseline is None else baseline.session_date
        self._mark = 0 if baseline is None else baseline.volume
        self._marked_ns = 0
        self._overtaken_ns = 0
        self._behind = 0
        self._restated = 0
        self.corrections = 0
        """Totals that were smaller than one before, or of a trading day gone by."""
        self.counts_ticks = counts_ticks
        """Where the feed has no volume a tick counts as 1; false for indices, which are not traded."""

    @classmethod
    def restore(
        cls, state: Mapping[str, Any] | None, calendar: Calendar, now_ns: int, *, counts_ticks: bool = True
    ) -> Self:
        """Go on from ``state``. A baseline of an earlier day is of use only until today's trading begins.

        Later than that nobody knows when today's total was traded, so the first tick measures 0 and history heals.
        """
        baseline = None if state is None else Baseline.restore(state)
        day = calendar.trading_day(now_ns)
        if baseline is not None and day is not None and baseline.session_date != day.date and now_ns >= day.start_ns:
            baseline = None
        return cls(baseline, counts_ticks=counts_ticks)

    def state(self) -> dict[str, Any] | None:
        """The baseline as plain values for ``state:{symbol}``; None before the first total."""
        baseline = self.baseline
        return None if baseline is None else baseline.state()

    @property
    def baseline(self) -> Baseline | None:
        """What to store, so that a restart goes on measuring where this run stopped."""
        return None if self._date is None else Baseline(self._provider, self._date, self._mark)

    @property
    def unattributed(self) -> int:
        """What the totals moved without a trade: below zero while they stand under their mark, or were restated."""
        return self._restated + self._behind

    def measure(self, tick: Tick, session_date: date) -> int:
        """The volume traded since the tick before."""
        volume = tick.volume
        if session_date is self._date and volume is not None and tick.provider == self._provider:
            delta = volume - self._mark
            if delta >= 0:
                self._mark = volume
                self._marked_ns = tick.ts_event
                self._behind = 0
                return delta
        return self._measure_other(tick, session_date)

    def _measure_other(self, tick: Tick, session_date: date) -> int:
        volume = tick.volume
        if volume is None:
            self._follow(tick.ts_event)
            # a candle that has real volume today never mixes counted ticks into it
            return 1 if self.counts_ticks and session_date != self._date else 0
        if self._date is None or tick.provider != self._provider:
            return self._start(tick.provider, session_date, volume, tick.ts_event, measured=0)
        if session_date > self._date:
            return self._start(tick.provider, session_date, volume, tick.ts_event, measured=volume)
        if session_date < self._date:
            self.corrections += 1
            self._note_overtaken(tick.ts_event)
            return 0
        self._date = session_date
        if volume < self._mark:
            return self._correct(volume, tick.ts_event)
        self._behind = 0
        return self._start(tick.provider, session_date, volume, tick.ts_event, measured=volume - self._mark)

    def _start(self, provider: str, session_date: date, volume: int, ts_event: int, *, measured: int) -> int:
        self._restated += self._behind
        self._behind = 0
        self._provider, self._date, self._mark, self._marked_ns = provider, session_date, volume, ts_event
        return measured

    def _follow(self, ts_event: int) -> None:
        """Without totals only the time tells the order, and only while no total has been seen."""
        if self._date is not None:
            return
        if ts_event < self._marked_ns:
            self._note_overtaken(ts_event)
        else:
            self._marked_ns = ts_event

    def _note_overtaken(self, ts_event: int) -> None:
        self._overtaken_ns = min(self._overtaken_ns or ts_event, ts_event)

    def take_overtaken(self) -> int:
        """Since when order was lost since last asked, 0 if it was not: opens and closes from there on are in doubt."""
        overtaken_ns, self._overtaken_ns = self._overtaken_ns, 0
        return overtaken_ns

    def _correct(self, volume: int, ts_event: int) -> int:
        self.corrections += 1
        self._note_overtaken(ts_event)
        if self._marked_ns and ts_event - self._marked_ns > _REORDER_NS:
            self._restated += volume - self._mark
            self._behind = 0
            self._mark, self._marked_ns = volume, ts_event
        else:
            self._behind = volume - self._mark
            self._marked_ns = self._marked_ns or ts_event
        return 0
