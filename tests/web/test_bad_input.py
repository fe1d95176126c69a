"""Bad input: what no route can do anything with is refused with the one error body, and says which part of it is wrong."""

from typing import Any

import pytest

from tests.web.process import BEARER, Web
from tests.web.test_rest import problem

pytestmark = pytest.mark.anyio

KEYS = [f"NSE_EQ:{number + 100_000}" for number in range(1_001)]
DAY = {"start": "2026-11-18", "end": "2026-11-18"}

QUERIES: list[tuple[str, dict[str, Any], int, str]] = [
    # ranges
    ("/marketdata/intraday", {"symbol": "TCS", "start_date": "2026-11-19", "end_date": "2026-11-18"}, 400, "after"),
    ("/marketdata/daily", {"symbol": "TCS", "start_date": "2026-11-19", "end_date": "2026-11-18"}, 400, "after"),
    ("/api/v1/bars", {"symbols": "TCS", "start": "2026-11-19", "end": "2026-11-18"}, 400, "after"),
    ("/api/v1/completeness", {"symbol": "TCS", "start": "2026-11-19", "end": "2026-11-18"}, 400, "after"),
    ("/api/v1/bars", {"symbols": "TCS", "start": "2026-11-31"}, 400, "start"),
    ("/api/v1/bars", {"symbols": "TCS", "end": "0001-01-01T00:00:00+14:00"}, 400, "end"),
    ("/api/v1/bars", {"symbols": "TCS", "end": "9999-12-31T23:59:59-12:00"}, 400, "end"),
    ("/api/v1/bars", {"symbols": "TCS", "as_of": "yesterday"}, 400, "as_of"),
    ("/marketdata/intraday", {"symbol": "TCS", "start_date": "1795001220"}, 400, "start_date"),
    # names that nobody knows
    ("/marketdata/intraday", {"symbol": "TCS", "end": "2026-11-18"}, 400, "end: unknown field"),
    ("/marketdata/daily", {"symbol": "TCS", "timeframe": "1d"}, 400, "timeframe: unknown field"),
    ("/api/v1/bars", {"symbols": "TCS", "end_date": "2026-11-18"}, 400, "end_date: unknown field"),
    ("/api/v1/chart/TCS", {"span": "1y"}, 400, "span: unknown field"),
    ("/api/v1/completeness", {"symbols[]": "TCS"}, 400, "symbols[]: unknown field"),
    ("/api/v1/current_prices", {"symbols": "TCS"}, 400, "unknown field"),
    ("/api/v1/quarantine/", {"state": "held"}, 400, "state: unknown field"),
    ("/instruments/", {"exchange": "NSE"}, 400, "exchange: unknown field"),
    # kinds and sizes
    ("/marketdata/intraday", {}, 400, "symbol: missing"),
    ("/marketdata/intraday", {"symbol": ["TCS", "INFY"]}, 400, "symbol: given more than once"),
    ("/marketdata/intraday", {"symbol": "TCS", "limit": "0"}, 400, "limit: expected int >= 1"),
    ("/marketdata/intraday", {"symbol": "TCS", "limit": "50001"}, 400, "limit: expected int <= 50000"),
    ("/marketdata/intraday", {"symbol": "TCS", "limit": "many"}, 400, "limit: expected int, got str"),
    ("/api/v1/bars", {"symbols": "TCS", "limit": "9" * 4_000}, 400, "limit"),
    ("/api/v1/bars", {"symbols": ",".join(["TCS"] * 99 + ["X"] * 9)}, 404, "X"),
    ("/api/v1/bars", {"symbols": ","}, 400, "1 to 100 symbols"),
    ("/api/v1/completeness", {"limit": "-1"}, 400, "limit"),
    ("/api/v1/quarantine/", {"limit": "1001"}, 400, "limit"),
    ("/instruments/", {"limit": "1001"}, 400, "limit"),
    ("/instruments/", {"limit": "nan"}, 400, "limit"),
    # pages
    ("/marketdata/intraday", {"symbol": "TCS", "page_token": "1"}, 400, "page_token"),
    ("/api/v1/bars", {"symbols": "TCS", "page_token": "AAAA"}, 400, "page_token"),
    ("/instruments/", {"page_token": "\0\ud7ff"}, 400, "page_token"),
    ("/users/", {"page_token": "!"}, 400, "page_token"),
    ("/api/v1/quarantine/", {"page_token": "next"}, 400, "page_token"),
    # symbols
    ("/marketdata/intraday", {"symbol": "\0"}, 404, "symbol"),
    ("/marketdata/intraday", {"symbol": "N" * 5_000}, 404, "symbol"),
    ("/marketdata/intraday", {"symbol": "NSE:"}, 404, "symbol"),
    ("/api/v1/chart/%00", {}, 404, "symbol"),
    ("/jobs/%00", {}, 404, "job"),
]


