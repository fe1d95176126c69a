"""What the engine tells, read back: the payloads of its Redis channels and the entries of ``events``."""

from collections.abc import Iterator
from typing import Any, ClassVar

import msgspec

from web.protocol import CandleValue, ChainValue, DepthValue, Kind, Notice, PriceValue, Status


class FeedFormatError(Exception):
    """A payload on the engine's channels can not be read; another version of the engine may have written it."""


class Prices(msgspec.Struct, array_like=True, gc=False):
    """One publish flush of ``market_data``."""

    version: int
    epoch: int
    offset: int
    ts_ns: int
    rows: list[PriceValue]


class LiveCandles(msgspec.Struct, array_like=True, gc=False):
    """One flush of ``live_candles``: the forming candles of watched instruments."""

    version: int
    epoch: int
    offset: int
    rows: list[CandleValue]


class LiveChain(msgspec.Struct, array_like=True, gc=False):
    """The newest of one option chain, on ``live_chains``."""

    version: int
    epoch: int
    offset: int
    underlying: str
    expiry: str
    as_of_ms: int
    snapshot: msgspec.Raw

    @property
    def value(self) -> ChainValue:
        return ChainValue(self.underlying, self.expiry, self.as_of_ms, bytes(self.snapshot))


class LiveDepths(msgspec.Struct, array_like=True, gc=False):
    """One flush of ``depth``: the books that changed, each still packed."""

    version: int
    epoch: int
    offset: int
    ts_ns: int
    books: list[msgspec.Raw]

    @property
    def values(self) -> Iterator[DepthValue]:
        """Of each only the head is read."""
        for packed in self.books:
            head: _BookHead = _decode(_BOOK_HEAD, packed)
            yield DepthValue(head.instrument, head.ts_recv, bytes(packed))


class _BookHead(msgspec.Struct, gc=False):
    instrument: str
    ts_recv: int


class _CandleBody(msgspec.Struct, gc=False):
    time: int
    open: float
    high: float
    low: float
    close: float
    volume: int
    state: str
    rev: int
    oi: int | None = None
    source: str = ""


class CandleEvent(msgspec.Struct, tag_field="kind", tag="candle", gc=False):
    """A candle became final or was revised."""

    symbol: str
    timeframe: str
    candle: _CandleBody

    @property
    def value(self) -> CandleValue:
        body = self.candle
        return CandleValue(
            self.symbol,
            self.timeframe,
            body.time * 1_000_000,
            body.open,
            body.high,
            body.low,
            body.close,
            body.volume,
            body.oi,
            body.state,
            body.rev,
            body.source,
        )


class StatusEvent(msgspec.Struct, tag_field="kind", tag="status", gc=False):
    """A feed or some instruments changed their status; ``since`` in milliseconds UTC."""

    status: str
    since: int
    why: str = ""
    cause: str = ""
    symbols: list[str] = []
    feed: str | None = None

    @property
    def values(self) -> list[Status]:
        """One for the feed, or one for each of the instruments."""
        told = Status(self.status, self.since, self.why, feed=self.feed, cause=self.cause)
        return [msgspec.structs.replace(told, symbol=symbol) for symbol in self.symbols] or [told]


class AlertEvent(msgspec.Struct, tag_field="kind", tag="alert", gc=False):
    """Something an operator should know; ``at`` in milliseconds UTC."""

    symbol: str = ""
    message: str = ""
    at: int = 0

    topic: ClassVar[Kind] = Kind.ALERTS

    @property
    def notice(self) -> Notice:
        return Notice(msgspec.structs.asdict(self))


class UserAlertEvent(msgspec.Struct, tag_field="kind", tag="user_alert", gc=False):
    """What a user's rule told; the same ``id`` may come twice. ``at`` in milliseconds UTC."""

    id: str
    owner: str
    rule: int
    name: str
    about: str
    """The kind of the rule's condition."""
    message: str
    at: int
    symbol: str = ""
    value: float | None = None
    is_test: bool = False

    topic: ClassVar[Kind] = Kind.ALERTS

    @property
    def notice(self) -> Notice:
        """Its owner's alone."""
        told = msgspec.structs.asdict(self)
        owner = told.pop("owner")
        return Notice(told, (owner,))


