"""The candle book: the forming candles of one instrument, built from its ticks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Self

from engine.market.bar import TICKS, UNKNOWN, Bar
from engine.market.calendar import Bucket, Calendar
from engine.market.candle import Candle, CandleState
from engine.market.errors import StateError
from engine.market.settled import Named, SettledBars
from engine.market.tick import Tick
from engine.market.timeframe import DERIVED_TIMEFRAMES, TIMEFRAMES

_STATE_VERSION = 1

LATENESS_NS = 2_000_000_000
"""The lateness bound: so long after its end, by the time of receipt, a bucket still takes ticks (design: end + 2 s)."""
NEVER = SettledBars.NEVER
"""``next_close_ns`` while no bucket is open."""


class CandleBook:
    """One-minute candles from ticks, and the derived ones from those. One book has one owner.

    The watermark is the newest time of receipt less ``LATENESS_NS``; a bucket is closed once the watermark has passed
    its end. So the candles depend on the ticks and their times of receipt alone, and not on when a timer fired: whoever
    adds a tick first calls ``close_until`` with the tick's own watermark when that has passed ``next_close_ns``.

    Several minutes may be open at once. Within a minute arrival is the order: the first tick to arrive opens it, the
    last trade to arrive closes it. A tick that shows neither volume nor a new price is no trade and makes no candle. A
    tick of a closed minute revises it while it is one of the last three, and is reported by ``take_late`` otherwise.

    There are thousands of books: the newest minute lives in plain slots, all that is settled in one packed buffer,
    and the calendar with its sessions and buckets is shared.
    """

    __slots__ = (
        "_base", "_close", "_closed_ns", "_end", "_gap", "_healed_ns", "_high", "_late", "_low", "_minute_flags", "_older",
        "_open", "_open_interest", "_revised", "_settled", "_start", "_volume", "calendar", "instrument", "late",
        "next_close_ns", "outside_session", "source", "unattributed",
    )  # fmt: skip

    def __init__(self, instrument: str, calendar: Calendar, source: str, *, since_ns: int = 0) -> None:
        """A book that starts empty. Minutes that ended by ``since_ns`` are history's, whatever ticks still tell."""
        self.instrument = instrument
        self.calendar = calendar
        self.source = source
        """Who the ticks come from; stands in every candle."""
        self.outside_session = 0
        """Ticks that came while the exchange was closed, or in an auction."""
        self.unattributed = 0
        """Volume that entered no candle: traded outside of every session, or told too late."""
        self.late = False
        """A tick came too late for its bucket: ``take_late`` and ``take_revised`` have something to tell."""
        self._start = self._end = self._volume = self._minute_flags = 0
        self._open = self._high = self._low = 0.0
        self._base = UNKNOWN
        self._close: float | None = None
        self._open_interest: int | None = None
        self._older: list[Bar] | None = None
        self._settled = SettledBars()
        self._closed_ns = self._healed_ns = since_ns
        self._gap = (0, 0)
        self._late: list[Bucket] | None = None
        self._revised: list[Candle] | None = None
        self.next_close_ns = NEVER
        """When ``close_until`` has something to do: the end of the oldest open bucket, one minute or derived."""

    @property
    def watermark_ns(self) -> int:
        """What ended by then is closed: the newest time of receipt that mattered, less the lateness bound."""
        return self._closed_ns

    def session_date(self, ns: int) -> date:
        """The trading day that volume counts for at that time."""
        return self.calendar.session_date(ns)

    def add(self, tick: Tick, volume: int) -> bool:
        """Take in a tick and the volume measured for it; true when it went into a forming candle."""
        if self._start <= tick.ts_event < self._end:
            price = tick.price
            if price > self._high:
                self._high = price
            elif price < self._low:
                self._low = price
            if volume:
                self._volume += volume
                self._close = price
            elif not tick.volume:
                self._close = price
            open_interest = tick.open_interest
            if open_interest is not None:
                self._open_interest = open_interest
            return True
        return self._add_elsewhere(tick, volume)

    def _add_elsewhere(self, tick: Tick, volume: int) -> bool:
        bucket = self.calendar.bucket("1m", tick.ts_event)
        if bucket is None:
            self.outside_session += 1
            return self._leave_out(tick, volume or self._reclaim(tick))
        self._closed_ns = max(self._closed_ns, tick.ts_recv - LATENESS_NS)
        if bucket.end_ns <= self._closed_ns:
            return self._add_late(tick, volume, bucket)
        if bucket.start_ns < self._start:
            return self._add_older(tick, volume, bucket)
        if not self._is_trade(tick, volume):
            return self._leave_out(tick, volume)
        self._set_open([*self._open_minutes(), self._opened(tick, volume, bucket)])
        return True

    def _add_older(self, tick: Tick, volume: int, bucket: Bucket) -> bool:
        """A tick that newer minutes overtook."""
        base = next(bar.base for bar in self._open_minutes() if bar.start_ns > bucket.start_ns)
        volume = volume or self._reclaim(tick)
        minutes = self._open_minutes()
        own = next((bar for bar in minutes if bar.start_ns == bucket.start_ns), None)
        if own is not None:
            own.trade(tick.price, volume, tick.open_interest, closes=bool(volume) or not tick.volume)
        elif self._is_trade(tick, volume):
            own = self._opened(tick, volume, bucket)
            own.base = base
            minutes.append(own)
        else:
            return self._leave_out(tick, volume)
        self._set_open(minutes)
        return True

    def _reclaim(self, tick: Tick) -> int:
        """Take back what the open minute after a tick was given of its volume, because it arrived first."""
        minutes = self._open_minutes()
        following = next((bar for bar in minutes if bar.start_ns > tick.ts_event), None)
        if following is None or not tick.volume:
            return 0
        if self.session_date(tick.ts_event) != self.session_date(following.start_ns):
            return 0
        moved = following.yield_to(tick.volume)
        self._set_open(minutes)
        return moved

    def _is_trade(self, tick: Tick, volume: int) -> bool:
        if volume or tick.volume is None:
            return True
        if self._close is None:
            return tick.volume > 0  # nothing to compare with: a first tick after the start
        return tick.price != self._close

    def _leave_out(self, tick: Tick, volume: int) -> bool:
        if tick.volume is not None:
            self.unattributed += volume
        if self._close is None:
            self._close = tick.price
        return False

    def _opened(self, tick: Tick, volume: int, bucket: Bucket) -> Bar:
        price = tick.price
        flags = TICKS if tick.volume is None and volume else 0
        base = UNKNOWN if tick.volume is None else tick.volume - volume
        bar = Bar(
            bucket.start_ns, bucket.end_ns, price, price, price, price, volume, tick.open_interest, 0, flags, base
        )  # fmt: skip
        bar.mark_if_touched(*self._gap)
        return bar

    def _open_minutes(self) -> list[Bar]:
        newest = [self._newest()] if self._end else []
        return [*(self._older or ()), *newest]

    def _set_open(self, minutes: list[Bar]) -> None:
        minutes.sort(key=lambda bar: bar.start_ns)
        self._older = minutes[:-1] or None
        self._put_newest(minutes[-1])
        self.next_close_ns = self._find_next_close()

    def _newest(self) -> Bar:
        assert self._close is not None
        return Bar(
            self._start, self._end, self._open, self._high, self._low, self._close, self._volume, self._open_interest,
            0, self._minute_flags, self._base,
        )  # fmt: skip

    def _put_newest(self, bar: Bar) -> None:
        self._start, self._end, self._minute_flags = bar.start_ns, bar.end_ns, bar.flags
        self._open, self._high, self._low, self._close = bar.open, bar.high, bar.low, bar.close
        self._volume, self._open_interest, self._base = bar.volume, bar.open_interest, bar.base

    def _add_late(self, tick: Tick, volume: int, bucket: Bucket) -> bool:
        if bucket.end_ns <= self._healed_ns or not self._is_trade(tick, volume):
            return self._leave_out(tick, volume)
        counted = 0 if tick.volume is None else volume  # without totals a repetition looks like a trade
        changed = self._settled.trade_late(bucket.start_ns, tick.price, counted, tick.open_interest)
        if changed is None:
            self._report_late(bucket)
            return self._leave_out(tick, volume)
        if tick.volume is None and tick.price != self._settled.close_of(bucket.start_ns):
            self._report_late(bucket)  # nothing tells a repetition from the last trade
        self._report_revised(changed)
        for derived in self.calendar.derived_buckets(bucket.start_ns):
            if changed and derived.end_ns <= self._closed_ns and not self._holds(derived):
                self._report_late(derived)
        return False

    def _holds(self, bucket: Bucket) -> bool:
        rows = (self._settled.derived(row) for row in range(len(DERIVED_TIMEFRAMES)))
        return any(bar is not None and (bar.start_ns, bar.end_ns) == (bucket.start_ns, bucket.end_ns) for bar in rows)

    def _report_late(self, bucket: Bucket) -> None:
        self._late = self._late or []
        self.late = True
        if bucket not in self._late:
            self._late.append(bucket)

    def _report_revised(self, changed: Iterable[Named]) -> None:
        candles = [self._settled_candle(timeframe, bar) for timeframe, bar in changed]
        if candles:
            self._revised = [*(self._revised or ()), *candles]
            self.late = True

    @property
    def oldest_ns(self) -> int | None:
        """The opening of the oldest minute at hand, open or closed; None when there is none."""
        return min((bar.start_ns for bar in (*self._settled.minutes(), *self._open_minutes())), default=None)

    def revision(self, timeframe: str, start_ns: int) -> int:
        """The newest number a closed candle was told under; -1 when it is open, or no longer at hand."""
        return self._settled.revision(timeframe, start_ns)

    def take_late(self) -> list[Bucket]:
        """The closed buckets that ticks came too late for, since last asked: only the provider's history heals them."""
        late, self._late = self._late or [], None
        self.late = self._revised is not None
        return late

    def take_revised(self) -> list[Candle]:
        """The revisions of closed candles since last asked."""
        revised, self._revised = self._revised or [], None
        self.late = self._late is not None
        return revised

    def _find_next_close(self) -> int:
        oldest = self._older[0].end_ns if self._older else self._end or NEVER
        return min(oldest, self._settled.next_end_ns)

    def close_until(self, ns: int) -> list[Candle]:
        """Close what ended by then and give the final candles: minutes first, then by timeframe, each in order of time."""
        self._closed_ns = max(self._closed_ns, ns)
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

    def _take_ended(self, ns: int) -> list[Bar]:
        ended: list[Bar] = []
        if self._older:
            ended = [bar for bar in self._older if bar.end_ns <= ns]
            self._older = [bar for bar in self._older if bar.end_ns > ns] or None
        if self._end and self._end <= ns:
            ended.append(self._newest())
            self._start = self._end = 0
        return ended

    def _settled_candle(self, timeframe: str, bar: Bar) -> Candle:
        state = CandleState.REVISED if bar.revision else CandleState.FINAL
        return bar.candle(self.instrument, timeframe, self.source, state)

    def forming(self, timeframe: str) -> Candle | None:
        """The candle of that timeframe as it stands; None when no trade has opened one."""
        if timeframe == "1m":
            minute = self._newest() if self._end else self._older[-1] if self._older else None
            return None if minute is None else self._forming_candle("1m", minute)
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
        older = self._older or ()
        for bar in older:
            bar.mark_if_touched(from_ns, to_ns)
        if self._end:
            newest = self._newest()
            newest.mark_if_touched(from_ns, to_ns)
            self._minute_flags = newest.flags
        return [self._settled_candle(timeframe, bar) for timeframe, bar in self._settled.flag(from_ns, to_ns)]

    def rebuild(self, minutes: Sequence[Candle], through_ns: int) -> bool:
        """Heal: the trading day's minutes up to ``through_ns`` (exclusive) replace what the derived candles are made of.

        What came since stays on top. False, and nothing changed, when minutes closed since ``through_ns`` are no
        longer at hand: fetch the history anew. What had closed by ``through_ns`` is the caller's to revise; derived
        candles that closed since and now differ come with ``take_revised``.
        """
        if self._settled.evicted_ns > through_ns:
            return False
        before, self._settled = self._settled, SettledBars()
        self._forget_open(through_ns)
        kept = [bar for bar in before.minutes() if bar.start_ns >= through_ns]
        left: list[Named] = []
        for bar in [*self._healed(minutes, through_ns), *kept]:
            left += self._settled.settle(bar, self.calendar.derived_buckets(bar.start_ns), self._gap)
        self._settled.forget_minutes(through_ns)
        self._report_revised(self._redone(left, before, through_ns))
        self._report_revised(self._rederive(before, through_ns))
        self.next_close_ns = self._find_next_close()
        return True

    def _redone(self, left: Sequence[Named], before: SettledBars, through_ns: int) -> Iterator[Named]:
        """Derived bars that ended, and were followed by the next one, while the history was fetched."""
        for timeframe, bar in left:
            if bar.start_ns < through_ns < bar.end_ns:
                known = (minute.revision for minute in before.minutes() if bar.start_ns <= minute.start_ns < bar.end_ns)
                bar.revision = 1 + sum(known)
                yield timeframe, bar

    def _forget_open(self, through_ns: int) -> None:
        self._healed_ns = max(self._healed_ns, through_ns)
        self._closed_ns = max(self._closed_ns, through_ns)
        gap_from, gap_to = self._gap
        self._gap = (max(gap_from, through_ns), gap_to) if gap_to > through_ns else (0, 0)
        self._older = [bar for bar in self._older or () if bar.start_ns >= through_ns] or None
        if self._start < through_ns:
            self._start = self._end = 0

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
            "evicted_ns": self._settled.evicted_ns,
            "closed_ns": self._closed_ns,
            "healed_ns": self._healed_ns,
            "gap": list(self._gap),
            "price": self._close,
            "outside_session": self.outside_session,
            "unattributed": self.unattributed,
        }

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
        self._close = state["price"]
        self.outside_session, self.unattributed = state["outside_session"], state["unattributed"]
        minutes = [Bar.restore(bar) for bar in state["minutes"]]
        settled = SettledBars(state["bars"], state["evicted_ns"])
        closed_ns, healed_ns, (gap_from, gap_to) = state["closed_ns"], state["healed_ns"], state["gap"]
        started_ns = max((bar.start_ns for bar in (*minutes, *settled.minutes())), default=0)
        if self.session_date(started_ns) != self.session_date(now_ns):
            return
        self._settled = settled
        if minutes:
            self._set_open(minutes)
        self._closed_ns, self._healed_ns, self._gap = closed_ns, healed_ns, (gap_from, gap_to)
        self.next_close_ns = self._find_next_close()
