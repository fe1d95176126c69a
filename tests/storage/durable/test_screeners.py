"""Screeners: bars of many instruments as arrays, each one's newest result, and what users keep."""

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from engine.market.candle import CandleState
from engine.storage.durable import DailyCandle, DurableStore
from engine.storage.durable.screeners import (
    DAILY,
    SCREENERS,
    DailyScreener,
    ScreenerNameError,
    TooManyDailyError,
    TooManyScreenersError,
)
from engine.storage.durable.screenings import screened
from tests.storage.conftest import ON_POSTGRESQL
from tests.storage.durable.seeds import seeded
from tests.storage.samples import MINUTE_NS, NOW, bar, bars

pytestmark = [pytest.mark.anyio, ON_POSTGRESQL]

DEFINITION = '{"where": {"left": "close", "is": ">", "right": 5.0}}'


async def test_bars_come_as_arrays(durable: DurableStore) -> None:
    await seeded(durable)
    forming = bar(minutes_ago=0, state=CandleState.FORMING, volume=10**13)
    written = {"NSE:RELIANCE": [*bars(3), forming], "NSE:TCS": bars(9, "NSE:TCS")}
    await durable.save([candle for own in written.values() for candle in own])

    panel = await durable.screenings.bars(
        ["NSE:TCS", "NSE:RELIANCE", "NSE:INFY", "NSE:NOPE"], "1m", NOW - 3 * MINUTE_NS
    )

    assert sorted(panel.instruments.values()) == ["NSE:INFY", "NSE:RELIANCE", "NSE:TCS"]
    assert panel.date is None
    for number, name in panel.instruments.items():
        of_it = np.flatnonzero(panel.id == number)
        wanted = [candle for candle in written.get(name, []) if candle.time >= NOW - 3 * MINUTE_NS]
        told = sorted(zip(*(getattr(panel, field)[of_it].tolist() for field in FIELDS), strict=True))
        assert told == [tuple(getattr(candle, field) for field in FIELDS) for candle in wanted]


FIELDS = ("time", "open", "high", "low", "close", "volume")


async def test_days_bear_their_dates(durable: DurableStore) -> None:
    await seeded(durable)
    today = datetime.fromtimestamp(NOW / 10**9, UTC).date()
    days = [DailyCandle(today - timedelta(ago), bar(minutes_ago=1440 * ago, timeframe="1d")) for ago in range(5)]
    await durable.save([], days)

    panel = await durable.screenings.bars(["NSE:RELIANCE"], "1d", NOW - 2 * 1440 * MINUTE_NS)

    assert panel.date is not None
    assert sorted(panel.date.tolist()) == [(day.date - date(1970, 1, 1)).days for day in reversed(days[:3])]
    assert sorted(panel.time.tolist()) == [NOW - 1440 * MINUTE_NS * ago for ago in (2, 1, 0)]


async def test_of_nothing_comes_nothing(durable: DurableStore) -> None:
    await seeded(durable)
    for names in ([], ["NSE:NOPE"], ["NSE:TCS"]):
        panel = await durable.screenings.bars(names, "1d", 0)
        assert (len(panel.id), len(panel.close)) == (0, 0)


async def test_the_newest_result_takes_the_place_of_the_one_before(durable: DurableStore) -> None:
    assert await durable.screenings.newest("swing") is None
    await durable.screenings.keep("swing", '{"found": 1}')
    await durable.screenings.keep("swing", '{"found": 2}')
    await durable.screenings.keep("12", '{"found": 3}')
    assert await durable.screenings.newest("swing") == '{"found": 2}'


async def test_what_an_own_one_found_is_kept_while_it_looks_for_that(durable: DurableStore) -> None:
    kept = await durable.screeners.add(await user(durable, "ada"), "Mine", "", DEFINITION)
    assert kept is not None
    number, reordered = str(kept.id), '{"where": {"right": 5, "is": ">", "left": "close"}}'
    assert await durable.screenings.keep(number, '{"found": 1}', reordered)
    assert await durable.screeners.change("ada", kept.id, "Ours", "", reordered)
    assert await durable.screenings.newest(number) == '{"found": 1}'
    assert await durable.screeners.change("ada", kept.id, "Mine", "", '{"where": {"left": "open"}}')
    assert await durable.screenings.newest(number) is None
    assert not await durable.screenings.keep(number, '{"found": 2}', DEFINITION)
    assert await durable.screenings.newest(number) is None
    assert await durable.screeners.retire("ada", kept.id)
    assert not await durable.screenings.keep(number, '{"found": 3}', '{"where": {"left": "open"}}')
    assert await durable.screenings.newest(number) is None


