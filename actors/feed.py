"""One provider's live feed: keeps its connections up, turns frames into ticks, and says how it fares."""

from collections.abc import Callable, Sequence
from typing import ClassVar, NoReturn

import anyio
import structlog

from actors.messages import FeedCounts, FeedResumed, FeedSeen, FeedStarted, FeedStatus, Wanted
from actors.soundness import Soundness
from engine.market.silence import SilenceMeter
from engine.providers.base import Advice, Connection, LiveFeed, PlanError, ProviderError, Route
from engine.recording import Frame, Opened, Record
from engine.recording.history import loss_of
from engine.runtime import ActorRef, Backoff, MailboxSpec, Overflow, TaskActor, handles

log = structlog.get_logger("ticktree.feed")

BACKLOG_LIMIT = 1_000
"""Messages the dispatcher may be behind before a feed lets its socket wait."""
TOLD_UNCHECKED = 200
"""Ticks after which a feed looks whether the dispatcher keeps up."""
SEEN_INTERVAL_NS = 1_000_000_000
HEARD_INTERVAL_NS = 20_000_000
"""Frames closer together are no pause that anybody would notice."""
STABLE_AFTER_S = 30.0
"""A connection that carried data this long has earned a fresh backoff; merely connecting has not."""
RECONNECT = Backoff(initial_s=0.5, maximum_s=60.0)
DEFAULT_WAIT_S = {Advice.WAIT: 60.0, Advice.NEW_TOKEN: 300.0}


