"""Providers' instrument lists, narrowed to what shall be followed."""

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import date

from engine.market import Instrument
from engine.providers.dhan.master import FORMATS as DHAN
from engine.providers.kite.master import FORMATS as KITE
from engine.providers.master import Master, MasterFormat, MasterRow, MasterStatistics
from engine.seeding.book import SeedBook
from engine.storage.durable import ProviderMapping

FORMATS: Mapping[str, Sequence[MasterFormat]] = {"dhan": DHAN, "kite": KITE}
"""The formats of each provider's lists."""


def read_master(
    lines: Iterable[str], *, day: date, exchanges: Container[str], underlyings: Container[str]
) -> tuple[SeedBook, MasterStatistics]:
    """Shares and indices of these exchanges, and the living futures and options on these underlyings."""
    master = Master(lines, [form for forms in FORMATS.values() for form in forms])
    rows = [row for row in master if wanted(row.instrument, day, exchanges, underlyings)]
    mappings = [mapping_of(row, master.provider, day) for row in rows]
    return SeedBook([row.instrument for row in rows], mappings), master.statistics()


def wanted(
    instrument: Instrument, day: date, exchanges: Container[str] | None, underlyings: Container[str] | None
) -> bool:
    """Whether it is a share or an index of these exchanges, or on one of these underlyings and not expired that day.

    ``None`` stands for all.
    """
    if instrument.expiry:
        return instrument.expiry >= day and (underlyings is None or (instrument.underlying or "") in underlyings)
    return exchanges is None or instrument.exchange in exchanges


def mapping_of(row: MasterRow, provider: str, day: date) -> ProviderMapping:
    """How the provider names it, from that day on."""
    return ProviderMapping(
        provider=provider,
        instrument=row.instrument.canonical,
        segment=row.segment,
        provider_symbol=row.security_id,
        valid_from=day,
    )
