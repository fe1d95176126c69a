"""One provider's live feed: which lines it has, what each carries, and how they come to a new credential."""

from collections.abc import Callable
from typing import ClassVar

import anyio
import structlog

from actors.line import Line
from actors.line_hours import LineHours
from actors.line_keeper import LineKeeper
from actors.line_parts import LineParts
from actors.line_pause import RECONNECT
from actors.line_voice import LineVoice, Listeners
from actors.messages import CredentialRefused, CredentialReplaced, FeedStarted, LinesWanted, Resubscribe, Wanted
from actors.pace import Pace
from actors.token_alarm import TokenAlarm
from engine.market import Calendars
from engine.providers.base import Advice, History, LiveFeed, ProviderError, Route
from engine.providers.placing import place
from engine.runtime import ActorRef, MailboxSpec, Overflow, TaskActor, handles

log = structlog.get_logger("ticktree.feed")

TRIES = 3
"""How often a second connection is tried; the first one goes on meanwhile."""
WORTH_ANOTHER_TRY = (Advice.RETRY, Advice.WAIT)


class FeedActor(TaskActor):
    """Owns the lines of one provider; each is kept up by tasks of its own, whatever happens to the others."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=100, overflow=Overflow.FAIL)

    def __init__(
        self,
        feed: LiveFeed,
        history: History,
        calendars: Calendars,
        *,
        manager: ActorRef,
        listeners: Listeners,
        jitter: Callable[[], float],
        credentials: ActorRef | None = None,
        recorder: ActorRef | None = None,
        look_interval_s: float = Pace().look_s,
    ) -> None:
        """``history`` is the same provider's: it is asked for its own word when the feed is silent.

        ``credentials`` hears of one that does not serve, ``recorder`` hears of every frame, where this engine records.
        """
        super().__init__()
        self._feed = feed
        self._history = history
        self._calendars = calendars
        self._manager = manager
        self._listeners = listeners
        self._jitter = jitter
        self._credentials = credentials
        self._recorder = recorder
        self._look_interval_s = look_interval_s
        self._wanted: tuple[Route, ...] = ()
        self._keepers: dict[int, LineKeeper] = {}
        self._renewing = anyio.Lock()
        self._replacements = 0

    async def on_start(self) -> None:
        voice = LineVoice(self._feed.name, self._listeners, self.system.clock)
        self._voice = voice
        self._parts = LineParts(
            self._feed,
            self._history,
            voice,
            LineHours(self._calendars, self.system.clock),
            TokenAlarm(voice),
            self.system,
            self.spawn,
            self._jitter,
            voice.notified,
            self._recorder,
            self._look_interval_s,
        )
        self._manager.tell(FeedStarted(self._feed.name))

    @handles(Wanted)
    def on_wanted(self, wanted: Wanted) -> None:
        """What is carried already stays where it is, undisturbed; only who joins or leaves is subscribed or taken back."""
        if wanted.routes == self._wanted:
            return
        self._wanted = wanted.routes
        carried = {number: keeper.line.routes for number, keeper in self._keepers.items()}
        placement = place(self._feed, carried, wanted.routes)
        for number, routes in placement.lines.items():
            if not routes:
                self._keepers.pop(number).end()
        for number, routes in placement.lines.items():
            if number in self._keepers:
                if routes != carried[number]:
                    self._keepers[number].change(routes)
            elif routes:
                self._keepers[number] = LineKeeper(Line(number, routes), self._parts)
                self._keepers[number].begin()
        if placement.left_out:
            self._tell_left_out(placement.left_out, placement.why)

    @handles(LinesWanted)
    def on_lines_wanted(self, _: LinesWanted) -> None:
        for keeper in self._keepers.values():
            self._voice.introduce(keeper.line)

    @handles(Resubscribe)
    def on_resubscribe(self, wish: Resubscribe) -> None:
        keeper = self._keepers.get(wish.connection)
        if keeper is not None:
            keeper.resubscribe(wish.instruments)

    @handles(CredentialReplaced)
    def on_credential_replaced(self, _: CredentialReplaced) -> None:
        """A line that is up stays up: a second connection is opened before the first one is closed."""
        self._replacements += 1
        self._parts.alarm.accepted()
        self.spawn(self._renew_all, self._replacements)

    async def _renew_all(self, replacement: int) -> None:
        """One line after the other: providers allow few connections, and there is seldom room for more than one."""
        async with self._renewing:
            for keeper in list(self._keepers.values()):
                if replacement < self._replacements:
                    return  # a newer one than this is waiting
                failure = await self._renew(keeper)
                if failure is not None:
                    self._tell_refused(failure)
                    return

    async def _renew(self, keeper: LineKeeper) -> ProviderError | None:
        failure = None
        for attempt in range(TRIES):
            failure = await keeper.renew(has_room=self._has_room())
            if failure is None or failure.advice not in WORTH_ANOTHER_TRY:
                break
            await anyio.sleep(max(failure.wait_s or 0.0, RECONNECT.delay(attempt, self._jitter())))
        return failure

    def _tell_refused(self, failure: ProviderError) -> None:
        name = self._feed.name
        self._voice.alert(f"{name}: the new credential does not serve, the old one goes on: {failure}")
        if failure.advice is Advice.NEW_TOKEN and self._credentials is not None:
            self._credentials.tell(CredentialRefused(name))

    def _has_room(self) -> bool:
        connected = sum(keeper.line.connection is not None for keeper in self._keepers.values())
        return connected < self._feed.limits.connections

    def _tell_left_out(self, routes: tuple[Route, ...], why: str) -> None:
        for route in routes:
            log.warning("route_unplannable", provider=self._feed.name, instrument=route.instrument, key=route.key)
        self._voice.alert(f"{self._feed.name} does not carry {len(routes)} instruments: {why}")
