"""The records: both stores together know more than either, and what one could not tell is not taken for lacking."""

import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import date

import msgspec
import pytest

from actors.records import Records
from engine.market import Calendars, Candle, CandleState, Instrument, InstrumentKind, Verdict
from engine.storage.bridge import bridged, open_bridge
from engine.storage.durable import DurableStore, Exchange, ProviderMapping
from engine.storage.errors import StorageUnavailableError
from engine.storage.hot import HotStore
from tests.actors.parts import MINUTE_NS, NOON

NAME = "NSE:A"
CALENDARS = Calendars(lambda _: {}, {"NSE": "Asia/Kolkata"})


def minute(number: int, price: float = 10.0, revision: int = 0, *, flagged: bool = False) -> Candle:
    state = CandleState.REVISED if revision else CandleState.FINAL
    time = NOON + number * MINUTE_NS
    return Candle(NAME, "1m", time, price, price, price, price, 1, None, state, revision, "test", flagged)


@asynccontextmanager
async def stores(redis_url: str, database_url: str) -> AsyncGenerator[tuple[Records, HotStore, DurableStore]]:
    async with open_bridge():
        hot = bridged(await bridged(HotStore).connect(redis_url))
        durable = bridged(await bridged(DurableStore).connect(database_url))
        await durable.seed(
            [Exchange("NSE", "NSE", "Asia/Kolkata", is_24_hours=True)],
            [Instrument(0, "NSE", "A", "A", InstrumentKind.EQUITY, 0.05)],
            [ProviderMapping("test", NAME, "NSE_EQ", "1", date(2020, 1, 1))],
        )
        try:
            yield Records(hot, durable, CALENDARS), hot, durable
        finally:
            await durable.close()
            await hot.close()


async def test_what_redis_lost_is_read_from_postgresql(redis_url: str, database_url: str) -> None:
    async with stores(redis_url, database_url) as (records, hot, durable):
        await durable.save([minute(0), minute(1)])
        await hot.write_candles([minute(1, 11.0, revision=1), minute(2)])

        closed = await records.closed(NAME, NOON, NOON + 5 * MINUTE_NS)

        assert closed["1m"] == [minute(0), minute(1, 11.0, revision=1), minute(2)]


async def test_what_redis_holds_is_judged_though_postgresql_has_a_newer_revision_which_a_heal_has_to_exceed(
    redis_url: str, database_url: str
) -> None:
    async with stores(redis_url, database_url) as (records, hot, durable):
        await durable.save([minute(0, 12.0, revision=2)])
        await hot.write_candles([minute(0, 11.0, revision=1)])
        assert (await records.closed(NAME, NOON, NOON + 2 * MINUTE_NS))["1m"] == [minute(0, 11.0, revision=2)]


async def test_a_forming_row_of_postgresql_is_no_closed_candle(redis_url: str, database_url: str) -> None:
    async with stores(redis_url, database_url) as (records, _, durable):
        await durable.save([msgspec.structs.replace(minute(0), state=CandleState.FORMING)])
        assert (await records.closed(NAME, NOON, NOON + 2 * MINUTE_NS))["1m"] == []


async def test_minutes_that_neither_store_holds_sound_are_unsound(redis_url: str, database_url: str) -> None:
    async with stores(redis_url, database_url) as (records, hot, durable):
        await durable.save([minute(0), minute(1, flagged=True)])
        await hot.write_candles([minute(2), minute(3, flagged=True)])
        wanted = [NOON + number * MINUTE_NS for number in range(5)]
        assert await records.unsound(NAME, wanted) == [wanted[1], wanted[3], wanted[4]]


async def test_a_minute_without_a_price_is_unsound(redis_url: str, database_url: str) -> None:
    async with stores(redis_url, database_url) as (records, _, durable):
        await durable.save([minute(0), minute(1, math.nan)])
        wanted = [NOON, NOON + MINUTE_NS]
        assert await records.unsound(NAME, wanted) == [NOON + MINUTE_NS]


async def test_what_one_store_lacks_is_copied_from_the_other_and_what_redis_does_not_keep_is_not(
    redis_url: str, database_url: str
) -> None:
    async with stores(redis_url, database_url) as (records, hot, durable):
        await durable.save([minute(0), minute(1), minute(2, 11.0, revision=1)])
        await hot.write_candles([minute(2), minute(3)])
        await records.level(NAME, NOON, NOON + 9 * MINUTE_NS, kept_ns=NOON + MINUTE_NS)
        both = [minute(1), minute(2, 11.0, revision=1), minute(3)]
        assert await hot.candles(NAME, "1m", 0, NOON + 9 * MINUTE_NS) == both
        assert await durable.candles(NAME, "1m", NOON, NOON + 9 * MINUTE_NS) == [minute(0), *both]


