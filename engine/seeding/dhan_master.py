"""Dhan's compact instrument list, narrowed to what shall be followed."""

from collections.abc import Container, Iterable
from datetime import date

from engine.market import Instrument
from engine.providers.dhan.master import MasterRow, MasterStatistics, ScripMaster
from engine.seeding.book import SeedBook
from engine.storage.durable import ProviderMapping


def read_master(
    lines: Iterable[str], *, day: date, exchanges: Container[str], underlyings: Container[str]
) -> tuple[SeedBook, MasterStatistics]:
    """Shares and indices of these exchanges, and the living futures and options on these underlyings."""
    master = ScripMaster(lines)
    rows = [row for row in master if _wanted(row.instrument, day, exchanges, underlyings)]
    return SeedBook([row.instrument for row in rows], [_mapping(row, day) for row in rows]), master.statistics()


def _wanted(instrument: Instrument, day: date, exchanges: Container[str], underlyings: Container[str]) -> bool:
    if instrument.expiry:
        return instrument.expiry >= day and (instrument.underlying or "") in underlyings
    return instrument.exchange in exchanges


def _mapping(row: MasterRow, day: date) -> ProviderMapping:
    return ProviderMapping(
        provider="dhan",
        instrument=row.instrument.canonical,
        segment=row.segment,
        provider_symbol=row.security_id,
        valid_from=day,
    )
