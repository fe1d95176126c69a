"""The bar: a candle as charts and programs read it."""

import msgspec

from engine.market.candle import Candle, CandleState
from web.forms import Sheet


class Bar(msgspec.Struct, frozen=True, gc=False):
    """A candle: its row under short names; ``t`` is its open in milliseconds UTC. A price that is not known is None."""

    t: int
    o: float | None
    h: float | None
    l: float | None  # noqa: E741 - as charts call it
    c: float | None
    v: int
    oi: int | None
    state: CandleState
    rev: int
    source: str


BARS = Sheet(
    "bars",
    {
        "t": "ms",
        **dict.fromkeys(("o", "h", "l", "c"), "float64"),
        **dict.fromkeys(("v", "oi"), "int64"),
        "state": "string",
        "rev": "int32",
        "source": "string",
    },
)


def bar_of(candle: Candle) -> Bar:
    """The bar of a candle."""
    opening, high, low, close = candle.open, candle.high, candle.low, candle.close
    bar = Bar(
        candle.time // 1_000_000,
        opening,
        high,
        low,
        close,
        candle.volume,
        candle.open_interest,
        candle.state,
        candle.revision,
        candle.source,
    )
    whole = opening + high + low + close
    return bar if whole == whole else _without_nan(bar)  # noqa: PLR0124 - only NaN differs from itself


def _without_nan(bar: Bar) -> Bar:
    """JSON has no NaN, and what one form calls unknown the others must, too."""
    prices = {name: getattr(bar, name) for name in ("o", "h", "l", "c")}
    return msgspec.structs.replace(bar, **{name: price if price == price else None for name, price in prices.items()})  # noqa: PLR0124
