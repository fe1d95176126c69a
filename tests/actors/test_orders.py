"""Orders: whose an order is, by the id of a user, also while that is away."""

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


async def test_an_order_is_of_the_user_whose_id_was_written_down_and_of_nobody_with_another(
    autojump_clock: Any,
) -> None:
    durable = MemoryDurableStore()

    def make(system: ActorSystem) -> Orders:
        return Orders(durable, {"dhan": "u1"}, publisher=system.ref("/engine/publisher"))

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
