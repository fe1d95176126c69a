"""The healer: knows which stretches of time are in doubt and settles them from the provider's history."""

from collections.abc import Callable, Mapping
from typing import ClassVar

import structlog

from actors.messages import (
    Backfill,
    Count,
    Covered,
    CoverWanted,
    FeedResumed,
    FeedSeen,
    Heal,
    HealDue,
    Interrupted,
    Scan,
    SettleUp,
    WriteCandles,
    WritesLost,
)
from actors.records import Records
from engine.market import Calendars, Gap, GapBook, Healing, day_start_ns, heal, retry_delay_s
from engine.providers.base import Advice, History, ProviderError, Route
from engine.runtime import ActorDeadError, ActorRef, AskTimeoutError, MailboxSpec, Overflow, TaskActor, Timer, handles
from engine.storage.errors import StorageUnavailableError
from engine.storage.hot import HotStore

log = structlog.get_logger("ticktree.resolver")

MINUTE_NS = 60_000_000_000
SETTLE_NS = 5_000_000_000
"""A minute is asked for this long after its end: closed here, and known to the provider's history."""
MARGIN_NS = 2_000_000_000
"""What was under way when a connection was last heard may be lost too: gaps begin a little earlier."""
ASK_TIMEOUT_S = 10.0
MOST_ATTEMPTS = 12
"""How often a provider is asked for minutes we saw trade and it does not have."""
HOPELESS = (Advice.FIX_REQUEST, Advice.GIVE_UP)
PATIENT = {Advice.WAIT: 60.0, Advice.NEW_TOKEN: 60.0}
"""Seconds to leave a provider alone that refuses everything, where it does not say itself."""
UNWRITTEN_NS = 3 * MINUTE_NS
"""A candle reaches the hot store at most this long after its first trade, while the store is there."""
SCAN_INTERVAL_S = 3600.0
DAY_NS = 24 * 60 * MINUTE_NS


