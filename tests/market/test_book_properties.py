"""What holds for every stream of ticks, checked against plain lists."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

import msgpack
import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from config.calendars import load_calendar
from engine.market import DERIVED_TIMEFRAMES, TIMEFRAMES, Calendar, Candle, CandleBook, Tick, VolumeMeter, derive
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


@settings(max_examples=40)
@given(DAYS)
def test_the_book_builds_what_plain_lists_of_all_ticks_say(day: Day) -> None:
    ticks = day.ticks
    assert bars(finished(started(ticks), ticks)) == all_bars(ticks, NSE, BASE)


@settings(max_examples=40)
@given(DAYS)
def test_every_candle_is_closed_once_and_in_order(day: Day) -> None:
    ticks = day.ticks
    runner = finished(started(ticks), ticks)
    for timeframe in TIMEFRAMES:
        times = [candle.time for candle in runner.closed if candle.timeframe == timeframe]
        assert times == sorted(set(times))


@settings(max_examples=40)
@given(DAYS)
def test_deriving_from_the_minutes_gives_the_bars_that_were_built_tick_by_tick(day: Day) -> None:
    ticks = day.ticks
    runner = finished(started(ticks), ticks)
    for timeframe in DERIVED_TIMEFRAMES:
        assert derive(runner.final("1m"), timeframe, NSE) == runner.final(timeframe)


@settings(max_examples=40)
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


@settings(max_examples=40)
@given(DAYS, SEEDS)
def test_ticks_shuffled_within_the_grace_give_the_same_volume_and_extremes(day: Day, seed: int) -> None:
    ticks = [one for one in day.ticks if NSE.is_open(one.ts_event) or is_auction(one)]
    generator = random.Random(seed)
    delayed = [msgspec.structs.replace(t, ts_recv=t.ts_event + generator.randrange(GRACE)) for t in ticks]
    delayed.sort(key=lambda one: one.ts_recv)
    in_order, shuffled = bars(finished(started(ticks), ticks)), bars(finished(started(ticks), delayed))
    for timeframe in TIMEFRAMES:
        assert extremes(shuffled[timeframe]) == extremes(in_order[timeframe])


def is_auction(one: Tick) -> bool:
    day = NSE.trading_day(one.ts_event)
    return day is not None and one.ts_event < day.start_ns


def extremes(of: dict[int, tuple[float, float, float, float, int]]) -> dict[int, tuple[float, float, int]]:
    return {time: (high, low, volume) for time, (_, high, low, _, volume) in of.items()}


@settings(max_examples=40)
@given(DAYS, SEEDS)
def test_repeated_ticks_change_nothing(day: Day, seed: int) -> None:
    ticks = day.ticks
    generator = random.Random(seed)
    repeated = [again for one in ticks for again in [one] * generator.choice([1, 1, 1, 2, 3])]
    assert bars(finished(started(ticks), repeated)) == bars(finished(started(ticks), ticks))


@settings(max_examples=40)
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


@settings(max_examples=40)
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
    stored = msgpack.unpackb(msgpack.packb({"book": runner.book.state(), "baseline": runner.meter.state()}))
    runner.book = CandleBook.restore(INSTRUMENT, runner.calendar, "dhan", stored["book"], now_ns)
    runner.meter = VolumeMeter.restore(stored["baseline"], runner.calendar, now_ns)


class Ledger:
    """Counts on its own what a lossy stream's totals say was traded, and what the meter and the book made of it."""

    def __init__(self) -> None:
        self.runner = Runner(SIM, volume=None)  # type: ignore[arg-type]
        self.traded = 0
        self.unattributed = 0
        self.lost = 0
        self._last: tuple[str, date, int] | None = None

    def take(self, one: Tick) -> None:
        assert one.volume is not None
        day = SIM.session_date(one.ts_event)
        last = self._last
        self.runner.feed(one).clock(one.ts_recv)
        self.runner.book.take_late()
        if last is None or last[0] != one.provider:
            before = one.volume
        elif day < last[1]:
            return
        else:
            before = last[2] if day == last[1] else 0
        self.traded += one.volume - before
        self._last = (one.provider, day, one.volume)

    def crash(self, now_ns: int, *, stored: bool) -> None:
        runner = self.runner
        self.unattributed += runner.meter.unattributed
        if stored:
            total = runner.meter.baseline.volume if runner.meter.baseline else 0
            if self._last is not None:
                self._last = (self._last[0], self._last[1], total)
                self.traded -= runner.meter.unattributed
                self.unattributed -= runner.meter.unattributed
            self.lost += sum(candle.volume for candle in runner.book.forming_minutes())
            resume(runner, now_ns)
            self.lost -= sum(candle.volume for candle in runner.book.forming_minutes())
            if runner.meter.baseline is None:  # yesterday's
                self._last = None
            return
        self.unattributed += runner.book.unattributed
        self.lost += sum(candle.volume for candle in runner.book.forming_minutes())
        runner.book, runner.meter = CandleBook(INSTRUMENT, SIM, "dhan", since_ns=now_ns), VolumeMeter()
        self._last = None

    def balance(self) -> tuple[int, int]:
        runner = self.runner
        open_volume = sum(candle.volume for candle in runner.book.forming_minutes())
        closed = sum(candle.volume for candle in runner.final("1m"))
        unattributed = self.unattributed + runner.meter.unattributed + runner.book.unattributed
        return closed + open_volume + self.lost + unattributed, self.traded


