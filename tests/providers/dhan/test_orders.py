"""What becomes of orders, over a socket of its own."""

from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from engine.providers.base import Advice, Notification, ProviderError
from engine.providers.dhan.account import DhanEndpoints
from engine.providers.dhan.orders import DhanOrders, read_update
from engine.providers.keyring import Keyring
from engine.providers.simulator.options import SIMULATED_CLIENT_ID, SIMULATED_TOKEN
from engine.providers.simulator.server import Simulator
from engine.providers.socket import Patience
from tests.providers.simulator.markets import post, simulator

PLACED = {"Data": {"orderNo": "112111182045", "status": "PENDING", "quantity": 10}, "Type": "order_alert"}
TRADED = {"Data": {"orderNo": "112111182045", "status": "TRADED", "tradedQty": 10}, "Type": "order_alert"}


def orders_at(running: Simulator, token: str = SIMULATED_TOKEN, patience: Patience | None = None) -> DhanOrders:
    endpoints = DhanEndpoints(running.feed_url, running.rest_url, orders_url=f"{running.feed_url}/orders")
    keyring = Keyring.holding("dhan", SIMULATED_CLIENT_ID, token)
    return DhanOrders(keyring, endpoints, patience=patience, now_ns=lambda: 5)


async def told(running: Simulator, *messages: dict[str, Any]) -> list[Notification]:
    """What a connection tells of these, once it is logged in."""
    async with orders_at(running).connect() as updates:
        await logged_in(running)
        for message in messages:
            await post(running, "/control", {"say": message})
        with trio.fail_after(5):
            return [await updates.receive() for _ in messages]


async def logged_in(running: Simulator) -> None:
    with trio.fail_after(5):
        while not running.exchange.doors["simulator"].hearing:
            await trio.sleep(0.01)


async def test_orders_and_trades_are_told_as_dhan_writes_them() -> None:
    async with simulator(instruments=3) as running:
        placed, traded = await told(running, PLACED, TRADED)

    assert placed == Notification("dhan", "order", 5, PLACED)
    assert (traded.kind, traded.data["Data"]["tradedQty"]) == ("trade", 10)


async def test_what_is_neither_is_a_message() -> None:
    async with simulator(instruments=3) as running:
        [other] = await told(running, {"Type": "greeting"})

    assert (other.kind, other.data) == ("message", {"Type": "greeting"})


async def test_a_login_that_is_refused_asks_for_a_new_token() -> None:
    async with simulator(instruments=3) as running, orders_at(running, "stale").connect() as updates:
        with pytest.raises(ProviderError) as refused, trio.fail_after(5):
            await updates.receive()

    assert refused.value.advice is Advice.NEW_TOKEN
    assert "stale" not in str(refused.value)


@pytest.mark.parametrize("fault", ["close", "freeze+99"])
async def test_a_connection_that_is_cut_or_freezes_is_told(fault: str) -> None:
    patience = Patience(silence_s=0.5, goodbye_s=0.2)
    async with simulator(instruments=3) as running, orders_at(running, patience=patience).connect() as updates:
        await logged_in(running)
        await post(running, "/control", {"faults": fault})
        with pytest.raises(ProviderError) as ended, trio.fail_after(5):
            await updates.receive()

    assert ended.value.advice is Advice.RETRY


async def test_prices_are_nobodys_business_there_and_orders_not_on_the_live_feed() -> None:
    async with simulator(instruments=3, ticks_per_second=100) as running:
        [placed] = await told(running, PLACED)
        assert running.exchange.doors["simulator"].hearing == 0

    assert placed.kind == "order"


@given(message=st.one_of(st.text(), st.binary(), st.just("[1]"), st.just("[" * 100_000)))
def test_any_message_has_fields(message: str | bytes) -> None:
    assert read_update(message)