async def test_a_heal_that_lands_while_postgresql_is_read_is_not_overwritten(redis_url: str, database_url: str) -> None:
    async with stores(redis_url, database_url) as (_, hot, durable):

        class HealedInBetween(Records):
            async def saved(self, instrument: str, timeframe: str, start_ns: int, end_ns: int) -> list[Candle]:
                found = await super().saved(instrument, timeframe, start_ns, end_ns)
                if timeframe == "1m":
                    await hot.write_candles([minute(0, 11.0, revision=1)])
                return found

        await durable.save([minute(0)])
        records = HealedInBetween(hot, durable, CALENDARS)
        await records.level(NAME, NOON, NOON + 9 * MINUTE_NS, kept_ns=NOON)
        assert await hot.candles(NAME, "1m", NOON, NOON + 9 * MINUTE_NS) == [minute(0, 11.0, revision=1)]


@pytest.mark.timeseries
async def test_a_minute_without_a_price_is_not_given_to_redis_whose_series_refuse_it(
    timeseries_url: str, database_url: str
) -> None:
    async with stores(timeseries_url, database_url) as (records, hot, durable):
        await durable.save([minute(0, math.nan), minute(1)])
        await records.level(NAME, NOON, NOON + 9 * MINUTE_NS, kept_ns=NOON)
        assert await hot.candles(NAME, "1m", NOON, NOON + 9 * MINUTE_NS) == [minute(1)]


async def test_a_flag_that_one_store_alone_knows_of_is_copied_and_the_numbers_are_not(
    redis_url: str, database_url: str
) -> None:
    async with stores(redis_url, database_url) as (records, hot, durable):
        await durable.save([minute(0), minute(1, flagged=True), minute(2, 11.0, flagged=True), minute(3, revision=1)])
        await hot.write_candles([minute(0, flagged=True), minute(1), minute(2), minute(3, flagged=True)])
        await records.level(NAME, NOON, NOON + 9 * MINUTE_NS, kept_ns=NOON)
        same = [minute(0, flagged=True), minute(1, flagged=True)]
        healed = minute(3, revision=1)
        assert await hot.candles(NAME, "1m", NOON, NOON + 9 * MINUTE_NS) == [*same, minute(2, flagged=True), healed]
        assert await durable.candles(NAME, "1m", NOON, NOON + 9 * MINUTE_NS) == [
            *same,
            minute(2, 11.0, flagged=True),
            healed,
        ]


async def test_a_flag_of_what_is_saved_counts_unless_what_is_hot_is_newer(redis_url: str, database_url: str) -> None:
    async with stores(redis_url, database_url) as (records, hot, durable):
        await durable.save([minute(0, flagged=True), minute(1, revision=2, flagged=True), minute(2, flagged=True)])
        await hot.write_candles([minute(0), minute(1, revision=1), minute(2, revision=1)])
        closed = await records.closed(NAME, NOON, NOON + 3 * MINUTE_NS, both=True)
        assert closed["1m"] == [
            minute(0, flagged=True),
            minute(1, revision=2, flagged=True),
            minute(2, revision=1),
        ]
        assert await records.unsound(NAME, [NOON + number * MINUTE_NS for number in range(3)]) == [
            NOON,
            NOON + MINUTE_NS,
        ]


async def test_verdicts_are_noted_and_a_database_that_is_away_only_puts_them_off(
    redis_url: str, database_url: str
) -> None:
    verdict = Verdict(NAME, "unresolvable", NOON, NOON + 2 * MINUTE_NS, "the provider's history does not have them")
    async with stores(redis_url, database_url) as (records, _, durable):
        await records.note([verdict])
        assert await durable.verdicts([NAME], NOON, NOON + 9 * MINUTE_NS) == {NAME: [verdict]}
        await durable.close()
        await records.note([verdict])


async def test_without_postgresql_redis_suffices_only_when_it_lacks_no_minute_and_both_were_not_asked_for(
    redis_url: str, database_url: str
) -> None:
    async with stores(redis_url, database_url) as (records, hot, durable):
        await hot.write_candles([minute(0), minute(1)])
        await durable.close()
        assert (await records.closed(NAME, NOON, NOON + 2 * MINUTE_NS))["1m"] == [minute(0), minute(1)]
        with pytest.raises(StorageUnavailableError):
            await records.closed(NAME, NOON, NOON + 3 * MINUTE_NS)
        with pytest.raises(StorageUnavailableError):
            await records.closed(NAME, NOON, NOON + 2 * MINUTE_NS, both=True)
