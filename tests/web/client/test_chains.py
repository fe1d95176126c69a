"""The shipped client and option chains: asked for as they are and were, and followed."""

from contextlib import aclosing
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta

import anyio
import pytest

from engine.market.chain_snapshot import ChainSnapshot
from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore
from tests.web.chains import FAR, GONE, NEAR, NOON_MS, TCS, list_options, snapshot
from tests.web.engine import Engine
from tests.web.process import TOKEN, Web, until
from ticktree_client import Chain, Client, Leg, RefusedError, Wall
from web.models import option_chain

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("entities_as_they_were")]


@pytest.fixture
async def client(web: Web, durable: DurableStore) -> Client:
    await list_options(durable)
    return Client(f"http://127.0.0.1:{web.port}", token=TOKEN, trust_env=False)


async def test_a_chain_is_read_as_it_is_and_as_it_was(
    web: Web, client: Client, hot: HotStore, durable: DurableStore, engine: Engine
) -> None:
    await engine.appear()
    await hot.write_chains([snapshot(web.services.system.clock.now_ns() // 1_000_000)])
    await durable.chains.save([snapshot(NOON_MS, spot=3_001.0, expiry=GONE)])
    async with client:
        assert await client.expiries("TCS") == (NEAR, FAR)
        chain = await client.option_chain("TCS")
        assert (chain.underlying, chain.expiry, chain.spot, chain.max_pain) == (TCS, NEAR, 3_052.0, 3_050.0)
        assert [(one.strike, one.pe is None) for one in chain.strikes] == [(3_050.0, False), (3_100.0, True)]
        assert (chain.ce_oi, chain.pe_oi, chain.ce_volume, chain.straddle) == (1_750, 3_500, 700, 80.25)
        assert (chain.ce_walls, chain.pe_walls) == ((Wall(3_050.0, 1_750),), ())
        assert (chain.day, chain.previous_day) == (date(2026, 11, 20), date(2026, 11, 19))
        assert (chain.pcr_volume, chain.reasons["pcr_volume"], chain.degraded) == (None, "not_heard", "")
        call = chain.strikes[0].ce
        assert call is not None
        assert (call.oi, call.oi_change, call.build_up) == (1_750, 350, "long_build_up")
        put = chain.strikes[0].pe
        assert put is not None
        assert (put.oi_change, put.reasons["oi_change"]) == (None, "no_baseline")

        noon = datetime.fromtimestamp(NOON_MS / 1_000, UTC)
        past = await client.option_chain(TCS, GONE, at=noon + timedelta(seconds=30))
        assert (past.spot, past.as_of) == (3_001.0, noon)
        with pytest.raises(RefusedError, match="no snapshot of"):
            await client.option_chain(TCS, GONE, at=noon - timedelta(days=1))


async def test_the_client_has_all_that_the_interface_tells() -> None:
    """What it knows by other names: the symbol as it was asked for, and whether the data are simulated."""
    told = set(option_chain.Chain.__struct_fields__) - {"symbol", "data"}
    assert {field.name for field in fields(Chain)} == told
    assert {field.name for field in fields(Leg)} == set(option_chain.Leg.__struct_fields__)


async def test_each_newer_instant_of_a_chain_is_told_to_who_follows_it(
    web: Web, client: Client, engine: Engine
) -> None:
    now_ms = web.services.system.clock.now_ns() // 1_000_000
    told = [snapshot(now_ms + at, spot=3_000.0 + at) for at in range(2)]
    async with client, aclosing(client.follow(f"chain.{TCS}.{NEAR}")) as events, anyio.create_task_group() as tasks:
        tasks.start_soon(_tell, web, engine, told)
        heard = [await anext(events) for _ in told]
    assert [one.spot for one in heard if isinstance(one, Chain)] == [3_000.0, 3_001.0]


async def _tell(web: Web, engine: Engine, snapshots: list[ChainSnapshot]) -> None:
    """One after the other has been delivered."""
    hub = web.services.hub
    await until(lambda: hub.statistics().topics > 0)
    for number, one in enumerate(snapshots, 1):
        await engine.tell_chain(one)
        await until(lambda number=number: hub.statistics().delivered >= number)
