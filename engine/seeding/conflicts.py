"""What a list says otherwise than the tables: told to an operator in words, and never guessed at."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from engine.market import Instrument
from engine.providers.master import MasterRow, Repeated
from engine.storage.durable import MappingConflict


def other_meanings(rows: Sequence[MasterRow], known: Mapping[str, Instrument]) -> list[MappingConflict]:
    """Rows whose name is that of something else in the tables. They are to be left out: which of the two is meant nobody says."""
    return [
        _conflict(
            "other meaning", row, f"{row.instrument.canonical} is known as {before}, the list says {after}: left out"
        )
        for row in rows
        if (standing := known.get(row.instrument.canonical)) is not None
        and (before := _meaning(standing)) != (after := _meaning(row.instrument))
    ]


def other_terms(rows: Sequence[MasterRow], known: Mapping[str, Instrument]) -> list[MappingConflict]:
    """Rows with another lot than the tables: taken over, as exchanges change lots, but not in silence."""
    return [
        _conflict(
            "other terms",
            row,
            f"the lot of {row.instrument.canonical} was {before.lot_size}, now {row.instrument.lot_size}",
        )
        for row in rows
        if (before := known.get(row.instrument.canonical)) is not None and before.lot_size != row.instrument.lot_size
    ]


def taken_over(rows: Sequence[MasterRow], holders: Mapping[str, str], day: date) -> list[MappingConflict]:
    """Rows whose token was a living instrument's until now: renamed, or gone. The list is believed; histories stay apart."""
    return [
        _conflict(
            "taken over",
            row,
            f"{row.segment}:{row.security_id} meant {holder} until {day} and means {row.instrument.canonical} since: "
            "renamed, or another one?",
            holder,
        )
        for row in rows
        if (holder := holders.get(f"{row.segment}:{row.security_id}")) not in (None, row.instrument.canonical)
    ]


def repeated(lines: Iterable[Repeated]) -> list[MappingConflict]:
    """Lines whose name or token an earlier line has taken."""
    return [
        _conflict("repeated", line.row, f"line {line.number} repeats the name or the token of line {line.of}: left out")
        for line in lines
    ]


def _meaning(instrument: Instrument) -> str:
    parts = (instrument.kind, instrument.underlying, instrument.expiry, instrument.strike, instrument.option_type)
    return " ".join(str(part) for part in parts if part is not None)


def _conflict(kind: str, row: MasterRow, detail: str, other: str | None = None) -> MappingConflict:
    return MappingConflict(kind, row.instrument.canonical, row.segment, row.security_id, detail, other or "")