@pytest.mark.parametrize(("path", "arguments", "status", "word"), QUERIES)
async def test_a_query_that_makes_no_sense_is_refused_with_what_is_wrong(
    web: Web, path: str, arguments: dict[str, Any], status: int, word: str
) -> None:
    body = await problem(await web.get(path, **arguments), status)
    assert word in body["detail"]


@pytest.mark.parametrize("moment", ["2030-01-01", "2030-01-01T09:15:00Z"])
async def test_of_the_future_there_is_nothing_and_nothing_lacks(web: Web, moment: str) -> None:
    for path, arguments in (
        ("/marketdata/intraday", {"symbol": "TCS", "start_date": moment, "end_date": moment}),
        ("/marketdata/daily", {"symbol": "TCS", "start_date": moment, "end_date": moment}),
        ("/api/v1/bars", {"symbols": "TCS", "start": moment, "end": moment}),
    ):
        answered = await web.get(path, **arguments)
        body = answered.json()
        assert (answered.status_code, body["gaps"], body["next_page_token"]) == (200, [], None)
        assert body.get("items", []) == body.get("bars", {"TCS": []})["TCS"] == []


async def test_a_time_without_a_zone_is_the_exchanges(web: Web) -> None:
    wanted = {"symbols": "TCS", "timeframe": "1m"}
    zoned = await web.get("/api/v1/bars", **wanted, start="2026-11-18T09:15:00+05:30", end="2026-11-18T09:20:00+05:30")
    plain = await web.get("/api/v1/bars", **wanted, start="2026-11-18T09:15:00", end="2026-11-18T09:20:00")
    assert plain.json()["gaps"] == zoned.json()["gaps"] != []


async def test_a_thousand_keys_are_answered_and_one_more_is_refused(web: Web) -> None:
    for status, keys in ((200, KEYS[:1_000]), (400, KEYS)):
        asked = await web.get("/api/v1/current_prices", keys=",".join(keys))
        posted = await web.http.post("/api/v1/current_prices", json={"keys": keys}, headers=BEARER)
        assert (asked.status_code, posted.status_code) == (status, status)


@pytest.mark.parametrize(
    ("path", "body", "status", "word"),
    [
        ("/api/v1/current_prices", {"keys": ["TCS"], "fresh": True}, 400, "fresh: unknown field"),
        ("/api/v1/current_prices", {"keys": "TCS"}, 400, "keys: expected array, got str"),
        ("/api/v1/current_prices", {"keys": [1]}, 400, "keys[0]: expected str, got int"),
        ("/admin/backfill", {"start": "2026-11-18T00:00:00Z"}, 400, "end: missing"),
        ("/admin/backfill", {"start": "2026-11-18", "end": "2026-11-19"}, 400, "start is a time with its offset"),
        ("/screeners/ltp/start", {"keys": KEYS}, 400, "1"),
        ("/auth/login", {"email": "a@b.c"}, 400, "password: missing"),
        ("/auth/register", {"email": "a@b.c", "password": "x", "role": "admin"}, 400, "role: unknown field"),
        ("/auth/api-keys", {"name": 7}, 400, "name: expected str, got int"),
        ("/exchange/", {"code": None}, 400, "code"),
        ("/sectors/", [], 400, "expected object, got array"),
    ],
)
async def test_a_body_that_makes_no_sense_is_refused_with_what_is_wrong(
    web: Web, path: str, body: Any, status: int, word: str
) -> None:
    told = await problem(await web.http.post(path, json=body, headers=BEARER), status)
    assert word in told["detail"]


@pytest.mark.parametrize(
    "path", ["/api/v1/current_prices", "/admin/scan", "/auth/login", "/exchange/", "/screeners/ltp/start"]
)
@pytest.mark.parametrize(
    ("content", "kind", "refusal"),
    [
        (b"{", "application/json", (400, "bad_request")),
        (b'{"a": NaN}', "application/json", (400, "bad_request")),
        (b"[" * 100_000, "application/json", (400, "bad_request")),
        (b"\xff", "application/json", (400, "bad_request")),
        (b"keys=TCS", "application/x-www-form-urlencoded", (415, "not_json")),
        (b'"' + b"x" * 300_000 + b'"', "application/json", (413, "too_large")),
    ],
)
async def test_what_is_no_json_or_too_much_of_it_is_refused_everywhere(
    web: Web, path: str, content: bytes, kind: str, refusal: tuple[int, str]
) -> None:
    answered = await web.http.post(path, content=content, headers={**BEARER, "Content-Type": kind})
    status, code = refusal
    assert (await problem(answered, status))["code"] == code


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("DELETE", "/health", "GET, HEAD, OPTIONS"), ("PUT", "/jobs/", "GET, HEAD, OPTIONS")],
)
async def test_another_method_is_refused_with_those_there_are(web: Web, method: str, path: str, allowed: str) -> None:
    answered = await web.http.request(method, path, headers=BEARER)
    await problem(answered, 405)
    assert answered.headers["Allow"] == allowed
