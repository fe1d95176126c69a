"""Which routes a number stands for: the gateway numbers instruments anew in every session."""

from collections.abc import Iterable, Sequence
from typing import Final

from engine.market.prices import TickSize
from engine.providers.base import Route
from engine.providers.databento.bookmarks import Bookmarks, Place
from engine.providers.databento.records import PRICE_LIMIT, PRICE_SCALE

_OVER_HALF: Final = 0.501
"""Of a tick: what is less would be rounded to a price of nothing."""


class Lane(Place):
    """What is known of one route between two records."""

    __slots__ = ("ask", "bid", "instrument", "key", "least", "step", "symbol", "target", "tick_size")

    def __init__(self, route: Route, bookmarks: Bookmarks) -> None:
        super().__init__()
        self.key = route.key
        self.symbol = route.security_id
        self.instrument = route.instrument
        self.target = route.target
        self.tick_size = TickSize(route.tick_size)
        self.step = round(route.tick_size * PRICE_SCALE) or 1
        """The tick in billionths; 1 where it is not known, as every price is on that grid."""
        self.least = _OVER_HALF * self.step
        self.bid: float | None = None
        self.ask: float | None = None
        bookmarks.take(route, self)

    def take_book(self, bid: int, ask: int) -> None:
        """Best bid and ask in billionths, from here on."""
        self.bid = bid / PRICE_SCALE if 0 < bid < PRICE_LIMIT else None
        self.ask = ask / PRICE_SCALE if 0 < ask < PRICE_LIMIT else None

    def round(self, price: float) -> float:
        """The price on its tick. Databento's are exact: only damaged ones are off it."""
        return self.tick_size.round(price) if self.tick_size.size else price


class Lanes:
    """The lanes of one connection, by the number of their instrument as far as it is known.

    A number may stand for several: a contract and the continuous future that it is today.
    """

    def __init__(self, bookmarks: Bookmarks) -> None:
        self._bookmarks = bookmarks
        self._by_key: dict[str, Lane] = {}
        self._by_symbol: dict[str, list[Lane]] = {}
        self._numbers: dict[str, tuple[int, ...]] = {}
        self.by_number: dict[int, list[Lane]] = {}
        self.alone: dict[int, Lane] = {}
        """The same of the numbers that stand for one lane only, as nearly all do."""

    def add(self, routes: Sequence[Route]) -> None:
        """Take up routes; one already known by its key is replaced."""
        self.remove(routes)
        for route in routes:
            lane = self._by_key[route.key] = Lane(route, self._bookmarks)
            self._by_symbol.setdefault(lane.symbol, []).append(lane)
            for number in self._numbers.get(lane.symbol, ()):
                self._set(number, [*self.by_number.get(number, ()), lane])

    def remove(self, routes: Iterable[Route]) -> None:
        for lane in [self._by_key.pop(route.key) for route in routes if route.key in self._by_key]:
            others = [other for other in self._by_symbol.pop(lane.symbol) if other is not lane]
            if others:
                self._by_symbol[lane.symbol] = others
            for number in self._numbers.get(lane.symbol, ()):
                self._set(number, [other for other in self.by_number.get(number, ()) if other is not lane])

    def number(self, symbol: str, *numbers: int) -> None:
        """From now on the symbol goes by these numbers, and by no other; one that nobody has asked for is forgotten."""
        lanes = self._by_symbol.get(symbol)
        if lanes is None:
            return
        for old in self._numbers.get(symbol, ()):
            self._set(old, [lane for lane in self.by_number.get(old, ()) if lane.symbol != symbol])
        self._numbers[symbol] = numbers
        for new in numbers:
            self._set(new, [*self.by_number.get(new, ()), *lanes])

    def _set(self, number: int, lanes: list[Lane]) -> None:
        self.alone.pop(number, None)
        if lanes:
            self.by_number[number] = lanes
            if len(lanes) == 1:
                self.alone[number] = lanes[0]
        else:
            self.by_number.pop(number, None)
