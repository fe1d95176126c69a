"""REST end to end: candles, prices, health, metrics, and the operator's view."""

from typing import Any

import anyio
import httpx
import pytest

from engine.storage.durable import DurableStore, Job
from engine.storage.hot import HotStore, InstrumentReport
from tests.web.conftest import running_web
from tests.web.engine import MINUTE, NOON, Engine, candle
from tests.web.process import BEARER, Web
from web.accounts.limits import PUBLIC_AT_ONCE
from web.intraday import iso
from web.routes import guards

pytestmark = pytest.mark.anyio

START, END = "2026-11-18T00:00:00Z", "2026-11-18T23:59:59Z"


async def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    body = response.json()
    assert response.status_code == body["status_code"] == status
    assert body["request_id"] == response.headers["X-Request-Id"]
    assert set(body) == {"detail", "status_code", "code", "errors", "request_id"}
    return body


async def test_intraday_joins_both_stores_and_the_forming_candle(web: Web, engine: Engine) -> None:
    await web.services.durable.save([candle(0, 1.0)])
    await web.services.hot.write_candles([candle(1, 2.0)])
    await engine.store(3.0, forming=(candle(2, 3.0, state="forming"),))
    start, end = "2026-11-18T10:00:00Z", "2026-11-18T23:59:59Z"
    response = await web.get(
        "/marketdata/intraday", symbol="RELIANCE", timeframe="1Min", start_date=start, end_date=end
    )
    body = response.json()
    assert [(row["close"], row["state"]) for row in body["items"]] == [(1.0, "final"), (2.0, "final"), (3.0, "forming")]
    assert body["items"][0]["timestamp"] == "2026-11-18T11:27:00Z"
    assert (body["instrument"], body["timeframe"], body["data"]) == ("NSE:RELIANCE", "1m", "simulated")
    assert response.headers["X-Ticktree-Data"] == "simulated"


async def test_a_range_includes_both_its_ends(web: Web) -> None:
    await web.services.durable.save([candle(minute, float(minute)) for minute in range(5)])

    async def closes(start: str, end: str) -> list[float]:
        response = await web.get(
            "/marketdata/intraday", symbol="NSE:RELIANCE", timeframe="1m", start_date=start, end_date=end
        )
        return [row["close"] for row in response.json()["items"]]

    assert await closes("2026-11-18T11:28:00Z", "2026-11-18T11:30:00Z") == [1.0, 2.0, 3.0]
    assert await closes("2026-11-18", "2026-11-18") == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert await closes("2026-11-18T16:58:00", "2026-11-18T16:58:00") == [1.0], (
        "a time without a zone is the exchange's"
    )
    assert await closes("2026-11-18T11:28:00+00:00", "2026-11-18T16:58:00+05:30") == [1.0]
    assert await closes("2026-11-19", "2026-11-20") == []


async def test_candles_come_with_what_is_missing_among_them(web: Web) -> None:
    await web.services.durable.save([candle(0), candle(2)])
    wanted = {"symbol": "RELIANCE", "start_date": "2026-11-18T11:27:00Z", "end_date": "2026-11-18T11:29:00Z"}
    body = (await web.get("/marketdata/intraday", timeframe="1m", **wanted)).json()
    gap = {"start": "2026-11-18T11:28:00Z", "end": "2026-11-18T11:29:00Z", "state": "missing", "reason": "missing"}
    assert (body["complete"], body["gaps"]) == (False, [gap])
    body = (
        await web.get("/marketdata/daily", symbol="RELIANCE", start_date="2026-11-18", end_date="2026-11-18")
    ).json()
    assert (body["complete"], len(body["gaps"])) == (False, 1)


