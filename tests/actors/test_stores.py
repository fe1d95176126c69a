"""Heartbeat, writer and persister on real stores: the lease, the note of what is unsaved, and what a start catches up with."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
import trio
from structlog.testing import capture_logs

from actors.candle_writer import CandleWriter
from actors.heartbeat import Heartbeat
from actors.messages import (
    CandleClosed,
    CandlesWritten,
    Count,
    FeedCounts,
    Renew,
    Save,
    Saved,
    WriteCandles,
    WritesLost,
)
from actors.persister import Persister
from engine.market import Calendars, Instrument, InstrumentKind
from engine.providers.base import DecoderStatistics
from engine.runtime import Actor, ActorSystem
from engine.seeding import exchanges
from engine.storage.bridge import bridged, open_bridge
from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore, InstrumentReport
from tests.actors.parts import MINUTE_NS, NAME, NOON, among_witnesses, candle


@pytest.fixture
async def hot(redis_url: str) -> AsyncGenerator[HotStore]:
    async with open_bridge():
        store = bridged(await bridged(HotStore).connect(redis_url))
        yield store
        await store.close()


@pytest.fixture
async def durable(hot: HotStore, database_url: str) -> AsyncGenerator[DurableStore]:
    store = bridged(await bridged(DurableStore).connect(database_url))
    instrument = Instrument(
        id=0, exchange="NSE", symbol="A", name="A", kind=InstrumentKind.EQUITY, tick_size=0.05, lot_size=1
    )
    await store.seed(exchanges(around_the_clock=True), [instrument], [])
    yield store
    await store.close()


def nowhere(_: str) -> dict[str, Any]:
    raise AssertionError("only exchanges that never close are asked for")


def persister(hot: HotStore, durable: DurableStore) -> Callable[[ActorSystem], Actor]:
    calendars = Calendars(nowhere, {"NSE": "Asia/Kolkata"})
    return lambda system: Persister(hot, durable, calendars, writer=system.ref("/engine/writer"), interval_minutes=5)


@asynccontextmanager
async def writer(hot: HotStore, *others: str) -> AsyncGenerator[tuple[ActorSystem, dict[str, list[Any]]]]:
    def make(system: ActorSystem) -> CandleWriter:
        names = ("persister", "publisher", "resolver", "charts", "surveyor")
        to: dict[str, Any] = {name: system.ref(f"/engine/{name}") for name in names}
        return CandleWriter(hot, **to)

    async with among_witnesses(make, *others) as started:
        yield started


async def test_a_lease_that_another_engine_holds_is_told_and_one_of_our_own_is_not(hot: HotStore) -> None:
    lost = list[bool]()

    def make(system: ActorSystem) -> Heartbeat:
        return Heartbeat(hot, "one", surveyor=system.ref("/engine/surveyor"), lost=lambda: lost.append(True))

    async with among_witnesses(make) as (system, _):
        subject = system.ref("/engine/subject")
        await subject.ask(Renew(), timeout_s=5)
        assert (await hot.lease_owner(), lost) == ("one", [])
        await hot.release_lease("one")
        await hot.acquire_lease("two", 60)
        await subject.ask(Renew(), timeout_s=5)
        assert lost == [True]


async def test_packets_that_can_not_be_used_are_told_once_a_connection_and_prices_of_unknown_age_are_only_counted(
    hot: HotStore,
) -> None:
    def make(system: ActorSystem) -> Heartbeat:
        return Heartbeat(hot, "one", surveyor=system.ref("/engine/surveyor"), lost=lambda: None)

    async with among_witnesses(make) as (system, _):
        subject = system.ref("/engine/subject")
        with capture_logs() as logs:
            for undated, malformed in ((3, 0), (4, 1), (5, 2)):
                subject.tell(FeedCounts("kite", 0, DecoderStatistics(undated=undated, malformed=malformed)))
            counts = await subject.ask(Count(), timeout_s=5)

    assert [(entry["event"], entry["malformed"]) for entry in logs] == [("packets_unusable", 1)]
    assert (counts["undated"], counts["malformed"]) == (5, 2)


async def test_a_candle_is_noted_as_unsaved_before_it_is_written_and_until_it_is_saved(hot: HotStore) -> None:
    async with writer(hot, "persister", "publisher") as (system, seen):
        subject = system.ref("/engine/subject")
        subject.tell(CandleClosed(candle(NOON - 90 * MINUTE_NS, 10.0, 5, revision=1)))
        assert await subject.ask(WriteCandles(), timeout_s=5)
        assert await hot.get_unsaved() == NOON - 90 * MINUTE_NS
        [written] = [message for message in seen["persister"] if isinstance(message, CandlesWritten)]
        await subject.ask(Saved(written.batch), timeout_s=5)
        assert await hot.get_unsaved() == 0


async def test_the_writer_counts_what_volume_entered_no_candle(hot: HotStore) -> None:
    async with writer(hot, "persister", "publisher") as (system, _):
        subject = system.ref("/engine/subject")
        for name, unattributed, corrections in (
            ("NSE:A", 500, 0),
            ("NSE:B", -30, 2),
            ("NSE:A", 520, 1),
            ("NSE:C", 0, 0),
        ):
            told: dict[str, Any] = {"unattributed": unattributed, "corrections": corrections}
            subject.tell(InstrumentReport(name, "", 10.0, {}, {}, **told))
        counted = await subject.ask(Count(), timeout_s=5)
        assert (counted["volume_unattributed"], counted["volume_corrections"]) == (490, 3)


async def test_a_writer_that_starts_again_has_the_resolver_read_again_and_keeps_the_note(hot: HotStore) -> None:
    await hot.set_unsaved(NOON)
    async with writer(hot, "persister", "publisher", "resolver") as (_system, seen):
        assert [type(message) for message in seen["resolver"]] == [WritesLost]
        assert await hot.get_unsaved() == NOON


async def test_an_old_heal_that_was_not_saved_is_caught_up_with_at_the_next_start(
    hot: HotStore, durable: DurableStore
) -> None:
    """The checkpoint is newer than the candle: only the note tells."""
    healed = candle(NOON - 90 * MINUTE_NS, 10.0, 5, revision=1)
    await hot.write_candles([healed])
    await durable.save([], [], NOON)
    async with among_witnesses(persister(hot, durable), "writer"):
        assert await durable.candles(NAME, "1m", 0, NOON) == []
    await hot.set_unsaved(healed.time)
    async with among_witnesses(persister(hot, durable), "writer") as (system, _):
        assert await system.ref("/engine/subject").ask(Save(), timeout_s=10)
        assert await durable.candles(NAME, "1m", 0, NOON) == [healed]


async def test_a_start_waits_for_no_catching_up_and_until_it_is_done_the_checkpoint_stays(
    hot: HotStore, durable: DurableStore
) -> None:
    unsaved = candle(NOON - 2 * MINUTE_NS, 10.0, 5)
    await hot.write_candles([unsaved])
    await durable.save([], [], NOON - 3 * MINUTE_NS)
    async with among_witnesses(persister(hot, durable), "writer") as (system, _):
        assert await durable.candles(NAME, "1m", 0, NOON) == []
        assert await durable.checkpoint() == NOON - 3 * MINUTE_NS
        assert await system.ref("/engine/subject").ask(Save(), timeout_s=10)
        assert await durable.candles(NAME, "1m", 0, NOON) == [unsaved]
        assert await durable.checkpoint() >= NOON


async def test_what_is_saved_is_told_to_the_writer_by_its_batch(hot: HotStore, durable: DurableStore) -> None:
    async with among_witnesses(persister(hot, durable), "writer") as (system, seen):
        subject = system.ref("/engine/subject")
        subject.tell(CandlesWritten((candle(NOON, 10.0, 5),), 7))
        assert await subject.ask(Save(), timeout_s=10)
        await trio.sleep(0.1)
        assert [message.batch for message in seen["writer"]] == [7]
        assert len(await durable.candles(NAME, "1m", 0, NOON + MINUTE_NS)) == 1
        assert await durable.checkpoint() >= NOON


async def test_candles_of_instruments_that_no_table_knows_are_told_and_the_others_saved(
    hot: HotStore, durable: DurableStore
) -> None:
    known = candle(NOON, 10.0, 5)
    unknown = [msgspec.structs.replace(known, instrument=f"NSE:GONE{number}") for number in range(7)]
    async with among_witnesses(persister(hot, durable), "writer") as (system, _):
        with capture_logs() as events:
            system.ref("/engine/subject").tell(CandlesWritten((*unknown, known), 1))
            assert await system.ref("/engine/subject").ask(Save(), timeout_s=10)
    [warning] = [event for event in events if event["event"] == "candles_of_unknown_instruments"]
    assert (warning["log_level"], warning["count"], len(warning["first"])) == ("warning", 7, 5)
    assert set(warning["first"]) < {each.instrument for each in unknown}
    assert await durable.candles(NAME, "1m", 0, NOON + MINUTE_NS) == [known]
