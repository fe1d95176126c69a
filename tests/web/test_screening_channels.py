"""How far the run of a screener is, over sockets: in the full and in the screener dialect, to those whose it is."""

from typing import Any

import pytest

from actors.channels import encode_screener_event
from engine.storage.durable import Job
from tests.web.engine import Engine
from tests.web.process import Web
from tests.web.test_socket_channels import bearer, follow

pytestmark = pytest.mark.anyio


def entry(number: int, screener: str, status: str, *, owner: str = "") -> tuple[str, bytes]:
    arguments = {"screener": screener, "owner": owner, "definition": {}, "instruments": ["NSE:TCS"]}
    job = Job(f"screen-{number}", "screen", status, progress=0.5, message="half", arguments=arguments)
    return f"{number}-0", encode_screener_event(job)


def told(number: int, screener: str, status: str) -> dict[str, Any]:
    kind = "screener_progress" if status in ("waiting", "running", "paused") else "screener_complete"
    job = f"screen-{number}"
    return {
        "type": kind, "screener": screener, "job": job, "status": status, "progress": 0.5, "message": "half"
    }  # fmt: skip


async def test_a_run_is_followed_by_the_screeners_id(web: Web, engine: Engine) -> None:
    async with web.client() as client:
        (answer,) = await follow(client, "screening.swing")
        assert answer["ok"]
        await engine.hot.append_events(
            [entry(1, "swing", "running"), entry(2, "longterm", "done"), entry(3, "swing", "done")]
        )
        pushes = [await client.until(lambda push: "data" in push) for _ in range(2)]
    assert [(push["channel"], push["offset"]) for push in pushes] == [
        ("screening.swing", "1-0"),
        ("screening.swing", "3-0"),
    ]
    assert [push["data"] for push in pushes] == [told(1, "swing", "running"), told(3, "swing", "done")]


async def test_own_ones_are_told_to_their_owner_alone(web: Web, engine: Engine) -> None:
    ann, bob = bearer("ann"), bearer("bob", session="s2")
    async with web.client(bearer=False, headers=ann) as hers, web.client(bearer=False, headers=bob) as his:
        for client in (hers, his):
            assert [one["ok"] for one in await follow(client, "screening.12", "screening.swing")] == [True, True]
        await engine.hot.append_events([entry(1, "12", "failed", owner="ann"), entry(2, "swing", "cancelled")])
        assert await hers.push("screening.12") == told(1, "12", "failed")
        assert (await his.until(lambda push: "data" in push))["data"] == told(2, "swing", "cancelled")


async def test_nobody_reaches_those_of_another_by_writing_their_name(web: Web, engine: Engine) -> None:
    async with web.client(bearer=False, headers=bearer("bob")) as client:
        answers = await follow(client, "screening.ann:12", "screening.", "screening.1x", f"screening.{'9' * 11}")
        assert [answer["error"]["code"] for answer in answers] == [400] * 4
    async with web.client() as operator:
        (answer,) = await follow(operator, "screening.12")
        assert (answer["ok"], answer["error"]["code"]) == (False, 409)


async def test_the_screener_dialect_tells_of_runs_between_its_prices(web: Web, engine: Engine) -> None:
    async with web.client(bearer=False, headers=bearer("ann")) as client:
        wish = {"type": "subscribe", "channel": "dashboard_updates"}
        answer = await client.ask(**wish, keys=["NSE:TCS", "NSE:INFY"], screeners=["swing", "12", "no:body"])
        assert answer["keys"] == ["NSE:TCS", "NSE:INFY", "screening.swing", "screening.12"]
        assert [error["code"] for error in answer["errors"]] == [400]
        await engine.trade(5.0, "TCS")
        await engine.hot.append_events([entry(1, "swing", "running"), entry(2, "12", "done", owner="ann")])
        told_of_runs = [await client.until(lambda one: "progress" in one) for _ in range(2)]
        assert told_of_runs == [told(1, "swing", "running"), told(2, "12", "done")]

        await client.send(**(wish | {"type": "unsubscribe"}), screeners=["swing", "12"])
        answer = await client.until(lambda one: one["type"] == "unsubscribed")
        assert answer["keys"] == ["NSE:TCS", "NSE:INFY"]
        for wrong in ({"screeners": "swing"}, {"screeners": [""]}, {"screeners": ["s"] * 101}, {}):
            assert (await client.ask(**wish, **wrong))["code"] == 400


async def test_prices_and_runs_of_one_moment_are_frames_of_their_own(web: Web, engine: Engine) -> None:
    async with web.client(bearer=False, headers=bearer("ann")) as client:
        await client.ask(
            type="subscribe", channel="dashboard_updates", keys=["NSE:TCS", "NSE:INFY"], screeners=["swing"]
        )
        for number in range(1, 4):
            await engine.hot.append_events([entry(number, "swing", "running")])
            await engine.trade(float(number), "TCS", volume=number)
            await engine.trade(float(number), "INFY", volume=number)
        seen = [await client.until(lambda one: one["type"] == "screener_progress") for _ in range(3)]
        assert [one["job"] for one in seen] == ["screen-1", "screen-2", "screen-3"]
