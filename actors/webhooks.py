"""The webhooks: delivers alerts to users' addresses, again and again until they arrive or are given up."""

from collections.abc import Callable
from functools import partial
from typing import ClassVar, NoReturn

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
PORTION = 40
AT_ONCE = 8
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

    async def _deliver(self) -> NoReturn:
        """Beside the mailbox; a portion after the other while there is something to do."""
        while True:
            self._work = anyio.Event()
            try:
                while due := await self._deliveries.due(self.system.clock.now_ns(), PORTION):
                    await self._try_all(due)
            except StorageError as error:
                log.warning("deliveries_not_read", error=str(error))
            await self._work.wait()

    async def _try_all(self, due: list[DueDelivery]) -> None:
        limiter = anyio.CapacityLimiter(AT_ONCE)

        async def try_one(delivery: DueDelivery) -> None:
            async with limiter:
                await self._settle(delivery, await self._try(delivery))

        async with anyio.create_task_group() as tasks:
            for delivery in due:
                tasks.start_soon(partial(try_one, delivery))

    async def _try(self, delivery: DueDelivery) -> Answer:
        try:
            secret = self._secrets.open(delivery.holder, delivery.secret)
        except (NoKeyError, SealError) as error:
            return Answer(None, f"its secret can not be opened: {error}")
        return await self._sender.send(delivery.url, secret, delivery.alert, self.system.clock.now_ns())

    async def _settle(self, delivery: DueDelivery, answer: Answer) -> None:
        tries = delivery.attempts + 1
        is_over = tries >= ATTEMPTS or answer.http_status == GONE
        outcome = "delivered" if answer.is_delivered else "failed" if is_over else "waiting"
        due_ns = None
        if outcome == "waiting":
            due_ns = self.system.clock.now_ns() + round(self._retry.delay(delivery.attempts, self._jitter()) * NS_PER_S)
        self._counts[f"webhooks_{'retried' if outcome == 'waiting' else outcome}"] += 1
        log.info("webhook_tried", delivery=delivery.id, attempt=tries, outcome=outcome, why=answer.why)
        try:
            await self._deliveries.settle(
                delivery.id, outcome, due_ns=due_ns, http_status=answer.http_status, why=answer.why
            )
        except StorageError as error:  # it is still due: sent again, under the same id
            log.warning("delivery_not_noted", delivery=delivery.id, error=str(error))
            await anyio.sleep(LOOK_S)
