"""One heal: told once to everybody, the empty confirmed, the unanswerable named, and nothing done twice."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
import trio

from actors.healer import Settlement
from actors.messages import SettleUp
from actors.records import Records
from engine.market import Calendars, Candle, Gap, Verdict
from engine.market.derive import derive
from engine.market.timeframe import DERIVED_TIMEFRAMES
from engine.providers.base import ProviderError
from engine.storage.errors import StorageUnavailableError
from tests.actors.healing_parts import DAY_NS, SETTLE_AFTER_NS, Provider, Ward, ward
from tests.actors.parts import CALENDAR, MINUTE_NS, NAME, NOON, candle

START = NOON - 60 * MINUTE_NS
YESTERDAY = START - DAY_NS
LAST_MONTH = START - 30 * DAY_NS
CALENDARS = Calendars(lambda _: {}, {"NSE": "Asia/Kolkata"})


def minutes(start_ns: int, *numbers: int, price: float = 10.0, flagged: bool = False) -> list[Candle]:
    told = (candle(start_ns + number * MINUTE_NS, price, 5) for number in numbers)
    return [msgspec.structs.replace(minute, resolve_required=flagged) for minute in told]


def gap(start_ns: int, count: int = 10, attempts: int = 0) -> Gap:
    return Gap(NAME, start_ns, start_ns + count * MINUTE_NS - 1, due_ns=0, attempts=attempts)


def spans(verdicts: Sequence[Verdict]) -> list[tuple[str, int, int, str]]:
    return [
        (one.status, (one.start_ns - START) // MINUTE_NS, (one.end_ns - START) // MINUTE_NS, one.reason)
        for one in verdicts
    ]


async def test_a_gap_of_today_goes_through_the_instrument_and_what_nobody_traded_is_confirmed(
    autojump_clock: Any,
) -> None:
    async with ward(one=Provider(minutes(START, 0, 1, 4, 9))) as place:
        settled = await place.healer.settle(gap(START))
        assert settled == Settlement(revised=len(place.heals()[0].revisions))
        assert [type(message) for message in place.instrument] == [SettleUp, type(place.heals()[0])]
        told = [minute for minute in place.heals()[0].revisions if minute.timeframe == "1m"]
        assert [(minute.time - START) // MINUTE_NS for minute in told] == [0, 1, 4, 9]
        assert await place.revisions() == []  # the instrument tells them
        verdicts = (await place.durable.verdicts([NAME], START, NOON))[NAME]
        assert spans(verdicts) == [("empty", 2, 4, ""), ("empty", 5, 9, "")]


async def test_an_engine_that_does_not_know_its_instruments_yet_decides_nothing_about_them(autojump_clock: Any) -> None:
    async with ward() as place:
        with pytest.raises(ProviderError, match="no provider has told yet"):
            await place.healer.settle(gap(YESTERDAY))
        assert await place.durable.verdicts([NAME], YESTERDAY, NOON) == {}


async def test_a_minute_is_not_called_empty_before_the_providers_record_is_settled(autojump_clock: Any) -> None:
    young = NOON - SETTLE_AFTER_NS
    async with ward(one=Provider()) as place:
        assert await place.healer.settle(gap(young - 5 * MINUTE_NS, 8)) == Settlement()
        (verdict,) = (await place.durable.verdicts([NAME], START, NOON))[NAME]
        assert (verdict.start_ns, verdict.end_ns) == (young - 5 * MINUTE_NS, young)


async def test_a_day_that_is_over_is_told_once_to_all_and_a_second_heal_finds_nothing(autojump_clock: Any) -> None:
    async with ward(one=Provider(minutes(YESTERDAY, *range(10)))) as place:
        await place.hot.write_candles(minutes(YESTERDAY, 3, price=9.0))
        first = await place.healer.settle(gap(YESTERDAY))
        told = await place.revisions()
        assert len(told) == first.revised == len({(one.timeframe, one.time) for one in told})
        assert {one.timeframe for one in told} == {"1m", "5m", "15m", "30m", "1h", "4h", "1d"}
        assert await place.healer.settle(gap(YESTERDAY)) == Settlement()
        assert await place.revisions() == told
        assert place.instrument == []
        written = await place.hot.candles(NAME, "1m", YESTERDAY, START)
        assert [minute.close for minute in written] == [10.0] * 10


async def test_what_redis_no_longer_keeps_is_saved_before_it_is_told(autojump_clock: Any) -> None:
    async with ward(one=Provider(minutes(LAST_MONTH, *range(10)))) as place:
        await place.healer.settle(gap(LAST_MONTH))
        saved = await place.durable.candles(NAME, "1m", LAST_MONTH, START)
        assert [(minute.close, minute.revision, minute.published_ns) for minute in saved] == [(10.0, 1, NOON)] * 10
        assert await place.hot.candles(NAME, "1m", LAST_MONTH, START) == []
        told = await place.revisions()
        assert len(told) == len({(one.timeframe, one.time) for one in told}) > 10
        await place.healer.settle(gap(LAST_MONTH))
        assert await place.revisions() == told


async def test_a_gap_over_several_days_is_healed_day_by_day_with_one_question(autojump_clock: Any) -> None:
    provider = Provider([*minutes(YESTERDAY, 0, 1), *minutes(START, 0, 1)])
    async with ward(one=provider) as place:
        await place.healer.settle(Gap(NAME, YESTERDAY, START + 2 * MINUTE_NS, due_ns=0))
        assert len(provider.asked) == 1
        days = [one.time for one in (await place.revisions()) if one.timeframe == "1d"]
        assert len(days) == 1  # yesterday's; today's still forms, in the instrument
        assert [minute.time for minute in place.heals()[0].minutes] == [START, START + MINUTE_NS]


async def test_minutes_we_saw_and_nobody_has_are_asked_for_again_and_given_up_with_a_reason(
    autojump_clock: Any,
) -> None:
    async with ward(one=Provider(minutes(START, 0)), two=Provider(minutes(START, 1, price=20.0))) as place:
        await place.hot.write_candles(minutes(START, 0, 1, 2, 3, price=9.0, flagged=True))
        settled = await place.healer.settle(gap(START, 4))
        why = "the provider's history does not have these minutes"
        assert (settled.rest, settled.why) == (((START + 2 * MINUTE_NS, START + 3 * MINUTE_NS),), why)
        assert [one.close for one in place.heals()[0].revisions if one.timeframe == "1m"] == [10.0, 20.0]
        await place.healer.give_up(gap(START + 2 * MINUTE_NS, 2), settled.why)
        assert spans((await place.durable.verdicts([NAME], START, NOON))[NAME]) == [("unresolvable", 2, 4, why)]


async def test_days_between_two_doubts_are_left_alone_and_what_is_left_of_both_is_asked_for_again(
    autojump_clock: Any,
) -> None:
    before, between = LAST_MONTH, LAST_MONTH + 3 * DAY_NS
    after = LAST_MONTH + 6 * DAY_NS
    provider = Provider([*minutes(before, 0), *minutes(between, 0, 1), *minutes(after, 0)])
    async with ward(one=provider) as place:
        await place.durable.save([*minutes(before, 0, 1, flagged=True), *minutes(after, 0, 1, 2, flagged=True)])
        settled = await place.healer.settle(gap(before, 2).over([*gap(before, 2).spans, *gap(after, 3).spans]))
        assert {one.time for one in await place.revisions() if one.timeframe == "1m"} == {before, after}
        row = (after + MINUTE_NS, after + 2 * MINUTE_NS)
        assert settled.rest == ((before + MINUTE_NS, before + MINUTE_NS), row)
        assert len(provider.asked) == 1
        await place.healer.give_up(gap(before).over(settled.rest), settled.why)
        told = (await place.durable.verdicts([NAME], before, NOON))[NAME]
        assert [(one.start_ns, one.end_ns) for one in told] == [
            (before + MINUTE_NS, before + 2 * MINUTE_NS),
            (row[0], row[1] + MINUTE_NS),
        ]


async def test_while_a_provider_that_may_know_is_away_nothing_is_decided(autojump_clock: Any) -> None:
    one, two = Provider(minutes(START, 0)), Provider()
    two.error = ProviderError("away")
    async with ward(one=one, two=two) as place:
        settled = await place.healer.settle(gap(START, 4))
        assert (settled.rest, settled.why) == (((START + MINUTE_NS, START + 3 * MINUTE_NS),), "away")
        assert await place.durable.verdicts([NAME], START, NOON) == {}


async def test_what_is_older_than_any_provider_keeps_can_not_be_had(autojump_clock: Any) -> None:
    async with ward(one=Provider(look_back_days=5), two=Provider(look_back_days=10)) as place:
        assert await place.healer.settle(gap(LAST_MONTH, 3)) == Settlement()
        (verdict,) = (await place.durable.verdicts([NAME], LAST_MONTH, NOON))[NAME]
        assert (verdict.status, verdict.reason) == ("unresolvable", "older than two keeps: 10 days")


async def test_a_gap_that_is_not_over_stays_open_from_where_it_goes_on(autojump_clock: Any) -> None:
    async with ward(one=Provider()) as place:
        settled = await place.healer.settle(Gap(NAME, NOON - 10 * MINUTE_NS, NOON + 1, due_ns=0))
        assert settled.open_ns == NOON - MINUTE_NS  # its end is less than five seconds ago


def derived(told: Sequence[Candle]) -> list[Candle]:
    return [bar for timeframe in DERIVED_TIMEFRAMES for bar in derive(told, timeframe, CALENDAR)]


def delay_answers(place: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL takes a second for each answer."""
    answer = place.durable.candles

    async def slowly(instrument: str, timeframe: str, start_ns: int, end_ns: int) -> list[Candle]:
        await trio.sleep(1)
        return await answer(instrument, timeframe, start_ns, end_ns)

    monkeypatch.setattr(place.durable, "candles", slowly)


