-- Accounts: who may come in, how they show who they are, and what they keep here.

CREATE TABLE users (
    id text PRIMARY KEY,
    email text NOT NULL,
    name text NOT NULL DEFAULT '',
    password_hash text, -- none of who signs in with Google only
    google_subject text UNIQUE,
    role text NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin')),
    preferences jsonb NOT NULL DEFAULT '{}',
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX users_by_email ON users (lower(email));

-- One for each time somebody signed in. Its row is what a refresh locks: a family that ends takes no new member meanwhile.
CREATE TABLE sessions (
    id text PRIMARY KEY,
    user_id text NOT NULL REFERENCES users ON DELETE CASCADE,
    address text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_why text NOT NULL DEFAULT ''
);

CREATE INDEX sessions_of_users ON sessions (user_id);
CREATE INDEX sessions_by_end ON sessions (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE refresh_tokens (
    digest text PRIMARY KEY, -- SHA-256 of the token
    family text NOT NULL REFERENCES sessions ON DELETE CASCADE,
    successor text, -- digest of the token that took its place
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    used_at timestamptz
);

CREATE INDEX refresh_tokens_of_families ON refresh_tokens (family);

CREATE TABLE api_keys (
    id text PRIMARY KEY, -- the public part of the key
    user_id text REFERENCES users ON DELETE CASCADE, -- none: made with the administrator's token
    name text NOT NULL,
    digest text NOT NULL, -- SHA-256 of the secret part
    scopes text[] NOT NULL,
    requests_per_minute integer NOT NULL CHECK (requests_per_minute > 0),
    expires_at timestamptz,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX api_keys_of_users ON api_keys (user_id);

CREATE TABLE watchlists (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id text NOT NULL REFERENCES users ON DELETE CASCADE,
    name text NOT NULL,
    instruments text[] NOT NULL DEFAULT '{}',
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX watchlists_of_users ON watchlists (user_id, name) WHERE is_active;

-- From where it was done, and how it went.
ALTER TABLE audit_log
    ADD COLUMN address text NOT NULL DEFAULT '',
    ADD COLUMN outcome text NOT NULL DEFAULT '';
