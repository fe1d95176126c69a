-- Alerts: what users want to be told of, what they were told, and where else it is sent.

-- Addresses that alerts are sent to. The secret that signs what is sent is encrypted by a key that is never in this database.
CREATE TABLE webhooks (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id text NOT NULL REFERENCES users ON DELETE CASCADE,
    name text NOT NULL,
    url text NOT NULL,
    ciphertext bytea NOT NULL, -- of nothing once the row is inactive
    nonce bytea NOT NULL,
    key_id text NOT NULL,
    fingerprint text NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX webhooks_of_users ON webhooks (user_id) WHERE is_active;

CREATE TABLE alert_rules (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id text NOT NULL REFERENCES users ON DELETE CASCADE,
    name text NOT NULL,
    condition jsonb NOT NULL,
    once boolean NOT NULL,
    cool_down_s integer NOT NULL CHECK (cool_down_s >= 0),
    hysteresis_percent double precision NOT NULL CHECK (hysteresis_percent >= 0),
    webhook_id integer REFERENCES webhooks,
    is_enabled boolean NOT NULL DEFAULT true,
    revision integer NOT NULL DEFAULT 0, -- an engine that judged by an older one changes nothing
    side smallint, -- where the rule stands: see engine/market/alert_rule.py
    about text NOT NULL DEFAULT '',
    fired_at timestamptz,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX alert_rules_of_users ON alert_rules (user_id) WHERE is_active;

-- Written before anybody is told: an engine that dies in between leaves what its successor tells under the same id.
CREATE TABLE alerts (
    id text PRIMARY KEY,
    user_id text NOT NULL REFERENCES users ON DELETE CASCADE,
    rule_id integer NOT NULL REFERENCES alert_rules ON DELETE CASCADE,
    name text NOT NULL, -- the rule's at that time
    kind text NOT NULL,
    instrument text NOT NULL,
    message text NOT NULL,
    value double precision,
    is_test boolean NOT NULL DEFAULT false,
    at timestamptz NOT NULL,
    told_at timestamptz
);

CREATE INDEX alerts_of_users ON alerts (user_id, at DESC);
CREATE INDEX alerts_by_time ON alerts (at);
CREATE INDEX alerts_untold ON alerts (at) WHERE told_at IS NULL;

CREATE TABLE alert_deliveries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id text NOT NULL REFERENCES alerts ON DELETE CASCADE,
    webhook_id integer NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    status text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'delivered', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    http_status integer,
    why text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (alert_id, webhook_id)
);

CREATE INDEX alert_deliveries_waiting ON alert_deliveries (webhook_id, due_at) WHERE status = 'waiting';
