"""The hot path of Kite's feed: frames of one connection to ticks, each beside the target of its route."""

import struct
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

from engine.market.prices import TickSize
from engine.market.tick import Tick
from engine.providers.base import Route
from engine.providers.counting import CountingDecoder
from engine.providers.kite.codec import COUNT, SEGMENT_NAMES, divisor, instrument_token

_SECOND: Final = 1_000_000_000
_EARLIEST_S: Final = 946_684_800  # 2000: 0 stands for "never traded"
_AHEAD_S: Final = 60  # how far the exchange's clock may be ahead of ours before we take its time for damaged
_PRICE_LIMIT: Final = 0xF000_0000  # above stand the numbers below zero, which no price of these markets is
_WITHOUT_OPEN_INTEREST: Final = ("IDX_I", "NSE_EQ", "BSE_EQ")

# A row is a packet with the length before it. Bytes nobody reads here are passed over; the four prices of the day are
# one string of bytes: most packets repeat those of the packet before.
_LTP: Final = struct.Struct(">HII")
_INDEX: Final = struct.Struct(">HII8s4s4s4x")
_INDEX_FULL: Final = struct.Struct(">HII8s4s4s4xI")
_QUOTE: Final = struct.Struct(">HIII4xI8x16s")
_FULL: Final = struct.Struct(">HIII4xI8x16sII8xI4xI56xI52x")
_DAY: Final = struct.Struct(">IIII")
_LTP_LENGTH, _INDEX_LENGTH, _INDEX_FULL_LENGTH, _QUOTE_LENGTH, _FULL_LENGTH = (
    layout.size - COUNT.size for layout in (_LTP, _INDEX, _INDEX_FULL, _QUOTE, _FULL)
)

_Ticks = list[tuple[Any, Tick]]


@cache
def _shared(number: float) -> float:
    """One number for all instruments of a tick size: thus it is always in the processor's cache."""
    return number


class _Lane:
    """What is known of one route between two packets."""

    __slots__ = (
        "day",
        "day_high",
        "day_low",
        "day_open",
        "divisor",
        "instrument",
        "inverse",
        "least",
        "previous_close",
        "scale",
        "seen",
        "target",
        "tick_size",
        "volume",
        "with_open_interest",
    )

    def __init__(self, route: Route, token: int) -> None:
        self.instrument = route.instrument
        self.target = route.target
        self.tick_size = TickSize(route.tick_size)
        self.divisor = divisor(token)
        self.inverse = _shared(float(self.tick_size.inverse))
        self.scale = _shared(self.inverse / self.divisor)
        """Steps of the tick size per unit of the wire."""
        self.least = int(self.divisor * route.tick_size / 2) + 1
        """Of the wire's prices: what is less is rubbish, or the zero that stands for "none", and would be rounded to it."""
        self.with_open_interest = route.segment not in _WITHOUT_OPEN_INTEREST
        self.seen = False
        """A packet has come that told no time."""
        self.volume = -1
        self.day = b""
        self.day_open: float | None = None
        self.day_high: float | None = None
        self.day_low: float | None = None
        self.previous_close: float | None = None

    def round(self, price: int) -> float | None:
        """The wire's price on its tick, in rupees; ``None`` for the zero and the rubbish that stand for "none"."""
        return self.rupees(price) if self.least <= price < _PRICE_LIMIT else None

    def rupees(self, price: int) -> float:
        """A price that is known to be one."""
        if self.inverse:
            return round(price * self.scale) / self.inverse
        rupees = price / self.divisor
        return self.tick_size.round(rupees) if self.tick_size.size else rupees

    def take_day(self, day: bytes) -> None:
        """The day's open, high and low and the close before it, as a quote writes them."""
        self.day = day
        day_open, day_high, day_low, previous_close = _DAY.unpack(day)
        self.day_open = self.round(day_open)
        self.day_high = self.round(day_high)
        self.day_low = self.round(day_low)
        self.previous_close = self.round(previous_close) or self.previous_close


