"""The alerts: judges users' rules, keeps what they tell, and has it told and sent."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar, NoReturn

import anyio
import structlog

from actors.alert_past import AlertPast
from actors.alert_signs import FeedSigns
from actors.messages import (
    AlertsChanged,
    AlertsFired,
    Count,
    CredentialsWanted,
    DeliveriesDue,
    Follow,
)
from engine.market import Calendars, Tick
from engine.market.alert_book import AlertBook, Due
from engine.market.alert_rule import (
    MINUTE_NS,
    NS_PER_S,
    FeedCondition,
    GapCondition,
    TokenCondition,
    look_at_feed,
    look_at_gap,
    look_at_token,
)
from engine.runtime import ActorRef, KernelError, MailboxSpec, Overflow, TaskActor, handles
from engine.storage.durable import DurableStore
from engine.storage.durable.alerts import FiredAlert
from engine.storage.errors import StorageError, StorageUnavailableError, UnfitRowError
from engine.storage.hot import HotStore

log = structlog.get_logger("ticktree.alerts")

LOOK_S = 5.0
READ_S = 30.0
"""The rules; whoever writes one says so, unless the engine is away at that moment."""
PAUSE_S = 2.0
"""Between two tries while a store is away, or nobody can be told."""
TELL_S = 10.0
PORTION = 200
KEPT_NS = 90 * 86_400 * NS_PER_S
"""So long what was told can be read again."""
MOST_KEPT = 10_000
"""Of one user."""
TIDY_S = 3_600.0
FORGOTTEN_AT_ONCE = 100
"""Rules that were taken away, and as many webhooks."""


class Alerts(TaskActor):
    """Ticks are judged as they come; what comes of it is kept by a task beside, in its order, and told by another.

    So no tick waits for a store, and nothing that is to be kept waits for who is to be told.

    An alert is kept together with where its rule stands then, before anybody is told: who dies before leaves a rule that is
    judged again, who dies after an alert that is told again, under the same id.
    """

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=20_000, overflow=Overflow.DROP_OLDEST)

    def __init__(
        self,
        hot: HotStore,
        durable: DurableStore,
        calendars: Calendars,
        providers: Mapping[str, bool],
        *,
        broadcaster: ActorRef,
        publisher: ActorRef,
        credentials: ActorRef,
        webhooks: ActorRef,
    ) -> None:
        """``providers`` are those that are set up, and whether each needs a token."""
        super().__init__()
        self._hot = hot
        self._rules = durable.alert_rules
        self._fired = durable.fired_alerts
        self._deliveries = durable.deliveries
        self._broadcaster = broadcaster
        self._publisher = publisher
        self._credentials = credentials
        self._webhooks = webhooks
        self._book = AlertBook()
        self._past = AlertPast(hot, durable, calendars, self._book)
        self._signs = FeedSigns(providers)
        self._refused = 0
        self._work = anyio.Event()
        self._untold = anyio.Event()
        self._read_s = float("-inf")
        self._noted_s = float("-inf")
        self._tidied_s = float("-inf")
        self._told = 0

    async def on_start(self) -> None:
        self.spawn(self._keep)
        self.spawn(self._tell)
        self.spawn(self._look_on)

    @handles(Tick)
    def on_tick(self, tick: Tick) -> None:
        self._book.take(tick, self.system.clock.now_ns())
        if self._book.due or self._book.moved:
            self._work.set()

    @handles(AlertsChanged)
    def on_alerts_changed(self, _: AlertsChanged) -> None:
        self._read_s = float("-inf")
        self._untold.set()
        self._work.set()

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, int]:
        return {
            "alert_rules": len(self._book),
            "alerts_waiting": len(self._book.due),
            "alerts_dropped": self._book.dropped,
            "alerts_refused": self._refused,
            "alerts_told": self._told,
            "alerts_ticks_dropped": self._mailbox_drops(),
        }

    def _mailbox_drops(self) -> int:
        mailbox: Any = self.actor_inbox  # pykka knows no counters
        return mailbox.dropped

    async def _look_on(self) -> NoReturn:
        """Beside the mailbox: one look after the other, however long the stores take."""
        while True:
            await anyio.sleep(LOOK_S)
            self._follow()
            for look in (self._past.look, self._look):
                try:
                    await look(self.system.clock.now_ns())
                except (StorageError, KernelError) as error:
                    log.info("rules_not_looked_at", error=str(error))
            self._work.set()

    async def _look(self, now_ns: int) -> None:
        """At what no tick tells; nothing is asked that no rule is about. The rules may be others by when the answer comes."""
        book = self._book
        if book.of(GapCondition):
            healing = await self._hot.healing()
            for rule, condition in book.of(GapCondition):
                spans = healing.get(condition.instrument, ())
                missing = sum(end_ns - start_ns for start_ns, end_ns in spans) // MINUTE_NS
                book.look(rule, look_at_gap(condition, missing), now_ns)
        beat = await self._hot.heartbeat() or {} if book.of(FeedCondition) or book.of(TokenCondition) else {}
        for rule, condition in book.of(FeedCondition):
            book.look(rule, look_at_feed(condition, *self._signs.worst(beat, condition.provider, now_ns)), now_ns)
        if book.of(TokenCondition):
            in_force: Mapping[str, Any] = await self._credentials.ask(CredentialsWanted(), timeout_s=TELL_S)
            for rule, condition in book.of(TokenCondition):
                left_s = self._signs.token_left_s(in_force, beat, condition.provider, now_ns)
                if left_s is not None:
                    book.look(rule, look_at_token(condition, left_s), now_ns)

    def _follow(self) -> None:
        self._broadcaster.tell(Follow(self.actor_ref, self._book.instruments))

    async def _keep(self) -> NoReturn:
        """Beside the mailbox: no tick waits for a store."""
        while True:
            self._work = anyio.Event()
            try:
                await self._read()
                await self._keep_what_is_due()
                await self._note()
                await self._tidy()
            except (StorageError, KernelError) as error:
                log.warning("alerts_not_kept", waiting=len(self._book.due), error=str(error))
                await anyio.sleep(PAUSE_S)
                continue
            await self._work.wait()

    async def _read(self) -> None:
        if anyio.current_time() - self._read_s < READ_S:
            return
        self._read_s = anyio.current_time()
        try:
            now_ns = self.system.clock.now_ns()
            judged_ns = await self._past.judged_ns(now_ns)
            self._book.replace(await self._rules.live(), judged_ns, now_ns)
        except StorageError:
            self._read_s = float("-inf")
            raise
        self._follow()

    async def _keep_what_is_due(self) -> None:
        """Of a rule that the store refuses for now all that is due waits, in its order; others go on."""
        book, refused = self._book, dict[int, StorageError]()
        while (due := next((due for due in book.due if due.rule.id not in refused), None)) is not None:
            try:
                await self._rules.fire(due.rule, due.standing, _alert(due))
            except StorageUnavailableError:
                raise
            except UnfitRowError as error:  # the table takes this one never: it must not hold up all others
                self._refused += 1
                log.exception("alert_refused", rule=due.rule.id, error=str(error))
            except StorageError as error:  # it may take it once a lock is gone, or somebody has mended the table
                refused[due.rule.id] = error
                continue
            with suppress(ValueError):  # it may have made way for newer ones meanwhile
                book.due.remove(due)
            self._untold.set()
        await self._stand(refused.keys())
        if refused:
            raise next(iter(refused.values()))

    async def _stand(self, refused: Collection[int]) -> None:
        """Keeps where rules stand, but of those of which something else is to be kept before."""
        book = self._book
        moved = {key: standing for key, standing in book.to_keep().items() if key[0] not in refused}
        await self._rules.stand(moved)
        for key, standing in moved.items():
            if book.moved.get(key) == standing:
                del book.moved[key]

    async def _note(self) -> None:
        """Who comes after us judges from here on; unless something is not kept or not looked at yet."""
        book = self._book
        if book.due or book.moved or book.pasts or anyio.current_time() - self._noted_s < READ_S:
            return
        await self._past.note(self.system.clock.now_ns())
        self._noted_s = anyio.current_time()

    async def _tell(self) -> NoReturn:
        """Beside the keeping: what was kept and is not told, also by an engine before this one, and tests."""
        while True:
            self._untold = anyio.Event()
            try:
                while alerts := await self._fired.untold(PORTION):
                    await self._tell_of(alerts)
            except (StorageError, KernelError) as error:
                log.info("alerts_not_told", error=str(error))
                await anyio.sleep(PAUSE_S)
                continue
            await self._untold.wait()

    async def _tell_of(self, alerts: Sequence[FiredAlert]) -> None:
        self._webhooks.tell(DeliveriesDue())
        if not await self._publisher.ask(AlertsFired(tuple(alerts)), timeout_s=TELL_S):
            log.info("alerts_not_told_yet", waiting=len(alerts))
            await anyio.sleep(PAUSE_S)
            return
        await self._fired.told([alert.id for alert in alerts])
        self._told += len(alerts)

    async def _tidy(self) -> None:
        if anyio.current_time() - self._tidied_s >= TIDY_S:
            self._tidied_s = anyio.current_time()  # whatever comes of it: a failure is not repeated at every look
            await self._deliveries.give_up()
            before_ns = self.system.clock.now_ns() - KEPT_NS
            await self._fired.forget(before_ns, MOST_KEPT)
            await self._rules.forget(before_ns, FORGOTTEN_AT_ONCE)


def _alert(due: Due) -> FiredAlert:
    """Its id is made of what it is about: who keeps it twice keeps it once."""
    rule = due.rule
    return FiredAlert(
        id=f"{rule.id}-{due.at_ns}",
        owner=rule.owner,
        rule=rule.id,
        name=rule.name,
        kind=str(rule.condition.__struct_config__.tag),
        instrument=getattr(rule.condition, "instrument", ""),
        message=due.look.words,
        value=due.look.value,
        at_ns=due.at_ns,
    )
