"""The directory: which instruments there are, as clients write them, and where their prices are kept."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from config.calendars import load_calendar
from engine.market.calendar import Calendar
from engine.market.calendars import Calendars
from engine.market.candle import Candle
from engine.market.continuous import Leg, RollRule, Volumes, chains_of, leg_at, legs_of, names_of
from engine.market.derivatives import is_place_of_underlyings
from engine.market.errors import SymbolError
from engine.market.symbols import SymbolTable
from engine.storage.durable import DurableStore

BY_DATE = RollRule()
_KEPT = timedelta(days=400)
"""Before that no volume is looked at: contracts gave way by their dates."""


class DirectoryNotReadyError(Exception):
    """The instruments have not been read yet."""


class Listing(msgspec.Struct, frozen=True):
    """All that was read of the database at once."""

    symbols: SymbolTable
    segment_keys: Mapping[str, str]
    """``SEGMENT:ID`` of each instrument that a provider maps."""
    instruments: Mapping[str, str]
    """The other way round."""
    zones: Mapping[str, str]
    """Time zones by exchange."""
    calendars: Calendars
    warnings: Sequence[str]
    """What an operator should know about the calendars of the instruments' exchanges."""
    legs: Mapping[str, Sequence[Leg]] = {}
    """The contracts of each continuous future, in their time."""
    fronts: Mapping[str, str] = {}
    """The one that stands for it on the day of the listing."""
    underlyings: SymbolTable = msgspec.field(default_factory=SymbolTable)
    """What contracts are listed on and is no instrument itself, as commodities."""


class Directory:
    """Finds instruments by any spelling. What it knows is replaced as a whole, by whoever reads the database."""

    def __init__(self) -> None:
        self._listing: Listing | None = None

    def replace(self, listing: Listing) -> None:
        self._listing = listing

    @property
    def ready(self) -> bool:
        return self._listing is not None

    @property
    def listing(self) -> Listing:
        if self._listing is None:
            raise DirectoryNotReadyError("the list of instruments has not been read yet")
        return self._listing

    def resolve(self, text: str) -> str:
        """The canonical name; SymbolError with near names for what nobody lists."""
        return self.listing.symbols.resolve(text)

    def underlying(self, text: str) -> str:
        """The canonical name of what options may be on, an instrument or not; SymbolError as above."""
        try:
            return self.resolve(text)
        except SymbolError:
            if (found := self._listed_on(text)) is None:
                raise
            return found

    def _listed_on(self, text: str) -> str | None:
        try:
            return self.listing.underlyings.resolve(text)
        except SymbolError:
            return None

    def front(self, instrument: str) -> str:
        """The contract that stands for a continuous future now; whatever else, itself."""
        return self.listing.fronts.get(instrument, instrument)

    def segment_key(self, instrument: str) -> str | None:
        """Where the instrument's price is kept; None when no provider maps it."""
        return self.listing.segment_keys.get(instrument)

    def carried(self) -> list[str]:
        """The instruments that a provider carries, sorted."""
        return sorted(self.listing.segment_keys)

    def instrument_at(self, segment_key: str) -> str | None:
        """The instrument whose price is kept there."""
        return self.listing.instruments.get(segment_key)

    def zone(self, instrument: str) -> ZoneInfo:
        """The time zone of the instrument's exchange."""
        return ZoneInfo(self.listing.zones.get(instrument.partition(":")[0], "UTC"))

    def calendar(self, instrument: str) -> Calendar:
        """When the instrument's exchange trades."""
        return self.listing.calendars.of(instrument)

    def session_date(self, candle: Candle) -> date:
        """The trading day that a candle is of."""
        return self.listing.calendars.of(candle.instrument).session_date(candle.time)


async def read_listing(
    durable: DurableStore,
    providers: Sequence[str],
    default_exchanges: Sequence[str],
    today: date,
    rule: RollRule = BY_DATE,
) -> Listing:
    """Reads the instruments; of two providers that map one, the first to be named carries it."""
    exchanges = await durable.exchanges(include_inactive=True)
    segment_keys: dict[str, str] = {}
    for provider in reversed(providers):
        for route in await durable.routes(provider, today):
            segment_keys[route.instrument] = f"{route.segment}:{route.provider_symbol}"
    by_segment_key = {segment_key: instrument for instrument, segment_key in segment_keys.items()}
    known = await durable.all_instrument_names()  # the history of what has expired or was retired can still be read
    calendars = Calendars(load_calendar)
    calendars.learn(exchanges)
    volumes = await durable.future_volumes(today - _KEPT) if rule.by == "volume" else {}
    legs = _legs(known, calendars, rule, volumes)
    noon_ns = int(datetime.combine(today, time(12), UTC).timestamp()) * 1_000_000_000
    return Listing(
        SymbolTable(default_exchanges, [*known, *legs], by_segment_key),
        segment_keys,
        by_segment_key,
        {exchange.code: exchange.timezone for exchange in exchanges},
        calendars,
        calendars.warnings(await durable.instrument_names(), today),
        legs,
        {name: leg_at(its_legs, noon_ns).instrument for name, its_legs in legs.items()},
        SymbolTable(default_exchanges, _underlyings(known)),
    )


def _underlyings(known: Sequence[str]) -> set[str]:
    chains = (name for name in chains_of(known) if is_place_of_underlyings(name.partition(":")[0]))
    return set(chains).difference(known)


def _legs(
    known: Sequence[str], calendars: Calendars, rule: RollRule, volumes: Mapping[str, Volumes]
) -> dict[str, Sequence[Leg]]:
    """Of the continuous futures that are no instruments themselves, on exchanges whose hours are known."""
    chains, listed = chains_of(known), frozenset(known)
    return {
        name: legs_of(chains[chain], calendars.of(name), rule, rank, volumes)
        for name, (chain, rank) in names_of(chains).items()
        if name not in listed and calendars.usable(name)
    }
