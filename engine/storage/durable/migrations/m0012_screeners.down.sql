DROP TABLE screener_results;
DROP TABLE screeners;
