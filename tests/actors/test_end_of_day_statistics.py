"""The figures of an end of day, on a real database: of splits they know, and of days that are in doubt they make nothing."""

from collections.abc import AsyncGenerator
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
import trio

from actors.delivery_reports import DeliveryReports
from actors.delivery_work import DeliveryCraft
from actors.end_of_day_work import EndOfDayCraft, EndOfDayWork
from actors.job_arguments import JobError
from actors.messages import Save
from actors.routes import Routes
from engine.market import Calendars, Candle, CandleState
from engine.market.corporate_action import ActionKind, CorporateAction
from engine.providers.base import Route
from engine.storage.bridge import bridged, open_bridge
from engine.storage.durable import DailyCandle, DurableStore
from engine.storage.memory import MemoryDurableStore
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
    store: DurableStore,
    persister: object = None,
    reports: DeliveryReports | None = None,
    day: str = "2026-11-19",
    now: date = date(2026, 11, 22),
) -> EndOfDayWork:
    routes, nobody = Routes(["dhan"]), None
    routes.cover("dhan", [Route(NAME, "NSE_EQ", "1", 0.05, "equity", None)])
    delivery = None if reports is None else DeliveryCraft(store, reports, CALENDARS)
    craft = EndOfDayCraft(store, nobody, nobody, delivery, routes, CALENDARS, persister)  # pyright: ignore[reportArgumentType]
    arguments = craft.complete({"exchange": "NSE", "date": day}, midnight(now))
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


async def test_a_return_over_a_missing_day_is_none(store: DurableStore) -> None:
    """The exchange traded on the day between: its calendar says so."""
    later = DAYS[3] + timedelta(days=2)
    await store.save([], [day_bar(later, 133.1, 100)])
    work = work_of(store, day=later.isoformat())
    await work.step(len(work) - 1)
    [found] = await store.statistics.of_instrument(NAME, later, later, 9)
    assert (found.return_1d, found.reasons["return_1d"]) == (None, "no sound bar of 2026-11-20 is held")


async def returns(store: DurableStore) -> list[float | None]:
    found = await store.statistics.of_instrument(NAME, DAYS[0], DAYS[3] + timedelta(days=9), 99)
    return [None if one.return_1d is None else round(one.return_1d) for one in reversed(found)]


async def test_a_day_that_comes_in_later_is_worked_out_with_all_that_follow_whoever_is_killed(
    store: DurableStore,
) -> None:
    later = [DAYS[3] + timedelta(days=ago) for ago in range(1, 6)]
    prices = [133.1, 146.41, 161.051, 177.156, 194.872]
    bars = [day_bar(day, price, 100) for day, price in zip(later, prices, strict=True)]
    await store.save([], [bars[0], *bars[2:]])
    for day in (later[0], later[2], later[3], later[4]):
        work = work_of(store, day=day.isoformat(), now=later[4] + timedelta(days=1))
        await work.step(len(work) - 1)
    assert await returns(store) == [10, 10, None, 10, 10]
    await store.save([], [bars[1]])
    [stale] = (await store.statistics.stale_since([NAME], DAYS[0], later[4])).values()
    assert stale == later[1]
    work = work_of(store, day=later[4].isoformat(), now=later[4] + timedelta(days=1))
    with trio.move_on_after(0.01):
        await work.step(len(work) - 1)
    await work.step(len(work) - 1)
    assert await returns(store) == [10, 10, 10, 10, 10, 10]
    assert await store.statistics.stale_since([NAME], DAYS[0], later[4]) == {}


async def test_a_split_that_is_entered_days_later_has_the_figures_since_its_day_made_anew(store: DurableStore) -> None:
    later = [DAYS[3] + timedelta(days=ago) for ago in range(1, 4)]
    await store.save([], [day_bar(day, price, 100) for day, price in zip(later, (60.5, 66.55, 73.205), strict=True)])
    for day in later[:2]:
        work = work_of(store, day=day.isoformat(), now=later[2] + timedelta(days=1))
        await work.step(len(work) - 1)
    assert await returns(store) == [10, -50, 10]
    split = CorporateAction(instrument=NAME, ex_date=later[0], kind=ActionKind.SPLIT, ratio=2.2, source="admin")
    await store.corporate_actions.save([split])
    work = work_of(store, day=later[2].isoformat(), now=later[2] + timedelta(days=1))
    for _ in range(2):
        await work.step(len(work) - 1)
        assert await returns(store) == [10, 10, 10, 10]
    assert await store.statistics.stale_since([NAME], DAYS[0], later[2]) == {}


async def test_a_small_bonus_that_is_entered_corrected_or_taken_back_late_is_worked_into_the_figures_once(
    store: DurableStore,
) -> None:
    later = [DAYS[3] + timedelta(days=ago) for ago in range(1, 4)]
    await store.save([], [day_bar(day, price, 100) for day, price in zip(later, (80.0, 88.0, 96.8), strict=True)])
    first, newest = (
        work_of(store, day=day.isoformat(), now=later[2] + timedelta(days=1)) for day in (later[0], later[2])
    )
    for work in (first, newest):
        await work.step(len(work) - 1)
    assert await returns(store) == [10, -34, 10, 10]

    async def is_worked_in(return_percent: int) -> None:
        await first.step(len(first) - 1)  # of the days since then none is made anew
        assert (await store.statistics.stale_since([NAME], DAYS[0], later[2])) == {NAME: later[0]}
        await newest.step(len(newest) - 1)
        assert await returns(store) == [10, return_percent, 10, 10]
        assert await store.statistics.stale_since([NAME], DAYS[0], later[2]) == {}

    for ratio, return_percent in ((1.5, -1), (1.25, -17)):
        bonus = CorporateAction(instrument=NAME, ex_date=later[0], kind=ActionKind.BONUS, ratio=ratio, source="admin")
        await store.corporate_actions.save([bonus])
        await is_worked_in(return_percent)
    [entry] = await store.corporate_actions.page(10, DAYS[0], later[2])
    assert await store.corporate_actions.retire(entry.id)
    await is_worked_in(-34)


