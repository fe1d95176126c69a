"""What holds for every stream of ticks, checked against plain lists."""

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

import msgspec
from hypothesis import event, given, settings
from hypothesis import strategies as st

from config.calendars import load_calendar
from engine.market import (
    DERIVED_TIMEFRAMES,
    TIMEFRAMES,
    Baseline,
    Bucket,
    Calendar,
    Candle,
    CandleBook,
    Tick,
    VolumeMeter,
    derive,
)
from engine.storage.packing import pack, unpack
from tests.market.builders import GRACE, INSTRUMENT, MINUTE, SECOND, Runner, numbers, tick
from tests.market.reference import all_bars

NSE = Calendar.parse(load_calendar("NSE"))
SIM = Calendar.continuous("Asia/Kolkata", "SIM")
BASE = 1000


class Day(NamedTuple):
    """A trading day's ticks, told by few numbers so that a failing example can be read."""

    date: date
    seed: int
    pauses_s: tuple[int, int]

    @property
    def ticks(self) -> list[Tick]:
        """In order, the auction before and the prints after the sessions included; every one is a trade."""
        day = NSE.day(self.date)
        assert day is not None
        generator = random.Random(self.seed)
        ns, total, ticks = day.start_ns - 120 * SECOND, BASE, list[Tick]()
        while ns < day.end_ns + 60 * SECOND:
            total += generator.randint(1, 500)
            ticks.append(tick(ns, 100 + generator.randint(-40, 40) / 20, total))
            ns += generator.randint(*self.pauses_s) * SECOND
        return ticks


SEEDS = st.integers(0, 2**32)
DAYS = st.builds(
    Day,
    st.sampled_from([date(2025, 11, 3), date(2024, 3, 2), date(2024, 11, 1)]),
    SEEDS,
    st.sampled_from([(1, 20), (1, 200), (30, 900)]),
)


def started(ticks: Sequence[Tick], calendar: Calendar = NSE) -> Runner:
    """A runner that knows the running total from before the first tick."""
    return Runner(calendar, volume=BASE, day=calendar.session_date(ticks[0].ts_event))


def run(runner: Runner, ticks: Sequence[Tick]) -> Runner:
    for one in ticks:
        runner.feed(one).clock(one.ts_recv)
    return runner


def finished(runner: Runner, ticks: Sequence[Tick]) -> Runner:
    run(runner, ticks).clock(max(one.ts_recv for one in ticks) + 86_400 * SECOND)
    return runner


def bars(runner: Runner) -> dict[str, dict[int, tuple[float, float, float, float, int]]]:
    return {name: {candle.time: numbers(candle) for candle in runner.final(name)} for name in TIMEFRAMES}


@settings(max_examples=25)
@given(DAYS)
def test_the_book_builds_what_plain_lists_of_all_ticks_say(day: Day) -> None:
    ticks = day.ticks
    assert bars(finished(started(ticks), ticks)) == all_bars(ticks, NSE, BASE)


@settings(max_examples=25)
@given(DAYS)
def test_every_candle_is_closed_once_and_in_order(day: Day) -> None:
    ticks = day.ticks
    runner = finished(started(ticks), ticks)
    for timeframe in TIMEFRAMES:
        times = [candle.time for candle in runner.closed if candle.timeframe == timeframe]
        assert times == sorted(set(times))


@settings(max_examples=25)
@given(DAYS)
def test_deriving_from_the_minutes_gives_the_bars_that_were_built_tick_by_tick(day: Day) -> None:
    ticks = day.ticks
    runner = finished(started(ticks), ticks)
    for timeframe in DERIVED_TIMEFRAMES:
        assert derive(runner.final("1m"), timeframe, NSE) == runner.final(timeframe)


@settings(max_examples=25)
@given(DAYS, SEEDS)
def test_forming_candles_are_what_deriving_from_all_minutes_so_far_gives(day: Day, seed: int) -> None:
    ticks = day.ticks
    cut = random.Random(seed).randrange(len(ticks)) + 1
    runner = run(started(ticks), ticks[:cut])
    minutes = {candle.time: candle for candle in (*runner.final("1m"), *runner.book.forming_minutes())}
    for candle in runner.book.forming_all():
        if candle.timeframe != "1m":
            newest = derive([minutes[time] for time in sorted(minutes)], candle.timeframe, NSE)[-1]
            assert numbers(newest) == numbers(candle)
            assert newest.time == candle.time


