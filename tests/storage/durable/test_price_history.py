"""Price history: nothing newer is lost to something older, and repeats change nothing."""

import itertools
import math
from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.market.candle import Candle, CandleState
from engine.storage.durable import DailyCandle, DurableStore, SaveResult
from engine.storage.memory import MemoryDurableStore
from tests.storage.durable.seeds import emptied, seeded
from tests.storage.samples import MINUTE_NS, NOW, bar, bars, revised

pytestmark = pytest.mark.anyio

DAY = date(2026, 11, 20)


@pytest.fixture
async def history(durable: DurableStore) -> DurableStore:
    await seeded(durable)
    return durable


async def replaced(history: DurableStore) -> list[tuple[int, float]]:
    if isinstance(history, MemoryDurableStore):
        return [(candle.revision, candle.close) for candle in history.tables.replaced]
    rows = await history._link.rows(  # pyright: ignore[reportPrivateUsage]
        "SELECT rev, close FROM candle_revisions ORDER BY ts, rev, published_at"
    )
    return [(row["rev"], row["close"]) for row in rows]


async def test_candles_come_back_as_they_were_saved(history: DurableStore) -> None:
    written = [
        bar(minutes_ago=4, open_interest=77_000, volume=10**13),
        bar(minutes_ago=3, source="dhan/ticks", resolve_required=True),
        bar(minutes_ago=2, state=CandleState.REVISED, revision=12),
        bar(minutes_ago=1, close=0.05, low=0.05, source=""),
    ]
    assert await history.save(written) == SaveResult(written=4)
    assert await history.candles("NSE:RELIANCE", "1m", 0, NOW) == written


async def test_a_range_holds_its_start_and_not_its_end(history: DurableStore) -> None:
    written = bars(5)
    await history.save(written)
    assert await history.candles("NSE:RELIANCE", "1m", written[1].time, written[3].time) == written[1:3]
    assert await history.candles("NSE:RELIANCE", "1m", written[1].time + 1, written[3].time + 1) == written[2:4]
    assert await history.candles("NSE:RELIANCE", "5m", 0, NOW) == []
    assert await history.candles("NSE:NOPE", "1m", 0, NOW) == []


async def test_many_instruments_are_read_at_once(history: DurableStore) -> None:
    await history.save([*bars(3), *bars(2, "NSE:TCS")])
    found = await history.candles_many(["NSE:TCS", "NSE:RELIANCE", "NSE:INFY"], "1m", 0, NOW)
    assert found == {"NSE:RELIANCE": bars(3), "NSE:TCS": bars(2, "NSE:TCS")}


async def test_a_revision_moves_what_it_replaces_aside(history: DurableStore) -> None:
    await history.save([bar(close=1.0)])
    await history.save([revised(bar(close=2.0), 1)])
    await history.save([revised(bar(close=3.0), 2)])

    assert await history.candles("NSE:RELIANCE", "1m", 0, NOW) == [revised(bar(close=3.0), 2)]
    assert await replaced(history) == [(0, 1.0), (1, 2.0)]


async def test_saving_again_changes_nothing(history: DurableStore) -> None:
    batch = [*bars(3), revised(bar(minutes_ago=9), 1)]
    await history.save([bar(minutes_ago=9)])
    first = await history.save(batch, [DailyCandle(DAY, bar(timeframe="1d", minutes_ago=600))], 17)
    again = await history.save(batch, [DailyCandle(DAY, bar(timeframe="1d", minutes_ago=600))], 17)

    assert (first.written, again.written) == (5, 0)
    assert await replaced(history) == [(0, 2459.95)]


async def test_an_older_revision_never_overwrites_a_newer_one(history: DurableStore) -> None:
    newest = revised(bar(close=3.0), 2)
    await history.save([newest])

    for old in (bar(), revised(bar(), 1), bar(state=CandleState.FORMING), revised(bar(close=9.0), 2)):
        assert (await history.save([old])).written == 0

    assert await history.candles("NSE:RELIANCE", "1m", 0, NOW) == [newest]
    assert await replaced(history) == []


async def test_a_heal_settles_a_flagged_candle_at_its_own_revision(history: DurableStore) -> None:
    await history.save([bar(close=1.0, resolve_required=True)])
    await history.save([bar(close=2.0)])
    assert await history.candles("NSE:RELIANCE", "1m", 0, NOW) == [bar(close=2.0)]
    assert await replaced(history) == [(0, 1.0)]


