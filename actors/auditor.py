"""The auditor: says once an hour how complete the last week is, and once a day whose calendar runs out."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import ClassVar

import structlog

from actors.messages import Audit, Count
from engine.market import Calendars
from engine.runtime import MailboxSpec, Overflow, TaskActor, handles
from engine.storage.durable import DurableStore
from engine.storage.errors import StorageUnavailableError
from engine.storage.tally import Share, Tally

log = structlog.get_logger("ticktree.auditor")

AUDIT_INTERVAL_S = 3600.0
FIRST_AUDIT_S = 120.0
"""After a start others have to catch up first."""
WEEK_NS = 7 * 86_400_000_000_000
ALL = "all"
"""In the place of an exchange or a timeframe: whatever it is."""
PREFIX = "completeness"
CALENDAR_PREFIX = "calendar_days_left"


class Auditor(TaskActor):
    """Counts beside its mailbox, and answers with the figures counted last: nobody's scrape counts anything."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=100, overflow=Overflow.DROP_OLDEST)

    def __init__(
        self,
        durable: DurableStore,
        tally: Tally,
        calendars: Calendars,
        providers: Sequence[str],
        *,
        saved_after_ns: int,
    ) -> None:
        super().__init__()
        self._durable = durable
        self._tally = tally
        self._calendars = calendars
        self._providers = providers
        self._saved_after_ns = saved_after_ns
        self._auditing = False
        self._carried: list[str] = []
        self._warned_on = date.min
        self.percentages: dict[str, float] = {}
        """By ``completeness:EXCHANGE:TIMEFRAME``."""

    async def on_start(self) -> None:
        self._warned_on = self._today()  # the engine's start has said it
        self.send_after(FIRST_AUDIT_S, Audit())
        self.send_every(AUDIT_INTERVAL_S, Audit())

    @handles(Audit)
    def on_audit(self, _: Audit) -> None:
        self._warn_daily()
        if not self._auditing:
            self._auditing = True
            self.spawn(self._audit)

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, float]:
        left = self._calendars.days_left(self._carried, self._today())
        return self.percentages | {f"{CALENDAR_PREFIX}:{code}": days for code, days in left.items()}

    def _warn_daily(self) -> None:
        """What was only said at the start months ago, nobody remembers when the calendar ends."""
        today = self._today()
        if today > self._warned_on:
            self._warned_on = today
            for sentence in self._calendars.warnings(self._carried, today):
                log.warning("calendar_runs_out", why=sentence)

    def _today(self) -> date:
        return datetime.fromtimestamp(self.system.clock.now_ns() / 1e9, UTC).date()

    async def _audit(self) -> None:
        """A store that is away leaves the figures as they were, until the next hour."""
        saved_ns = self.system.clock.now_ns() - self._saved_after_ns
        try:
            carried = {route.instrument for name in self._providers for route in await self._durable.routes(name)}
            self._carried = sorted(carried)
            shares = await self._tally.shares(self._carried, saved_ns - WEEK_NS, saved_ns)
        except StorageUnavailableError as error:
            log.info("audit_postponed", error=str(error))
        else:
            self.percentages = percentages(shares)
            log.info("audited", **{name.removeprefix(f"{PREFIX}:"): value for name, value in self.percentages.items()})
        finally:
            self._auditing = False


def percentages(shares: dict[tuple[str, str], Share]) -> dict[str, float]:
    """Each share's percentage, and those of all exchanges, of all timeframes, and of everything."""
    expected, settled = Counter[str](), Counter[str]()
    for (exchange, timeframe), share in shares.items():
        for name in (f"{exchange}:{timeframe}", f"{ALL}:{timeframe}", f"{exchange}:{ALL}", f"{ALL}:{ALL}"):
            expected[name] += share.expected
            settled[name] += share.settled
    found = {name: Share(expected[name], settled[name]).percentage for name in expected}
    return {f"{PREFIX}:{name}": round(value, 4) for name, value in found.items()}
