"""Corporate actions in PostgreSQL: what people enter goes before what providers say."""

# ruff: noqa: S608 - put together from constants; every value travels as an argument

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import asyncpg
import msgspec

from engine.market.corporate_action import ActionKind, CloseBefore, CorporateAction, KnownAction
from engine.storage.durable.instruments import InstrumentNames
from engine.storage.durable.link import Connection, PostgresLink
from engine.storage.durable.times import MICROSECOND_NS, MICROSECONDS

PEOPLE = ("admin", "file")
"""Sources that no provider overrules."""

_NAMED = "a JOIN instruments i ON i.id = a.instrument_id JOIN exchanges e ON e.id = i.exchange_id"
_ROW = "a.id, e.code || ':' || i.symbol AS instrument, a.ex_date, a.kind, a.ratio, a.amount, a.source, a.is_active, a.created_at, a.updated_at"
_ACTIVE = "a.is_active AND a.instrument_id = ANY($1::int[])"
_MEASURED = f"""
SELECT {_ROW}, b.date, b.close, b.source AS close_source, {MICROSECONDS.format("b.published_at")} AS published_us
FROM corporate_actions {_NAMED} LEFT JOIN LATERAL (
    SELECT date, close, source, published_at FROM price_history_daily AS day
    WHERE a.kind = 'dividend' AND day.instrument_id = a.instrument_id AND day.date < a.ex_date AND state <> 'forming'
        AND day.date >= a.ex_date - 14
    ORDER BY date DESC LIMIT 1
) AS b ON true
WHERE {_ACTIVE}"""
_KNOWN = f"{_MEASURED} ORDER BY a.ex_date, a.kind"
_BETWEEN = f"{_MEASURED} AND a.ex_date BETWEEN $2 AND $3 AND ($4 OR a.ratio IS NOT NULL) ORDER BY a.ex_date, a.kind"
_PAGE = f"""
SELECT {_ROW} FROM corporate_actions {_NAMED}
WHERE a.is_active AND ($2::int IS NULL OR a.instrument_id = $2) AND a.ex_date BETWEEN $3 AND $4
    AND ($5::date IS NULL OR (a.ex_date, a.id) < ($5, $6))
ORDER BY a.ex_date DESC, a.id DESC LIMIT $1
"""
_ONE = f"SELECT {_ROW} FROM corporate_actions {_NAMED} WHERE a.is_active AND a.id = $1"
_RETIRE = "UPDATE corporate_actions SET is_active = false, updated_at = now() WHERE id = $1 AND is_active RETURNING id"
_INPUT = """
WITH input AS (
    SELECT * FROM unnest($1::int[], $2::date[], $3::text[], $4::float8[], $5::float8[], $6::text[])
        AS row(instrument_id, ex_date, kind, ratio, amount, source)
)
"""
_YIELD = f"""
{_INPUT}
DELETE FROM corporate_actions AS old USING input
WHERE old.instrument_id = input.instrument_id AND old.ex_date = input.ex_date AND NOT old.source = ANY($7)
    AND input.source = ANY($7) AND (old.kind = 'dividend') = (input.kind = 'dividend')
"""
"""A provider may call a bonus a split, or both together one: what it said of that day makes way for what people say."""
_SAVE = f"""
{_INPUT}, written AS (
    INSERT INTO corporate_actions AS old (instrument_id, ex_date, kind, ratio, amount, source)
    SELECT * FROM input WHERE source = ANY($7) OR NOT EXISTS (
        SELECT FROM corporate_actions AS known WHERE known.instrument_id = input.instrument_id
            AND known.ex_date = input.ex_date AND known.source = ANY($7)
            AND (known.kind = 'dividend') = (input.kind = 'dividend')
    )
    ON CONFLICT (instrument_id, ex_date, kind) DO UPDATE
    SET ratio = excluded.ratio, amount = excluded.amount, source = excluded.source, is_active = true, updated_at = now()
    WHERE (old.is_active OR excluded.source = ANY($7)) AND (old.is_active, old.ratio, old.amount, old.source)
        IS DISTINCT FROM (true, excluded.ratio, excluded.amount, excluded.source)
    RETURNING 1
)
SELECT count(*) FROM written
"""


