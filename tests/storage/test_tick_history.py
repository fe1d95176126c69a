"""Reading ticks of both stores: each once, in order, and what a store that is away may lack is said."""

import anyio
import pytest

from engine.market.kept_tick import KeptTick
from engine.storage.errors import StorageUnavailableError
from engine.storage.memory import MemoryDurableStore, MemoryHotStore
from engine.storage.tick_history import TickRange, TickReader
from tests.storage.durable.seeds import seeded

pytestmark = pytest.mark.anyio

NAME = "NSE:TCS"


def ticks(*times: int) -> list[KeptTick]:
    return [KeptTick(NAME, time, time, 100.0, 1, 1, time, None, None, None, "dhan") for time in times]


@pytest.fixture
async def stores() -> tuple[MemoryHotStore, MemoryDurableStore]:
    """PostgreSQL has the older ones, Redis the newer ones, and one of them both."""
    hot, durable = MemoryHotStore(), MemoryDurableStore()
    await seeded(durable)
    await durable.ticks.save(ticks(1_000, 2_000, 3_000))
    await hot.write_ticks(ticks(3_000, 4_000, 5_000))
    return hot, durable


async def test_each_tick_is_read_once_whichever_store_has_it(stores: tuple[MemoryHotStore, MemoryDurableStore]) -> None:
    reader = TickReader(*stores)
    assert await reader.read(NAME, 0, 9_000, 10) == TickRange(ticks(1_000, 2_000, 3_000, 4_000, 5_000))
    assert await reader.read(NAME, 2_000, 5_000, 2) == TickRange(ticks(2_000, 3_000))
    assert await reader.read(NAME, 0, 5_000, 3, newest_first=True) == TickRange(ticks(4_000, 3_000, 2_000))
    assert await reader.read("NSE:INFY", 0, 9_000, 10) == TickRange([])


async def test_with_one_store_it_does_and_without_both_it_fails(
    stores: tuple[MemoryHotStore, MemoryDurableStore],
) -> None:
    hot, durable = stores
    reader = TickReader(hot, durable)
    durable.tables.away = True
    assert await reader.read(NAME, 0, 9_000, 10) == TickRange(ticks(3_000, 4_000, 5_000), ("postgresql",))
    hot.link.away = True
    with pytest.raises(StorageUnavailableError):
        await reader.read(NAME, 0, 9_000, 10)
    durable.tables.away = False
    assert await reader.read(NAME, 0, 9_000, 10) == TickRange(ticks(1_000, 2_000, 3_000), ("redis",))


async def test_what_is_saved_and_let_go_while_it_is_read_is_not_passed_over(
    stores: tuple[MemoryHotStore, MemoryDurableStore],
) -> None:
    hot, durable = stores
    reader = TickReader(hot, durable)
    durable.tables.hanging = anyio.Event()
    async with anyio.create_task_group() as tasks:
        found: list[TickRange] = []

        async def read() -> None:
            found.append(await reader.read(NAME, 0, 9_000, 10))

        tasks.start_soon(read)
        await anyio.wait_all_tasks_blocked()
        hanging, durable.tables.hanging = durable.tables.hanging, None
        await durable.ticks.save(ticks(4_000, 5_000))
        await hot._link.call("DEL", "ticks:NSE:TCS")
        hanging.set()
    assert found == [TickRange(ticks(1_000, 2_000, 3_000, 4_000, 5_000))]
