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
"""How long it is believed that an owner's account is in use."""


class Orders(TaskActor):
    """An account's owner is a user's id that an administrator wrote down; who was put out is told nothing."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=1_000, overflow=Overflow.DROP_OLDEST)

    def __init__(self, durable: DurableStore, owners: Mapping[str, str], *, publisher: ActorRef) -> None:
        """``owners`` are the ids of users, by provider."""
        super().__init__()
        self._durable = durable
        self._ids = owners
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
        identity = self._ids.get(provider)
        until_s, owner = self._owners.get(provider, (0.0, ""))
        if identity is None or anyio.current_time() < until_s:
            return owner
        try:
            user = await self._durable.user(identity)
        except StorageError as error:
            log.warning("owner_not_found", provider=provider, error=str(error))
            return owner
        owner = user.id if user is not None and user.is_active else ""
        self._owners[provider] = anyio.current_time() + REMEMBER_S, owner
        return owner
