"""The orders: whose each one is that a provider tells of, before it is told on, and what nobody heard when it happened."""

from collections import deque
from collections.abc import Mapping
from typing import ClassVar, NoReturn

import anyio
import msgspec
import structlog

from actors.messages import Count, Notified, OrdersDue, OrderTold
from engine.providers.base import Advice, Notification, ProviderError
from engine.providers.orders import OrderBook, standing_of
from engine.runtime import ActorRef, MailboxSpec, Overflow, TaskActor, handles
from engine.storage.durable import DurableStore
from engine.storage.errors import StorageError
from engine.storage.hot import HotStore

log = structlog.get_logger("ticktree.orders")

ORDERS = ("order", "trade")
REMEMBER_S = 60.0
"""How long it is believed that an owner's account is in use."""
PAUSE_S = 5.0
"""Between two tries while nobody can say whose an order is."""
READ_AGAIN_S = 30.0
"""Between two tries to read an order book."""
MOST_HELD = 5_000
"""Orders that wait until it is known whose they are; of more the oldest go, and are counted."""


class Orders(TaskActor):
    """An account's owner is a user's id that an administrator wrote down; who was put out is told nothing.

    After each connect, and by who begins, the day's orders are read: those that stand elsewhere than they were told last are told then.
    """

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=1_000, overflow=Overflow.DROP_OLDEST)

    def __init__(
        self,
        hot: HotStore,
        durable: DurableStore,
        owners: Mapping[str, str],
        books: Mapping[str, OrderBook],
        *,
        publisher: ActorRef,
    ) -> None:
        """``owners`` are the ids of users, by provider, as are the ``books``."""
        super().__init__()
        self._hot = hot
        self._durable = durable
        self._ids = owners
        self._books = books
        self._publisher = publisher
        self._owners: dict[str, tuple[float, str]] = {}
        """By provider: until when it is believed, and the user's id."""
        self._held: deque[Notification] = deque(maxlen=MOST_HELD)
        self._work = anyio.Event()
        self._due: set[str] = set()
        """Providers whose books are to be read."""
        self._wanted = anyio.Event()
        self._standings: dict[str, dict[str, str]] = {}
        """By provider how each order stands that was taken to be told."""
        self._heard: set[tuple[str, str]] = set()
        """Orders that were told of while a book was read, which may be older than that."""
        self._dropped = 0

    async def on_start(self) -> None:
        self._due.update(self._books)  # who was here before us may have died of a book, and what it held with it
        self.spawn(self._tell)
        self.spawn(self._read)

    @handles(Notified)
    def on_notified(self, notified: Notified) -> None:
        """What else providers say is nobody's in particular."""
        notification = notified.notification
        if notification.kind not in ORDERS:
            self._publisher.tell(notified)
            return
        if standing := standing_of(notification):
            self._heard.add((notification.provider, standing.order))
        self._take(notification)

    @handles(OrdersDue)
    def on_orders_due(self, due: OrdersDue) -> None:
        if due.provider in self._books:
            self._due.add(due.provider)
            self._wanted.set()

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, int]:
        return {"orders_held": len(self._held), "orders_dropped": self._dropped}

    def _take(self, notification: Notification) -> None:
        if standing := standing_of(notification):
            self._standings.setdefault(notification.provider, {})[standing.order] = standing.state
        self._dropped += len(self._held) == MOST_HELD
        self._held.append(notification)
        self._work.set()

    async def _tell(self) -> NoReturn:
        """Beside the mailbox: nothing is told until it is known to whom."""
        while True:
            self._work = anyio.Event()
            while self._held:
                notification = self._held[0]
                try:
                    owner = await self._owner(notification.provider)
                except StorageError as error:
                    log.warning("orders_held", provider=notification.provider, held=len(self._held), error=str(error))
                    await anyio.sleep(PAUSE_S)
                    continue
                self._publisher.tell(OrderTold(notification, owner))
                if self._held and self._held[0] is notification:  # else it made way for newer ones meanwhile
                    self._held.popleft()
                await self._note(notification)
            await self._work.wait()

    async def _note(self, notification: Notification) -> None:
        """For who comes after us: without it an order that was told is told again, which harms less than one that is not."""
        standing = standing_of(notification)
        if standing is None or notification.provider not in self._books:
            return
        try:
            await self._hot.note_orders(notification.provider, {standing.order: standing.state})
        except StorageError as error:
            log.info("order_not_noted", provider=notification.provider, error=str(error))

    async def _owner(self, provider: str) -> str:
        """Raises StorageError where nobody knows; who was known stays it while the store is away."""
        identity = self._ids.get(provider)
        until_s, owner = self._owners.get(provider, (0.0, ""))
        if identity is None or anyio.current_time() < until_s:
            return owner
        try:
            user = await self._durable.user(identity)
        except StorageError:
            if provider in self._owners:
                return owner
            raise
        owner = user.id if user is not None and user.is_active else ""
        self._owners[provider] = anyio.current_time() + REMEMBER_S, owner
        return owner

    async def _read(self) -> NoReturn:
        while True:
            self._wanted, failed = anyio.Event(), set[str]()
            for provider in sorted(self._due):
                self._due.discard(provider)
                try:
                    await self._read_book(provider)
                except (ProviderError, StorageError) as error:
                    wants_token = isinstance(error, ProviderError) and error.advice is Advice.NEW_TOKEN
                    say = log.info if wants_token else log.warning  # of tokens those warn who open feeds
                    say("order_book_not_read", provider=provider, error=str(error))
                    failed.add(provider)
            self._due |= failed
            # Whoever connects meanwhile is not kept waiting.
            with anyio.move_on_after(READ_AGAIN_S if failed else None):
                await self._wanted.wait()

    async def _read_book(self, provider: str) -> None:
        if provider not in self._standings:
            told = await self._hot.told_orders(provider)
            self._standings[provider] = told | self._standings.get(provider, {})
        self._heard.clear()
        found = await self._books[provider].orders()
        known, today = self._standings[provider], set[str]()
        for notification in found:
            if (standing := standing_of(notification)) is None:
                continue
            today.add(standing.order)
            if (provider, standing.order) in self._heard:
                continue
            told = known.get(standing.order, "")
            kind = self._books[provider].kind(notification, told)
            if told != standing.state:
                self._take(msgspec.structs.replace(notification, kind=kind))
        if today:  # an empty answer does not say that it is another day: a provider may give one for once
            await self._forget(provider, known.keys() - today - {order for _, order in self._heard})

    async def _forget(self, provider: str, orders: set[str]) -> None:
        """Those of days before."""
        for order in orders:
            del self._standings[provider][order]
        await self._hot.forget_orders(provider, sorted(orders))
