"""Option chains of a whole engine: kept without being asked for, run for who follows, and going on after a kill."""

from datetime import date

from engine.market.chain_snapshot import ChainSnapshot
from engine.providers.simulator.options import SimulatorOptions
from tests.engine.conftest import Stores
from tests.engine.harness import MIDNIGHT, Bench, at, until, whole_engine

OPTIONS = SimulatorOptions(instruments=90, ticks_per_second=50)
NIFTY, NEXT = "NSE:NIFTY", date(2026, 11, 24)


async def newest(bench: Bench, underlying: str = NIFTY, expiry: date = NEXT) -> ChainSnapshot | None:
    return await bench.hot.chain(underlying, expiry)


async def test_the_next_expiry_of_what_is_to_be_kept_runs_and_its_minutes_are_saved(stores: Stores) -> None:
    async with whole_engine(stores, at("12:00:50", speed=20), options=OPTIONS, chains=(NIFTY,)) as bench:

        async def is_complete() -> bool:
            told = await newest(bench)
            legs = [leg for strike in (told.strikes if told else ()) for leg in (strike.ce, strike.pe) if leg]
            return bool(legs) and told is not None and told.spot is not None and all(leg.ltp for leg in legs)

        await until(is_complete)
        told = await newest(bench)
        assert told is not None
        assert (told.underlying, told.expiry, told.provider) == (NIFTY, NEXT, "simulator")
        assert told.atm is not None
        assert abs(told.atm - (told.spot or 0)) <= 50

        async def minutes() -> list[ChainSnapshot]:
            return await bench.durable.chains.snapshots(NIFTY, NEXT, MIDNIGHT, 2 * MIDNIGHT)

        async def saved() -> bool:
            return len(await minutes()) >= 3

        await until(saved)
        kept = [one.as_of // 60_000 for one in await minutes()]
        assert kept == list(range(kept[0], kept[0] + len(kept)))