async def test_a_slow_postgresql_postpones_an_earlier_day_and_nothing_of_it_changes(
    autojump_clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = minutes(LAST_MONTH, *range(40))
    async with ward(one=Provider(right)) as place:
        await Records(place.hot, place.durable, CALENDARS).save([*right, *derived(right)])
        with monkeypatch.context() as slow:
            delay_answers(place, slow)
            with pytest.raises(StorageUnavailableError):
                await place.healer.settle(gap(LAST_MONTH))
        assert await place.revisions() == []
        days = await place.durable.candles(NAME, "1d", LAST_MONTH - DAY_NS, START)
        assert [(day.volume, day.revision) for day in days] == [(200, 0)]
        assert await place.healer.settle(gap(LAST_MONTH)) == Settlement()


async def test_while_postgresql_is_slow_today_tells_only_bars_all_of_whose_minutes_are_known(
    autojump_clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ward(one=Provider(minutes(START, *range(10)))) as place:
        delay_answers(place, monkeypatch)
        with pytest.raises(StorageUnavailableError):
            await place.healer.settle(gap(START))
        told = place.heals()[0].revisions
        assert [candle.timeframe for candle in told] == ["1m"] * 10 + ["5m"] * 2


async def test_a_days_bar_that_a_kill_left_old_is_mended_with_the_bars_that_it_left_old(autojump_clock: Any) -> None:
    right = minutes(YESTERDAY, *range(40))
    async with ward(one=Provider(right)) as place:
        await place.hot.write_candles([*right, *derived(right[:30])])
        await place.healer.settle(gap(YESTERDAY, 40))
        (day,) = await place.hot.candles(NAME, "1d", YESTERDAY - DAY_NS, START)
        assert (day.volume, day.revision) == (200, 1)


async def test_a_days_bar_that_alone_differs_is_the_exchanges_own_word_and_stays(autojump_clock: Any) -> None:
    right = minutes(YESTERDAY, *range(40))
    own = [msgspec.structs.replace(bar, volume=207) if bar.timeframe == "1d" else bar for bar in derived(right)]
    async with ward(one=Provider(right)) as place:
        await place.hot.write_candles([*right, *own])
        assert await place.healer.settle(gap(YESTERDAY, 40)) == Settlement()
