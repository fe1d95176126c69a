"""Instruments, where they trade, and under which names providers know them, in memory."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from engine.market.derivatives import place_of_contracts
from engine.market.instrument import Instrument
from engine.storage.durable import Exchange, MappedInstrument, NameInTime, ProviderMapping
from engine.storage.durable.instruments import InstrumentMaster
from engine.storage.errors import DurableStoreError
from engine.storage.memory.tables import Tables


class MemoryInstrumentMaster(InstrumentMaster):
    """The tables of what can be traded; seeding them is safe to repeat. Nothing but what has expired can be switched off here."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def instruments(self) -> list[Instrument]:
        """All instruments, by name."""
        await self._tables.arrive()
        known = [self._tables.instruments[name] for name in self._active()]
        return sorted(known, key=lambda instrument: (instrument.exchange, instrument.symbol))

    async def instrument(self, canonical: str) -> Instrument | None:
        """The instrument of that name."""
        await self._tables.arrive()
        return self._tables.instruments.get(canonical) if canonical not in self._tables.retired else None

    async def find_instruments(self, text: str, limit: int, *, exchange: str = "", kind: str = "") -> list[Instrument]:
        """Instruments whose symbol or name has this text in it, in capitals; the likeliest first."""
        found = [
            one
            for one in await self.instruments()
            if (text in one.symbol or text in one.name.upper())
            and exchange in ("", one.exchange)
            and kind in ("", one.kind)
        ]
        found.sort(key=lambda one: (one.symbol != text, not one.symbol.startswith(text), len(one.symbol), one.symbol))
        return found[:limit]

    async def exchanges(self, *, include_inactive: bool = False) -> list[Exchange]:  # noqa: ARG002 - here all are active
        """All exchanges, by code."""
        await self._tables.arrive()
        return [exchange for _, exchange in sorted(self._tables.exchanges.items())]

    async def instrument_names(self) -> list[str]:
        """The canonical names of all active instruments, sorted."""
        await self._tables.arrive()
        return sorted(self._active())

    async def all_instrument_names(self) -> list[str]:
        """The canonical names of all instruments that ever were, sorted: the inactive have their history."""
        await self._tables.arrive()
        return sorted(self._tables.instruments)

    async def stamp(self) -> str:
        """Another one whenever an exchange, instrument or mapping was added, changed or removed."""
        await self._tables.arrive()
        tables = self._tables
        contents = (*tables.exchanges.values(), *tables.instruments.values(), *tables.mappings, *sorted(tables.retired))
        return str(hash(contents))

    async def listed(self, instruments: Collection[str]) -> set[str]:
        """Those of these canonical names that are known and active."""
        await self._tables.arrive()
        return self._active() & set(instruments)

    async def contracts(self, underlyings: Collection[str], day: date) -> dict[str, list[Instrument]]:
        """The futures and options on instruments that expire on that day or later, the next ones first, by underlying."""
        known = [one for one in await self.instruments() if one.expiry is not None and one.expiry >= day]
        known.sort(key=lambda one: (one.expiry or day, one.symbol))
        places = {name: place_of_contracts(name) for name in underlyings}
        return {
            name: [one for one in known if (one.exchange, one.underlying) == place] for name, place in places.items()
        }

    async def named_instruments(self, instruments: Collection[str]) -> dict[str, Instrument]:
        """Those of these canonical names that are known, the inactive ones too, by name."""
        await self._tables.arrive()
        known = self._tables.instruments
        return {name: known[name] for name in instruments if name in known}

    async def followed_underlyings(self, day: date) -> list[str]:
        """The symbols that active contracts, and those that expired in the two weeks before that day, depend on."""
        await self._tables.arrive()
        active, since = self._active(), day - timedelta(days=14)
        contracts = [(name, one) for name, one in self._tables.instruments.items() if one.underlying is not None]
        followed = (
            one for name, one in contracts if name in active or (one.expiry is not None and one.expiry >= since)
        )
        return sorted({one.underlying or "" for one in followed})

    async def retire_expired(self, day: date) -> int:
        """Sets those inactive that expired before that day; how many they are. Their history stays."""
        await self._tables.arrive()
        expired = {name for name in self._active() if self._has_expired(name, day)}
        self._tables.retired |= expired
        return len(expired)

    def _active(self) -> set[str]:
        return self._tables.instruments.keys() - self._tables.retired

    async def routes(self, provider: str, day: date | None = None) -> list[MappedInstrument]:
        """The unexpired instruments that a provider maps on that day; without one, today (UTC)."""
        await self._tables.arrive()
        today = day or datetime.now(UTC).date()
        found = [
            self._route(mapping)
            for mapping, end in self._tables.mappings
            if mapping.provider == provider and mapping.valid_from <= today and (end is None or end > today)
        ]
        return sorted(
            (route for route in found if self._is_alive(route.instrument, today)),
            key=lambda route: route.instrument,
        )

    def _route(self, mapping: ProviderMapping) -> MappedInstrument:
        known = self._tables.instruments[mapping.instrument]
        return MappedInstrument(
            mapping.instrument, mapping.segment, mapping.provider_symbol, known.tick_size, known.kind.value, 1
        )

    def _is_alive(self, instrument: str, today: date) -> bool:
        return instrument not in self._tables.retired and not self._has_expired(instrument, today)

    def _has_expired(self, instrument: str, today: date) -> bool:
        expiry = self._tables.instruments[instrument].expiry
        return expiry is not None and expiry < today

    async def changed_names(self, provider: str) -> list[NameInTime]:
        """A provider's names of active instruments that had others, that are over, or that meant others; by instrument and time."""
        await self._tables.arrive()
        held = [one for one in self._tables.mappings if one[0].provider == provider and one[1] != one[0].valid_from]
        held.sort(key=lambda one: (one[0].instrument, one[0].valid_from))
        names = [self._in_time(mapping, end, held) for mapping, end in held if mapping.instrument in self._active()]
        several = {name for name, group in groupby(names, lambda one: one.instrument) if len(list(group)) > 1}
        return [name for name in names if name.instrument in several or name.held_until or name.valid_to]

    def _in_time(
        self, own: ProviderMapping, end: date | None, held: Sequence[tuple[ProviderMapping, date | None]]
    ) -> NameInTime:
        before = [
            (until, other.instrument)
            for other, until in held
            if _token(other) == _token(own) and until is not None and until <= own.valid_from
        ]
        held_until, holder = max(before, default=(None, own.instrument))
        if holder == own.instrument:
            held_until = None
        zone = str(self._tables.zone(own.instrument))
        return NameInTime(own.instrument, zone, own.segment, own.provider_symbol, own.valid_from, end, held_until)

    async def seed(
        self, exchanges: Sequence[Exchange], instruments: Sequence[Instrument], mappings: Sequence[ProviderMapping]
    ) -> None:
        """Adds what is new and updates what changed, all of it or nothing. Instruments' ``id`` is ignored."""
        await self._tables.arrive()
        codes = self._tables.exchanges.keys() | {exchange.code for exchange in exchanges}
        names = self._tables.instruments.keys() | {instrument.canonical for instrument in instruments}
        _check_known("Instruments of exchanges", {instrument.exchange for instrument in instruments} - codes)
        _check_known("Mapped instruments", {mapping.instrument for mapping in mappings} - names)
        wanted = {(mapping.provider, mapping.instrument): mapping for mapping in mappings}
        _check_tokens(list(wanted.values()))
        self._tables.exchanges |= {exchange.code: exchange for exchange in exchanges}
        for instrument in instruments:
            self._tables.add_instrument(instrument)
        for mapping in wanted.values():
            self._map(mapping)

    def _map(self, wanted: ProviderMapping) -> None:
        """What was true until then of the token or of the instrument ends."""
        mappings, places = self._tables.mappings, self._tables.open_mappings
        standing = {places[name] for name in _names(wanted) if name in places}
        if any(_names(mappings[place][0]) == _names(wanted) for place in standing):
            return
        for place in standing:
            old, _ = mappings[place]
            mappings[place] = old, max(old.valid_from, wanted.valid_from)
            for name in _names(old):
                del places[name]
        places |= dict.fromkeys(_names(wanted), len(mappings))
        mappings.append((wanted, None))


def _names(mapping: ProviderMapping) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What may be mapped only once at a time: the instrument and the token."""
    return (mapping.provider, mapping.instrument), _token(mapping)


def _token(mapping: ProviderMapping) -> tuple[str, str, str]:
    return mapping.provider, mapping.segment, mapping.provider_symbol


def _check_known(what: str, unknown: set[str]) -> None:
    if unknown:
        raise DurableStoreError(f"{what} that do not exist: {', '.join(sorted(unknown)[:5])}.")


def _check_tokens(mappings: Sequence[ProviderMapping]) -> None:
    for token, same in groupby(sorted(mappings, key=_token), key=_token):
        if len(list(same)) > 1:
            raise DurableStoreError(f"It answered: {' '.join(token)} twice violates mapping_of_a_token")
