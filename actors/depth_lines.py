"""The depth lines: the connections over which one provider tells books, as many as what is wanted needs."""

from collections.abc import Callable
from typing import ClassVar

from actors.depth_line import DepthLine
from actors.messages import CarryDepths, Count, RepeatDepths
from actors.reconnection import Reconnection
from engine.market.depth import Depth
from engine.providers.base import Route
from engine.providers.depths import DepthFeed
from engine.providers.keyring import Keyring
from engine.providers.placing import place
from engine.runtime import ActorRef, MailboxSpec, Overflow, TaskActor, handles

REPEAT_S = 20.0
"""The hot copy lasts a minute: of who trades seldom it is written again, as long as its line stands."""


class DepthLines(TaskActor):
    """While nobody wants a book there is no connection. An open one goes on with a token that has been replaced."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=100, overflow=Overflow.DROP_OLDEST)

    def __init__(self, feed: DepthFeed, keyring: Keyring, *, publisher: ActorRef, jitter: Callable[[], float]) -> None:
        super().__init__()
        self._feed = feed
        self._keyring = keyring
        self._publisher = publisher
        self._jitter = jitter
        self._lines: dict[int, DepthLine] = {}
        self._told = 0

    async def on_start(self) -> None:
        self.send_every(REPEAT_S, RepeatDepths())

    @handles(CarryDepths)
    def on_carry(self, wish: CarryDepths) -> dict[str, str]:
        """Answers whose books are not told now, each with why."""
        carried = {number: line.routes for number, line in self._lines.items()}
        placement = place(self._feed, carried, wish.routes)
        for number, routes in placement.lines.items():
            self._carry(number, routes)
        left_out = {route.instrument: placement.why for route in placement.left_out}
        return left_out | {
            route.instrument: line.why_not for line in self._lines.values() if line.why_not for route in line.routes
        }

    @handles(RepeatDepths)
    def on_repeat(self, _: RepeatDepths) -> None:
        for line in self._lines.values():
            for book in line.books.values():
                self._publisher.tell(book)

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, int]:
        name = self._feed.name
        return {f"depth_lines:{name}": len(self._lines), f"depths_told:{name}": self._told}

    def _carry(self, number: int, routes: tuple[Route, ...]) -> None:
        line = self._lines.get(number)
        if line is None:
            self._begin(number, routes)
        elif not routes:
            self._lines.pop(number).end()
        elif routes != line.routes:
            line.routes = routes
            self.spawn(line.follow)

    def _begin(self, number: int, routes: tuple[Route, ...]) -> None:
        reconnection = Reconnection(self._keyring, self._jitter)
        now_ns = self.system.clock.now_ns
        line = self._lines[number] = DepthLine(self._feed, routes, reconnection, tell=self._tell, now_ns=now_ns)
        self.spawn(line.keep)

    def _tell(self, book: Depth) -> None:
        self._told += 1
        self._publisher.tell(book)
