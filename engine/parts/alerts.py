"""What tells users what they want to be told of."""

from functools import partial

from actors.alerts import Alerts
from actors.orders import Orders
from engine.parts.base import Parts, Places, Start


def alerts(parts: Parts, at: Places) -> Start:
    return partial(
        Alerts,
        parts.hot,
        parts.durable,
        broadcaster=at.broadcaster,
        publisher=at.publisher,
        credentials=at.credentials,
        webhooks=at.webhooks,
    )


def orders(parts: Parts, at: Places) -> Start:
    return partial(Orders, parts.durable, parts.settings.owner_of_account, publisher=at.publisher)
