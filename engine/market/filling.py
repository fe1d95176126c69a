"""Filling: what a provider's longer and shorter candles say about the buckets of our calendar."""

from collections.abc import Collection, Iterable, Iterator, Sequence

import msgspec

from engine.market.calendar import Calendar
from engine.market.candle import Candle, CandleState
from engine.market.derive import derive


def fitting(candles: Iterable[Candle], calendar: Calendar, end_ns: int) -> list[Candle]:
    """One final candle for each bucket that ended by ``end_ns``, oldest first.

    A provider that counts its hours from elsewhere than the session's open has no candles of ours: they are left out.
    So are repetitions, of which the last is believed, and what was traded outside the sessions.
    """
    chosen: dict[int, Candle] = {}
    for candle in candles:
        bucket = calendar.bucket(candle.timeframe, candle.time)
        if bucket is not None and bucket.start_ns == candle.time and bucket.end_ns <= end_ns:
            chosen[candle.time] = msgspec.structs.replace(candle, state=CandleState.FINAL, revision=0)
    return [chosen[time] for time in sorted(chosen)]


def made_of(candles: Sequence[Candle], timeframes: Iterable[str], calendar: Calendar) -> Iterator[Candle]:
    """These final candles, and the longer ones of ``timeframes`` that they make up; whole days of one timeframe."""
    yield from candles
    for timeframe in timeframes:
        if candles and timeframe != candles[0].timeframe:
            yield from derive(candles, timeframe, calendar)


def absent(candles: Iterable[Candle], standing: Collection[tuple[str, int]]) -> list[Candle]:
    """Those whose (timeframe, time) does not stand yet: what was built live, or read before, is never replaced."""
    return [candle for candle in candles if (candle.timeframe, candle.time) not in standing]
