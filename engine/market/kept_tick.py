"""Kept ticks: an instrument's ticks in the order in which they came, each with what was traded by it."""

from datetime import date

import msgspec

from engine.market.calendar import Calendar
from engine.market.tick import Tick
from engine.market.volume import Baseline, VolumeMeter

MICROSECOND_NS = 1_000


class KeptTick(msgspec.Struct, frozen=True, gc=False):
    """A tick as it is kept. Times are microseconds since the epoch, UTC, as the tables have them; units are the tick's."""

    instrument: str
    received_us: int
    """When it came: no two ticks of an instrument have the same, each a later one than the tick before it."""
    event_us: int
    """The exchange's time of the trade."""
    price: float
    size: int
    traded: int
    """What its total moved by since the tick before it (the delta volume)."""
    volume: int | None
    """The session's total."""
    open_interest: int | None
    bid: float | None
    ask: float | None
    provider: str


class TickTape:
    """One instrument's kept ticks: numbers them by their times of receipt, and measures what each of them traded."""

    def __init__(self, calendar: Calendar, *, counts_ticks: bool) -> None:
        """``counts_ticks``: where the feed has no totals, trades count their sizes; false for indices."""
        self._calendar = calendar
        self.counts_ticks = counts_ticks
        self._meter = VolumeMeter(counts_ticks=counts_ticks)
        self._newest_us = 0

    def resume(self, last: KeptTick, now_ns: int) -> None:
        """Goes on after the newest tick that was kept before: with its total, unless trading began anew since."""
        self._newest_us = max(self._newest_us, last.received_us)
        if last.volume is not None:
            baseline = Baseline(last.provider, self._day(last.event_us * MICROSECOND_NS), last.volume)
            state = VolumeMeter(baseline).state()
            self._meter = VolumeMeter.restore(state, self._calendar, now_ns, counts_ticks=self.counts_ticks)

    def add(self, tick: Tick) -> KeptTick:
        """The tick as it is kept, after all before it: one that was held back came when it was let go."""
        self._newest_us = max(self._newest_us + 1, tick.ts_recv // MICROSECOND_NS)
        return KeptTick(
            tick.instrument,
            self._newest_us,
            tick.ts_event // MICROSECOND_NS,
            tick.price,
            tick.size,
            self._meter.measure(tick, self._day(tick.ts_event)),
            tick.volume,
            tick.open_interest,
            tick.bid,
            tick.ask,
            tick.provider,
        )

    def _day(self, time_ns: int) -> date:
        return self._calendar.session_date(time_ns)
