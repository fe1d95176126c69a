"""What is answered of depth: both sides of one book, as many levels of it as a provider shows."""

from typing import Annotated, Final, Self

import msgspec
from msgspec import Meta

from engine.market.depth import Depth, DepthLevel
from web.answers import DataKind

LEVELS: Final = 20


class Level(msgspec.Struct, frozen=True):
    """What waits at one price."""

    price: float
    quantity: Annotated[int, Meta(description="In units.")]
    orders: int


class DepthAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The order book of one instrument at one time."""

    symbol: Annotated[str, Meta(description="The instrument as it was asked for.")]
    instrument: str
    bids: Annotated[list[Level], Meta(description="Highest price first.")]
    asks: Annotated[list[Level], Meta(description="Lowest price first.")]
    ts_recv: Annotated[
        int | None, Meta(description="When we were told it, unix milliseconds; null where there is none.")
    ]
    age_ms: int | None
    source: Annotated[str, Meta(description="The provider that told it.")]
    levels: Annotated[int, Meta(description="As many of each side a provider shows at most.")] = LEVELS
    data: DataKind
    failed: Annotated[str, Meta(description="Why there is none, or nobody keeps it fresh; empty when somebody does.")]

    @classmethod
    def of(cls, book: Depth | None, symbol: str, instrument: str, now_ms: int, *, data: DataKind, failed: str) -> Self:
        """A book as it is answered, or that there is none."""
        ts_recv = None if book is None else book.ts_recv // 1_000_000
        return cls(
            symbol=symbol,
            instrument=instrument,
            bids=_levels(book.bids if book else ()),
            asks=_levels(book.asks if book else ()),
            ts_recv=ts_recv,
            age_ms=None if ts_recv is None else max(0, now_ms - ts_recv),
            source=book.provider if book else "",
            data=data,
            failed=failed,
        )


def _levels(side: tuple[DepthLevel, ...]) -> list[Level]:
    return [Level(level.price, level.quantity, level.orders) for level in side]