def shuffled(ticks: Sequence[Tick], seed: int) -> list[Tick]:
    """The ticks as they arrive when each is on its way for less than the lateness bound, and some come twice."""
    generator = random.Random(seed)
    sent = [one for one in ticks for _ in range(generator.choice([1, 1, 1, 2]))]
    delayed = [msgspec.structs.replace(one, ts_recv=one.ts_event + generator.randrange(GRACE)) for one in sent]
    return sorted(delayed, key=lambda one: one.ts_recv)


def candles(runner: Runner) -> dict[str, list[Candle]]:
    return {timeframe: runner.final(timeframe) for timeframe in TIMEFRAMES}


@settings(max_examples=30)
@given(DAYS, SEEDS)
def test_any_shuffle_within_the_lateness_bound_gives_the_sorted_runs_candles(day: Day, seed: int) -> None:
    ticks = [msgspec.structs.replace(one, open_interest=n) for n, one in enumerate(day.ticks)]
    arriving = shuffled(ticks, seed)
    in_order, mixed = finished(started(ticks), ticks), finished(started(ticks), arriving)
    assert candles(mixed) == candles(in_order)
    assert {candle.revision for candle in mixed.closed} <= {0}
    assert (mixed.book.late, mixed.book.unattributed) == (False, in_order.book.unattributed)
    assert mixed.meter.take_doubt() == 0


@settings(max_examples=25)
@given(SEEDS, SEEDS, st.sampled_from([(1, 20), (1, 200), (30, 900)]))
def test_a_shuffle_over_midnight_gives_the_sorted_runs_candles_too(
    seed: int, order: int, pauses_s: tuple[int, int]
) -> None:
    generator = random.Random(seed)
    midnight_ns = SIM.sessions(date(2025, 11, 3), date(2025, 11, 3))[0].end_ns
    ns, total, ticks = midnight_ns - 600 * SECOND, BASE, list[Tick]()
    while ns < midnight_ns + 600 * SECOND:
        total = generator.randint(1, 500) + (total if ns < midnight_ns or ticks[-1].ts_event >= midnight_ns else 0)
        ticks.append(tick(ns, 100 + generator.randint(-40, 40) / 20, total))
        ns += generator.randint(*pauses_s) * SECOND // 10
    in_order, mixed = finished(started(ticks, SIM), ticks), finished(started(ticks, SIM), shuffled(ticks, order))
    assert candles(mixed) == candles(in_order)


@settings(max_examples=60)
@given(SEEDS, SEEDS, st.sampled_from([(1, 5), (1, 20)]), st.booleans())
def test_a_shuffle_over_a_close_or_an_opening_gives_the_sorted_runs_candles_too(
    seed: int, order: int, pauses_tenths: tuple[int, int], closing: bool
) -> None:
    """Prints outside of the session overtake its trades: in whole days that happens once in a hundred."""
    generator = random.Random(seed)
    session = NSE.sessions(date(2025, 11, 3), date(2025, 11, 3))[0]
    edge_ns = session.end_ns if closing else session.start_ns
    ns, total, ticks = edge_ns - 70 * SECOND, BASE, list[Tick]()
    while ns < edge_ns + 70 * SECOND:
        total += generator.randint(1, 500)
        ticks.append(tick(ns, 100 + generator.randint(-40, 40) / 20, total))
        ns += generator.randint(*pauses_tenths) * SECOND // 10
    in_order, mixed = finished(started(ticks), ticks), finished(started(ticks), shuffled(ticks, order))
    assert candles(mixed) == candles(in_order)
    assert mixed.book.unattributed == in_order.book.unattributed


@settings(max_examples=25)
@given(DAYS, SEEDS)
def test_a_shuffle_of_an_indexs_ticks_gives_the_sorted_runs_candles(day: Day, seed: int) -> None:
    ticks = [msgspec.structs.replace(one, volume=None, size=0) for one in day.ticks]
    in_order, mixed = index(), index()
    assert candles(finished(mixed, shuffled(ticks, seed))) == candles(finished(in_order, ticks))


def index() -> Runner:
    runner = Runner(NSE, volume=None)  # type: ignore[arg-type]
    runner.meter.counts_ticks = False
    return runner