async def test_long_ranges_come_in_pages(web: Web) -> None:
    await web.services.durable.save([candle(minute, float(minute)) for minute in range(7)])
    wanted = {"symbol": "RELIANCE", "timeframe": "1m", "start_date": "2026-11-18T11:27:00Z", "limit": "3"}
    wanted["end_date"] = "2026-11-18T11:33:00Z"
    pages: list[list[float]] = []
    token: str | None = ""
    while token is not None:
        body = (await web.get("/marketdata/intraday", **wanted, **({"page_token": token} if token else {}))).json()
        pages.append([row["close"] for row in body["items"]])
        token = body["next_page_token"]
    assert pages == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0], [6.0]]


async def test_a_long_range_is_streamed_whole_with_what_lacks_behind_it(web: Web) -> None:
    numbers = [number for number in range(-4_000, 0) if number != -2_000]
    await web.services.durable.save([candle(number, 1.0) for number in numbers])
    wanted = {"symbol": "RELIANCE", "timeframe": "1m", "start_date": "2026-11-15T16:47:00Z", "limit": "50000"}
    response = await web.get("/marketdata/intraday", **wanted, end_date="2026-11-18T11:26:00Z")
    assert response.headers["Transfer-Encoding"] == "chunked"
    body = response.json()
    assert [row["timestamp"] for row in body["items"]] == [iso(NOON + number * MINUTE) for number in numbers]
    lacks = iso(NOON - 2_000 * MINUTE), iso(NOON - 1_999 * MINUTE)
    assert [(gap["start"], gap["end"]) for gap in body["gaps"]] == [lacks]
    assert (body["complete"], body["next_page_token"], body["missing"]) == (False, None, [])


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ({}, 400),
        ({"symbol": "RELIANC"}, 404),
        ({"symbol": "RELIANCE", "timeframe": "7q"}, 400),
        ({"symbol": "RELIANCE", "start_date": "yesterday"}, 400),
        ({"symbol": "RELIANCE", "start_date": "2026-13-01"}, 400),
        ({"symbol": "RELIANCE", "start_date": "9999-01-01"}, 400),
        ({"symbol": "RELIANCE", "start_date": "2026-11-02", "end_date": "2026-11-01"}, 400),
        ({"symbol": "RELIANCE", "limit": "0"}, 400),
        ({"symbol": "RELIANCE", "limit": "many"}, 400),
        ({"symbol": "RELIANCE", "page_token": "x"}, 400),
        ({"symbol": "RELIANCE", "page_token": "9" * 30}, 400),
        ({"symbol": ";--"}, 404),
    ],
)
async def test_what_can_not_be_answered_says_why(web: Web, arguments: dict[str, str], status: int) -> None:
    assert (await problem(await web.get("/marketdata/intraday", **arguments), status))["detail"]


async def test_an_unknown_symbol_gets_near_names(web: Web) -> None:
    body = await problem(await web.get("/marketdata/daily", symbol="RELIANC"), 404)
    assert body["code"] == "unknown_symbol"
    assert "NSE:RELIANCE" in body["errors"]


async def test_centuries_of_days_are_refused(web: Web) -> None:
    wanted = {"symbol": "RELIANCE", "start_date": "1970-01-02", "end_date": "2262-01-01"}
    body = await problem(await web.get("/marketdata/daily", **wanted), 400)
    assert "10,000 days" in body["detail"]


async def test_daily_rows_are_dated(web: Web) -> None:
    from datetime import date

    from engine.storage.durable import DailyCandle

    day = candle(0, 5.0)
    await web.services.durable.save([], [DailyCandle(date(2026, 11, 18), day, previous_close=4.0)])
    body = (
        await web.get("/marketdata/daily", symbol="RELIANCE", start_date="2026-11-18", end_date="2026-11-18")
    ).json()
    assert [(row["timestamp"], row["close"], row["previous_close"]) for row in body["items"]] == [
        ("2026-11-18", 5.0, 4.0)
    ]


