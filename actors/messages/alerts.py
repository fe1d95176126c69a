"""Alerts: when rules are to be read, and what is to be told and sent."""

from actors.messages.message import Message
from engine.storage.durable.alerts import FiredAlert


class AlertsChanged(Message, frozen=True, gc=False):
    """Somebody wrote a rule, or an alert that is to be told: read them again."""


class AlertsFired(Message, frozen=True, gc=False):
    """Tell their owners. The answer says whether the stream has them."""

    alerts: tuple[FiredAlert, ...]


class DeliveriesDue(Message, frozen=True, gc=False):
    """Something may be due to be sent to a webhook."""
