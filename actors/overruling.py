"""Overruling: an operator's word on a price that was quarantined, carried out wherever the price now is."""

from actors.healer import Healer, UnsettledError
from actors.messages import Admit, Backfill, Decide, Overrule
from actors.routes import Routes
from engine.market.quarantine import Fate, Quarantined
from engine.runtime import ActorDeadError, ActorRef, AskTimeoutError
from engine.storage.durable import DurableStore
from engine.storage.errors import StorageUnavailableError

ASK_TIMEOUT_S = 3.0
MINUTE_NS = 60_000_000_000


class OverruleError(Exception):
    """The operator's word can not be carried out."""

    def __init__(self, words: str, *, code: int) -> None:
        super().__init__(words)
        self.code = code
        """As HTTP has it: 404 there is no such entry, 409 it can not be decided so, 503 a store is away."""


class Overruling:
    """Releases into candles what was discarded, and takes out again what was released."""

    def __init__(self, durable: DurableStore, routes: Routes, healer: Healer, *, resolver: ActorRef) -> None:
        self._durable = durable
        self._routes = routes
        self._healer = healer
        self._resolver = resolver

    async def carry_out(self, decide: Decide) -> tuple[Quarantined, bool]:
        """The entry as it stands then, and whether that is new: a repeat changes nothing. Raises OverruleError.

        The candles come first: what ends us in between leaves an entry that can be decided once more.
        """
        try:
            entry = await self._durable.quarantined_entry(decide.id)
            if entry is None:
                raise OverruleError(f"There is no quarantine entry {decide.id}.", code=404)
            if entry.status is decide.status:
                return entry, False
            await self._move(entry, release=decide.status is Fate.RELEASED)
            await self._durable.decide_quarantined(entry.id, decide.status, decide.decided_by)
            return await self._durable.quarantined_entry(decide.id) or entry, True
        except (StorageUnavailableError, UnsettledError) as error:
            raise OverruleError(f"{error} Try again later.", code=503) from error
        except (ActorDeadError, AskTimeoutError) as error:
            raise OverruleError(f"The instrument does not answer: {error}", code=503) from error

    async def _move(self, entry: Quarantined, *, release: bool) -> None:
        if entry.kind == "bar":
            raise OverruleError("A bar is its provider's word: backfill its minute to have it read again.", code=409)
        if entry.instrument not in self._routes:
            raise OverruleError(f"No provider carries {entry.instrument} now.", code=409)
        target: ActorRef = self._routes.carrier(entry.instrument)[1].target
        if entry.status is Fate.HELD and await target.ask(Overrule(release), timeout_s=ASK_TIMEOUT_S):
            return
        if release:
            await self._admit(entry, target)
        elif entry.status is Fate.RELEASED:
            self._heal(entry)

    async def _admit(self, entry: Quarantined, target: ActorRef) -> None:
        """Into its minute while that is open, else as a revision of the minute and of all that is made of it."""
        tick = entry.tick()
        if not await target.ask(Admit(tick), timeout_s=ASK_TIMEOUT_S):
            await self._healer.admit(tick)

    def _heal(self, entry: Quarantined) -> None:
        """The provider's history says what the minute was without it."""
        minute_ns = entry.ts_ns // MINUTE_NS * MINUTE_NS
        self._resolver.tell(Backfill((entry.instrument,), minute_ns, minute_ns + MINUTE_NS - 1))
