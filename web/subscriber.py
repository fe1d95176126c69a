"""The subscriber: listens to what the engine tells through the hot store, and keeps the hub fed."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import ClassVar

import anyio
import msgspec
import structlog

from actors.channels import LIVE_CANDLES, MARKET_DATA
from engine.runtime import Backoff, Conflate, MailboxSpec, TaskActor, handles
from engine.storage.errors import StorageError
from engine.storage.hot import HotStore
from web.hub import (
    FeedFormatError,
    Hub,
    Pump,
    Replay,
    Sequence,
    decode_event,
    decode_live_candles,
    decode_prices,
    order,
    refuse,
)
from web.hub.feed import CandleEvent
from web.protocol import Position, Status
from web.snapshots import load
from web.sockets.session import Wanted
from web.watch_list import WatchList

log = structlog.get_logger("ticktree.subscriber")

ANSWER_S = 2.0
"""After so long without an answer the hot store counts as away."""
BLOCK_MS = 1000
EVENTS_A_READ = 1000
RELOAD_INTERVAL_S = 60.0
RECONNECT = Backoff(initial_s=0.1, maximum_s=2.0)


class Reload(msgspec.Struct, frozen=True, gc=False):
    """Something may have been missed: read all newest values again."""


class Subscriber(TaskActor):
    """Feeds the hub from two sources: channels, whose messages carry newest values, and ``events``, which loses none.

    A hot store that is away is this actor's daily business, no reason to crash: clients are told, and when it is back
    they go on from a snapshot.
    """

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=8, overflow=Conflate(type))

    def __init__(self, hot: HotStore, hub: Hub, process: str) -> None:
        super().__init__()
        self._hot = hot
        self._hub = hub
        self._watches = WatchList(hot, hub, process)
        self._troubles: dict[str, str] = {"prices": "starting", "events": "starting"}
        self._prices = Sequence()
        self._candles = Sequence()
        self.malformed = 0

    async def on_start(self) -> None:
        pump = Pump(self._hub, lambda: self.system.clock.now_ns() // 1_000_000)
        self.spawn(self._again_and_again, "prices", self._listen)
        self.spawn(self._again_and_again, "events", self._follow)
        self.spawn(self._watches.run)
        self.spawn(pump.run)
        self.spawn(pump.listen)
        self.send_every(RELOAD_INTERVAL_S, Reload())

    @handles(Wanted)
    async def on_wanted(self, _: Wanted) -> None:
        """All wishes to resume in one reading of the stream, and newest values for what nobody followed before."""
        try:
            await self._resume()
            await load(self._hot, self._hub, self._hub.take_bare(), self.system.clock.now_ns())
        except (StorageError, TimeoutError) as error:
            log.debug("snapshot_later", error=str(error))

    @handles(Reload)
    async def on_reload(self, _: Reload) -> None:
        try:
            await load(self._hot, self._hub, self._hub.topics(), self.system.clock.now_ns())
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
            await anyio.sleep(RECONNECT.delay(attempt, 0.5))

    async def _listen(self) -> None:
        async with self._hot.subscribe(MARKET_DATA, LIVE_CANDLES) as messages:
            self._prices, self._candles = Sequence(), Sequence()
            self._well("prices")
            async for channel, payload in messages:
                try:
                    self._take(channel, payload)
                except FeedFormatError as error:
                    self._skip(channel, error)

    def _take(self, channel: str, payload: bytes) -> None:
        hub = self._hub
        if channel == MARKET_DATA:
            prices = decode_prices(payload)
            for price in prices.rows:
                hub.put_price(price)
            self._check(self._prices, prices.epoch, prices.offset)
        else:
            candles = decode_live_candles(payload)
            for candle in candles.rows:
                hub.put_forming(candle)
            self._check(self._candles, candles.epoch, candles.offset)

    def _check(self, sequence: Sequence, epoch: int, offset: int) -> None:
        if sequence.epoch not in (None, epoch):
            self._hub.begin_epoch()
        if not sequence.follows(epoch, offset):
            log.info("messages_missed", epoch=epoch, offset=offset)
            self.actor_ref.tell(Reload())

    async def _follow(self) -> None:
        """Reads ``events`` from where the hub stands; its silence, too, has to be answered in time."""
        await self._find_place()
        self._well("events")
        while True:
            position = self._place()
            with _in_time():
                entries = await self._hot.read_events(position.offset, EVENTS_A_READ, BLOCK_MS)
            for offset, payload in entries:
                self._publish(offset, payload)
                self._hub.position = Position(position.epoch, offset)
            if not entries:
                await self._find_place()

    async def _find_place(self) -> None:
        """Where to go on; when what came since is gone, nobody is left to believe that it never happened."""
        with _in_time():
            window = await self._hot.events_window()
        position = self._hub.position
        if position is None or not window.covers(position.epoch, position.offset):
            self._hub.position = Position(window.epoch, window.last_id)
            if position is not None:
                log.warning("events_lost", epoch=window.epoch)
                self._hub.tell_all_to_begin_anew()

    def _publish(self, offset: str, payload: bytes) -> None:
        try:
            event = decode_event(payload)
        except FeedFormatError as error:
            self._skip("events", error)
            return
        if isinstance(event, CandleEvent):
            self._hub.publish_candle(event.value, offset)
        else:
            self._hub.publish_status(event.value, offset)

    async def _resume(self) -> None:
        waiting = [one for one in self._hub.resumptions if not one.cancelled]
        if not waiting or self._hub.position is None:
            return
        with _in_time():
            window = await self._hot.events_window()
        hopeful = [one for one in waiting if window.covers(one.since.epoch, one.since.offset)]
        replay = Replay(hopeful)
        await self._read_into(replay)
        replay.finish(self._hub)
        for one in waiting:
            if one not in hopeful:
                refuse(self._hub, one)
        done = set(map(id, waiting))
        self._hub.resumptions = [one for one in self._hub.resumptions if id(one) not in done and not one.cancelled]

    async def _read_into(self, replay: Replay) -> None:
        """Reads from the oldest position asked for to where the hub stands when the reading is done."""
        reached = replay.start
        while reached is not None and order(reached) < order(self._place().offset):
            with _in_time():
                entries = await self._hot.read_events(reached, EVENTS_A_READ)
            if not entries:
                return
            for reached, payload in entries:
                try:
                    replay.add(reached, decode_event(payload))
                except FeedFormatError as error:
                    self._skip("events", error)

    def _place(self) -> Position:
        position = self._hub.position
        assert position is not None
        return position

    def _trouble(self, source: str, why: str) -> None:
        if not self._troubles:
            log.warning("hot_store_away", error=why)
            self._tell("degraded", "the hot store is away")
        self._troubles[source] = why

    def _well(self, source: str) -> None:
        """Newest values are read again before anything else is believed."""
        if self._troubles.pop(source, None) is not None:
            self.actor_ref.tell(Reload())
            self.actor_ref.tell(Wanted())
            if not self._troubles:
                log.info("hot_store_followed")
                self._tell("live", "")

    def _tell(self, status: str, why: str) -> None:
        self._hub.tell_all(Status(status, self.system.clock.now_ns() // 1_000_000, why))

    def _skip(self, where: str, error: FeedFormatError) -> None:
        self.malformed += 1
        if self.malformed == 1:
            log.warning("payload_not_understood", where=where, error=str(error))


def _in_time() -> AbstractContextManager[object]:
    return anyio.fail_after(ANSWER_S)
