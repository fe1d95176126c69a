"""Orders: whose an order is, by the id of a user, also while that is away."""

from collections.abc import Callable
from typing import Any

import pytest
import trio

from actors.messages import Count, Notified, OrdersDue, OrderTold
from actors.orders import PAUSE_S, READ_AGAIN_S, REMEMBER_S, Orders
from engine.providers.base import Notification, ProviderError
from engine.providers.dhan.account import DhanEndpoints
from engine.providers.dhan.order_book import DhanOrderBook
from engine.providers.keyring import Keyring
from engine.providers.kite.account import KiteEndpoints
from engine.providers.kite.fills import Fills
from engine.providers.kite.order_book import KiteOrderBook
from engine.providers.orders import OrderBook, standing_of
from engine.providers.simulator.options import SIMULATED_CLIENT_ID, SIMULATED_TOKEN, DoorOptions
from engine.runtime import ActorSystem
from engine.storage.memory import MemoryDurableStore, MemoryHotStore
from tests.actors.parts import among_witnesses
from tests.providers.simulator.markets import post, simulator


def order(provider: str = "dhan", kind: str = "order") -> Notified:
    return Notified(Notification(provider, kind, 1, {"orderNo": "1"}))


async def test_an_order_is_of_the_user_whose_id_was_written_down_and_of_nobody_with_another(
    autojump_clock: Any,
) -> None:
    durable = MemoryDurableStore()

    def make(system: ActorSystem) -> Orders:
        return Orders(MemoryHotStore(), durable, {"dhan": "u1"}, {}, publisher=system.ref("/engine/publisher"))

    async with among_witnesses(make, "publisher") as (system, seen):
        subject = system.ref("/engine/subject")

        async def told(notified: Notified) -> Any:
            subject.tell(notified)
            await trio.sleep(1)
            return seen["publisher"].pop()

        await durable.add_user("u2", "ann@example.org")
        assert await told(order()) == OrderTold(order().notification, ""), (
            "whoever has her email, it is another account"
        )
        await durable.add_user("u1", "ann@example.com")
        await trio.sleep(REMEMBER_S)
        assert (await told(order(kind="trade"))).owner == "u1"
        assert (await told(order("kite"))).owner == ""
        assert await told(order(kind="error")) == order(kind="error")
        durable.tables.away = True
        await trio.sleep(REMEMBER_S)
        assert (await told(order())).owner == "u1"
        durable.tables.away = False
        await durable.change_user("u1", 1, "disabled", is_active=False)
        await trio.sleep(REMEMBER_S)
        assert (await told(order())).owner == ""


async def test_an_order_waits_in_its_turn_until_it_can_be_known_whose_it_is(autojump_clock: Any) -> None:
    durable = MemoryDurableStore()
    await durable.add_user("u1", "ann@example.com")
    durable.tables.away = True

    def make(system: ActorSystem) -> Orders:
        return Orders(MemoryHotStore(), durable, {"dhan": "u1"}, {}, publisher=system.ref("/engine/publisher"))

    async with among_witnesses(make, "publisher") as (system, seen):
        subject = system.ref("/engine/subject")
        subject.tell(order())
        subject.tell(order(kind="trade"))
        await trio.sleep(10 * PAUSE_S)
        assert seen["publisher"] == []
        assert await subject.ask(Count(), timeout_s=1) == {"orders_held": 2, "orders_dropped": 0}
        durable.tables.away = False
        await trio.sleep(PAUSE_S + 1)
        assert [(told.notification.kind, told.owner) for told in seen["publisher"]] == [
            ("order", "u1"),
            ("trade", "u1"),
        ]


