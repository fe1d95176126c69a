"""Order updates: what is told is passed on, and the socket is kept open, whatever becomes of it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from actors.messages import Alert, Count, Notified, OrdersDue
from actors.order_updates import OrderUpdates
from actors.reconnection import LOOK_S, STEADY_S
from engine.providers.base import Advice, Notification, ProviderError
from engine.providers.dhan.account import DhanEndpoints
from engine.providers.dhan.orders import DhanOrders
from engine.providers.keyring import Keyring
from engine.providers.simulator.options import SIMULATED_CLIENT_ID, SIMULATED_TOKEN
from engine.runtime import ActorSystem
from tests.actors.parts import among_witnesses
from tests.providers.simulator.markets import post, simulator

PLACED = {"Data": {"orderNo": "1", "status": "PENDING"}, "Type": "order_alert"}


class Line:
    """A provider that refuses every token but the good one, and says one thing on each connection before it ends it."""

    name = "dhan"

    def __init__(self, keyring: Keyring, good: str, *, stands_s: float = 0.0) -> None:
        self._keyring = keyring
        self._good = good
        self._stands_s = stands_s
        self.connects = 0

    @asynccontextmanager
    async def connect(self) -> AsyncGenerator["Line"]:
        self.connects += 1
        if self._keyring.current.token.reveal() != self._good:
            raise ProviderError("the token has ended", advice=Advice.NEW_TOKEN)
        self._said = False
        yield self

    async def receive(self) -> Notification:
        if self._said:
            await trio.sleep(self._stands_s)
            raise ProviderError("closed")
        self._said = True
        return Notification("dhan", "order", 1, {})


async def test_a_dead_token_is_an_alert_and_no_storm_and_a_new_one_is_taken_at_once(autojump_clock: Any) -> None:
    keyring = Keyring.holding("dhan", "1", "old")
    line = Line(keyring, "new")

    def make(system: ActorSystem) -> OrderUpdates:
        return OrderUpdates(
            line,
            keyring,
            orders=system.ref("/engine/orders"),
            publisher=system.ref("/engine/publisher"),
            jitter=lambda: 0.0,
        )

    async with among_witnesses(make, "orders", "publisher") as (_, seen):
        await trio.sleep(3_000)
        assert line.connects <= 5
        assert [one.words for one in seen["publisher"] if isinstance(one, Alert)] == [
            "Orders of dhan are not told: the token has ended."
        ]
        keyring.replace(Keyring.holding("dhan", "1", "new").current)
        await trio.sleep(2 * LOOK_S)
        assert any(isinstance(one, Notified) for one in seen["orders"])


@pytest.mark.parametrize(
    ("stands_s", "connects"), [(STEADY_S, 4), (0.0, 7)], ids=["one that stood: at once", "others: less and less often"]
)
async def test_a_connection_that_ends_is_opened_again_and_again(
    autojump_clock: Any, stands_s: float, connects: int
) -> None:
    """Pauses are of 1 s after a steady connection; else of 1, 2, 4 ... 60 s."""
    keyring = Keyring.holding("dhan", "1", "good")
    line = Line(keyring, "good", stands_s=stands_s)

    def make(system: ActorSystem) -> OrderUpdates:
        return OrderUpdates(
            line,
            keyring,
            orders=system.ref("/engine/orders"),
            publisher=system.ref("/engine/publisher"),
            jitter=lambda: 0.0,
        )

    async with among_witnesses(make, "orders", "publisher") as (system, seen):
        await trio.sleep(100)
        assert line.connects == connects
        told = [one for one in seen["orders"] if isinstance(one, Notified)]
        assert await system.ref("/engine/subject").ask(Count(), timeout_s=1) == {"order_updates:dhan": len(told)}


async def test_orders_on_the_simulated_exchange_are_passed_on_also_after_a_cut() -> None:
    async with simulator(instruments=3) as running:
        keyring = Keyring.holding("dhan", SIMULATED_CLIENT_ID, SIMULATED_TOKEN)
        endpoints = DhanEndpoints(running.feed_url, running.rest_url, orders_url=f"{running.feed_url}/orders")
        door = running.exchange.doors["simulator"]

        def make(system: ActorSystem) -> OrderUpdates:
            orders = DhanOrders(keyring, endpoints)
            return OrderUpdates(
                orders,
                keyring,
                orders=system.ref("/engine/orders"),
                publisher=system.ref("/engine/publisher"),
                jitter=lambda: 0.0,
            )

        async with among_witnesses(make, "orders", "publisher") as (_, seen):
            for number in range(1, 3):
                with trio.fail_after(10):
                    while not door.hearing:
                        await trio.sleep(0.01)
                    await post(running, "/control", {"say": PLACED})
                    while len(notified(seen["orders"])) < number:
                        await trio.sleep(0.01)
                await post(running, "/control", {"faults": "close"})
                with trio.fail_after(5):
                    while door.hearing:
                        await trio.sleep(0.01)

    assert [one.notification.data for one in notified(seen["orders"])] == [PLACED, PLACED]
    assert isinstance(seen["orders"][0], OrdersDue)
    assert seen["orders"].count(OrdersDue("dhan")) >= 2


def notified(messages: list[Any]) -> list[Notified]:
    return [one for one in messages if isinstance(one, Notified)]
