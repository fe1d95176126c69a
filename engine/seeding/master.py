"""Providers' instrument lists, narrowed to what shall be followed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import msgspec

from engine.market import Instrument
from engine.providers.dhan.master import FORMATS as DHAN
from engine.providers.kite.master import FORMATS as KITE
from engine.providers.master import Master, MasterFormat, MasterRow, MasterStatistics
from engine.seeding.book import SeedBook
from engine.storage.durable import ProviderMapping

FORMATS: Mapping[str, Sequence[MasterFormat]] = {"dhan": DHAN, "kite": KITE}
"""The formats of each provider's lists."""


class Selection(msgspec.Struct, frozen=True):
    """What of a list is taken up: shares and indices by exchange, futures and options by underlying; ``None``: all."""

    day: date
    """What had expired before it is left out."""
    exchanges: frozenset[str] | None = None
    underlyings: frozenset[str] | None = None

    def takes(self, instrument: Instrument) -> bool:
        """Whether it is among them."""
        if instrument.is_derivative:
            return not self.is_over(instrument) and _has(self.underlyings, instrument.underlying or "")
        return _has(self.exchanges, instrument.exchange)

    def is_over(self, instrument: Instrument) -> bool:
        """Whether it had expired before the day."""
        return instrument.expiry is not None and instrument.expiry < self.day


def read_master(lines: Iterable[str], selection: Selection) -> tuple[SeedBook, MasterStatistics]:
    """What the selection takes of any provider's list."""
    master = Master(lines, [form for forms in FORMATS.values() for form in forms])
    rows = [row for row in master if selection.takes(row.instrument)]
    mappings = [mapping_of(row, master.provider, selection.day) for row in rows]
    return SeedBook([row.instrument for row in rows], mappings), master.statistics()


def mapping_of(row: MasterRow, provider: str, day: date) -> ProviderMapping:
    """How the provider names it, from that day on."""
    return ProviderMapping(
        provider=provider,
        instrument=row.instrument.canonical,
        segment=row.segment,
        provider_symbol=row.security_id,
        valid_from=day,
    )


def _has(names: frozenset[str] | None, name: str) -> bool:
    return names is None or name in names