class ActionEntry(CorporateAction, frozen=True, kw_only=True):
    """An action as it stands in the table."""

    id: int
    is_active: bool
    created_at: datetime
    updated_at: datetime


class CorporateActions:
    """Actions by instrument and ex-date. Those that were taken back by somebody stay so, whatever a provider says."""

    def __init__(self, link: PostgresLink, names: InstrumentNames) -> None:
        self._link = link
        self._names = names

    async def save(self, actions: Sequence[CorporateAction]) -> int:
        """Saves actions, each over what was said of its day and kind before; how many are new or changed. Safe to repeat.

        Those of instruments that no table knows are left out. Of one instrument, day and kind there may be one.
        """
        ids = await self._names.ids(action.instrument for action in actions)
        rows = [
            (ids[one.instrument], one.ex_date, one.kind.value, one.ratio, one.amount, one.source)
            for one in {(one.instrument, one.ex_date, one.kind): one for one in actions}.values()
            if one.instrument in ids
        ]
        if not rows:
            return 0
        columns = [*zip(*rows, strict=True), PEOPLE]

        async def work(connection: Connection) -> int:
            await connection.execute(_YIELD, *columns)
            return await connection.fetchval(_SAVE, *columns)

        return await self._link.run(work)

    async def known(self, instruments: Sequence[str]) -> dict[str, list[KnownAction]]:
        """The actions of each instrument that has some, oldest first, with the closes that dividends are measured against."""
        return await self._by_instrument(_KNOWN, instruments)

    async def between(
        self, instruments: Sequence[str], first: date, last: date, *, dividends: bool
    ) -> dict[str, list[KnownAction]]:
        """The same of those with ex-dates of [first, last]: splits and bonuses, and dividends where they are wanted."""
        return await self._by_instrument(_BETWEEN, instruments, first, last, dividends)

    async def _by_instrument(
        self, query: str, instruments: Sequence[str], *arguments: Any
    ) -> dict[str, list[KnownAction]]:
        ids = await self._names.ids(instruments)
        found: dict[str, list[KnownAction]] = {}
        for row in await self._link.rows(query, list(ids.values()), *arguments):
            found.setdefault(row["instrument"], []).append(KnownAction(_action(row), _close(row)))
        return found

    async def page(
        self, limit: int, first: date, last: date, instrument: str | None = None, after: tuple[date, int] | None = None
    ) -> list[ActionEntry]:
        """Those with ex-dates of [first, last], of all or of one instrument, the newest first, after a date and number."""
        identity = None if instrument is None else (await self._names.ids([instrument])).get(instrument, 0)
        rows = await self._link.rows(_PAGE, limit, identity, first, last, *(after or (None, None)))
        return [_entry(row) for row in rows]

    async def one(self, identity: int) -> ActionEntry | None:
        """The action of that number."""
        rows = await self._link.rows(_ONE, identity)
        return _entry(rows[0]) if rows else None

    async def retire(self, identity: int) -> bool:
        """Takes an action back; whether it was there."""
        return await self._link.value(_RETIRE, identity) is not None


def _action(row: asyncpg.Record) -> CorporateAction:
    return CorporateAction(
        instrument=row["instrument"],
        ex_date=row["ex_date"],
        kind=ActionKind(row["kind"]),
        ratio=row["ratio"],
        amount=row["amount"],
        source=row["source"],
    )


def _entry(row: asyncpg.Record) -> ActionEntry:
    return msgspec.convert(dict(row), ActionEntry)


def _close(row: asyncpg.Record) -> CloseBefore | None:
    if row["date"] is None:
        return None
    return CloseBefore(row["date"], row["close"], row["close_source"], row["published_us"] * MICROSECOND_NS)
