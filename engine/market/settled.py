"""The settled part of a candle book: the derived bars so far and the last closed minutes, packed in one buffer."""

from collections.abc import Iterable

from engine.market.bar import CLOSED, PACKED_SIZE, UNHEALED, Bar, end_in_row, is_closed_in_row
from engine.market.calendar import Bucket
from engine.market.errors import StateError
from engine.market.timeframe import DERIVED_TIMEFRAMES

RING = 3
"""How many closed minutes a late tick may still revise."""

_DERIVED = len(DERIVED_TIMEFRAMES)
_SIZE = (_DERIVED + RING) * PACKED_SIZE

Named = tuple[str, Bar]
"""A bar and its timeframe."""


class SettledBars:
    """One row for each derived timeframe, then the last closed minutes, oldest first.

    A derived row stays after the clock has closed its bucket, until the next bucket's first minute settles: so long
    a late tick can still revise it.
    """

    NEVER = 1 << 62
    """``next_end_ns`` while no bucket is open."""

    __slots__ = ("_next_end_ns", "_rows", "evicted_ns")

    def __init__(self, rows: bytes = bytes(_SIZE), evicted_ns: int = 0) -> None:
        if len(rows) != _SIZE:
            raise StateError(f"expected {_SIZE} bytes of bars, was {len(rows)}")
        self._rows = bytearray(rows)
        self.evicted_ns = evicted_ns
        """End of the newest closed minute that is no longer among the last ones."""
        self._next_end_ns = self._find_next_end()

    @property
    def next_end_ns(self) -> int:
        """When the next derived bucket ends; far in the future when none is open."""
        return self._next_end_ns

    def packed(self) -> bytes:
        """Everything, to be given to the constructor again."""
        return bytes(self._rows)

    def derived(self, row: int) -> Bar | None:
        """A derived timeframe's row, counted as in ``DERIVED_TIMEFRAMES``, be it closed or not."""
        return Bar.unpack_from(self._rows, row)

    def forming(self, row: int) -> Bar | None:
        """A derived timeframe's row while its bucket is open."""
        bar = self.derived(row)
        return None if bar is None or bar.flags & CLOSED else bar

    def minutes(self) -> list[Bar]:
        """The last closed minutes, oldest first."""
        bars = (Bar.unpack_from(self._rows, row) for row in range(_DERIVED, _DERIVED + RING))
        return [bar for bar in bars if bar is not None]

    def revision(self, timeframe: str, start_ns: int) -> int:
        """Of a closed bar; -1 when it is open, or not here."""
        bars = self.minutes() if timeframe == "1m" else [self.derived(DERIVED_TIMEFRAMES.index(timeframe))]
        known = (bar.revision for bar in bars if bar and bar.start_ns == start_ns and bar.flags & CLOSED)
        return next(known, -1)

    def close_of(self, start_ns: int) -> float | None:
        """Of one of the last closed minutes."""
        return next((bar.close for bar in self.minutes() if bar.start_ns == start_ns), None)

    def settle(self, minute: Bar, buckets: Iterable[Bucket], unhealed: tuple[int, int]) -> list[Named]:
        """Take in a closed minute, and give back the derived bars whose bucket it has left behind."""
        self._remember(minute)
        finished: list[Named] = []
        for row, bucket in enumerate(buckets):
            if not minute.join_row(self._rows, row, bucket.start_ns):
                finished += self._begin_row(row, minute, bucket, unhealed)
        return finished

    def _begin_row(self, row: int, minute: Bar, bucket: Bucket, unhealed: tuple[int, int]) -> list[Named]:
        left = self.forming(row)
        bar = minute.spanning(bucket.start_ns, bucket.end_ns)
        bar.mark_if_touched(*unhealed)
        bar.pack_into(self._rows, row)
        self._next_end_ns = min(self._next_end_ns, bucket.end_ns)
        return [] if left is None else [(DERIVED_TIMEFRAMES[row], left)]

    def _remember(self, minute: Bar) -> None:
        first, size = _DERIVED * PACKED_SIZE, PACKED_SIZE
        self.evicted_ns = end_in_row(self._rows, _DERIVED) or self.evicted_ns
        self._rows[first:-size] = self._rows[first + size :]
        minute.flags |= CLOSED
        minute.pack_into(self._rows, _DERIVED + RING - 1)

    def close_until(self, ns: int) -> list[Named]:
        """The derived bars whose buckets have ended by then, each once."""
        if ns < self._next_end_ns:
            return []
        ended: list[Named] = []
        for row in self._open_rows():
            if end_in_row(self._rows, row) <= ns and (bar := self.derived(row)) is not None:
                bar.flags |= CLOSED
                bar.pack_into(self._rows, row)
                ended.append((DERIVED_TIMEFRAMES[row], bar))
        self._next_end_ns = self._find_next_end()
        return ended

    def _open_rows(self) -> list[int]:
        rows = self._rows
        return [row for row in range(_DERIVED) if end_in_row(rows, row) and not is_closed_in_row(rows, row)]

    def _find_next_end(self) -> int:
        return min((end_in_row(self._rows, row) for row in self._open_rows()), default=self.NEVER)

    def trade_late(self, start_ns: int, price: float, volume: int, open_interest: int | None) -> list[Named] | None:
        """Add a late trade to a closed minute and what was derived from it; gives the closed bars it changed.

        None when the minute is no longer among the last ones. Only a trade with new volume moves the close: any
        other may be the repetition of an older one.
        """
        minutes = self.minutes()
        minute = next((bar for bar in minutes if bar.start_ns == start_ns), None)
        if minute is None:
            return None
        if not volume and minute.low <= price <= minute.high:
            return []
        later = [bar.start_ns for bar in minutes if bar.start_ns > start_ns]
        minute.amend(price, volume, open_interest, closes=bool(volume))
        minute.pack_into(self._rows, _DERIVED + RING - len(later) - 1)
        return [("1m", minute), *self._amend_derived(minute, later, price, volume)]

    def _amend_derived(self, minute: Bar, later: list[int], price: float, volume: int) -> list[Named]:
        changed: list[Named] = []
        for row, timeframe in enumerate(DERIVED_TIMEFRAMES):
            bar = Bar.unpack_from(self._rows, row)
            if bar is None or not bar.start_ns <= minute.start_ns < bar.end_ns:
                continue
            is_last = not (later and later[0] < bar.end_ns)
            bar.amend(price, volume, minute.open_interest if is_last else None, closes=bool(volume) and is_last)
            bar.pack_into(self._rows, row)
            if bar.flags & CLOSED:
                changed.append((timeframe, bar))
        return changed

    def forget_minutes(self, before_ns: int) -> None:
        """Let no tick revise the minutes before that time any more: they were healed from history."""
        keep = self.minutes()
        self._rows[_DERIVED * PACKED_SIZE :] = bytes(RING * PACKED_SIZE)
        for minute in keep:
            if minute.start_ns >= before_ns:
                self._remember(minute)
            else:
                self.evicted_ns = max(self.evicted_ns, minute.end_ns)

    def replace(self, row: int, bar: Bar | None) -> None:
        """Put another bar in a derived row, or none."""
        if bar is None:
            self._rows[row * PACKED_SIZE : (row + 1) * PACKED_SIZE] = bytes(PACKED_SIZE)
        else:
            bar.pack_into(self._rows, row)

    def flag(self, start_ns: int, end_ns: int) -> list[Named]:
        """Mark what an interruption touched; gives the closed bars among it that were not marked yet."""
        changed: list[Named] = []
        for row in range(_DERIVED + RING):
            bar = Bar.unpack_from(self._rows, row)
            if bar is None or bar.flags & UNHEALED or not bar.mark_if_touched(start_ns, end_ns):
                continue
            bar.pack_into(self._rows, row)
            if row >= _DERIVED:
                changed.append(("1m", bar))
            elif bar.flags & CLOSED:
                changed.append((DERIVED_TIMEFRAMES[row], bar))
        return changed
