-- What opens providers' doors, encrypted by a key that is never in this database. One row for each kind a provider has:
-- who enters another one replaces it.

CREATE TABLE credentials (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    provider text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('token', 'totp')),
    identity text NOT NULL DEFAULT '', -- the client id or API key: no secret
    ciphertext bytea NOT NULL, -- of nothing once the row is inactive
    nonce bytea NOT NULL,
    key_id text NOT NULL,
    fingerprint text NOT NULL,
    expires_at timestamptz,
    source text NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (provider, kind)
);
