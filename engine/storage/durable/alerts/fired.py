"""The table of alerts that were told, or are about to be."""

# ruff: noqa: S608 - put together from constants; every value travels as an argument

from collections.abc import Sequence

import asyncpg
import msgspec

from engine.storage.durable.link import PostgresLink
from engine.storage.durable.times import MICROSECOND_NS, MICROSECONDS, moment

_COLUMNS = f"""
id, user_id, rule_id, name, kind, instrument, message, value, is_test, {MICROSECONDS.format("at")} AS at_us
"""
ADD = """
INSERT INTO alerts (id, user_id, rule_id, name, kind, instrument, message, value, is_test, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING RETURNING id
"""
_UNTOLD = f"SELECT {_COLUMNS} FROM alerts WHERE told_at IS NULL ORDER BY at, id LIMIT $1"
_TOLD = "UPDATE alerts SET told_at = now() WHERE id = ANY($1::text[]) AND told_at IS NULL"
_OF_USER = f"""
SELECT {_COLUMNS} FROM alerts WHERE user_id = $1 AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT $4
"""
_FORGET = """
WITH placed AS (
    SELECT id, at, row_number() OVER (PARTITION BY user_id ORDER BY at DESC, id DESC) AS place FROM alerts
), gone AS (
    DELETE FROM alerts WHERE id IN (SELECT id FROM placed WHERE at < $1 OR place > $2) RETURNING 1
)
SELECT count(*) FROM gone
"""


class FiredAlert(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule told its owner. The same alert may be told twice, under the same id."""

    id: str
    owner: str
    rule: int
    name: str
    """The rule's, when it was told."""
    kind: str
    """The condition's: ``price``, ``gap``, ``feed`` or ``token``."""
    instrument: str
    """Empty where it is about none."""
    message: str
    value: float | None
    """What was seen, in the unit of the condition; of a test nothing was."""
    is_test: bool = False
    at_ns: int


class FiredAlerts:
    """Written by who judges rules, told by who reads what is untold."""

    def __init__(self, link: PostgresLink) -> None:
        self._link = link

    async def untold(self, limit: int) -> list[FiredAlert]:
        """Those that nobody has been told of for certain, the oldest first."""
        return [fired(row) for row in await self._link.rows(_UNTOLD, limit)]

    async def told(self, identities: Sequence[str]) -> None:
        """From now on they are told."""
        await self._link.value(_TOLD, list(identities))

    async def of(self, owner: str, limit: int, before: tuple[int, str]) -> list[FiredAlert]:
        """The newest of a user's that are older than a time (ns) and id."""
        return [fired(row) for row in await self._link.rows(_OF_USER, owner, moment(before[0]), before[1], limit)]

    async def forget(self, before_ns: int, most: int) -> int:
        """Deletes what is older, and of each user what is beyond so many, with its deliveries; how many there were."""
        return int(await self._link.value(_FORGET, moment(before_ns), most))


def fired(row: asyncpg.Record) -> FiredAlert:
    """An alert of its row."""
    return FiredAlert(
        id=row["id"],
        owner=row["user_id"],
        rule=row["rule_id"],
        name=row["name"],
        kind=row["kind"],
        instrument=row["instrument"],
        message=row["message"],
        value=row["value"],
        is_test=row["is_test"],
        at_ns=row["at_us"] * MICROSECOND_NS,
    )
