DROP INDEX jobs_by_age;
ALTER TABLE jobs DROP COLUMN arguments, DROP COLUMN done, DROP COLUMN total;
DROP TABLE quarantine;