async def test_rows_carry_the_close_of_the_trading_day_before(web: Web, engine: Engine) -> None:
    from datetime import date

    from engine.storage.durable import DailyCandle

    await web.services.durable.save([candle(0), candle(1)], [DailyCandle(date(2026, 11, 17), candle(-1440, 4.0))])
    intraday = await web.get("/marketdata/intraday", symbol="RELIANCE", timeframe="1m", start_date=START, end_date=END)
    assert [row["previous_close"] for row in intraday.json()["items"]] == [4.0, 4.0]
    await engine.store(5.0, at=NOON)  # the exchange's own word
    again = await web.get("/marketdata/intraday", symbol="RELIANCE", timeframe="1m", start_date=START, end_date=END)
    assert [row["previous_close"] for row in again.json()["items"]] == [0.9, 0.9]


async def test_current_prices_come_under_the_keys_they_were_asked_by(web: Web, engine: Engine) -> None:
    await engine.store(1.5)
    await engine.store(2.5, "TCS")
    keys = "NSE_EQ:0,TCS,NSE:TCS,NSE:INFY,NOBODY"
    asked = (await web.get("/api/v1/current_prices", keys=keys)).json()
    assert asked["prices"] == {"NSE_EQ:0": 1.5, "TCS": 2.5, "NSE:TCS": 2.5}
    assert asked["missing"] == ["NSE:INFY", "NOBODY"]
    assert (asked["count"], asked["cached_count"], asked["api_fetched_count"]) == (3, 3, 0)
    assert asked["as_of"]["TCS"] == NOON // 1_000_000
    assert asked["age_ms"]["TCS"] >= 0
    posted = await web.http.post("/api/v1/current_prices", json={"keys": keys.split(",")}, headers=BEARER)
    assert posted.json()["prices"] == asked["prices"]


async def test_a_thousand_keys_fit_and_more_do_not(web: Web) -> None:
    keys = [f"NSE_EQ:{number + 100_000}" for number in range(1001)]
    full = await web.get("/api/v1/current_prices", keys=",".join(keys[:1000]))
    assert len(full.json()["missing"]) == 1000
    bodies: list[Any] = [{"keys": keys}, {"keys": []}, {"keys": "NSE_EQ:1"}, {"keys": [1]}, {}, []]
    for body in bodies:
        await problem(await web.http.post("/api/v1/current_prices", json=body, headers=BEARER), 400)
    await problem(await web.http.post("/api/v1/current_prices", content=b"{", headers=BEARER), 400)
    await problem(await web.http.post("/api/v1/current_prices", content=b" " * 300_000, headers=BEARER), 413)


async def test_nothing_but_health_is_open(web: Web) -> None:
    for path in ("/health", "/health/ready", "/"):
        assert (await web.http.get(path)).status_code == 200
    for path in ("/marketdata/intraday", "/marketdata/daily", "/api/v1/current_prices", "/admin/tree", "/admin/feeds"):
        response = await web.http.get(path)
        await problem(response, 401)
        assert response.headers["WWW-Authenticate"] == "Bearer"
        await problem(await web.http.get(path, headers={"Authorization": "Bearer wrong"}), 401)
    await problem(await web.http.post("/admin/actors/web-1/web/subscriber/restart"), 401)


async def test_guessing_tokens_is_slowed_down_even_for_the_right_one(web: Web) -> None:
    for _ in range(12):
        await web.http.get("/admin/tree", headers={"Authorization": "Bearer wrong"})
    assert (await web.get("/admin/tree")).status_code == 401


async def test_the_public_feed_is_open_and_limited(
    hot: HotStore, durable: DurableStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guards, "_now_s", lambda: 0.0)  # all come at once, however long a busy machine takes for them
    async with running_web(hot, durable, public_feed=True) as web:
        answers = [await web.http.get("/api/v1/current_prices", params={"keys": "TCS"}) for _ in range(80)]
        assert [answer.status_code for answer in answers] == [200] * int(PUBLIC_AT_ONCE) + [429] * 20
        assert (await problem(answers[-1], 429))["code"] == "too_many_requests"
        assert int(answers[-1].headers["Retry-After"]) >= 1
        assert (await web.get("/api/v1/current_prices", keys="TCS")).status_code == 200, "a token is not limited"
        await problem(await web.http.get("/admin/tree"), 401)


