"""The hot path of Dhan's feed: frames of one connection to ticks, each beside the target of its route."""

import struct
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

from engine.market.prices import TickSize
from engine.market.tick import Tick
from engine.providers.base import Route
from engine.providers.counting import CountingDecoder
from engine.providers.dhan.codec import HEADER, SEGMENT_CODES, SEGMENT_NAMES

INDIAN_OFFSET_S: Final = 19_800
"""Dhan writes Indian wall clock as if it were UTC: so much is to be taken off."""

_SECOND: Final = 1_000_000_000
_EARLIEST_S: Final = 946_684_800  # 2000: Dhan says 1980 of what never traded
_AHEAD_S: Final = 60  # how far the exchange's clock may be ahead of ours before we take its time for damaged
_DAY_S: Final = 86_400
_SETTLING_NS: Final = 5 * _SECOND  # after subscribing, old last trades arrive: no evidence about the clock
_PRICE_LIMIT: Final = 1e9
_OVER_HALF: Final = 0.501  # of a tick: what is less would be rounded to a price of nothing
_TIMES_KEPT: Final = 4096
_WITHOUT_OPEN_INTEREST: Final = ("IDX_I", "NSE_EQ", "BSE_EQ")

# Bytes nobody reads here are passed over; the header is one number, and the four prices of the day are one string of
# bytes: most packets repeat those of the packet before.
_QUOTE: Final = struct.Struct("<QfHI4xI8x16s")
_TICKER: Final = struct.Struct("<8xfI")
_FULL: Final = struct.Struct("<8xfHI4xI8xI8x16s12xff80x")
_OPEN_INTEREST: Final = struct.Struct("<8xI")
_PREVIOUS_CLOSE: Final = struct.Struct("<8xfI")
_DAY: Final = struct.Struct("<ffff")
_QUOTE_CODE: Final = 4
_MARKET_STATUS_CODE: Final = 7
_DISCONNECT_CODE: Final = 50
_QUOTE_SIZE: Final = _QUOTE.size
_QUOTE_HEADER: Final = _QUOTE_CODE | _QUOTE_SIZE << 8
_unpack_quotes: Final = _QUOTE.iter_unpack


@cache
def _shared(inverse: int) -> float:
    """One number for all instruments of a tick size: thus it is always in the processor's cache."""
    return float(inverse)


class _Lane:
    """What is known of one route between two packets."""

    __slots__ = (
        "day",
        "day_high",
        "day_low",
        "day_open",
        "instrument",
        "inverse",
        "least",
        "open_interest",
        "previous_close",
        "target",
        "tick_size",
        "volume",
        "with_open_interest",
    )

    def __init__(self, route: Route) -> None:
        self.instrument = route.instrument
        self.target = route.target
        self.tick_size = TickSize(route.tick_size)
        self.inverse = _shared(self.tick_size.inverse)
        self.least = _OVER_HALF * route.tick_size
        self.with_open_interest = route.segment not in _WITHOUT_OPEN_INTEREST
        self.volume = -1
        self.day = b""
        self.day_open: float | None = None
        self.day_high: float | None = None
        self.day_low: float | None = None
        self.previous_close: float | None = None
        self.open_interest: int | None = None

    def round(self, price: float) -> float | None:
        """The price on its tick; ``None`` for the zero and the rubbish that stand for "none"."""
        return self.tick_size.round(price) if self.least < price < _PRICE_LIMIT else None

    def take_day(self, day: bytes) -> None:
        self.day = day
        day_open, previous_close, day_high, day_low = _DAY.unpack(day)
        self.day_open = self.round(day_open)
        self.day_high = self.round(day_high)
        self.day_low = self.round(day_low)
        self.previous_close = self.round(previous_close) or self.previous_close


