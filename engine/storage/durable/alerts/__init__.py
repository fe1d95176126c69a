"""The tables of alerts: rules, what they told, and what is sent to other addresses."""

from engine.storage.durable.alerts.deliveries import Delivery, DueDelivery, WebhookDeliveries
from engine.storage.durable.alerts.fired import FiredAlert, FiredAlerts
from engine.storage.durable.alerts.rules import (
    AlertRules,
    CrowdedRulesError,
    OwnRule,
    RuleDraft,
    TooManyRulesError,
    UnknownWebhookError,
)
from engine.storage.durable.alerts.webhooks import SealedSecret, TooManyWebhooksError, Webhook, Webhooks

__all__ = [
    "AlertRules",
    "CrowdedRulesError",
    "Delivery",
    "DueDelivery",
    "FiredAlert",
    "FiredAlerts",
    "OwnRule",
    "RuleDraft",
    "SealedSecret",
    "TooManyRulesError",
    "TooManyWebhooksError",
    "UnknownWebhookError",
    "Webhook",
    "WebhookDeliveries",
    "Webhooks",
]
