"""A candle in the making, small: mutable while ticks arrive, 63 bytes at rest."""

import struct
from collections.abc import Iterator, Sequence
from typing import Any, Self

from engine.market.candle import Candle, CandleState
from engine.market.tick import Tick

UNHEALED = 1
"""The bucket was touched by an interruption."""
TICKS = 2
"""The volume counts ticks."""
CLOSED = 4
"""The clock has closed the bucket, and the candle was handed out as final."""
SEALED = 8
"""Totals began anew while it was open: those of its trades are not to be compared."""
MIXED = 16
"""Two providers made it, one after the other: its source is ``mixed``."""
INHERITED = UNHEALED | TICKS | MIXED
"""What a longer bar has of the bars it is made of."""

_PACKED = struct.Struct("<qIddddqqHB")
_PACKED_SPAN = struct.Struct("<qI")
_PACKED_HEAD = struct.Struct("<qI50xB")
_SECOND_NS = 1_000_000_000
PACKED_SIZE = _PACKED.size
UNKNOWN = -1
"""Stands for a quantity nobody told."""

BY_TIME = 1 << 62
"""Taken from a time of trade that stands for a total, so that it comes before all totals."""
FIRST_OF_ALL = -(1 << 63)
LAST_OF_ALL = (1 << 63) - 1


def order_of(tick: Tick) -> int:
    """Where a trade belongs among others of its instrument and day: by the running total, without one by its time."""
    return tick.volume or tick.ts_event - BY_TIME


Numbers = tuple[float, float, float, float, int, int | None]
"""Open, high, low, close, volume and open interest."""


