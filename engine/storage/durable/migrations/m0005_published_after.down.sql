DROP INDEX daily_published;
DROP INDEX intraday_published;
