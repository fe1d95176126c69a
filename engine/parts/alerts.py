"""What tells users what they want to be told of."""

from functools import partial

from actors.alerts import Alerts
from actors.orders import Orders
from actors.webhooks import Webhooks
from engine.credentials import sealing_keys
from engine.parts.base import Parts, Places, Start
from engine.webhooks import Sender, WebhookSecrets


def alerts(parts: Parts, at: Places) -> Start:
    return partial(
        Alerts,
        parts.hot,
        parts.durable,
        parts.calendars,
        {name: provider.keyring is not None for name, provider in parts.providers.items()},
        broadcaster=at.broadcaster,
        publisher=at.publisher,
        credentials=at.credentials,
        webhooks=at.webhooks,
    )


def webhooks(parts: Parts) -> Start:
    settings = parts.settings
    secrets, sender = WebhookSecrets(sealing_keys(settings)), Sender(to_private=settings.webhooks_to_private)
    return partial(Webhooks, parts.durable, secrets, sender, jitter=parts.jitter)


def orders(parts: Parts, at: Places) -> Start:
    books = {name: one.order_book for name, one in parts.providers.items() if one.order_book is not None}
    return partial(Orders, parts.hot, parts.durable, parts.settings.owner_of_account, books, publisher=at.publisher)
