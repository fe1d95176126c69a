-- What was decided about minutes that have no sound candle: nobody traded, or nobody can say any more. A minute has at
-- most one verdict. What traded is not repeated here, and what is missing follows from the calendar.

ALTER TABLE completeness RENAME TO gaps_before;
ALTER TABLE gaps_before RENAME CONSTRAINT completeness_pkey TO gaps_before_pkey;

CREATE FUNCTION whole_minutes(spans tstzmultirange) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (SELECT coalesce(sum(extract(epoch FROM upper(span) - lower(span))) / 60, 0)::integer FROM unnest(spans) AS span);

CREATE TABLE completeness (
    instrument_id integer NOT NULL REFERENCES instruments,
    date date NOT NULL, -- the exchange's
    status text NOT NULL CHECK (status IN ('empty', 'unresolvable')),
    reason text NOT NULL DEFAULT '',
    spans tstzmultirange NOT NULL CHECK (NOT isempty(spans)),
    minutes integer GENERATED ALWAYS AS (whole_minutes(spans)) STORED,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (instrument_id, date, status, reason)
);

-- A gap that was given up named its first and last minute, and may overlap another: of those the newer one's word counts.
WITH part AS (
    SELECT gap.instrument_id, local.date, gap.reason, gap.updated_at, gap.start_ts, tstzrange(
        greatest(date_trunc('minute', gap.start_ts), local.date::timestamp AT TIME ZONE exchange.timezone),
        least(date_trunc('minute', gap.end_ts) + interval '1 minute',
            (local.date + 1)::timestamp AT TIME ZONE exchange.timezone)) AS span
    FROM gaps_before gap
    JOIN instruments instrument ON instrument.id = gap.instrument_id
    JOIN exchanges exchange ON exchange.id = instrument.exchange_id
    CROSS JOIN LATERAL (
        SELECT day::date AS date FROM generate_series(
            (gap.start_ts AT TIME ZONE exchange.timezone)::date::timestamp,
            (gap.end_ts AT TIME ZONE exchange.timezone)::date::timestamp, interval '1 day') AS day
    ) AS local
    WHERE gap.status = 'unresolvable' AND gap.timeframe = '1m'
), overruled AS (
    SELECT *, range_agg(span) OVER (PARTITION BY instrument_id, date ORDER BY updated_at, start_ts
        ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS newer
    FROM part
), standing AS (
    SELECT instrument_id, date, reason, unnest(tstzmultirange(span) - coalesce(newer, '{}')) AS span FROM overruled
)
INSERT INTO completeness (instrument_id, date, status, reason, spans)
SELECT instrument_id, date, 'unresolvable', reason, range_agg(span) FROM standing GROUP BY instrument_id, date, reason;

DROP TABLE gaps_before;

-- The gap scan counts by the primary key alone, and takes off the few that are there and not sound. Not a number is what
-- a price that was null at its source becomes in a column that takes none.
CREATE INDEX intraday_unsound ON price_history_intraday (instrument_id, ts) WHERE timeframe = '1m' AND (
    resolve_required OR 'NaN' IN (open, high, low, close));

-- An index is read without its table only where vacuum has been, and by default it comes after a fifth of the table is new.
ALTER TABLE price_history_intraday SET (
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 500000);