class DhanDecoder(CountingDecoder):
    """Decodes the frames of one connection.

    A tick's size is the quantity of the last trade, or 0 when the cumulative volume did not move: Dhan also sends a
    quote when only the book changed. The quantity has two bytes on the wire, so a larger trade shows its remainder;
    volumes are whole. Open interest and previous close that come in packets of their own ride on the ticks after them.
    """

    def __init__(
        self, routes: Sequence[Route] = (), *, provider: str = "dhan", time_offset_s: int = INDIAN_OFFSET_S
    ) -> None:
        super().__init__()
        self._provider = provider
        self._offset_s = time_offset_s
        self._other_offset_s = 0 if time_offset_s else INDIAN_OFFSET_S
        self._lanes: dict[int, _Lane] = {}
        self._readers: dict[int, tuple[int, Callable[[bytes, int, _Lane, int], Tick | None]]] = {
            2: (_TICKER.size, self._ticker),
            5: (_OPEN_INTEREST.size, self._open_interest),
            6: (_PREVIOUS_CLOSE.size, self._previous_close),
            8: (_FULL.size, self._full),
        }
        self._times: dict[int, int] = {}
        """Believable times of trades so far, and what they are in nanoseconds: most packets repeat one."""
        self._newest_s = 0
        self._settled_ns: int | None = None
        self.add(routes)

    def add(self, routes: Sequence[Route]) -> None:
        self._settled_ns = None
        for route in routes:
            self._lanes[_lane_key(route)] = _Lane(route)

    def remove(self, routes: Sequence[Route]) -> None:
        for route in routes:
            self._lanes.pop(_lane_key(route), None)

    def decode(self, frame: bytes, ts_recv: int) -> list[tuple[Any, Tick]]:
        """The ticks of a frame received at ``ts_recv`` (ns), in their order; never raises for any bytes."""
        ticks: list[tuple[Any, Tick]] = []
        offset, end = self._quotes(frame, 0, ts_recv, ticks), len(frame)
        while offset < end:
            offset = self._other(frame, offset, ts_recv, ticks)
            if offset < end and frame[offset] == _QUOTE_CODE:
                offset = self._quotes(frame, offset, ts_recv, ticks)
        self._frames += 1
        self._ticks += len(ticks)
        self._packets += len(ticks)
        return ticks

    def _quotes(self, frame: bytes, offset: int, ts_recv: int, ticks: list[tuple[Any, Tick]]) -> int:
        """Take the plain quotes that follow each other from here on; the offset of what comes then.

        They are nearly all of the traffic and are taken apart right here: a call per packet would double the cost. A
        header that a lane is found by is a quote's, whole and of this feed.
        """
        lanes, provider, times = self._lanes, self._provider, self._times
        row = (len(frame) - offset) // _QUOTE_SIZE * _QUOTE_SIZE
        for header, price, quantity, traded_at, volume, day in _unpack_quotes(frame[offset : offset + row]):
            lane = lanes.get(header)
            if lane is None or not lane.least < price < _PRICE_LIMIT:
                break
            offset += _QUOTE_SIZE
            ts_event = times.get(traded_at)
            if ts_event is None:
                ts_event = self._event_time(traded_at, ts_recv)
            if day != lane.day:
                lane.take_day(day)
            if volume == lane.volume:
                size = 0
            else:
                size = quantity
                lane.volume = volume
            inverse = lane.inverse
            tick = Tick(
                lane.instrument,
                round(price * inverse) / inverse if inverse else lane.tick_size.round(price),
                size,
                volume,
                ts_event,
                ts_recv,
                provider,
                lane.open_interest,
                None,
                None,
                lane.day_open,
                lane.day_high,
                lane.day_low,
                lane.previous_close,
            )
            ticks.append((lane.target, tick))
        return offset

    def _other(self, frame: bytes, offset: int, ts_recv: int, ticks: list[tuple[Any, Tick]]) -> int:
        """Take any packet that is no plain quote; the offset of the next one."""
        length = int.from_bytes(frame[offset + 1 : offset + 3], "little")
        if not HEADER.size <= length <= len(frame) - offset:
            self._malformed += 1
            self._packets += 1
            return len(frame)
        tick = self._packet(frame, offset, length, ts_recv)
        if tick is None:
            self._packets += 1
        else:
            ticks.append(tick)
        return offset + length

    def _packet(self, frame: bytes, offset: int, length: int, ts_recv: int) -> tuple[Any, Tick] | None:
        code = frame[offset]
        if code == _QUOTE_CODE:
            return self._odd_quote(frame, offset, length)
        reader = self._readers.get(code)
        if reader is None:
            self._count_unread(code)
            return None
        size, read = reader
        lane = self._lane(frame, offset, malformed=length != size)
        if lane is None:
            return None
        tick = read(frame, offset, lane, ts_recv)
        return None if tick is None else (lane.target, tick)

    def _odd_quote(self, frame: bytes, offset: int, length: int) -> None:
        """Say why a quote was not taken by the fast way."""
        if self._lane(frame, offset, malformed=length != _QUOTE.size) is not None:
            self._unpriced += 1

    def _count_unread(self, code: int) -> None:
        if code == _MARKET_STATUS_CODE:
            self._market_status += 1
        elif code != _DISCONNECT_CODE:  # the session reads that one
            self._unknown_codes += 1

    def _lane(self, frame: bytes, offset: int, *, malformed: bool) -> _Lane | None:
        if malformed:
            self._malformed += 1
            return None
        place = frame[offset + 3 : offset + HEADER.size]
        lane = self._lanes.get(_QUOTE_HEADER | int.from_bytes(place, "little") << 24)
        if lane is None:
            segment = SEGMENT_NAMES.get(place[0], str(place[0]))
            self._count_unmapped(f"{segment}:{int.from_bytes(place[1:], 'little')}")
        return lane

    def _ticker(self, frame: bytes, offset: int, lane: _Lane, ts_recv: int) -> Tick | None:
        last_price, traded_at = _TICKER.unpack_from(frame, offset)
        price = self._price(lane, last_price)
        if price is None:
            return None
        return Tick(
            instrument=lane.instrument,
            price=price,
            size=0,
            volume=None,
            ts_event=self._event_time(traded_at, ts_recv),
            ts_recv=ts_recv,
            provider=self._provider,
            open_interest=lane.open_interest,
            previous_close=lane.previous_close,
        )

    def _full(self, frame: bytes, offset: int, lane: _Lane, ts_recv: int) -> Tick | None:
        last_price, size, traded_at, volume, open_interest, day, bid, ask = _FULL.unpack_from(frame, offset)
        price = self._price(lane, last_price)
        if lane.with_open_interest:
            lane.open_interest = open_interest
        if price is None:
            return None
        if day != lane.day:
            lane.take_day(day)
        if volume == lane.volume:
            size = 0
        lane.volume = volume
        return Tick(
            instrument=lane.instrument,
            price=price,
            size=size,
            volume=volume,
            ts_event=self._event_time(traded_at, ts_recv),
            ts_recv=ts_recv,
            provider=self._provider,
            open_interest=lane.open_interest,
            bid=lane.round(bid),
            ask=lane.round(ask),
            day_open=lane.day_open,
            day_high=lane.day_high,
            day_low=lane.day_low,
            previous_close=lane.previous_close,
        )

    def _open_interest(self, frame: bytes, offset: int, lane: _Lane, _ts_recv: int) -> None:
        (lane.open_interest,) = _OPEN_INTEREST.unpack_from(frame, offset)

    def _previous_close(self, frame: bytes, offset: int, lane: _Lane, _ts_recv: int) -> None:
        close, _ = _PREVIOUS_CLOSE.unpack_from(frame, offset)
        lane.previous_close = lane.round(close)

    def _price(self, lane: _Lane, price: float) -> float | None:
        rounded = lane.round(price)
        if rounded is None:
            self._unpriced += 1
        return rounded

    def _event_time(self, traded_at: int, ts_recv: int) -> int:
        """The UTC time of a trade in nanoseconds; the time of receipt where the exchange's is absent or absurd."""
        if self._newest_s < traded_at < ts_recv // _SECOND + _DAY_S:
            self._newest_s = traded_at
            self._check_clock(traded_at, ts_recv)
        seconds = traded_at - self._offset_s
        if seconds < _EARLIEST_S or seconds * _SECOND > ts_recv + _AHEAD_S * _SECOND:
            self._untimed += 1
            return ts_recv
        if len(self._times) >= _TIMES_KEPT:
            self._times.clear()
        ts_event = self._times[traded_at] = seconds * _SECOND
        return ts_event

    def _check_clock(self, traded_at: int, ts_recv: int) -> None:
        """Doubt the offset when a trade just made fits our clock better without it: nobody documents the offset."""
        if self._settled_ns is None:
            self._settled_ns = ts_recv + _SETTLING_NS
        if ts_recv < self._settled_ns:
            return
        now_s = ts_recv // _SECOND
        if abs(traded_at - self._offset_s - now_s) > abs(traded_at - self._other_offset_s - now_s):
            self._clock_suspect += 1


def _lane_key(route: Route) -> int:
    """The header a quote of this route carries, as one number."""
    return _QUOTE_HEADER | SEGMENT_CODES[route.segment] << 24 | int(route.security_id) << 32
