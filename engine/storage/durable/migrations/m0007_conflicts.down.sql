DROP INDEX mappings_of_a_token;
DROP TABLE mapping_conflicts;