class FeedActor(TaskActor):
    """Owns the connections of one provider; each runs in a task of its own and reconnects by itself."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=100, overflow=Overflow.FAIL)

    def __init__(
        self,
        feed: LiveFeed,
        *,
        manager: ActorRef,
        resolver: ActorRef,
        heartbeat: ActorRef,
        watchers: Sequence[ActorRef],
        is_open: Callable[[int], bool],
        jitter: Callable[[], float],
        recorder: ActorRef | None = None,
    ) -> None:
        """``recorder`` hears of every frame and connection, where this engine records."""
        super().__init__()
        self._feed = feed
        self._manager = manager
        self._resolver = resolver
        self._heartbeat = heartbeat
        self._watchers = watchers
        self._is_open = is_open
        self._jitter = jitter
        self._recorder = recorder
        self._wanted: tuple[Route, ...] = ()
        self._scopes: list[anyio.CancelScope] = []

    async def on_start(self) -> None:
        self._manager.tell(FeedStarted(self._feed.name))

    @handles(Wanted)
    def on_wanted(self, wanted: Wanted) -> None:
        """Connections are laid anew when the set changes: providers remember nothing of the old ones."""
        if wanted.routes == self._wanted:
            return
        self._wanted = wanted.routes
        for scope in self._scopes:
            scope.cancel()
        self._scopes = []
        for number, routes in enumerate(self._plan(wanted.routes)):
            scope = anyio.CancelScope()
            self._scopes.append(scope)
            self.spawn(self._keep_connected, scope, number, routes)

    def _plan(self, routes: Sequence[Route]) -> list[list[Route]]:
        """One list a connection. What can not be subscribed at all is said and left out; the others do without it."""
        try:
            return self._feed.plan(routes)
        except PlanError as error:
            self._tell_status(0, "failed", str(error))
            impossible = set(error.routes)
        for route in impossible:
            log.warning("route_unplannable", provider=self._feed.name, instrument=route.instrument, key=route.key)
        possible = [route for route in routes if route not in impossible]
        return self._plan(possible) if len(possible) < len(routes) else []

    async def _keep_connected(self, scope: anyio.CancelScope, number: int, routes: list[Route]) -> None:
        attempt = 0
        with scope:
            while True:
                began_s = anyio.current_time()
                self._tell_status(number, "connecting")
                try:
                    await self._carry(number, routes)
                except ProviderError as error:
                    self._record(loss_of(self._feed.name, number, self.system.clock.now_ns(), error))
                    attempt = 0 if anyio.current_time() - began_s > STABLE_AFTER_S else attempt + 1
                    self._tell_status(number, "failed", str(error))
                    if error.advice in (Advice.FIX_REQUEST, Advice.GIVE_UP):
                        return
                    await anyio.sleep(self._pause_s(error, attempt))

    async def _carry(self, number: int, routes: list[Route]) -> NoReturn:
        """Decodes what one connection brings until it ends, which raises ProviderError."""
        silence = SilenceMeter()
        watching = anyio.CancelScope()
        async with self._feed.connect(routes) as connection:
            self._record(Opened(self._feed.name, number, self.system.clock.now_ns()))
            with anyio.CancelScope() as reading:
                self.spawn(self._watch, watching, reading, number, silence)
                try:
                    await self._read(connection, number, routes, silence)
                finally:
                    watching.cancel()
            raise ProviderError(f"stalled: {_too_long(silence)}")

    async def _read(self, connection: Connection, number: int, routes: list[Route], silence: SilenceMeter) -> NoReturn:
        decoder = self._feed.decoder(routes)
        soundness = Soundness(decoder)
        clock, caught_up, recorder = self.system.clock, self.system.caught_up, self._recorder
        seen_ns, heard_ns, told, resumes = 0, 0, 0, True
        try:
            while True:
                frame = await connection.receive()
                now_ns = clock.now_ns()
                if recorder is not None:
                    recorder.tell(Frame(self._feed.name, number, now_ns, frame))
                if not 0 <= now_ns - heard_ns < HEARD_INTERVAL_NS:
                    resumes = silence.heard(anyio.current_time()) or resumes
                    heard_ns = now_ns
                ticks = decoder.decode(frame, now_ns)
                if ticks and (resumes or now_ns - seen_ns > SEEN_INTERVAL_NS):
                    self._tell_seen(number, routes, now_ns, resumes=resumes, soundness=soundness)
                    seen_ns, resumes = now_ns, False
                for target, tick in ticks:
                    target.tell(tick)
                told += len(ticks)
                if told >= TOLD_UNCHECKED:
                    told = 0
                    await caught_up(BACKLOG_LIMIT)
        finally:
            now_ns = clock.now_ns()
            self._tell_doubt(number, routes, now_ns, soundness.part(now_ns))

    async def _watch(
        self, watching: anyio.CancelScope, reading: anyio.CancelScope, number: int, silence: SilenceMeter
    ) -> None:
        """Ends the reading after a silence that is not the market's. One task does it: a time limit per frame is dear."""
        since_s = anyio.current_time()
        with watching:
            while not reading.cancel_called:
                await anyio.sleep_until(silence.over_s(since_s))
                now_s = anyio.current_time()
                if now_s < silence.over_s(since_s):
                    continue
                since_s = now_s
                if self._is_open(self.system.clock.now_ns()):
                    self._tell_status(number, "stale", _too_long(silence))
                    reading.cancel()
                else:
                    self._tell_status(number, "closed", "the market is closed")

    def _record(self, record: Record) -> None:
        if self._recorder is not None:
            self._recorder.tell(record)

    def _pause_s(self, error: ProviderError, attempt: int) -> float:
        least_s = error.wait_s or DEFAULT_WAIT_S.get(error.advice, 0.0)
        return max(least_s, RECONNECT.delay(attempt, self._jitter()))

    def _tell_seen(self, number: int, routes: list[Route], now_ns: int, *, resumes: bool, soundness: Soundness) -> None:
        doubtful_ns = soundness.look(now_ns)
        if resumes:
            self._tell_doubt(number, routes, now_ns, 0)
            self._tell_status(number, "live")
        self._tell_doubt(number, routes, now_ns, doubtful_ns)
        self._heartbeat.tell(FeedCounts(self._feed.name, number, soundness.statistics))
        self._resolver.tell(FeedSeen(self._feed.name, number, now_ns))

    def _tell_doubt(self, number: int, routes: list[Route], now_ns: int, since_ns: int | None) -> None:
        if since_ns is not None:
            instruments = tuple(route.instrument for route in routes)
            self._resolver.tell(FeedResumed(self._feed.name, number, instruments, now_ns, since_ns))

    def _tell_status(self, number: int, status: str, why: str = "") -> None:
        log.info("feed_status", provider=self._feed.name, connection=number, status=status, why=why)
        message = FeedStatus(self._feed.name, number, status, self.system.clock.now_ns(), why)
        for watcher in self._watchers:
            watcher.tell(message)


def _too_long(silence: SilenceMeter) -> str:
    return f"no data for {silence.limit_s:.0f} s while the market is open"
