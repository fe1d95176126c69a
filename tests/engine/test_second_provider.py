"""Two providers of one exchange: what the first has lost is read from the second, and its candles say so."""

from engine.providers.simulator.options import SimulatorOptions
from engine.providers.simulator.record import Loss
from tests.engine.conftest import Stores
from tests.engine.harness import MIDNIGHT, MINUTE_NS, at, engine_on, running_exchange, seeded, settings_for, until

BOTH = ("simulator", "simulator2")
OPTIONS = SimulatorOptions(instruments=5, ticks_per_second=5)
THIRD, SIXTH = MIDNIGHT + 2 * MINUTE_NS, MIDNIGHT + 5 * MINUTE_NS


async def test_what_the_first_provider_lost_is_read_from_the_second_and_what_both_lost_is_called_empty(
    stores: Stores,
) -> None:
    clock = at("00:20:10")
    async with running_exchange(OPTIONS, clock) as simulator:
        settings = settings_for(stores, simulator.feed_url, simulator.rest_url)
        await seeded(settings.durable_url, simulator.rest_url)
        first, second = (simulator.exchange.doors[name].record for name in BOTH)
        first.lose([Loss(THIRD, SIXTH)])
        second.lose([Loss(THIRD, THIRD + MINUTE_NS)])
        async with engine_on(simulator, stores, clock, providers=BOTH) as bench:
            names = bench.exam.instruments

            expected = [(n, "simulator2" if n in (3, 4) else "simulator") for n in range(10) if n != 2]

            async def healed() -> bool:
                found = await bench.hot.candles_many(names, "1m", MIDNIGHT, MIDNIGHT + 10 * MINUTE_NS)
                told = [[((one.time - MIDNIGHT) // MINUTE_NS, one.source) for one in found.get(n, ())] for n in names]
                return told == [expected] * len(names)

            await until(healed)

            async def decided() -> bool:
                verdicts = await bench.durable.verdicts(names, MIDNIGHT, MIDNIGHT + 10 * MINUTE_NS)
                spans = {(one.status, one.start_ns, one.end_ns) for told in verdicts.values() for one in told}
                return len(verdicts) == len(names) and spans == {("empty", THIRD, THIRD + MINUTE_NS)}

            await until(decided)
