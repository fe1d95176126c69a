"""The other channels of the full dialect, and who may follow which."""

import time
from typing import Any

import pytest

from actors.channels import encode_alert_event, encode_fired_alert_event, encode_order_event
from actors.messages import Alert
from engine.providers.base import Notification
from engine.storage.durable import DurableStore
from engine.storage.durable.alerts import FiredAlert
from engine.storage.hot import HotStore
from engine.storage.packing import pack
from tests.web.conftest import running_web
from tests.web.engine import NOON, Engine
from tests.web.process import SECRET, Client, Web
from web.accounts.principal import Role
from web.accounts.tokens import AccessTokens

pytestmark = pytest.mark.anyio


def bearer(user: str = "u1", role: Role = "user", session: str = "s1") -> dict[str, str]:
    token = AccessTokens(SECRET).issue(user, session, role, time.time())
    return {"Authorization": f"Bearer {token}"}


async def follow(client: Client, *channels: str, **more: Any) -> list[Any]:
    return (await client.ask(action="subscribe", channels=channels, **more))["results"]


async def test_ticks_and_quotes_are_newest_values_of_the_same_price(web: Web, engine: Engine) -> None:
    await engine.store(1.5)
    async with web.client() as client:
        await follow(client, "tick.RELIANCE", "quote.RELIANCE")
        quote = await client.push("quote.RELIANCE")
        assert (quote["ltp"], quote["open"], quote["high"], quote["previous_close"]) == (1.5, 1.0, 2.0, 0.9)
        await engine.trade(2.5)
        tick = await client.until(lambda push: push["channel"] == "tick.RELIANCE" and push["data"]["ltp"] == 2.5)
        assert {"size", "volume", "bid", "ask", "oi", "timestamp"} <= tick["data"].keys()


