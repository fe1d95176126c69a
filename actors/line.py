"""One connection of a feed: what it is to carry, what it brought, and what was last said of it."""

from collections.abc import Sequence
from heapq import nlargest

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
        self._newest: dict[str, Tick] = {}
        self.carry(routes)
        self.listening = Listening(0.0)
        self.connection: Connection | None = None
        self.needed_until_ns = 0
        self.looked: tuple[float, int] = (0.0, 0)
        """When somebody last looked whether it is up although the market is closed: by the loop and by the wall clock."""
        self.told: tuple[str, Cause, str] = ("", Cause.DISCONNECTED, "")
        """The status, the cause and the reason that everybody knows."""
        self.heard: dict[str, Tick] = {}
        """The newest tick of each instrument since they were last handed over."""
        self.seen_ns = 0
        """When it last brought anything."""
        self.joined: dict[str, int] = {}
        """Instruments that joined while it was up, and when: nobody has told yet what they may have missed."""

    def carry(self, routes: Sequence[Route]) -> None:
        """These from now on."""
        self.routes = tuple(routes)
        self.instruments = tuple(route.instrument for route in routes)
        self.exchanges = tuple(sorted({instrument.partition(":")[0] for instrument in self.instruments}))
        self._newest = {name: self._newest[name] for name in self.instruments if name in self._newest}

    def begin(self, connection: Connection, now_s: float) -> None:
        """A new socket: its silence counts from now."""
        self.continue_on(connection, now_s)
        self.listening = Listening(now_s, self.listening.meter)

    def continue_on(self, connection: Connection, now_s: float) -> None:
        """Another socket, and no pause between the two."""
        self.connection = connection
        self.looked = now_s, 0

    def take_heard(self) -> dict[str, Tick]:
        """What was heard since the last time."""
        heard, self.heard = self.heard, {}
        self._newest |= heard
        return heard

    def take_joined(self) -> dict[str, int]:
        """Those that have joined since the last time."""
        joined, self.joined = self.joined, {}
        return joined

    @property
    def newest(self) -> dict[str, Tick]:
        """The last tick of each instrument that it ever brought."""
        return self._newest | self.heard

    def sample(self) -> dict[Route, Tick]:
        """Those that spoke last, each with its last tick."""
        latest = {tick.instrument: tick for tick in nlargest(SAMPLE, self._newest.values(), key=_received)}
        return {route: latest[route.instrument] for route in self.routes if route.instrument in latest}

    def routes_of(self, instruments: Sequence[str]) -> list[Route]:
        wanted = frozenset(instruments)
        return [route for route in self.routes if route.instrument in wanted]


def _received(tick: Tick) -> int:
    return tick.ts_recv
