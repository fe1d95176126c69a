"""The row of a tick."""

from typing import Annotated

import msgspec
from msgspec import Meta

from engine.market.kept_tick import KeptTick
from web.forms import Sheet


class TickRow(msgspec.Struct, frozen=True, gc=False):
    """A tick as it was kept; what the provider did not say is null. Quantities are in units traded."""

    received: Annotated[
        int,
        Meta(description="When it came, unix microseconds UTC; of a symbol no two have the same, and rows go by it."),
    ]
    t: Annotated[int, Meta(description="The exchange's time of the trade, unix microseconds UTC.")]
    price: float
    size: Annotated[int, Meta(description="Of the last trade.")]
    traded: Annotated[int, Meta(description="What `volume` moved by since the tick before: the delta volume.")]
    volume: Annotated[int | None, Meta(description="The session's total, as the provider told it.")]
    oi: int | None
    bid: float | None
    ask: float | None
    provider: str


TICKS = Sheet(
    "ticks",
    {
        **dict.fromkeys(("received", "t"), "us"),
        "price": "float64",
        **dict.fromkeys(("size", "traded", "volume", "oi"), "int64"),
        **dict.fromkeys(("bid", "ask"), "float64"),
        "provider": "string",
    },
)


def row_of(tick: KeptTick) -> TickRow:
    """The row of a tick: its fields but for the name."""
    return TickRow(*msgspec.structs.astuple(tick)[1:])