class KiteDecoder(CountingDecoder):
    """Decodes the frames of one connection.

    A tick's size is the quantity of the last trade, or 0 when the cumulative volume did not move: Kite also sends a
    packet when only the book changed.

    Only full packets tell the time. Others become ticks of the time of receipt where they tell of something new: what
    comes first after subscribing (in full mode, too) may be of hours ago, and a quote of the volume before it tells of
    no trade. Taken for ticks of now, they would open candles in which nothing was traded.
    """

    def __init__(self, routes: Sequence[Route] = (), *, provider: str = "kite") -> None:
        super().__init__()
        self._provider = provider
        self._lanes: dict[int, _Lane] = {}
        self._readers: dict[int, Callable[[memoryview, int, _Ticks], None]] = {
            _LTP_LENGTH: self._last_prices,
            _INDEX_LENGTH: self._indices,
            _INDEX_FULL_LENGTH: self._full_indices,
            _QUOTE_LENGTH: self._quotes,
            _FULL_LENGTH: self._fulls,
        }
        """By the length of a packet. Each makes ticks of rows up to the first that it can not."""
        self.add(routes)

    def add(self, routes: Sequence[Route]) -> None:
        for route in routes:
            token = instrument_token(route.segment, route.security_id)
            self._lanes[token] = _Lane(route, token)

    def remove(self, routes: Sequence[Route]) -> None:
        for route in routes:
            self._lanes.pop(instrument_token(route.segment, route.security_id), None)

    def decode(self, frame: bytes, ts_recv: int) -> list[tuple[Any, Tick]]:
        """The ticks of a frame received at ``ts_recv`` (ns), in their order; never raises for any bytes."""
        ticks: _Ticks = []
        self._frames += 1
        if len(frame) >= COUNT.size:
            self._rows(memoryview(frame), ts_recv, ticks)
        self._ticks += len(ticks)
        return ticks

    def _rows(self, frame: memoryview, ts_recv: int, ticks: _Ticks) -> None:
        """Take all rows of a frame: those of one kind that follow each other by one call, as a call is dear."""
        left, offset, end = int.from_bytes(frame[:2], "big"), 2, len(frame)
        while left:
            row = 2 + int.from_bytes(frame[offset : offset + 2], "big")
            fitting = (end - offset) // row
            if not fitting:
                break
            taken = self._run(frame[offset : offset + min(left, fitting) * row], row - 2, ts_recv, ticks)
            self._packets += taken
            left -= taken
            offset += taken * row
        if left or offset < end:
            self._malformed += 1
            self._packets += 1

    def _run(self, rows: memoryview, length: int, ts_recv: int, ticks: _Ticks) -> int:
        """Take the packets of a length that ``rows`` begins with; how many that were, at least one."""
        reader = self._readers.get(length)
        if reader is None:
            self._unknown_codes += 1
            return 1
        before = len(ticks) + self._undated
        reader(rows, ts_recv, ticks)
        taken = len(ticks) + self._undated - before
        if not taken:
            self._count_odd(int.from_bytes(rows[2:6], "big"))
        return taken or 1

    def _count_odd(self, token: int) -> None:
        """Say why no tick came of a packet."""
        if token in self._lanes:
            self._unpriced += 1
            return
        segment = token & 0xFF
        self._count_unmapped(f"{SEGMENT_NAMES.get(segment, segment)}:{token >> 8}")

    def _fulls(self, rows: memoryview, ts_recv: int, ticks: _Ticks) -> None:
        lanes, provider = self._lanes, self._provider
        times: dict[int, int] = {}
        for row in _FULL.iter_unpack(rows):
            length, token, price, quantity, volume, day, traded_at, interest, sent_at, bid, ask = row
            lane = lanes.get(token)
            if lane is None or length != _FULL_LENGTH or not lane.least <= price < _PRICE_LIMIT:
                return
            seconds = traded_at or sent_at
            ts_event = times.get(seconds)
            if ts_event is None:
                ts_event = times[seconds] = self._event_time(seconds, ts_recv)
            if day != lane.day:
                lane.take_day(day)
            if volume == lane.volume:
                size = 0
            else:
                size = quantity
                lane.volume = volume
            inverse, scale = lane.inverse, lane.scale
            tick = Tick(
                lane.instrument,
                round(price * scale) / inverse if inverse else lane.rupees(price),
                size,
                volume,
                ts_event,
                ts_recv,
                provider,
                interest if lane.with_open_interest else None,
                round(bid * scale) / inverse if inverse and lane.least <= bid < _PRICE_LIMIT else lane.round(bid),
                round(ask * scale) / inverse if inverse and lane.least <= ask < _PRICE_LIMIT else lane.round(ask),
                lane.day_open,
                lane.day_high,
                lane.day_low,
                lane.previous_close,
            )
            ticks.append((lane.target, tick))

    def _quotes(self, rows: memoryview, ts_recv: int, ticks: _Ticks) -> None:
        lanes, provider = self._lanes, self._provider
        for length, token, price, quantity, volume, day in _QUOTE.iter_unpack(rows):
            lane = lanes.get(token)
            if lane is None or length != _QUOTE_LENGTH or not lane.least <= price < _PRICE_LIMIT:
                return
            if day != lane.day:
                lane.take_day(day)
            if volume == lane.volume or lane.volume < 0:
                lane.volume = volume
                self._undated += 1
                continue
            lane.volume = volume
            inverse = lane.inverse
            tick = Tick(
                lane.instrument,
                round(price * lane.scale) / inverse if inverse else lane.rupees(price),
                quantity,
                volume,
                ts_recv,
                ts_recv,
                provider,
                None,
                None,
                None,
                lane.day_open,
                lane.day_high,
                lane.day_low,
                lane.previous_close,
            )
            ticks.append((lane.target, tick))

    def _last_prices(self, rows: memoryview, ts_recv: int, ticks: _Ticks) -> None:
        for length, token, price in _LTP.iter_unpack(rows):
            lane = self._lanes.get(token)
            if lane is None or length != _LTP_LENGTH or not lane.least <= price < _PRICE_LIMIT:
                return
            if not lane.seen:
                lane.seen = True
                self._undated += 1
                continue
            tick = Tick(lane.instrument, lane.rupees(price), 0, None, ts_recv, ts_recv, self._provider)
            ticks.append((lane.target, tick))

    def _indices(self, rows: memoryview, ts_recv: int, ticks: _Ticks) -> None:
        for length, token, price, *day in _INDEX.iter_unpack(rows):
            lane = self._lanes.get(token)
            if lane is None or length != _INDEX_LENGTH or not lane.least <= price < _PRICE_LIMIT:
                return
            if not lane.seen:
                lane.seen = True
                self._undated += 1
                continue
            ticks.append((lane.target, self._index(lane, price, day, ts_recv, ts_recv)))

    def _full_indices(self, rows: memoryview, ts_recv: int, ticks: _Ticks) -> None:
        for length, token, price, *day, seconds in _INDEX_FULL.iter_unpack(rows):
            lane = self._lanes.get(token)
            if lane is None or length != _INDEX_FULL_LENGTH or not lane.least <= price < _PRICE_LIMIT:
                return
            ts_event = self._event_time(seconds, ts_recv)
            ticks.append((lane.target, self._index(lane, price, day, ts_event, ts_recv)))

    def _index(self, lane: _Lane, price: int, day: Sequence[bytes], ts_event: int, ts_recv: int) -> Tick:
        high_low, day_open, close = day
        figures = day_open + high_low + close
        if figures != lane.day:
            lane.take_day(figures)
        return Tick(
            instrument=lane.instrument,
            price=lane.rupees(price),
            size=0,
            volume=None,
            ts_event=ts_event,
            ts_recv=ts_recv,
            provider=self._provider,
            day_open=lane.day_open,
            day_high=lane.day_high,
            day_low=lane.day_low,
            previous_close=lane.previous_close,
        )

    def _event_time(self, seconds: int, ts_recv: int) -> int:
        """The exchange's time in nanoseconds; the time of receipt where it is absent or absurd."""
        if seconds < _EARLIEST_S or seconds * _SECOND > ts_recv + _AHEAD_S * _SECOND:
            self._untimed += 1
            return ts_recv
        return seconds * _SECOND
