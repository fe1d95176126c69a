-- Prices that were not believed, with the evidence, and what became of them.
CREATE TABLE quarantine (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instrument_id integer NOT NULL REFERENCES instruments,
    kind text NOT NULL CHECK (kind IN ('tick', 'bar')),
    ts timestamptz NOT NULL,
    price double precision NOT NULL,
    reason text NOT NULL,
    evidence jsonb NOT NULL DEFAULT '{}',
    status text NOT NULL CHECK (status IN ('held', 'released', 'discarded')),
    decided_by text NOT NULL DEFAULT '',
    decided_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (instrument_id, kind, ts, price)
);

CREATE INDEX quarantine_by_status ON quarantine (status, id);

-- A job can be taken up again where it was left, so it keeps what it was asked to do.
ALTER TABLE jobs
    ADD COLUMN arguments jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN done bigint NOT NULL DEFAULT 0,
    ADD COLUMN total bigint NOT NULL DEFAULT 0;

CREATE INDEX jobs_by_age ON jobs (created_at);
