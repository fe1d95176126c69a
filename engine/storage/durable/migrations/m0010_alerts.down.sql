DROP TABLE alert_deliveries, alerts, alert_rules, webhooks;