@settings(max_examples=30)
@given(DAYS, SEEDS)
def test_every_minute_whose_volume_a_glitch_of_the_totals_changed_is_flagged_or_reported(day: Day, seed: int) -> None:
    generator = random.Random(seed)
    ticks = day.ticks
    runner, doubted = started(ticks), list[tuple[int, int]]()
    for one in glitched(ticks, generator):
        runner.feed(one).clock(one.ts_recv)
        since_ns = runner.meter.take_doubt()
        if since_ns:
            doubted.append((since_ns, one.ts_recv))
            runner.closed += runner.book.flag(since_ns, one.ts_recv)
    clean, broken = finished(started(ticks), ticks), finished(runner, ticks[-1:])
    volumes = {candle.time: candle.volume for candle in clean.final("1m")}
    for minute in broken.final("1m"):
        assert minute.resolve_required or minute.volume == volumes[minute.time] or in_doubt(minute.time, doubted)


def glitched(ticks: Sequence[Tick], generator: random.Random) -> list[Tick]:
    """Some totals are too high for one tick, or too low for some, by more than those ticks trade; the last ones are right."""
    sent = list(ticks)
    place = generator.randrange(5, 30)
    while place < len(sent) - 4:
        low, size = generator.random() < 0.5, generator.randint(1, BASE)
        for at in range(place, place + (generator.randint(1, 3) if low else 1)):
            volume = sent[at].volume or 0
            total = max(0, volume - 2000 - 50 * size - generator.randint(0, 50)) if low else volume + 1000 * size
            sent[at] = msgspec.structs.replace(sent[at], volume=total)
        place += generator.randrange(5, 60)
    return sent


def in_doubt(minute_ns: int, doubted: Sequence[tuple[int, int]]) -> bool:
    return any(start_ns < minute_ns + MINUTE and minute_ns <= end_ns for start_ns, end_ns in doubted)


UNSEEN = (50.0, 200.0)
"""Prices that no day of these tests trades at."""


class Arrived:
    """What came so far, and what was told of it, by bucket."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.trades: dict[tuple[str, int], list[Tick]] = defaultdict(list)
        self.told: dict[tuple[str, int], Candle] = {}
        self.revised: list[Candle] = []
        self.reported: list[Bucket] = []

    def clock(self, ns: int) -> None:
        """First news of buckets: each once, with all that came by then."""
        for one in self.runner.clock(ns):
            assert (one.timeframe, one.time) not in self.told
            assert one.revision == 0
            self.told[one.timeframe, one.time] = one
            assert self.is_right_or_reported(one.timeframe, one.time)

    def take(self, one: Tick) -> tuple[list[Candle], list[Bucket]]:
        """The tick's revisions and reports, when each is found to be news."""
        for name in TIMEFRAMES:
            self.trades[name, bucket_of(name, one).start_ns].append(one)
        told = len(self.runner.closed)
        self.runner.feed(one)
        revised, reported = self.runner.closed[told:], self.runner.book.take_late()
        for candle in revised:
            known = self.told[candle.timeframe, candle.time]
            assert candle.revision == known.revision + 1
            assert numbers(candle) != numbers(known)
            self.told[candle.timeframe, candle.time] = candle
        assert not set(reported) & set(self.reported)
        self.revised += revised
        self.reported += reported
        return revised, reported

    def is_right_or_reported(self, timeframe: str, start_ns: int) -> bool:
        """Whether a closed candle has the sorted run's prices, or history was asked for it or for a part of it."""
        trades = sorted(self.trades[timeframe, start_ns], key=lambda one: one.volume or 0)
        prices = [one.price for one in trades]
        candle = self.told.get((timeframe, start_ns))
        if candle is not None and numbers(candle)[:4] == (prices[0], max(prices), min(prices), prices[-1]):
            return True
        bucket = bucket_of(timeframe, trades[0])
        return any(one.start_ns < bucket.end_ns and bucket.start_ns < one.end_ns for one in self.reported)


def stragglers(ticks: Sequence[Tick], generator: random.Random) -> list[Tick]:
    """In order of arrival: some are on their way for minutes, and some of these at a price the day has not seen."""
    arriving: list[Tick] = []
    for one in ticks:
        delay_s = generator.randrange(2, 400) if generator.random() < 0.03 else 0
        price = generator.choice([one.price, *UNSEEN]) if delay_s else one.price
        arriving.append(msgspec.structs.replace(one, price=price, ts_recv=one.ts_event + delay_s * SECOND))
    return sorted(arriving, key=lambda one: one.ts_recv)


