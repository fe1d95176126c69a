"""Heals end by kill -9 at each of their points; what the next engine makes of it is what one engine would have made."""

import asyncio
import os
import random
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import msgspec
import pytest
import trio
from redis import Redis

from config.places import simulated_database, simulated_redis
from engine.boot import open_stores
from engine.market import DERIVED_TIMEFRAMES, TIMEFRAMES, Calendar, Candle, CandleState, derive
from engine.runtime import HealPoint
from engine.runtime.mortality import VARIABLE
from engine.storage.bridge import open_bridge
from engine.storage.durable import DailyCandle, DurableStore
from engine.storage.hot import HotStore
from engine.storage.hot.series import chunks
from engine.storage.packing import unpack
from tests.engine.conftest import Stores
from tests.engine.harness import MIDNIGHT, MINUTE_NS, calendar_of, seeded, settings_for
from tests.engine.test_processes import Place, SharedClock

pytestmark = pytest.mark.slow

LONG = os.environ.get("TICKTREE_TEST_LONG") == "1"
SEED = int(os.environ.get("TICKTREE_TEST_SEED", "11"))
OPEN, CLOSE = MIDNIGHT + 555 * MINUTE_NS, MIDNIGHT + 930 * MINUTE_NS
EVENING = MIDNIGHT + 16 * 60 * MINUTE_NS
"""The exchange has closed: what is told now is told by heals alone, so that two runs can be compared."""
FEW = {"TICKTREE_SIMULATOR_INSTRUMENTS": "3", "TICKTREE_SIMULATOR_TICKS_PER_S": "0.15"}
"""Three trades a minute: some minutes have none."""
TABLES = "price_history_intraday, price_history_daily, candle_revisions, checkpoints, completeness"
REVISIONS = """
SELECT instrument_id, timeframe, ts, rev, open, high, low, close, volume, source, state, resolve_required
FROM candle_revisions ORDER BY instrument_id, timeframe, ts, rev
"""
ROWS = """
SELECT instrument_id, timeframe, ts, rev, open, high, low, close, volume, source, state, resolve_required
FROM price_history_intraday ORDER BY instrument_id, timeframe, ts
"""
AT_A_TIME = 4
POINTS = random.Random(SEED).sample(list(HealPoint), len(HealPoint) if LONG else AT_A_TIME)
"""All of them with TICKTREE_TEST_LONG=1."""

View = dict[str, Any]
Key = tuple[str, str, int]


@dataclass
class Client:
    """Follows the events as a browser does: it resumes where it was, and begins anew where the epoch is another."""

    hot: HotStore
    instruments: Sequence[str]
    view: dict[Key, tuple[int, float, float, float, float, int]] = field(default_factory=dict)
    told: list[tuple[Key, int]] = field(default_factory=list)
    epochs: list[str] = field(default_factory=list)
    _position: str = "0-0"

    async def follow(self) -> None:
        while True:
            await self.catch_up()
            await trio.sleep(0.05)

    async def catch_up(self) -> None:
        window = await self.hot.events_window()
        if not self.epochs or not window.covers(self.epochs[-1], self._position):
            self.epochs.append(window.epoch)
            self._position = window.last_id
            await self._read_all()
        for position, payload in await self.hot.read_events(self._position, 10_000):
            self._position = position
            event = unpack(payload)
            if event["kind"] == "candle":
                self._take(event["symbol"], event["timeframe"], event["candle"])

    async def _read_all(self) -> None:
        for timeframe in TIMEFRAMES:
            found = await self.hot.candles_many(self.instruments, timeframe, MIDNIGHT, EVENING)
            for candle in (candle for series in found.values() for candle in series):
                values = candle.open, candle.high, candle.low, candle.close, candle.volume
                self.view[candle.instrument, timeframe, candle.time] = (candle.revision, *values)

    def _take(self, symbol: str, timeframe: str, candle: Mapping[str, Any]) -> None:
        key = symbol, timeframe, candle["time"] * 1_000_000
        self.told.append((key, candle["rev"]))
        values = candle["open"], candle["high"], candle["low"], candle["close"], candle["volume"]
        self.view[key] = (candle["rev"], *values)


