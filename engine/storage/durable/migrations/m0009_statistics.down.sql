DROP INDEX revision_times;
DROP INDEX intraday_times;
DROP TABLE market_statistics;
