"""The depths: whose books are brought, for as long as somebody looks at them or has just asked for them."""

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

import anyio

from actors.messages import CarryDepths, Count, DepthsFollowed, DepthWanted, LookAtDepths
from actors.routes import Routes
from engine.providers.base import PlanError, Route
from engine.providers.placing import Planner
from engine.runtime import ActorDeadError, ActorRef, AskTimeoutError, MailboxSpec, Overflow, TaskActor, handles

FOLLOWED_S = 30.0
"""A book is brought while a web process has said within this time, of the loop's, that a client follows it."""
ASKED_S = 60.0
"""One that somebody asked for is brought so long."""
LOOK_S = 5.0
LINES_S = 2.0
Wished = dict[str, list[Route]]
"""What each provider is to bring; none is missing."""
UNTOLD = "nobody tells the depth of {name}: Dhan does, of NSE's shares and derivatives"


class Depths(TaskActor):
    """Has each provider's lines bring what is wished for. Who comes later takes nobody's place.

    What it forgets in a crash web processes say again within seconds.
    """

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=1_000, overflow=Overflow.DROP_OLDEST)

    def __init__(self, feeds: Mapping[str, Planner], routes: Routes, lines: Mapping[str, ActorRef]) -> None:
        """``feeds`` and ``lines`` are by provider; ``routes`` says who knows an instrument, the preferred one first."""
        super().__init__()
        self._feeds = feeds
        self._routes = routes
        self._lines = lines
        self._until_s: dict[str, float] = {}
        """By instrument, how long its book is to be brought; of the loop's time."""

    async def on_start(self) -> None:
        self.send_every(LOOK_S, LookAtDepths())

    @handles(LookAtDepths)
    async def on_look(self, _: LookAtDepths) -> None:
        now_s = anyio.current_time()
        self._until_s = {name: until_s for name, until_s in self._until_s.items() if until_s > now_s}
        await self._carry(self._wished())

    @handles(DepthsFollowed)
    async def on_depths_followed(self, message: DepthsFollowed) -> dict[str, Any]:
        """Answers which of them can not be had, each with why."""
        return {"refused": await self._bring(message.instruments, FOLLOWED_S)}

    @handles(DepthWanted)
    async def on_depth_wanted(self, wanted: DepthWanted) -> dict[str, Any]:
        """Answers why it can not be had now (``failed``; empty: it is told), and whether it has no place either (``refused``)."""
        name = wanted.instrument
        untold = await self._bring((name,), ASKED_S)
        return {"failed": untold.get(name, ""), "refused": name not in self._until_s}

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, int]:
        return {"depths_wished": len(self._until_s)}

    async def _bring(self, instruments: Collection[str], seconds: float) -> dict[str, str]:
        wished, until_s = self._wished(), anyio.current_time() + seconds
        refused = {name: why for name in instruments if (why := self._take(name, until_s, wished))}
        untold = await self._carry(wished)
        return refused | {name: untold[name] for name in instruments if name in untold}

    def _take(self, name: str, until_s: float, wished: Wished) -> str:
        """Why it is refused; empty where it is wished for from now on."""
        if name not in self._until_s:
            way = self._way(name)
            if way is None:
                return UNTOLD.format(name=name)
            provider, route = way
            capacity = self._feeds[provider].limits.capacity
            if len(wished[provider]) >= capacity:
                return f"{provider} tells the depth of {capacity} instruments at a time, and all of them are taken"
            wished[provider].append(route)
        self._until_s[name] = max(until_s, self._until_s.get(name, 0.0))
        return ""

    def _wished(self) -> Wished:
        wished: Wished = {provider: [] for provider in self._lines}
        for name in self._until_s:
            if (way := self._way(name)) is not None:
                wished[way[0]].append(way[1])
        return wished

    async def _carry(self, wished: Wished) -> dict[str, str]:
        """Tells the lines what to bring; whose books are not told now, each with why."""
        untold: dict[str, str] = {}
        for provider, routes in wished.items():
            try:
                untold |= await self._lines[provider].ask(CarryDepths(tuple(routes)), timeout_s=LINES_S)
            except (ActorDeadError, AskTimeoutError):
                why = f"the depth feed of {provider} is being started again: ask once more in a moment"
                untold |= {route.instrument: why for route in routes}
        return untold

    def _way(self, name: str) -> tuple[str, Route] | None:
        """The first provider that tells the depth of an instrument."""
        for provider, route in self._routes.of(name):
            if provider in self._lines and _tells(self._feeds[provider], route):
                return provider, route
        return None


def _tells(feed: Planner, route: Route) -> bool:
    try:
        return bool(feed.plan([route]))
    except PlanError:
        return False
