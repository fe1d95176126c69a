-- A rule or webhook that was deleted is forgotten once nothing refers to it any more: without these, to see so means to pass over
-- all alerts, deliveries and rules there are, and so does PostgreSQL for each row that is then deleted.

CREATE INDEX alerts_of_rules ON alerts (rule_id);
CREATE INDEX alert_deliveries_of_webhooks ON alert_deliveries (webhook_id);
CREATE INDEX alert_rules_of_webhooks ON alert_rules (webhook_id) WHERE webhook_id IS NOT NULL;
