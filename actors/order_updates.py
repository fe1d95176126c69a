"""The order updates of one provider that tells of orders on a socket of its own: who keeps that socket open."""

from collections.abc import Callable
from typing import ClassVar, NoReturn

import anyio
import structlog

from actors.messages import Alert, Count, Notified, OrdersDue
from engine.providers.base import Advice, ProviderError
from engine.providers.keyring import Credential, Keyring
from engine.providers.notices import Notices
from engine.runtime import ActorRef, Backoff, MailboxSpec, Overflow, TaskActor, handles

log = structlog.get_logger("ticktree.order_updates")

RECONNECT = Backoff(initial_s=1.0, maximum_s=60.0)
REFUSED = Backoff(initial_s=300.0, maximum_s=3_600.0)
"""Orders can wait: a refusal that no new token follows is tried again now and then."""
LOOK_S = 5.0
"""How often it is looked whether there is another token."""


class OrderUpdates(TaskActor):
    """Passes on what comes, and opens the next connection when one has ended; no price depends on it."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=10, overflow=Overflow.DROP_OLDEST)

    def __init__(
        self, notices: Notices, keyring: Keyring, *, orders: ActorRef, publisher: ActorRef, jitter: Callable[[], float]
    ) -> None:
        super().__init__()
        self._notices = notices
        self._keyring = keyring
        self._orders = orders
        self._publisher = publisher
        self._jitter = jitter
        self._told = 0
        self._failures = 0
        """In a row."""

    async def on_start(self) -> None:
        self.spawn(self._listen)

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, int]:
        return {f"order_updates:{self._notices.name}": self._told}

    async def _listen(self) -> NoReturn:
        while True:
            credential = self._keyring.credential
            try:
                await self._connected()
            except ProviderError as error:
                self._failures += 1
                await self._rest(error, credential)

    async def _connected(self) -> NoReturn:
        async with self._notices.connect() as connection:
            self._orders.tell(OrdersDue(self._notices.name))
            while True:
                notification = await connection.receive()
                self._failures = 0
                self._told += 1
                self._orders.tell(Notified(notification))

    async def _rest(self, error: ProviderError, credential: Credential | None) -> None:
        """Before another try; a new token ends it when it was a token that was refused."""
        log.info("order_updates_ended", provider=self._notices.name, error=str(error), advice=error.advice)
        if error.advice in (Advice.RETRY, Advice.WAIT):
            pause_s = RECONNECT.delay(self._failures - 1, self._jitter())
            await anyio.sleep(max(pause_s, error.wait_s or 0.0))
            return
        if self._failures == 1:
            self._publisher.tell(
                Alert("", f"Orders of {self._notices.name} are not told: {error}.", self.system.clock.now_ns())
            )
        with anyio.move_on_after(REFUSED.delay(self._failures - 1, self._jitter())):
            while self._keyring.credential is credential:  # noqa: ASYNC110 - the keyring tells nobody
                await anyio.sleep(LOOK_S)
