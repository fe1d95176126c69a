ALTER TABLE alert_rules DROP seen_at, DROP seen_high, DROP seen_low;