async def test_errors_have_one_body_whatever_they_are(web: Web) -> None:
    assert (await problem(await web.get("/nowhere"), 404))["code"] == "not_found"
    assert (await problem(await web.http.post("/health"), 405))["code"] == "method_not_allowed"


async def test_readiness_names_what_is_missing(web: Web) -> None:
    assert (await web.http.get("/health/ready")).json()["status"] == "ready"
    await web.services.durable.close()
    response = await web.http.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["checks"] == {"redis": True, "postgresql": False, "instruments": True, "prices": True}


async def test_the_market_stream_is_as_healthy_as_its_feeds(web: Web, engine: Engine) -> None:
    assert (await web.http.get("/api/v1/health/market_stream")).status_code == 503
    feeds = {"dhan/0": {"status": "live", "since": 1, "why": ""}}
    beat = {"engine": "e1", "time": web.system.clock.now_ns() // 1_000_000, "feeds": feeds, "causes": {"halted": 2}}
    await engine.hot.write_heartbeat(beat)
    body = (await web.http.get("/api/v1/health/market_stream")).json()
    assert (body["status"], body["engine"], body["feeds"]) == ("ok", "e1", feeds)
    assert body["age_ms"] < 5000
    told = (await web.get("/admin/feeds")).json()
    assert (told["feeds"], told["causes"], told["packets"]) == (feeds, {"halted": 2}, {})


async def test_the_operator_sees_what_volume_entered_no_candle(web: Web, engine: Engine) -> None:
    quote = {"ltp": 1.5, "ts_event": 7, "volume": 90, "unattributed": -20, "corrections": 1, "provider": "dhan"}
    await engine.hot.write_live([InstrumentReport("NSE:TCS", "NSE_EQ:2", 1.5, quote, {})])
    (told,) = (await web.get("/admin/volume", symbols="TCS,RELIANCE")).json()["items"]
    assert told == {
        "instrument": "NSE:TCS", "volume": 90, "unattributed": -20, "corrections": 1, "ts_event": 7, "provider": "dhan",
    }  # fmt: skip
    await problem(await web.get("/admin/volume"), 400)


async def test_the_operator_sees_the_tree_and_restarts_an_actor(web: Web) -> None:
    with anyio.fail_after(5):
        while "web-1" not in (trees := (await web.get("/admin/tree")).json()["processes"]):
            await anyio.sleep(0.1)
    names = [child["path"] for child in trees["web-1"]["tree"]["children"]]
    assert names == [
        "/web/subscriber",
        "/web/sessions",
        "/web/accounts",
        "/web/streams",
        "/web/server",
        "/web/operator",
    ]
    restarted = await web.http.post("/admin/actors/web-1/web/subscriber/restart", headers=BEARER)
    assert restarted.status_code == 200
    (noted,) = await web.services.durable.audit_log(1)
    assert (noted.actor, noted.action, noted.target) == ("operator", "restart", "web-1/web/subscriber")
    assert noted.address == "127.0.0.1"
    told = (await web.get("/admin/tree/web-1/web/subscriber")).json()
    assert 0 <= web.services.system.clock.now_ns() // 1_000_000 - told["time"] < 10_000
    tree = told["tree"]
    assert (tree["path"], tree["state"]) == ("/web/subscriber", "running")
    assert web.system.snapshot("/web/subscriber").restarts == 1 or tree["uptime_s"] < 5
    letters = (await web.get("/admin/dead_letters")).json()["processes"]["web-1"]
    assert letters["count"] == 0
    await problem(await web.get("/admin/tree/web-1/web/nobody"), 404)
    await problem(await web.get("/admin/tree/web-9"), 404)
    await problem(await web.http.post("/admin/actors/web-1/web/subscriber/fly", headers=BEARER), 404)


async def test_the_operator_sees_what_became_of_each_clients_updates(web: Web, engine: Engine) -> None:
    await engine.store(1.5)
    async with web.client() as client:
        await client.ask(action="subscribe", channels=["ltp.RELIANCE"])
        await client.push("ltp.RELIANCE")
        while "web-1" not in await engine.hot.trees():  # it shows itself once a second
            await anyio.sleep(0.05)
        (told,) = (await web.get("/admin/clients")).json()["processes"]["web-1"]
    assert (told["address"], told["channels"], told["delivered"], told["conflated"]) == ("127.0.0.1", 1, 1, 0)


async def test_a_backfill_is_asked_of_the_engine_and_noted(web: Web, engine: Engine) -> None:
    await engine.hot.publish_tree("engine", {})
    wish = {"symbols": ["RELIANCE"], "start": "2026-11-18T09:00:00+05:30", "end": "2026-11-18T04:00:00Z"}
    taken = await web.http.post("/admin/backfill", json=wish, headers=BEARER)
    assert (taken.status_code, engine.asked["symbols"]) == (202, ["NSE:RELIANCE"])
    newest = (await web.get("/admin/audit")).json()["items"][0]
    assert (newest["action"], newest["target"].split()[0]) == ("backfill", "NSE:RELIANCE")
    await problem(await web.http.post("/admin/backfill", json=wish | {"symbols": ["NOBODY"]}, headers=BEARER), 404)


@pytest.mark.parametrize("kind", ["backfill", "scan"])
@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"start": "soon"}, "start is a time with its offset, as in 2026-11-20T09:15:00Z, was 'soon'"),
        ({"start": None}, "start: expected str, got null"),
        ({"start": "2026-11-18T09:00:00"}, "start is a time with its offset"),
        ({"start": 1_795_001_220}, "start: expected str, got int"),
        ({"end": "20261118T040000Z"}, "end is a time with its offset"),
        ({"end": "2026-11-18T24:00:00Z"}, "end is a time with its offset"),
        ({"end": "2026-11-17T00:00:00Z"}, "start lies not before end"),
        ({"end": "2026-11-18T03:30:00Z"}, "start lies not before end"),
        ({"end": "9999-12-31T23:59:59-12:00"}, "end lies after"),
        ({"start": "0001-01-01T00:00:00+14:00"}, "start lies before 2000-01-01"),
        ({"start": "2019-01-01T00:00:00Z"}, "start to end are more than 2196 days"),
        ({"symbols": 4}, "symbols: expected array | null, got int"),
        ({"symbols": {}}, "symbols: expected array | null, got object"),
        ({"symbols": ["RELIANCE", {"a": 1}]}, "symbols[1]: expected str, got object"),
        ({"until": "2026-11-17T00:00:00Z"}, "until: unknown field"),
    ],
)
async def test_what_no_job_can_do_is_refused_with_a_reason(
    web: Web, engine: Engine, kind: str, wrong: dict[str, Any], why: str
) -> None:
    await engine.hot.publish_tree("engine", {})
    wish = {"symbols": ["RELIANCE"], "start": "2026-11-18T09:00:00+05:30", "end": "2026-11-18T04:00:00Z"}
    told = await problem(await web.http.post(f"/admin/{kind}", json=wish | wrong, headers=BEARER), 400)
    assert told["detail"].startswith(why)
    assert engine.asked == {}