class Resolver(TaskActor):
    """Collects gaps, one an instrument, and heals them one after the other, oldest due first."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=200_000, overflow=Overflow.DROP_OLDEST)

    def __init__(
        self,
        hot: HotStore,
        records: Records,
        histories: Mapping[str, History],
        calendars: Calendars,
        *,
        writer: ActorRef,
        manager: ActorRef,
        settle_after_ns: int,
        retention_ns: int,
        jitter: Callable[[], float],
    ) -> None:
        super().__init__()
        self._hot = hot
        self._records = records
        self._histories = histories
        self._calendars = calendars
        self._writer = writer
        self._manager = manager
        self._settle_after_ns = settle_after_ns
        self._retention_ns = retention_ns
        self._jitter = jitter
        self._routes: dict[str, tuple[str, Route]] = {}
        self._known_until: dict[str, int | None] = {}
        """What an engine or resolver before this one has stored."""
        self._stored_until: dict[str, int | None] = {}
        """What is stored now."""
        self._seen: dict[tuple[str, int], int] = {}
        self._gaps = GapBook()
        self._healing: Gap | None = None
        self._timer: Timer | None = None
        self._timer_ns = 0
        self._held_until_ns = 0
        self._recovering = False
        self._scanned_ns = 0
        self.healed = 0
        self.unresolvable = 0

    async def on_start(self) -> None:
        """What was known before a crash, of this actor or of the whole engine, lives in the hot store."""
        for provider in self._histories:
            self._known_until[provider] = self._stored_until[provider] = await self._hot.get_seen(provider)
        if self._manager.is_alive():
            self._recovering = True
            self._manager.tell(CoverWanted())
        self._scanned_ns = self.system.clock.now_ns()
        self.send_every(SCAN_INTERVAL_S, Scan())

    @handles(Covered)
    def on_covered(self, covered: Covered) -> None:
        for route in covered.routes:
            self._routes[route.instrument] = (covered.provider, route)
        if self._recovering:  # the gaps that were open died with the resolver before this one
            self._doubt_all(covered.provider)

    @handles(FeedSeen)
    async def on_feed_seen(self, seen: FeedSeen) -> None:
        self._seen[seen.provider, seen.connection] = seen.at_ns
        doubtful_ns = self._gaps.earliest_start_ns()
        known_ns = seen.at_ns if doubtful_ns is None else min(seen.at_ns, doubtful_ns)
        if self._healing is not None:
            known_ns = min(known_ns, self._healing.start_ns)
        try:
            await self._hot.set_seen(seen.provider, known_ns)
            self._stored_until[seen.provider] = known_ns
        except StorageUnavailableError as error:
            log.debug("seen_not_stored", error=str(error))

    @handles(FeedResumed)
    def on_feed_resumed(self, resumed: FeedResumed) -> None:
        seen_ns = self._seen.get((resumed.provider, resumed.connection)) or self._known_until.get(resumed.provider)
        since_ns = resumed.since_ns or seen_ns
        log.info("feed_gap", provider=resumed.provider, connection=resumed.connection, since_ns=since_ns)
        for instrument in resumed.instruments:
            self._add_gap(instrument, (since_ns or 0) - MARGIN_NS, resumed.at_ns)
        self._arm()

    @handles(Interrupted)
    def on_interrupted(self, interruption: Interrupted) -> None:
        self._add_gap(interruption.instrument, interruption.start_ns, interruption.end_ns)
        self._arm()

    @handles(WritesLost)
    def on_writes_lost(self, _: WritesLost) -> None:
        for provider in self._stored_until:
            self._doubt_all(provider)

    @handles(HealDue)
    def on_heal_due(self, _: HealDue) -> None:
        """One gap at a time, beside the mailbox: a provider that is slow to answer must not delay news of others."""
        self._timer = None
        if self._healing is not None:
            return  # two reminders were under way; its end looks for the next
        self._healing = self._gaps.take_due(self.system.clock.now_ns())
        if self._healing is not None:
            self.spawn(self._try_to_heal, self._healing)
        else:
            self._arm()

    @handles(Scan)
    async def on_scan(self, _: Scan) -> None:
        """Expected minutes that are not there, and flagged ones: what no interruption told us of."""
        end_ns = self.system.clock.now_ns() - self._settle_after_ns
        try:
            doubts = await self._records.doubtful(list(self._routes), self._scanned_ns, end_ns)
            doubts += await self._records.flagged(end_ns - self._retention_ns + DAY_NS, end_ns)
        except StorageUnavailableError as error:
            log.warning("scan_postponed", error=str(error))
            return
        for doubt in doubts:
            self._add_gap(doubt.instrument, doubt.first_ns, doubt.last_ns, lost=False)
        self._scanned_ns = end_ns
        self._arm()

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, int]:
        return {"gaps_open": len(self._gaps), "candles_healed": self.healed, "gaps_unresolvable": self.unresolvable}

    @handles(Backfill)
    def on_backfill(self, backfill: Backfill) -> int:
        """An operator's wish to read a stretch of history again; answers how many gaps are open now."""
        for instrument in backfill.instruments or tuple(self._routes):
            self._add_gap(instrument, backfill.start_ns, backfill.end_ns, lost=False)
        self._arm()
        return len(self._gaps)

    def _doubt_all(self, provider: str) -> None:
        """The whole day of all its instruments, and what the hot store missed before: one call each, as for a minute."""
        now_ns = self.system.clock.now_ns()
        known_ns = (self._stored_until[provider] or 0) - UNWRITTEN_NS
        for instrument, (covered_by, _) in self._routes.items():
            if covered_by == provider:
                day_ns = day_start_ns(self._calendars.of(instrument), now_ns)
                self._add_gap(instrument, min(day_ns, known_ns), now_ns)
        self._arm()

    def _add_gap(self, instrument: str, start_ns: int, end_ns: int, *, lost: bool = True) -> None:
        """Without a known beginning it is the trading day's; what the hot store no longer keeps is not healed here.

        The instrument hears of what was lost, and not of what is only to be looked up.
        """
        if instrument not in self._routes:
            return
        calendar = self._calendars.of(instrument)
        day_ns = day_start_ns(calendar, end_ns)
        start_ns = max(start_ns, end_ns - self._retention_ns) if start_ns > 0 else day_ns
        session = calendar.session_at(start_ns) or calendar.next_session(start_ns)
        if session is None or session.start_ns > end_ns:
            return  # the exchange was closed all the time
        self._gaps.add(Gap(instrument, start_ns, end_ns, due_ns=self.system.clock.now_ns()))
        if lost:
            self._routes[instrument][1].target.tell(Interrupted(instrument, start_ns, end_ns))

    def _arm(self) -> None:
        """A gap that is due earlier than the one waited for must not wait for that one."""
        due_ns = self._gaps.next_due_ns()
        if due_ns is None or self._healing is not None:
            return
        due_ns = max(due_ns, self._held_until_ns)
        if self._timer is not None:
            if self._timer_ns <= due_ns:
                return
            self._timer.cancel()
        self._timer_ns = due_ns
        self._timer = self.send_after(self.system.clock.seconds_until(due_ns), HealDue())

    async def _try_to_heal(self, gap: Gap) -> None:
        try:
            await self._heal(gap)
        except ProviderError as error:
            await self._put_off(gap, error)
        except (StorageUnavailableError, ActorDeadError, AskTimeoutError) as error:
            self._postpone(gap, str(error))
        self._healing = None
        self._arm()

    async def _put_off(self, gap: Gap, error: ProviderError) -> None:
        """A provider that refuses all is left alone with all; one that is away is tried until it is back."""
        if error.advice in HOPELESS:
            await self._give_up(gap, str(error))
            return
        if error.advice in PATIENT:
            wait_s = error.wait_s or PATIENT[error.advice]
            self._held_until_ns = self.system.clock.now_ns() + int(wait_s * 1e9)
        self._postpone(gap, str(error))

    async def _heal(self, gap: Gap) -> None:
        """Reads the trading days the gap touches, tells the instrument, and keeps what is too young to be settled."""
        provider, route = self._routes[gap.instrument]
        through_ns = (self.system.clock.now_ns() - SETTLE_NS) // MINUTE_NS * MINUTE_NS
        calendar = self._calendars.of(gap.instrument)
        day_ns = day_start_ns(calendar, gap.start_ns)
        doubtful_ns = max(day_ns, gap.start_ns // MINUTE_NS * MINUTE_NS)
        if doubtful_ns >= through_ns:
            self._keep_unsettled(gap, through_ns)
            return
        history = await self._histories[provider].minutes(route, doubtful_ns, through_ns)
        settle_up = SettleUp(self.system.clock.now_ns())
        await route.target.ask(settle_up, timeout_s=ASK_TIMEOUT_S)  # comes behind all that was told it before
        await self._write_candles()
        present = await self._records.closed(gap.instrument, day_ns, through_ns)
        healing = heal(
            calendar, present=present, history=history, start_ns=gap.start_ns, end_ns=gap.end_ns, through_ns=through_ns
        )
        if await self._tell(route.target, healing, day_start_ns(calendar, through_ns), through_ns):
            await self._write_candles()
            self.healed += len(healing.revisions)
            self._keep_unsettled(gap, through_ns)
            await self._keep_unanswered(gap, healing)
        else:
            self._gaps.add(gap)

    async def _write_candles(self) -> None:
        """What is still on its way must not be taken for missing, nor a heal for done that may die on its way."""
        if not await self._writer.ask(WriteCandles(), timeout_s=ASK_TIMEOUT_S):
            raise StorageUnavailableError("The candles wait to be written.")

    async def _tell(self, target: ActorRef, healing: Healing, today_ns: int, through_ns: int) -> bool:
        minutes = tuple(candle for candle in healing.minutes if candle.time >= today_ns)
        return await target.ask(Heal(healing.revisions, minutes, through_ns), timeout_s=ASK_TIMEOUT_S)

    def _keep_unsettled(self, gap: Gap, through_ns: int) -> None:
        """Minutes that were still open wait for their end."""
        if gap.end_ns >= through_ns:
            start_ns = max(gap.start_ns, through_ns)
            due_ns = gap.end_ns // MINUTE_NS * MINUTE_NS + MINUTE_NS + SETTLE_NS
            self._gaps.add(Gap(gap.instrument, start_ns, gap.end_ns, due_ns))

    async def _keep_unanswered(self, gap: Gap, healing: Healing) -> None:
        """Minutes the provider does not have yet wait with patience, and not for ever."""
        if not healing.unanswered:
            return
        why = "the provider's history does not have these minutes"
        rest = Gap(gap.instrument, healing.unanswered[0], healing.unanswered[-1], gap.due_ns, gap.attempts)
        if gap.attempts < MOST_ATTEMPTS:
            self._postpone(rest, why)
        else:
            await self._give_up(rest, why)

    async def _give_up(self, gap: Gap, why: str) -> None:
        self.unresolvable += 1
        log.error("gap_unresolvable", instrument=gap.instrument, start_ns=gap.start_ns, end_ns=gap.end_ns, why=why)
        await self._records.give_up(gap, why)

    def _postpone(self, gap: Gap, why: str) -> None:
        attempts = gap.attempts + 1
        delay_s = retry_delay_s(attempts, jitter=self._jitter)
        log.info("heal_postponed", instrument=gap.instrument, attempts=attempts, delay_s=round(delay_s, 1), why=why)
        due_ns = self.system.clock.now_ns() + int(delay_s * 1e9)
        self._gaps.add(Gap(gap.instrument, gap.start_ns, gap.end_ns, due_ns, attempts))
