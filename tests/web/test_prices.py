"""Current prices: what ticks told, what a provider is asked for, and what nobody can tell."""

import asyncio
import time
from typing import Any

import httpx
import pytest

from engine.storage.hot import HotStore
from tests.web.engine import NOON, Engine
from tests.web.process import BEARER, Web
from web import last_prices
from web.prices import MOST_KEYS

pytestmark = pytest.mark.anyio

PATH = "/api/v1/current_prices"
MS = 1_000_000


async def asked(web: Web, *keys: str) -> dict[str, Any]:
    response = await web.get(PATH, keys=",".join(keys))
    assert response.status_code == 200, response.text
    return response.json()


async def posted(web: Web, body: Any) -> httpx.Response:
    return await web.http.post(PATH, json=body, headers=BEARER)


async def test_a_price_is_told_with_the_time_it_is_of(web: Web, engine: Engine) -> None:
    await engine.store(5.0, "TCS")
    told = await asked(web, "TCS")
    assert (told["prices"], told["as_of"], told["missing"]) == ({"TCS": 5.0}, {"TCS": NOON // MS}, [])
    assert (told["count"], told["cached_count"], told["api_fetched_count"]) == (1, 1, 0)
    assert told["age_ms"]["TCS"] == max(0, told["timestamp"] - NOON // MS)


async def test_duplicates_blanks_and_spellings_are_understood_and_the_unknown_is_missing(
    web: Web, engine: Engine
) -> None:
    await engine.store(5.0, "TCS")
    body = {"keys": ["TCS", " TCS ", "NSE:TCS", "NSE_EQ:1", "", "nse:tcs", "NSE:NOBODY", "NSE_EQ:99999", ";--"]}
    told = (await posted(web, body)).json()
    assert told["prices"] == dict.fromkeys(["TCS", "NSE:TCS", "NSE_EQ:1", "nse:tcs"], 5.0)
    assert told["missing"] == ["NSE:NOBODY", "NSE_EQ:99999", ";--"]
    assert engine.prices_asked == []


async def test_what_no_tick_told_is_fetched_from_the_provider_through_the_engine(web: Web, engine: Engine) -> None:
    await engine.appear()
    await engine.store(5.0, "TCS")
    engine.prices = {"NSE:INFY": (7.5, NOON // MS)}
    told = await asked(web, "TCS", "INFY", "NSE_EQ:2", "RELIANCE", "ORPHAN")
    assert told["prices"] == {"TCS": 5.0, "INFY": 7.5, "NSE_EQ:2": 7.5}
    assert (told["count"], told["cached_count"], told["api_fetched_count"]) == (3, 1, 2)
    assert told["as_of"]["INFY"] == NOON // MS
    assert told["missing"] == ["RELIANCE", "ORPHAN"]
    assert [sorted(names) for names in engine.prices_asked] == [["NSE:INFY", "NSE:RELIANCE"]], (
        "an instrument that nobody carries is asked of nobody"
    )


async def test_what_a_provider_was_asked_for_is_at_hand_for_every_process(
    web: Web, engine: Engine, hot: HotStore
) -> None:
    await engine.appear()
    await hot.keep_asked({"NSE_EQ:2": 7.5}, ["NSE_EQ:0", "NSE_EQ:2"], NOON // MS)
    told = await asked(web, "INFY", "RELIANCE")
    assert (told["prices"], told["as_of"]) == ({"INFY": 7.5}, {"INFY": NOON // MS})
    assert (told["cached_count"], told["api_fetched_count"], told["missing"]) == (1, 0, ["RELIANCE"])
    assert engine.prices_asked == [], "who was asked and knew nothing is not asked again"


async def test_many_who_ask_at_once_are_one_question(web: Web, engine: Engine) -> None:
    await engine.appear()
    engine.prices = {"NSE:INFY": (7.5, 1), "NSE:TCS": (5.0, 1)}
    answers = await asyncio.gather(*[asked(web, "INFY", "TCS") for _ in range(20)])
    assert all(told["prices"] == {"INFY": 7.5, "TCS": 5.0} for told in answers)
    assert len(engine.prices_asked) < 4, "a request that comes after the answer asks again: nothing was kept here"


async def test_without_an_engine_it_is_missing_at_once(web: Web) -> None:
    began_s = time.monotonic()
    assert (await asked(web, "TCS"))["missing"] == ["TCS"]
    assert time.monotonic() - began_s < last_prices.REPLY_S


async def test_an_engine_that_does_not_answer_costs_a_few_waits_and_then_nobody_time(
    web: Web, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(last_prices, "REPLY_S", 0.2)
    engine.silent = True
    for _ in range(12):
        await engine.appear()
        assert (await asked(web, "TCS"))["missing"] == ["TCS"]
    assert 3 <= len(engine.prices_asked) < 7, "then only probes"


async def test_a_thousand_keys_are_answered_and_one_more_is_refused(web: Web) -> None:
    keys = [f"NSE_EQ:{number}" for number in range(MOST_KEYS + 1)]
    assert len((await posted(web, {"keys": keys[:MOST_KEYS]})).json()["missing"]) == MOST_KEYS
    refused = await posted(web, {"keys": keys})
    assert (refused.status_code, refused.json()["detail"]) == (400, "ask for 1 to 1000 keys, was 1001")
    assert (await posted(web, {"keys": [*keys[:MOST_KEYS], keys[0], " "]})).status_code == 200, "each counts once"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "keys: missing"),
        ({"keys": "TCS"}, "keys: expected array, got str"),
        ({"keys": [1]}, "keys[0]: expected str, got int"),
        ({"keys": ["TCS"], "fresh": True}, "fresh: unknown field"),
        ({"keys": []}, None),
        ({"keys": [" "]}, None),
    ],
)
async def test_what_is_no_list_of_keys_is_refused_with_what_is_wrong(web: Web, body: Any, error: str | None) -> None:
    refused = await posted(web, body)
    assert refused.status_code == 400
    assert refused.json()["errors"] == ([] if error is None else [error])