async def test_the_audit_log_names_some_of_many_instruments(web: Web, engine: Engine) -> None:
    await engine.hot.publish_tree("engine", {})
    wish = {
        "symbols": ["RELIANCE", "NSE:RELIANCE", "TCS"],
        "start": "2026-11-18T00:00:00Z",
        "end": "2026-11-19T00:00:00Z",
    }
    await web.http.post("/admin/scan", json=wish, headers=BEARER)
    newest = (await web.get("/admin/audit")).json()["items"][0]
    assert newest["target"].startswith("NSE:RELIANCE, NSE:TCS 2026-11-18T00:00:00+00:00")


async def test_the_audit_log_is_read_page_by_page_to_its_beginning(web: Web) -> None:
    for number in range(5):
        await web.services.durable.audit("admin", f"deed-{number}")
    seen, token = list[str](), ""
    while token is not None:
        page = (await web.get(f"/admin/audit?limit=2&page_token={token}")).json()
        seen += [entry["action"] for entry in page["items"]]
        token = page["next_page_token"]
    assert [action for action in seen if action.startswith("deed")] == [f"deed-{number}" for number in (4, 3, 2, 1, 0)]
    assert (await web.get("/admin/audit?page_token=nonsense")).status_code == 400


async def test_jobs_are_listed_and_changed_by_the_administrator_alone(web: Web, engine: Engine) -> None:
    await engine.hot.publish_tree("engine", {})
    await web.services.durable.save_job(
        Job("b1", "backfill", "running", 0.5, "NSE:TCS", {"instruments": ["NSE:TCS"]}, 1, 2)
    )
    (listed,) = (await web.get("/jobs/")).json()["items"]
    assert (listed["id"], listed["status"], listed["progress"], listed["message"]) == ("b1", "running", 0.5, "NSE:TCS")
    assert (await web.get("/jobs/b1")).json()["job"] == listed
    paused = await web.http.post("/jobs/b1/pause", headers=BEARER)
    assert (paused.status_code, engine.asked["job"], engine.asked["action"]) == (200, "b1", "pause")
    newest = (await web.get("/admin/audit")).json()["items"][0]
    assert (newest["action"], newest["target"]) == ("pause", "job b1")
    await problem(await web.http.post("/jobs/b1/explode", headers=BEARER), 404)
    await problem(await web.http.post("/jobs/b2/pause", headers=BEARER), 404)
    for odd in ("%00", "%ff", "a" * 5_000):
        await problem(await web.http.get(f"/jobs/{odd}", headers=BEARER), 404)
    await problem(await web.http.get("/jobs/"), 401)
    await problem(await web.http.post("/jobs/b1/pause"), 401)