class Bar:
    """Open, high, low, close and volume of one bucket ``[start_ns, end_ns)``, growing."""

    __slots__ = (
        "close", "end_ns", "first", "flags", "high", "low", "open", "open_interest", "revision", "start_ns", "top",
        "volume",
    )  # fmt: skip

    def __init__(  # noqa: PLR0917 - made on every minute of every instrument, where keywords cost
        self,
        start_ns: int,
        end_ns: int,
        opens: float,
        high: float,
        low: float,
        close: float,
        volume: int,
        open_interest: int | None = None,
        revision: int = 0,
        flags: int = 0,
        first: int = FIRST_OF_ALL,
        top: int = LAST_OF_ALL,
    ) -> None:
        self.start_ns = start_ns
        self.end_ns = end_ns
        self.open = opens
        self.high = high
        self.low = low
        self.close = close
        self.volume = volume
        self.open_interest = open_interest
        self.revision = revision
        self.flags = flags
        self.first = first
        """The place of the trade that opened it (``order_of``); as it is, no trade can come before."""
        self.top = top
        """The place of the trade that closes it so far; as it is, no trade can come after."""

    @classmethod
    def opened(cls, start_ns: int, end_ns: int, tick: Tick, volume: int) -> Self:
        """The bar of a bucket's first trade, and the volume measured for it."""
        price, order = tick.price, order_of(tick)
        flags = TICKS if tick.volume is None and volume and not tick.size else 0
        return cls(
            start_ns, end_ns, price, price, price, price, volume, tick.open_interest, 0, flags, order, order
        )  # fmt: skip

    def trade(self, tick: Tick, volume: int, *, repeats: bool = False) -> None:
        """One more trade, in its place whenever it comes: the lowest total opens the bar, the highest closes it.

        Of two in one place the one that arrived first opens, the last one closes, unless it may be one that ``repeats``.
        """
        price, order, open_interest = tick.price, order_of(tick), tick.open_interest
        self.high = max(self.high, price)
        self.low = min(self.low, price)
        self.volume += volume
        is_last = order > self.top or (order == self.top and not repeats)
        if is_last:
            self.top, self.close = order, price
        elif order < self.first and (repeats or not self._is_restated(order)):
            self.first, self.open = order, price
        if open_interest is not None and (is_last or self.open_interest is None):
            self.open_interest = open_interest

    def _is_restated(self, order: int) -> bool:
        """A total below the one the bar began with is the provider's correction, and no trade that was overtaken."""
        base = self.top - self.volume
        return 0 < order <= base < self.first

    def seal(self) -> None:
        """The totals begin anew: none to come can be compared with those so far, and all that comes is later."""
        self.flags |= SEALED
        self.first, self.top = FIRST_OF_ALL, FIRST_OF_ALL

    def yield_to(self, earlier_total: int) -> int:
        """Give up the volume that a tick of an earlier bucket, which was overtaken, turns out to have traded there."""
        base = self.top - self.volume
        if self.flags & (SEALED | TICKS) or not base < earlier_total <= self.top:
            return 0
        self.volume -= earlier_total - base
        return earlier_total - base

    def amend(self, tick: Tick, volume: int) -> bool:
        """A trade that came late: a closed bar that it changes becomes its next revision; tells whether it did."""
        before = self._numbers()
        self.trade(tick, volume, repeats=True)
        return self._revise_if_changed(before)

    def take_over(self, part: Self, volume: int, *, opens: bool, closes: bool) -> bool:
        """A bar that is part of this one was amended, by so much volume: as ``amend``.

        A minute's new high is often no news to its hour, and a revision that changes nothing would be told to everybody.
        """
        before = self._numbers()
        self.high = max(self.high, part.high)
        self.low = min(self.low, part.low)
        self.volume += volume
        if opens:
            self.open = part.open
        if closes:
            self.close, self.open_interest = part.close, part.open_interest
        return self._revise_if_changed(before)

    def _numbers(self) -> Numbers:
        return self.open, self.high, self.low, self.close, self.volume, self.open_interest

    def _revise_if_changed(self, before: Numbers) -> bool:
        changed = self._numbers() != before
        if changed and self.flags & CLOSED:
            self.revision += 1
        return changed

    def mark_if_touched(self, start_ns: int, end_ns: int) -> bool:
        """Flag the bar when an interruption ``[start_ns, end_ns)`` took ticks from it; tells whether it did."""
        touched = start_ns < end_ns and start_ns < self.end_ns and self.start_ns < end_ns
        if touched:
            self.flags |= UNHEALED
        return touched

    def mix_if_cut(self, border_ns: int) -> bool:
        """Note that another provider's trades are in it from that time on; tells whether the time cuts it."""
        cut = self.start_ns < border_ns < self.end_ns
        if cut:
            self.flags |= MIXED
        return cut

    def merge(self, later: Self) -> None:
        """Go on with a bar that follows this one."""
        self.high = max(self.high, later.high)
        self.low = min(self.low, later.low)
        self.close = later.close
        self.volume += later.volume
        if later.open_interest is not None:
            self.open_interest = later.open_interest
        self.flags |= later.flags & INHERITED

    def spanning(self, start_ns: int, end_ns: int) -> "Bar":
        """A wider bar that so far holds this one only."""
        return Bar(
            start_ns, end_ns, self.open, self.high, self.low, self.close, self.volume, self.open_interest,
            flags=self.flags & INHERITED,
        )  # fmt: skip

    def candle(self, instrument: str, timeframe: str, source: str, state: CandleState) -> Candle:
        """The immutable candle, for others."""
        source = "mixed" if self.flags & MIXED else source
        return Candle(
            instrument, timeframe, self.start_ns, self.open, self.high, self.low, self.close, self.volume,
            self.open_interest, state, self.revision, f"{source}/ticks" if self.flags & TICKS else source,
            bool(self.flags & UNHEALED),
        )  # fmt: skip

    @classmethod
    def of(cls, candle: Candle, end_ns: int) -> Self:
        """A bar of a candle from elsewhere, as a provider's history."""
        mixed, _, unit = candle.source.partition("/")
        flags = UNHEALED * candle.resolve_required | TICKS * (unit == "ticks") | MIXED * (mixed == "mixed")
        return cls(
            candle.time, end_ns, candle.open, candle.high, candle.low, candle.close, candle.volume,
            candle.open_interest, candle.revision, flags,
        )  # fmt: skip

    def state(self) -> list[Any]:
        """Plain values, for ``state:{symbol}``."""
        return [
            self.start_ns, self.end_ns, self.open, self.high, self.low, self.close, self.volume, self.open_interest,
            self.revision, self.flags, self.first, self.top,
        ]  # fmt: skip

    @classmethod
    def restore(cls, state: Sequence[Any]) -> Self:
        """The bar that ``state`` gave away."""
        return cls(*state)

    def pack_into(self, buffer: bytearray, row: int) -> None:
        """Lay it to rest in a row of a buffer."""
        oi = UNKNOWN if self.open_interest is None else self.open_interest
        _PACKED.pack_into(
            buffer, row * PACKED_SIZE, self.start_ns, (self.end_ns - self.start_ns) // _SECOND_NS, self.open,
            self.high, self.low, self.close, self.volume, oi, self.revision, self.flags,
        )  # fmt: skip

    def join_row(self, buffer: bytearray, row: int, start_ns: int) -> bool:
        """``merge`` this bar into the resting one of the bucket that starts then; false when the row holds another.

        Every minute of every instrument goes through six of these at the same moment, so no bar is made on the way.
        """
        offset = row * PACKED_SIZE
        values: tuple[Any, ...] = _PACKED.unpack_from(buffer, offset)
        start, length_s, opens, high, low, _, volume, oi, revision, flags = values
        if start != start_ns:
            return False
        if self.high > high:  # noqa: PLR1730 - max and min would cost a fifth of this function
            high = self.high
        if self.low < low:  # noqa: PLR1730
            low = self.low
        _PACKED.pack_into(
            buffer, offset, start, length_s, opens, high, low, self.close,
            volume + self.volume, oi if self.open_interest is None else self.open_interest, revision,
            flags | self.flags & INHERITED,
        )  # fmt: skip
        return True

    @classmethod
    def unpack_from(cls, buffer: bytes | bytearray, row: int) -> Self | None:
        """Take it out of a row again; None when the row is empty."""
        values: tuple[Any, ...] = _PACKED.unpack_from(buffer, row * PACKED_SIZE)
        start_ns, length_s, opens, high, low, close, volume, oi, revision, flags = values
        if not length_s:
            return None
        end_ns, open_interest = start_ns + length_s * _SECOND_NS, None if oi == UNKNOWN else oi
        return cls(start_ns, end_ns, opens, high, low, close, volume, open_interest, revision, flags)


