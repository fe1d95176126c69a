"""How far each instrument has been read: so that a connection that begins in the past doubles no trade."""

from collections import deque
from collections.abc import Iterable
from typing import Final

from engine.providers.base import Route

OVERLAP_NS: Final = 1_000_000_000
"""How long before the newest trade a replay begins: another instrument's may have been under way."""
REACH_NS: Final = (24 * 3600 - 60) * 1_000_000_000
"""The gateway replays a day; who asks for more is turned away."""
_CONNECTIONS: Final = 4
"""Whose places are remembered: each of them began where those before it had got to."""


class Place:
    """One connection's place in the trades of one instrument.

    The gateway repeats whole trades in their order, and several of them may share a nanosecond. So who has come by as
    many trades of a time as were known of it has caught up.
    """

    __slots__ = ("again", "at_ns", "count", "known_ns")

    def __init__(self, at_ns: int = 0, count: int = 0) -> None:
        self.at_ns = at_ns
        """The time of the newest trade that was told, by this connection or before it."""
        self.count = count
        """How many of that time were."""
        self.known_ns = at_ns
        """Up to this time what comes was told before; 0 as soon as it has caught up."""
        self.again = 0

    def is_news(self, time_ns: int) -> bool:
        """Whether a trade has not been told before, while it still catches up."""
        if time_ns < self.known_ns:
            return False
        if time_ns > self.known_ns:
            self.known_ns = 0
            return True
        self.again += 1
        if self.again == self.count:
            self.known_ns = 0
        return self.again > self.count

    def advance(self, time_ns: int) -> None:
        """One more trade was told; one that later ones have overtaken moves nothing."""
        if time_ns > self.at_ns:
            self.at_ns, self.count = time_ns, 1
        elif time_ns == self.at_ns:
            self.count += 1


class Bookmarks:
    """The places of one feed's connections, those that are gone included."""

    def __init__(self) -> None:
        self._places: dict[str, deque[Place]] = {}

    def take(self, route: Route, place: Place) -> None:
        """A new connection's place: everything that was told up to now is known to it."""
        places = self._places.setdefault(route.key, deque(maxlen=_CONNECTIONS))
        newest = max(places, key=_progress, default=place)
        place.at_ns = place.known_ns = newest.at_ns
        place.count = newest.count
        places.append(place)

    def start_ns(self, routes: Iterable[Route], since_ns: int, now_ns: int) -> int:
        """Where a replay has to begin that lacks nothing since ``since_ns``, by clocks that may differ."""
        newest_ns = max((place.at_ns for route in routes for place in self._places.get(route.key, ())), default=0)
        wanted_ns = min(since_ns, newest_ns - OVERLAP_NS) if newest_ns else since_ns
        return max(wanted_ns, now_ns - REACH_NS)


def _progress(place: Place) -> tuple[int, int]:
    return place.at_ns, place.count
