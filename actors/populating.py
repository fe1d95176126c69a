"""Populating: what the tables of entities may be filled with, and the work that each such wish is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from actors.job_arguments import JobError
from actors.messages import MappingsChanged
from actors.populate_work import ExchangesWork, ListingWork, MasterWork, PopulateArguments, RuleWork, What
from engine.market.errors import SymbolError
from engine.providers.base import ProviderError
from engine.runtime import ActorRef
from engine.seeding import FORMATS, RULES, AddError, ListFolder, SeedBook, share_of
from engine.storage.durable import DurableStore

_SECOND_NS = 1_000_000_000
_MOST_NAMES = 1_000


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody may ask for; what is left out is up to us."""

    what: What
    provider: str = ""
    """The first that runs here, when none is named."""
    file: str = ""
    exchanges: list[str] | None = None
    underlyings: list[str] | None = None
    symbols: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Populating:
    """Fills the tables from providers' lists; where data are simulated, from the simulated exchange's own alone."""

    durable: DurableStore
    lists: ListFolder
    providers: Sequence[str]
    """Those that run here."""
    listing: Callable[[], SeedBook] | None
    """The simulated exchange's list, where data are simulated."""
    manager: ActorRef
    """Who takes up what is mapped anew."""

    def complete(self, arguments: Mapping[str, Any], now_ns: int) -> dict[str, Any]:
        """All that the work needs to know. Raises JobError for what can not be done."""
        try:
            wanted = msgspec.convert(dict(arguments), Wanted)
        except msgspec.ValidationError as error:
            raise JobError(f"populate: {error}") from error
        provider = wanted.provider or self.providers[0]
        file, size = ("", 0) if wanted.what == "exchanges" else self._list_of(provider, wanted.file, now_ns)
        complete = PopulateArguments(
            what=wanted.what,
            provider=provider,
            day=datetime.fromtimestamp(now_ns // _SECOND_NS, UTC).date(),
            file=file,
            size=size,
            exchanges=_names("exchanges", wanted.exchanges),
            underlyings=_names("underlyings", wanted.underlyings),
            symbols=self._added(wanted, provider),
        )
        return msgspec.to_builtins(complete)

    def work(self, arguments: Mapping[str, Any]) -> ExchangesWork | ListingWork | MasterWork | RuleWork:
        """The work of such a job."""
        wanted = msgspec.convert(dict(arguments), PopulateArguments)
        if wanted.what == "exchanges":
            return ExchangesWork(self.durable, around_the_clock=self.listing is not None)
        if self.listing is not None:
            return ListingWork(wanted.what, self.durable, self.listing, self._told)
        if wanted.provider in RULES:
            return RuleWork(wanted, self.durable, self._told)
        return MasterWork(wanted, self.durable, self.lists, self._told)

    def _told(self) -> None:
        self.manager.tell(MappingsChanged())

    def _list_of(self, provider: str, file: str, now_ns: int) -> tuple[str, int]:
        if self.listing is not None:
            if provider not in self.providers or file:
                raise JobError("all data here are simulated: only the simulated exchange's own list is taken up")
            return "", 0
        if provider in RULES:
            if file:
                raise JobError(f"{provider} has no list: its names follow from ours by rule")
            return "", 0
        if provider not in FORMATS:
            known = " or ".join(sorted((*FORMATS, *RULES)))
            raise JobError(f"nobody knows how {provider!r} calls instruments: expected {known}")
        try:
            return (file, self.lists.laid(file)) if file else (self.lists.fetched_name(provider, now_ns), 0)
        except ProviderError as error:
            raise JobError(str(error)) from error

    def _added(self, wanted: Wanted, provider: str) -> tuple[str, ...]:
        """The symbols that are to be added by name."""
        symbols = _names("symbols", wanted.symbols) or ()
        if symbols and (wanted.what != "instruments" or provider not in RULES or self.listing is not None):
            raise JobError(f"symbols are added as instruments of {' or '.join(sorted(RULES))}, which have no list")
        try:
            return tuple(share_of(symbol).canonical for symbol in symbols)
        except (AddError, SymbolError) as error:
            raise JobError(f"symbols: {error}") from error


def _names(field: str, written: list[str] | None) -> tuple[str, ...] | None:
    if written is not None and len(written) > _MOST_NAMES:
        raise JobError(f"{field}: at most {_MOST_NAMES:,} names")
    return None if written is None else tuple(sorted({name.strip().upper() for name in written}))