@settings(max_examples=30)
@given(DAYS, SEEDS)
def test_ticks_beyond_the_bound_revise_exactly_the_candles_they_touch_each_number_once(day: Day, seed: int) -> None:
    """A candle is told anew if and only if it changed, and has the sorted run's prices or was handed to history."""
    arriving = stragglers([one for one in day.ticks if NSE.is_open(one.ts_event)], random.Random(seed))
    arrived, unseen = Arrived(started(arriving)), 0
    for one in arriving:
        arrived.clock(one.ts_recv)
        revised, reported = arrived.take(one)
        if bucket_of("1m", one).end_ns > one.ts_recv - GRACE:
            assert not revised
            assert not reported
            continue
        unseen += one.price in UNSEEN
        containing = {name: bucket_of(name, one) for name in TIMEFRAMES}
        assert {(candle.timeframe, candle.time) for candle in revised} <= {
            (name, bucket.start_ns) for name, bucket in containing.items()
        }
        for name, bucket in containing.items():
            if bucket.end_ns <= one.ts_recv - GRACE:
                assert arrived.is_right_or_reported(name, bucket.start_ns)
    event("revised" if arrived.revised else "nothing revised")
    event("reported" if arrived.reported else "nothing reported")
    assert not unseen or arrived.revised or arrived.reported


def bucket_of(timeframe: str, one: Tick) -> Bucket:
    bucket = NSE.bucket(timeframe, one.ts_event)
    assert bucket is not None
    return bucket


@settings(max_examples=30)
@given(DAYS, SEEDS)
def test_late_trades_of_the_last_minutes_end_in_the_sorted_runs_prices(day: Day, seed: int) -> None:
    """Volume that a closed minute was given stays in it; prices find their place by the totals."""
    generator = random.Random(seed)
    ticks = [one for one in day.ticks if NSE.is_open(one.ts_event)]
    arriving = sorted(
        (msgspec.structs.replace(one, ts_recv=one.ts_event + generator.randrange(62) * SECOND) for one in ticks),
        key=lambda one: one.ts_recv,
    )
    runner, in_order = finished(started(ticks), arriving), finished(started(ticks), ticks)
    mended = {bucket.start_ns for bucket in runner.book.take_late()}
    prices = {c.time: numbers(c)[:4] for c in runner.final("1m") if c.time not in mended}
    assert prices == {c.time: numbers(c)[:4] for c in in_order.final("1m") if c.time not in mended}


@settings(max_examples=25)
@given(DAYS, SEEDS)
def test_repeated_ticks_change_nothing(day: Day, seed: int) -> None:
    ticks = day.ticks
    generator = random.Random(seed)
    repeated = [again for one in ticks for again in [one] * generator.choice([1, 1, 1, 2, 3])]
    assert bars(finished(started(ticks), repeated)) == bars(finished(started(ticks), ticks))


@settings(max_examples=25)
@given(DAYS, SEEDS)
def test_a_book_healed_at_any_moment_equals_one_that_was_never_interrupted(day: Day, seed: int) -> None:
    ticks = day.ticks
    generator = random.Random(seed)
    lost_from, lost_to = sorted(generator.sample(range(1, len(ticks)), 2))
    through_ns = ticks[lost_to].ts_event // MINUTE * MINUTE + generator.randint(1, 3) * MINUTE
    healed_ns = through_ns + generator.randint(2, 150) * SECOND
    whole, broken = finished(started(ticks), ticks), started(ticks)

    run(broken, ticks[:lost_from])
    broken.book.flag(ticks[lost_from - 1].ts_event, ticks[lost_to].ts_event)
    broken.clock(ticks[lost_to].ts_recv)
    run(broken, [one for one in ticks[lost_to:] if one.ts_recv < healed_ns])
    broken.clock(healed_ns)
    heal(broken, whole.final("1m"), through_ns)
    finished(broken, [one for one in ticks if one.ts_recv >= healed_ns] or ticks[-1:])

    assert bars(broken) == bars(whole)
    assert not any(candle.resolve_required for name in TIMEFRAMES for candle in broken.final(name))