async def test_administrators_hear_of_jobs_and_alerts(web: Web, engine: Engine) -> None:
    job = {"kind": "jobs", "id": "j1", "job": "scan", "status": "running", "progress": 0.5, "message": "m"}
    job |= {"done": 1, "total": 2}
    async with web.client() as client:
        assert [result["ok"] for result in await follow(client, "jobs", "alerts")] == [True, True]
        await engine.hot.append_events(
            [("1-0", pack(job)), ("2-0", encode_alert_event(Alert("NSE:TCS", "held", NOON)))]
        )
        told = [await client.until(lambda push: "data" in push) for _ in range(2)]
    assert [(push["channel"], push["offset"]) for push in told] == [("jobs", "1-0"), ("alerts", "2-0")]
    assert told[0]["data"] == {key: value for key, value in job.items() if key != "kind"}
    assert told[1]["data"] == {"symbol": "NSE:TCS", "message": "held", "at": NOON // 1_000_000}


async def test_who_comes_back_gets_the_jobs_and_alerts_since(web: Web, engine: Engine) -> None:
    async with web.client() as client:
        position = (await client.ask(action="subscribe", channels=["jobs"]))["position"]
    job = {"kind": "jobs", "id": "j1", "status": "done"}
    await engine.hot.append_events([("1-0", pack(job)), ("2-0", encode_alert_event(Alert("", "held", NOON)))])
    async with web.client() as client:
        await client.send(action="subscribe", channels=["alerts", "jobs"], since=position)
        assert (await client.receive())["recovered"] is True
        told = [await client.until(lambda push: "data" in push) for _ in range(2)]
    assert [push["channel"] for push in told] == ["jobs", "alerts"]


async def test_administrators_hear_how_all_processes_are(web: Web, engine: Engine) -> None:
    async with web.client() as client:
        await follow(client, "sys")
        told = await client.push("sys")
        while "web-1" not in told["processes"]:  # it shows itself every second
            told = await client.push("sys")


async def test_an_accounts_owner_hears_of_its_orders_and_administrators_of_all(web: Web, engine: Engine) -> None:
    told = Notification("kite", "order", NOON, {"order_id": "7", "status": "COMPLETE"})
    of_nobody = Notification("dhan", "order", NOON, {"order_id": "8"})
    async with web.client(bearer=False, headers=bearer()) as client, web.client() as operator:
        (theirs,) = await follow(client, "orders")
        (ours,) = await follow(operator, "orders")
        entries = [("1-0", encode_order_event(of_nobody, "")), ("2-0", encode_order_event(told, "u1"))]
        await engine.hot.append_events(entries)
        heard = [await operator.push("orders") for _ in entries]
        push = await client.push("orders")
    assert push == {"provider": "kite", "what": "order", "at": NOON // 1_000_000, "data": dict(told.data)}
    assert [one["provider"] for one in heard] == ["dhan", "kite"]
    assert (ours.get("note"), "yours" in theirs["note"]) == (None, True)


@pytest.mark.parametrize(
    ("role", "channel", "ok"),
    [
        ("user", "jobs", False),
        ("user", "sys", False),
        ("admin", "jobs", True),
        ("user", "alerts", True),
        ("user", "orders.u1", True),
        ("user", "orders.u2", False),
        ("user", "alerts.u2", False),
        ("admin", "orders.u1", True),
        ("admin", "orders.u2", False),
        ("user", "ltp.TCS", True),
    ],
)
async def test_a_channel_is_for_those_it_belongs_to(
    web: Web, engine: Engine, role: Role, channel: str, *, ok: bool
) -> None:
    async with web.client(bearer=False, headers=bearer(role=role)) as client:
        (result,) = await follow(client, channel)
        assert result["ok"] is ok
        if not ok:
            assert result["error"]["code"] == 409


async def test_a_user_hears_no_alert_of_the_installation(web: Web, engine: Engine) -> None:
    async with web.client(bearer=False, headers=bearer()) as client, web.client() as operator:
        await follow(client, "alerts")
        await follow(operator, "alerts")
        await engine.hot.append_events([("1-0", encode_alert_event(Alert("", "held", NOON)))])
        await operator.push("alerts")
        assert (await client.ask(action="ping", id=1)) == {"id": 1, "action": "pong"}


async def test_what_a_users_rule_told_is_heard_by_that_user_alone_also_later(web: Web, engine: Engine) -> None:
    told = FiredAlert(
        id="7-1", owner="u1", rule=7, name="r", kind="price", instrument="NSE:TCS", message="m", value=1.5, at_ns=NOON
    )
    async with (
        web.client(bearer=False, headers=bearer()) as ann,
        web.client(bearer=False, headers=bearer("u2")) as bob,
        web.client() as operator,
    ):
        position = (await ann.ask(action="subscribe", channels=["alerts"]))["position"]
        for other in (bob, operator):
            await follow(other, "alerts")
        entries = [("1-0", encode_fired_alert_event(told)), ("2-0", encode_alert_event(Alert("", "held", NOON)))]
        await engine.hot.append_events(entries)
        heard = await ann.push("alerts")
        assert (await operator.push("alerts"))["message"] == "held"
        assert (await bob.ask(action="ping", id=1)) == {"id": 1, "action": "pong"}
    expected = {"id": "7-1", "rule": 7, "name": "r", "about": "price", "symbol": "NSE:TCS", "message": "m"}
    assert heard == expected | {"value": 1.5, "is_test": False, "at": NOON // 1_000_000}
    async with web.client(bearer=False, headers=bearer()) as ann:
        await ann.send(action="subscribe", channels=["alerts.u1"], since=position)
        assert (await ann.receive())["recovered"] is True
        assert await ann.push("alerts.u1") == heard


async def test_the_public_has_nothing_of_its_own_and_no_screeners(hot: HotStore, durable: DurableStore) -> None:
    async with running_web(hot, durable, public_feed=True) as web:
        async with web.client(bearer=False) as client:
            results = await follow(client, "orders", "alerts", "jobs", "sys", "ltp.TCS")
            codes = [result.get("error", {}).get("code") for result in results]
            assert codes == [409, 409, 409, 409, None]
        async with web.client(bearer=False) as client:
            told = await client.ask(type="subscribe", channel="dashboard_updates", keys=["NSE:TCS"])
            assert [error["code"] for error in told["errors"]] == [409]
