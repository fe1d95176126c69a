-- Option chains as they were: one snapshot a minute, with the figures that histories are drawn of as columns.

CREATE TABLE option_chain_snapshots (
    underlying_id integer NOT NULL REFERENCES instruments,
    expiry date NOT NULL,
    minute timestamptz NOT NULL, -- the beginning of the one that the snapshot is of
    as_of timestamptz NOT NULL,
    spot double precision,
    future_price double precision,
    forward double precision,
    vix double precision,
    atm double precision,
    atm_iv double precision, -- per cent a year
    straddle double precision,
    ce_oi bigint, -- units; NULL where it is known of no option
    pe_oi bigint,
    pcr_oi double precision,
    pcr_volume double precision,
    max_pain double precision,
    snapshot bytea NOT NULL, -- a msgpack map, as clients of chain.* get it
    PRIMARY KEY (underlying_id, expiry, minute)
);
