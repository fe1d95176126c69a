-- Whose ticks a day (UTC) has. A day's key begins with the time, so that to learn that it has none of an instrument one would
-- pass over all it has; and who asks is often somebody whose symbol was never kept.

CREATE TABLE tick_instruments (
    instrument_id integer NOT NULL,
    day date NOT NULL,
    PRIMARY KEY (instrument_id, day)
);

-- The days of which that is known of all their ticks. Those there are already are none of these: to note weeks of ticks takes
-- longer than a start may wait, so the upkeep does it day by day, and until then such a day may have some of anybody.
CREATE TABLE tick_days_noted (
    day date PRIMARY KEY
);
