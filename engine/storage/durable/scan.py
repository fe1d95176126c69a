"""The gap scan: which sessions lack minutes, counted inside PostgreSQL."""

# ruff: noqa: S608 - put together from constants; every value travels as an argument

import asyncio
from collections.abc import Sequence

import msgspec

from engine.market.calendar import Session
from engine.storage.durable.instruments import InstrumentNames
from engine.storage.durable.link import PostgresLink
from engine.storage.durable.times import MICROSECOND_NS, MOMENT, SECOND_NS

ARCHIVED = "archived"
"""The checkpoint up to which days are archived, and their minutes and longer bars not held any more; days' own bars stay."""
_MINUTE_NS = 60 * SECOND_NS
_QUERIES_AT_ONCE = 2
_INSTRUMENTS_A_QUERY = 25
"""A query on a year of them takes a fraction of a second; between two queries others have their turn."""

# The candles of a session are counted in the primary key alone, without a look at the table. Decided minutes are counted
# from what their row says, unless only a part of its date lies in the session.
_SHORT = f"""
WITH session AS MATERIALIZED (
    SELECT number, start_ts, end_ts, expected
    FROM unnest($2::bigint[], $3::bigint[], $4::int[]) WITH ORDINALITY AS row(start_us, end_us, expected, number),
        LATERAL (SELECT {MOMENT.format("start_us")} AS start_ts, {MOMENT.format("end_us")} AS end_ts) AS bound
)
SELECT instrument_id, number, present - unsound AS present, empty, unresolvable
FROM unnest($1::int[]) AS wanted(instrument_id) CROSS JOIN session
CROSS JOIN LATERAL (
    SELECT count(*) AS present FROM price_history_intraday AS candle
    WHERE candle.instrument_id = wanted.instrument_id AND timeframe = '1m' AND ts >= start_ts AND ts < end_ts
) AS counted
CROSS JOIN LATERAL (
    SELECT count(*) AS unsound FROM price_history_intraday AS candle
    WHERE candle.instrument_id = wanted.instrument_id AND timeframe = '1m' AND ts >= start_ts AND ts < end_ts
        AND (resolve_required OR 'NaN' IN (open, high, low, close))
) AS flagged
CROSS JOIN LATERAL (
    SELECT coalesce(sum(part) FILTER (WHERE status = 'empty'), 0) AS empty,
        coalesce(sum(part) FILTER (WHERE status = 'unresolvable'), 0) AS unresolvable
    FROM completeness AS verdict, LATERAL (
        SELECT CASE WHEN spans <@ tstzrange(start_ts, end_ts) THEN minutes
            ELSE whole_minutes(spans * tstzmultirange(tstzrange(start_ts, end_ts))) END AS part
    ) AS inside
    WHERE verdict.instrument_id = wanted.instrument_id
        AND date BETWEEN (start_ts AT TIME ZONE 'UTC')::date - 1 AND (end_ts AT TIME ZONE 'UTC')::date + 1
) AS decided
WHERE present - unsound + empty + CASE WHEN $5 THEN 0 ELSE unresolvable END < expected
"""


class ShortSession(msgspec.Struct, frozen=True, gc=False):
    """A session of one instrument in which minutes are neither there nor decided about."""

    instrument: str
    session: Session
    present: int
    """Minutes with a sound candle: not flagged, and with all its prices."""
    empty: int
    unresolvable: int

    @property
    def expected(self) -> int:
        return minutes_of(self.session)

    @property
    def missing(self) -> int:
        """Minutes nothing is known of, those under healing among them."""
        return self.expected - self.present - self.empty - self.unresolvable


class GapScan:
    """Compares what the calendar expects with what the tables hold."""

    def __init__(self, link: PostgresLink, names: InstrumentNames) -> None:
        self._link = link
        self._names = names

    async def short_sessions(
        self, instruments: Sequence[str], sessions: Sequence[Session], *, unresolvable: bool = False
    ) -> list[ShortSession]:
        """The sessions in which an instrument has fewer one-minute candles and verdicts than minutes.

        With ``unresolvable`` also those that lack nothing else than minutes of which nobody can say more.

        ``sessions`` are those of the instruments' common calendar; one that is not over, or too young to be saved, is
        given with the end up to which its minutes are expected. Candles that are flagged or lack a price count as not
        there. Instruments that no table knows are left out.
        """
        ids = await self._names.ids(instruments)
        names = {identity: instrument for instrument, identity in ids.items()}
        wanted = [session for session in sessions if minutes_of(session) > 0]
        asked = (
            [session.start_ns // MICROSECOND_NS for session in wanted],
            [session.end_ns // MICROSECOND_NS for session in wanted],
            [minutes_of(session) for session in wanted],
        )
        chunks = iter(
            [list(names)[start : start + _INSTRUMENTS_A_QUERY] for start in range(0, len(names), _INSTRUMENTS_A_QUERY)]
        )
        found: list[ShortSession] = []

        async def count() -> None:
            for chunk in chunks:
                for row in await self._link.rows(_SHORT, chunk, *asked, unresolvable):
                    counts = row["present"], row["empty"], row["unresolvable"]
                    found.append(ShortSession(names[row["instrument_id"]], wanted[int(row["number"]) - 1], *counts))

        if wanted:
            await asyncio.gather(*(count() for _ in range(_QUERIES_AT_ONCE)))
        return sorted(found, key=lambda short: (short.instrument, short.session.start_ns))


def minutes_of(session: Session) -> int:
    """The whole minutes of a session, or of what of it is over."""
    return (session.end_ns - session.start_ns) // _MINUTE_NS
