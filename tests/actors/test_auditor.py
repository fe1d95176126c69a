"""The auditor: figures of the last week, counted beside its mailbox and kept until they are counted anew."""

from datetime import date
from functools import partial
from typing import Any

import msgspec
import trio
from structlog.testing import capture_logs

from actors.auditor import AUDIT_INTERVAL_S, FIRST_AUDIT_S, Auditor, percentages
from actors.messages import Count
from config.calendars import load_calendar
from engine.market import Calendars
from engine.storage.durable import Exchange, ProviderMapping
from engine.storage.memory import MemoryDurableStore
from engine.storage.tally import Share, Tally
from tests.actors.parts import MINUTE_NS, NAME, NOON, among_witnesses, candle
from tests.storage.durable.seeds import JANUARY, equity

CALENDARS = Calendars(lambda _: {}, {"NSE": "Asia/Kolkata"})


def test_percentages_are_summed_up_over_exchanges_and_timeframes() -> None:
    shares = {("NSE", "1m"): Share(100, 90), ("NSE", "5m"): Share(20, 10), ("MCX", "1m"): Share(100, 100)}
    assert percentages(shares) == {
        "completeness:NSE:1m": 90.0, "completeness:NSE:5m": 50.0, "completeness:MCX:1m": 100.0,
        "completeness:all:1m": 95.0, "completeness:all:5m": 50.0, "completeness:NSE:all": round(100 * 100 / 120, 4),
        "completeness:MCX:all": 100.0, "completeness:all:all": round(100 * 200 / 220, 4),
    }  # fmt: skip
    assert percentages({}) == {}


async def test_the_last_week_of_what_is_carried_is_counted_and_kept_while_the_store_is_away(
    autojump_clock: Any,
) -> None:
    durable = MemoryDurableStore()
    exchange = Exchange("NSE", "NSE", "Asia/Kolkata", is_24_hours=True)
    carried = ProviderMapping("simulator", NAME, "NSE_EQ", "1", JANUARY)
    await durable.seed([exchange], [equity("A"), equity("NOBODYS")], [carried])
    await durable.save([candle(NOON - number * MINUTE_NS, 10.0, 5) for number in range(1, 1009)])
    make = partial(Auditor, durable, Tally(durable, CALENDARS), CALENDARS, ("simulator",), saved_after_ns=0)
    async with among_witnesses(lambda _: make()) as (system, _):
        auditor = system.ref("/engine/subject")
        assert await auditor.ask(Count(), timeout_s=5) == {}
        await trio.sleep(FIRST_AUDIT_S + 1)
        first = await auditor.ask(Count(), timeout_s=5)
        assert 9.0 < first["completeness:NSE:1m"] < 10.0
        assert first["completeness:all:1d"] == 0.0
        durable.tables.away = True
        await trio.sleep(AUDIT_INTERVAL_S)
        assert await auditor.ask(Count(), timeout_s=5) == first
        durable.tables.away = False
        await durable.save(
            [msgspec.structs.replace(candle(NOON, 10.0, 5), time=NOON + n * MINUTE_NS) for n in range(99)]
        )
        await trio.sleep(AUDIT_INTERVAL_S)
        assert (await auditor.ask(Count(), timeout_s=5))["completeness:NSE:1m"] > first["completeness:NSE:1m"]


async def test_a_calendar_that_runs_out_is_told_of_once_a_day_and_its_days_are_counted_down(
    autojump_clock: Any,
) -> None:
    """Also while PostgreSQL is away, and on after the data has ended."""
    about = {"code": "NSE", "name": "x", "timezone": "Asia/Kolkata", "country": "IN", "currency": "INR"}
    valid = {"valid_from": date(2026, 1, 1), "valid_through": date(2026, 11, 21)}
    calendars = Calendars(lambda _: {**about, **valid, "hours": {"thursday": ["09:15-15:30"]}})
    durable = MemoryDurableStore()
    mapping = ProviderMapping("simulator", NAME, "NSE_EQ", "1", JANUARY)
    await durable.seed([Exchange("NSE", "NSE", "Asia/Kolkata")], [equity("A")], [mapping])
    make = partial(Auditor, durable, Tally(durable, calendars), calendars, ("simulator",), saved_after_ns=0)
    with capture_logs() as events:
        async with among_witnesses(lambda _: make()) as (system, _):
            auditor, left = system.ref("/engine/subject"), list[float]()
            await trio.sleep(FIRST_AUDIT_S + 1)
            for _ in range(4):
                left.append((await auditor.ask(Count(), timeout_s=5))["calendar_days_left:NSE"])
                durable.tables.away = True
                await trio.sleep(24 * 3600)
    assert left == [2, 1, 0, -1]
    told = [event["why"] for event in events if event["event"] == "calendar_runs_out"]
    assert [sentence.partition(":")[0] for sentence in told] == [
        "The NSE calendar ends tomorrow (2026-11-21)",
        "The NSE calendar ends today (2026-11-21)",
        "The NSE calendar has ended (2026-11-21)",
        "The NSE calendar has ended (2026-11-21)",
    ]


def test_an_exchange_that_never_closes_and_one_without_hours_have_no_days_to_count() -> None:
    known = Calendars(load_calendar, {"SIM": "Asia/Kolkata"})
    names = ["NSE:TCS", "NSE:INFY", "SIM:A", "LSE:VOD"]
    assert known.days_left(names, date(2026, 12, 30)) == {"NSE": 1}
