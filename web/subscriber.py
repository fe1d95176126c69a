"""The subscriber: keeps the hub fed from the hot store, and tells clients how well that goes."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import ClassVar

import anyio
import msgspec
import structlog

from engine.runtime import Backoff, Conflate, MailboxSpec, TaskActor, handles
from engine.storage.durable import DurableStore
from engine.storage.errors import StorageError
from engine.storage.hot import HotStore
from web.hub import Hub, Pump
from web.protocol import Kind, Status
from web.sockets.messages import Wanted
from web.sources import ChainList, ChannelSource, DepthList, EventSource, StoredCandles, WatchList, load, load_symbols

log = structlog.get_logger("ticktree.subscriber")

RELOAD_INTERVAL_S = 60.0
SYSTEM_INTERVAL_S = 5.0
RECONNECT = Backoff(initial_s=0.1, maximum_s=2.0)
STORE_TROUBLES = frozenset({"prices", "events"})


class Reload(msgspec.Struct, frozen=True, gc=False):
    """Something may have been missed: read all newest values again."""


class LookAround(msgspec.Struct, frozen=True, gc=False):
    """Tell those who follow it how the processes are."""


class Subscriber(TaskActor):
    """Feeds the hub from channels, whose messages carry newest values, and from ``events``, which loses none.

    A hot store that is away is this actor's daily business, no reason to crash: clients are told, and when it is back
    they go on from a snapshot.
    """

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=8, overflow=Conflate(type))

    def __init__(self, hot: HotStore, durable: DurableStore, hub: Hub, process: str) -> None:
        super().__init__()
        self._hot = hot
        self._hub = hub
        self._troubles = dict.fromkeys(STORE_TROUBLES, "starting")
        self._channels = ChannelSource(hot, hub, begun=partial(self._store_well, "prices"), missed=self._reload)
        self._events = EventSource(
            hot, hub, StoredCandles(hot, durable), begun=partial(self._store_well, "events"), now_ns=self._now_ns
        )
        lists = (WatchList, ChainList, DepthList)
        heard = partial(self._well, "engine")
        self._lists = [one(hot, hub, process, heard=heard, silent=self._engine_silent) for one in lists]

    async def on_start(self) -> None:
        pump = Pump(self._hub, lambda: self.system.clock.now_ns() // 1_000_000)
        self.spawn(self._again_and_again, "prices", self._channels.run)
        self.spawn(self._again_and_again, "events", self._events.run)
        for one in self._lists:
            self.spawn(one.run)
        self.spawn(pump.run)
        self.spawn(pump.listen)
        self.send_every(RELOAD_INTERVAL_S, Reload())
        self.send_every(SYSTEM_INTERVAL_S, LookAround())

    @handles(Wanted)
    async def on_wanted(self, _: Wanted) -> None:
        """Answers wishes to resume, and reads newest values for what nobody followed before."""
        try:
            await self._events.resume()
            await load(self._hot, self._hub, self._hub.take_bare(), self.system.clock.now_ns())
        except (StorageError, TimeoutError) as error:
            log.debug("snapshot_later", error=str(error))

    @handles(Reload)
    async def on_reload(self, _: Reload) -> None:
        try:
            await load_symbols(self._hot, self._hub)
            await load(self._hot, self._hub, self._hub.topics(), self.system.clock.now_ns())
        except (StorageError, TimeoutError) as error:
            log.debug("reload_later", error=str(error))

    @handles(LookAround)
    async def on_look_around(self, _: LookAround) -> None:
        try:
            await load(self._hot, self._hub, self._hub.topics(Kind.SYS), self.system.clock.now_ns())
        except (StorageError, TimeoutError) as error:
            log.debug("reload_later", error=str(error))

    async def _again_and_again(self, source: str, follow: Callable[[], Awaitable[None]]) -> None:
        """Goes on over every outage, more and more patiently; whoever got through begins with the short pauses again."""
        attempt = 0
        while True:
            try:
                await follow()
            except (StorageError, TimeoutError) as error:
                attempt = 0 if source not in self._troubles else attempt + 1
                self._trouble(source, str(error) or "it does not answer")
            await anyio.sleep(RECONNECT.delay(attempt, self.system.jitter()))

    def _now_ns(self) -> int:
        return self.system.clock.now_ns()

    def _reload(self) -> None:
        self.actor_ref.tell(Reload())

    def _store_well(self, source: str) -> None:
        """What was missed is read before anything else: newest values of all, and wishes that had to wait."""
        if source in self._troubles:
            self._reload()
            self.actor_ref.tell(Wanted())
        self._well(source)

    def _engine_silent(self, why: str) -> None:
        """While the store is away nobody can hear the engine, whatever it does."""
        if not STORE_TROUBLES & self._troubles.keys():
            self._trouble("engine", why)

    def _trouble(self, source: str, why: str) -> None:
        if source not in self._troubles:
            log.warning("trouble", source=source, error=why)
        self._troubles[source] = why
        self._tell()

    def _well(self, source: str) -> None:
        if self._troubles.pop(source, None) is not None:
            log.info("well_again", source=source)
        self._tell()

    def _tell(self) -> None:
        """Tells all clients when the sum of it has changed."""
        status, why = "live", ""
        if STORE_TROUBLES & self._troubles.keys():
            status, why = "degraded", "the hot store is away"
        elif self._troubles:
            status, why = "stale", "no engine answers"
        if status != self._hub.status.status:
            self._hub.tell_all(Status(status, self.system.clock.now_ns() // 1_000_000, why))