async def test_a_flag_over_a_saved_candle_is_kept_until_it_is_healed(history: DurableStore) -> None:
    sound = bar(published_ns=NOW)
    day = bar("NSE:TCS", 900, "1d", published_ns=NOW)
    await history.save([sound], [DailyCandle(DAY, day)])
    flagged, doubted = (
        msgspec.structs.replace(one, resolve_required=True, published_ns=NOW + MINUTE_NS) for one in (sound, day)
    )
    assert (await history.save([flagged], [DailyCandle(DAY, doubted)])).written == 2
    assert (await history.save([sound, bar(close=9.0, resolve_required=True)], [DailyCandle(DAY, day)])).written == 0

    (kept,) = await history.candles("NSE:RELIANCE", "1m", 0, NOW)
    assert (kept.resolve_required, kept.published_ns) == (True, NOW)
    ((_, kept_day),) = [(one.date, one.candle) for one in await history.days("NSE:TCS", DAY, DAY)]
    assert (kept_day.resolve_required, kept_day.published_ns) == (True, NOW)
    assert await replaced(history) == []
    await history.save([revised(sound)])
    assert not (await history.candles("NSE:RELIANCE", "1m", 0, NOW))[0].resolve_required
    assert len(await replaced(history)) == 1


async def test_a_flag_in_the_batch_of_its_minute_is_kept_and_the_minute_was_published_when_it_was_told_first(
    history: DurableStore,
) -> None:
    sound, day = bar(published_ns=NOW), DailyCandle(DAY, bar("NSE:TCS", 900, "1d", published_ns=NOW))
    doubted = msgspec.structs.replace(sound, resolve_required=True, published_ns=NOW + MINUTE_NS)
    flagged_day = DailyCandle(DAY, msgspec.structs.replace(day.candle, resolve_required=True))
    for _ in range(2):
        await history.save([sound, doubted, sound], [day, flagged_day, day])
    (kept,) = await history.candles("NSE:RELIANCE", "1m", 0, NOW)
    assert (kept, kept.published_ns) == (doubted, NOW)
    assert await history.days("NSE:TCS", DAY, DAY) == [flagged_day]
    assert await replaced(history) == []


@pytest.mark.parametrize("confirmed", [True, False])
async def test_only_the_heal_clears_a_flag_and_a_late_save_of_what_was_before_it_does_not(
    history: DurableStore, confirmed: bool
) -> None:
    sound = bar(published_ns=NOW)
    flagged = msgspec.structs.replace(sound, resolve_required=True)
    healed = revised(sound if confirmed else bar(close=2455.0), published_ns=NOW + MINUTE_NS)
    await history.save([sound])
    await history.save([flagged])
    await history.save([sound])
    assert await history.candles("NSE:RELIANCE", "1m", 0, NOW) == [flagged]
    for late in ([healed], [sound], [flagged], [sound, healed, flagged]):
        await history.save(late)
        assert await history.candles("NSE:RELIANCE", "1m", 0, NOW) == [healed]
    assert await replaced(history) == [(0, sound.close)]
    assert await history.candles_as_of("NSE:RELIANCE", "1m", 0, NOW, NOW) == [flagged]


@pytest.mark.parametrize("state", [CandleState.FORMING, CandleState.FINAL])
async def test_a_price_that_is_lacking_equals_another_that_is(history: DurableStore, state: CandleState) -> None:
    flawed = bar(open=math.nan, state=state, resolve_required=True)
    assert (await history.save([flawed])).written == 1
    assert (await history.save([flawed])).written == 0
    unflagged = msgspec.structs.replace(flawed, resolve_required=False)
    assert (await history.save([unflagged])).written == (state is CandleState.FORMING)
    assert await replaced(history) == []


async def test_a_flag_over_a_candle_that_lacks_a_price_is_taken(history: DurableStore) -> None:
    await history.save([bar(open=math.nan, published_ns=NOW)])
    assert (await history.save([bar(open=math.nan, resolve_required=True)])).written == 1
    (kept,) = await history.candles("NSE:RELIANCE", "1m", 0, NOW)
    assert (kept.resolve_required, kept.published_ns) == (True, NOW)


async def test_within_one_batch_the_newest_counts(history: DurableStore) -> None:
    result = await history.save([revised(bar(close=2.0), 2), bar(), revised(bar(), 1)])
    assert result.written == 1
    assert await history.candles("NSE:RELIANCE", "1m", 0, NOW) == [revised(bar(close=2.0), 2)]


