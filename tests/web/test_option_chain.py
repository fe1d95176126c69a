"""``/api/v1/option_chain`` end to end: what expires when, the chain now and then, its interest, and how a day went."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import msgspec
import pytest
import trio
from trio.testing import MockClock

from actors.unsaved_chains import A_SAVE
from engine.market import Instrument, InstrumentKind
from engine.market.chain_place import ChainPlace
from engine.market.chain_snapshot import ChainSnapshot
from engine.market.chain_summary import ChainSummary
from engine.market.time_to_expiry import expires_ns
from engine.storage.durable import DurableStore, Exchange
from engine.storage.hot import HotStore
from engine.storage.memory import MemoryDurableStore
from tests.actors.chain_day import INDEX, lived_through
from tests.market.chains import EXPIRY, UNDERLYING
from tests.web.chains import FAR, GONE, NEAR, NOON_MS, TCS, TODAY, list_gold, list_options, snapshot
from tests.web.engine import Engine
from tests.web.process import Web
from tests.web.test_rest import problem
from web import chains
from web.directory import read_listing
from web.routes.option_chain import OVER

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("entities_as_they_were")]

MINUTE_MS = 60_000


@pytest.fixture
async def listed(web: Web, durable: DurableStore) -> Web:
    """A web process where options on TCS are listed."""
    await list_options(durable)
    return web


async def answered(web: Web, part: str = "", **asked: Any) -> dict[str, Any]:
    response = await got(web, part, **asked)
    assert response.status_code == 200, response.text
    return response.json()


async def got(web: Web, part: str = "", *, underlying: str = "TCS", **asked: Any) -> httpx.Response:
    return await web.get(f"/api/v1/option_chain/{underlying}{part}", **asked)


def now_ms(web: Web) -> int:
    return web.services.system.clock.now_ns() // 1_000_000


def closing_ms(web: Web, expiry: date) -> int:
    return expires_ns(web.services.directory.listing.calendars.of_exchange("NFO"), expiry) // 1_000_000


async def test_the_days_of_expiry_are_told_with_their_strikes_and_what_is_over_is_not(listed: Web) -> None:
    told = await answered(listed, "/expiries")
    assert [(one["expiry"], one["strikes"]) for one in told["items"]] == [(f"{NEAR}", 3), (f"{FAR}", 2)]
    assert told["items"][0]["expires_at"] == closing_ms(listed, NEAR)
    assert (told["symbol"], told["underlying"], told["timezone"]) == ("TCS", TCS, "Asia/Kolkata")
    assert (await answered(listed, "/expiries", underlying="INFY"))["items"] == []


async def test_expiries_are_those_of_the_exchange_that_lists_the_contracts(listed: Web, durable: DurableStore) -> None:
    exchange = Exchange("BSE", "Bombay Stock Exchange", "Asia/Kolkata")
    await durable.seed([exchange], [Instrument(0, "BSE", "TCS", "TCS", InstrumentKind.EQUITY, 0.05)], [])
    listed.services.directory.replace(await read_listing(durable, ["simulator"], ["NSE", "BSE"], TODAY))
    assert (await answered(listed, "/expiries", underlying="BSE:TCS"))["items"] == [], "the options are on NSE's"
    assert (await problem(await got(listed, underlying="BSE:TCS"), 404))["code"] == "no_options"
    assert len((await answered(listed, "/expiries", underlying="NSE:TCS"))["items"]) == 2


async def test_from_the_close_on_the_next_chain_is_told_and_the_one_that_is_over_goes_by_its_day(
    listed: Web, hot: HotStore, durable: DurableStore, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await engine.appear()
    closing = closing_ms(listed, NEAR)
    await hot.write_chains([snapshot(closing), snapshot(closing, expiry=FAR)])
    await durable.chains.save([snapshot(closing - MINUTE_MS)])
    monkeypatch.setattr(listed.system.clock, "now_ns", lambda: closing * 1_000_000 - 1)
    assert [(await answered(listed, part))["expiry"] for part in ("", "/oi")] == [f"{NEAR}", f"{NEAR}"]

    monkeypatch.setattr(listed.system.clock, "now_ns", lambda: closing * 1_000_000)
    assert [(await answered(listed, part))["expiry"] for part in ("", "/oi")] == [f"{FAR}", f"{FAR}"]
    over = await answered(listed, expiry=f"{NEAR}")
    assert (over["expiry"], over["as_of"], over["degraded"]) == (f"{NEAR}", closing, OVER)
    assert (await answered(listed, "/expiries"))["items"][0]["expiry"] == f"{NEAR}", "of today, with when it is over"
    history = await answered(listed, "/history")
    assert (history["expiry"], [one["as_of"] for one in history["items"]]) == (f"{NEAR}", [closing - MINUTE_MS])
    assert (await answered(listed, at=f"{NEAR}"))["expiry"] == f"{NEAR}"


async def test_a_chain_that_is_over_is_found_where_snapshots_are_kept(listed: Web, durable: DurableStore) -> None:
    await durable.chains.save([snapshot(NOON_MS, expiry=GONE)])
    told = await answered(listed, expiry=f"{GONE}")
    assert (told["as_of"], told["degraded"]) == (NOON_MS, OVER)
    for unknown in ("0001-01-01", "2020-01-30"):
        lacking = await problem(await got(listed, expiry=unknown), 404)
        assert lacking["errors"] == [f"{NEAR}", f"{FAR}"]


async def test_the_chain_is_the_newest_snapshot_with_all_its_legs(listed: Web, hot: HotStore, engine: Engine) -> None:
    await engine.appear()
    kept = snapshot(now_ms(listed))
    await hot.write_chains([kept])
    told = await answered(listed, expiry=f"{NEAR}")
    assert {name: told.pop(name) for name in ("symbol", "degraded", "data")} == {
        "symbol": "TCS", "degraded": "", "data": "simulated"
    }  # fmt: skip
    assert msgspec.convert(told, ChainSnapshot) == kept
    assert told["strikes"][0]["pe"]["iv"] is None
    assert await answered(listed) == await answered(listed, expiry=f"{NEAR}"), "the nearest, where none is named"


async def test_a_chain_that_nobody_follows_is_asked_of_the_engine_once_for_all(
    listed: Web, hot: HotStore, engine: Engine
) -> None:
    await engine.appear()
    waiting = [asyncio.create_task(answered(listed, expiry=f"{FAR}")) for _ in range(5)]
    async with asyncio.timeout(10):
        while engine.chains != [f"{TCS}.{FAR}"]:
            await asyncio.sleep(0.01)
    await hot.write_chains([snapshot(now_ms(listed), expiry=FAR, spot=3_060.0)])
    assert [told["spot"] for told in await asyncio.gather(*waiting)] == [3_060.0] * 5


async def test_an_old_chain_is_worth_a_wait_while_the_exchange_trades(
    listed: Web, hot: HotStore, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chains, "GATHER_S", 0.3)
    await engine.appear()
    await hot.write_chains([snapshot(now_ms(listed) - 2 * chains.OLD_MS)])
    told = await answered(listed)
    assert (told["spot"], told["degraded"]) == (3_052.0, chains.LATE)


async def test_without_an_engine_the_chain_is_as_old_as_it_says(listed: Web, hot: HotStore) -> None:
    await hot.write_chains([snapshot(now_ms(listed) - 3_600_000)])
    told = await answered(listed)
    assert told["degraded"] == chains.AWAY
    lacking = await got(listed, expiry=f"{FAR}")
    assert (await problem(lacking, 503))["detail"] == f"{TCS}.{FAR}: {chains.AWAY}"
    assert "Retry-After" in lacking.headers


async def test_a_chain_that_the_engine_can_not_run_says_why(listed: Web, engine: Engine) -> None:
    await engine.appear()
    engine.refused = {f"{TCS}.{NEAR}": "no provider carries it"}
    assert (await problem(await got(listed), 503))["detail"] == f"{TCS}.{NEAR}: no provider carries it"


async def test_an_engine_that_does_not_answer_is_asked_once_for_all_who_come_soon_after(
    listed: Web, hot: HotStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chains, "REPLY_S", 0.2)
    position = await hot.commands_position("engine")
    await hot.publish_tree("engine", {"process": "engine"})
    await hot.write_chains([snapshot(now_ms(listed))])
    told = [await answered(listed) for _ in range(3)]
    assert {(one["degraded"], one["spot"]) for one in told} == {(chains.SILENT, 3_052.0)}
    asked = [command for _, command in await hot.read_commands("engine", position, 10)]
    assert [one["process"] for one in asked if one["command"] == "chains"] == ["web-1-rest"]


async def test_who_asks_for_more_chains_than_a_process_may_want_is_told_to_wait(
    listed: Web, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chains, "MOST_WANTED", 1)
    monkeypatch.setattr(chains, "GATHER_S", 0.1)
    await engine.appear()
    assert chains.LATE in (await problem(await got(listed, expiry=f"{NEAR}"), 503))["detail"]
    assert chains.MANY in (await problem(await got(listed, expiry=f"{FAR}"), 503))["detail"]


async def test_somebody_who_asks_for_many_chains_has_his_share_and_leaves_room_for_others(
    listed: Web, hot: HotStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chains, "SHARE", 1)
    near, far = ChainPlace(TCS, NEAR), ChainPlace(TCS, FAR)
    await hot.write_chains([snapshot(now_ms(listed)), snapshot(now_ms(listed), expiry=FAR)])

    async def trouble(place: ChainPlace, holder: str) -> str:
        return (await listed.services.chains.current(place, is_open=False, holder=holder)).trouble

    assert [await trouble(near, "public 1.2.3.4"), await trouble(far, "public 1.2.3.4")] == [chains.AWAY, chains.SHARED]
    assert await trouble(far, "user 7") == chains.AWAY, "he has not asked for any other"
    assert await trouble(far, "public 1.2.3.4") == chains.AWAY, "it takes no more room than it has"
    assert [await trouble(place, "") for place in (near, far)] == [chains.AWAY] * 2


async def test_the_public_feed_is_on_the_account_of_an_address(
    listed: Web, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chains, "SHARE", 0)
    monkeypatch.setattr(chains, "GATHER_S", 0.1)
    await engine.appear()
    assert chains.LATE in (await problem(await got(listed), 503))["detail"], "the administrator's token is on nobody's"
    monkeypatch.setattr(listed.services.access, "public_feed", True)
    refused = await listed.http.get(f"/api/v1/option_chain/TCS?expiry={FAR}")
    assert chains.SHARED in (await problem(refused, 503))["detail"]


async def test_a_chain_that_is_at_hand_needs_no_database(
    listed: Web, hot: HotStore, durable: DurableStore, engine: Engine
) -> None:
    await engine.appear()
    await hot.write_chains([snapshot(now_ms(listed))])
    await durable.close()
    assert (await answered(listed, expiry=f"{NEAR}"))["spot"] == 3_052.0


async def test_what_is_not_listed_is_refused_with_what_is_near(listed: Web) -> None:
    unknown = await problem(await got(listed, underlying="TCSS"), 404)
    assert (unknown["code"], unknown["errors"]) == ("unknown_symbol", [TCS])
    wrong_day = await problem(await got(listed, expiry=f"{FAR + timedelta(days=1)}"), 404)
    assert wrong_day["errors"] == [f"{FAR}", f"{NEAR}"]
    none = await problem(await got(listed, underlying="INFY"), 404)
    assert none["code"] == "no_options"
    assert (await problem(await got(listed, expiry="26NOV26"), 400))["errors"][0].startswith("expiry: ")
    assert "at is a date" in (await problem(await got(listed, at="noon"), 400))["detail"]


async def test_the_chain_is_read_as_it_was(listed: Web, durable: DurableStore) -> None:
    await durable.chains.save([snapshot(NOON_MS + at * MINUTE_MS, spot=3_000.0 + at, expiry=GONE) for at in range(3)])
    then = await answered(listed, at=f"{GONE}T12:01:30")
    assert (then["spot"], then["expiry"], then["as_of"]) == (3_001.0, f"{GONE}", NOON_MS + MINUTE_MS)
    assert (await answered(listed, at=f"{GONE}", expiry=f"{GONE}"))["spot"] == 3_002.0, "a date is all of its day"
    early = await problem(await got(listed, at=f"{GONE}T11:59:59"), 404)
    assert early["detail"] == f"no snapshot of {TCS} {GONE} was kept by {GONE}T11:59:59"


async def test_a_recorded_day_is_replayed_over_the_interface_instant_by_instant(
    web: Web, durable: DurableStore
) -> None:
    """Lived through by the chain and its keeper in virtual time; kept in PostgreSQL, and asked for minute by minute."""
    lived = MemoryDurableStore()
    await asyncio.to_thread(trio.run, lived_through, lived, clock=MockClock(autojump_threshold=0))
    kept = await asyncio.to_thread(trio.run, all_of, lived)
    assert len(kept) == 386
    await durable.seed([], [INDEX], [])
    for start in range(0, len(kept), A_SAVE):
        await durable.chains.save(kept[start : start + A_SAVE])
    web.services.directory.replace(await read_listing(durable, ["simulator"], ["NSE"], TODAY))

    chain = {"underlying": "NSE:NIFTY", "expiry": f"{EXPIRY}"}
    for one in kept:
        told = await answered(web, **chain, at=iso(one.as_of))
        del told["symbol"], told["degraded"], told["data"]
        assert msgspec.convert(told, ChainSnapshot) == one
    for one, following in list(pairwise(kept))[::20]:
        assert (await answered(web, **chain, at=iso(following.as_of - 1)))["as_of"] == one.as_of, "until the next one"
    history = await answered(web, "/history", **chain, start_date=iso(kept[0].as_of), end_date=iso(kept[-1].as_of + 1))
    assert msgspec.convert(history["items"], list[ChainSummary]) == [ChainSummary.of(one) for one in kept]


async def all_of(durable: MemoryDurableStore) -> list[ChainSnapshot]:
    return await durable.chains.snapshots(UNDERLYING, EXPIRY, 0, 2**62, limit=1_000)


def iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def test_options_on_futures_are_found_by_what_those_are_on(
    listed: Web, durable: DurableStore, hot: HotStore, engine: Engine
) -> None:
    future = await list_gold(durable)
    services = listed.services
    services.directory.replace(await read_listing(durable, ["simulator"], ["NSE", "MCX"], TODAY))
    expiries = await answered(listed, "/expiries", underlying="gold")
    assert [(one["expiry"], one["strikes"]) for one in expiries["items"]] == [(f"{NEAR}", 1)]
    assert expiries["underlying"] == "MCX:GOLD"
    kept = msgspec.structs.replace(snapshot(NOON_MS), underlying="MCX:GOLD", future=future)
    await durable.chains.save([kept])
    past = await answered(listed, underlying="MCX:GOLD", expiry=f"{NEAR}", at=f"{GONE}T12:00:30")
    assert (past["underlying"], past["as_of"]) == ("MCX:GOLD", NOON_MS)
    history = await answered(listed, "/history", underlying="MCX:GOLD", expiry=f"{NEAR}", end_date=f"{GONE}")
    assert [one["as_of"] for one in history["items"]] == [NOON_MS]

    assert (await problem(await got(listed, underlying="NFO:TCS"), 404))["code"] == "unknown_symbol"
    async with listed.client() as client:
        channel = f"chain.MCX:GOLD.{NEAR}"
        (result,) = (await client.ask(action="subscribe", channels=[channel]))["results"]
        assert (result["ok"], result["instrument"]) == (True, "MCX:GOLD")
        await engine.tell_chain(msgspec.structs.replace(kept, as_of=now_ms(listed)))
        assert (await client.push(channel))["future"] == future


async def test_interest_is_told_by_strike_and_in_all(listed: Web, hot: HotStore) -> None:
    await hot.write_chains([snapshot(now_ms(listed))])
    told = await answered(listed, "/oi")
    assert (told["day"], told["previous_day"]) == ("2026-11-20", "2026-11-19")
    assert (told["pcr_oi"], told["pcr_volume"], told["max_pain"]) == (2.0, None, 3_050.0)
    assert told["ce"] == {
        "oi": 1_750,
        "oi_change": 700,
        "oi_change_open": None,
        "volume": 700,
        "walls": [{"strike": 3_050.0, "oi": 1_750}],
        "reasons": {"oi_change_open": "no_baseline"},
    }
    assert told["reasons"] == {"forward": "not_heard", "pcr_volume": "not_heard"}
    assert told["pe"]["reasons"] == {"volume": "not_heard", "walls": "no_interest", "oi_change": "no_baseline"}
    assert (told["pe"]["oi_change"], told["pe"]["oi_change_open"]) == (None, -175)
    assert [legs["strike"] for legs in told["strikes"]] == [3_050.0, 3_100.0]
    assert told["strikes"][0]["ce"]["build_up"] == "long_build_up"
    assert told["strikes"][0]["pe"]["reasons"] == {"oi_change": "no_baseline"}
    assert told["strikes"][1]["pe"] is None


async def test_the_history_is_of_the_newest_day_with_snapshots_or_of_those_that_are_named(
    listed: Web, durable: DurableStore
) -> None:
    days = [snapshot(NOON_MS + at * 86_400_000, spot=3_000.0 + at) for at in range(3)]
    await durable.chains.save(days)
    newest = await answered(listed, "/history")
    assert [(one["spot"], one["atm_iv"], one["straddle"]) for one in newest["items"]] == [(3_002.0, 18.5, 80.25)]
    assert newest["items"][0]["reasons"] == {"forward": "not_heard", "pcr_volume": "not_heard"}
    assert newest["start_date"] == newest["end_date"] == f"{GONE + timedelta(days=2)}"
    assert len((await answered(listed, "/history", days="3"))["items"]) == 3
    until = {"end_date": f"{GONE + timedelta(days=1)}", "days": "2", "expiry": f"{NEAR}"}
    assert [one["spot"] for one in (await answered(listed, "/history", **until))["items"]] == [3_000.0, 3_001.0]
    named = {"start_date": f"{GONE}", "end_date": f"{GONE + timedelta(days=1)}", "expiry": f"{NEAR}"}
    assert [one["as_of"] for one in (await answered(listed, "/history", **named))["items"]] == [
        day.as_of for day in days[:2]
    ]
    assert (await answered(listed, "/history", expiry=f"{FAR}"))["items"] == []
    too_long = {"start_date": f"{GONE - timedelta(days=31)}", "end_date": f"{GONE}", "expiry": f"{NEAR}"}
    assert "ask for less" in (await problem(await got(listed, "/history", **too_long), 400))["detail"]
