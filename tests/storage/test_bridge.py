"""The bridge: asyncio stores called from trio, and a loop that nothing ends."""

import asyncio
import gc
from pathlib import Path
from typing import NoReturn

import pytest
import structlog.testing
import trio

from engine.storage.bridge import bridged, open_bridge
from engine.storage.durable import DurableStore, migrate
from engine.storage.embedded import prepare_valkey
from engine.storage.errors import StorageUnavailableError
from engine.storage.hot import HotStore
from tests.servers import hasty_postgres
from tests.storage.durable.seeds import seeded
from tests.storage.killable import killable_server
from tests.storage.samples import NOW, bars, report


async def test_both_stores_are_called_from_trio(redis_url: str, database_url: str) -> None:
    async with open_bridge():
        hot = bridged(await bridged(HotStore).connect(redis_url))
        durable = bridged(await bridged(DurableStore).connect(database_url))
        await seeded(durable)

        await hot.write_candles(bars(3))
        await durable.save(await hot.candles("NSE:RELIANCE", "1m", 0, NOW))

        assert await durable.candles("NSE:RELIANCE", "1m", 0, NOW) == bars(3)
        await durable.close()
        await hot.close()


async def test_what_is_no_coroutine_method_passes_through(redis_url: str) -> None:
    async with open_bridge():
        store = await bridged(HotStore).connect(redis_url)
        assert bridged(store).series is store.series
        assert bridged(store).ping is not store.ping
        with pytest.raises(AttributeError, match="nothing"):
            _ = bridged(store).nothing  # type: ignore[attr-defined]
        await bridged(store).close()


async def test_the_durable_stores_groups_of_tables_are_bridged_with_it(database_url: str) -> None:
    async with open_bridge():
        durable = bridged(await bridged(DurableStore).connect(database_url))
        assert await durable.alert_rules.live() == []
        assert durable.alert_rules is durable.alert_rules
        await durable.close()


async def test_a_cancelled_call_leaves_the_store_usable(database_url: str) -> None:
    async with open_bridge():
        store = await bridged(DurableStore).connect(database_url)
        with trio.move_on_after(0.05) as scope:
            await bridged(store._link).value("SELECT pg_sleep(10)")  # pyright: ignore[reportPrivateUsage]
        assert scope.cancelled_caught
        await bridged(store).ping()
        await bridged(store).close()


class Careless:
    """What libraries do: tasks and callbacks that fail with nobody looking."""

    async def forget_a_failing_task(self) -> None:
        async def fail() -> NoReturn:
            raise LookupError("nobody looks")

        task = asyncio.get_running_loop().create_task(fail())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        del task

    async def fail_in_a_callback(self) -> None:
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        await asyncio.sleep(0.01)


async def test_a_failure_that_nobody_retrieves_is_reported_and_ends_nothing() -> None:
    careless = bridged(Careless())
    with structlog.testing.capture_logs() as logs:
        async with open_bridge():
            await careless.forget_a_failing_task()
            gc.collect()
            await careless.fail_in_a_callback()
            await careless.fail_in_a_callback()

    assert {entry["event"] for entry in logs} == {"bridge_failure_unretrieved"}
    assert {entry["error"] for entry in logs} >= {"ZeroDivisionError('division by zero')"}


async def test_the_scope_outlives_kill_9_of_both_stores(data_folder: Path) -> None:
    with (
        killable_server(prepare_valkey(data_folder)) as redis,
        killable_server(hasty_postgres(data_folder)) as postgres,
    ):
        await trio.to_thread.run_sync(migrate, postgres.url, "up")
        async with open_bridge(), trio.open_nursery() as nursery:
            hot = bridged(await bridged(HotStore).connect(redis.url))
            durable = bridged(await bridged(DurableStore).connect(postgres.url))
            await seeded(durable)
            outages: set[str] = set()
            done = {"hot": 0, "durable": 0}

            async def keep_writing(name: str) -> None:
                while True:
                    try:
                        await (hot.write_live([report()]) if name == "hot" else durable.save(bars(3)))
                        done[name] += 1
                    except StorageUnavailableError:
                        outages.add(name)
                    await trio.sleep(0.005)

            async def until_both_go_on() -> None:
                before = dict(done)
                while any(done[name] < before[name] + 3 for name in done):
                    await trio.sleep(0.01)

            for name in ("hot", "hot", "durable", "durable"):
                nursery.start_soon(keep_writing, name)
            await until_both_go_on()
            redis.kill()
            postgres.kill()
            while outages != {"hot", "durable"}:
                await trio.sleep(0.01)
            redis.start()
            postgres.start()
            await until_both_go_on()
            nursery.cancel_scope.cancel()
            assert outages == {"hot", "durable"}
            with trio.CancelScope(shield=True):
                await durable.close()
                await hot.close()