async def test_unknown_instruments_are_named_and_left_out(history: DurableStore) -> None:
    result = await history.save([bar("NSE:NOPE"), bar()], [DailyCandle(DAY, bar("NSE:NEITHER", timeframe="1d"))])
    assert result == SaveResult(written=1, unknown=("NSE:NEITHER", "NSE:NOPE"))


async def test_the_checkpoint_moves_with_the_rows_and_never_back(history: DurableStore) -> None:
    assert await history.checkpoint() == 0
    await history.save([bar()], checkpoint_ns=NOW)
    await history.save([], checkpoint_ns=NOW - 5)
    await history.save([], checkpoint_ns=7, name="another")
    await history.save(bars(2))

    assert await history.checkpoint() == NOW
    assert await history.checkpoint("another") == 7


async def test_a_save_that_fails_leaves_neither_rows_nor_checkpoint(history: DurableStore) -> None:
    from engine.storage.errors import DurableStoreError

    with pytest.raises(DurableStoreError):
        await history.save([bar(), bar("NSE:TCS", volume=2**80)], checkpoint_ns=NOW)
    assert await history.candles("NSE:RELIANCE", "1m", 0, NOW) == []
    assert await history.checkpoint() == 0


async def test_a_day_forms_becomes_final_and_is_revised(history: DurableStore) -> None:
    opening = bar(timeframe="1d", minutes_ago=600)
    stages = [
        msgspec.structs.replace(opening, state=CandleState.FORMING, close=1.0),
        msgspec.structs.replace(opening, state=CandleState.FORMING, close=2.0),
        msgspec.structs.replace(opening, close=3.0),
        revised(opening, 1, close=4.0),
    ]
    seen: list[list[DailyCandle]] = []
    for candle in stages:
        await history.save([], [DailyCandle(DAY, candle, previous_close=9.5)])
        seen.append(await history.days("NSE:RELIANCE", DAY, DAY))

    assert seen == [[DailyCandle(DAY, candle, previous_close=9.5)] for candle in stages]
    assert await replaced(history) == [(0, 3.0)]


async def test_what_is_known_of_a_day_is_not_forgotten(history: DurableStore) -> None:
    candle = bar(timeframe="1d", minutes_ago=600)
    await history.save([], [DailyCandle(DAY, candle, 9.5, 1.5, 33.0)])
    await history.save([], [DailyCandle(DAY, revised(candle))])
    assert await history.days("NSE:RELIANCE", DAY, DAY) == [DailyCandle(DAY, revised(candle), 9.5, 1.5, 33.0)]


async def test_a_day_without_a_date_belongs_to_its_opening_at_the_exchange(history: DurableStore) -> None:
    late_in_utc = bar(timeframe="1d", time=1_795_116_600 * 10**9)  # 2026-11-19 20:30 UTC, 02:00 of the 20th in India
    await history.save([late_in_utc])

    assert await history.days("NSE:RELIANCE", DAY, DAY) == [DailyCandle(DAY, late_in_utc)]
    assert await history.days("NSE:RELIANCE", DAY + timedelta(1), DAY + timedelta(9)) == []
    assert await history.candles("NSE:RELIANCE", "1d", 0, NOW) == [late_in_utc]


async def test_flagged_candles_are_found_oldest_first(history: DurableStore) -> None:
    day = bar("NSE:TCS", 900, "1d", resolve_required=True)
    flagged = [bar(minutes_ago=ago, resolve_required=True) for ago in (30, 20, 5)]
    await history.save([*flagged, bar(minutes_ago=25)], [DailyCandle(DAY, day)])

    assert await history.flagged(NOW - 10 * MINUTE_NS) == [day, *flagged[:2]]
    assert await history.flagged(NOW, limit=1) == [day]
    await history.save([revised(msgspec.structs.replace(flagged[0], resolve_required=False))])
    assert await history.flagged(NOW - 10 * MINUTE_NS) == [day, flagged[1]]


VERSIONS = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 3), st.sampled_from([CandleState.FORMING, CandleState.FINAL])),
    max_size=12,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(versions=VERSIONS, cuts=st.sets(st.integers(0, 12)), repeats=st.lists(st.integers(0, 5), max_size=3))