class Book:
    """A provider's order book that answers what is written in it; an empty list of tries: it fails."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.fails = 0

    async def orders(self) -> list[Notification]:
        await trio.lowlevel.checkpoint()
        if self.fails:
            self.fails -= 1
            raise ProviderError("away")
        return [
            Notification("kite", "order", 1, {"order_id": number, "status": status})
            for number, status in self.states.items()
        ]

    def kind(self, order: Notification, told: str) -> str:
        return order.kind


async def test_what_became_of_orders_while_nobody_listened_is_told_once_also_by_the_next_engine(
    autojump_clock: Any,
) -> None:
    hot, durable, book = MemoryHotStore(), MemoryDurableStore(), Book()

    def make(system: ActorSystem) -> Orders:
        return Orders(hot, durable, {}, {"kite": book}, publisher=system.ref("/engine/publisher"))

    async with among_witnesses(make, "publisher") as (system, seen):
        subject = system.ref("/engine/subject")

        async def opened() -> list[tuple[str, str]]:
            subject.tell(OrdersDue("kite"))
            await trio.sleep(1)
            told = [(one.notification.data["order_id"], one.notification.data["status"]) for one in seen["publisher"]]
            seen["publisher"].clear()
            return told

        assert await opened() == []
        subject.tell(Notified(Notification("kite", "order", 1, {"order_id": "1", "status": "COMPLETE"})))
        book.states = {"1": "COMPLETE", "2": "OPEN"}
        assert await opened() == [("1", "COMPLETE"), ("2", "OPEN")]
        assert await opened() == []
        book.states["2"] = "CANCELLED"
        await system.restart("/engine/subject")
        assert await opened() == [("2", "CANCELLED")]
        book.fails, book.states = 1, {"3": "OPEN"}
        assert await opened() == []
        await trio.sleep(READ_AGAIN_S)
        assert await opened() == [("3", "OPEN")]
        assert await hot.told_orders("kite") == {"3": "OPEN 0"}


async def test_who_begins_reads_the_books_without_being_told_to(autojump_clock: Any) -> None:
    book = Book()
    book.states = {"1": "OPEN"}

    def make(system: ActorSystem) -> Orders:
        books = {"kite": book}
        return Orders(MemoryHotStore(), MemoryDurableStore(), {}, books, publisher=system.ref("/engine/publisher"))

    async with among_witnesses(make, "publisher") as (system, seen):
        await trio.sleep(1)
        book.states["1"] = "COMPLETE"
        await system.restart("/engine/subject")
        await trio.sleep(1)
        assert [one.notification.data["status"] for one in seen["publisher"]] == ["OPEN", "COMPLETE"]


async def test_who_connects_while_a_book_is_read_or_could_not_be_has_it_read_at_once(autojump_clock: Any) -> None:
    class Slow(Book):
        async def orders(self) -> list[Notification]:
            await trio.sleep(1)
            return await super().orders()

    book = Slow()
    book.fails, book.states = 2, {"1": "OPEN"}

    def make(system: ActorSystem) -> Orders:
        books = {"kite": book}
        return Orders(MemoryHotStore(), MemoryDurableStore(), {}, books, publisher=system.ref("/engine/publisher"))

    async with among_witnesses(make, "publisher") as (system, seen):
        subject = system.ref("/engine/subject")
        for _ in range(2):  # in the first reading, and after the second one
            await trio.sleep(0.5)
            subject.tell(OrdersDue("kite"))
            await trio.sleep(2)
        assert [one.notification.data["status"] for one in seen["publisher"]] == ["OPEN"]
        assert book.fails == 0


async def test_a_book_that_is_empty_for_once_makes_nothing_be_told_again(autojump_clock: Any) -> None:
    hot, book = MemoryHotStore(), Book()
    book.states = {"1": "COMPLETE"}

    def make(system: ActorSystem) -> Orders:
        return Orders(hot, MemoryDurableStore(), {}, {"kite": book}, publisher=system.ref("/engine/publisher"))

    async with among_witnesses(make, "publisher") as (system, seen):
        for states in ({"1": "COMPLETE"}, {}, {"1": "COMPLETE", "2": "OPEN"}):
            await trio.sleep(1)
            book.states = states
            system.ref("/engine/subject").tell(OrdersDue("kite"))
        await trio.sleep(1)
        assert [one.notification.data["order_id"] for one in seen["publisher"]] == ["1", "2"]
        assert (await hot.told_orders("kite")).keys() == {"1", "2"}


async def test_what_was_heard_while_a_book_was_read_is_newer_than_that(autojump_clock: Any) -> None:
    book, tells = Book(), list[Callable[[], object]]()

    class Slow(Book):
        async def orders(self) -> list[Notification]:
            found = await book.orders()
            if tells:
                tells.pop()()
            await trio.sleep(1)
            return found

    def make(system: ActorSystem) -> Orders:
        books = {"kite": Slow()}
        return Orders(MemoryHotStore(), MemoryDurableStore(), {}, books, publisher=system.ref("/engine/publisher"))

    async with among_witnesses(make, "publisher") as (system, seen):
        subject = system.ref("/engine/subject")
        complete = Notified(Notification("kite", "order", 1, {"order_id": "1", "status": "COMPLETE"}))

        def happens() -> None:
            subject.tell(complete)
            book.states = {"1": "COMPLETE"}

        tells.append(happens)
        book.states = {"1": "OPEN"}
        subject.tell(OrdersDue("kite"))
        await trio.sleep(5)
        assert [one.notification for one in seen["publisher"]] == [complete.notification]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"order_id": "7", "status": "OPEN", "filled_quantity": 5}, ("7", "OPEN 5")),
        ({"Data": {"orderNo": "7", "status": "Traded", "tradedQty": 5}}, ("7", "TRADED")),
        ({"orderId": "7", "orderStatus": "PART_TRADED", "filledQty": 3}, ("7", "PART_TRADED 3")),
        ({"message": "hello"}, None),
    ],
)
def test_an_order_stands_the_same_whichever_way_it_is_told(data: dict[str, Any], expected: Any) -> None:
    assert standing_of(Notification("x", "order", 1, data)) == expected


@pytest.mark.parametrize("vendor", ["dhan", "kite"])
async def test_the_simulated_exchange_tells_what_happened_while_nobody_was_connected(vendor: str) -> None:
    async with simulator(instruments=3, doors=(DoorOptions("simulator_kite"),)) as running:
        book: OrderBook
        if vendor == "dhan":
            keyring = Keyring.holding("dhan", SIMULATED_CLIENT_ID, SIMULATED_TOKEN)
            book = DhanOrderBook(keyring, DhanEndpoints(running.feed_url, running.rest_url))
            said: dict[str, Any] = {"Type": "order_alert", "Data": {"orderNo": "1", "status": "Traded", "tradedQty": 5}}
            await post(running, "/control", {"say": said})
        else:
            keyring = Keyring.holding("kite", SIMULATED_CLIENT_ID, SIMULATED_TOKEN)
            address = running.addresses["simulator_kite"]
            book = KiteOrderBook(keyring, KiteEndpoints(address.feed_url, address.rest_url))
            said = {"type": "order", "data": {"order_id": "1", "status": "TRADED"}}
            await post(running, "/control", {"say": said, "provider": "simulator_kite"})
        assert [standing_of(one) for one in await book.orders()] == [("1", "TRADED")]


async def test_of_a_fill_nobody_heard_kites_order_book_tells_as_of_a_trade_and_once() -> None:
    async with simulator(instruments=3, doors=(DoorOptions("simulator_kite"),)) as running:
        address = running.addresses["simulator_kite"]
        keyring = Keyring.holding("kite", SIMULATED_CLIENT_ID, SIMULATED_TOKEN)
        fills = Fills()
        book = KiteOrderBook(keyring, KiteEndpoints(address.feed_url, address.rest_url), fills=fills)
        data: dict[str, Any] = {"order_id": "1", "status": "OPEN", "filled_quantity": 5}
        await post(running, "/control", {"say": {"type": "order", "data": data}, "provider": "simulator_kite"})
        [order] = await book.orders()
        assert book.kind(order, "") == "trade"
        assert fills.kind(data) == "order"  # when the ticker tells it after all
        assert book.kind(order, "OPEN 5") == "order"


@pytest.mark.parametrize(("told", "kind"), [("OPEN 5", "order"), ("OPEN 3", "trade"), ("TRIGGER PENDING 0", "trade")])
async def test_what_was_filled_before_an_engine_died_is_no_trade_when_the_rest_is_cancelled(
    autojump_clock: Any, told: str, kind: str
) -> None:
    hot, book = MemoryHotStore(), KiteBook()
    await hot.note_orders("kite", {"1": told})
    book.data = {"order_id": "1", "status": "CANCELLED", "filled_quantity": 5}

    def make(system: ActorSystem) -> Orders:
        return Orders(hot, MemoryDurableStore(), {}, {"kite": book}, publisher=system.ref("/engine/publisher"))

    async with among_witnesses(make, "publisher") as (_, seen):
        await trio.sleep(2)
        assert [one.notification.kind for one in seen["publisher"]] == [kind]


async def test_a_fill_that_the_book_tells_not_is_a_trade_when_the_ticker_tells_it(autojump_clock: Any) -> None:
    book = KiteBook()
    book.data = {"order_id": "1", "status": "OPEN", "filled_quantity": 7}

    def make(system: ActorSystem) -> Orders:
        books = {"kite": book}
        return Orders(MemoryHotStore(), MemoryDurableStore(), {}, books, publisher=system.ref("/engine/publisher"))

    async with among_witnesses(make, "publisher") as (system, seen):
        older = {"order_id": "1", "status": "OPEN", "filled_quantity": 5}
        await trio.sleep(0.5)
        system.ref("/engine/subject").tell(Notified(Notification("kite", book.fills.kind(older), 1, older)))
        await trio.sleep(2)
        assert [one.notification.data for one in seen["publisher"]] == [older]
        assert book.fills.kind(book.data) == "trade"


class KiteBook(KiteOrderBook):
    """Kite's, that answers one order after a second."""

    def __init__(self) -> None:
        self.fills = Fills()
        super().__init__(Keyring("kite", None), fills=self.fills)
        self.data: dict[str, Any] = {}

    async def orders(self) -> list[Notification]:
        await trio.sleep(1)
        return [Notification("kite", "order", 1, self.data)]
