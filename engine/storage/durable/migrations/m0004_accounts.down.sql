ALTER TABLE audit_log DROP COLUMN address, DROP COLUMN outcome;
DROP TABLE watchlists, api_keys, refresh_tokens, sessions, users;
