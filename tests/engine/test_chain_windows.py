"""A whole engine whose feed has not room for all options: the window follows the money, the others are asked for."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlsplit

import pytest

from actors import option_chain
from actors.messages import WatchList
from actors.pace import Pace
from engine.market.chain_snapshot import ChainSnapshot, Leg, Quality
from engine.market.instrument import InstrumentKind
from engine.providers.base import FeedLimits
from engine.providers.dhan import session as dhan
from engine.providers.kite import session as kite
from engine.providers.simulator.instruments import universe
from engine.providers.simulator.options import DoorOptions, SimulatorOptions
from tests.engine.conftest import Stores
from tests.engine.harness import Bench, at, engine_on, running_exchange, seeded, settings_for, until

NIFTY, WEEKLY, TODAY = "NSE:NIFTY", date(2026, 11, 24), date(2026, 11, 19)
OPTIONS = SimulatorOptions(instruments=200, ticks_per_second=400)
"""Which have eleven strikes of NIFTY, from 25,750 to 26,250, and as many of BANKNIFTY."""
OTHERS = sum(listing.kind != InstrumentKind.OPTION for listing in universe(OPTIONS.instruments, TODAY))
WINDOW = 1
"""Strikes on either side of the money: six options."""
OLD = Quality.UNKNOWN, Quality.STALE
BROUGHT = "live", "backfilling"
"""What is told of instruments that a feed brings."""
WATCHED = "NFO:NIFTY24NOV2625750PE"
"""Far from the money, but somebody looks at it."""


@dataclass(frozen=True, slots=True)
class Desk:
    """An engine with one chain, as its door of the exchange and its stores show it."""

    bench: Bench
    door: str

    def subscribed(self) -> set[str]:
        """The options that the exchange sends it."""
        door = self.bench.simulator.exchange.doors[self.door]
        listings = enumerate(self.bench.simulator.exchange.market.listings)
        return {one.instrument for index, one in listings if one.kind == InstrumentKind.OPTION and door.follows(index)}

    async def chain(self) -> ChainSnapshot | None:
        return await self.bench.hot.chain(NIFTY, WEEKLY)

    async def legs(self) -> dict[str, Leg]:
        told = await self.chain()
        both = (leg for strike in (told.strikes if told else ()) for leg in (strike.ce, strike.pe))
        return {leg.instrument: leg for leg in both if leg is not None}

    async def windows(self) -> list[set[str]]:
        """The options of strikes side by side that have the money among them, as the chain's own numbers say."""
        told = await self.chain()
        if told is None or told.spot is None:
            return []
        spot, size = told.spot, 2 * WINDOW + 1
        rows = [{leg.instrument for leg in (strike.ce, strike.pe) if leg} for strike in told.strikes]
        money = min(range(len(rows)), key=lambda row: abs(told.strikes[row].strike - spot))
        starts = range(max(0, money - size + 1), min(money, len(rows) - size) + 1)
        return [set[str]().union(*rows[start : start + size]) for start in starts]

    async def is_whole(self) -> bool:
        """A window and what is watched come on the feed, all other legs are asked for; all are well and young."""
        legs, fed = await self.legs(), self.subscribed()
        told = {name for name, leg in legs.items() if leg.quality not in OLD and (leg.quote_age_ms or 0) < 30_000}
        asked = {name for name, leg in legs.items() if leg.polled}
        is_window = WATCHED in fed and fed - {WATCHED} in await self.windows()
        return is_window and len(told) == len(legs) == 22 and asked == legs.keys() - fed

    async def is_good(self) -> bool:
        """The legs that are asked for as much as those that come on the feed."""
        return {leg.quality for leg in (await self.legs()).values()} == {Quality.GOOD}

    async def is_shown(self, names: set[str]) -> bool:
        """Who looks at one of these by itself sees what was asked for."""
        quotes = await self.bench.hot.quotes(list(names))
        told = [quote for quote in quotes.values() if quote["provider"].endswith("/polled") and quote["volume"] is None]
        return len(told) == len(names)

    async def statuses(self, names: set[str]) -> set[str]:
        told = await self.bench.hot.statuses()
        return {told[name]["status"] if name in told else "" for name in names}


@asynccontextmanager
async def desk(stores: Stores, door: str) -> AsyncGenerator[Desk]:
    clock = at("00:01:50")
    doors = () if door == "simulator" else (DoorOptions(door),)
    options = SimulatorOptions(instruments=OPTIONS.instruments, ticks_per_second=400, doors=doors)
    async with running_exchange(options, clock) as simulator:
        more: dict[str, Any] = {"providers": (door,), "chains": (NIFTY,), "chain_window": WINDOW}
        if doors:
            address = simulator.addresses[door]
            ports = "/".join(str(urlsplit(url).port) for url in (address.feed_url, address.rest_url))
            more["simulator_doors"] = f"{door}={ports}"
        settings = settings_for(stores, simulator.feed_url, simulator.rest_url, **more)
        await seeded(settings.durable_url, simulator.rest_url)
        async with engine_on(simulator, stores, clock, pace=Pace(look_s=0.2), **more) as bench:
            yield Desk(bench, door)


@pytest.mark.parametrize("door", ["simulator", "simulator_kite"])
async def test_the_window_follows_the_money_and_what_has_no_room_is_asked_for(
    stores: Stores, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of Dhan as a whole chain, of Kite leg by leg."""
    room = OTHERS + 2 * (2 * WINDOW + 1) + 1
    limits = FeedLimits(connections=1, instruments_per_connection=room, instruments_per_message=100)
    for session in (dhan, kite):
        monkeypatch.setattr(session, "LIMITS", limits)
    monkeypatch.setattr(option_chain, "INTRODUCE_S", 0.5)
    async with desk(stores, door) as looked_at:
        bench = looked_at.bench

        async def looks_on() -> bool:
            await bench.ref("watches").ask(WatchList("web-1", (WATCHED,)), timeout_s=5)
            return await looked_at.is_whole()

        await until(looks_on)
        await until(looked_at.is_good)
        before = looked_at.subscribed() - {WATCHED}
        let_go = set(await looked_at.legs()) - before - {WATCHED}
        await until(lambda: is_told(looked_at, before | {WATCHED}, *BROUGHT))
        await until(lambda: is_told(looked_at, let_go, "fallback"))
        await until(lambda: looked_at.is_shown(let_go))

        bench.plan("level_shift=1.005")  # by 130 points: more than two strikes
        await until(lambda: has_left(looked_at, before))
        await until(looks_on)
        after = looked_at.subscribed() - {WATCHED}
        assert not before & after
        await until(lambda: is_told(looked_at, after | {WATCHED}, *BROUGHT))
        await until(lambda: is_told(looked_at, before, "fallback"))
        assert bench.restarts("feeds") == bench.restarts("provider_manager") == 0


async def is_told(looked_at: Desk, names: set[str], *statuses: str) -> bool:
    return await looked_at.statuses(names) <= set(statuses)


async def has_left(looked_at: Desk, window: set[str]) -> bool:
    """Whether the money is somewhere else."""
    windows = await looked_at.windows()
    return bool(windows) and window not in windows
