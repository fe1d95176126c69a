"""A whole engine whose provider sends bad prints: no candle shows one, and no true jump is taken for one."""

import trio

from actors.messages import Count, Decide
from engine.market.quarantine import Fate
from engine.providers.simulator.options import SimulatorOptions
from engine.storage.packing import unpack
from tests.engine.conftest import Stores
from tests.engine.harness import MIDNIGHT, MINUTE_NS, Bench, at, until, whole_engine

OPTIONS = SimulatorOptions(instruments=10, ticks_per_second=10)
SPEED = 60.0


async def live(bench: Bench) -> None:
    async def is_live() -> bool:
        return (await bench.statuses() or [""])[-1] == "live"

    await until(is_live)


async def counted(bench: Bench, name: str) -> dict[str, int]:
    return await bench.ref(name).ask(Count(), timeout_s=5)


async def settled(bench: Bench) -> None:
    """Until nothing is to be healed any more."""

    async def is_settled() -> bool:
        return (await counted(bench, "resolver"))["gaps_open"] == 0

    await until(is_settled, within_s=60)


async def test_bad_prints_for_minutes_leave_every_candle_the_exchanges_own(stores: Stores) -> None:
    """A minute that lacks the trade whose price was wrong is read again."""
    async with whole_engine(stores, at("00:07:20", speed=SPEED), options=OPTIONS) as bench:
        await live(bench)
        await bench.exam.agree(MIDNIGHT)
        bench.plan("bad_print=0.02+5")  # five minutes of the exchange's time
        await trio.sleep(5.5)
        await bench.exam.agree(MIDNIGHT)
        misprinted = bench.simulator.exchange.doors["simulator"].statistics().faults.misprinted
        assert misprinted > 10
        entries = await bench.durable.quarantined(status=Fate.DISCARDED, limit=1_000)
        assert 0 < len(entries) <= misprinted
        assert (await bench.hot.trees())["engine"]["counters"]["ticks_discarded"] > 0
        events = [unpack(data) for _, data in await bench.hot.read_events("0-0", 10_000)]
        assert any(event["kind"] == "alert" and event["symbol"] == entries[0].instrument for event in events)


async def test_a_true_jump_of_everything_is_believed_and_no_tick_of_it_is_lost(stores: Stores) -> None:
    async with whole_engine(stores, at("00:07:20", speed=SPEED), options=OPTIONS) as bench:
        await live(bench)
        await bench.exam.agree(MIDNIGHT)
        await settled(bench)
        healed = (await counted(bench, "resolver"))["candles_healed"]
        bench.plan("level_shift=2")
        await trio.sleep(3)
        await bench.exam.agree(MIDNIGHT)
        assert (await counted(bench, "quarantine"))["ticks_released"] > 0
        assert (await counted(bench, "quarantine"))["ticks_discarded"] == 0
        assert (await counted(bench, "resolver"))["candles_healed"] == healed


async def test_an_operators_release_revises_the_minute_and_its_discard_heals_it(stores: Stores) -> None:
    async with whole_engine(stores, at("00:07:20", speed=SPEED), options=OPTIONS) as bench:
        await live(bench)
        bench.plan("bad_print=0.05+2")
        await trio.sleep(2.5)
        await bench.exam.agree(MIDNIGHT)
        [*_, entry] = await bench.durable.quarantined(status=Fate.DISCARDED)
        minute_ns = entry.ts_ns // MINUTE_NS * MINUTE_NS

        async def shows(timeframe: str, minutes: int) -> bool:
            start_ns = minute_ns - (minutes - 1) * MINUTE_NS
            found = await bench.hot.candles(entry.instrument, timeframe, start_ns, minute_ns + MINUTE_NS)
            return entry.price in (found[-1].high, found[-1].low) and found[-1].revision > 0

        assert not await shows("1m", 1)
        answer = await bench.ref("quarantine").ask(Decide(entry.id, Fate.RELEASED, "admin"), timeout_s=10)
        assert (answer["status"], answer["decided_by"]) == ("released", "admin")
        assert await shows("1m", 1)
        assert await shows("5m", 5)
        answer = await bench.ref("quarantine").ask(Decide(entry.id, Fate.DISCARDED, "admin"), timeout_s=10)
        assert answer["status"] == "discarded"
        await bench.exam.agree(MIDNIGHT)
