"""The candle: open, high, low, close and volume of one instrument over one bucket of one timeframe."""

from enum import StrEnum

import msgspec


class CandleState(StrEnum):
    """How settled a candle is: it forms, becomes final when its bucket closes, and may then be revised."""

    FORMING = "forming"
    FINAL = "final"
    REVISED = "revised"


OFFICIAL = "/official"
"""After the provider's name in the source of a day's bar that is the exchange's own."""

CandleRow = tuple[float, float, float, float, int, int | None, CandleState, int, str, bool]
"""Open, high, low, close, volume, open interest, state, revision, source, and whether it is still to be resolved."""


class Candle(msgspec.Struct, frozen=True, gc=False, eq=False):
    """One immutable bar. ``time`` is the bucket's open in nanoseconds since the epoch, UTC.

    ``volume`` is in units traded; where the feed has none it counts ticks and ``source`` ends in ``/ticks``. A bar that
    several providers made, as one that a move from one to another cut, has the source ``mixed``; a day's bar that is the
    exchange's own and not made of minutes ends in ``/official``. Candles are equal when they say the same, whenever it was
    said.
    """

    instrument: str
    timeframe: str
    time: int
    open: float
    high: float
    low: float
    close: float
    volume: int
    open_interest: int | None = None
    state: CandleState = CandleState.FORMING
    revision: int = 0
    """0 until the candle is final, then counts its revisions."""
    source: str = ""
    resolve_required: bool = False
    """The bucket was touched by an interruption and has not been healed from the provider's history yet."""
    published_ns: int = 0
    """When the engine first told it, in whole milliseconds, which every store and wire keeps exactly; 0 before that."""

    @property
    def provider(self) -> str:
        """Whose word it is: the source without what is said beside it."""
        return self.source.partition("/")[0]

    @property
    def is_official(self) -> bool:
        """Whether it is the exchange's own bar of a day, which no sum of minutes replaces."""
        return self.source.endswith(OFFICIAL)

    @property
    def row(self) -> CandleRow:
        """What it says of its bucket, in the order of every encoding that has no names: stores hold such rows."""
        return (
            self.open,
            self.high,
            self.low,
            self.close,
            self.volume,
            self.open_interest,
            self.state,
            self.revision,
            self.source,
            self.resolve_required,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Candle) and self._said() == other._said()

    def __ne__(self, other: object) -> bool:
        """Said once more, as the base class's own would go by identity."""
        return not self == other

    def __hash__(self) -> int:
        return hash((self.instrument, self.timeframe, self.time, self.revision))

    def _said(self) -> tuple[object, ...]:
        return msgspec.structs.astuple(self)[:-1]
