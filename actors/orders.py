"""The orders: whose each one is that a provider tells of, before it is told on."""

from collections.abc import Mapping
from typing import ClassVar

import anyio
import structlog

from actors.messages import Notified, OrderTold
from engine.runtime import ActorRef, MailboxSpec, Overflow, TaskActor, handles
from engine.storage.durable import DurableStore
from engine.storage.errors import StorageError

log = structlog.get_logger("ticktree.orders")

ORDERS = ("order", "trade")
REMEMBER_S = 60.0
"""How long it is believed who has an email."""


class Orders(TaskActor):
    """An account's owner is written as an email; who has that, the table of users knows, and not before they sign up."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=1_000, overflow=Overflow.DROP_OLDEST)

    def __init__(self, durable: DurableStore, emails: Mapping[str, str], *, publisher: ActorRef) -> None:
        """``emails`` are those of the providers' owners."""
        super().__init__()
        self._durable = durable
        self._emails = emails
        self._publisher = publisher
        self._owners: dict[str, tuple[float, str]] = {}
        """By provider: until when it is believed, and the user's id."""

    @handles(Notified)
    async def on_notified(self, notified: Notified) -> None:
        """What else providers say is nobody's in particular."""
        notification = notified.notification
        if notification.kind in ORDERS:
            self._publisher.tell(OrderTold(notification, await self._owner(notification.provider)))
        else:
            self._publisher.tell(notified)

    async def _owner(self, provider: str) -> str:
        email = self._emails.get(provider)
        until_s, owner = self._owners.get(provider, (0.0, ""))
        if email is None or anyio.current_time() < until_s:
            return owner
        try:
            found = await self._durable.user_by_email(email)
        except StorageError as error:
            log.warning("owner_not_found", provider=provider, error=str(error))
            return owner
        owner = found.user.id if found is not None and found.user.is_active else ""
        self._owners[provider] = anyio.current_time() + REMEMBER_S, owner
        return owner
