"""Webhooks: how alerts are sent to addresses of users, signed, and only to where strangers may send."""

from engine.webhooks.addresses import AddressError, check_url
from engine.webhooks.secrets import WebhookSecrets
from engine.webhooks.sender import Answer, Sender
from engine.webhooks.signature import signature_of

__all__ = ["AddressError", "Answer", "Sender", "WebhookSecrets", "check_url", "signature_of"]