class LossyDays(NamedTuple):
    """Days of two providers' totals: dropped, repeated, reordered, restated and reset at midnight."""

    seed: int
    count: int
    pauses_s: tuple[int, int]

    @property
    def ticks(self) -> list[Tick]:
        generator = random.Random(self.seed)
        ns = SIM.sessions(date(2025, 11, 3), date(2025, 11, 3))[0].end_ns - generator.randint(0, 4000) * SECOND
        totals: dict[tuple[str, date], int] = defaultdict(int)
        provider, stream = "dhan", list[Tick]()
        for _ in range(self.count):
            ns += generator.randint(*self.pauses_s) * SECOND
            if generator.random() < 0.02:
                provider = "kite" if provider == "dhan" else "dhan"
            key = (provider, SIM.session_date(ns))
            totals[key] = max(0, totals[key] + generator.choice([0, 1, 7, 500, 500, 500, -30]))
            stream.append(tick(ns, 100 + generator.randint(-40, 40) / 20, totals[key], provider=provider))
        return list(delivered(stream, generator))


LOSSY = st.builds(LossyDays, SEEDS, st.integers(1, 150), st.sampled_from([(0, 3), (0, 90), (30, 4000)]))


def delivered(stream: list[Tick], generator: random.Random) -> Iterator[Tick]:
    drop, repeat, swap = (generator.choice([0.0, 0.1, 0.4]) for _ in range(3))
    now_ns = 0
    for i in range(len(stream) - 1):
        if generator.random() < swap:
            stream[i], stream[i + 1] = stream[i + 1], stream[i]
    for one in stream:
        now_ns = max(now_ns, one.ts_event)
        for _ in range(2 if generator.random() < repeat else 1):
            if generator.random() >= drop:
                yield msgspec.structs.replace(one, ts_recv=now_ns)


@settings(max_examples=200)
@given(LOSSY, SEEDS)
def test_volume_is_conserved_whatever_is_lost(days: LossyDays, seed: int) -> None:
    generator = random.Random(seed)
    ledger = Ledger()
    crashes = generator.choice([0.0, 0.05, 0.2])
    for one in days.ticks:
        ledger.take(one)
        if generator.random() < crashes:
            ledger.crash(one.ts_recv, stored=generator.random() < 0.5)
    attributed, traded = ledger.balance()
    assert attributed == traded


@settings(max_examples=100)
@given(LOSSY)
def test_no_stream_makes_a_candle_that_is_out_of_shape(days: LossyDays) -> None:
    runner = Runner(SIM, volume=None)  # type: ignore[arg-type]
    run(runner, days.ticks)
    for candle in (*runner.closed, *runner.book.forming_all()):
        assert candle.low <= min(candle.open, candle.close)
        assert max(candle.open, candle.close) <= candle.high
        assert candle.volume >= 0