def end_in_row(buffer: bytearray, row: int) -> int:
    """The end of a resting bar's bucket; 0 when the row is empty."""
    start_ns, length_s = _PACKED_SPAN.unpack_from(buffer, row * PACKED_SIZE)
    return int(start_ns + length_s * _SECOND_NS)


def starts_in_rows(buffer: bytearray, rows: slice) -> list[int]:
    """When the resting bars of some rows start; the empty ones are left out."""
    return [start_ns for start_ns, length_s, _ in _heads(buffer, rows) if length_s]


def full_rows(buffer: bytearray, rows: slice) -> list[int]:
    """Which of some rows hold a bar, counted from the first of them."""
    return [row for row, (_, length_s, _) in enumerate(_heads(buffer, rows)) if length_s]


def open_rows(buffer: bytearray, rows: slice) -> list[tuple[int, int]]:
    """Each resting bar among some rows that was not handed out as final: its row, counted from the first, and its end."""
    return [
        (row, start_ns + length_s * _SECOND_NS)
        for row, (start_ns, length_s, flags) in enumerate(_heads(buffer, rows))
        if length_s and not flags & CLOSED
    ]


def _heads(buffer: bytearray, rows: slice) -> Iterator[tuple[int, int, int]]:
    """Start, length in seconds and flags of each row, without a bar being made."""
    return _PACKED_HEAD.iter_unpack(memoryview(buffer)[rows.start * PACKED_SIZE : rows.stop * PACKED_SIZE])
