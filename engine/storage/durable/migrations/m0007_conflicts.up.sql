-- What a provider's list and the tables do not agree on, for an operator to look at; settled ones are inactive.

CREATE TABLE mapping_conflicts (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    provider_id integer NOT NULL REFERENCES providers,
    kind text NOT NULL,
    instrument text NOT NULL, -- whom the list names, by canonical name: it may be in no table
    segment text NOT NULL,
    provider_symbol text NOT NULL,
    other text NOT NULL DEFAULT '', -- who else is concerned, by canonical name
    detail text NOT NULL,
    day date NOT NULL, -- of the list that said so last
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (provider_id, kind, instrument, segment, provider_symbol)
);

-- Every mapping that ever was, for the days on which it held.
CREATE INDEX mappings_of_a_token ON provider_instrument_mapping (provider_id, segment, provider_symbol, valid_from);
