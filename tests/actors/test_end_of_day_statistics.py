"""The figures of an end of day, on a real database: of splits they know, and of days that are in doubt they make nothing."""

from collections.abc import AsyncGenerator
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from actors.delivery_reports import DeliveryReports
from actors.end_of_day_work import EndOfDayCraft, EndOfDayWork
from actors.messages import Save
from actors.routes import Routes
from engine.market import Calendars, Candle, CandleState
from engine.market.corporate_action import ActionKind, CorporateAction
from engine.providers.base import Route
from engine.storage.bridge import bridged, open_bridge
from engine.storage.durable import DailyCandle, DurableStore
from tests.actors.parts import Witness, among_witnesses
from tests.storage.durable.seeds import seeded

NAME = "NSE:TCS"
DAYS = [date(2026, 11, day) for day in (16, 17, 18, 19)]
CALENDARS = Calendars(lambda _: {}, {"NSE": "Asia/Kolkata"})


def midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("Asia/Kolkata")).timestamp()) * 1_000_000_000


def day_bar(day: date, close: float, volume: int) -> DailyCandle:
    candle = Candle(
        NAME, "1d", midnight(day), close, close, close, close, volume, state=CandleState.FINAL, source="dhan"
    )
    return DailyCandle(day, candle)


@pytest.fixture
async def store(database_url: str) -> AsyncGenerator[DurableStore]:
    """Four days: on the last but one the share was split 1:2."""
    async with open_bridge():
        durable = bridged(await bridged(DurableStore).connect(database_url))
        await seeded(durable)
        days = [day_bar(day, close, 100) for day, close in zip(DAYS, (200.0, 210.0, 110.0, 121.0), strict=True)]
        await durable.save([], days)
        yield durable
        await durable.close()


def work_of(
    store: DurableStore, persister: object = None, reports: DeliveryReports | None = None, day: str = "2026-11-19"
) -> EndOfDayWork:
    routes, nobody = Routes(["dhan"]), None
    routes.cover("dhan", [Route(NAME, "NSE_EQ", "1", 0.05, "equity", None)])
    craft = EndOfDayCraft(store, nobody, nobody, reports, routes, CALENDARS, persister)  # pyright: ignore[reportArgumentType]
    arguments = craft.complete({"exchange": "NSE", "date": day}, midnight(date(2026, 11, 20)))
    return craft.work(arguments)


async def test_returns_know_of_splits_and_the_adjusted_closes_are_noted(store: DurableStore) -> None:
    split = CorporateAction(instrument=NAME, ex_date=DAYS[2], kind=ActionKind.SPLIT, ratio=2.0, source="file")
    await store.corporate_actions.save([split])
    work = work_of(store)
    assert await work.step(len(work) - 1) == f"figures of 2 days from {NAME}"
    before, last = (await store.statistics.of_instrument(NAME, DAYS[2], DAYS[3], 9))[::-1]
    assert before.return_1d == pytest.approx((110 / 105 - 1) * 100)
    assert last.return_1d == pytest.approx(10.0)
    assert (last.close, last.high_52w, last.low_52w) == (121.0, 121.0, 100.0)
    kept = await store.days(NAME, DAYS[0], DAYS[3])
    assert [day.adj_close for day in kept] == [100.0, 105.0, 110.0, 121.0]
    assert [day.candle.close for day in kept] == [200.0, 210.0, 110.0, 121.0]


async def adjusted_closes(store: DurableStore) -> list[float | None]:
    return [day.adj_close for day in await store.days(NAME, DAYS[0], DAYS[3])]


async def test_an_action_that_is_taken_back_leaves_no_adjusted_close_behind(store: DurableStore) -> None:
    split = CorporateAction(instrument=NAME, ex_date=DAYS[2], kind=ActionKind.SPLIT, ratio=5.0, source="admin")
    await store.corporate_actions.save([split])
    work = work_of(store)
    await work.step(len(work) - 1)
    assert await adjusted_closes(store) == [40.0, 42.0, 110.0, 121.0]
    [entry] = await store.corporate_actions.page(9, DAYS[0], DAYS[3])
    assert await store.corporate_actions.retire(entry.id)
    await work.step(len(work) - 1)
    assert await adjusted_closes(store) == [None] * 4


