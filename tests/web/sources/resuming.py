"""A small world for resuming: an engine that closes and revises, web processes, and clients that come and go.

No sockets, no time that passes by itself: the stores in memory, the hub, the source of events, and clients that know only what
the protocol told them.
"""

import asyncio
from collections.abc import Coroutine
from datetime import date
from itertools import count
from typing import Any, TypeVar

import msgspec

from actors.channels import encode_candle_event
from engine.market import Candle, CandleState, Instrument, InstrumentKind
from engine.storage.durable import Exchange, ProviderMapping
from engine.storage.history import newest
from engine.storage.hot import keys
from engine.storage.memory import MemoryDurableStore, MemoryHotStore
from tests.web.lines import MemoryLine, client
from web.hub import Hub, Outbox, Resumption
from web.protocol import Channel, Kind, Position, Subscribed
from web.sources import EventSource, StoredCandles

NAME = "NSE:X"
CHANNEL = Channel(f"candle.{NAME}.1m", Kind.CANDLE, NAME, "1m")
MINUTE_NS = 60_000_000_000
BEGIN_MS = 1_795_000_000_000
RING = 6
"""Entries that the stream keeps: few, so that it overflows soon."""

Result = TypeVar("Result")


class Process:
    """One web process: its hub and its source of events, stepped by hand."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.hub = Hub()
        stored = StoredCandles(world.hot, world.durable)
        self.events = EventSource(
            world.hot, self.hub, stored, begun=lambda: None, now_ns=lambda: world.now_ms * 1_000_000
        )
        world.do(self.events.begin())

    def take(self) -> None:
        """Reads the stream, answers wishes, and writes to the clients."""
        self.world.do(self.events.take(0))
        self.world.do(self.events.resume())
        self.hub.distribute()
        for outbox in self.hub.outboxes:
            outbox.flush(self.world.now_ms)


class World:
    """The engine and its stores. What it says happened is what the stores hold together."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self.now_ms = BEGIN_MS
        self.hot = MemoryHotStore(lambda: self.now_ms * 1_000_000)
        self.durable = MemoryDurableStore()
        self._unsaved: list[Candle] = []
        self._told: dict[int, Candle] = {}
        self._newest_id = (0, 0)
        self._servers = count(1)
        self._usual_length = keys.EVENTS_LENGTH
        keys.EVENTS_LENGTH = RING
        self.do(
            self.durable.seed(
                [Exchange("NSE", "NSE", "Asia/Kolkata", is_24_hours=True)],
                [Instrument(0, "NSE", "X", "X", InstrumentKind.EQUITY, 0.05)],
                [ProviderMapping("simulator", NAME, "NSE_EQ", "1", date(2024, 1, 1))],
            )
        )
        self.processes = [Process(self), Process(self)]

    def do(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self._loop.run_until_complete(work)

    def end(self) -> None:
        keys.EVENTS_LENGTH = self._usual_length
        self._loop.close()

    def close_minute(self, *, told: bool = True) -> None:
        """The next candle; the engine may die between keeping it and telling of it."""
        number = len(self._told)
        opens = BEGIN_MS * 1_000_000 // MINUTE_NS * MINUTE_NS + number * MINUTE_NS
        self._publish(
            Candle(NAME, "1m", opens, 1.0, 9.0, 1.0, 1.0 + number % 8, 10, state=CandleState.FINAL), told=told
        )

    def revise(self, back: int) -> None:
        """A heal of one of the candles that there are."""
        if self._told:
            standing = list(self._told.values())[-1 - back % len(self._told)]
            revision = standing.revision + 1
            changes: dict[str, Any] = {"revision": revision, "state": CandleState.REVISED, "close": 1.0 + revision % 8}
            self._publish(msgspec.structs.replace(standing, **changes), told=True)

    def save(self) -> None:
        self.do(self.durable.save(self._unsaved, checkpoint_ns=self.now_ms * 1_000_000))
        self._unsaved = []

    def restart_redis(self, *, empty: bool) -> None:
        """Another server on the same data, or on none: then the engine fills it again with what it knows."""
        if empty:
            self.do(self.hot.link.call("FLUSHDB"))
            self.do(self.hot.write_candles(list(self._told.values())))
        self.do(self.hot.link.call("SET", keys.EPOCH, f"server{next(self._servers)}.1"))

    def flush_redis(self) -> None:
        """Somebody empties it; the engine fills it again."""
        self.do(self.hot.link.call("FLUSHDB"))
        self.do(self.hot.write_candles(list(self._told.values())))

    def truth(self) -> dict[int, tuple[int, float]]:
        """The series as both stores have it."""
        candles = [
            *self.do(self.durable.candles(NAME, "1m", 0, 2**62)),
            *self.do(self.hot.candles(NAME, "1m", 0, 2**62)),
        ]
        return {candle.time // 1_000_000: (candle.revision, candle.close) for candle in newest(candles)}

    def _publish(self, candle: Candle, *, told: bool) -> None:
        candle = msgspec.structs.replace(candle, published_ns=self.now_ms * 1_000_000)
        self._told[candle.time] = candle
        self._unsaved.append(candle)
        self.do(self.hot.write_candles([candle]))
        if told:
            milliseconds, number = self._newest_id
            self._newest_id = (self.now_ms, 0) if self.now_ms > milliseconds else (milliseconds, number + 1)
            self.do(self.hot.append_events([("{}-{}".format(*self._newest_id), encode_candle_event(candle))]))
        else:
            self.do(self.hot.begin_epoch())


class Follower:
    """A client: keeps a series by what it is told alone, and reads the stores only when it is told that something is lost."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.series: dict[int, tuple[int, float]] = {}
        self.position: Position | None = None
        self.declared = 0
        """How often it was told to begin anew."""
        self.recovered = 0
        self.stored = 0
        """How often it was told that it has everything, and of these how often from the stores."""
        self._told: set[tuple[int, int]] = set()
        self._line: MemoryLine | None = None
        self._outbox: Outbox | None = None
        self._process: Process | None = None

    def connect(self, process: Process) -> None:
        """As a session does it: follows at once, or wishes to resume."""
        self.disconnect()
        self._outbox, self._line = client()
        self._process = process
        hub = process.hub
        hub.join(self._outbox)
        answer = Subscribed("subscribe", (), (CHANNEL.name,), hub.position)
        if self.position is None:
            hub.follow(self._outbox, CHANNEL, NAME)
            conversation = self._outbox.conversation
            self._outbox.send(conversation.frame(*conversation.dialect.subscribed(answer)))
        else:
            wish = Resumption(self._outbox, ((CHANNEL, NAME),), self.position, answer, lambda: None)
            hub.resumptions.append(wish)

    def disconnect(self) -> None:
        """What was on its way is lost."""
        if self._process is not None and self._outbox is not None:
            self._outbox.close(1000, "gone")
            self._process.hub.leave(self._outbox)
        self._process = self._outbox = self._line = None

    @property
    def process(self) -> Process | None:
        return self._process

    def congest(self, *, congested: bool) -> None:
        if self._line is not None:
            self._line.congested = congested

    def read(self) -> None:
        if self._line is not None:
            for message in self._line.messages():
                self._take(message)
            if self._line.closed_with is not None:
                self.disconnect()

    def _take(self, message: dict[str, Any]) -> None:
        match message:
            case {"action": "subscribe", "recovered": True}:
                self.recovered += 1
            case {"action": "subscribe", "position": position} | {"type": "lost", "position": position}:
                self._begin_anew(Position(**position))
            case {"type": "position", "position": position}:
                self.position = Position(**position)
                self.stored += 1
            case {"channel": _, "offset": offset, "data": {"state": "final" | "revised", **candle}}:
                self._keep(candle, offset)
            case _:
                pass

    def _begin_anew(self, position: Position) -> None:
        self.declared += 1
        self.position = position
        self.series = self._world.truth()
        self._told = set()

    def _keep(self, candle: dict[str, Any], offset: str | None) -> None:
        told = candle["time"], candle["rev"]
        if offset is not None:
            assert told not in self._told, "a revision was told twice"
            assert self.position is not None
            self.position = Position(self.position.epoch, offset)
        self._told.add(told)
        if self.series.get(candle["time"], (-1, 0.0))[0] < candle["rev"]:
            self.series[candle["time"]] = candle["rev"], candle["close"]
