"""Corporate actions in PostgreSQL: each once, people before providers, and with the closes that dividends are measured by."""

from datetime import date

import msgspec
import pytest

from engine.market.corporate_action import ActionKind, CloseBefore, CorporateAction
from engine.storage.durable import DailyCandle, DurableStore
from tests.storage.conftest import ON_POSTGRESQL
from tests.storage.durable.seeds import seeded
from tests.storage.samples import bar

pytestmark = pytest.mark.anyio

DAY = date(2026, 6, 1)
EVER = date.min, date.max


def split(ratio: float = 5, source: str = "yahoo", kind: ActionKind = ActionKind.SPLIT) -> CorporateAction:
    return CorporateAction(instrument="NSE:TCS", ex_date=DAY, kind=kind, ratio=ratio, source=source)


def dividend(amount: float = 4.0, ex_date: date = DAY) -> CorporateAction:
    return CorporateAction(
        instrument="NSE:TCS", ex_date=ex_date, kind=ActionKind.DIVIDEND, amount=amount, source="yahoo"
    )


async def kept(durable: DurableStore) -> list[CorporateAction]:
    known = await durable.corporate_actions.known(["NSE:TCS", "NSE:INFY", "NSE:NONE"])
    assert set(known) <= {"NSE:TCS"}
    return [one.action for one in known.get("NSE:TCS", [])]


@ON_POSTGRESQL
async def test_what_is_saved_again_is_there_once_and_as_it_was_said_last(durable: DurableStore) -> None:
    await seeded(durable)
    assert await durable.corporate_actions.save([split(), dividend(), dividend(ex_date=date(2026, 3, 2))]) == 3
    assert await durable.corporate_actions.save([split(), dividend()]) == 0
    assert await durable.corporate_actions.save([split(10)]) == 1
    assert await durable.corporate_actions.save([msgspec.structs.replace(split(), instrument="NSE:NONE")]) == 0
    assert await durable.corporate_actions.save([]) == 0
    assert await kept(durable) == [dividend(ex_date=date(2026, 3, 2)), dividend(), split(10)]


@ON_POSTGRESQL
async def test_what_a_provider_calls_a_split_makes_way_for_what_people_say_of_that_day(durable: DurableStore) -> None:
    await seeded(durable)
    await durable.corporate_actions.save([split(10)])
    told = [split(2, "admin"), split(5, "admin", ActionKind.BONUS)]
    assert await durable.corporate_actions.save(told) == 2
    assert await durable.corporate_actions.save([split(10), dividend()]) == 1
    assert sorted(await kept(durable), key=str) == sorted([*told, dividend()], key=str)


@ON_POSTGRESQL
async def test_what_was_taken_back_stays_so_until_a_person_says_it_again(durable: DurableStore) -> None:
    await seeded(durable)
    await durable.corporate_actions.save([split()])
    [entry] = await durable.corporate_actions.page(10, *EVER)
    assert await durable.corporate_actions.one(entry.id) == entry
    assert await durable.corporate_actions.retire(entry.id)
    assert not await durable.corporate_actions.retire(entry.id)
    assert await durable.corporate_actions.one(entry.id) is None
    await durable.corporate_actions.save([split(), split(7)])
    assert await kept(durable) == []
    await durable.corporate_actions.save([split(5, "admin")])
    assert await kept(durable) == [split(5, "admin")]


async def test_a_dividend_comes_with_the_last_close_before_it(durable: DurableStore) -> None:
    await seeded(durable)
    closes = [(date(2026, 5, 28), 198.0), (date(2026, 5, 29), 200.0), (DAY, 196.0)]
    days = [
        DailyCandle(day, bar("NSE:TCS", timeframe="1d", close=close, published_ns=7_000, source="yahoo"))
        for day, close in closes
    ]
    await durable.save([], days)
    await durable.corporate_actions.save([split(), dividend(), dividend(ex_date=date(2026, 3, 2))])
    known = (await durable.corporate_actions.known(["NSE:TCS"]))["NSE:TCS"]
    assert {(one.action.kind, one.action.ex_date): one.before for one in known} == {
        ("split", DAY): None,
        ("dividend", DAY): CloseBefore(date(2026, 5, 29), 200.0, "yahoo", 7_000),
        ("dividend", date(2026, 3, 2)): None,
    }


@ON_POSTGRESQL
async def test_pages_go_from_the_newest_to_the_oldest(durable: DurableStore) -> None:
    await seeded(durable)
    days = [date(2026, month, 1) for month in (1, 2, 3)]
    await durable.corporate_actions.save([dividend(ex_date=day) for day in days])
    first = await durable.corporate_actions.page(2, *EVER, "NSE:TCS")
    rest = await durable.corporate_actions.page(2, *EVER, "NSE:TCS", (first[-1].ex_date, first[-1].id))
    assert [entry.ex_date for entry in [*first, *rest]] == days[::-1]
    assert await durable.corporate_actions.page(2, *EVER, "NSE:INFY") == []
    assert [entry.ex_date for entry in await durable.corporate_actions.page(9, days[1], days[1])] == [days[1]]
