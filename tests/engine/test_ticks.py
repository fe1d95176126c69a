"""Ticks of a whole engine: those of a chosen instrument are kept, whoever crashes, and add up to what was traded."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from engine.market.kept_tick import KeptTick
from engine.providers.simulator.options import SimulatorOptions
from engine.storage.durable import migrate
from engine.storage.embedded import prepare_postgres
from engine.storage.hot.keys import TICKS_LENGTH
from tests.engine.conftest import Stores
from tests.engine.harness import Bench, at, until, whole_engine
from tests.servers import with_database
from tests.storage.killable import Killable, killable_server

OPTIONS = SimulatorOptions(instruments=4, ticks_per_second=20)
NAME = "NSE:RELIANCE"
KEEP = "UPDATE instruments SET keep_ticks = true WHERE symbol = 'RELIANCE'"


async def saved(bench: Bench) -> list[KeptTick]:
    return await bench.durable.ticks.read(NAME, 0, 2**51, limit=100_000)


async def has_saved(bench: Bench, count: int) -> bool:
    return len(await saved(bench)) >= count


async def has_saved_all(bench: Bench, ticks: Iterable[KeptTick]) -> bool:
    return {tick.received_us for tick in ticks} <= {tick.received_us for tick in await saved(bench)}


async def test_chosen_ticks_are_kept_through_a_crash_and_add_up_to_what_was_traded(stores: Stores) -> None:
    async with whole_engine(stores, at("00:07:20"), options=OPTIONS) as bench:
        await bench.durable._link.value(KEEP)
        await until(lambda: has_saved(bench, 10))
        bench.crash("tick_keeper")
        await until(lambda: bench.restarts("tick_keeper") == 1)
        left = (await bench.hot.recent_ticks([NAME]))[NAME]  # some of them by the one that crashed
        await until(lambda: has_saved_all(bench, left))
        before = len(await saved(bench))
        await until(lambda: has_saved(bench, before + 10))
        kept = await saved(bench)
        times, volumes = [tick.received_us for tick in kept], [tick.volume or 0 for tick in kept]
        assert times == sorted(set(times))
        assert sum(tick.traded for tick in kept) == volumes[-1] - volumes[0] > 0


@pytest.fixture
def postgres_server(data_folder: Path) -> Iterator[Killable]:
    with killable_server(prepare_postgres(data_folder)) as server:
        migrate(with_database(server.url, "engine_simulated"), "up")
        yield server


async def test_a_keeper_that_dies_while_postgresql_is_away_loses_none_and_neither_does_one_that_starts_then(
    stores: Stores, postgres_server: Killable
) -> None:
    stores = Stores(stores.redis_url, with_database(postgres_server.url, "engine"))
    async with whole_engine(stores, at("00:07:20", speed=60.0), options=OPTIONS) as bench:

        async def recent() -> list[KeptTick]:
            return (await bench.hot.recent_ticks([NAME])).get(NAME, [])

        async def waiting(count: int) -> bool:
            return len(await recent()) >= count

        await bench.durable._link.value(KEEP)
        await until(lambda: has_saved(bench, 10))
        postgres_server.kill()
        first = (await recent())[0]
        await until(lambda: waiting(TICKS_LENGTH * 3 // 2))
        bench.crash("tick_keeper")
        await until(lambda: bench.restarts("tick_keeper") == 1)
        left = len(await recent())
        await until(lambda: waiting(left + TICKS_LENGTH // 2))
        whole = await recent()
        assert whole[0] == first
        postgres_server.start()
        await until(lambda: has_saved_all(bench, whole))