async def test_whatever_the_order_batches_and_repeats_the_highest_revision_stays(
    history: DurableStore, versions: list[tuple[int, int, CandleState]], cuts: set[int], repeats: list[int]
) -> None:
    await emptied(history)
    candles = [
        bar(
            minutes_ago=ago,
            close=float(number),
            state=state if revision == 0 else CandleState.REVISED,
            revision=revision,
        )
        for number, (ago, revision, state) in enumerate(versions)
    ]
    edges = [0, *sorted(cut for cut in cuts if cut < len(candles)), len(candles)]
    batches = [candles[start:end] for start, end in itertools.pairwise(edges)]
    for batch in [*batches, *(_settled(batches[number % len(batches)]) for number in repeats)]:
        await history.save(batch)

    assert await history.candles("NSE:RELIANCE", "1m", 0, NOW) == _model(candles)


CLOSES = st.sampled_from([1.0, 2.0, math.nan])
VARIANTS = st.one_of(
    st.builds(bar, close=CLOSES, resolve_required=st.booleans(), state=st.just(CandleState.FORMING)),
    st.builds(
        bar,
        close=CLOSES,
        resolve_required=st.booleans(),
        revision=st.integers(0, 2),
        source=st.sampled_from(["dhan", "another"]),
        published_ns=st.sampled_from([0, MINUTE_NS]),
    ),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(variants=st.lists(VARIANTS, max_size=8), cuts=st.sets(st.integers(0, 8)))
async def test_flags_in_any_batches_leave_the_row_that_they_would_leave_one_by_one(
    history: DurableStore, variants: list[Candle], cuts: set[int]
) -> None:
    await emptied(history)
    candles = [
        msgspec.structs.replace(variant, published_ns=variant.published_ns * number)
        for number, variant in enumerate(variants, 1)
    ]
    edges = [0, *sorted(cut for cut in cuts if cut < len(candles)), len(candles)]
    double, alone = MemoryDurableStore(), MemoryDurableStore()
    for store in (double, alone):
        await seeded(store)
    for start, end in itertools.pairwise(edges):
        batch = candles[start:end]
        assert (await history.save(batch)).written == (await double.save(batch)).written
    for candle in candles:
        await alone.save([candle])
    assert await _standing(history) == await _standing(double)
    assert await _standing(history) == await _standing(alone)
    assert sorted(map(str, await replaced(history))) == sorted(map(str, await replaced(double)))


async def _standing(history: DurableStore) -> list[tuple[str, int]]:
    """As text, as no NaN equals another; with the times of publication that were told, of which equality knows nothing."""
    kept = await history.candles("NSE:RELIANCE", "1m", 0, NOW)
    told = [one if one.published_ns < NOW else msgspec.structs.replace(one, published_ns=0) for one in kept]
    return [(str(candle), candle.published_ns) for candle in told]


def _settled(batch: list[Candle]) -> list[Candle]:
    """What may come again at any time: a forming candle has no number, so of two the later one counts."""
    return [candle for candle in batch if candle.state is not CandleState.FORMING]


def _model(candles: list[Candle]) -> list[Candle]:
    stays: dict[int, Candle] = {}
    for candle in candles:
        known = stays.get(candle.time)
        if (
            known is None
            or candle.revision > known.revision
            or (candle.revision == known.revision and known.state is CandleState.FORMING)
        ):
            stays[candle.time] = candle
    return [stays[time] for time in sorted(stays)]


@pytest.mark.parametrize("timeframe", ["1m", "1d"])
async def test_the_nth_candle_of_a_range_is_found_from_either_end(history: DurableStore, timeframe: str) -> None:
    pause = 1440 if timeframe == "1d" else 1
    await history.save([bar(minutes_ago=ago * pause, timeframe=timeframe) for ago in range(1, 8)])
    start, end = NOW - 6 * pause * MINUTE_NS, NOW - 2 * pause * MINUTE_NS

    async def ago(number: int, *, newest_first: bool = False) -> int | None:
        time = await history.nth_time("NSE:RELIANCE", timeframe, start, end, number, newest_first=newest_first)
        return None if time is None else (NOW - time) // MINUTE_NS // pause

    assert [await ago(0), await ago(3), await ago(4)] == [6, 3, None]
    assert [await ago(0, newest_first=True), await ago(3, newest_first=True)] == [3, 6]
    assert await history.nth_time("NSE:NOPE", timeframe, start, end, 0) is None
