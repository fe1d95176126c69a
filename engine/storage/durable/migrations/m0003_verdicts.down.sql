ALTER TABLE price_history_intraday RESET (autovacuum_vacuum_insert_scale_factor, autovacuum_vacuum_insert_threshold);
DROP INDEX intraday_unsound;

ALTER TABLE completeness RENAME TO verdicts_before;
ALTER TABLE verdicts_before RENAME CONSTRAINT completeness_pkey TO verdicts_before_pkey;

CREATE TABLE completeness (
    instrument_id integer NOT NULL REFERENCES instruments,
    timeframe text NOT NULL,
    start_ts timestamptz NOT NULL,
    end_ts timestamptz NOT NULL,
    status text NOT NULL CHECK (status IN ('open', 'healed', 'unresolvable')),
    reason text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (instrument_id, timeframe, start_ts)
);

INSERT INTO completeness (instrument_id, timeframe, start_ts, end_ts, status, reason)
SELECT instrument_id, '1m', lower(span), upper(span) - interval '1 minute', status, reason
FROM verdicts_before, unnest(spans) AS span WHERE status = 'unresolvable';

DROP TABLE verdicts_before;
DROP FUNCTION whole_minutes;
