"""``/api/v1/ticks`` end to end: both stores, pages over symbols in both orders, every form, and what is refused."""

import csv
import io
from importlib import import_module
from typing import Any

import pytest

from engine.market.kept_tick import KeptTick
from engine.storage.hot.keys import TICKS_SAVED
from tests.web.engine import NOON, unpacked
from tests.web.process import Web
from tests.web.test_rest import problem

pa: Any = import_module("pyarrow")
pytestmark = pytest.mark.anyio

NOON_US = NOON // 1_000
RANGE = {"start": "2026-11-18T11:27:00Z", "end": "2026-11-18T11:28:00Z"}


def tick(symbol: str, number: int) -> KeptTick:
    at_us = NOON_US + number
    return KeptTick(f"NSE:{symbol}", at_us, at_us - 40, 100.05, 5, 2, 900 + number, None, 100.0, 100.1, "simulator")


@pytest.fixture
async def web_with_ticks(web: Web) -> Web:
    """Three of RELIANCE, the last only in Redis, and two of TCS."""
    reliance, tcs = [[tick(symbol, number) for number in range(3)] for symbol in ("RELIANCE", "TCS")]
    await web.services.durable.ticks.save([*reliance[:2], *tcs[:2]])
    await web.services.hot.write_ticks(reliance[1:])
    return web


async def asked(web: Web, **arguments: Any) -> dict[str, Any]:
    response = await web.get("/api/v1/ticks", **(RANGE | arguments))
    assert response.status_code == 200, response.text
    return response.json()


async def test_the_ticks_of_both_stores_by_symbol_as_it_was_written(web_with_ticks: Web) -> None:
    body = await asked(web_with_ticks, symbols="RELIANCE,NSE:TCS,INFY")
    assert body["ticks"]["RELIANCE"][2] == {
        "received": NOON_US + 2, "t": NOON_US - 38, "price": 100.05, "size": 5, "traded": 2, "volume": 902, "oi": None,
        "bid": 100.0, "ask": 100.1, "provider": "simulator"
    }  # fmt: skip
    assert {symbol: len(ticks) for symbol, ticks in body["ticks"].items()} == {"RELIANCE": 3, "NSE:TCS": 2, "INFY": 0}
    assert (body["next_page_token"], body["missing"], body["data"]) == (None, [], "simulated")


async def test_whose_ticks_are_not_kept_is_said(web_with_ticks: Web) -> None:
    keep = "UPDATE instruments SET keep_ticks = $1 WHERE symbol = 'RELIANCE'"
    await web_with_ticks.services.durable._link.value(keep, True)
    assert (await asked(web_with_ticks, symbols="RELIANCE,TCS"))["not_kept"] == ["TCS"]
    await web_with_ticks.services.durable._link.value(keep, False)


async def test_a_redis_that_was_emptied_is_missing_until_it_has_all_again_that_postgresql_lacks(
    web_with_ticks: Web,
) -> None:
    keep = "UPDATE instruments SET keep_ticks = $1 WHERE symbol = 'RELIANCE'"
    hot, link = web_with_ticks.services.hot, web_with_ticks.services.durable._link
    await link.value(keep, True)
    await hot._link.call("DEL", TICKS_SAVED)
    assert (await asked(web_with_ticks, symbols="RELIANCE"))["missing"] == ["redis"]
    assert (await asked(web_with_ticks, symbols="TCS"))["missing"] == [], "nothing of it is kept anywhere"
    await hot.note_saved(NOON_US)
    assert (await asked(web_with_ticks, symbols="RELIANCE"))["missing"] == []
    await link.value(keep, False)


@pytest.mark.parametrize("sort", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_all_pages_after_each_other_are_the_whole(web_with_ticks: Web, sort: str, limit: int) -> None:
    whole = await asked(web_with_ticks, symbols="RELIANCE,TCS", sort=sort)
    assert [row["volume"] for row in whole["ticks"]["RELIANCE"]] == sorted((900, 901, 902), reverse=sort == "desc")
    joined: dict[str, list[Any]] = {}
    token = ""
    while token is not None:
        page = await asked(web_with_ticks, symbols="RELIANCE,TCS", sort=sort, limit=limit, page_token=token)
        assert sum(map(len, page["ticks"].values())) <= limit
        for symbol, rows in page["ticks"].items():
            joined.setdefault(symbol, []).extend(rows)
        token = page["next_page_token"]
    assert joined == whole["ticks"]


async def test_every_form_says_the_same(web_with_ticks: Web) -> None:
    wanted = RANGE | {"symbols": "RELIANCE,TCS"}
    whole = await asked(web_with_ticks, **wanted)
    packed = await web_with_ticks.get("/api/v1/ticks", **wanted, format="msgpack")
    assert unpacked(packed.content) == whole
    text = await web_with_ticks.get("/api/v1/ticks", **wanted, format="csv", limit="all")
    lines = list(csv.DictReader(io.StringIO(text.text)))
    assert [(line["symbol"], int(line["volume"]), line["oi"]) for line in lines] == [
        (symbol, row["volume"], "") for symbol, rows in whole["ticks"].items() for row in rows
    ]
    table = pa.ipc.open_stream((await web_with_ticks.get("/api/v1/ticks", **wanted, format="arrow")).content).read_all()
    assert table["received"].cast(pa.int64()).to_pylist() == [int(line["received"]) for line in lines]
    assert str(table.schema.field("t").type) == "timestamp[us, tz=UTC]"
    page = await web_with_ticks.get("/api/v1/ticks", **wanted, format="csv", limit=2)
    assert page.headers["X-Ticktree-Next-Page"]


@pytest.mark.parametrize(
    ("arguments", "status", "named"),
    [
        ({"symbols": ""}, 400, "symbols"),
        ({"symbols": "NOBODY"}, 404, "NOBODY"),
        ({"symbols": "TCS", "limit": "all"}, 400, "csv or arrow"),
        ({"symbols": "TCS", "limit": "0"}, 400, "limit"),
        ({"symbols": "TCS", "sort": "up"}, 400, "sort"),
        ({"symbols": "TCS", "format": "xml"}, 400, "format"),
        ({"symbols": "TCS", "start": "2026-01-01"}, 400, "31 days"),
        ({"symbols": "TCS", "page_token": "nonsense"}, 400, "page_token"),
    ],
)
async def test_what_can_not_be_answered_is_refused_with_its_reason(
    web: Web, arguments: dict[str, Any], status: int, named: str
) -> None:
    told = await problem(await web.get("/api/v1/ticks", **(RANGE | arguments)), status)
    assert named in told["detail"]


async def test_a_page_token_is_of_its_own_list_and_range(web_with_ticks: Web) -> None:
    token = (await asked(web_with_ticks, symbols="RELIANCE", limit=2))["next_page_token"]
    for changes in ({"symbols": "TCS"}, {"start": "2026-11-18T11:27:30Z"}):
        wanted = RANGE | {"symbols": "RELIANCE", "page_token": token} | changes
        told = await problem(await web_with_ticks.get("/api/v1/ticks", **wanted), 400)
        assert "page_token" in told["detail"]
