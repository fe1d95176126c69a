"""How far each instrument has been read: so that a connection that begins in the past doubles no trade."""

from collections.abc import Iterable
from typing import Final

from engine.providers.base import Route

OVERLAP_NS: Final = 1_000_000_000
"""How long before the newest trade a replay begins: another instrument's may have been under way."""
REACH_NS: Final = (24 * 3600 - 60) * 1_000_000_000
"""The gateway replays a day; who asks for more is turned away."""


class Reader:
    """One connection's place in the trades of one instrument."""

    __slots__ = ("again", "again_ns")

    def __init__(self) -> None:
        self.again_ns = 0
        self.again = 0
        """How many trades of that time it has come by."""


class Bookmark:
    """The newest trade of one instrument that any connection has handed on: its time, and how many had the same.

    The gateway repeats whole trades in their order, and several of them may share a nanosecond: so who has come by as
    many of that time as were handed on has caught up.
    """

    __slots__ = ("count", "reader", "time_ns")

    def __init__(self) -> None:
        self.time_ns = 0
        self.count = 0
        self.reader: Reader | None = None
        """Who handed it on, or has caught up since: all that comes to this one is news."""

    def advance(self, time_ns: int) -> None:
        """Its reader hands one more trade on; one that later ones have overtaken moves nothing."""
        if time_ns > self.time_ns:
            self.time_ns, self.count = time_ns, 1
        elif time_ns == self.time_ns:
            self.count += 1

    def is_news(self, reader: Reader, time_ns: int) -> bool:
        """Whether a trade that comes to another reader than the last one has not been handed on yet."""
        if time_ns < self.time_ns:
            return False
        news = time_ns > self.time_ns
        if not news:
            if reader.again_ns != time_ns:
                reader.again_ns, reader.again = time_ns, 0
            reader.again += 1
            if reader.again < self.count:
                return False
            news = reader.again > self.count
        self._hand_to(reader)
        return news

    def _hand_to(self, reader: Reader) -> None:
        if self.reader is not None:
            self.reader.again_ns, self.reader.again = self.time_ns, self.count
        self.reader = reader


class Bookmarks:
    """The bookmarks of one feed, shared by all its connections, those that are gone included."""

    def __init__(self) -> None:
        self._bookmarks: dict[str, Bookmark] = {}

    def of(self, route: Route) -> Bookmark:
        return self._bookmarks.setdefault(route.key, Bookmark())

    def start_ns(self, routes: Iterable[Route], since_ns: int, now_ns: int) -> int:
        """Where a replay has to begin that lacks nothing since ``since_ns``, by clocks that may differ."""
        known = [self._bookmarks[route.key].time_ns for route in routes if route.key in self._bookmarks]
        newest_ns = max(known, default=0)
        wanted_ns = min(since_ns, newest_ns - OVERLAP_NS) if newest_ns else since_ns
        return max(wanted_ns, now_ns - REACH_NS)
