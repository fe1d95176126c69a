"""Option chains of a whole engine: kept without being asked for, run for who asks, and going on in the next engine."""

from datetime import date
from itertools import chain

import trio

from actors.messages import ChainsFollowed, ChainWanted, Count
from engine.market.chain_snapshot import ChainSnapshot, Leg
from engine.providers.simulator.options import SimulatorOptions
from tests.engine.conftest import Stores
from tests.engine.harness import (
    MIDNIGHT,
    Bench,
    at,
    engine_on,
    running_exchange,
    seeded,
    settings_for,
    until,
    whole_engine,
)

OPTIONS = SimulatorOptions(instruments=40, ticks_per_second=40)
NIFTY, BANKNIFTY, WEEKLY = "NSE:NIFTY", "NSE:BANKNIFTY", date(2026, 11, 24)
FOR_EVER = 2**62


def legs(told: ChainSnapshot | None) -> list[Leg]:
    return [leg for strike in (told.strikes if told else ()) for leg in (strike.ce, strike.pe) if leg is not None]


def heard(told: ChainSnapshot | None) -> list[str]:
    return [leg.instrument for leg in legs(told) if leg.ltp is not None]


def baselines(told: ChainSnapshot) -> dict[str, list[int | None]]:
    """What changes of each leg's open interest are counted from: how it closed, and the first of the day."""
    return {
        leg.instrument: [
            None if change is None or leg.oi is None else leg.oi - change
            for change in (leg.oi_change, leg.oi_change_open)
        ]
        for leg in legs(told)
    }


async def complete(bench: Bench, underlying: str = NIFTY, expiry: date = WEEKLY) -> ChainSnapshot:
    """The hot copy, once every leg and the spot have a price, and it is known what changes are counted from."""
    found: list[ChainSnapshot] = []

    async def has_all() -> bool:
        told = await bench.hot.chain(underlying, expiry)
        has_prices = told is not None and told.spot is not None and legs(told) and len(heard(told)) == len(legs(told))
        if told is not None and has_prices and None not in chain.from_iterable(baselines(told).values()):
            found.append(told)
        return bool(found)

    await until(has_all)
    return found[-1]


async def test_the_next_expiry_of_what_is_to_be_kept_runs_and_its_minutes_are_saved(stores: Stores) -> None:
    async with whole_engine(stores, at("00:02:50", speed=20), options=OPTIONS, chains=(NIFTY,)) as bench:
        told = await complete(bench)
        assert (told.underlying, told.expiry, told.provider) == (NIFTY, WEEKLY, "simulator")
        forward = told.forward or 0.0
        assert told.atm == min((strike.strike for strike in told.strikes), key=lambda strike: abs(strike - forward))
        assert all(leg.iv is not None and leg.oi is not None for leg in legs(told))
        kept: list[ChainSnapshot] = []

        async def has_kept() -> bool:
            kept[:] = await bench.durable.chains.snapshots(NIFTY, WEEKLY, MIDNIGHT, FOR_EVER)
            return len(kept) >= 3

        await until(has_kept)
        minutes = [one.as_of // 60_000 for one in kept]
        assert minutes == list(range(minutes[0], minutes[0] + len(minutes)))
        summaries = await bench.durable.chains.summaries(NIFTY, WEEKLY, MIDNIGHT, FOR_EVER)
        assert [one.atm_iv for one in summaries[: len(kept)]] == [one.atm_iv for one in kept]


async def test_who_asks_for_another_chain_has_it_and_who_follows_it_hears_more_often(stores: Stores) -> None:
    async with whole_engine(stores, at("00:02:50"), options=OPTIONS) as bench:
        chains, place = bench.ref("chains"), f"{BANKNIFTY}.{WEEKLY}"

        async def published() -> int:
            return (await bench.ref("chain_publisher").ask(Count(), timeout_s=5))["chains_published"]

        async def tellings_a_second() -> float:
            before, began_s = await published(), trio.current_time()
            await trio.sleep(2)
            return (await published() - before) / (trio.current_time() - began_s)

        async def is_told_faster() -> bool:
            return await tellings_a_second() > 2

        assert await chains.ask(ChainWanted(BANKNIFTY, None), timeout_s=10) == {"expiry": str(WEEKLY), "failed": ""}
        assert (await complete(bench, BANKNIFTY)).underlying == BANKNIFTY
        assert await tellings_a_second() < 2
        follow = ChainsFollowed("web-1", (place, f"NSE:TCS.{WEEKLY}"))
        refused = (await chains.ask(follow, timeout_s=10))["refused"]
        assert refused == {f"NSE:TCS.{WEEKLY}": "no options on NSE:TCS are listed"}
        await until(is_told_faster)


async def test_the_chain_of_an_engine_that_is_gone_goes_on_in_the_next_one(stores: Stores) -> None:
    """With the open interest at the previous close and the first of the day; no leg that was heard of is unknown again."""
    clock = at("00:02:50", speed=20)
    async with running_exchange(OPTIONS, clock) as simulator:
        settings = settings_for(stores, simulator.feed_url, simulator.rest_url)
        await seeded(settings.durable_url, simulator.rest_url)
        async with engine_on(simulator, stores, clock, chains=(NIFTY,)) as bench:
            before = await complete(bench)
        async with engine_on(simulator, stores, clock, chains=(NIFTY,)) as bench:

            async def goes_on() -> bool:
                told = await bench.hot.chain(NIFTY, WEEKLY)
                return told is not None and told.as_of > before.as_of + 120_000

            await until(goes_on)
            after = await bench.hot.chain(NIFTY, WEEKLY)
    assert set(heard(after)) >= set(heard(before))
    assert after is not None
    assert baselines(after) == baselines(before)
    assert (after.day, after.previous_day) == (before.day, before.previous_day)


async def test_a_chain_that_crashes_goes_on_and_no_other_does_anything(stores: Stores) -> None:
    async with whole_engine(stores, at("00:02:50", speed=20), options=OPTIONS, chains=(NIFTY,)) as bench:
        before = await complete(bench)
        for name in (f"option_chains/{NIFTY}.{WEEKLY}", "chains", "chain_poller", "chain_publisher", "broadcaster"):
            bench.crash(name)

        async def goes_on() -> bool:
            told = await bench.hot.chain(NIFTY, WEEKLY)
            newer = [leg for leg in legs(told) if not leg.polled and (leg.quote_age_ms or 0) < 60_000]
            return told is not None and told.as_of > before.as_of + 120_000 and len(newer) == len(legs(told))

        await until(goes_on)
        assert bench.restarts(f"option_chains/{NIFTY}.{WEEKLY}") == 1
