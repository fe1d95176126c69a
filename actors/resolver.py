"""The resolver: knows which stretches of time are in doubt, and has each healed when it is due."""

from collections.abc import Callable
from typing import ClassVar

import msgspec
import structlog

from actors.healer import Healer, Settlement
from actors.messages import (
    Backfill,
    Carried,
    Count,
    Covered,
    CoverWanted,
    FeedResumed,
    FeedSeen,
    HealDue,
    Interrupted,
    NoteGaps,
    Scan,
    WritesLost,
)
from actors.open_gaps import OpenGaps
from actors.pace import Pace
from actors.routes import Routes
from actors.scanner import Doubt, Scanner
from actors.sources import FOR_GOOD
from engine.market import Calendars, Gap, GapBook, day_start_ns, retry_delay_s
from engine.providers.base import ProviderError
from engine.runtime import (
    ActorDeadError,
    ActorRef,
    AskTimeoutError,
    MailboxSpec,
    Overflow,
    TaskActor,
    Timer,
    handles,
)
from engine.storage.errors import StorageError
from engine.storage.hot import HotStore

log = structlog.get_logger("ticktree.resolver")

MINUTE_NS = 60_000_000_000
DAY_NS = 24 * 60 * MINUTE_NS
SETTLE_NS = 5_000_000_000
"""A minute that was still open is tried again this long after its end."""
MARGIN_NS = 2_000_000_000
"""What was under way when a connection was last heard may be lost too: gaps begin a little earlier."""
MOST_ATTEMPTS = 12
"""How often the providers are asked for minutes we saw trade and they do not have."""
UNWRITTEN_NS = 3 * MINUTE_NS
"""A candle reaches the hot store at most this long after its first trade, while the store is there."""
FIRST_SCAN_S = 120.0
SCAN_INTERVAL_S = 3600.0
SCANNED_DAYS = 366
AT_ONCE = 8
"""Heals under way: enough to keep a provider's rate limit busy while others wait for the stores."""


