"""The webhooks: delivers alerts to users' addresses, again and again until they arrive or are given up."""

from collections.abc import Callable
from typing import ClassVar

import anyio
import structlog

from actors.messages import Count, DeliveriesDue
from engine.credentials import NoKeyError, SealError
from engine.runtime import Backoff, MailboxSpec, Overflow, TaskActor, handles
from engine.storage.durable import DurableStore
from engine.storage.durable.alerts import DueDelivery
from engine.storage.errors import StorageError
from engine.webhooks import Answer, Sender, WebhookSecrets

log = structlog.get_logger("ticktree.webhooks")

LOOK_S = 5.0
"""Those that are to be tried again are found so late at most."""
AT_ONCE = 16
REST_S = 60.0
"""So long at most an address that did not answer is left alone: each that waits for it would take its whole time."""
RETRY = Backoff(initial_s=10.0, maximum_s=3_600.0, factor=3.0)
ATTEMPTS = 12
"""Over some seven hours; then a delivery has failed."""
GONE = 410
"""The receiver says that it wants no more."""
NS_PER_S = 1_000_000_000


class Webhooks(TaskActor):
    """What is to be sent stands in a table, with what became of it: this actor may die at any moment.

    Then an alert that was just sent is sent again, under the same id.
    """

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=10, overflow=Overflow.DROP_OLDEST)

    def __init__(
        self,
        durable: DurableStore,
        secrets: WebhookSecrets,
        sender: Sender,
        *,
        jitter: Callable[[], float],
        retry: Backoff = RETRY,
    ) -> None:
        super().__init__()
        self._deliveries = durable.deliveries
        self._secrets = secrets
        self._sender = sender
        self._jitter = jitter
        self._retry = retry
        self._work = anyio.Event()
        self._tried: set[int] = set()
        """Deliveries that are under way."""
        self._counts = {"webhooks_delivered": 0, "webhooks_failed": 0, "webhooks_retried": 0}

    async def on_start(self) -> None:
        self.send_every(LOOK_S, DeliveriesDue())
        self.spawn(self._deliver)

    @handles(DeliveriesDue)
    def on_deliveries_due(self, _: DeliveriesDue) -> None:
        self._work.set()

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, int]:
        return self._counts

    async def _deliver(self) -> None:
        """Beside the mailbox; whoever is through makes room for the next one, and waits for nobody."""
        async with anyio.create_task_group() as tasks:
            while True:
                self._work = anyio.Event()
                for delivery in await self._next():
                    self._tried.add(delivery.id)
                    tasks.start_soon(self._see_through, delivery)
                await self._work.wait()

    async def _next(self) -> list[DueDelivery]:
        """As many as there is room for."""
        room = AT_ONCE - len(self._tried)
        if not room:
            return []
        try:
            return await self._deliveries.due(self.system.clock.now_ns(), room, self._tried)
        except StorageError as error:
            log.warning("deliveries_not_read", error=str(error))
            return []

    async def _see_through(self, delivery: DueDelivery) -> None:
        try:
            await self._settle(delivery, await self._try(delivery))
        finally:
            self._tried.discard(delivery.id)
            self._work.set()

    async def _try(self, delivery: DueDelivery) -> Answer:
        try:
            secret = self._secrets.open(delivery.holder, delivery.secret)
        except (NoKeyError, SealError) as error:
            return Answer(None, f"its secret can not be opened: {error}")
        try:
            return await self._sender.send(delivery.url, secret, delivery.alert, self.system.clock.now_ns())
        except Exception as error:  # whatever one user's address does to us, everybody else's deliveries go on
            log.exception("webhook_crashed", delivery=delivery.id)
            return Answer(None, f"it can not be sent: {type(error).__name__}")

    async def _settle(self, delivery: DueDelivery, answer: Answer) -> None:
        tries = delivery.attempts + 1
        is_over = tries >= ATTEMPTS or answer.http_status == GONE
        outcome = "delivered" if answer.is_delivered else "failed" if is_over else "waiting"
        now_ns, delay_s = self.system.clock.now_ns(), self._retry.delay(delivery.attempts, self._jitter())
        due_ns = now_ns + round(delay_s * NS_PER_S) if outcome == "waiting" else None
        self._counts[f"webhooks_{'retried' if outcome == 'waiting' else outcome}"] += 1
        log.info("webhook_tried", delivery=delivery.id, attempt=tries, outcome=outcome, why=answer.why)
        try:
            await self._deliveries.settle(
                delivery.id, outcome, due_ns=due_ns, http_status=answer.http_status, why=answer.why
            )
            if answer.http_status is None:
                await self._deliveries.rest(delivery.id, now_ns + round(min(delay_s, REST_S) * NS_PER_S))
        except StorageError as error:  # it is still due: sent again, under the same id
            log.warning("delivery_not_noted", delivery=delivery.id, error=str(error))
            await anyio.sleep(LOOK_S)
