-- Whose ticks a day (UTC) has. A day's key begins with the time, so that to learn that it has none of an instrument one would
-- pass over all it has; and who asks is often somebody whose symbol was never kept.

CREATE TABLE tick_instruments (
    instrument_id integer NOT NULL,
    day date NOT NULL,
    PRIMARY KEY (instrument_id, day)
);

INSERT INTO tick_instruments
SELECT DISTINCT instrument_id, (received_at AT TIME ZONE 'UTC')::date FROM ticks;
