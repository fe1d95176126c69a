"""What tells users what they want to be told of."""

from functools import partial

from actors.orders import Orders
from engine.parts.base import Parts, Places, Start


def orders(parts: Parts, at: Places) -> Start:
    return partial(Orders, parts.durable, parts.settings.owner_of_account, publisher=at.publisher)