async def test_of_a_day_that_is_in_doubt_no_figures_are_made(store: DurableStore) -> None:
    doubtful = msgspec.structs.replace(day_bar(DAYS[3], 130.0, 1).candle, revision=1, resolve_required=True)
    await store.save([], [DailyCandle(DAYS[3], msgspec.structs.replace(doubtful, state=CandleState.REVISED))])
    work = work_of(store)
    assert await work.step(len(work) - 1) == f"figures of 1 days from {NAME}"
    assert await store.statistics.of_instrument(NAME, DAYS[3], DAYS[3], 9) == []


HEAD = "SYMBOL, SERIES, DATE1, PREV_CLOSE, DELIV_PER\n"


class Folder:
    """Where the exchange lays its reports down."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.reports = DeliveryReports(f"{path}/{{date:%d%m%Y}}.csv")

    def lay(self, day: date, percentage: float) -> None:
        line = f"TCS, EQ, {day:%d-%b-%Y}, 105.00, {percentage}\n"
        (self._path / f"{day:%d%m%Y}.csv").write_text(HEAD + line)


async def deliveries(store: DurableStore) -> list[float | None]:
    return [day.delivery_percentage for day in await store.days(NAME, DAYS[0], DAYS[3])]


async def test_the_report_is_noted_on_rows_that_are_saved_first_and_may_come_a_day_late(
    store: DurableStore, tmp_path: Path
) -> None:
    folder = Folder(tmp_path)
    folder.lay(DAYS[2], 61.2)
    async with among_witnesses(lambda _: Witness([]), "persister", answer=True) as (system, seen):
        work = work_of(store, system.ref("/engine/persister"), folder.reports)
        said = [await work.step(number) for number in range(1, len(work) - 1)]
        assert seen["persister"] == [Save()]
    assert (said[0], said[-2]) == ("saved", "report of 2026-11-18: 1 shares")
    assert "No such file" in said[-1]
    kept = await store.days(NAME, DAYS[2], DAYS[3])
    assert [(day.delivery_percentage, day.previous_close) for day in kept] == [(61.2, 105.0), (None, None)]


async def test_a_report_is_asked_for_until_it_is_there_and_then_no_more(store: DurableStore, tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    craft = DeliveryCraft(store, folder.reports, CALENDARS)

    async def evening(day: date) -> dict[date, str]:
        work = craft.work(craft.complete({"exchange": "NSE", "date": day.isoformat()}, midnight(day)))
        first = day - timedelta(days=len(work) - 1)
        return {first + timedelta(days=number): await work.step(number) for number in range(len(work))}

    folder.lay(DAYS[1], 40.0)
    said = await evening(DAYS[3])
    assert (len(said), said[DAYS[1]]) == (10, "report of 2026-11-17: 1 shares")
    assert await deliveries(store) == [None, 40.0, None, None]
    folder.lay(DAYS[0], 30.0)
    folder.lay(DAYS[1], 99.0)
    said = await evening(DAYS[3] + timedelta(days=6))
    assert said[DAYS[1]] == "report of 2026-11-17: noted before"
    assert await deliveries(store) == [30.0, 40.0, None, None]
    folder.lay(DAYS[2], 50.0)
    assert DAYS[2] not in await evening(DAYS[2] + timedelta(days=10))


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        ({"exchange": "BSE", "date": "2026-11-19"}, "only NSE's report is read, not that of BSE"),
        ({}, "missing required"),
    ],
)
def test_only_the_exchange_whose_report_is_set_has_one(wish: dict[str, str], why: str, tmp_path: Path) -> None:
    craft = DeliveryCraft(MemoryDurableStore(), Folder(tmp_path).reports, CALENDARS)
    with pytest.raises(JobError, match=why):
        craft.complete(wish, midnight(DAYS[3]))


async def test_who_is_refused_by_the_exchange_is_told_what_to_do() -> None:
    async def refuse(stream: trio.SocketStream) -> None:
        request = await stream.receive_some(10_000)
        assert b"user-agent: ticktree/" in request.lower()
        await stream.send_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await stream.aclose()

    async with trio.open_nursery() as nursery:
        [listener] = await nursery.start(partial(trio.serve_tcp, refuse, 0, host="127.0.0.1"))
        address = f"http://127.0.0.1:{listener.socket.getsockname()[1]}/{{date:%d%m%Y}}.csv"
        report = await DeliveryReports(address).read(DAYS[3])
        nursery.cancel_scope.cancel()
    assert report.failure.endswith(
        "/19112026.csv answered 403: have the file laid down by other means, and name its path"
    )
