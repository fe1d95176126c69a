"""The hot path of Yahoo's feed: text frames of one connection to ticks, each beside the target of its route."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from engine.market.prices import TickSize
from engine.market.tick import Tick
from engine.providers.base import Route
from engine.providers.counting import CountingDecoder
from engine.providers.yahoo.pricing import PricingData, decode_error, pricing_type

_MILLISECOND: Final = 1_000_000
_SECOND: Final = 1_000_000_000
_EARLIEST_NS: Final = 946_684_800 * _SECOND  # 2000: before that nobody streamed
_AHEAD_NS: Final = 60 * _SECOND  # how far the exchange's clock may be ahead of ours before we take its time for damaged
_NIGHT_NS: Final = 4 * 3600 * _SECOND  # exchanges rest longer than that, or else start anew from zero
_PRICE_LIMIT: Final = 1e9
_BEFORE_OPEN: Final = 0
_REGULAR: Final = 1
"""The session in which ``change`` is counted from the previous close."""


class _Envelope(msgspec.Struct):
    """A frame; the message is base64, which the JSON decoder takes off on its way."""

    message: bytes | None = None


_read_envelope = msgspec.json.Decoder(_Envelope).decode


class _Lane:
    """What is known of one route: messages are sparse, and what one of them told holds until another tells else."""

    __slots__ = (
        "ask", "bid", "day_high", "day_low", "day_open", "instrument", "is_index", "open_interest", "previous_close",
        "target", "tick_size", "traded_ns", "volume",
    )  # fmt: skip

    def __init__(self, route: Route) -> None:
        self.instrument = route.instrument
        self.target = route.target
        self.tick_size = TickSize(route.tick_size)
        self.is_index = route.kind == "index"
        self.traded_ns = 0
        self._begin_day()

    def _begin_day(self) -> None:
        """Forget the day before: its figures would stand until the new day's own come."""
        self.volume = 0
        self.day_open: float | None = None
        self.day_high: float | None = None
        self.day_low: float | None = None
        self.previous_close: float | None = None
        self.open_interest: int | None = None
        self.bid: float | None = None
        self.ask: float | None = None

    def round(self, price: float) -> float | None:
        """The price on its tick; ``None`` for the zero of what was not sent, and for rubbish."""
        return self.tick_size.round(price) or None if 0.0 < price < _PRICE_LIMIT else None

    def pass_time(self, traded_ns: int) -> None:
        """Notice a night between two trades."""
        if traded_ns - self.traded_ns > _NIGHT_NS:
            self._begin_day()
        self.traded_ns = max(self.traded_ns, traded_ns)

    def take(self, data: PricingData) -> None:
        """Keep what a message tells beside the price; most of it is mostly not there."""
        if figure := data.open_price:
            self.day_open = self.round(figure) or self.day_open
        if figure := data.day_high:
            self.day_high = self.round(figure) or self.day_high
        if figure := data.day_low:
            self.day_low = self.round(figure) or self.day_low
        if figure := data.bid:
            self.bid = self.round(figure) or self.bid
        if figure := data.ask:
            self.ask = self.round(figure) or self.ask
        if (interest := data.open_interest) > 0:
            self.open_interest = interest
        if figure := data.previous_close:
            self.previous_close = self.round(figure) or self.previous_close
        elif self.previous_close is None:
            self._infer_previous_close(data)

    def _infer_previous_close(self, data: PricingData) -> None:
        """Mostly it comes as a change only; on a known grid the difference of two 32-bit floats finds it again."""
        if data.change and data.market_hours == _REGULAR and self.tick_size.size:
            self.previous_close = self.round(data.price - data.change)

    def drop_contradicted(self, price: float) -> None:
        """Forget a range of the day that the price is outside of."""
        if self.day_high is not None and price > self.day_high:
            self.day_high = None
        if self.day_low is not None and price < self.day_low:
            self.day_low = None

    def take_volume(self, data: PricingData) -> tuple[int | None, int]:
        """The day's running total, and the size of the trade where it is told credibly.

        The last 24 hours are no day: what never closes has no running total; and before the open a total may still be
        yesterday's. ``last_size`` is kept or made up by Yahoo as it likes, so it counts only within what the total moved.
        """
        volume = data.day_volume
        if volume <= 0 or self.is_index or data.vol_24hr or data.market_hours == _BEFORE_OPEN:
            return None, 0
        moved = volume - self.volume if self.volume else 0
        if 2 * volume < self.volume:  # corrections are small: another day has begun, without a night between
            self._begin_day()
        self.volume = volume
        return volume, data.last_size if 0 < data.last_size <= moved else 0


class YahooDecoder(CountingDecoder):
    """Decodes the frames of one connection, each of which holds one message.

    Volume is the day's running total where Yahoo sends one; indices, and what trades around the clock, have none. Prices
    of the day, bid and ask come now and then and ride on the ticks after them.
    """

    def __init__(self, routes: Sequence[Route] = (), *, provider: str = "yahoo") -> None:
        super().__init__()
        self._provider = provider
        self._parse = pricing_type().FromString
        self._refusals = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, decode_error())
        self._lanes: dict[str, _Lane] = {}
        self.add(routes)

    def add(self, routes: Sequence[Route]) -> None:
        for route in routes:
            self._lanes[route.security_id] = _Lane(route)

    def remove(self, routes: Sequence[Route]) -> None:
        for route in routes:
            self._lanes.pop(route.security_id, None)

    def decode(self, frame: bytes, ts_recv: int) -> list[tuple[Any, Tick]]:
        """The tick of a frame received at ``ts_recv`` (ns), if it holds one; never raises for any bytes."""
        self._frames += 1
        self._packets += 1
        data = self._message(frame)
        lane = None if data is None else self._lane(data.id)
        if data is None or lane is None:
            return []
        ts_event = self._event_time(data.time, ts_recv)
        lane.pass_time(ts_event)
        volume, size = lane.take_volume(data)
        lane.take(data)
        price = lane.round(data.price)
        if price is None:
            self._unpriced += 1
            return []
        lane.drop_contradicted(price)
        self._ticks += 1
        tick = Tick(
            lane.instrument,
            price,
            size,
            volume,
            ts_event,
            ts_recv,
            self._provider,
            lane.open_interest,
            lane.bid,
            lane.ask,
            lane.day_open,
            lane.day_high,
            lane.day_low,
            lane.previous_close,
        )
        return [(lane.target, tick)]

    def _message(self, frame: bytes) -> PricingData | None:
        try:
            message = _read_envelope(frame).message
            if message is not None:
                return self._parse(message)
            self._unknown_codes += 1
        except self._refusals:
            self._malformed += 1
        return None

    def _lane(self, symbol: str) -> _Lane | None:
        lane = self._lanes.get(symbol)
        if lane is None:
            self._count_unmapped(symbol)
        return lane

    def _event_time(self, traded_ms: int, ts_recv: int) -> int:
        """The UTC time of a trade in nanoseconds; the time of receipt where Yahoo's is absent or absurd."""
        event_ns = traded_ms * _MILLISECOND
        if _EARLIEST_NS <= event_ns <= ts_recv + _AHEAD_NS:
            return event_ns
        self._untimed += 1
        return ts_recv
