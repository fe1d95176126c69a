"""The settled part of a candle book: the derived bars so far and the last closed minutes, packed in one buffer."""

import struct
from collections.abc import Iterable

from engine.market.bar import (
    CLOSED,
    FIRST_OF_ALL,
    LAST_OF_ALL,
    PACKED_SIZE,
    UNHEALED,
    Bar,
    end_in_row,
    full_rows,
    open_rows,
    order_of,
    starts_in_rows,
)
from engine.market.calendar import Bucket
from engine.market.errors import StateError
from engine.market.tick import Tick
from engine.market.timeframe import DERIVED_TIMEFRAMES

NEVER = 1 << 62
"""A time for what is not to come."""
RING = 3
"""How many closed minutes a late tick may still revise."""

_DERIVED = len(DERIVED_TIMEFRAMES)
_DERIVED_ROWS = slice(0, _DERIVED)
_MINUTE_ROWS = slice(_DERIVED, _DERIVED + RING)
_ALL_ROWS = slice(0, _DERIVED + RING)
_PLACES = (_DERIVED + RING) * PACKED_SIZE
_PLACE = struct.Struct("<qq")
_EVICTED_AT = _PLACES + RING * _PLACE.size
_EVICTED = struct.Struct("<q")
_SIZE = _EVICTED_AT + _EVICTED.size

Named = tuple[str, Bar]
"""A bar and its timeframe."""