async def test_before_a_dividend_that_can_not_be_reckoned_the_adjusted_close_is_unknown(store: DurableStore) -> None:
    """It is more than the close before it was; the split after it is known, and half an adjustment is none."""
    dividend = CorporateAction(instrument=NAME, ex_date=DAYS[1], kind=ActionKind.DIVIDEND, amount=900.0, source="file")
    split = CorporateAction(instrument=NAME, ex_date=DAYS[2], kind=ActionKind.SPLIT, ratio=2.0, source="file")
    await store.corporate_actions.save([dividend, split])
    work = work_of(store)
    await work.step(len(work) - 1)
    assert await adjusted_closes(store) == [None, 105.0, 110.0, 121.0]


async def test_a_run_of_an_old_day_notes_the_adjusted_closes_as_of_the_newest(store: DurableStore) -> None:
    split = CorporateAction(instrument=NAME, ex_date=DAYS[2], kind=ActionKind.SPLIT, ratio=2.0, source="file")
    await store.corporate_actions.save([split])
    work = work_of(store, day="2026-11-17")
    assert await work.step(len(work) - 1) == f"figures of 2 days from {NAME}"
    assert await adjusted_closes(store) == [100.0, 105.0, 110.0, 121.0]
    [before] = await store.statistics.of_instrument(NAME, DAYS[1], DAYS[1], 9)
    assert before.close == 210.0


async def test_without_a_split_they_are_those_of_what_was_traded_and_a_repeat_changes_nothing(
    store: DurableStore,
) -> None:
    work = work_of(store)
    for _ in range(2):
        await work.step(len(work) - 1)
        [last] = await store.statistics.of_instrument(NAME, DAYS[3], DAYS[3], 9)
        assert (last.return_1d, last.minutes, last.minutes_expected) == (pytest.approx(10.0), 0, 1_440)
        assert last.reasons["vwap"] == "no minutes are held"
    assert [day.adj_close for day in await store.days(NAME, DAYS[0], DAYS[3])] == [None] * 4


async def test_of_a_day_that_is_in_doubt_no_figures_are_made(store: DurableStore) -> None:
    doubtful = msgspec.structs.replace(day_bar(DAYS[3], 130.0, 1).candle, revision=1, resolve_required=True)
    await store.save([], [DailyCandle(DAYS[3], msgspec.structs.replace(doubtful, state=CandleState.REVISED))])
    work = work_of(store)
    assert await work.step(len(work) - 1) == f"figures of 1 days from {NAME}"
    assert await store.statistics.of_instrument(NAME, DAYS[3], DAYS[3], 9) == []


async def test_the_report_is_noted_on_rows_that_are_saved_first_and_may_come_a_day_late(
    store: DurableStore, tmp_path: Path
) -> None:
    head = "SYMBOL, SERIES, DATE1, PREV_CLOSE, DELIV_PER\n"
    (tmp_path / "18112026.csv").write_text(f"{head}TCS, EQ, 18-Nov-2026, 105.00, 61.20\n")
    reports = DeliveryReports(f"{tmp_path}/{{date:%d%m%Y}}.csv")
    async with among_witnesses(lambda _: Witness([]), "persister", answer=True) as (system, seen):
        said = await work_of(store, system.ref("/engine/persister"), reports).step(1)
        assert seen["persister"] == [Save()]
    assert said.startswith("report of 2026-11-18: 1 shares; report of 2026-11-19: ")
    assert "No such file" in said
    kept = await store.days(NAME, DAYS[2], DAYS[3])
    assert [(day.delivery_percentage, day.previous_close) for day in kept] == [(61.2, 105.0), (None, None)]
