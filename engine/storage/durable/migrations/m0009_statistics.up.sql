-- What is worked out of a day when it is over. A figure that can not be had is null, and reasons says why, by its column.

CREATE TABLE market_statistics (
    instrument_id integer NOT NULL REFERENCES instruments,
    date date NOT NULL,
    close double precision NOT NULL,
    volume bigint NOT NULL,
    return_1d double precision,
    return_5d double precision,
    return_21d double precision,
    return_252d double precision,
    realised_volatility double precision,
    atr double precision,
    high_52w double precision,
    low_52w double precision,
    volume_average double precision,
    relative_volume double precision,
    vwap double precision,
    point_of_control double precision,
    value_area_low double precision,
    value_area_high double precision,
    oi bigint,
    oi_change bigint,
    minutes integer NOT NULL,
    minutes_expected integer NOT NULL,
    profile jsonb NOT NULL DEFAULT '[]',
    reasons jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (instrument_id, date)
);

CREATE INDEX market_statistics_by_date ON market_statistics (date);

-- A day's rows are found by it, to be archived and to be dropped: they lie about in the order of their time.
CREATE INDEX intraday_times ON price_history_intraday USING brin (ts) WITH (pages_per_range = 32);
CREATE INDEX revision_times ON candle_revisions USING brin (ts) WITH (pages_per_range = 32);
