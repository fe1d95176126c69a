"""How far the run of a screener is, over sockets: in the full and in the screener dialect, to those whose it is."""

from typing import Any

import pytest

from actors.channels import encode_screener_event
from engine.storage.durable import DurableStore, Job
from engine.storage.errors import StorageUnavailableError
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


async def own(durable: DurableStore, user: str) -> str:
    """The number of a screener that a user has made."""
    if await durable.user(user) is None:
        assert await durable.add_user(user, f"{user}@example.org", password_hash="hash")
    row = await durable.screeners.add(user, str(len(await durable.screeners.all(user))), "", "{}")
    assert row is not None
    return str(row.id)


async def test_own_ones_are_told_to_their_owner_alone(web: Web, engine: Engine, durable: DurableStore) -> None:
    ann, bob = bearer("ann"), bearer("bob", session="s2")
    hers, his = await own(durable, "ann"), await own(durable, "bob")
    async with web.client(bearer=False, headers=ann) as a, web.client(bearer=False, headers=bob) as b:
        for client, number in ((a, hers), (b, his)):
            answers = await follow(client, f"screening.{number}", "screening.swing")
            assert [one["ok"] for one in answers] == [True, True]
        await engine.hot.append_events([entry(1, hers, "failed", owner="ann"), entry(2, "swing", "cancelled")])
        assert await a.push(f"screening.{hers}") == told(1, hers, "failed")
        assert (await b.until(lambda push: "data" in push))["data"] == told(2, "swing", "cancelled")


async def test_who_asks_for_one_that_is_not_theirs_or_not_at_all_is_told_so(web: Web, durable: DurableStore) -> None:
    hers, his = await own(durable, "ann"), await own(durable, "bob")
    gone = await own(durable, "bob")
    assert await durable.screeners.retire("bob", int(gone))
    wrong = ["9999999999", f"0{his}", hers, gone]
    async with web.client(bearer=False, headers=bearer("bob")) as client:
        answers = await follow(
            client, "screening.nobody", *(f"screening.{number}" for number in wrong), f"screening.{his}"
        )
        assert [answer["ok"] for answer in answers] == [False] * 5 + [True]
        assert {answer["error"]["code"] for answer in answers[:5]} == {410}
        assert [answer["error"]["message"] for answer in answers[:2]] == [
            "there is no screener 'nobody': longterm, swing",
            "you have no screener 9999999999",
        ]


async def test_what_is_sent_while_screeners_are_looked_up_is_answered_in_its_order(
    web: Web, durable: DurableStore
) -> None:
    number = await own(durable, "ann")
    async with web.client(bearer=False, headers=bearer("ann")) as client:
        follows = ("screening.swing", f"screening.{number}")
        for identity in range(6):
            action = "subscribe" if identity in (0, 1, 4) else "unsubscribe"
            await client.send(action=action, channels=[follows[identity % 2]], id=identity)
        answers = [await client.until(lambda one: "id" in one) for _ in range(6)]
        assert [answer["id"] for answer in answers] == list(range(6))
        assert [answer["results"][0]["ok"] for answer in answers] == [True] * 5 + [False]  # it had been ended by then


async def test_a_database_that_is_away_is_said_to_be_so(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> list[int]:
        raise StorageUnavailableError("the connection was refused")

    monkeypatch.setattr(web.services.durable.screeners, "among", away)
    async with web.client(bearer=False, headers=bearer("ann")) as client:
        unknown, known = await follow(client, "screening.12", "screening.swing")
        assert (unknown["error"]["code"], unknown["error"]["temporary"], known["ok"]) == (410, True, True)


async def test_nobody_reaches_those_of_another_by_writing_their_name(web: Web, engine: Engine) -> None:
    async with web.client(bearer=False, headers=bearer("bob")) as client:
        answers = await follow(client, "screening.ann:12", "screening.", "screening.1x", f"screening.{'9' * 11}")
        assert [answer["error"]["code"] for answer in answers] == [400] * 4
    async with web.client() as operator:
        (answer,) = await follow(operator, "screening.12")
        assert (answer["ok"], answer["error"]["code"]) == (False, 409)


async def test_the_screener_dialect_tells_of_runs_between_its_prices(
    web: Web, engine: Engine, durable: DurableStore
) -> None:
    number = await own(durable, "ann")
    async with web.client(bearer=False, headers=bearer("ann")) as client:
        wish = {"type": "subscribe", "channel": "dashboard_updates"}
        answer = await client.ask(**wish, keys=["NSE:TCS", "NSE:INFY"], screeners=["swing", number, "no:body"])
        assert answer["keys"] == ["NSE:TCS", "NSE:INFY", "screening.swing", f"screening.{number}"]
        assert [error["code"] for error in answer["errors"]] == [400]
        await engine.trade(5.0, "TCS")
        await engine.hot.append_events([entry(1, "swing", "running"), entry(2, number, "done", owner="ann")])
        told_of_runs = [await client.until(lambda one: "progress" in one) for _ in range(2)]
        assert told_of_runs == [told(1, "swing", "running"), told(2, number, "done")]

        await client.send(**(wish | {"type": "unsubscribe"}), screeners=["swing", number])
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
