"""``/api/v1/depth`` end to end: the book as it stands, what is asked of the engine, and why there is none."""

import asyncio
from typing import Any

import httpx
import pytest

from engine.storage.hot import HotStore
from tests.storage.depths import book
from tests.web.engine import Engine
from tests.web.process import Web
from tests.web.test_rest import problem
from web import depths

pytestmark = pytest.mark.anyio

RELIANCE, TCS = "NSE:RELIANCE", "NSE:TCS"
SECOND_NS = 1_000_000_000


async def got(web: Web, symbol: str = RELIANCE) -> httpx.Response:
    return await web.get(f"/api/v1/depth/{symbol}")


async def answered(web: Web, symbol: str = RELIANCE) -> dict[str, Any]:
    response = await got(web, symbol)
    assert response.status_code == 200, response.text
    return response.json()


async def test_the_book_is_answered_as_it_stands_with_who_told_it_and_how_old_it_is(
    web: Web, hot: HotStore, engine: Engine
) -> None:
    await engine.appear()
    told_ns = web.system.clock.now_ns() - 2 * SECOND_NS
    await hot.write_depths([book(RELIANCE, told_ns)])
    told = await answered(web, "reliance")
    assert 2_000 <= told.pop("age_ms") < 60_000
    assert told == {
        "symbol": "reliance",
        "instrument": RELIANCE,
        "bids": [
            {"price": 1650.25, "quantity": 100, "orders": 3},
            {"price": 1650.20, "quantity": 50, "orders": 1},
        ],
        "asks": [{"price": 1650.30, "quantity": 70, "orders": 2}],
        "ts_recv": told_ns // 1_000_000,
        "source": "dhan",
        "levels": 20,
        "data": "simulated",
        "failed": "",
    }


async def test_a_depth_that_nobody_follows_is_asked_of_the_engine_once_for_all(
    web: Web, hot: HotStore, engine: Engine
) -> None:
    await engine.appear()
    waiting = [asyncio.create_task(answered(web)) for _ in range(5)]
    async with asyncio.timeout(10):
        while not engine.depths_asked:
            await asyncio.sleep(0.01)
    await hot.write_depths([book(RELIANCE, web.system.clock.now_ns())])
    assert [(told["bids"][0]["price"], told["failed"]) for told in await asyncio.gather(*waiting)] == [
        (1650.25, "")
    ] * 5
    await answered(web)
    assert engine.depths_asked == [RELIANCE]


async def test_what_the_engine_refuses_is_an_empty_book_with_why(web: Web, engine: Engine) -> None:
    await engine.appear()
    engine.no_depth = {TCS: "no provider shows twenty levels of NSE:TCS"}
    told = await answered(web, TCS)
    assert (told["bids"], told["asks"], told["ts_recv"], told["age_ms"], told["source"]) == ([], [], None, None, "")
    assert told["failed"] == engine.no_depth[TCS]


async def test_without_an_engine_a_book_is_as_old_as_it_says(web: Web, hot: HotStore) -> None:
    assert (await answered(web))["failed"] == depths.AWAY
    await hot.write_depths([book(RELIANCE)])
    told = await answered(web)
    assert (told["failed"], told["bids"][0]["price"]) == (depths.AWAY, 1650.25)


async def test_a_book_that_does_not_come_in_time_is_missing_with_why(
    web: Web, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(depths, "WAIT_S", 0.2)
    await engine.appear()
    assert (await answered(web))["failed"] == depths.LATE


async def test_an_engine_that_does_not_answer_is_asked_once_for_all_who_come_soon_after(
    web: Web, hot: HotStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(depths, "REPLY_S", 0.2)
    position = await hot.commands_position("engine")
    await hot.publish_tree("engine", {"process": "engine"})
    assert {(await answered(web))["failed"] for _ in range(3)} == {depths.SILENT}
    asked = [command["command"] for _, command in await hot.read_commands("engine", position, 10)]
    assert asked.count("depth") == 1


async def test_somebody_asks_for_so_many_depths_at_once_and_all_together_for_so_many(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(depths, "SHARE", 1)
    monkeypatch.setattr(depths, "MOST_WANTED", 2)
    wishes = web.services.depths

    async def trouble(instrument: str, holder: str) -> str:
        return (await wishes.current(instrument, holder)).trouble

    assert [await trouble(name, "public 1.2.3.4") for name in (RELIANCE, TCS)] == [depths.AWAY, depths.SHARED]
    assert [await trouble(name, "user 1") for name in (RELIANCE, TCS)] == [depths.AWAY, depths.SHARED]
    assert [await trouble(name, "") for name in (TCS, "NSE:INFY")] == [depths.AWAY, depths.MANY]


async def test_what_the_engine_refuses_keeps_no_place_from_others(
    web: Web, hot: HotStore, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(depths, "SHARE", 1)
    monkeypatch.setattr(depths, "MOST_WANTED", 1)
    await engine.appear()
    engine.no_depth = {TCS: "nobody tells the depth of NSE:TCS"}
    await hot.write_depths([book(RELIANCE, web.system.clock.now_ns())])
    wishes = web.services.depths
    told = [(await wishes.current(name, "public 1.2.3.4")).trouble for name in (TCS, TCS, RELIANCE, TCS)]
    assert told == [engine.no_depth[TCS], engine.no_depth[TCS], "", depths.SHARED]
    assert engine.depths_asked == [TCS, RELIANCE]


async def test_a_symbol_that_nobody_lists_is_not_found(web: Web) -> None:
    unknown = await problem(await got(web, "RELIANC"), 404)
    assert (unknown["code"], unknown["errors"]) == ("unknown_symbol", [RELIANCE])


async def test_a_depth_is_for_those_who_may_read_prices(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"/api/v1/depth/{RELIANCE}"
    assert (await web.http.get(path)).status_code == 401
    monkeypatch.setattr(web.services.access, "public_feed", True)
    assert (await web.http.get(path)).status_code == 200