async def test_users_keep_screeners_that_nobody_else_sees(durable: DurableStore) -> None:
    ada, bob = await user(durable, "ada"), await user(durable, "bob")
    kept = await durable.screeners.add(ada, "Mine", "of days", DEFINITION)
    assert kept is not None
    assert (kept.name, kept.description, json.loads(kept.definition)) == ("Mine", "of days", json.loads(DEFINITION))
    assert await durable.screeners.one(ada, kept.id) == kept
    assert await durable.screeners.one(bob, kept.id) is None
    assert await durable.screeners.change(bob, kept.id, "His", "", DEFINITION) is None
    assert await durable.screeners.retire(bob, kept.id) is None

    other = await durable.screeners.add(ada, "Another", "", DEFINITION)
    assert other is not None
    with pytest.raises(ScreenerNameError):
        await durable.screeners.add(ada, "Mine", "", DEFINITION)
    with pytest.raises(ScreenerNameError):
        await durable.screeners.change(ada, other.id, "Mine", "", DEFINITION)
    changed = await durable.screeners.change(ada, other.id, "Third", "new", DEFINITION)
    assert changed is not None
    assert [one.name for one in await durable.screeners.all(ada)] == ["Mine", "Third"]

    assert await durable.screeners.retire(ada, kept.id) is not None
    assert await durable.screeners.retire(ada, kept.id) is None
    assert await durable.screeners.all(ada) == [changed]
    assert await durable.screeners.add("nobody", "x", "", DEFINITION) is None


async def test_a_user_has_room_for_so_many(durable: DurableStore) -> None:
    ada = await user(durable, "ada")
    for number in range(SCREENERS):
        assert await durable.screeners.add(ada, str(number), "", DEFINITION)
    with pytest.raises(TooManyScreenersError):
        await durable.screeners.add(ada, "one more", "", DEFINITION)


DAILY_DEFINITION = '{"where": {"left": "close", "is": ">", "right": 5.0}, "schedule": "daily"}'


async def test_of_a_users_screeners_so_many_run_by_themselves(durable: DurableStore) -> None:
    ada = await user(durable, "ada")
    by_hand = await durable.screeners.add(ada, "by hand", "", DEFINITION)
    assert by_hand is not None
    for number in range(DAILY):
        assert await durable.screeners.add(ada, str(number), "", DAILY_DEFINITION)
    with pytest.raises(TooManyDailyError):
        await durable.screeners.add(ada, "one more", "", DAILY_DEFINITION)
    with pytest.raises(TooManyDailyError):
        await durable.screeners.change(ada, by_hand.id, "by hand", "", DAILY_DEFINITION)
    (first, *_) = await durable.screeners.all(ada)
    assert await durable.screeners.change(ada, first.id, "renamed", "", DAILY_DEFINITION)
    assert await durable.screeners.add(ada, "not daily", "", DEFINITION)


async def test_each_users_first_comes_before_anybodys_second_and_none_twice_a_day(durable: DurableStore) -> None:
    ada, bob, cem = [await user(durable, name) for name in ("ada", "bob", "cem")]
    for owner, definition in (
        (ada, DAILY_DEFINITION),
        (ada, DAILY_DEFINITION),
        (bob, DEFINITION),
        (bob, DAILY_DEFINITION),
        (cem, DAILY_DEFINITION),
    ):
        assert await durable.screeners.add(owner, str(len(await durable.screeners.all(owner))), "", definition)
    assert await durable.change_user(cem, NOW, "", is_active=False)
    firsts = await durable.screeners.daily(5)
    assert [one.owner for one in firsts] == [ada, bob, ada]
    assert firsts[0] == DailyScreener(firsts[0].id, ada, firsts[0].definition, 0)

    await durable.save([], [], checkpoint_ns=5, name=screened(str(firsts[0].id)))
    assert [one.owner for one in await durable.screeners.daily(5)] == [bob, ada]
    later = await durable.screeners.daily(6)
    assert [(one.owner, one.screened_ns) for one in later] == [(ada, 5), (bob, 0), (ada, 0)]

    assert await durable.screeners.change(ada, firsts[0].id, "new", "", DAILY_DEFINITION.replace("5.0", "6.0"))
    assert [one.owner for one in await durable.screeners.daily(5)] == [bob, ada, ada]


async def test_a_universe_is_what_is_active_and_all_that_is_asked_of_it(durable: DurableStore) -> None:
    await seeded(durable)
    universe = durable.screeners.universe
    everything = ["NSE:INFY", "NSE:RELIANCE", "NSE:TCS"]
    assert await universe("NSE", None, "equity", None, 10) == everything
    assert await universe("NSE", None, None, None, 2) == everything[:2]
    assert await universe(None, None, None, ["NSE:TCS", "NSE:NOPE"], 10) == ["NSE:TCS"]
    assert await universe("BSE", None, None, None, 10) == []
    assert await universe("NSE", None, "index", None, 10) == []
    assert await universe(None, "Banks", None, None, 10) == []


async def user(durable: DurableStore, name: str) -> str:
    assert await durable.add_user(name, f"{name}@example.org", password_hash="hash")
    return name