class Resolver(TaskActor):
    """Collects gaps, has those of today healed before those of earlier days, and notes in Redis which are open."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=200_000, overflow=Overflow.DROP_OLDEST)

    def __init__(
        self,
        hot: HotStore,
        healer: Healer,
        scanner: Scanner,
        routes: Routes,
        calendars: Calendars,
        *,
        manager: ActorRef,
        retention_ns: int,
        jitter: Callable[[], float],
        note_interval_s: float = Pace().note_s,
    ) -> None:
        super().__init__()
        self._hot = hot
        self._healer = healer
        self._scanner = scanner
        self._routes = routes
        self._calendars = calendars
        self._manager = manager
        self._retention_ns = retention_ns
        self._jitter = jitter
        self._note_interval_s = note_interval_s
        self._known_until: dict[str, int | None] = {}
        """What an engine or resolver before this one has stored."""
        self._stored_until: dict[str, int | None] = {}
        """What is stored now."""
        self._seen: dict[tuple[str, int], int] = {}
        self._gaps = GapBook()
        self._open = OpenGaps(hot)
        self._timer: Timer | None = None
        self._timer_ns = 0
        self._recovering = False
        self._scanning = False
        self._failed_scans = 0
        """In a row."""
        self._unnoted = False
        """Whether the store refuses to note what is open: said once, not twice a second."""
        self._answered = False
        """Whether the last heal got an answer: while nobody answers, one asks for all."""
        self.healed = 0
        self.unresolvable = 0

    async def on_start(self) -> None:
        """What was known before a crash, of this actor or of the whole engine, lives in the hot store."""
        for provider in self._routes.providers:
            self._known_until[provider] = self._stored_until[provider] = await self._hot.get_seen(provider)
        await self._open.inherit()
        if self._manager.is_alive():
            self._recovering = True
            self._manager.tell(CoverWanted())
        self.send_after(FIRST_SCAN_S, Scan())
        self.send_every(SCAN_INTERVAL_S, Scan())
        self.send_every(self._note_interval_s, NoteGaps())

    @handles(Covered)
    def on_covered(self, covered: Covered) -> None:
        """What was open when an engine or resolver before this one died is open still."""
        self._routes.cover(covered.provider, covered.routes)
        for route in covered.routes:
            for span in self._open.take_over(route.instrument):
                self._add_gap(route.instrument, *span, lost=False)
        if self._recovering:  # of what came since the last note nobody knows
            self._doubt_all(covered.provider)
        self._arm()

    @handles(FeedSeen)
    async def on_feed_seen(self, seen: FeedSeen) -> None:
        self._seen[seen.provider, seen.connection] = seen.at_ns
        await self._note(seen)

    @handles(NoteGaps)
    async def on_note_gaps(self, _: NoteGaps) -> None:
        await self._note()

    async def _note(self, seen: FeedSeen | None = None) -> None:
        """The open gaps first, then until when a feed was heard: what was seen after them says nothing about them.

        What a store does not take is noted with the next call; until then its older marks make a next life doubt more,
        never less. Also a store that refuses must not end this actor: that life would doubt everybody's day.
        """
        try:
            await self._open.note(self._gaps.spans())
            if seen is not None:
                await self._hot.set_seen(seen.provider, seen.at_ns)
                self._stored_until[seen.provider] = seen.at_ns
        except StorageError as error:
            if not self._unnoted:
                log.warning("gaps_not_noted", error=str(error))
            self._unnoted = True
        else:
            self._unnoted = False

    @handles(FeedResumed)
    def on_feed_resumed(self, resumed: FeedResumed) -> None:
        seen_ns = self._seen.get((resumed.provider, resumed.connection)) or self._known_until.get(resumed.provider)
        since_ns = resumed.since_ns or seen_ns
        log.info("feed_gap", provider=resumed.provider, connection=resumed.connection, since_ns=since_ns)
        for instrument in resumed.instruments:
            if self._routes.carries(resumed.provider, instrument):  # another may stand in: then nothing is missing
                self._add_gap(instrument, (since_ns or 0) - MARGIN_NS, resumed.at_ns)
        self._arm()

    @handles(Carried)
    def on_carried(self, carried: Carried) -> None:
        self._routes.carry(carried.carriers, carried.leaving)

    @handles(Interrupted)
    def on_interrupted(self, interruption: Interrupted) -> None:
        known = interruption.known
        self._add_gap(interruption.instrument, interruption.start_ns, interruption.end_ns, known=known)
        self._arm()

    @handles(WritesLost)
    def on_writes_lost(self, _: WritesLost) -> None:
        for provider in self._stored_until:
            self._doubt_all(provider)

    @handles(HealDue)
    async def on_heal_due(self, _: HealDue) -> None:
        """Beside the mailbox: a provider that is slow to answer must not delay news of others.

        Where no gap was noted this one is, first: a quick heal that dies would be over before anybody knew of it.
        """
        self._timer = None
        if not self._open.any_noted:
            await self._note()
        self._heal_more()

    @handles(Scan)
    def on_scan(self, _: Scan) -> None:
        """Beside the mailbox, too: a year of all instruments takes its time."""
        self._open.disown()
        if not self._scanning:
            self._scanning = True
            self.spawn(self._scan)

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, int]:
        return {"gaps_open": len(self._gaps), "candles_healed": self.healed, "gaps_unresolvable": self.unresolvable}

    @handles(Backfill)
    def on_backfill(self, backfill: Backfill) -> int:
        """A wish to read a stretch of history again; answers how many gaps are open now."""
        for instrument in backfill.instruments or tuple(self._routes.instruments):
            self._add_gap(instrument, backfill.start_ns, backfill.end_ns, lost=False)
        self._arm()
        return len(self._gaps)

    def _doubt_all(self, provider: str) -> None:
        """The whole day of all its instruments, and what the hot store missed before: one call each, as for a minute."""
        now_ns = self.system.clock.now_ns()
        known_ns = (self._stored_until[provider] or 0) - UNWRITTEN_NS
        for route in self._routes.carried_by(provider):
            day_ns = day_start_ns(self._calendars.of(route.instrument), now_ns)
            self._add_gap(route.instrument, min(day_ns, known_ns), now_ns)
        self._arm()

    def _add_gap(self, instrument: str, start_ns: int, end_ns: int, *, lost: bool = True, known: bool = False) -> None:
        """Without a known beginning it is the trading day's; what nobody said was lost is not looked for without end.

        The instrument hears of what was lost, unless that is ``known`` to it, and not of what is only to be looked up.
        """
        if instrument not in self._routes:
            return
        calendar, now_ns = self._calendars.of(instrument), self.system.clock.now_ns()
        day_ns = day_start_ns(calendar, end_ns)
        oldest_ns = end_ns - self._retention_ns if lost else end_ns - SCANNED_DAYS * DAY_NS
        start_ns = max(start_ns, oldest_ns) if start_ns > 0 else day_ns
        session = calendar.session_at(start_ns) or calendar.next_session(start_ns)
        if session is None or session.start_ns > end_ns:
            return  # the exchange was closed all the time
        today_ns = day_start_ns(calendar, now_ns)
        if end_ns >= today_ns:
            self._gaps.add(Gap(instrument, max(start_ns, today_ns), end_ns, due_ns=now_ns))
        if start_ns < today_ns:
            self._gaps.add(Gap(instrument, start_ns, min(end_ns, today_ns - 1), due_ns=now_ns, patient=True))
        if lost and not known:
            self._routes.carrier(instrument)[1].target.tell(Interrupted(instrument, start_ns, end_ns))

    def _look_up(self, doubt: Doubt) -> None:
        """What waits already does not begin anew: nobody is to be asked for it for ever."""
        if not self._gaps.covers(doubt.instrument, doubt.first_ns, doubt.last_ns):
            self._add_gap(doubt.instrument, doubt.first_ns, doubt.last_ns, lost=False)

    def _arm(self) -> None:
        """A gap that is due earlier than the one waited for must not wait for that one."""
        due_ns = self._gaps.next_due_ns()
        if due_ns is None or self._gaps.taken >= self._most():
            return
        due_ns = max(due_ns, self._healer.held_until_ns)
        if self._timer is not None:
            if self._timer_ns <= due_ns:
                return
            self._timer.cancel()
        self._timer_ns = due_ns
        self._timer = self.send_after(self.system.clock.seconds_until(due_ns), HealDue())

    def _most(self) -> int:
        return AT_ONCE if self._answered else 1

    def _heal_more(self) -> None:
        now_ns = self.system.clock.now_ns()
        while self._gaps.taken < self._most() and not self._healer.held_until_ns:
            gap = self._gaps.take_due(now_ns)
            if gap is None:
                break
            self.spawn(self._try_to_heal, gap)
        self._arm()

    async def _try_to_heal(self, gap: Gap) -> None:
        try:
            settlement = await self._healer.settle(gap)
            self._answered = True
            self.healed += settlement.revised
            await self._keep_rest(gap, settlement)
        except ProviderError as error:
            self._answered = False
            await self._put_off(gap, error)
        except (StorageError, ActorDeadError, AskTimeoutError) as error:
            # Also a store that refuses: it would end this actor, and its next life doubts everybody's day.
            self._postpone_unasked(gap, str(error))
        self._gaps.close(gap)
        self._heal_more()

    async def _put_off(self, gap: Gap, error: ProviderError) -> None:
        """Whoever will never answer is not asked for ever; one that is away is tried until it is back."""
        if error.advice in FOR_GOOD:
            await self._give_up(gap, str(error))
        else:
            self._postpone_unasked(gap, str(error))

    async def _keep_rest(self, gap: Gap, settlement: Settlement) -> None:
        """Minutes that were still open wait for their end; those nobody has yet wait with patience, and not for ever."""
        if settlement.again:
            self._gaps.add(gap)
        if settlement.open_ns:
            due_ns = gap.end_ns // MINUTE_NS * MINUTE_NS + MINUTE_NS + SETTLE_NS
            self._gaps.add(Gap(gap.instrument, settlement.open_ns, gap.end_ns, due_ns))
        if settlement.rest:
            rest = gap.over(settlement.rest)
            if gap.attempts < MOST_ATTEMPTS:
                self._postpone(rest, settlement.why)
            else:
                await self._give_up(rest, settlement.why)

    async def _give_up(self, gap: Gap, why: str) -> None:
        self.unresolvable += 1
        log.error("gap_unresolvable", instrument=gap.instrument, start_ns=gap.start_ns, end_ns=gap.end_ns, why=why)
        try:
            await self._healer.give_up(gap, why)
        except StorageError as error:  # the scan finds it again
            log.warning("gap_not_recorded", instrument=gap.instrument, error=str(error))

    def _postpone_unasked(self, gap: Gap, why: str) -> None:
        """Nobody has answered: minutes are not given up for that, however long it goes on."""
        self._postpone(msgspec.structs.replace(gap, attempts=min(gap.attempts, MOST_ATTEMPTS // 2)), why)

    def _postpone(self, gap: Gap, why: str) -> None:
        attempts = gap.attempts + 1
        delay_s = retry_delay_s(attempts, jitter=self._jitter)
        log.info("heal_postponed", instrument=gap.instrument, attempts=attempts, delay_s=round(delay_s, 1), why=why)
        due_ns = self.system.clock.now_ns() + int(delay_s * 1e9)
        self._gaps.add(msgspec.structs.replace(gap, due_ns=due_ns, attempts=attempts))

    async def _scan(self) -> None:
        end_ns = self.system.clock.now_ns()
        start_ns = end_ns - SCANNED_DAYS * DAY_NS
        try:
            async for doubts in self._scanner.doubts(self._routes.instruments, start_ns, end_ns):
                for doubt in doubts:
                    self._look_up(doubt)
                self._arm()
            self._failed_scans = 0
        except StorageError as error:
            self._scan_again(error)
        self._scanning = False

    def _scan_again(self, error: StorageError) -> None:
        """What it has found is kept; what it has not come to would wait for the next hour, and with it what was lost."""
        self._failed_scans += 1
        delay_s = retry_delay_s(self._failed_scans, jitter=self._jitter)
        log.warning("scan_postponed", delay_s=round(delay_s, 1), error=str(error))
        self.send_after(delay_s, Scan())
