"""The order updates of one provider that tells of orders on a socket of its own: who keeps that socket open."""

from collections.abc import Callable
from typing import ClassVar, NoReturn

import structlog

from actors.messages import Alert, Count, Notified, OrdersDue
from actors.reconnection import Reconnection
from engine.providers.base import Advice, ProviderError
from engine.providers.keyring import Keyring
from engine.providers.notices import Notices
from engine.runtime import ActorRef, MailboxSpec, Overflow, TaskActor, handles

log = structlog.get_logger("ticktree.order_updates")


class OrderUpdates(TaskActor):
    """Passes on what comes, and opens the next connection when one has ended; no price depends on it."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=10, overflow=Overflow.DROP_OLDEST)

    def __init__(
        self, notices: Notices, keyring: Keyring, *, orders: ActorRef, publisher: ActorRef, jitter: Callable[[], float]
    ) -> None:
        super().__init__()
        self._notices = notices
        self._reconnection = Reconnection(keyring, jitter)
        self._orders = orders
        self._publisher = publisher
        self._told = 0

    async def on_start(self) -> None:
        self.spawn(self._reconnection.keep, self._connected, self._ended)

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, int]:
        return {f"order_updates:{self._notices.name}": self._told}

    async def _connected(self) -> NoReturn:
        async with self._notices.connect() as connection:
            self._orders.tell(OrdersDue(self._notices.name))
            while True:
                notification = await connection.receive()
                self._told += 1
                self._orders.tell(Notified(notification))

    def _ended(self, error: ProviderError) -> None:
        name, words = self._notices.name, str(error)
        log.info("order_updates_ended", provider=name, error=words, advice=error.advice)
        if error.advice not in (Advice.RETRY, Advice.WAIT) and self._reconnection.failures == 1:
            self._publisher.tell(Alert("", f"Orders of {name} are not told: {words}.", self.system.clock.now_ns()))
