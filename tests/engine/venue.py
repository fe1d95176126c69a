"""A venue that never closes, in virtual time: the real tree, stores in memory, and connections that live as long as their token."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
import trio
from pydantic import SecretStr

from actors.pace import Pace
from config.calendars import load_calendar
from config.settings import Settings
from engine.app import engine_tree
from engine.credentials import Vault, entered, sealing_keys
from engine.market import Calendars, Instrument, InstrumentKind
from engine.parts.base import Parts
from engine.providers.base import Advice, FeedLimits, Notify, ProviderError, Route, ignore
from engine.providers.catalog import Provider
from engine.providers.keyring import Keyring
from engine.providers.simulator.direct import DirectConnection, DirectFeed, DirectHistory
from engine.providers.simulator.hours import Hours
from engine.providers.simulator.instruments import universe
from engine.providers.simulator.market import SyntheticMarket
from engine.runtime import ActorSystem, ChildSpec, LoopClock
from engine.seeding import exchanges
from engine.storage.durable import ProviderMapping
from engine.storage.memory import MemoryDurableStore, MemoryHotStore
from engine.storage.packing import unpack_map
from tests.engine.month import numbers

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from engine.runtime.snapshot import ActorSnapshot

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS
PACE = Pace(publish_s=30.0, flush_s=5.0, report_s=5.0, note_s=15.0, tree_s=60.0, renew_s=60.0, look_s=5.0)
IDENTITY = "1100012345"


class TokenFeed(DirectFeed):
    """Takes those whose token is valid, and ends their connections when it is no more. Two connections are allowed."""

    def __init__(self, market: SyntheticMarket, clock: LoopClock, keyring: Keyring, *, lags_s: Sequence[float]) -> None:
        super().__init__(market, clock)
        count = len(market.listings)
        self.limits = FeedLimits(connections=2, instruments_per_connection=count, instruments_per_message=count)
        self.keyring = keyring
        self.ends_ns: dict[str, int] = {}
        """By token: until when it is valid."""
        self.attempts: list[int] = []
        """When somebody knocked."""
        self.taken = 0
        self.open = 0
        self._lags_s = list(lags_s)

    @asynccontextmanager
    async def connect(
        self, routes: Sequence[Route], *, since_ns: int = 0, notify: Notify = ignore
    ) -> AsyncGenerator[DirectConnection]:
        self.attempts.append(self.now_ns())
        token = self.keyring.current.token.reveal()
        self.check(token)
        async with super().connect(routes, since_ns=since_ns, notify=notify) as connection:
            self.taken += 1
            self.open += 1
            try:
                yield TokenConnection(connection, self, token, self._lags_s.pop(0) if self._lags_s else 0.0)
            finally:
                self.open -= 1

    def check(self, token: str) -> None:
        if self.now_ns() >= self.ends_ns.get(token, 0):
            raise ProviderError("the token is not valid", advice=Advice.NEW_TOKEN, code="807")


class TokenConnection(DirectConnection):
    """Hands each frame over after a lag."""

    def __init__(self, connection: DirectConnection, feed: TokenFeed, token: str, lag_s: float) -> None:
        self.__dict__.update(connection.__dict__)
        self._venue, self._token, self._lag_s = feed, token, lag_s

    async def receive(self) -> bytes:
        frame = await super().receive()
        await trio.sleep(self._lag_s)
        self._venue.check(self._token)
        return frame


class Venue:
    """An exchange around the clock, its engine, and the truth."""

    def __init__(
        self, start_ns: int, day: date, *, instruments: int, trades_per_minute: float, lags_s: Sequence[float] = ()
    ) -> None:
        self.calendars = Calendars(load_calendar, {"NSE": "Asia/Kolkata", "NFO": "Asia/Kolkata"})
        self.clock = LoopClock(start_ns)
        listings = [one for one in universe(4 * instruments, day)[2:] if one.kind == "equity"][:instruments]
        self.market = SyntheticMarket(listings, seed=1, hours=Hours(), trades_per_minute=trades_per_minute)
        self.keyring = Keyring("simulator")
        self.feed = TokenFeed(self.market, self.clock, self.keyring, lags_s=lags_s)
        self.history = DirectHistory(self.market, self.clock)
        self.hot = MemoryHotStore(self.clock.now_ns, retention_days=7)
        self.durable = MemoryDurableStore()
        self.settings = Settings(
            providers=("simulator",), engine_id="venue", end_of_day_after=None, secret_key=SecretStr("s" * 40)
        )
        self.vault = Vault(self.durable, sealing_keys(self.settings))
        self.gaps: list[dict[str, Any]] = []
        """What the resolver was told that may be missing."""

    async def enter(self, token: str, ends_ns: int) -> None:
        """Somebody does; the engine finds it in the table."""
        self.feed.ends_ns[token] = ends_ns
        await self.vault.keep(entered("simulator", IDENTITY, {"token": token}, source="admin", expires_ns=ends_ns))

    @asynccontextmanager
    async def engine(self) -> AsyncGenerator[ActorSystem]:
        self.clock.now_ns()
        structlog.configure(processors=[self._overhear])
        await self.durable.seed(exchanges(around_the_clock=True), *self._seeds())
        provider = Provider(self.feed, self.history, self.keyring)
        parts = Parts(
            self.settings, "venue", self.hot, self.durable, {"simulator": provider}, self.calendars, pace=PACE,
            jitter=lambda: 0.5,
        )  # fmt: skip
        try:
            async with ActorSystem("engine", clock=self.clock, jitter=lambda: 0.5) as system:
                await system.start(ChildSpec("engine", partial(engine_tree, system, parts)))
                yield system
        finally:
            structlog.reset_defaults()

    async def until(self, ns: int) -> None:
        await trio.sleep(self.clock.seconds_until(ns))

    async def wrong(self, start_ns: int, end_ns: int) -> list[tuple[str, int]]:
        """The minutes that are not what was traded, or not for certain."""
        found: list[tuple[str, int]] = []
        for place, listing in enumerate(self.market.listings):
            truth = {one.time: numbers(one) for one in self.market.minutes(place, start_ns, end_ns)}
            held = await self.hot.candles(listing.instrument, "1m", start_ns, end_ns)
            ours = {one.time: numbers(one) for one in held}
            found += [
                (listing.instrument, time) for time in truth.keys() | ours.keys() if truth.get(time) != ours.get(time)
            ]
        return sorted(found)

    async def revised(self, start_ns: int, end_ns: int) -> int:
        """Minutes that were told again."""
        names = [listing.instrument for listing in self.market.listings]
        candles = [one for name in names for one in await self.hot.candles(name, "1m", start_ns, end_ns)]
        return sum(one.revision > 0 for one in candles)

    async def events(self, kind: str) -> list[dict[str, Any]]:
        told = [unpack_map(data) for _, data in await self.hot.read_events("0-0", 1_000_000)]
        return [event for event in told if event["kind"] == kind]

    def _overhear(self, _logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
        if event["event"] == "feed_gap":
            self.gaps.append({**event, "at_ns": self.clock.now_ns()})
        raise structlog.DropEvent

    def _seeds(self) -> tuple[list[Instrument], list[ProviderMapping]]:
        listings = self.market.listings
        long_ago = date(2020, 1, 1)
        return [
            Instrument(0, one.exchange, one.symbol, one.name, InstrumentKind(one.kind), one.tick_size)
            for one in listings
        ], [
            ProviderMapping("simulator", one.instrument, one.segment, str(one.security_id), long_ago)
            for one in listings
        ]


def restarts(tree: ActorSnapshot) -> int:
    """How many places of a tree were filled again."""
    return tree.restarts + sum(map(restarts, tree.children))
