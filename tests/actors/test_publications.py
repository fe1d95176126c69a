"""Every revision is told to clients at most once and the newest always; what was superseded unsaved is not lost."""

from collections.abc import AsyncGenerator
from functools import partial

import msgspec
import pytest
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from actors.channels import decode_candle_event, encode_candle_event
from actors.messages import CandlesWritten, Count, Flush, Save
from actors.persister import Persister
from actors.publications import Publications, superseded
from actors.publisher import Publisher
from engine.market import Calendars, Candle
from engine.runtime import ActorRef
from engine.storage.durable import Exchange
from engine.storage.memory import MemoryDurableStore, MemoryHotStore
from tests.actors.parts import MINUTE_NS, NAME, NOON, among_witnesses, candle
from tests.storage.durable.seeds import equity

TOLD = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=30)


def revision(number: int, minute: int = 0, *, published_s: int = 0) -> Candle:
    told = candle(NOON + minute * MINUTE_NS, 10.0 + number, 5, revision=number)
    return msgspec.structs.replace(told, published_ns=published_s * 10**9)


@given(told=TOLD)
def test_each_revision_is_news_once_and_an_older_one_never(told: list[tuple[int, int]]) -> None:
    publications = Publications()
    heard: dict[int, list[int]] = {}
    for minute, number in told:
        if publications.is_news(revision(number, minute)):
            heard.setdefault(minute, []).append(number)
    for minute, numbers in heard.items():
        assert numbers == sorted(set(numbers))
        assert numbers[-1] == max(number for told_minute, number in told if told_minute == minute)


def test_only_so_many_buckets_are_remembered() -> None:
    publications = Publications(limit=2)
    for minute in (0, 1, 0, 2):
        publications.is_news(revision(0, minute))
    assert not publications.is_news(revision(0, 0))
    assert publications.is_news(revision(0, 1))


def test_what_a_higher_revision_took_the_place_of_is_superseded() -> None:
    told = [revision(0), revision(0, 1), revision(1), revision(1), revision(3)]
    assert superseded(told) == [revision(0), revision(1)]


def test_an_event_reads_back_as_the_candle_that_was_told() -> None:
    told = msgspec.structs.replace(revision(2, published_s=1_795_000_000), open_interest=7)
    read = decode_candle_event(encode_candle_event(told))
    assert read == told
    assert read is not None
    assert read.published_ns == told.published_ns


@pytest.fixture
async def hot() -> AsyncGenerator[MemoryHotStore]:
    store = MemoryHotStore()
    yield store
    await store.close()


