"""What providers tell beside prices."""

from actors.messages.message import Message
from engine.providers.base import Notification


class Notified(Message, frozen=True, gc=False):
    """A provider told of an order or a trade, complained, or had something to say."""

    notification: Notification


class OrdersDue(Message, frozen=True, gc=False):
    """A connection on which a provider tells of orders was just opened: what happened before is not told on it."""

    provider: str


class OrderTold(Message, frozen=True, gc=False):
    """What became of an order, and whose account it is of: a user's id, or empty where it is only the installation's."""

    notification: Notification
    owner: str
