DROP TABLE ticks;
ALTER TABLE instruments DROP COLUMN keep_ticks;
