"""Frames of Dhan's depth feed to books, each beside the target of its route."""

from collections.abc import Sequence
from math import isfinite
from typing import Any, Final

from engine.market.depth import Depth, DepthLevel
from engine.market.prices import TickSize
from engine.providers.base import Route
from engine.providers.counting import CountingDecoder
from engine.providers.dhan.codec import SEGMENT_CODES, SEGMENT_NAMES
from engine.providers.dhan.depth_codec import BID, DepthDisconnect, DepthPacket, DepthUnread, decode_depth

_PRICE_LIMIT: Final = 1e9

Levels = tuple[DepthLevel, ...]


class _Book:
    """What is known of one route: both sides, once each has come."""

    __slots__ = ("asks", "bids", "route", "tick_size")

    def __init__(self, route: Route) -> None:
        self.route = route
        self.tick_size = TickSize(route.tick_size)
        self.bids: Levels | None = None
        self.asks: Levels | None = None

    def take(self, packet: DepthPacket) -> None:
        levels = tuple(DepthLevel(self._rounded(price), quantity, orders) for price, quantity, orders in packet.rows)
        kept = tuple(level for level in levels if level.price > 0 and level.quantity > 0)
        if packet.code == BID:
            self.bids = kept
        else:
            self.asks = kept

    def _rounded(self, price: float) -> float:
        return self.tick_size.round(price) if isfinite(price) and 0 < price < _PRICE_LIMIT else 0.0


class DepthDecoder(CountingDecoder):
    """Decodes the frames of one connection. A book is told once per frame that touched it, when both sides are known."""

    def __init__(self, routes: Sequence[Route] = (), *, provider: str = "dhan") -> None:
        super().__init__()
        self._provider = provider
        self._books: dict[tuple[int, int], _Book] = {}
        self.add(routes)

    def add(self, routes: Sequence[Route]) -> None:
        """Take up more routes; one already known by its segment key is replaced."""
        self._books |= {_key(route): _Book(route) for route in routes}

    def remove(self, routes: Sequence[Route]) -> None:
        """Forget routes; unknown ones are no error."""
        for route in routes:
            self._books.pop(_key(route), None)

    def decode(self, frame: bytes, ts_recv: int) -> list[tuple[Any, Depth]]:
        """The books that a frame received at ``ts_recv`` (ns) has changed; never raises for any bytes."""
        self._frames += 1
        touched: dict[tuple[int, int], _Book] = {}
        for packet in decode_depth(frame):
            self._packets += 1
            if isinstance(packet, DepthPacket):
                self._take(packet, touched)
            elif isinstance(packet, DepthUnread):
                self._unknown_codes += packet.code is not None
                self._malformed += packet.code is None
            else:
                assert isinstance(packet, DepthDisconnect)  # the session reads that one
        books = [self._book(book, ts_recv) for book in touched.values()]
        told = [book for book in books if book is not None]
        self._ticks += len(told)
        return told

    def _take(self, packet: DepthPacket, touched: dict[tuple[int, int], _Book]) -> None:
        key = packet.segment, packet.security_id
        book = self._books.get(key)
        if book is None:
            segment = SEGMENT_NAMES.get(packet.segment, str(packet.segment))
            self._count_unmapped(f"{segment}:{packet.security_id}")
            return
        book.take(packet)
        touched[key] = book

    def _book(self, book: _Book, ts_recv: int) -> tuple[Any, Depth] | None:
        if book.bids is None or book.asks is None:
            return None
        return book.route.target, Depth(book.route.instrument, book.bids, book.asks, ts_recv, self._provider)


def _key(route: Route) -> tuple[int, int]:
    return SEGMENT_CODES[route.segment], int(route.security_id)
