"""Longer candles from one-minute candles."""

from collections.abc import Iterable, Iterator

from engine.market.bar import Bar
from engine.market.calendar import Calendar
from engine.market.candle import Candle, CandleState


def derive(minutes: Iterable[Candle], timeframe: str, calendar: Calendar, *, revision: int = 0) -> list[Candle]:
    """The candles of a timeframe that one instrument's minutes, in order of time, make up; none for empty buckets.

    Minutes outside every session are left out. One flagged minute flags its bar, a forming one makes it forming.
    ``revision`` above 0 makes them revisions of candles known before.
    """
    settled = CandleState.REVISED if revision else CandleState.FINAL
    return [_candle(group, bar, timeframe, settled, revision) for bar, group in _grouped(minutes, timeframe, calendar)]


def _grouped(minutes: Iterable[Candle], timeframe: str, calendar: Calendar) -> Iterator[tuple[Bar, list[Candle]]]:
    bar: Bar | None = None
    group: list[Candle] = []
    for minute in minutes:
        bucket = calendar.bucket(timeframe, minute.time)
        if bucket is None:
            continue
        part = Bar.of(minute, bucket.end_ns)
        if bar is not None and bar.start_ns == bucket.start_ns:
            bar.merge(part)
            group.append(minute)
            continue
        if bar is not None:
            yield bar, group
        bar, group = part.spanning(bucket.start_ns, bucket.end_ns), [minute]
    if bar is not None:
        yield bar, group


def _candle(group: list[Candle], bar: Bar, timeframe: str, settled: CandleState, revision: int) -> Candle:
    forming = any(minute.state is CandleState.FORMING for minute in group)
    bar.revision = 0 if forming else revision
    sources = {minute.provider for minute in group}
    source = sources.pop() if len(sources) == 1 else "mixed"
    return bar.candle(group[0].instrument, timeframe, source, CandleState.FORMING if forming else settled)
