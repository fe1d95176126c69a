-- Entities: what can be traded, where, and under which name each provider knows it.

CREATE TABLE exchanges (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE,
    name text NOT NULL,
    timezone text NOT NULL,
    country text NOT NULL DEFAULT '',
    currency text NOT NULL DEFAULT '',
    market_open_time time,
    market_close_time time,
    is_24_hours boolean NOT NULL DEFAULT false,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE sectors (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE providers (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    rate_limits jsonb NOT NULL DEFAULT '{}',
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE instruments (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    exchange_id integer NOT NULL REFERENCES exchanges,
    symbol text NOT NULL,
    name text NOT NULL DEFAULT '',
    kind text NOT NULL CHECK (kind IN ('equity', 'index', 'future', 'option')),
    sector_id integer REFERENCES sectors,
    tick_size double precision NOT NULL CHECK (tick_size > 0),
    lot_size integer NOT NULL DEFAULT 1 CHECK (lot_size > 0),
    expiry date,
    strike double precision,
    option_type text CHECK (option_type IN ('CE', 'PE')),
    underlying text,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (exchange_id, symbol)
);

CREATE INDEX instruments_by_underlying ON instruments (underlying, expiry) WHERE underlying IS NOT NULL;

CREATE TABLE exchange_provider_mapping (
    exchange_id integer NOT NULL REFERENCES exchanges,
    provider_id integer NOT NULL REFERENCES providers,
    priority integer NOT NULL DEFAULT 1,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (exchange_id, provider_id)
);

-- A vendor's token may be given to another instrument later: of each token, and of each instrument, one mapping is open.
CREATE TABLE provider_instrument_mapping (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    provider_id integer NOT NULL REFERENCES providers,
    instrument_id integer NOT NULL REFERENCES instruments,
    segment text NOT NULL,
    provider_symbol text NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX mapping_of_a_token ON provider_instrument_mapping (provider_id, segment, provider_symbol)
    WHERE valid_to IS NULL;
CREATE UNIQUE INDEX mapping_of_an_instrument ON provider_instrument_mapping (provider_id, instrument_id)
    WHERE valid_to IS NULL;

-- Prices.

CREATE TABLE price_history_intraday (
    instrument_id integer NOT NULL REFERENCES instruments,
    timeframe text NOT NULL,
    ts timestamptz NOT NULL,
    open double precision NOT NULL,
    high double precision NOT NULL,
    low double precision NOT NULL,
    close double precision NOT NULL,
    volume bigint NOT NULL,
    oi bigint,
    previous_close double precision,
    delivery_percentage double precision,
    source text NOT NULL,
    rev integer NOT NULL,
    state text NOT NULL CHECK (state IN ('forming', 'final', 'revised')),
    resolve_required boolean NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (instrument_id, timeframe, ts)
);

CREATE INDEX intraday_to_resolve ON price_history_intraday (ts) WHERE resolve_required;

CREATE TABLE price_history_daily (
    instrument_id integer NOT NULL REFERENCES instruments,
    date date NOT NULL,
    ts timestamptz NOT NULL,
    open double precision NOT NULL,
    high double precision NOT NULL,
    low double precision NOT NULL,
    close double precision NOT NULL,
    adj_close double precision,
    volume bigint NOT NULL,
    oi bigint,
    previous_close double precision,
    delivery_percentage double precision,
    source text NOT NULL,
    rev integer NOT NULL,
    state text NOT NULL CHECK (state IN ('forming', 'final', 'revised')),
    resolve_required boolean NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (instrument_id, date)
);

CREATE INDEX daily_to_resolve ON price_history_daily (date) WHERE resolve_required;

-- What a revision replaced, of intraday and (timeframe 1d) of daily rows.
CREATE TABLE candle_revisions (
    instrument_id integer NOT NULL REFERENCES instruments,
    timeframe text NOT NULL,
    ts timestamptz NOT NULL,
    rev integer NOT NULL,
    open double precision NOT NULL,
    high double precision NOT NULL,
    low double precision NOT NULL,
    close double precision NOT NULL,
    adj_close double precision,
    volume bigint NOT NULL,
    oi bigint,
    previous_close double precision,
    delivery_percentage double precision,
    source text NOT NULL,
    state text NOT NULL,
    resolve_required boolean NOT NULL,
    published_at timestamptz NOT NULL,
    replaced_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (instrument_id, timeframe, ts, rev, published_at)
);

-- The engine's work.

CREATE TABLE checkpoints (
    name text PRIMARY KEY,
    position_ns bigint NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- Gaps: stretches of buckets that were touched by an interruption, and what became of them.
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

CREATE TABLE jobs (
    id text PRIMARY KEY,
    kind text NOT NULL,
    status text NOT NULL,
    progress double precision NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
    message text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE secrets (
    name text PRIMARY KEY,
    hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    action text NOT NULL,
    target text NOT NULL DEFAULT '',
    detail jsonb NOT NULL DEFAULT '{}'
);

-- Partitioned by time where TimescaleDB is there and loaded; plain tables where it is not.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')
        AND current_setting('shared_preload_libraries') LIKE '%timescaledb%' THEN
        CREATE EXTENSION IF NOT EXISTS timescaledb;
        EXECUTE $sql$ SELECT create_hypertable('price_history_intraday', 'ts', chunk_time_interval => interval '7 days') $sql$;
        EXECUTE $sql$ SELECT create_hypertable('price_history_daily', 'date', chunk_time_interval => interval '1 year') $sql$;
    END IF;
END $$;
