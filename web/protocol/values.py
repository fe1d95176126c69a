"""The values clients follow, as the hub keeps the newest of each."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import msgspec

_LEVEL = ("price", "quantity", "orders")


class PriceValue(msgspec.Struct, array_like=True, gc=False):
    """One row of the ``market_data`` channel: the newest price of one instrument.

    ``ts_event`` is in nanoseconds UTC; ``volume`` is cumulative since the session opened. Rows carry no
    ``previous_close``: the hub fills it in from the instrument's quote.
    """

    symbol: str
    price: float
    size: int = 0
    volume: int | None = None
    oi: int | None = None
    bid: float | None = None
    ask: float | None = None
    ts_event: int = 0
    day_open: float | None = None
    day_high: float | None = None
    day_low: float | None = None
    previous_close: float | None = None

    def follows(self, other: "PriceValue") -> bool:
        """Whether it was observed later: exchanges tell whole seconds, the volume tells more."""
        return (self.ts_event, self.volume or 0) > (other.ts_event, other.volume or 0)


class CandleValue(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One row of the ``live_candles`` channel, or the candle of an event; ``time`` is its open in nanoseconds UTC."""

    symbol: str
    timeframe: str
    time: int
    open: float
    high: float
    low: float
    close: float
    volume: int
    oi: int | None = None
    state: str = "forming"
    revision: int = 0
    source: str = ""


def candle_row(value: CandleValue) -> dict[str, Any]:
    """A candle as all dialects write one; ``time`` is its open in milliseconds UTC."""
    return {
        "time": value.time // 1_000_000,
        "open": value.open,
        "high": value.high,
        "low": value.low,
        "close": value.close,
        "volume": value.volume,
        "state": value.state,
        "rev": value.revision,
    }


class Status(msgspec.Struct, frozen=True):
    """How well prices flow, for one symbol, one feed, or for all of them when both are None."""

    status: str
    """``live``, ``stale``, ``backfilling``, ``degraded``, ``fallback``, ``closed`` or ``unmapped``."""
    since_ms: int
    why: str = ""
    symbol: str | None = None
    feed: str | None = None
    cause: str = ""
    """What is behind it, as ``quiet``, ``halted`` or ``mapping_dead``; empty where the status says it all."""


class Notice(msgspec.Struct, frozen=True):
    """Something that happened: to a job, or worth an alert; or how the processes are. ``data`` is what clients read."""

    data: Mapping[str, Any]
    owners: tuple[str, ...] = ("",)
    """Whose it is; an empty name: everybody's who may follow the channel as a whole."""
    symbol: None = None


class ChainValue(msgspec.Struct, dict=True):
    """The newest of one option chain; what is in it is read when the first client is told."""

    symbol: str
    """The underlying's."""
    expiry: str
    as_of_ms: int
    packed: bytes
    """A msgpack map, as the engine wrote it."""

    @cached_property
    def data(self) -> Mapping[str, Any]:
        """What clients read."""
        return msgspec.msgpack.decode(self.packed)


class DepthValue(msgspec.Struct, dict=True):
    """The newest book of one instrument; its levels are read when the first client is told."""

    symbol: str
    ts_recv_ms: int
    packed: bytes
    """A msgpack map, as the engine wrote it: levels are lists of price, quantity and orders."""
    data_kind: str = ""
    """Whether it is of a simulated exchange or a real one; the hub fills it in."""

    @cached_property
    def data(self) -> Mapping[str, Any]:
        """What clients read."""
        told = msgspec.msgpack.decode(self.packed)
        sides = {side: [dict(zip(_LEVEL, row, strict=False)) for row in told[side]] for side in ("bids", "asks")}
        return told | sides | {"data": self.data_kind}


Value = PriceValue | CandleValue | ChainValue | DepthValue | Status | Notice
