"""Backfilling: a provider's history into the stores, a month of one instrument at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import msgspec

from engine.market import DERIVED_TIMEFRAMES, TIMEFRAMES, Calendar, Calendars, Candle, CandleState, derive, flaw_of
from engine.market.healing import revision_of
from engine.providers.base import History, Route
from engine.storage.durable import DailyCandle, DurableStore
from engine.storage.hot import HotStore

SETTLE_NS = 5_000_000_000
"""How long after its end a bar is taken from the provider's history as it is."""

_DAYS_A_PORTION = 30
_DAY_NS = 86_400_000_000_000


class Portion(msgspec.Struct, frozen=True):
    """What is fetched and saved at once: the days ``first`` to ``last`` of one instrument, both included."""

    route: Route
    first: date
    last: date


def portions(routes: Sequence[Route], first: date, last: date) -> Iterator[Portion]:
    """The whole work, in portions."""
    for route in routes:
        for start in range(first.toordinal(), last.toordinal() + 1, _DAYS_A_PORTION):
            end = min(date.fromordinal(start) + timedelta(days=_DAYS_A_PORTION - 1), last)
            yield Portion(route, date.fromordinal(start), end)


@dataclass(frozen=True, slots=True)
class Backfiller:
    """Brings portions of history into PostgreSQL, and into Redis what it still keeps; safe to repeat."""

    history: History
    hot: HotStore
    durable: DurableStore
    calendars: Calendars
    retention_days: int
    now_ns: int
    """Bars that have not ended by then are left to the engine."""

    async def fill(self, portion: Portion) -> int:
        """How many candles and days were new or changed."""
        calendar = self.calendars.of(portion.route.instrument)
        days = list(calendar.trading_days(portion.first, portion.last))
        if not days:
            return 0
        told = await self.history.minutes(portion.route, days[0].start_ns, min(days[-1].end_ns, self.now_ns))
        minutes = [minute for minute in told if not flaw_of(minute)]
        candles = [candle for candle in self._ended(calendar, minutes) if candle.timeframe != "1d"]
        revised = await self._revised(portion.route.instrument, candles, days[0].start_ns, days[-1].end_ns)
        daily = list(self._days(calendar, await self.history.days(portion.route, portion.first, portion.last)))
        saved = await self.durable.save(revised, daily)
        kept_ns = self.now_ns - self.retention_days * _DAY_NS
        await self.hot.write_candles([candle for candle in revised if candle.time >= kept_ns])
        return saved.written

    async def _revised(self, instrument: str, candles: Sequence[Candle], start_ns: int, end_ns: int) -> list[Candle]:
        """Those that are new or differ from what stands, numbered after it: a repetition changes nothing.

        Of what both stores hold in the same revision the flagged counts, or its flag would outlive the numbers' proof.
        """
        standing: dict[tuple[str, int], Candle] = {}
        for timeframe in TIMEFRAMES[:-1]:
            for store in (self.durable, self.hot):
                for old in await store.candles(instrument, timeframe, start_ns, end_ns):
                    known = standing.get((timeframe, old.time))
                    if known is None or _rank(known) < _rank(old):
                        standing[timeframe, old.time] = old
        revisions = (revision_of(standing.get((candle.timeframe, candle.time)), candle) for candle in candles)
        return [revision for revision in revisions if revision is not None]

    def _ended(self, calendar: Calendar, minutes: Sequence[Candle]) -> Iterator[Candle]:
        """The minutes and what they make up, as far as it is over."""
        final = [msgspec.structs.replace(minute, state=CandleState.FINAL) for minute in minutes]
        longer = (candle for timeframe in DERIVED_TIMEFRAMES for candle in derive(final, timeframe, calendar))
        for candle in (*final, *longer):
            bucket = calendar.bucket(candle.timeframe, candle.time)
            if bucket and bucket.end_ns + SETTLE_NS <= self.now_ns:
                yield candle

    def _days(self, calendar: Calendar, days: Sequence[Candle]) -> Iterator[DailyCandle]:
        for candle in days:
            day = calendar.day(calendar.local_date(candle.time))
            if day and day.end_ns + SETTLE_NS <= self.now_ns:
                bar = msgspec.structs.replace(candle, time=day.start_ns, state=CandleState.FINAL)
                yield DailyCandle(day.date, bar)


def _rank(candle: Candle) -> tuple[int, bool]:
    return candle.revision, candle.resolve_required
