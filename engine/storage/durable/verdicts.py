"""Verdicts on minutes without a sound candle, one a minute at most; candles that are saved overrule them."""

# ruff: noqa: S608 - put together from constants; every value travels as an argument

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.market.verdict import Verdict, in_runs
from engine.storage.durable.instruments import InstrumentNames
from engine.storage.durable.link import Connection, PostgresLink
from engine.storage.durable.statements import SAVING_LOCK
from engine.storage.durable.times import MICROSECOND_NS, MICROSECONDS, MOMENT, SECOND_NS, moment

_MINUTE_NS = 60 * SECOND_NS
_DAY = timedelta(days=1)

_TOLD = f"""
WITH told AS MATERIALIZED (
    SELECT instrument_id, date, status, reason, number, tstzrange({MOMENT.format("start_us")}, {MOMENT.format("end_us")}) AS span
    FROM unnest($1::int[], $2::date[], $3::text[], $4::text[], $5::bigint[], $6::bigint[]) WITH ORDINALITY
        AS row(instrument_id, date, status, reason, start_us, end_us, number)
)"""

_CLEAR = f"""{_TOLD}, gone AS MATERIALIZED (
    SELECT instrument_id, date, range_agg(span) AS spans FROM told GROUP BY instrument_id, date
), ended AS (
    DELETE FROM completeness AS old USING gone
    WHERE (old.instrument_id, old.date) = (gone.instrument_id, gone.date) AND old.spans <@ gone.spans
)
UPDATE completeness AS old SET spans = old.spans - gone.spans, updated_at = now() FROM gone
WHERE (old.instrument_id, old.date) = (gone.instrument_id, gone.date)
    AND old.spans && gone.spans AND NOT old.spans <@ gone.spans
"""

# Of verdicts told at once the later one counts. No row, flagged or not, is of a minute that nobody traded in, and no sound
# row is of one that cannot be resolved.
_NOTE = f"""{_TOLD}, overruled AS (
    SELECT told.*, traded.spans AS traded, range_agg(span) OVER (PARTITION BY instrument_id, date ORDER BY number
        ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS newer
    FROM told CROSS JOIN LATERAL (
        SELECT range_agg(tstzrange(ts, ts + interval '1 minute')) AS spans FROM price_history_intraday AS candle
        WHERE candle.instrument_id = told.instrument_id AND timeframe = '1m' AND ts >= lower(span) AND ts < upper(span)
            AND (status = 'empty' OR NOT (resolve_required OR 'NaN' IN (open, high, low, close)))
    ) AS traded
), standing AS (
    SELECT instrument_id, date, status, reason,
        unnest(tstzmultirange(span) - coalesce(newer, '{{}}') - coalesce(traded, '{{}}')) AS span
    FROM overruled
)
INSERT INTO completeness AS old (instrument_id, date, status, reason, spans)
SELECT instrument_id, date, status, reason, range_agg(span) FROM standing GROUP BY instrument_id, date, status, reason
ON CONFLICT (instrument_id, date, status, reason) DO UPDATE SET spans = old.spans + excluded.spans, updated_at = now()
"""

_VERDICTS = f"""
SELECT instrument_id, status, reason, {MICROSECONDS.format("lower(span)")} AS start_us,
    {MICROSECONDS.format("upper(span)")} AS end_us
FROM completeness, unnest(spans * tstzmultirange(tstzrange($2, $3))) AS span
WHERE instrument_id = ANY($1::int[]) AND date BETWEEN $4 AND $5
ORDER BY instrument_id, start_us
"""

Row = tuple[int, date, str, str, int, int]


class Verdicts:
    """What was decided about minutes, kept by instrument and date at its exchange."""

    def __init__(self, link: PostgresLink, names: InstrumentNames) -> None:
        self._link = link
        self._names = names

    async def note_verdicts(self, verdicts: Sequence[Verdict]) -> None:
        """Notes verdicts, over what was decided of their minutes before; the last of ``verdicts`` counts.

        Minutes that traded keep no verdict, nor do instruments that no table knows. Safe to repeat.
        """
        rows = await self._verdict_rows(verdicts)
        await self._write_verdicts([_CLEAR, _NOTE], rows)

    async def clear_verdicts(self, instrument: str, start_ns: int, end_ns: int) -> None:
        """Takes back what was decided of the minutes that open in [start, end)."""
        await self._write_verdicts([_CLEAR], await self._verdict_rows([Verdict(instrument, "empty", start_ns, end_ns)]))

    async def verdicts(self, instruments: Sequence[str], start_ns: int, end_ns: int) -> dict[str, list[Verdict]]:
        """The verdicts on minutes that open in [start, end), cut to it, oldest first; who has none is left out."""
        ids = await self._names.ids(instruments)
        names = {identity: instrument for instrument, identity in ids.items()}
        start, end = moment(start_ns), moment(end_ns)
        dates = (start.date() - _DAY, end.date() + _DAY)  # at the exchange it may be another day
        found: dict[str, list[Verdict]] = {}
        for row in await self._link.rows(_VERDICTS, list(names), start, end, *dates) if start < end else ():
            instrument = names[row["instrument_id"]]
            bounds = row["start_us"] * MICROSECOND_NS, row["end_us"] * MICROSECOND_NS
            found.setdefault(instrument, []).append(Verdict(instrument, row["status"], *bounds, row["reason"]))
        return {instrument: list(in_runs(verdicts)) for instrument, verdicts in found.items()}

    async def _verdict_rows(self, verdicts: Sequence[Verdict]) -> list[Row]:
        ids = await self._names.ids(verdict.instrument for verdict in verdicts)
        known = (verdict for verdict in verdicts if verdict.instrument in ids)
        return [
            (ids[verdict.instrument], day, verdict.status, verdict.reason, start_us, end_us)
            for verdict in known
            for day, start_us, end_us in _by_date(verdict, self._names.zone(verdict.instrument))
        ]

    async def _write_verdicts(self, statements: Iterable[str], rows: Sequence[Row]) -> None:
        async def work(connection: Connection) -> None:
            await connection.execute(SAVING_LOCK)
            for statement in statements:
                await connection.execute(statement, *zip(*rows, strict=True))

        if rows:
            await self._link.run(work)


def _by_date(verdict: Verdict, zone: ZoneInfo) -> Iterator[tuple[date, int, int]]:
    """Its whole minutes, each date's in microseconds: rows stay small, however long a verdict is."""
    start_ns = -(-verdict.start_ns // _MINUTE_NS) * _MINUTE_NS
    end_ns = -(-verdict.end_ns // _MINUTE_NS) * _MINUTE_NS
    while start_ns < end_ns:
        day = datetime.fromtimestamp(start_ns // SECOND_NS, zone).date()
        midnight_ns = int(datetime.combine(day + _DAY, time.min, zone).timestamp()) * SECOND_NS
        until_ns = min(end_ns, midnight_ns)
        yield day, start_ns // MICROSECOND_NS, until_ns // MICROSECOND_NS
        start_ns = until_ns