class SettledBars:
    """One row for each derived timeframe, then the last closed minutes, oldest first, then their first and last places.

    All in one buffer, as there are thousands of these.

    A derived row stays after the clock has closed its bucket, until the next bucket's first minute settles: so long
    a late tick can still revise it.
    """

    __slots__ = ("_rows",)

    def __init__(self, rows: bytes = bytes(_SIZE)) -> None:
        if len(rows) != _SIZE:
            raise StateError(f"expected {_SIZE} bytes of bars, was {len(rows)}")
        self._rows = bytearray(rows)

    @property
    def evicted_ns(self) -> int:
        """End of the newest closed minute that is no longer among the last ones; 0 before there was one."""
        return int(_EVICTED.unpack_from(self._rows, _EVICTED_AT)[0])

    def _evict(self, end_ns: int) -> None:
        _EVICTED.pack_into(self._rows, _EVICTED_AT, max(end_ns, self.evicted_ns))

    @property
    def next_end_ns(self) -> int:
        """When the next derived bucket ends; far in the future when none is open."""
        return min((end_ns for _, end_ns in open_rows(self._rows, _DERIVED_ROWS)), default=NEVER)

    @property
    def oldest_minute_ns(self) -> int:
        """When the oldest of the last closed minutes started; far in the future when there is none."""
        return min(starts_in_rows(self._rows, _MINUTE_ROWS), default=NEVER)

    @property
    def newest_ns(self) -> int:
        """When the newest of all bars started; 0 when there is none.

        Of all: a heal through now leaves derived bars alone, and no minute a tick could revise.
        """
        return max(starts_in_rows(self._rows, _ALL_ROWS), default=0)

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
        bars: list[Bar] = []
        for place in range(RING):
            bar = Bar.unpack_from(self._rows, _DERIVED + place)
            if bar is not None:
                bar.first, bar.top = _PLACE.unpack_from(self._rows, _PLACES + place * _PLACE.size)
                bars.append(bar)
        return bars

    @property
    def last_top(self) -> int:
        """The place of the last trade of the newest closed minute (``order_of``)."""
        return int(_PLACE.unpack_from(self._rows, _EVICTED_AT - _PLACE.size)[1])

    def _pack_minute(self, minute: Bar, place: int) -> None:
        minute.pack_into(self._rows, _DERIVED + place)
        _PLACE.pack_into(self._rows, _PLACES + place * _PLACE.size, minute.first, minute.top)

    def revision(self, timeframe: str, start_ns: int) -> int:
        """Of a closed bar; -1 when it is open, or not here."""
        bars = self.minutes() if timeframe == "1m" else [self.derived(DERIVED_TIMEFRAMES.index(timeframe))]
        known = (bar.revision for bar in bars if bar and bar.start_ns == start_ns and bar.flags & CLOSED)
        return next(known, -1)

    def is_in_doubt(self, start_ns: int, tick: Tick) -> bool:
        """Nothing tells whether a late tick repeats an earlier trade of the same moment as a closed minute's last one."""
        minute = next((bar for bar in self.minutes() if bar.start_ns == start_ns), None)
        return minute is not None and minute.top == order_of(tick) and minute.close != tick.price

    def seal(self) -> None:
        """The totals begin anew: a late tick opens and closes none of the last minutes any more."""
        for place in range(RING):
            _PLACE.pack_into(self._rows, _PLACES + place * _PLACE.size, FIRST_OF_ALL, LAST_OF_ALL)

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
        return [] if left is None else [(DERIVED_TIMEFRAMES[row], left)]

    def _remember(self, minute: Bar) -> None:
        rows, first = self._rows, _DERIVED * PACKED_SIZE
        self._evict(end_in_row(rows, _DERIVED))
        rows[first : _PLACES - PACKED_SIZE] = rows[first + PACKED_SIZE : _PLACES]
        rows[_PLACES : _EVICTED_AT - _PLACE.size] = rows[_PLACES + _PLACE.size : _EVICTED_AT]
        minute.flags |= CLOSED
        self._pack_minute(minute, RING - 1)

    def close_until(self, ns: int) -> list[Named]:
        """The derived bars whose buckets have ended by then, each once."""
        ended: list[Named] = []
        for row, end_ns in open_rows(self._rows, _DERIVED_ROWS):
            if end_ns <= ns and (bar := self.derived(row)) is not None:
                bar.flags |= CLOSED
                bar.pack_into(self._rows, row)
                ended.append((DERIVED_TIMEFRAMES[row], bar))
        return ended

    def trade_late(self, start_ns: int, tick: Tick, volume: int) -> list[Named] | None:
        """Add a late trade to a closed minute and what was derived from it; gives the closed bars it changed.

        None when the minute is no longer among the last ones.
        """
        minutes = self.minutes()
        minute = next((bar for bar in minutes if bar.start_ns == start_ns), None)
        if minute is None:
            return None
        changed, place = minute.amend(tick, volume), minutes.index(minute)
        self._pack_minute(minute, RING - len(minutes) + place)  # its places may be new though its numbers are not
        if not changed:
            return []
        before_ns = minutes[place - 1].end_ns if place else self.evicted_ns
        after_ns = minutes[place + 1].start_ns if place + 1 < len(minutes) else NEVER
        return [("1m", minute), *self._amend_derived(minute, before_ns, after_ns, volume)]

    def _amend_derived(self, minute: Bar, before_ns: int, after_ns: int, volume: int) -> list[Named]:
        changed: list[Named] = []
        for row, timeframe in enumerate(DERIVED_TIMEFRAMES):
            bar = Bar.unpack_from(self._rows, row)
            if bar is None or not bar.start_ns <= minute.start_ns < bar.end_ns:
                continue
            opens, closes = before_ns <= bar.start_ns, after_ns >= bar.end_ns
            is_news = bar.take_over(minute, volume, opens=opens, closes=closes)
            bar.pack_into(self._rows, row)
            if is_news and bar.flags & CLOSED:
                changed.append((timeframe, bar))
        return changed

    def forget_minutes(self, before_ns: int) -> None:
        """Let no tick revise the minutes before that time any more: they were healed from history."""
        keep = self.minutes()
        self._rows[_DERIVED * PACKED_SIZE : _EVICTED_AT] = bytes(_EVICTED_AT - _DERIVED * PACKED_SIZE)
        for minute in keep:
            if minute.start_ns >= before_ns:
                self._remember(minute)
            else:
                self._evict(minute.end_ns)

    def replace(self, row: int, bar: Bar | None) -> None:
        """Put another bar in a derived row, or none."""
        if bar is None:
            self._rows[row * PACKED_SIZE : (row + 1) * PACKED_SIZE] = bytes(PACKED_SIZE)
        else:
            bar.pack_into(self._rows, row)

    def mix_cut(self, border_ns: int) -> None:
        """Mark the open derived bars that a move from one provider to another cuts."""
        for row, _ in open_rows(self._rows, _DERIVED_ROWS):
            bar = self.derived(row)
            if bar is not None and bar.mix_if_cut(border_ns):
                bar.pack_into(self._rows, row)

    def flag(self, start_ns: int, end_ns: int) -> list[Named]:
        """Mark what an interruption touched; gives the closed bars among it that were not marked yet."""
        changed: list[Named] = []
        for row in full_rows(self._rows, _ALL_ROWS):
            bar = Bar.unpack_from(self._rows, row)
            if bar is None or bar.flags & UNHEALED or not bar.mark_if_touched(start_ns, end_ns):
                continue
            bar.pack_into(self._rows, row)
            if row >= _DERIVED:
                changed.append(("1m", bar))
            elif bar.flags & CLOSED:
                changed.append((DERIVED_TIMEFRAMES[row], bar))
        return changed
