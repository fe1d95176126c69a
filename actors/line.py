"""One connection of a feed: what it is to carry, what it brought, and what was last said of it."""

from collections.abc import Sequence
from heapq import nlargest

import anyio

from engine.market import Tick
from engine.market.diagnosis import Cause
from engine.market.listening import Listening
from engine.providers.base import Connection, Route

SAMPLE = 50
"""Instruments the provider is asked about when their line is silent: those that spoke last."""


class Line:
    """Outlives the sockets that serve it, and so does what was learned of its pace."""

    def __init__(self, number: int, routes: Sequence[Route]) -> None:
        self.number = number
        self.routes = tuple(routes)
        self.instruments = tuple(route.instrument for route in routes)
        self.exchanges = tuple(sorted({instrument.partition(":")[0] for instrument in self.instruments}))
        self.scope = anyio.CancelScope()
        """Its life; cancelled when another set of instruments is wanted."""
        self.listening = Listening(0.0)
        self.connection: Connection | None = None
        self.needed_until_ns = 0
        self.looked: tuple[float, int] = (0.0, 0)
        """When somebody last looked whether it is up although the market is closed: by the loop and by the wall clock."""
        self.told: tuple[str, Cause, str] = ("", Cause.DISCONNECTED, "")
        """The status, the cause and the reason that everybody knows."""
        self.heard: dict[str, Tick] = {}
        """The newest tick of each instrument since they were last handed over."""
        self._newest: dict[str, Tick] = {}

    def begin(self, connection: Connection, now_s: float) -> None:
        """A new socket: its silence counts from now."""
        self.connection = connection
        self.looked = now_s, 0
        self.listening = Listening(now_s, self.listening.meter)

    def take_heard(self) -> dict[str, Tick]:
        """What was heard since the last time."""
        heard, self.heard = self.heard, {}
        self._newest |= heard
        return heard

    def sample(self) -> dict[Route, Tick]:
        """Those that spoke last, each with its last tick."""
        latest = {tick.instrument: tick for tick in nlargest(SAMPLE, self._newest.values(), key=_received)}
        return {route: latest[route.instrument] for route in self.routes if route.instrument in latest}

    def routes_of(self, instruments: Sequence[str]) -> list[Route]:
        wanted = frozenset(instruments)
        return [route for route in self.routes if route.instrument in wanted]


def _received(tick: Tick) -> int:
    return tick.ts_recv
