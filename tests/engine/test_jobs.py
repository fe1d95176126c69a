"""Jobs of a whole engine: a stretch of history lost in both stores is read again, under the operator's eyes."""

from datetime import UTC, datetime
from typing import Any

import trio

from actors.messages import ChangeJob, StartJob
from engine.market import TIMEFRAMES
from engine.providers.simulator.options import SimulatorOptions
from engine.storage.packing import unpack
from tests.engine.conftest import Stores
from tests.engine.harness import (
    MIDNIGHT,
    MINUTE_NS,
    SECOND_NS,
    Bench,
    at,
    engine_on,
    running_exchange,
    seeded,
    settings_for,
    until,
    whole_engine,
)

HOUR_NS = 60 * MINUTE_NS
OPTIONS = SimulatorOptions(instruments=4, ticks_per_second=2)


def moment(ns: int) -> str:
    return datetime.fromtimestamp(ns / SECOND_NS, UTC).isoformat()


async def ended(bench: Bench, identity: str) -> Any:
    async def is_over() -> bool:
        job = await bench.durable.job(identity)
        return job is not None and job.status in {"done", "failed"}

    await until(is_over, within_s=40)
    return await bench.durable.job(identity)


async def test_a_backfill_of_earlier_days_fills_all_views_and_says_how_far_it_is(stores: Stores) -> None:
    start_ns, end_ns = MIDNIGHT - 49 * HOUR_NS, MIDNIGHT - 47 * HOUR_NS  # across a midnight
    async with whole_engine(stores, at("00:01:10"), options=OPTIONS) as bench:
        wish = {"start": moment(start_ns), "end": moment(end_ns)}
        job = await bench.ref("jobs").ask(StartJob("backfill", wish), timeout_s=5)
        over = await ended(bench, job["id"])
        assert (over.status, over.done, over.total, over.progress) == ("done", 4, 4, 1.0), over
        truth = await bench.exam.told(start_ns, end_ns)

        async def saved() -> bool:
            names = list(truth)
            held = [await store.candles_many(names, "1m", start_ns, end_ns) for store in (bench.hot, bench.durable)]
            return all(len(found.get(name, ())) == len(truth[name]) for found in held for name in names)

        async def all_saved() -> bool:
            since_ns = start_ns - 24 * HOUR_NS
            return await saved() and all([
                await bench.durable.candles_many(list(truth), timeframe, since_ns, end_ns) for timeframe in TIMEFRAMES[1:]
            ])  # fmt: skip

        await until(all_saved, within_s=20)
        events = [unpack(data) for _, data in await bench.hot.read_events("0-0", 100_000)]
        assert [event["done"] for event in events if event["kind"] == "jobs" and event["status"] == "running"][-1] == 4
        told = [(e["symbol"], e["timeframe"], e["candle"]["time"]) for e in events if e["kind"] == "candle"]
        assert len(told) == len(set(told))


async def test_a_scan_finds_what_nobody_told_of_and_has_it_healed(stores: Stores) -> None:
    start_ns, end_ns = MIDNIGHT - 30 * HOUR_NS, MIDNIGHT - 29 * HOUR_NS
    async with whole_engine(stores, at("00:01:10"), options=OPTIONS) as bench:
        truth = await bench.exam.told(start_ns, end_ns)
        kept = [minute for minutes in truth.values() for number, minute in enumerate(minutes) if number not in (7, 8)]
        await bench.durable.save(kept)  # Redis has none of them, and PostgreSQL lacks two of each
        wish = {"start": moment(start_ns), "end": moment(end_ns + 10 * MINUTE_NS)}
        job = await bench.ref("jobs").ask(StartJob("scan", wish), timeout_s=5)
        assert (await ended(bench, job["id"])).status == "done"

        async def healed() -> bool:
            found = await bench.durable.candles_many(list(truth), "1m", start_ns, end_ns)
            return {name: len(found[name]) for name in truth} == {name: len(truth[name]) for name in truth}

        await until(healed, within_s=30)
        hot = await bench.hot.candles_many(list(truth), "1m", start_ns, end_ns)
        assert {name: len(hot[name]) for name in truth} == {name: len(truth[name]) for name in truth}
        with trio.fail_after(20):
            while any(spans[0][0] < MIDNIGHT for spans in (await bench.hot.healing()).values()):
                await trio.sleep(0.1)


async def test_a_job_that_was_cancelled_does_no_more(stores: Stores) -> None:
    async with whole_engine(stores, at("00:01:10"), options=OPTIONS) as bench:
        wish = {"start": moment(MIDNIGHT - 300 * 24 * HOUR_NS), "end": moment(MIDNIGHT)}
        job = await bench.ref("jobs").ask(StartJob("backfill", wish), timeout_s=5)
        told = await bench.ref("jobs").ask(ChangeJob(job["id"], "cancel"), timeout_s=5)
        await trio.sleep(1)
        left = await bench.durable.job(job["id"])
        assert left is not None
        assert (told["status"], left.status, left.total) == ("cancelled", "cancelled", 40)
        assert left.done <= 1


async def test_a_job_goes_on_in_the_next_engine_where_it_was_in_the_last(stores: Stores) -> None:
    clock = at("00:01:10")
    start_ns = MIDNIGHT - 90 * 24 * HOUR_NS
    async with running_exchange(OPTIONS, clock) as simulator:
        settings = settings_for(stores, simulator.feed_url, simulator.rest_url)
        await seeded(settings.durable_url, simulator.rest_url)
        async with engine_on(simulator, stores, clock) as bench:
            wish = {"start": moment(start_ns), "end": moment(start_ns + HOUR_NS)}
            first = await bench.ref("jobs").ask(StartJob("backfill", wish), timeout_s=5)

            async def begun() -> bool:
                job = await bench.durable.job(first["id"])
                return job is not None and job.done > 0

            await until(begun)
            told = await bench.ref("jobs").ask(ChangeJob(first["id"], "pause"), timeout_s=5)
        async with engine_on(simulator, stores, clock) as bench:
            waiting = await bench.durable.job(first["id"])
            assert waiting is not None
            assert (told["status"], waiting.status) == ("paused", "paused")
            assert 0 < waiting.done < waiting.total
            await bench.ref("jobs").ask(ChangeJob(first["id"], "resume"), timeout_s=5)
            over = await ended(bench, first["id"])
            assert (over.status, over.done) == ("done", over.total)
            truth = await bench.exam.told(start_ns, start_ns + HOUR_NS)
            found = await bench.durable.candles_many(list(truth), "1m", start_ns, start_ns + HOUR_NS)
            assert {name: len(found[name]) for name in truth} == {name: len(truth[name]) for name in truth}
