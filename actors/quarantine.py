"""The quarantine's keeper: writes down what was not believed, asks the second source, and obeys the operator."""

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import Any, ClassVar

import anyio
import msgspec
import structlog

from actors.messages import (
    Alert,
    Appealed,
    Count,
    Decide,
    Doubted,
    Flush,
    HeldLost,
    SecondOpinion,
    TickRefused,
)
from actors.overruling import OverruleError, Overruling
from actors.routes import Routes
from actors.second_source import SecondSource
from engine.market.quarantine import Fate, Quarantined
from engine.runtime import ActorRef, MailboxSpec, Overflow, TaskActor, handles
from engine.storage.durable import DurableStore
from engine.storage.durable.quarantine import RESTART
from engine.storage.errors import StorageUnavailableError

log = structlog.get_logger("ticktree.quarantine")

FLUSH_INTERVAL_S = 1.0
PATIENCE_S = 3.0
"""A PostgreSQL that hangs must not hold up appeals."""
JOIN_S = 0.2
"""So long appeals are gathered: many instruments, one call."""
OPINION_S = 10.0
"""A provider that hangs must not hold up the appeals of others, nor the answer of the next provider."""
WAITING_LIMIT = 20_000
"""Entries kept while PostgreSQL is away: half an hour of ten a second. Beyond it the oldest are forgotten, and counted."""
ENTRIES_PER_WRITE = 1_000
ALERTS_PER_FLUSH = 20
"""More would drown the candles in the stream of events; the rest is told as a number."""


class Quarantine(TaskActor):
    """Gathers notices and writes them in batches; a PostgreSQL that is away holds up nobody."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=50_000, overflow=Overflow.DROP_OLDEST)
    drains: ClassVar[bool] = True

    def __init__(
        self,
        durable: DurableStore,
        second_source: SecondSource,
        overruling: Overruling,
        routes: Routes,
        *,
        publisher: ActorRef,
    ) -> None:
        super().__init__()
        self._durable = durable
        self._second_source = second_source
        self._overruling = overruling
        self._routes = routes
        self._publisher = publisher
        self._waiting: dict[tuple[str, str, int, float], Quarantined] = {}
        self._held: dict[str, dict[tuple[str, str, int, float], Quarantined]] = {}
        self._alerts: list[Quarantined] = []
        self._appeals: dict[str, int] = {}
        """When each instrument asked last, ns UTC."""
        self._asking = False
        self._closed_old = False
        self._away = False
        self._counts: Counter[str] = Counter()

    async def on_start(self) -> None:
        self.send_every(FLUSH_INTERVAL_S, Flush())

    async def on_stop(self) -> None:
        await self.on_flush(Flush())

    @handles(Doubted)
    def on_doubted(self, doubted: Doubted) -> None:
        for entry in doubted.entries:
            self._counts[f"{entry.kind}s_{entry.status}"] += 1
            self._note(entry)

    @handles(TickRefused)
    def on_tick_refused(self, refused: TickRefused) -> None:
        """Counted only: what is no price at all is no evidence of anything."""
        self._counts["ticks_refused"] += 1
        log.debug("tick_refused", instrument=refused.instrument, why=refused.why)

    @handles(HeldLost)
    def on_held_lost(self, lost: HeldLost) -> None:
        """The instrument's actor began anew, and nobody is left who could decide what the one before it held."""
        for entry in list(self._held.get(lost.instrument, {}).values()):
            self._note(msgspec.structs.replace(entry, status=Fate.DISCARDED, decided_by=RESTART))

    @handles(Appealed)
    def on_appealed(self, appealed: Appealed) -> None:
        self._appeals[appealed.instrument] = appealed.asked_ns
        if not self._asking:
            self._asking = True
            self.spawn(self._ask_second_source)

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, int]:
        return {
            "quarantine_held": sum(map(len, self._held.values())),
            "quarantine_unwritten": len(self._waiting),
            **{name: self._counts[name] for name in _COUNTED},
        }

    @handles(Flush)
    async def on_flush(self, _: Flush) -> None:
        self._tell_alerts()
        try:
            with anyio.fail_after(PATIENCE_S):
                await self._write()
        except (StorageUnavailableError, TimeoutError) as error:
            if not self._away:
                log.warning("quarantine_waits", error=str(error) or "no answer", waiting=len(self._waiting))
            self._away = True
        else:
            self._away = False

    @handles(Decide)
    async def on_decide(self, decide: Decide) -> dict[str, Any]:
        """An operator's word; answered with the entry, or with ``error`` and ``code`` when it can not be carried out."""
        await self.on_flush(Flush())
        try:
            entry, is_new = await self._overruling.carry_out(decide)
        except OverruleError as error:
            return {"error": str(error), "code": error.code}
        if is_new:
            self._forget_held(entry)
            self._alerts.append(entry)
        return msgspec.to_builtins(entry)

    # Notices

    def _note(self, entry: Quarantined) -> None:
        if entry.status is Fate.HELD:
            self._held.setdefault(entry.instrument, {})[entry.key] = entry
        else:
            self._forget_held(entry)
        if entry.status is Fate.DISCARDED:
            self._alerts.append(entry)
        self._waiting.pop(entry.key, None)
        self._waiting[entry.key] = entry
        if len(self._waiting) > WAITING_LIMIT:
            self._waiting.pop(next(iter(self._waiting)))
            self._counts["quarantine_forgotten"] += 1

    def _forget_held(self, entry: Quarantined) -> None:
        held = self._held.get(entry.instrument, {})
        held.pop(entry.key, None)
        if not held:
            self._held.pop(entry.instrument, None)

    async def _write(self) -> None:
        """First of all what an engine before this one left held is closed: what it waited for died with it."""
        if not self._closed_old:
            await self._durable.close_quarantined(RESTART)
            self._closed_old = True
        while self._waiting:
            batch = list(islice(self._waiting.values(), ENTRIES_PER_WRITE))
            await self._durable.note_quarantined(batch)
            for entry in batch:
                if self._waiting.get(entry.key) is entry:
                    self._waiting.pop(entry.key)

    def _tell_alerts(self) -> None:
        told, self._alerts = self._alerts, []
        for entry in told[:ALERTS_PER_FLUSH]:
            words = f"{entry.kind} of {entry.price:g} {entry.status}: {entry.reason}"
            self._publisher.tell(Alert(entry.instrument, words, self.system.clock.now_ns()))
        if len(told) > ALERTS_PER_FLUSH:
            words = f"{len(told) - ALERTS_PER_FLUSH} more prices were quarantined within a second"
            self._publisher.tell(Alert("", words, self.system.clock.now_ns()))

    # The second source

    async def _ask_second_source(self) -> None:
        """One question at a time; who gets no answer appeals again by himself."""
        while self._appeals:
            await anyio.sleep(JOIN_S)
            wanted, self._appeals = self._appeals, {}
            self._counts["second_source_asked"] += 1
            prices = await self._second_source.prices(wanted, within_s=OPINION_S)
            for instrument, price in prices.items():
                self._routes.carrier(instrument)[1].target.tell(SecondOpinion(price, wanted[instrument]))
        self._asking = False


_COUNTED: Sequence[str] = (
    "ticks_held",
    "ticks_released",
    "ticks_discarded",
    "ticks_refused",
    "bars_held",
    "bars_released",
    "bars_discarded",
    "quarantine_forgotten",
    "second_source_asked",
)
