"""The SQL of price history.

The rule of replacement, once for all: a row gives way to a higher revision; at the same revision a forming row gives way to
anything, and a flagged one to an unflagged closed one of other numbers or of another source. A closed row takes a flag that
is told of it later, as doubt comes after the minute: with the same revision, numbers and source it is the same candle, was
published when it was told first, and is nobody's revision. Its repeat without the flag, as after a crash, does not clear
that: only a heal does, whose revision is higher. Everything else, repeats among it, changes nothing.
"""

# ruff: noqa: S608 - put together from constants; every value travels as an argument

from engine.storage.durable.times import MICROSECONDS, MOMENT

SAVING_LOCK = "SELECT pg_advisory_xact_lock(7473101002)"
"""One save at a time: what a revision replaces must be what it read."""

_EPOCH_US = MOMENT.format("time_us")
_PUBLISHED = f"coalesce({MOMENT.format('nullif(published_us, 0)')}, now())"
_TIME_US = f"{MICROSECONDS.format('ts')} AS time_us"

_GIVES_WAY = """(
    new.rev > old.rev
    OR new.rev = old.rev AND (
        old.state = 'forming' AND (new.open, new.high, new.low, new.close, new.volume, new.oi, new.state, new.resolve_required)
            IS DISTINCT FROM (old.open, old.high, old.low, old.close, old.volume, old.oi, old.state, old.resolve_required)
        OR old.resolve_required AND NOT new.resolve_required AND new.state <> 'forming'
            AND (new.open, new.high, new.low, new.close, new.volume, new.oi, new.source)
            IS DISTINCT FROM (old.open, old.high, old.low, old.close, old.volume, old.oi, old.source)
    )
)"""

_IS_FLAGGED = """(
    new.rev = old.rev AND new.resolve_required AND NOT old.resolve_required AND new.state <> 'forming' AND old.state <> 'forming'
    AND (new.open, new.high, new.low, new.close, new.volume, new.oi, new.source)
        IS NOT DISTINCT FROM (old.open, old.high, old.low, old.close, old.volume, old.oi, old.source)
)"""
"""Without it a doubt that came after the save would be known to Redis alone, and the minute would count as sound."""

_IS_NEWS = f"({_GIVES_WAY} OR {_IS_FLAGGED})".replace("new.", "excluded.")

_SUPERSEDED = """new.rev < old.rev AND new.state <> 'forming' AND new.published_us > 0 AND NOT EXISTS (
        SELECT FROM candle_revisions AS kept WHERE kept.instrument_id = new.instrument_id AND kept.timeframe = {timeframe}
            AND kept.ts = new.ts AND kept.rev = new.rev
    )"""
"""A revision that comes after the one that replaced it is kept all the same, if it was ever published, and once."""

_SET = f"""
    ts = excluded.ts, open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
    volume = excluded.volume, oi = excluded.oi, source = excluded.source, rev = excluded.rev, state = excluded.state,
    resolve_required = excluded.resolve_required,
    published_at = CASE WHEN {_IS_FLAGGED.replace("new.", "excluded.")} THEN old.published_at ELSE excluded.published_at END
"""

# A minute that traded after all loses its verdict: a sound candle any, a flagged one the verdict that nobody traded. What is
# no news takes none back: after a start the flagged are saved once more, some without the flag, and are as hopeless as before.
_OVERRULE = """
traded AS MATERIALIZED (
    SELECT instrument_id, min(ts) AS first_ts, max(ts) AS last_ts, range_agg(minute) AS any_state,
        coalesce(range_agg(minute) FILTER (WHERE NOT (resolve_required OR 'NaN' IN (open, high, low, close))), '{}') AS sound
    FROM written, LATERAL (SELECT tstzrange(ts, ts + interval '1 minute') AS minute) AS opened
    WHERE timeframe = '1m' GROUP BY instrument_id
), overruled AS MATERIALIZED (
    SELECT instrument_id, date, status, reason, spans - overruling AS left_over
    FROM traded CROSS JOIN LATERAL (
        SELECT date, status, reason, spans, CASE status WHEN 'empty' THEN any_state ELSE sound END AS overruling
        FROM completeness AS verdict WHERE verdict.instrument_id = traded.instrument_id
            AND date BETWEEN (first_ts AT TIME ZONE 'UTC')::date - 1 AND (last_ts AT TIME ZONE 'UTC')::date + 1
        OFFSET 0
    ) AS decided
    WHERE spans && overruling
), ended AS (
    DELETE FROM completeness AS verdict USING overruled AS new
    WHERE (verdict.instrument_id, verdict.date, verdict.status, verdict.reason)
        = (new.instrument_id, new.date, new.status, new.reason) AND isempty(left_over)
), shrunk AS (
    UPDATE completeness AS verdict SET spans = left_over, updated_at = now() FROM overruled AS new
    WHERE (verdict.instrument_id, verdict.date, verdict.status, verdict.reason)
        = (new.instrument_id, new.date, new.status, new.reason) AND NOT isempty(left_over)
)"""

