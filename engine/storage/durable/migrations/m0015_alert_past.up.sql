-- The prices of the minute in which a rule came to stand where it stands, until then: see engine/market/alert_past.py.
ALTER TABLE alert_rules ADD seen_at timestamptz, ADD seen_high double precision, ADD seen_low double precision;
