"""The news of late ticks: what they made of closed candles, and what only history can mend; each told once."""

from collections.abc import Iterable

from engine.market.calendar import Bucket
from engine.market.candle import Candle

HORIZON_NS = 3_600_000_000_000
"""Ticks overtake each other by seconds: one that is later than this bears a damaged time, or repeats old news."""


class LateNews:
    """What one instrument's owner has to tell others because of ticks whose bucket had closed."""

    __slots__ = ("_buckets", "_revised", "_told")

    def __init__(self) -> None:
        self._buckets: list[Bucket] | None = None
        self._revised: list[Candle] | None = None
        self._told: list[Bucket] | None = None  # reported, and not healed yet

    @property
    def any(self) -> bool:
        """There is something to take."""
        return self._buckets is not None or self._revised is not None

    def report(self, bucket: Bucket, watermark_ns: int) -> None:
        """A tick came too late for this closed bucket. Once is enough until history has mended it."""
        told = [known for known in self._told or () if known.end_ns > watermark_ns - HORIZON_NS]
        if bucket.end_ns > watermark_ns - HORIZON_NS and bucket not in told:
            told.append(bucket)
            self._buckets = [*(self._buckets or ()), bucket]
        self._told = told or None

    def revise(self, candles: Iterable[Candle]) -> None:
        """These closed candles bear a new revision."""
        self._revised = [*(self._revised or ()), *candles]

    def take_buckets(self) -> list[Bucket]:
        buckets, self._buckets = self._buckets or [], None
        return buckets

    def take_revised(self) -> list[Candle]:
        revised, self._revised = self._revised or [], None
        return revised

    def mended(self, through_ns: int) -> None:
        """History has replaced everything up to that time."""
        self._told = [bucket for bucket in self._told or () if bucket.end_ns > through_ns] or None
