"""The candle book: the forming candles of one instrument, built from its ticks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Self

from engine.market.bar import Bar, order_of
from engine.market.calendar import Bucket, Calendar
from engine.market.candle import Candle, CandleState
from engine.market.errors import StateError
from engine.market.late_news import LateNews
from engine.market.left_out import LeftOut
from engine.market.open_minutes import OpenMinutes
from engine.market.settled import NEVER, Named, SettledBars
from engine.market.tick import Tick
from engine.market.timeframe import DERIVED_TIMEFRAMES, TIMEFRAMES

_STATE_VERSION = 2

LATENESS_NS = 2_000_000_000
"""The lateness bound: so long after its end, by the time of receipt, a bucket still takes ticks (design: end + 2 s)."""


class CandleBook(OpenMinutes):
    """One-minute candles from ticks, and the derived ones from those. One book has one owner.

    The watermark is the newest time of receipt less ``LATENESS_NS``; a bucket is closed once the watermark has passed
    its end. So the candles depend on the ticks and their times of receipt alone, and not on when a timer fired: whoever
    adds a tick first calls ``close_until`` with the tick's own watermark when that has passed ``next_close_ns``.

    Several minutes may be open at once. Within a minute the running total is the order, without one the time of the
    trade, and arrival only where those are equal: the first trade opens the candle and the last one closes it, in
    whatever order they come. A tick that shows neither volume nor a new price is no trade and makes no candle. A tick of
    a closed minute revises it while it is one of the last three, and is reported by ``take_late`` otherwise.

    There are thousands of books: all that is settled lies in one packed buffer, and the calendar with its sessions and
    buckets is shared.
    """

    __slots__ = ("_border_ns", "_closed_ns", "_healed_ns", "_news", "_settled", "instrument", "next_close_ns", "source")

    def __init__(self, instrument: str, calendar: Calendar, source: str, *, since_ns: int = 0) -> None:
        """A book that starts empty. Minutes that ended by ``since_ns`` are history's, whatever ticks still tell."""
        super().__init__(calendar)
        self.instrument = instrument
        self.source = source
        """Who the ticks come from; stands in every candle."""
        self._settled = SettledBars()
        self._border_ns = 0
        """Since when the source is the one it is; what was traded before, another has told."""
        self._news: LateNews | None = None
        self._closed_ns = self._healed_ns = since_ns
        self.next_close_ns: int = NEVER
        """When ``close_until`` has something to do: the end of the oldest open bucket, one minute or derived."""

    @property
    def watermark_ns(self) -> int:
        """What ended by then is closed: the newest time of receipt that mattered, less the lateness bound."""
        return self._closed_ns

    @property
    def late(self) -> bool:
        """A tick came too late for its bucket: ``take_late`` or ``take_revised`` has something to tell."""
        return self._news is not None and self._news.any

    def _add_elsewhere(self, tick: Tick, volume: int) -> bool:
        self._compare(tick)
        bucket = self.calendar.bucket("1m", tick.ts_event)
        volume = volume or self._reclaim(tick, outside=bucket is None)
        if bucket is None:
            return self._leave_outside(tick, volume)
        self._closed_ns = max(self._closed_ns, tick.ts_recv - LATENESS_NS)
        if bucket.end_ns <= self._closed_ns:
            return self._add_late(tick, volume, bucket)
        forming = self._add_open(tick, volume, bucket)
        if forming:
            self.next_close_ns = min(bucket.end_ns, self.next_close_ns)
        return forming

    def _begin_anew(self) -> None:
        super()._begin_anew()
        self._settled.seal()

    def _add_late(self, tick: Tick, volume: int, bucket: Bucket) -> bool:
        if bucket.end_ns <= self._healed_ns:
            return self._leave_out(tick, volume)
        if bucket.end_ns <= self._border_ns:
            return self._leave_to_border(tick, volume, bucket)
        counted = 0 if tick.volume is None else volume  # without totals a repetition looks like a trade
        if tick.size and tick.volume is None:
            self._report_late(bucket)
        changed = self._settled.trade_late(bucket.start_ns, tick, counted)
        if changed is None:
            if volume or tick.price != self._last_price() or order_of(tick) != self._last_order():
                self._report_late(bucket)
            return self._leave_out(tick, volume)
        if self._settled.is_in_doubt(bucket.start_ns, tick):
            self._report_late(bucket)
        self._revise(changed)
        for derived in self.calendar.derived_buckets(bucket.start_ns):
            if changed and derived.end_ns <= self._closed_ns and not self._holds(derived):
                self._report_late(derived)
        return False

    def _leave_to_border(self, tick: Tick, volume: int, bucket: Bucket) -> bool:
        """Whether who carried us then has told of that trade nobody knows, nor whether the first total since holds it."""
        self._report_late(bucket)
        following = self.calendar.bucket("1m", self._border_ns)
        if following is not None:
            self._report_late(following)
        return self._leave_out(tick, volume)

    def _last_order(self) -> int:
        return self._newest.top if self._newest.end_ns else self._settled.last_top

    def _holds(self, bucket: Bucket) -> bool:
        rows = (self._settled.derived(row) for row in range(len(DERIVED_TIMEFRAMES)))
        return any(bar is not None and (bar.start_ns, bar.end_ns) == (bucket.start_ns, bucket.end_ns) for bar in rows)

    def _revise(self, changed: Iterable[Named]) -> None:
        candles = [self._settled_candle(timeframe, bar) for timeframe, bar in changed]
        if candles:
            self._news = self._news or LateNews()
            self._news.revise(candles)

    def _report_late(self, bucket: Bucket) -> None:
        self._news = self._news or LateNews()
        self._news.report(bucket, self._closed_ns)

    @property
    def oldest_ns(self) -> int | None:
        """The opening of the oldest minute at hand, open or closed; None when there is none."""
        oldest_ns = min((bar.start_ns for bar in self._open_minutes()), default=NEVER)
        oldest_ns = min(oldest_ns, self._settled.oldest_minute_ns)
        return None if oldest_ns == NEVER else oldest_ns

    def revision(self, timeframe: str, start_ns: int) -> int:
        """The newest number a closed candle was told under; -1 when it is open, or no longer at hand."""
        return self._settled.revision(timeframe, start_ns)

    def take_late(self) -> list[Bucket]:
        """The closed buckets that ticks came too late for, since last asked: only the provider's history heals them."""
        return [] if self._news is None else self._news.take_buckets()

    def take_revised(self) -> list[Candle]:
        """The revisions of closed candles since last asked."""
        return [] if self._news is None else self._news.take_revised()

    def _find_next_close(self) -> int:
        return min(self._open_end_ns() or NEVER, self._settled.next_end_ns)

    def close_until(self, ns: int) -> list[Candle]:
        """Close what ended by then and give the final candles: minutes first, then by timeframe, each in order of time."""
        self._closed_ns = max(self._closed_ns, ns)
        if ns < self.next_close_ns:
            return []
        minutes = self._take_ended(ns)
        derived: list[Named] = []
        for minute in minutes:
            derived += self._settled.settle(minute, self.calendar.derived_buckets(minute.start_ns), self._gap)
        derived += self._settled.close_until(ns)
        self.next_close_ns = self._find_next_close()
        closed = [self._settled_candle("1m", minute) for minute in minutes]
        if derived:
            derived.sort(key=lambda named: (TIMEFRAMES.index(named[0]), named[1].start_ns))
            closed += [self._settled_candle(timeframe, bar) for timeframe, bar in derived]
        return closed

    def know_closed(self, candles: Sequence[Candle]) -> None:
        """After a restart: these minutes were closed and told after the state was taken, and are not told again.

        With them went the derived bars that ended by then.
        """
        if not candles:
            return
        for candle in sorted(candles, key=lambda candle: candle.time):
            bucket = self.calendar.bucket("1m", candle.time)
            if bucket is None or bucket.end_ns <= self._closed_ns:
                continue
            self._closed_ns = bucket.end_ns
            earlier = [bar for bar in self._take_ended(bucket.end_ns) if bar.start_ns < candle.time]
            for bar in (*earlier, Bar.of(candle, bucket.end_ns)):
                self._settled.settle(bar, self.calendar.derived_buckets(bar.start_ns), self._gap)
            self._settled.close_until(bucket.end_ns)
        self.next_close_ns = self._find_next_close()

    def _settled_candle(self, timeframe: str, bar: Bar) -> Candle:
        state = CandleState.REVISED if bar.revision else CandleState.FINAL
        return bar.candle(self.instrument, timeframe, self.source, state)

    def forming(self, timeframe: str) -> Candle | None:
        """The candle of that timeframe as it stands; None when no trade has opened one."""
        if timeframe == "1m":
            minute = self._newest
            return self._forming_candle("1m", minute) if minute.end_ns else None
        bar = self._forming_derived(DERIVED_TIMEFRAMES.index(timeframe), self._open_minutes())
        return None if bar is None else self._forming_candle(timeframe, bar)

    def forming_minutes(self) -> list[Candle]:
        """The open minutes, oldest first: the newest, and those that wait for the clock to close them."""
        return [self._forming_candle("1m", bar) for bar in self._open_minutes()]

    def forming_all(self) -> list[Candle]:
        """The forming candles of all timeframes, the open minutes first."""
        minutes = self._open_minutes()
        candles = [self._forming_candle("1m", bar) for bar in minutes]
        for row, timeframe in enumerate(DERIVED_TIMEFRAMES):
            bar = self._forming_derived(row, minutes)
            if bar is not None:
                candles.append(self._forming_candle(timeframe, bar))
        return candles

    def _forming_candle(self, timeframe: str, bar: Bar) -> Candle:
        return bar.candle(self.instrument, timeframe, self.source, CandleState.FORMING)

    def _forming_derived(self, row: int, minutes: Sequence[Bar]) -> Bar | None:
        bar = self._settled.forming(row)
        for minute in minutes:
            bucket = self.calendar.derived_buckets(minute.start_ns)[row]
            if bar is not None and bar.start_ns == bucket.start_ns:
                bar.merge(minute)
            else:
                bar = minute.spanning(bucket.start_ns, bucket.end_ns)
                bar.mark_if_touched(*self._gap)
        return bar

    def flag(self, from_ns: int, to_ns: int) -> list[Candle]:
        """The feed was interrupted in ``[from_ns, to_ns)``: everything it touched needs healing, buckets not open yet too.

        Gives the closed candles among it, as their flag is news to whoever stored them.
        """
        if to_ns >= self._gap[1]:
            self._gap = (from_ns, to_ns)
        for minute in self._open_minutes():
            minute.mark_if_touched(from_ns, to_ns)
        return [self._settled_candle(timeframe, bar) for timeframe, bar in self._settled.flag(from_ns, to_ns)]

    def succeed(self, source: str, border_ns: int) -> None:
        """From that time on the ticks come from another provider; the bars that it cuts are mixed."""
        self.source, self._border_ns = source, border_ns
        for minute in self._open_minutes():
            minute.mix_if_cut(border_ns)
        self._settled.mix_cut(border_ns)

    def rebuild(self, minutes: Sequence[Candle], through_ns: int) -> bool:
        """Heal: the trading day's minutes up to ``through_ns`` (exclusive) replace what the derived candles are made of.

        What came since stays on top. False, and nothing changed, when minutes closed since ``through_ns`` are no
        longer at hand: fetch the history anew. What had closed by ``through_ns`` is the caller's to revise; derived
        candles that closed since and now differ come with ``take_revised``.
        """
        if self._settled.evicted_ns > through_ns:
            return False
        before, self._settled = self._settled, SettledBars()
        self._leave_to_history(through_ns)
        kept = [bar for bar in before.minutes() if bar.start_ns >= through_ns]
        left: list[Named] = []
        for bar in [*self._healed(minutes, through_ns), *kept]:
            left += self._settled.settle(bar, self.calendar.derived_buckets(bar.start_ns), self._gap)
        self._settled.forget_minutes(through_ns)
        self._revise(self._redone(left, before, through_ns))
        self._revise(self._rederive(before, through_ns))
        self.next_close_ns = self._find_next_close()
        return True

    def _redone(self, left: Sequence[Named], before: SettledBars, through_ns: int) -> Iterator[Named]:
        """Derived bars that ended, and were followed by the next one, while the history was fetched."""
        for timeframe, bar in left:
            if bar.start_ns < through_ns < bar.end_ns:
                known = (minute.revision for minute in before.minutes() if bar.start_ns <= minute.start_ns < bar.end_ns)
                bar.revision = 1 + sum(known)
                yield timeframe, bar

    def _leave_to_history(self, through_ns: int) -> None:
        self._healed_ns = max(self._healed_ns, through_ns)
        self._closed_ns = max(self._closed_ns, through_ns)
        gap_from, gap_to = self._gap
        self._gap = (max(gap_from, through_ns), gap_to) if gap_to > through_ns else (0, 0)
        self._forget_open(through_ns)
        if self._news is not None:
            self._news.mended(through_ns)

    def _healed(self, minutes: Sequence[Candle], through_ns: int) -> Iterator[Bar]:
        for minute in sorted(minutes, key=lambda candle: candle.time):
            bucket = self.calendar.bucket("1m", minute.time)
            if bucket is not None and minute.time < through_ns:
                yield Bar.of(minute, bucket.end_ns)

    def _rederive(self, before: SettledBars, through_ns: int) -> Iterator[Named]:
        for timeframe, bar in self._settled.close_until(self._closed_ns):
            row = DERIVED_TIMEFRAMES.index(timeframe)
            known = before.derived(row)
            if known is None or known.start_ns != bar.start_ns or bar.end_ns <= through_ns:
                self._settled.replace(row, None)  # not ours to revise
                continue
            bar.revision = known.revision
            if bar.state() != known.state():
                bar.revision += 1
                yield timeframe, bar
            self._settled.replace(row, bar)

    def state(self) -> dict[str, Any]:
        """Everything a restart needs, as plain values that msgpack can write."""
        return {
            "version": _STATE_VERSION,
            "minutes": [bar.state() for bar in self._open_minutes()],
            "bars": self._settled.packed(),
            "closed_ns": self._closed_ns,
            "healed_ns": self._healed_ns,
            "gap": list(self._gap),
            "price": self._last_price(),
            "provider": self._provider,
            "left_out": None if self._left_out is None else self._left_out.state(),
        }

    @staticmethod
    def unclosed_ns(state: Mapping[str, Any]) -> int | None:
        """The opening of the oldest minute that a state holds open; None when it holds none, or is no state of ours."""
        try:
            return min((int(bar[0]) for bar in state["minutes"]), default=None)
        except (KeyError, TypeError, ValueError, IndexError):
            return None

    @classmethod
    def restore(
        cls, instrument: str, calendar: Calendar, source: str, state: Mapping[str, Any] | None, now_ns: int
    ) -> Self:
        """Go on where ``state`` was taken; of an earlier trading day only the last price and the counters still hold.

        Without a state the book starts empty, now. The caller flags the time in between, as nobody saw it.
        """
        book = cls(instrument, calendar, source, since_ns=now_ns)
        if state is not None:
            try:
                book._resume(state, now_ns)
            except (KeyError, TypeError, ValueError) as error:
                raise StateError(f"{instrument}: {error!r}") from error
        return book

    def _resume(self, state: Mapping[str, Any], now_ns: int) -> None:
        if state["version"] != _STATE_VERSION:
            raise StateError(f"{self.instrument}: version {state['version']!r}, this program writes {_STATE_VERSION}")
        self._price = state["price"]
        self._provider = state["provider"]
        self._left_out = None if state["left_out"] is None else LeftOut.restore(state["left_out"])
        minutes = [Bar.restore(bar) for bar in state["minutes"]]
        settled = SettledBars(state["bars"])
        closed_ns, healed_ns, (gap_from, gap_to) = state["closed_ns"], state["healed_ns"], state["gap"]
        started_ns = max((bar.start_ns for bar in minutes), default=0)
        started_ns = max(started_ns, settled.newest_ns)
        if self.session_date(started_ns) != self.session_date(now_ns):
            return
        self._settled = settled
        self._set_open(minutes)
        self._closed_ns, self._healed_ns, self._gap = closed_ns, healed_ns, (gap_from, gap_to)
        self.next_close_ns = self._find_next_close()
