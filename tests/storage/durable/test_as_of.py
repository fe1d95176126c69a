"""What was published at a time is what is read as of that time, in whatever order and batches it was saved."""

import random

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.market import Candle, CandleState
from engine.storage.durable import DurableStore
from tests.storage.durable.seeds import emptied, seeded
from tests.storage.samples import NOW, bar

pytestmark = pytest.mark.anyio

NAME = "NSE:TCS"
SECOND_NS = 1_000_000_000
BEGIN = NOW - 3600 * SECOND_NS


@pytest.fixture
async def store(durable: DurableStore) -> DurableStore:
    await seeded(durable)
    return durable


def published(second: int, revision: int = 0, minutes_ago: int = 90, **changes: object) -> Candle:
    state = CandleState.REVISED if revision else CandleState.FINAL
    told = bar(NAME, minutes_ago, state=state, revision=revision, published_ns=BEGIN + second * SECOND_NS)
    return msgspec.structs.replace(told, close=told.low + (second % 100) * 0.05, **changes)


async def as_of(store: DurableStore, second: float, timeframe: str = "1m") -> list[Candle]:
    return await store.candles_as_of(NAME, timeframe, 0, NOW, BEGIN + int(second * SECOND_NS))


async def test_each_revision_is_read_as_of_its_time(store: DurableStore) -> None:
    told = [published(0), published(10, 1), published(20, 2)]
    for candle in told:
        await store.save([candle])
    assert await as_of(store, -1) == []
    for candle, second in zip(told, (0, 19.9, 20), strict=True):
        assert await as_of(store, second) == [candle]


async def test_the_time_of_publication_is_read_back(store: DurableStore) -> None:
    told = published(7)
    await store.save([told, published(8, 1, minutes_ago=80, published_ns=0)])
    first, second = await store.candles(NAME, "1m", 0, NOW)
    assert first.published_ns == told.published_ns
    assert second.published_ns > BEGIN, "what bears no time is published when it is saved"


@pytest.mark.parametrize("timeframe", ["5m", "1d"])
async def test_a_revision_superseded_in_the_same_batch_or_before_it_came_is_kept(
    store: DurableStore, timeframe: str
) -> None:
    told = [published(10 * number, number, timeframe=timeframe) for number in range(4)]
    for _ in range(2):
        await store.save([told[3], told[1]])
        await store.save([told[0], told[2], told[1]])
    for number, second in enumerate((5, 15, 25, 35)):
        assert await as_of(store, second, timeframe) == [told[number]]


async def test_a_repeated_revision_with_a_later_time_changes_nothing(store: DurableStore) -> None:
    """The store was told again after a crash: the engine's first word counts."""
    await store.save([published(0)])
    again = published(0, published_ns=BEGIN + 9 * SECOND_NS)
    await store.save([again])
    await store.save([published(20, 1), again])
    assert [candle.published_ns for candle in await as_of(store, 1)] == [BEGIN]
    assert [candle.published_ns for candle in await as_of(store, 19)] == [BEGIN]


stories = st.lists(st.tuples(st.integers(1, 3), st.integers(1, 5)), max_size=8)


@given(story=stories, cuts=st.sets(st.integers(0, 8)), seed=st.integers(0, 999), repeats=st.integers(1, 2))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_time_reads_what_had_been_published_by_then(
    store: DurableStore, story: list[tuple[int, int]], cuts: set[int], seed: int, repeats: int
) -> None:
    """A list of all publications is the model: of each minute the last one that is not later than asked for."""
    await emptied(store)
    publications: list[Candle] = []
    revisions: dict[int, int] = {}
    second = 0
    for minute, pause in story:
        second += pause
        revision = revisions[minute] = revisions.get(minute, -1) + 1
        publications.append(published(second, revision, minutes_ago=90 + minute))

    shuffled = publications * repeats
    random.Random(seed).shuffle(shuffled)
    for start in range(len(shuffled)):
        if start in cuts or start == 0:
            end = min((cut for cut in cuts if cut > start), default=len(shuffled))
            await store.save(shuffled[start:end])

    for asked in range(-1, second + 2):
        by_then = [candle for candle in publications if candle.published_ns <= BEGIN + asked * SECOND_NS]
        newest = {candle.time: candle for candle in by_then}
        assert await as_of(store, asked) == [newest[time] for time in sorted(newest)]


@pytest.mark.parametrize("timeframe", ["1m", "1d"])
async def test_what_was_published_after_a_time_is_read_as_it_is_now(store: DurableStore, timeframe: str) -> None:
    early, first, later = (
        msgspec.structs.replace(published(second, minutes_ago=minutes), timeframe=timeframe)
        for second, minutes in ((0, 4 * 1440), (10, 3 * 1440), (30, 2 * 1440))
    )
    forming = msgspec.structs.replace(later, state=CandleState.FORMING, time=later.time + 1440 * 60 * SECOND_NS)
    await store.save([early, first, later, forming])
    revised = msgspec.structs.replace(
        early, revision=1, state=CandleState.REVISED, close=early.low, published_ns=BEGIN + 20 * SECOND_NS
    )
    await store.save([revised])
    since = BEGIN + 5 * SECOND_NS
    assert await store.candles_published([NAME, "NSE:NOBODY"], timeframe, since, 10) == [first, revised, later]
    assert await store.candles_published([NAME], timeframe, since, 2) == [first, revised]
    assert await store.candles_published([NAME], timeframe, later.published_ns, 10) == []
    assert await store.candles_published([], timeframe, since, 10) == []
