"""The follower: hears what has ended in other processes, within a moment, and misses nothing."""

import anyio
import structlog

from engine.runtime import Backoff, TaskActor
from engine.storage.durable import DurableStore
from engine.storage.errors import StorageError
from engine.storage.hot import Ended, HotStore
from web.accounts.ended import EndedSessions

log = structlog.get_logger("ticktree.accounts")

BLOCK_MS = 2_000
READ_S = 30.0
"""Time between two readings of the database, which has also what could not be told through Redis."""
AWAY_READ_S = 2.0
"""The same while Redis is away."""
FIRST_S = 2.0
FORGET_S = 3_600.0
KEEP_S = 86_400.0
RECONNECT = Backoff(initial_s=0.1, maximum_s=2.0)
_OLDEST = "0-0"


class Follower(TaskActor):
    """Follows the stream of ends from its beginning; what Redis lost or could not take is in the database."""

    def __init__(self, hot: HotStore, durable: DurableStore, ended: EndedSessions) -> None:
        super().__init__()
        self._hot = hot
        self._durable = durable
        self._ended = ended
        self._following = False
        self._forget_at_s = 0.0
        self._deaf = anyio.Event()

    async def on_start(self) -> None:
        """Nobody comes in with a token that ended before this process began."""
        with anyio.move_on_after(FIRST_S):
            await self._read_if_possible()
        self.spawn(self._follow)
        self.spawn(self._read_again_and_again)

    async def _follow(self) -> None:
        attempt = 0
        while True:
            try:
                await self._follow_on()
            except StorageError as error:
                attempt = 0 if self._following else attempt + 1
                if self._following:
                    log.warning("ends_not_heard", error=str(error))
                    self._deaf.set()
                self._following = False
            await anyio.sleep(RECONNECT.delay(attempt, self.system.jitter()))

    async def _follow_on(self) -> None:
        """From the oldest entry each time: a server that came back may count otherwise."""
        position = _OLDEST
        while True:
            entries = await self._hot.follow_sessions(position, BLOCK_MS)
            self._following = self._ended.ready = True
            for identity, ended in entries:
                self._note(ended, int(identity.partition("-")[0]) / 1e3)
                position = identity

    def _note(self, ended: Ended, ended_s: float) -> None:
        if ended_s + self._ended.remember_s > self._now_s():
            self._ended.note(ended.kind, ended.name, ended_s)

    async def _read_again_and_again(self) -> None:
        while True:
            with anyio.move_on_after(READ_S if self._following else AWAY_READ_S):
                await self._deaf.wait()  # from now on only the database tells
            self._deaf = anyio.Event()
            await self._read_if_possible()
            self._ended.forget(self._now_s())
            await self._forget_if_possible()

    async def _read_if_possible(self) -> None:
        now_s = self._now_s()
        since_ns = int((now_s - self._ended.remember_s) * 1e9)
        try:
            sessions, keys = await self._durable.sessions_ended(since_ns), await self._durable.keys_ended(since_ns)
        except StorageError as error:
            log.warning("ends_not_read", error=str(error))
            return
        for session in sessions:
            self._ended.note("sid", session, now_s)
        for key in keys:
            self._ended.note("key", key, now_s)
        self._ended.ready = True

    async def _forget_if_possible(self) -> None:
        """Now and then takes away sessions that were over a day ago, so that every process has heard of them."""
        now_s = self._now_s()
        if now_s < self._forget_at_s:
            return
        self._forget_at_s = now_s + FORGET_S
        try:
            await self._durable.forget_sessions(int((now_s - KEEP_S) * 1e9))
        except StorageError as error:
            log.warning("sessions_not_forgotten", error=str(error))

    def _now_s(self) -> float:
        return self.system.clock.now_ns() / 1e9
