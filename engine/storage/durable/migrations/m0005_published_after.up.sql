-- For clients that resume from the database. Rows lie about in the order in which they were published, so a few bytes for
-- each stretch of the table are enough, and saving costs nothing more.

CREATE INDEX intraday_published ON price_history_intraday USING brin (published_at) WITH (pages_per_range = 32);
CREATE INDEX daily_published ON price_history_daily USING brin (published_at) WITH (pages_per_range = 32);