def heal(runner: Runner, history: Sequence[Candle], through_ns: int) -> None:
    """What the resolver does: history into the book, and into the stores what had closed by then."""
    minutes = [candle for candle in history if candle.time < through_ns]
    assert runner.book.rebuild(minutes, through_ns)
    runner.closed += runner.book.take_revised()
    runner.closed += minutes
    for timeframe in DERIVED_TIMEFRAMES:
        for bar in derive(minutes, timeframe, NSE, revision=1):
            bucket = NSE.bucket(timeframe, bar.time)
            if bucket is not None and bucket.end_ns <= through_ns:
                runner.closed.append(bar)


@settings(max_examples=25)
@given(DAYS, SEEDS)
def test_a_restart_with_its_state_at_any_moment_changes_nothing(day: Day, seed: int) -> None:
    ticks = day.ticks
    generator = random.Random(seed)
    runner = started(ticks)
    for one in ticks:
        runner.feed(one).clock(one.ts_recv)
        if generator.random() < 0.05:
            resume(runner, one.ts_recv)
    finished(runner, ticks[-1:])
    assert bars(runner) == all_bars(ticks, NSE, BASE)


def resume(runner: Runner, now_ns: int) -> None:
    stored = unpack(pack({"book": runner.book.state(), "baseline": runner.meter.state()}))
    runner.book = CandleBook.restore(INSTRUMENT, runner.calendar, "dhan", stored["book"], now_ns)
    runner.meter = VolumeMeter.restore(stored["baseline"], runner.calendar, now_ns)


class Ledger:
    """Counts on its own what a lossy stream's totals say was traded, and what the meter and the book made of it."""

    def __init__(self, calendar: Calendar) -> None:
        self.runner = Runner(calendar, volume=None)  # type: ignore[arg-type]
        self.traded = 0
        self.before = 0
        """What earlier lives have accounted for, of which the present one knows nothing."""
        self.minutes: dict[int, int] = {}
        """Stored volumes of closed minutes."""
        self.last: tuple[str, date, int] | None = None
        self.marked_ns = 0
        self.eve: tuple[date, int] | None = None

    def take(self, one: Tick) -> None:
        baseline = self.runner.meter.baseline
        self.runner.feed(one).clock(one.ts_recv)
        self._store()
        assert one.volume is not None
        overtaken = self._is_overtaken(one, baseline)
        if self.runner.meter.baseline != baseline:
            self.marked_ns = one.ts_event
        if overtaken:
            return
        day = self.runner.book.session_date(one.ts_event)
        if self.last is None or self.last[0] != one.provider:
            self.eve = None
        elif day < self.last[1]:
            if self.eve is not None and self.eve[0] == day and one.volume > self.eve[1]:
                self.traded += one.volume - self.eve[1]
                self.eve = day, one.volume
            return
        else:
            self.traded += one.volume - (self.last[2] if day == self.last[1] else 0)
            if day > self.last[1] and baseline is not None:
                self.eve = baseline.session_date, baseline.volume
        self.last = one.provider, day, one.volume

    def _is_overtaken(self, one: Tick, mark: Baseline | None) -> bool:
        if mark is None or (one.provider, self.runner.book.session_date(one.ts_event)) != (
            mark.provider,
            mark.session_date,
        ):
            return False
        return (one.volume or 0) < mark.volume and one.ts_event <= self.marked_ns

    def _store(self) -> None:
        self.minutes |= {candle.time: candle.volume for candle in self.runner.closed if candle.timeframe == "1m"}
        self.runner.closed.clear()

    def save(self) -> tuple[Any, ...]:
        """What a store holds: the state, as bytes, and the candles of that moment."""
        runner = self.runner
        state = pack({"book": runner.book.state(), "baseline": runner.meter.state()})
        return state, dict(self.minutes), self.traded, self.before, self.last, self.eve, self.marked_ns, self._forming()

    def crash(self, saved: tuple[Any, ...] | None, now_ns: int) -> None:
        """Start again with what was saved, be it old, or with nothing."""
        if saved is None:
            self.before, self.minutes = self.accounted, {}
            stored: dict[str, Any] = {"book": None, "baseline": None}
            self.last = self.eve = None
        else:
            state, minutes, self.traded, self.before, self.last, self.eve, self.marked_ns, _ = saved
            self.minutes, stored = dict(minutes), unpack(state)
        runner = self.runner
        runner.book = CandleBook.restore(INSTRUMENT, runner.calendar, "dhan", stored["book"], now_ns)
        runner.meter = VolumeMeter.restore(stored["baseline"], runner.calendar, now_ns)
        if saved is not None:
            self.before += saved[-1] - self._forming()  # minutes that were open on an earlier day
        if runner.meter.baseline is None:  # an earlier day's
            self.last = self.eve = None

    def _forming(self) -> int:
        return sum(candle.volume for candle in self.runner.book.forming_minutes())

    @property
    def accounted(self) -> int:
        unattributed = self.runner.meter.unattributed + self.runner.book.unattributed
        return self.before + sum(self.minutes.values()) + self._forming() + unattributed