async def test_metrics_are_for_this_machine_or_the_administrator(web: Web) -> None:
    text = (await web.http.get("/metrics")).text
    assert 'ticktree_web_clients{process="web-1"} 0.0' in text
    await problem(await web.http.get("/metrics", headers={"X-Forwarded-For": "10.0.0.1"}), 401)
    assert (await web.http.get("/metrics", headers={"X-Forwarded-For": "10.0.0.1", **BEARER})).status_code == 200


async def test_metrics_tell_how_complete_the_last_week_is(web: Web) -> None:
    counters = {"completeness:NSE:1m": 99.5, "completeness:all:all": 98.0, "gaps_open": 3}
    await web.services.hot.publish_tree("engine", {"process": "engine", "time": 1, "tree": {}, "counters": counters})
    text = (await web.http.get("/metrics")).text
    assert 'ticktree_completeness_percent{exchange="NSE",timeframe="1m"} 99.5' in text
    assert 'ticktree_completeness_percent{exchange="all",timeframe="all"} 98.0' in text
    assert 'ticktree_counter{name="gaps_open",process="engine"} 3.0' in text
    assert 'name="completeness' not in text


async def test_a_request_keeps_the_id_it_came_with_when_it_is_one(web: Web) -> None:
    assert (await web.http.get("/health", headers={"X-Request-Id": "abcdefgh-1"})).headers[
        "X-Request-Id"
    ] == "abcdefgh-1"
    assert len((await web.http.get("/health", headers={"X-Request-Id": "<script>"})).headers["X-Request-Id"]) == 16


async def test_a_failure_of_ours_tells_nothing_but_its_number(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(web.services.hub), "status", property(lambda _: 1 / 0), raising=False)
    body = await problem(await web.http.get("/health/ready"), 500)
    assert body["detail"] == "something went wrong here; it has been logged"