@dataclass(frozen=True)
class Scene:
    """One exchange, and stores that can be put back to how the first engine finds them."""

    place: Place
    hot: HotStore
    durable: DurableStore
    truth: Mapping[str, Sequence[Candle]]
    calendar: Calendar

    async def prepare(self) -> None:
        """Of the day some minutes are right, some wrong and flagged, some wrong after a heal; the others are missing."""
        stores = self.place.stores
        with Redis.from_url(simulated_redis(stores.redis_url)) as client:
            client.flushdb()
        await sql(stores, f"TRUNCATE {TABLES}")
        for minutes in self.truth.values():
            found = [damaged(number, minute) for number, minute in enumerate(minutes) if number % 10 < 8]
            longer = [bar for timeframe in DERIVED_TIMEFRAMES for bar in derive(found, timeframe, self.calendar)]
            closed = [*found, *longer]
            await self.hot.write_candles(closed)
            days = [DailyCandle(self.calendar.session_date(bar.time), bar) for bar in closed if bar.timeframe == "1d"]
            await self.durable.save([bar for bar in closed if bar.timeframe != "1d"], days)

    async def views(self) -> View:
        names, end_ns = list(self.truth), EVENING
        hot = {tf: await self.hot.candles_many(names, tf, MIDNIGHT, end_ns) for tf in TIMEFRAMES}
        saved = {tf: await self.durable.candles_many(names, tf, MIDNIGHT, end_ns) for tf in TIMEFRAMES}
        stores = self.place.stores
        return {
            "redis": timeless(hot),
            "postgresql": timeless(saved),
            "rows": await sql(stores, ROWS),
            "revisions": await sql(stores, REVISIONS),
            "verdicts": await self.durable.verdicts(names, MIDNIGHT, end_ns),
            "open": await self.hot.healing(),
        }


def damaged(number: int, minute: Candle) -> Candle:
    wrong = {"close": minute.low, "volume": minute.volume + 7}
    if number % 10 == 3:
        return msgspec.structs.replace(minute, **wrong, resolve_required=True)
    if number % 10 == 6:
        return msgspec.structs.replace(minute, **wrong, state=CandleState.REVISED, revision=2)
    return minute


def timeless(held: Mapping[str, Mapping[str, Sequence[Candle]]]) -> dict[tuple[str, str], list[Any]]:
    """Two runs agree on all but when they told it."""
    return {
        (timeframe, name): [{**msgspec.to_builtins(candle), "published_ns": 0} for candle in candles]
        for timeframe, found in held.items()
        for name, candles in found.items()
    }


async def sql(stores: Stores, statement: str) -> list[tuple[Any, ...]]:
    async def fetch() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(simulated_database(stores.database_url))
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    return await trio.to_thread.run_sync(lambda: asyncio.run(fetch()))


@asynccontextmanager
async def scene_of(stores: Stores) -> AsyncGenerator[Scene]:
    place = Place(stores, SharedClock(time.time_ns(), EVENING, 1.0))
    try:
        await place.open_exchange(**FEW).ready()
        settings = settings_for(stores, place.feed_url, place.rest_url)
        await seeded(settings.durable_url, place.rest_url, around_the_clock=False)
        truth = await place.told(OPEN, CLOSE)
        calendar = calendar_of(next(iter(truth)), around_the_clock=False)
        async with open_bridge(), open_stores(settings) as (hot, durable):
            yield Scene(place, hot, durable, truth, calendar)
    finally:
        place.close()


@asynccontextmanager
async def watched(scene: Scene) -> AsyncGenerator[Client]:
    """A client that looks on from before the first engine until all is over."""
    client = Client(scene.hot, list(scene.truth))
    async with trio.open_nursery() as nursery:
        await client.catch_up()
        nursery.start_soon(client.follow)
        yield client
        nursery.cancel_scope.cancel()
    await client.catch_up()


async def healed(scene: Scene) -> View:
    """The views of one engine that is left alone, when nothing about them changes any more."""
    engine = scene.place.engine()
    await engine.ready()
    before: View = {}
    with trio.fail_after(40):
        while True:
            await trio.sleep(1.0)
            views = await scene.views()
            if views == before and not views["open"] and views["verdicts"] and views["redis"] == views["postgresql"]:
                engine.popen.kill()
                return views
            before = views


def agrees(client: Client, views: View) -> None:
    shown = {
        (candle["instrument"], candle["timeframe"], candle["time"]): tuple(
            candle[name] for name in ("revision", "open", "high", "low", "close", "volume")
        )
        for candles in views["redis"].values()
        for candle in candles
    }
    assert client.view == shown
    assert len(set(client.told)) == len(client.told), "a client was told a revision twice"


@pytest.mark.parametrize("points", list(chunks(POINTS, AT_A_TIME)))
async def test_a_heal_that_is_killed_at_any_of_its_points_ends_as_one_that_was_left_alone(
    stores: Stores, points: Sequence[HealPoint]
) -> None:
    async with scene_of(stores) as scene:
        await scene.prepare()
        async with watched(scene) as client:
            expected = await healed(scene)
        agrees(client, expected)
        assert expected["verdicts"], "the market was to have minutes without trades"
        assert {row[3] for row in expected["revisions"]} == {0, 2}
        for point in points:
            await scene.prepare()
            async with watched(scene) as client:
                engine = scene.place.engine(**{VARIABLE: f"heal:{point.value}"})
                assert await engine.ended(within_s=30) == -9, point.name
                views = await healed(scene)
            for name, view in views.items():
                assert view == expected[name], f"{name} after {point.name}"
            agrees(client, views)