SAVE_INTRADAY = f"""
WITH input AS MATERIALIZED (
    SELECT *, {_EPOCH_US} AS ts, {_PUBLISHED} AS published_at
    FROM unnest($1::int[], $2::text[], $3::bigint[], $4::float8[], $5::float8[], $6::float8[], $7::float8[], $8::bigint[],
        $9::bigint[], $10::text[], $11::int[], $12::text[], $13::bool[],
        $14::bigint[])
    AS row(instrument_id, timeframe, time_us, open, high, low, close, volume, oi, source, rev, state, resolve_required,
        published_us)
), replaced AS (
    INSERT INTO candle_revisions (instrument_id, timeframe, ts, rev, open, high, low, close, volume, oi, previous_close,
        delivery_percentage, source, state, resolve_required, published_at)
    SELECT old.instrument_id, old.timeframe, old.ts, old.rev, old.open, old.high, old.low, old.close, old.volume, old.oi,
        old.previous_close, old.delivery_percentage, old.source, old.state, old.resolve_required, old.published_at
    FROM input AS new JOIN price_history_intraday AS old USING (instrument_id, timeframe, ts)
    WHERE old.state <> 'forming' AND {_GIVES_WAY}
    ON CONFLICT DO NOTHING
), superseded AS (
    INSERT INTO candle_revisions (instrument_id, timeframe, ts, rev, open, high, low, close, volume, oi, source, state,
        resolve_required, published_at)
    SELECT new.instrument_id, new.timeframe, new.ts, new.rev, new.open, new.high, new.low, new.close, new.volume, new.oi,
        new.source, new.state, new.resolve_required, new.published_at
    FROM input AS new JOIN price_history_intraday AS old USING (instrument_id, timeframe, ts)
    WHERE {_SUPERSEDED.format(timeframe="new.timeframe")}
    ON CONFLICT DO NOTHING
), written AS (
    INSERT INTO price_history_intraday AS old (instrument_id, timeframe, ts, open, high, low, close, volume, oi, source, rev,
        state, resolve_required, published_at)
    SELECT instrument_id, timeframe, ts, open, high, low, close, volume, oi, source, rev, state, resolve_required,
        published_at FROM input
    ON CONFLICT (instrument_id, timeframe, ts) DO UPDATE SET {_SET}
    WHERE {_IS_NEWS}
    RETURNING instrument_id, timeframe, ts, open, high, low, close, resolve_required
), {_OVERRULE}
SELECT count(*) FROM written
"""

SAVE_DAILY = f"""
WITH input AS MATERIALIZED (
    SELECT *, {_EPOCH_US} AS ts, {_PUBLISHED} AS published_at
    FROM unnest($1::int[], $2::date[], $3::bigint[], $4::float8[], $5::float8[], $6::float8[], $7::float8[], $8::bigint[],
        $9::bigint[], $10::text[], $11::int[], $12::text[], $13::bool[],
        $14::bigint[], $15::float8[], $16::float8[], $17::float8[])
    AS row(instrument_id, date, time_us, open, high, low, close, volume, oi, source, rev, state, resolve_required,
        published_us, previous_close, adj_close, delivery_percentage)
), replaced AS (
    INSERT INTO candle_revisions (instrument_id, timeframe, ts, rev, open, high, low, close, adj_close, volume, oi,
        previous_close, delivery_percentage, source, state, resolve_required, published_at)
    SELECT old.instrument_id, '1d', old.ts, old.rev, old.open, old.high, old.low, old.close, old.adj_close, old.volume, old.oi,
        old.previous_close, old.delivery_percentage, old.source, old.state, old.resolve_required, old.published_at
    FROM input AS new JOIN price_history_daily AS old USING (instrument_id, date)
    WHERE old.state <> 'forming' AND {_GIVES_WAY}
    ON CONFLICT DO NOTHING
), superseded AS (
    INSERT INTO candle_revisions (instrument_id, timeframe, ts, rev, open, high, low, close, adj_close, volume, oi,
        previous_close, delivery_percentage, source, state, resolve_required, published_at)
    SELECT new.instrument_id, '1d', new.ts, new.rev, new.open, new.high, new.low, new.close, new.adj_close, new.volume, new.oi,
        new.previous_close, new.delivery_percentage, new.source, new.state, new.resolve_required, new.published_at
    FROM input AS new JOIN price_history_daily AS old USING (instrument_id, date)
    WHERE {_SUPERSEDED.format(timeframe="'1d'")}
    ON CONFLICT DO NOTHING
), written AS (
    INSERT INTO price_history_daily AS old (instrument_id, date, ts, open, high, low, close, volume, oi, source, rev, state,
        resolve_required, published_at, previous_close, adj_close, delivery_percentage)
    SELECT instrument_id, date, ts, open, high, low, close, volume, oi, source, rev, state, resolve_required, published_at,
        previous_close, adj_close, delivery_percentage FROM input
    ON CONFLICT (instrument_id, date) DO UPDATE SET {_SET},
        previous_close = coalesce(excluded.previous_close, old.previous_close),
        adj_close = coalesce(excluded.adj_close, old.adj_close),
        delivery_percentage = coalesce(excluded.delivery_percentage, old.delivery_percentage)
    WHERE {_IS_NEWS}
    RETURNING 1
)
SELECT count(*) FROM written
"""