class LossyDays(NamedTuple):
    """Two trading days of two providers' totals: dropped, repeated, overtaken, late, restated, and reset for the next."""

    calendar: Calendar
    seed: int
    ticks_sent: int
    pauses_s: tuple[int, int]

    def __repr__(self) -> str:
        return f"LossyDays({self.calendar.code}, {self.seed}, {self.ticks_sent}, {self.pauses_s})"

    @property
    def ticks(self) -> list[Tick]:
        generator = random.Random(self.seed)
        day = self.calendar.day(date(2025, 11, 3))
        assert day is not None
        ns = generator.choice([day.start_ns - 500 * SECOND, day.end_ns - generator.randint(0, 4000) * SECOND])
        totals: dict[tuple[str, date], int] = defaultdict(int)
        provider, stream = "dhan", list[Tick]()
        for _ in range(self.ticks_sent):
            ns += generator.randint(*self.pauses_s) * SECOND
            if generator.random() < 0.02:
                provider = "kite" if provider == "dhan" else "dhan"
            key = (provider, self.calendar.session_date(ns))
            totals[key] = max(0, totals[key] + generator.choice([0, 1, 7, 500, 500, 500, -30]))
            stream.append(tick(ns, 100 + generator.randint(-40, 40) / 20, totals[key], provider=provider))
            if generator.random() < 0.01:
                ns += 60_000 * SECOND  # the night
        return delivered(stream, generator)


LOSSY = st.builds(
    LossyDays, st.sampled_from([SIM, NSE]), SEEDS, st.integers(1, 150), st.sampled_from([(0, 3), (0, 90), (30, 4000)])
)


def delivered(stream: list[Tick], generator: random.Random) -> list[Tick]:
    """Some are lost, some come twice, most are on their way for some seconds and a few for many minutes."""
    drop, repeat, late = (generator.choice([0.0, 0.1, 0.4]) for _ in range(3))
    arriving: list[Tick] = []
    for one in stream:
        for _ in range(2 if generator.random() < repeat else 1):
            delay_s = generator.choice([1, 3, 100, 1000]) if generator.random() < late else generator.randrange(2)
            if generator.random() >= drop:
                arriving.append(msgspec.structs.replace(one, ts_recv=one.ts_event + delay_s * SECOND))
    return sorted(arriving, key=lambda one: one.ts_recv)


@settings(max_examples=250)
@given(LOSSY, SEEDS)
def test_volume_is_conserved_whatever_is_lost(days: LossyDays, seed: int) -> None:
    """Sum of candle volume + sum of unattributed = last - first total, over both days, both providers and all restarts."""
    generator = random.Random(seed)
    ledger = Ledger(days.calendar)
    crashes, saved = generator.choice([0.0, 0.05, 0.2]), None
    for one in days.ticks:
        ledger.take(one)
        assert ledger.accounted == ledger.traded
        if generator.random() < 0.3:
            saved = ledger.save()
        if generator.random() < crashes:
            ledger.crash(generator.choice([ledger.save(), saved, None]), one.ts_recv)
            assert ledger.accounted == ledger.traded


@settings(max_examples=100)
@given(LOSSY)
def test_no_stream_makes_a_candle_that_is_out_of_shape(days: LossyDays) -> None:
    runner = Runner(days.calendar, volume=None)  # type: ignore[arg-type]
    run(runner, days.ticks)
    for candle in (*runner.closed, *runner.book.forming_all()):
        assert candle.low <= min(candle.open, candle.close)
        assert max(candle.open, candle.close) <= candle.high
        assert candle.volume >= 0
