"""One provider's live feed: keeps its connections up while they are needed, turns frames into ticks, says how it fares."""

from collections.abc import Callable, Sequence
from typing import ClassVar, NoReturn

import anyio
import structlog

from actors.line import Line
from actors.messages import (
    FeedCounts,
    FeedResumed,
    FeedSeen,
    FeedStarted,
    FeedStatus,
    LineCarries,
    LineHeard,
    LinesWanted,
    Resubscribe,
    Wanted,
)
from actors.pace import Pace
from actors.second_opinion import second_opinion
from actors.soundness import Soundness
from engine.market import Calendars
from engine.market.diagnosis import RECONNECT_CURES, STATUSES, Cause
from engine.market.quote import Witness, bear_witness
from engine.providers.base import Advice, Connection, History, LiveFeed, PlanError, ProviderError, Route
from engine.recording import Frame
from engine.runtime import ActorRef, Backoff, MailboxSpec, Overflow, TaskActor, handles

log = structlog.get_logger("ticktree.feed")

BACKLOG_LIMIT = 1_000
"""Messages the dispatcher may be behind before a feed lets its socket wait."""
TOLD_UNCHECKED = 200
"""Ticks after which a feed looks whether the dispatcher keeps up."""
SEEN_INTERVAL_NS = 1_000_000_000
HEARD_INTERVAL_NS = 20_000_000
"""Frames closer together are no pause that anybody would notice."""
LEAST_LOOK_S = 0.05
LISTENED_INTERVAL_S = 10.0
"""While the market is closed, a line that is up says so this often."""
OPINION_S = 5.0
"""The provider has so long to answer, less when the silence would be over before."""
SETTLE_S = 1.0
"""A trade that the provider tells of may still be under way to us."""
LONGEST_SLEEP_S = 3_600.0
"""Clocks are set: who waits for the morning looks again in between."""
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
        history: History,
        calendars: Calendars,
        *,
        manager: ActorRef,
        resolver: ActorRef,
        heartbeat: ActorRef,
        sentinel: ActorRef,
        watchers: Sequence[ActorRef],
        jitter: Callable[[], float],
        recorder: ActorRef | None = None,
        look_interval_s: float = Pace().look_s,
    ) -> None:
        """``history`` is the same provider's: it is asked for its own word when the feed is silent.

        ``recorder`` hears of every frame, where this engine records.
        """
        super().__init__()
        self._feed = feed
        self._history = history
        self._calendars = calendars
        self._manager = manager
        self._resolver = resolver
        self._heartbeat = heartbeat
        self._sentinel = sentinel
        self._watchers = watchers
        self._jitter = jitter
        self._look_interval_s = look_interval_s
        self._recorder = recorder
        self._wanted: tuple[Route, ...] = ()
        self._lines: list[Line] = []

    async def on_start(self) -> None:
        self._manager.tell(FeedStarted(self._feed.name))

    @handles(Wanted)
    def on_wanted(self, wanted: Wanted) -> None:
        """Connections are laid anew when the set changes: providers remember nothing of the old ones."""
        if wanted.routes == self._wanted:
            return
        self._wanted = wanted.routes
        for line in self._lines:
            line.scope.cancel()
            self._sentinel.tell(LineCarries(self._feed.name, line.number, ()))
        self._lines = [Line(number, routes) for number, routes in enumerate(self._plan(wanted.routes))]
        for line in self._lines:
            self._sentinel.tell(LineCarries(self._feed.name, line.number, line.routes))
            self.spawn(self._keep_connected, line)

    @handles(LinesWanted)
    def on_lines_wanted(self, _: LinesWanted) -> None:
        for line in self._lines:
            self._sentinel.tell(LineCarries(self._feed.name, line.number, line.routes))
            self._sentinel.tell(self._status(line, *line.told))

    @handles(Resubscribe)
    def on_resubscribe(self, wish: Resubscribe) -> None:
        if wish.connection < len(self._lines):
            line = self._lines[wish.connection]
            self.spawn(self._resubscribe, line, line.routes_of(wish.instruments))

    async def _resubscribe(self, line: Line, routes: Sequence[Route]) -> None:
        connection = line.connection
        if connection is None or not routes:
            return
        log.info("resubscribing", provider=self._feed.name, connection=line.number, count=len(routes))
        try:
            await connection.unsubscribe(routes)
            await connection.subscribe(routes)
        except ProviderError as error:  # whoever reads the connection hears of its end as well
            log.info("not_resubscribed", provider=self._feed.name, connection=line.number, error=str(error))

    def _plan(self, routes: Sequence[Route]) -> list[list[Route]]:
        """One list a connection. What can not be subscribed at all is said and left out; the others do without it."""
        try:
            return self._feed.plan(routes)
        except PlanError as error:
            self._tell_status(Line(0, ()), Cause.DISCONNECTED, "failed", str(error))
            impossible = set(error.routes)
        for route in impossible:
            log.warning("route_unplannable", provider=self._feed.name, instrument=route.instrument, key=route.key)
        possible = [route for route in routes if route not in impossible]
        return self._plan(possible) if len(possible) < len(routes) else []

    async def _keep_connected(self, line: Line) -> None:
        attempt = 0
        with line.scope:
            while True:
                await self._until_needed(line)
                began_s = anyio.current_time()
                self._tell_status(line, Cause.DISCONNECTED, "connecting")
                try:
                    await self._carry(line)
                except ProviderError as error:
                    attempt = 0 if anyio.current_time() - began_s > STABLE_AFTER_S else attempt + 1
                    refused = error.advice is Advice.NEW_TOKEN
                    self._tell_status(line, Cause.TOKEN_DEAD if refused else Cause.DISCONNECTED, "failed", str(error))
                    if error.advice in (Advice.FIX_REQUEST, Advice.GIVE_UP):
                        return
                    await anyio.sleep(self._pause_s(error, attempt))

    async def _until_needed(self, line: Line) -> None:
        """Returns when one of the line's exchanges will open soon: up all night, it would reconnect for nothing."""
        while not self._is_needed(line):
            now_ns = self.system.clock.now_ns()
            hours = self._calendars.feed_hours(line.exchanges, now_ns)
            wait_s = LONGEST_SLEEP_S if hours is None else self.system.clock.seconds_until(hours.start_ns)
            if line.told[1] is not Cause.CLOSED:
                self._tell_status(line, Cause.CLOSED, "closed", "not connected: its exchanges are closed")
            await anyio.sleep(max(LEAST_LOOK_S, min(wait_s, LONGEST_SLEEP_S)))

    def _is_needed(self, line: Line) -> bool:
        now_ns = self.system.clock.now_ns()
        if now_ns < line.needed_until_ns:
            return True
        hours = self._calendars.feed_hours(line.exchanges, now_ns)
        if hours is None or not hours.needed(now_ns):
            return False
        line.needed_until_ns = hours.end_ns
        return True

    async def _carry(self, line: Line) -> None:
        """Decodes what one connection brings until its hours are over; until it ends, which raises ProviderError."""
        watching = anyio.CancelScope()
        async with self._feed.connect(line.routes) as connection:
            line.begin(connection, anyio.current_time())
            with anyio.CancelScope() as reading:
                self.spawn(self._watch, watching, reading, line)
                try:
                    await self._read(connection, line)
                finally:
                    watching.cancel()
                    line.connection = None
                    self._hand_over(line)
        if line.told[1] in RECONNECT_CURES:
            raise ProviderError(line.listening.explain(line.told[1], anyio.current_time()))

    async def _read(self, connection: Connection, line: Line) -> NoReturn:
        decoder = self._feed.decoder(line.routes)
        soundness = Soundness(decoder)
        clock, caught_up, listening = self.system.clock, self.system.caught_up, line.listening
        recorder = self._recorder
        seen_ns, heard_ns, told, resumes, misses = 0, 0, 0, True, self._is_open(line)
        if not misses:  # from here on it misses nothing: what was lost before is looked up now, and not in the morning
            self._tell_doubt(line, clock.now_ns(), 0)
        try:
            while True:
                frame = await connection.receive()
                now_ns = clock.now_ns()
                if recorder is not None:
                    recorder.tell(Frame(self._feed.name, line.number, now_ns, frame))
                ticks = decoder.decode(frame, now_ns)
                if ticks and not 0 <= now_ns - heard_ns < HEARD_INTERVAL_NS:
                    resumes = listening.heard(anyio.current_time()) or resumes
                    heard_ns = now_ns
                if ticks and (resumes or now_ns - seen_ns > SEEN_INTERVAL_NS):
                    self._tell_seen(line, now_ns, resumes=resumes, misses=misses, soundness=soundness)
                    seen_ns, resumes, misses = now_ns, False, True
                heard = line.heard
                for target, tick in ticks:
                    target.tell(tick)
                    heard[tick.instrument] = tick
                told += len(ticks)
                if told >= TOLD_UNCHECKED:
                    told = 0
                    await caught_up(BACKLOG_LIMIT)
        finally:
            now_ns = clock.now_ns()
            since_ns = soundness.part(now_ns)
            if seen_ns and self._is_open(line):  # nobody may take this minute for whole, however long nobody is back
                since_ns = since_ns or 0
            self._tell_doubt(line, now_ns, since_ns)

    async def _watch(self, watching: anyio.CancelScope, reading: anyio.CancelScope, line: Line) -> None:
        """Ends the reading when a new connection would help, or none is needed. A time limit per frame would be dear."""
        with watching:
            while not reading.cancel_called:
                await anyio.sleep(self._until_look_s(line.listening.patience_s(anyio.current_time())))
                self._hand_over(line)
                cause = await self._diagnose(line)
                if cause is Cause.CLOSED:
                    self._tell_listened(line)
                if cause in RECONNECT_CURES or not self._is_needed(line):
                    reading.cancel()

    def _tell_listened(self, line: Line) -> None:
        """After the close no trade tells that the line is still up. One that hears heartbeats has missed nothing.

        Without this the last minute of every day would be doubted, and healed, on the next morning.
        """
        looked_s, looked_ns = line.looked
        if line.connection is None or line.connection.heard_s < looked_s:
            return
        if looked_ns:
            self._resolver.tell(FeedSeen(self._feed.name, line.number, looked_ns))
        line.looked = anyio.current_time() + LISTENED_INTERVAL_S, self.system.clock.now_ns()

    async def _diagnose(self, line: Line) -> Cause:
        """Why the line says nothing, told when that is news; the provider is asked where the silence alone does not say."""
        listening = line.listening
        is_open = self._is_open(line)
        if is_open and listening.doubtful(anyio.current_time()):
            await self._ask(line)
            is_open = self._is_open(line)
        now_s = anyio.current_time()
        cause = listening.look(now_s, is_open=is_open)
        if line.told[0] == "connecting" and cause in (Cause.LIVE, Cause.QUIET):
            return cause  # nothing has come yet
        if cause is not line.told[1]:
            self._tell_status(line, cause, STATUSES[cause], self._why(line, cause, now_s))
        return cause

    def _is_open(self, line: Line) -> bool:
        now_ns = self.system.clock.now_ns()
        return any(self._calendars.of_exchange(code).is_open(now_ns) for code in line.exchanges)

    def _why(self, line: Line, cause: Cause, now_s: float) -> str:
        """With what the line's heartbeats tell: one that pings is there, and withholds the data."""
        why = line.listening.explain(cause, now_s)
        if cause is Cause.STALLED and line.connection is not None:
            why += f"; the last sign of life came {now_s - line.connection.heard_s:.0f} s ago"
        return why

    async def _ask(self, line: Line) -> None:
        """What the provider itself says of those that spoke last. A tick since the question outweighs any answer."""
        listening, sample = line.listening, line.sample()
        spoke_s, began_s = listening.meter.last_s, anyio.current_time()
        within_s = min(OPINION_S, max(SETTLE_S, listening.patience_s(began_s) - SETTLE_S))
        quotes = await second_opinion(self._history, list(sample), within_s=within_s) or {}
        answers = [
            bear_witness(quotes[route.instrument], tick, 0)
            for route, tick in sample.items()
            if route.instrument in quotes
        ]
        if Witness.TRADED in answers:
            await anyio.sleep(SETTLE_S)
        if listening.meter.last_s == spoke_s:
            listening.asked(anyio.current_time(), answers)

    def _until_look_s(self, patience_s: float) -> float:
        """A silence that gets too long is noticed at that moment; one that was found harmless is looked at as any other."""
        return max(LEAST_LOOK_S, patience_s) if 0.0 < patience_s < self._look_interval_s else self._look_interval_s

    def _pause_s(self, error: ProviderError, attempt: int) -> float:
        least_s = error.wait_s or DEFAULT_WAIT_S.get(error.advice, 0.0)
        return max(least_s, RECONNECT.delay(attempt, self._jitter()))

    def _hand_over(self, line: Line) -> None:
        heard = line.take_heard()
        if heard:
            self._sentinel.tell(LineHeard(self._feed.name, line.number, heard))

    def _tell_seen(self, line: Line, now_ns: int, *, resumes: bool, misses: bool, soundness: Soundness) -> None:
        doubtful_ns = soundness.look(now_ns)
        if resumes:
            self._tell_doubt(line, now_ns, 0 if misses else None)
            cause = Cause.LIVE if self._is_open(line) else Cause.CLOSED
            if cause is not line.told[1]:
                self._tell_status(line, cause, STATUSES[cause])
        self._tell_doubt(line, now_ns, doubtful_ns)
        self._heartbeat.tell(FeedCounts(self._feed.name, line.number, soundness.statistics))
        self._resolver.tell(FeedSeen(self._feed.name, line.number, now_ns))

    def _tell_doubt(self, line: Line, now_ns: int, since_ns: int | None) -> None:
        if since_ns is not None:
            self._resolver.tell(FeedResumed(self._feed.name, line.number, line.instruments, now_ns, since_ns))

    def _tell_status(self, line: Line, cause: Cause, status: str, why: str = "") -> None:
        line.told = status, cause, why
        log.info("feed_status", provider=self._feed.name, connection=line.number, status=status, cause=cause, why=why)
        message = self._status(line, status, cause, why)
        for watcher in (*self._watchers, self._sentinel):
            watcher.tell(message)

    def _status(self, line: Line, status: str, cause: Cause, why: str) -> FeedStatus:
        return FeedStatus(self._feed.name, line.number, status, self.system.clock.now_ns(), why, cause)
