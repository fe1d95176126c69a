"""``/api/v1/completeness`` end to end: what is there, what is decided, what is missing, and pages of instruments."""

from typing import Any

import pytest

from engine.market import Verdict
from engine.storage.durable import ARCHIVED, DurableStore
from tests.web.engine import MINUTE, NOON, candle
from tests.web.process import Web
from tests.web.test_rest import problem

pytestmark = pytest.mark.anyio

DAY = {"start": "2026-11-18", "end": "2026-11-18"}
MINUTES = 1440
"""The exchange of these tests never closes."""


async def rows(web: Web, **arguments: Any) -> list[dict[str, Any]]:
    response = await web.get("/api/v1/completeness", **arguments)
    assert response.status_code == 200, response.text
    return response.json()["items"]


async def test_each_expected_bucket_is_counted_once_and_gaps_say_why(web: Web, durable: DurableStore) -> None:
    await durable.save([candle(0), candle(1), candle(2), candle(5)])
    await durable.note_verdicts(
        [
            Verdict("NSE:RELIANCE", "empty", NOON + 3 * MINUTE, NOON + 4 * MINUTE),
            Verdict("NSE:RELIANCE", "unresolvable", NOON + 4 * MINUTE, NOON + 5 * MINUTE, "too old"),
        ]
    )
    await web.services.hot.set_healing({"NSE:RELIANCE": [(NOON + 6 * MINUTE, NOON + 7 * MINUTE)]})
    [row] = await rows(web, symbol="RELIANCE", **DAY)
    assert (row["symbol"], row["instrument"], row["timeframe"]) == ("RELIANCE", "NSE:RELIANCE", "1m")
    counts = {state: row[state] for state in ("traded", "empty", "healing", "unresolvable", "missing", "expected")}
    assert counts == {
        "traded": 4, "empty": 1, "healing": 2, "unresolvable": 1, "missing": MINUTES - 8, "expected": MINUTES
    }  # fmt: skip
    assert row["percentage"] == round(100 * 5 / MINUTES, 4)
    [session] = row["sessions"]
    assert session["date"] == "2026-11-18"
    told = [(gap["state"], gap["reason"], gap["end"] - gap["start"]) for gap in session["gaps"]]
    assert told[1:3] == [("unresolvable", "too old", 60_000), ("healing", "healing", 120_000)]
    assert session["gaps"][1]["start"] == (NOON + 4 * MINUTE) // 1_000_000

    [row] = await rows(web, symbol="RELIANCE", timeframe="1h", **DAY)
    assert (row["expected"], row["traded"], row["missing"]) == (24, 0, 24)


async def test_what_is_archived_is_told_to_who_asks_for_bars_and_counted_as_archived(
    web: Web, durable: DurableStore
) -> None:
    await durable.save([], checkpoint_ns=NOON + 24 * 60 * MINUTE, name=ARCHIVED)
    [row] = await rows(web, symbol="RELIANCE", **DAY)
    assert (row["archived"], row["missing"], row["percentage"]) == (MINUTES, 0, 100.0)
    answer = await web.get("/api/v1/bars", symbols="RELIANCE", timeframe="1m", start=DAY["start"], end=DAY["end"])
    body = answer.json()
    [gap] = body["gaps"]
    assert (body["bars"], body["complete"], gap["state"]) == ({"RELIANCE": []}, False, "archived")


async def test_without_symbols_all_that_are_carried_come_in_pages(web: Web) -> None:
    response = await web.get("/api/v1/completeness", limit="2", **DAY)
    body = response.json()
    assert [row["instrument"] for row in body["items"]] == ["NSE:INFY", "NSE:RELIANCE"]
    response = await web.get("/api/v1/completeness", limit="2", page_token=body["next_page_token"], **DAY)
    assert [row["instrument"] for row in response.json()["items"]] == ["NSE:TCS"]
    assert response.json()["next_page_token"] is None


async def test_several_symbols_are_named_as_they_were_written(web: Web) -> None:
    found = await rows(web, symbol="tcs, NSE:INFY", **DAY)
    assert [(row["symbol"], row["instrument"]) for row in found] == [("NSE:INFY", "NSE:INFY"), ("tcs", "NSE:TCS")]


async def test_what_has_not_happened_yet_is_not_expected(web: Web) -> None:
    [row] = await rows(web, symbol="RELIANCE", start="2099-01-01", end="2099-01-02")
    assert (row["expected"], row["percentage"], row["sessions"]) == (0, 100.0, [])


@pytest.mark.parametrize(
    ("arguments", "status", "word"),
    [
        ({"symbol": "RELIANC"}, 404, "RELIANC"),
        ({"symbol": "RELIANCE", "timeframe": "7q"}, 400, "7q"),
        ({"symbol": "RELIANCE", "start": "yesterday"}, 400, "start is a date"),
        ({"symbol": "RELIANCE", "start": "2026-11-20", "end": "2026-11-19"}, 400, "after end"),
        ({"limit": "0"}, 400, "limit"),
        ({"symbol": "RELIANCE", "start": "2000-01-01"}, 400, "too much"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_a_sentence(
    web: Web, arguments: dict[str, str], status: int, word: str
) -> None:
    body = await problem(await web.get("/api/v1/completeness", **arguments), status)
    assert word in body["detail"]
