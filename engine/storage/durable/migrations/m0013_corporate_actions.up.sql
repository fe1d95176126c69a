-- What companies did to their shares. Of one kind there is one a day; raw prices never change by it.

CREATE TABLE corporate_actions (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instrument_id integer NOT NULL REFERENCES instruments,
    ex_date date NOT NULL,
    kind text NOT NULL CHECK (kind IN ('split', 'bonus', 'dividend')),
    ratio double precision CHECK (ratio > 0),
    amount double precision CHECK (amount > 0),
    source text NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((kind = 'dividend') = (amount IS NOT NULL)),
    CHECK ((kind = 'dividend') = (ratio IS NULL)),
    UNIQUE (instrument_id, ex_date, kind)
);
