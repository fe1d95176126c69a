-- Screeners: what users look for in candles, and what was found last.

CREATE TABLE screeners (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id text NOT NULL REFERENCES users ON DELETE CASCADE,
    name text NOT NULL,
    description text NOT NULL DEFAULT '',
    definition jsonb NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX screeners_of_users ON screeners (user_id, name) WHERE is_active;

-- The newest result of each, by its id: those that come with the program have one, too, and no row above.
CREATE TABLE screener_results (
    screener text PRIMARY KEY,
    result jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
