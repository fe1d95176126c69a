"""Publications: which revision of each candle was told, so that none is told twice and none that was superseded is lost."""

from collections.abc import Iterable

from engine.market import Candle

KEPT = 50_000
"""Buckets remembered: what is repeated after a crash is as young as the last report of its instrument."""

Bucket = tuple[str, str, int]


class Publications:
    """The newest revision told of each of the last ``limit`` buckets, in the order in which they were told."""

    def __init__(self, limit: int = KEPT) -> None:
        self._limit = limit
        self._revisions: dict[Bucket, int] = {}

    def is_news(self, candle: Candle) -> bool:
        """Whether this revision is above all that were told of its bucket; then it counts as told."""
        bucket = _bucket(candle)
        known = self._revisions.pop(bucket, -1)
        self._revisions[bucket] = max(known, candle.revision)
        if len(self._revisions) > self._limit:
            del self._revisions[next(iter(self._revisions))]
        return candle.revision > known


def superseded(told: Iterable[Candle]) -> list[Candle]:
    """Of candles in the order in which they were told, those that a higher revision took the place of."""
    newest: dict[Bucket, Candle] = {}
    older: list[Candle] = []
    for candle in told:
        before = newest.get(_bucket(candle))
        if before is not None and before.revision < candle.revision:
            older.append(before)
        if before is None or before.revision < candle.revision:
            newest[_bucket(candle)] = candle
    return older


def _bucket(candle: Candle) -> Bucket:
    return candle.instrument, candle.timeframe, candle.time
