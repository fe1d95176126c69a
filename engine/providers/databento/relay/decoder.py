"""The hot path of the relay's feed: text frames of one connection to ticks, each beside the target of its route."""

from collections.abc import Sequence
from typing import Any, Final, cast

from engine.market.prices import TickSize
from engine.market.tick import Tick
from engine.providers.base import Route
from engine.providers.counting import CountingDecoder
from engine.providers.databento.relay.messages import read_messages

_PRICE_LIMIT: Final = 1e9
_SIZE_LIMIT: Final = 2**53
_KNOWN: Final = frozenset({"candle", "historical_candles"})


class RelayDecoder(CountingDecoder):
    """Decodes the frames of one connection.

    A tick is a trade with its size; the relay tells no times, so it is as of its receipt. Bars make no ticks: they tell of
    the same trades once more, and ours are made of the ticks.
    """

    def __init__(self, routes: Sequence[Route] = (), *, provider: str = "databento_relay") -> None:
        super().__init__()
        self._provider = provider
        self._routes: dict[str, tuple[Route, TickSize]] = {}
        self.add(routes)

    def add(self, routes: Sequence[Route]) -> None:
        for route in routes:
            self._routes[route.security_id] = route, TickSize(route.tick_size)

    def remove(self, routes: Sequence[Route]) -> None:
        for route in routes:
            self._routes.pop(route.security_id, None)

    def decode(self, frame: bytes, ts_recv: int) -> list[tuple[Any, Tick]]:
        """The ticks of a frame received at ``ts_recv`` (ns), in their order; never raises for any bytes."""
        self._frames += 1
        messages = read_messages(frame)
        if messages is None:
            self._malformed += 1
            return []
        self._packets += len(messages)
        told = (self._read(message, ts_recv) for message in messages)
        ticks = [tick for tick in told if tick is not None]
        self._ticks += len(ticks)
        return ticks

    def _read(self, message: dict[str, Any], ts_recv: int) -> tuple[Any, Tick] | None:
        kind = message.get("type")
        if kind != "tick":
            self._unknown_codes += not (isinstance(kind, str) and kind in _KNOWN)
            return None
        symbol, price, size = message.get("symbol"), message.get("price"), message.get("size", 0)
        found = self._routes.get(symbol) if isinstance(symbol, str) else None
        if found is None:
            self._count_unmapped(str(symbol))
            return None
        route, tick_size = found
        if not _is_number(size) or not 0 <= size < _SIZE_LIMIT:
            self._malformed += 1
            return None
        rounded = self._price(price, tick_size)
        if rounded is None:
            return None
        return route.target, Tick(route.instrument, rounded, int(size), None, ts_recv, ts_recv, self._provider)

    def _price(self, price: object, tick_size: TickSize) -> float | None:
        if not _is_number(price):
            self._malformed += 1
            return None
        told = float(cast("float", price)) if 0 < cast("float", price) < _PRICE_LIMIT else 0.0
        rounded = tick_size.round(told) if tick_size.size else told
        if not rounded > 0:
            self._unpriced += 1
            return None
        return rounded


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
