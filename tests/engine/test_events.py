"""What clients hear of candles: all that stands in the store, and each revision once."""

import random
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import trio

from actors.channels import decode_candle_event
from engine.market import TIMEFRAMES, Candle
from engine.providers.simulator.options import SimulatorOptions
from engine.storage.packing import unpack
from tests.engine.conftest import Stores
from tests.engine.harness import MIDNIGHT, Bench, at, until, whole_engine

OPTIONS = SimulatorOptions(instruments=6, ticks_per_second=4)
SPEED = 60.0

Told = tuple[str, str, int, int]
"""Symbol, timeframe, time in ms, revision."""


async def told(bench: Bench) -> Counter[Told]:
    events = [unpack(data) for _, data in await bench.hot.read_events("0-0", 100_000)]
    candles = [(event, event["candle"]) for event in events if event["kind"] == "candle"]
    return Counter((event["symbol"], event["timeframe"], candle["time"], candle["rev"]) for event, candle in candles)


async def stored(bench: Bench) -> set[Told]:
    now_ns, found = bench.clock.now_ns(), set[Told]()
    for timeframe in TIMEFRAMES:
        for name, candles in (
            await bench.hot.candles_many(bench.exam.instruments, timeframe, MIDNIGHT, now_ns)
        ).items():
            found |= {(name, timeframe, candle.time // 1_000_000, candle.revision) for candle in candles}
    return found


async def test_a_publisher_that_crashes_may_have_taken_events_along_and_that_is_said(stores: Stores) -> None:
    async with whole_engine(stores, at("00:07:20", speed=SPEED), options=OPTIONS) as bench:
        epoch, _ = await bench.hot.events_position()
        await bench.system.restart("/engine/publisher")
        assert (await bench.hot.events_position())[0] == epoch, "it was stopped in good order"
        bench.crash("publisher")
        await until(lambda: bench.restarts("publisher") == 2)

        async def is_new() -> bool:
            return (await bench.hot.events_position())[0] != epoch

        await until(is_new)


async def test_every_candle_is_told_once_a_revision_and_read_as_of_its_time_whatever_interrupts_the_feed(
    stores: Stores,
) -> None:
    chance = random.Random(11)
    async with whole_engine(stores, at("00:07:20", speed=SPEED), options=OPTIONS) as bench:
        for _ in range(6):
            bench.plan(
                "close"
            )  # over the end of a minute, as likely as not: what has closed before it is flagged after it
            await trio.sleep(chance.uniform(0.8, 1.4))
        await until(lambda: not bench.simulator.exchange.faults.planned())
        await bench.exam.agree(MIDNIGHT)
        standing = await stored(bench)

        async def is_heard() -> bool:
            return standing <= (await told(bench)).keys()

        await until(is_heard)
        heard = await told(bench)
        assert [revision for revision, times in heard.items() if times > 1] == []
        await bench.exam.save()
        await check_as_of(bench, [decode_candle_event(data) for _, data in await bench.hot.read_events("0-0", 100_000)])


async def check_as_of(bench: Bench, entries: Sequence[Candle | None]) -> None:
    """Every candle that gave way to a later one can be read as of its time, and until the later one was published."""
    told: dict[tuple[str, str, int], list[Candle]] = {}
    for candle in filter(None, entries):
        told.setdefault((candle.instrument, candle.timeframe, candle.time), []).append(candle)
    revised = [candles for candles in told.values() if len(candles) > 1]
    assert revised, "the interruptions revised nothing"
    for candles in revised[:30]:
        for candle, later in pairwise(candles):
            for as_of_ns in (candle.published_ns, later.published_ns - 1_000_000):
                span = candle.time, candle.time + 1
                found = await bench.durable.candles_as_of(candle.instrument, candle.timeframe, *span, as_of_ns)
                assert [(one.revision, one.close, one.volume) for one in found] == [
                    (candle.revision, candle.close, candle.volume)
                ]