async def events(hot: MemoryHotStore) -> list[tuple[int, int]]:
    """What a client hears that has followed from the beginning: minutes and revisions."""
    entries = [decode_candle_event(payload) for _, payload in await hot.read_events("0", 1000)]
    return [((told.time - NOON) // MINUTE_NS, told.revision) for told in entries if told is not None]


async def tell(publisher: ActorRef, *candles: Candle) -> None:
    publisher.tell(CandlesWritten(candles))
    publisher.tell(Flush())
    await publisher.ask(Count(), timeout_s=5)


async def test_clients_hear_of_each_revision_once_whoever_repeats_it_and_whoever_is_new(hot: MemoryHotStore) -> None:
    make = partial(Publisher, hot)
    async with among_witnesses(
        lambda system: make(broadcaster=system.ref("/engine/broadcaster")), "broadcaster", answer={}
    ) as (system, _):
        publisher = system.ref("/engine/subject")
        await tell(publisher, revision(0), revision(0, 1))
        await tell(publisher, revision(0), revision(0, 1))
        await tell(publisher, revision(1))
    async with among_witnesses(
        lambda system: make(broadcaster=system.ref("/engine/broadcaster")), "broadcaster", answer={}
    ) as (system, _):
        publisher = system.ref("/engine/subject")
        await tell(publisher, revision(0), revision(1), revision(0, 1), revision(0, 2))
        await tell(publisher, revision(2), revision(0, 2))
    assert await events(hot) == [(0, 0), (1, 0), (0, 1), (2, 0), (0, 2)]


async def seeded() -> MemoryDurableStore:
    durable = MemoryDurableStore()
    await durable.seed([Exchange("NSE", "NSE", "Asia/Kolkata", is_24_hours=True)], [equity("A")], [])
    return durable


def nowhere(_: str) -> dict[str, object]:
    raise AssertionError("only exchanges that never close are asked for")


async def test_every_revision_between_two_saves_is_kept_for_who_asks_as_of_its_time(hot: MemoryHotStore) -> None:
    durable = await seeded()
    calendars = Calendars(nowhere, {"NSE": "Asia/Kolkata"})
    told = [revision(number, published_s=100 + number) for number in range(3)]
    again = msgspec.structs.replace(told[2], resolve_required=True, published_ns=109 * 10**9)
    async with among_witnesses(
        lambda system: Persister(hot, durable, calendars, writer=system.ref("/engine/writer"), interval_minutes=5),
        "writer",
    ) as (system, _):
        for one in (*told, again):
            system.ref("/engine/subject").tell(CandlesWritten((one,), 1))
        assert await system.ref("/engine/subject").ask(Save(), timeout_s=5)
    for number, one in enumerate(told[:2]):
        assert await durable.candles_as_of(NAME, "1m", 0, 2 * NOON, (100 + number) * 10**9) == [one]
    assert await durable.candles_as_of(NAME, "1m", 0, 2 * NOON, 102 * 10**9) == [again], "only its flag was news"


async def test_a_revision_superseded_before_a_crash_is_found_in_the_events(hot: MemoryHotStore) -> None:
    """Killed before it saved: the hot store has the newest revision, and only the stream knows the one before."""
    durable = await seeded()
    calendars = Calendars(nowhere, {"NSE": "Asia/Kolkata"})
    told = [revision(number, -5, published_s=NOON // 10**9 + number) for number in range(3)]
    await hot.begin_events("killed")
    for number, one in enumerate(told):
        await hot.write_candles([one])
        await hot.append_events([(f"{NOON // 10**6 + number}-0", encode_candle_event(one))])
    await hot.append_events([(f"{NOON // 10**6 + 9}-0", b"\x81\xa4kind\xa6status")])
    await hot.set_unsaved(NOON - 5 * MINUTE_NS)
    await durable.save([], [], NOON)
    async with among_witnesses(
        lambda system: Persister(hot, durable, calendars, writer=system.ref("/engine/writer"), interval_minutes=5),
        "writer",
    ):
        await trio.testing.wait_all_tasks_blocked()
    for one in told:
        assert await durable.candles_as_of(NAME, "1m", 0, 2 * NOON, one.published_ns) == [one]


async def test_a_candle_flagged_before_a_crash_was_published_when_it_was_told_first(hot: MemoryHotStore) -> None:
    """The hot store has it as it was told again, with its flag; the stream knows when clients heard of it."""
    durable = await seeded()
    calendars = Calendars(nowhere, {"NSE": "Asia/Kolkata"})
    told = revision(0, -5, published_s=NOON // 10**9)
    again = msgspec.structs.replace(told, resolve_required=True, published_ns=told.published_ns + 60 * 10**9)
    await hot.begin_events("killed")
    await hot.append_events([(f"{NOON // 10**6}-0", encode_candle_event(told))])
    await hot.write_candles([again])
    await hot.set_unsaved(NOON - 5 * MINUTE_NS)
    await durable.save([], [], NOON)
    async with among_witnesses(
        lambda system: Persister(hot, durable, calendars, writer=system.ref("/engine/writer"), interval_minutes=5),
        "writer",
    ):
        await trio.testing.wait_all_tasks_blocked()
    assert await durable.candles_as_of(NAME, "1m", 0, 2 * NOON, told.published_ns) == [again]
