"""Orders: whose an order is, by the table of users, also while that is away."""

from typing import Any

import trio

from actors.messages import Notified, OrderTold
from actors.orders import REMEMBER_S, Orders
from engine.providers.base import Notification
from engine.runtime import ActorSystem
from engine.storage.memory import MemoryDurableStore
from tests.actors.parts import among_witnesses


def order(provider: str = "dhan", kind: str = "order") -> Notified:
    return Notified(Notification(provider, kind, 1, {"orderNo": "1"}))


async def test_an_order_is_of_the_user_who_has_the_accounts_email(autojump_clock: Any) -> None:
    durable = MemoryDurableStore()

    def make(system: ActorSystem) -> Orders:
        emails = {"dhan": "ann@example.org"}
        return Orders(durable, emails, publisher=system.ref("/engine/publisher"))

    async with among_witnesses(make, "publisher") as (system, seen):
        subject = system.ref("/engine/subject")

        async def told(notified: Notified) -> Any:
            subject.tell(notified)
            await trio.sleep(1)
            return seen["publisher"].pop()

        assert await told(order()) == OrderTold(order().notification, ""), "nobody has signed up yet"
        await durable.add_user("u1", "Ann@example.org")
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
