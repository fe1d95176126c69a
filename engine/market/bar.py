"""A candle in the making, small: mutable while ticks arrive, 67 bytes at rest."""

import struct
from collections.abc import Sequence
from typing import Any, Self

from engine.market.candle import Candle, CandleState

UNHEALED = 1
"""The bucket was touched by an interruption."""
TICKS = 2
"""The volume counts ticks."""
CLOSED = 4
"""The clock has closed the bucket, and the candle was handed out as final."""

_PACKED = struct.Struct("<qqddddqqHB")
_PACKED_END = struct.Struct("<q")
PACKED_SIZE = _PACKED.size
UNKNOWN = -1
"""Stands for a quantity nobody told."""


class Bar:
    """Open, high, low, close and volume of one bucket ``[start_ns, end_ns)``, growing."""

    __slots__ = (
        "base", "close", "end_ns", "flags", "high", "low", "open", "open_interest", "revision", "start_ns", "volume",
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
        base: int = UNKNOWN,
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
        self.base = base
        """The running total before the first trade, while the bar takes ticks; not kept at rest."""

    def trade(self, price: float, volume: int, open_interest: int | None, *, closes: bool) -> None:
        """One more trade. Arrival is the order, as exchanges stamp whole seconds; only ``closes`` moves the close."""
        self.high = max(self.high, price)
        self.low = min(self.low, price)
        self.volume += volume
        if closes:
            self.close = price
        if open_interest is not None:
            self.open_interest = open_interest

    def yield_to(self, earlier_total: int) -> int:
        """Give up the volume that a tick of an earlier bucket, which was overtaken, turns out to have traded there."""
        if self.base == UNKNOWN or not self.base < earlier_total <= self.base + self.volume:
            return 0
        moved = earlier_total - self.base
        self.volume -= moved
        self.base = earlier_total
        return moved

    def amend(self, price: float, volume: int, open_interest: int | None, *, closes: bool) -> None:
        """A trade that came late: a closed bar becomes its next revision."""
        self.trade(price, volume, open_interest, closes=closes)
        if self.flags & CLOSED:
            self.revision += 1

    def mark_if_touched(self, start_ns: int, end_ns: int) -> bool:
        """Flag the bar when an interruption ``[start_ns, end_ns)`` took ticks from it; tells whether it did."""
        touched = start_ns < end_ns and start_ns < self.end_ns and self.start_ns < end_ns
        if touched:
            self.flags |= UNHEALED
        return touched

    def merge(self, later: Self) -> None:
        """Go on with a bar that follows this one."""
        self.high = max(self.high, later.high)
        self.low = min(self.low, later.low)
        self.close = later.close
        self.volume += later.volume
        if later.open_interest is not None:
            self.open_interest = later.open_interest
        self.flags |= later.flags & (UNHEALED | TICKS)

    def spanning(self, start_ns: int, end_ns: int) -> "Bar":
        """A wider bar that so far holds this one only."""
        return Bar(
            start_ns, end_ns, self.open, self.high, self.low, self.close, self.volume, self.open_interest,
            flags=self.flags & (UNHEALED | TICKS),
        )  # fmt: skip

    def candle(self, instrument: str, timeframe: str, source: str, state: CandleState) -> Candle:
        """The immutable candle, for others."""
        return Candle(
            instrument, timeframe, self.start_ns, self.open, self.high, self.low, self.close, self.volume,
            self.open_interest, state, self.revision, f"{source}/ticks" if self.flags & TICKS else source,
            bool(self.flags & UNHEALED),
        )  # fmt: skip

    @classmethod
    def of(cls, candle: Candle, end_ns: int) -> Self:
        """A bar of a candle from elsewhere, as a provider's history."""
        flags = UNHEALED * candle.resolve_required | TICKS * candle.source.endswith("/ticks")
        return cls(
            candle.time, end_ns, candle.open, candle.high, candle.low, candle.close, candle.volume,
            candle.open_interest, candle.revision, flags,
        )  # fmt: skip

    def state(self) -> list[Any]:
        """Plain values, for ``state:{symbol}``."""
        return [
            self.start_ns, self.end_ns, self.open, self.high, self.low, self.close, self.volume, self.open_interest,
            self.revision, self.flags, self.base,
        ]  # fmt: skip

    @classmethod
    def restore(cls, state: Sequence[Any]) -> Self:
        """The bar that ``state`` gave away."""
        return cls(*state)

    def pack_into(self, buffer: bytearray, row: int) -> None:
        """Lay it to rest in a row of a buffer."""
        oi = UNKNOWN if self.open_interest is None else self.open_interest
        _PACKED.pack_into(
            buffer, row * PACKED_SIZE, self.start_ns, self.end_ns, self.open, self.high, self.low, self.close,
            self.volume, oi, self.revision, self.flags,
        )  # fmt: skip

    def join_row(self, buffer: bytearray, row: int, start_ns: int) -> bool:
        """``merge`` this bar into the resting one of the bucket that starts then; false when the row holds another.

        Every minute of every instrument goes through six of these at the same moment, so no bar is made on the way.
        """
        offset = row * PACKED_SIZE
        values: tuple[Any, ...] = _PACKED.unpack_from(buffer, offset)
        start, end, opens, high, low, _, volume, oi, revision, flags = values
        if start != start_ns:
            return False
        if self.high > high:  # noqa: PLR1730 - max and min would cost a fifth of this function
            high = self.high
        if self.low < low:  # noqa: PLR1730
            low = self.low
        _PACKED.pack_into(
            buffer, offset, start, end, opens, high, low, self.close,
            volume + self.volume, oi if self.open_interest is None else self.open_interest, revision,
            flags | self.flags & (UNHEALED | TICKS),
        )  # fmt: skip
        return True

    @classmethod
    def unpack_from(cls, buffer: bytes | bytearray, row: int) -> Self | None:
        """Take it out of a row again; None when the row is empty."""
        values: tuple[Any, ...] = _PACKED.unpack_from(buffer, row * PACKED_SIZE)
        start_ns, end_ns, opens, high, low, close, volume, oi, revision, flags = values
        if not end_ns:
            return None
        return cls(start_ns, end_ns, opens, high, low, close, volume, None if oi == UNKNOWN else oi, revision, flags)


def end_in_row(buffer: bytearray, row: int) -> int:
    """The end of a resting bar's bucket; 0 when the row is empty."""
    end_ns: int = _PACKED_END.unpack_from(buffer, row * PACKED_SIZE + _PACKED_END.size)[0]
    return end_ns


def is_closed_in_row(buffer: bytearray, row: int) -> bool:
    """Whether a resting bar was handed out as final."""
    return bool(buffer[(row + 1) * PACKED_SIZE - 1] & CLOSED)