class JobEvent(msgspec.Struct, tag_field="kind", tag="jobs", gc=False):
    """A job got somewhere; ``progress`` from 0 to 1."""

    id: str
    status: str
    job: str = ""
    progress: float | None = None
    message: str = ""
    done: int | None = None
    total: int | None = None

    topic: ClassVar[Kind] = Kind.JOBS

    @property
    def notice(self) -> Notice:
        return Notice(msgspec.structs.asdict(self))


class ScreenerEvent(msgspec.Struct, tag_field="kind", tag="screener", gc=False):
    """The run of a screener got somewhere, or to its end; ``progress`` from 0 to 1."""

    screener: str
    job: str
    status: str
    progress: float
    message: str = ""
    owner: str = ""
    """Empty: the screener is everybody's."""

    topic: ClassVar[Kind] = Kind.SCREENING

    @property
    def notice(self) -> Notice:
        is_over = self.status not in ("waiting", "running", "paused")
        data = {
            "type": "screener_complete" if is_over else "screener_progress",
            "screener": self.screener,
            "job": self.job,
            "status": self.status,
            "progress": self.progress,
            "message": self.message,
        }
        return Notice(data, (f"{self.owner}:{self.screener}" if self.owner else self.screener,))


class OrderEvent(msgspec.Struct, tag_field="kind", tag="order", gc=False):
    """What became of an order, as its provider wrote it; ``at`` in milliseconds UTC."""

    provider: str
    what: str
    """``order`` or ``trade``."""
    at: int
    data: dict[str, Any]
    owner: str = ""
    """Whose account it is."""

    topic: ClassVar[Kind] = Kind.ORDERS

    @property
    def notice(self) -> Notice:
        """Its owner's, and the installation's."""
        told = msgspec.structs.asdict(self)
        owner = told.pop("owner")
        return Notice(told, ("", owner) if owner else ("",))


NoticeEvent = AlertEvent | UserAlertEvent | JobEvent | OrderEvent | ScreenerEvent
Event = CandleEvent | StatusEvent | NoticeEvent

_PRICES = msgspec.msgpack.Decoder(Prices)
_LIVE_CANDLES = msgspec.msgpack.Decoder(LiveCandles)
_LIVE_CHAIN = msgspec.msgpack.Decoder(LiveChain)
_LIVE_DEPTHS = msgspec.msgpack.Decoder(LiveDepths)
_BOOK_HEAD = msgspec.msgpack.Decoder(_BookHead)
_EVENT = msgspec.msgpack.Decoder(Event)


def decode_prices(payload: bytes) -> Prices:
    return _decode(_PRICES, payload)


def decode_live_candles(payload: bytes) -> LiveCandles:
    return _decode(_LIVE_CANDLES, payload)


def decode_live_chain(payload: bytes) -> LiveChain:
    return _decode(_LIVE_CHAIN, payload)


def decode_live_depths(payload: bytes) -> LiveDepths:
    return _decode(_LIVE_DEPTHS, payload)


def decode_event(payload: bytes) -> Event:
    """An entry of ``events``. Kinds this version does not know are an error to be counted, not to stop at."""
    return _decode(_EVENT, payload)


def _decode(decoder: msgspec.msgpack.Decoder[Any], payload: bytes | msgspec.Raw) -> Any:
    try:
        return decoder.decode(payload)
    except msgspec.DecodeError as error:
        raise FeedFormatError(str(error)) from error


class Sequence:
    """Watches the (epoch, offset) of a channel for messages that went missing."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: tuple[int, int] | None = None

    @property
    def epoch(self) -> int | None:
        return None if self._last is None else self._last[0]

    def follows(self, epoch: int, offset: int) -> bool:
        """Whether nothing is missing between the message before and this one; the first one follows anything."""
        before, self._last = self._last, (epoch, offset)
        return before is None or before == (epoch, offset - 1)
