"""Option chains as they were: one snapshot a minute, and the figures of each as columns."""

# ruff: noqa: S608 - put together from constants; every value travels as an argument

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from engine.market.chain_snapshot import ChainSnapshot
from engine.market.chain_summary import ChainSummary
from engine.storage.durable.link import PostgresLink
from engine.storage.durable.times import MICROSECONDS, ceiling, moment

MINUTE_MS = 60_000
A_PAGE = 100
"""Snapshots that are read at once: together they may have some megabytes."""

_FIGURES = tuple(name for name in ChainSummary.__struct_fields__ if name != "as_of")
_TYPES = {"ce_oi": "bigint", "pe_oi": "bigint", "reasons": "jsonb"}
_SAVE = """
INSERT INTO option_chain_snapshots (underlying_id, expiry, minute, as_of, snapshot, {names})
SELECT i.id, row.expiry, row.minute, row.as_of, row.snapshot, {values}
FROM unnest($1::text[], $2::text[], $3::text[], $4::date[], $5::timestamptz[], $6::timestamptz[], $7::bytea[], {arrays})
    AS row(code, symbol, future, expiry, minute, as_of, snapshot, {names})
JOIN exchanges e ON e.code = row.code
CROSS JOIN LATERAL (
    SELECT id FROM instruments WHERE exchange_id = e.id AND symbol IN (row.symbol, row.future)
    ORDER BY symbol = row.symbol DESC LIMIT 1
) AS i
ON CONFLICT DO NOTHING
""".format(
    names=", ".join(_FIGURES),
    values=", ".join(f"row.{name}" for name in _FIGURES),
    arrays=", ".join(f"${8 + at}::{_TYPES.get(name, 'float8')}[]" for at, name in enumerate(_FIGURES)),
)
_OF = """
FROM option_chain_snapshots s JOIN instruments i ON i.id = s.underlying_id JOIN exchanges e ON e.id = i.exchange_id
WHERE e.code = $1 AND (i.symbol = $2 OR (i.kind = 'future' AND i.underlying = $2)) AND s.expiry = $3
"""
"""Where the underlying is no instrument, as a commodity, its chains are kept with the futures that the options are on."""
_BETWEEN = (
    f"{_OF} AND s.minute > $4::timestamptz - INTERVAL '1 minute' AND s.minute < $5 AND s.as_of >= $4 AND s.as_of < $5"
)
_SNAPSHOTS = f"SELECT s.snapshot {_BETWEEN} ORDER BY s.minute LIMIT $6"
_NEWEST = f"SELECT s.snapshot {_OF} AND s.minute <= $4 AND s.as_of <= $4 ORDER BY s.minute DESC LIMIT 1"
_SUMMARIES = f"""
SELECT {MICROSECONDS.format("s.as_of")} / 1000 AS as_of, {", ".join(f"s.{name}" for name in _FIGURES)}
{_BETWEEN} ORDER BY s.minute
"""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(ChainSnapshot).decode


class ChainSnapshots:
    """Snapshots by underlying, expiry and minute."""

    def __init__(self, link: PostgresLink) -> None:
        self._link = link

    async def save(self, snapshots: Sequence[ChainSnapshot]) -> None:
        """Saves snapshots; of each minute the first stays. Safe to repeat.

        Those of underlyings that no table knows are left out, unless it knows the future on them.
        """
        rows = [_row(one) for one in snapshots]
        if rows:
            await self._link.value(_SAVE, *zip(*rows, strict=True))

    async def snapshots(
        self, underlying: str, expiry: date, start_ns: int, end_ns: int, limit: int = A_PAGE
    ) -> list[ChainSnapshot]:
        """The snapshots of instants in [start, end), oldest first; the first so many."""
        place = (*_parted(underlying), expiry)
        rows = await self._link.rows(_SNAPSHOTS, *place, ceiling(start_ns), ceiling(end_ns), limit)
        return [_decode(row["snapshot"]) for row in rows]

    async def snapshot_at(self, underlying: str, expiry: date, at_ns: int) -> ChainSnapshot | None:
        """The newest snapshot of an instant that is not after ``at_ns``."""
        packed = await self._link.value(_NEWEST, *_parted(underlying), expiry, moment(at_ns))
        return None if packed is None else _decode(packed)

    async def summaries(self, underlying: str, expiry: date, start_ns: int, end_ns: int) -> list[ChainSummary]:
        """The figures of the instants in [start, end), oldest first."""
        place = (*_parted(underlying), expiry)
        rows = await self._link.rows(_SUMMARIES, *place, ceiling(start_ns), ceiling(end_ns))
        return [_summary(dict(row)) for row in rows]


def minute_of(snapshot: ChainSnapshot) -> int:
    """The opening of the minute a snapshot is of, unix milliseconds."""
    return snapshot.as_of // MINUTE_MS * MINUTE_MS


def _row(snapshot: ChainSnapshot) -> tuple[object, ...]:
    times = _moment_ms(minute_of(snapshot)), _moment_ms(snapshot.as_of)
    summary = msgspec.structs.asdict(ChainSummary.of(snapshot))
    summary["reasons"] = msgspec.json.encode(summary["reasons"]).decode()
    figures = (summary[name] for name in _FIGURES)
    _, future = _parted(snapshot.future or "")
    return (*_parted(snapshot.underlying), future, snapshot.expiry, *times, _encode(snapshot), *figures)


def _summary(row: dict[str, Any]) -> ChainSummary:
    """Rows from before reasons were kept have none."""
    row["reasons"] = msgspec.json.decode(row["reasons"] or "{}")
    return ChainSummary(**row)


def _moment_ms(time_ms: int) -> datetime:
    return moment(time_ms * 1_000_000)


def _parted(instrument: str) -> tuple[str, str]:
    """Exchange and symbol of a canonical name."""
    exchange, _, symbol = instrument.partition(":")
    return exchange, symbol