SAVE_CHECKPOINT = """
INSERT INTO checkpoints AS old (name, position_ns) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET position_ns = greatest(old.position_ns, excluded.position_ns), updated_at = now()
"""

CHECKPOINT = "SELECT position_ns FROM checkpoints WHERE name = $1"

_CANDLE = (
    f"instrument_id, {_TIME_US}, open, high, low, close, volume, oi, source, rev, state, resolve_required, "
    f"{MICROSECONDS.format('published_at')} AS published_us"
)

CANDLES = f"""
SELECT {_CANDLE} FROM price_history_intraday
WHERE instrument_id = ANY($1::int[]) AND timeframe = $2 AND ts >= $3 AND ts < $4
ORDER BY instrument_id, ts
"""

DAY_CANDLES = f"""
SELECT {_CANDLE} FROM price_history_daily
WHERE instrument_id = ANY($1::int[]) AND ts >= $2 AND ts < $3
ORDER BY instrument_id, ts
"""

_NTH = """
SELECT {time_us} FROM {table} WHERE instrument_id = $1 AND {timeframe} AND ts >= $3 AND ts < $4
ORDER BY ts {order} OFFSET $5 LIMIT 1
"""

_INTRADAY = {"time_us": _TIME_US, "table": "price_history_intraday", "timeframe": "timeframe = $2"}
_DAILY = {"time_us": _TIME_US, "table": "price_history_daily", "timeframe": "$2 = '1d'"}

NTH_BAR, NTH_NEWEST_BAR = _NTH.format(**_INTRADAY, order="ASC"), _NTH.format(**_INTRADAY, order="DESC")
NTH_DAY, NTH_NEWEST_DAY = _NTH.format(**_DAILY, order="ASC"), _NTH.format(**_DAILY, order="DESC")

PUBLISHED_AFTER = f"""
SELECT {_CANDLE} FROM price_history_intraday
WHERE instrument_id = ANY($1::int[]) AND timeframe = $2 AND published_at > $3 AND state <> 'forming'
ORDER BY published_at, ts LIMIT $4
"""

DAYS_PUBLISHED_AFTER = f"""
SELECT {_CANDLE} FROM price_history_daily
WHERE instrument_id = ANY($1::int[]) AND $2 = '1d' AND published_at > $3 AND state <> 'forming'
ORDER BY published_at, ts LIMIT $4
"""

DAYS = f"""
SELECT {_CANDLE}, date, previous_close, adj_close, delivery_percentage FROM price_history_daily
WHERE instrument_id = $1 AND date BETWEEN $2 AND $3
ORDER BY date
"""

FLAGGED_INTRADAY = f"""
SELECT {_CANDLE}, timeframe FROM price_history_intraday WHERE resolve_required AND ts < $1 ORDER BY ts LIMIT $2
"""

FLAGGED_DAYS = f"""
SELECT {_CANDLE}, '1d' AS timeframe FROM price_history_daily WHERE resolve_required AND ts < $1 ORDER BY ts LIMIT $2
"""

# Of each bucket the newest that was published by then, in the order in which they could follow each other.
_AS_OF = """
SELECT DISTINCT ON (ts) * FROM (
    SELECT {columns}, ts, published_at FROM {table} AS standing
    WHERE instrument_id = $1 AND {timeframe} AND ts >= $3 AND ts < $4 AND published_at <= $5
    UNION ALL
    SELECT {columns}, ts, published_at FROM candle_revisions AS replaced
    WHERE instrument_id = $1 AND timeframe = $2 AND ts >= $3 AND ts < $4 AND published_at <= $5
) AS published
ORDER BY ts, rev DESC, published_at DESC
"""

AS_OF = _AS_OF.format(columns=_CANDLE, table="price_history_intraday", timeframe="timeframe = $2")
DAYS_AS_OF = _AS_OF.format(columns=_CANDLE, table="price_history_daily", timeframe="$2 = '1d'")

FUTURE_VOLUMES = """
SELECT e.code || ':' || i.symbol AS instrument, d.date, d.volume
FROM instruments i JOIN exchanges e ON e.id = i.exchange_id
JOIN price_history_daily d ON d.instrument_id = i.id AND d.date >= $1 AND d.state <> 'forming'
WHERE i.kind = 'future' AND i.expiry >= $1
"""
