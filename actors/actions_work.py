"""The job that reads splits and dividends of the providers that tell them, an instrument a step."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import msgspec

from actors.job_arguments import JobError, JobNotNowError, bounded, instruments_of
from actors.patience import Patience
from actors.routes import Routes
from actors.sources import FOR_GOOD
from engine.providers.base import Actions, ProviderError
from engine.storage.durable import DurableStore

KIND: Final = "corporate_actions"
FIRST: Final = date(1990, 1, 1)
"""Nobody's prices go further back; all splits up to now are needed to say what was paid before them."""
_SECOND_NS: Final = 1_000_000_000


class ActionsArguments(msgspec.Struct, frozen=True):
    """Instruments by their canonical names, and the day up to which is read."""

    instruments: tuple[str, ...]
    last: date


class ActionsWork:
    """What a provider does not answer is said, and keeps nobody else's actions from being read."""

    def __init__(self, arguments: ActionsArguments, craft: "ActionsCraft") -> None:
        self._arguments = arguments
        self._craft = craft
        self._changed = 0
        self._patience = Patience()

    def __len__(self) -> int:
        return len(self._arguments.instruments)

    async def step(self, number: int) -> str:
        instrument = self._arguments.instruments[number]
        try:
            changed = await self._patience.ask(lambda: self._craft.read(instrument, self._arguments.last))
        except ProviderError as error:
            if error.advice not in FOR_GOOD:
                raise
            return f"{instrument}: given up, {error}"
        if changed is None:
            return f"{instrument}: no answer, {self._patience.unanswered:,} without one so far"
        self._changed += changed
        return f"{instrument}: {self._changed:,} actions new or changed so far"


@dataclass(frozen=True, slots=True)
class ActionsCraft:
    """Reads what providers tell of companies, and keeps it."""

    durable: DurableStore
    routes: Routes
    providers: Mapping[str, Actions]
    """Those that tell actions."""

    def complete(self, arguments: Mapping[str, Any], now_ns: int) -> dict[str, Any]:
        """Whoever says no names means all shares that a provider tells actions of, or those of an ``exchange``.

        Raises JobError; JobNotNowError while it is not known yet of which shares a provider tells them.
        """
        if not self.providers:
            raise JobError("no provider that runs here tells corporate actions: enter them, or take up a file")
        named = instruments_of(arguments.get("instruments"))
        unknown = [name for name in named if self._teller(name) is None]
        if unknown:
            raise JobError(f"no provider tells corporate actions of {', '.join(unknown[:5])}")
        told = named or bounded(self._shares(str(arguments.get("exchange") or "")))
        last = datetime.fromtimestamp(now_ns // _SECOND_NS, UTC).date()
        return msgspec.to_builtins(ActionsArguments(tuple(told), last))

    def work(self, arguments: Mapping[str, Any]) -> ActionsWork:
        """The work of such a job."""
        return ActionsWork(msgspec.convert(dict(arguments), ActionsArguments), self)

    async def read(self, instrument: str, last: date) -> int:
        """Reads the actions of one instrument; how many were new or changed."""
        provider = self._teller(instrument)
        if provider is None:
            return 0  # nobody maps it any more since the job was begun
        route = dict(self.routes.of(instrument))[provider]
        return await self.durable.corporate_actions.save(await self.providers[provider].actions(route, FIRST, last))

    def _shares(self, exchange: str) -> list[str]:
        """Of an exchange, or of all."""
        of_exchange = (name for name in self.routes.instruments if exchange in ("", name.partition(":")[0]))
        if told := sorted(name for name in of_exchange if self._teller(name) is not None):
            return told
        silent = [provider for provider in self.providers if not self.routes.has_told(provider)]
        if silent:
            raise JobNotNowError(f"{', '.join(silent)} has not told yet which shares it knows: try again in a minute")
        raise JobError(f"no provider tells corporate actions of a share{f' of {exchange}' if exchange else ''}")

    def _teller(self, instrument: str) -> str | None:
        known = (name for name, route in self.routes.of(instrument) if route.kind == "equity")
        return next((name for name in known if name in self.providers), None)
