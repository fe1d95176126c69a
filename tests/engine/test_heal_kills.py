"""Heals end by kill -9 at each of their points; what the next engine makes of it is what one engine would have made."""

import asyncio
import os
import random
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec
import pytest
import trio
from redis import Redis

from actors.chart_builder import ChartBuilder
from config.calendars import load_calendar
from config.places import simulated_database, simulated_redis
from engine.boot import open_stores
from engine.market import DERIVED_TIMEFRAMES, TIMEFRAMES, Calendar, Calendars, Candle, CandleState, derive
from engine.runtime import HealPoint
from engine.runtime.mortality import VARIABLE
from engine.storage.bridge import open_bridge
from engine.storage.durable import DailyCandle, DurableStore
from engine.storage.errors import StorageUnavailableError
from engine.storage.history import newest
from engine.storage.hot import HotStore
from engine.storage.hot.series import chunks
from engine.storage.packing import unpack
from tests.engine.conftest import Stores
from tests.engine.harness import MIDNIGHT, MINUTE_NS, calendar_of, seeded, settings_for
from tests.engine.test_processes import Place, SharedClock

pytestmark = pytest.mark.slow

LONG = os.environ.get("TICKTREE_TEST_LONG") == "1"
SEED = int(os.environ.get("TICKTREE_TEST_SEED", str(datetime.now(UTC).toordinal())))
"""Other points each day; the test's name says which, and with the seed in it they can be had again."""
DAY_NS = 1_440 * MINUTE_NS
EVENING, MORNING = MIDNIGHT + 16 * 60 * MINUTE_NS, MIDNIGHT + 7 * 60 * MINUTE_NS
"""The exchange is closed: what is told now is told by heals alone, so that two runs can be compared."""
LAST_SESSION = MIDNIGHT - DAY_NS + 555 * MINUTE_NS, MIDNIGHT - DAY_NS + 930 * MINUTE_NS
WATCHED = ("1m", "15m", "1d")
"""The timeframes in which a client looks at the first instrument's year."""
FEW = {"TICKTREE_SIMULATOR_INSTRUMENTS": "3", "TICKTREE_SIMULATOR_TICKS_PER_S": "0.15"}
"""Three trades a minute: some minutes have none."""
QUIET = {"TICKTREE_INITIAL_HISTORY": "off"}
"""Who looks at a chart has its past read, too: that is another test's matter."""
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

View = dict[str, Any]
Key = tuple[str, str, int]


@dataclass(frozen=True)
class Case:
    """What is damaged, when that is found, and where a heal of it may die: at a point for the first or the second time."""

    name: str
    days_ago: Sequence[int]
    now_ns: int
    in_redis: bool
    deaths: Sequence[tuple[HealPoint, int]]
    usual: int
    """How many of the deaths are died without TICKTREE_TEST_LONG=1."""

    @property
    def sessions(self) -> list[tuple[int, int]]:
        days = [MIDNIGHT - days * DAY_NS for days in sorted(self.days_ago, reverse=True)]
        return [(day + 555 * MINUTE_NS, day + 930 * MINUTE_NS) for day in days]

    @property
    def span(self) -> tuple[int, int]:
        return self.sessions[0][0] - 555 * MINUTE_NS, self.now_ns

    def chosen(self) -> Iterator[Sequence[tuple[HealPoint, int]]]:
        count = len(self.deaths) if LONG else self.usual
        return chunks(random.Random(SEED).sample(list(self.deaths), count), AT_A_TIME)


def once(*points: HealPoint) -> list[tuple[HealPoint, int]]:
    return [(point, 1) for point in points]


_EARLIER = (HealPoint.DAY_COMPARED, HealPoint.DAY_TOLD, HealPoint.DAY_HEALED)
_OLD = (HealPoint.BEFORE_OLD_ROWS, HealPoint.AFTER_OLD_ROWS, HealPoint.OLD_ROWS_TOLD)
_WRITTEN = [point for point in HealPoint if HealPoint.BEFORE_CANDLES <= point <= HealPoint.AFTER_ROWS]
CASES = (
    Case(
        "today",
        (0,),
        EVENING,
        in_redis=True,
        deaths=once(*(point for point in HealPoint if point not in {*_EARLIER, *_OLD})),
        usual=2,
    ),
    Case(
        "earlier",
        (2, 3),
        MORNING,
        in_redis=True,
        deaths=[
            *once(*_EARLIER, *_WRITTEN, HealPoint.BEFORE_VERDICTS, HealPoint.AFTER_VERDICTS, HealPoint.GAP_CLOSED),
            (HealPoint.DAY_COMPARED, 2),
            (HealPoint.DAY_TOLD, 2),
            (HealPoint.BEFORE_VERDICTS, 5),
        ],
        usual=1,
    ),
    Case(
        "old",
        (28, 29),
        MORNING,
        in_redis=False,
        deaths=[
            *once(*_OLD, HealPoint.DAY_COMPARED, HealPoint.DAY_HEALED, HealPoint.BEFORE_EVENTS, HealPoint.AFTER_EVENTS),
            (HealPoint.DAY_COMPARED, 2),
            (HealPoint.AFTER_OLD_ROWS, 2),
            (HealPoint.BEFORE_VERDICTS, 5),
        ],
        usual=1,
    ),
)


def named(deaths: Sequence[tuple[HealPoint, int]]) -> str:
    return "+".join(f"{point.name}x{times}" for point, times in deaths)


CHOSEN = [
    pytest.param(case, deaths, id=f"{case.name}-{named(deaths)}-seed{SEED}")
    for case in CASES
    for deaths in case.chosen()
]


@dataclass
class Client:
    """Follows the events as a browser does: it resumes where it was, and begins anew where the epoch is another."""

    scene: "Scene"
    view: dict[Key, tuple[int, float, float, float, float, int]] = field(
        default_factory=dict[Key, tuple[int, float, float, float, float, int]]
    )
    told: list[tuple[Key, int]] = field(default_factory=list[tuple[Key, int]])
    epochs: list[str] = field(default_factory=list[str])
    _position: str = "0-0"

    async def follow(self) -> None:
        while True:
            await self.catch_up()
            await trio.sleep(0.05)

    async def watch(self) -> None:
        """Looks at year charts, as a browser does that says so every few seconds."""
        url = simulated_redis(self.scene.place.stores.redis_url)
        while True:
            await trio.to_thread.run_sync(lambda: asyncio.run(wish_for_charts(url, self.scene.watched)))
            await trio.sleep(0.5)

    async def catch_up(self) -> None:
        hot = self.scene.hot
        window = await hot.events_window()
        if not self.epochs or not window.covers(self.epochs[-1], self._position):
            self.epochs.append(window.epoch)
            self._position = window.last_id
            await self._read_all()
        for position, payload in await hot.read_events(self._position, 10_000):
            self._position = position
            event = unpack(payload)
            if event["kind"] == "candle":
                self._take(event["symbol"], event["timeframe"], event["candle"])

    async def _read_all(self) -> None:
        """As bars are answered: of both stores the newer."""
        names, span = list(self.scene.truth), self.scene.case.span
        for timeframe in TIMEFRAMES:
            saved = await self.scene.durable.candles_many(names, timeframe, *span)
            hot = await self.scene.hot.candles_many(names, timeframe, *span)
            for candle in (one for name in names for one in newest([*saved.get(name, ()), *hot.get(name, ())])):
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

    case: Case
    place: Place
    hot: HotStore
    durable: DurableStore
    truth: Mapping[str, Sequence[Candle]]
    sound: Mapping[str, Sequence[Candle]]
    """The last day, where it is none of the damaged: the engine doubts it at its start all the same."""
    calendar: Calendar

    @property
    def watched(self) -> str:
        return min(self.truth)

    async def prepare(self) -> None:
        """Of each day some minutes are right, some wrong and flagged, some wrong after a heal; the others are missing."""
        stores = self.place.stores
        with Redis.from_url(simulated_redis(stores.redis_url)) as client:  # pyright: ignore[reportUnknownMemberType]
            client.flushdb()  # pyright: ignore[reportUnknownMemberType]
        await sql(stores, f"TRUNCATE {TABLES}")
        for minutes in self.truth.values():
            found = [damaged(number, minute) for number, minute in enumerate(minutes) if number % 10 < 8]
            await self._store(found, in_redis=self.case.in_redis)
        for minutes in self.sound.values():
            await self._store(minutes, in_redis=True)
        if self.sound:  # of the last day the engine knows by itself
            await self.hot.set_healing(dict.fromkeys(self.truth, self.case.sessions))
        charts = ChartBuilder(self.hot, self.durable, Calendars(load_calendar, {}))
        for timeframe in WATCHED:
            await charts.build(self.watched, timeframe, self.case.now_ns)

    async def _store(self, minutes: Sequence[Candle], *, in_redis: bool) -> None:
        longer = [bar for timeframe in DERIVED_TIMEFRAMES for bar in derive(minutes, timeframe, self.calendar)]
        closed = [*minutes, *longer]
        if in_redis:
            await self.hot.write_candles(closed)
        days = [DailyCandle(self.calendar.session_date(bar.time), bar) for bar in closed if bar.timeframe == "1d"]
        await self.durable.save([bar for bar in closed if bar.timeframe != "1d"], days)

    async def views(self) -> View:
        names, span = list(self.truth), self.case.span
        hot = {tf: await self.hot.candles_many(names, tf, *span) for tf in TIMEFRAMES}
        saved = {tf: await self.durable.candles_many(names, tf, *span) for tf in TIMEFRAMES}
        stores = self.place.stores
        return {
            "redis": timeless(hot),
            "postgresql": timeless(saved),
            "rows": await sql(stores, ROWS),
            "revisions": await sql(stores, REVISIONS),
            "verdicts": await self.durable.verdicts(names, *span),
            "open": await self.hot.healing(),
            "charts": timeless({tf: {self.watched: await self._chart(tf)} for tf in WATCHED}),
        }

    async def _chart(self, timeframe: str) -> list[Candle]:
        first, last = (self.calendar.local_date(moment) for moment in self.case.span)
        days = [day.date for day in self.calendar.trading_days(first, last)]
        return await self.hot.chart_days(self.watched, timeframe, days)

    def agree(self, views: View) -> bool:
        """Whether nothing is in doubt any more, and all views show the same."""
        saved = views["postgresql"]
        charts = all(chart == saved[key] for key, chart in views["charts"].items())
        hot = all(saved[key][-len(found) :] == found for key, found in views["redis"].items())
        hot = hot and (views["redis"] == saved or not self.case.in_redis)
        return charts and hot and bool(views["verdicts"]) and not views["open"]


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


async def wish_for_charts(redis_url: str, instrument: str) -> None:
    """On asyncio, as web processes do it."""
    hot = await HotStore.connect(redis_url)
    try:
        for timeframe in WATCHED:
            with suppress(StorageUnavailableError):  # there is no engine now
                await hot.send_command(
                    "engine", {"command": "chart", "symbol": instrument, "timeframe": timeframe}, 0.5
                )
    finally:
        await hot.close()


async def sql(stores: Stores, statement: str) -> list[tuple[Any, ...]]:
    async def fetch() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(simulated_database(stores.database_url))
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    return await trio.to_thread.run_sync(lambda: asyncio.run(fetch()))


@asynccontextmanager
async def scene_of(stores: Stores, case: Case) -> AsyncGenerator[Scene]:
    place = Place(stores, SharedClock(time.time_ns(), case.now_ns, 1.0))
    try:
        await place.open_exchange(**FEW).ready()
        settings = settings_for(stores, place.feed_url, place.rest_url)
        await seeded(settings.durable_url, place.rest_url, around_the_clock=False)
        days = [await place.told(*session) for session in case.sessions]
        truth = {name: [minute for day in days for minute in day[name]] for name in days[0]}
        sound = await place.told(*LAST_SESSION) if case.now_ns == MORNING else {}
        calendar = calendar_of(next(iter(truth)), around_the_clock=False)
        async with open_bridge(), open_stores(settings) as (hot, durable):
            yield Scene(case, place, hot, durable, truth, sound, calendar)
    finally:
        place.close()


@asynccontextmanager
async def watched(scene: Scene) -> AsyncGenerator[Client]:
    """A client that looks on from before the first engine until all is over."""
    client = Client(scene)
    async with trio.open_nursery() as nursery:
        await client.catch_up()
        nursery.start_soon(client.follow)
        nursery.start_soon(client.watch)
        yield client
        nursery.cancel_scope.cancel()
    await client.catch_up()


async def healed(scene: Scene) -> View:
    """The views of one engine that is left alone, when nothing about them changes any more."""
    engine = scene.place.engine(**QUIET)
    await engine.ready()
    before: View = {}
    with trio.fail_after(40):
        while True:
            await trio.sleep(1.0)
            views = await scene.views()
            if views == before and scene.agree(views):
                engine.popen.kill()
                return views
            before = views


def agrees(client: Client, views: View) -> None:
    shown = {
        (candle["instrument"], candle["timeframe"], candle["time"]): tuple(
            candle[name] for name in ("revision", "open", "high", "low", "close", "volume")
        )
        for candles in views["postgresql"].values()
        for candle in candles
    }
    assert client.view == shown
    assert len(set(client.told)) == len(client.told), "a client was told a revision twice"


@pytest.mark.parametrize(("case", "deaths"), CHOSEN)
async def test_a_heal_that_is_killed_at_any_of_its_points_ends_as_one_that_was_left_alone(
    stores: Stores, case: Case, deaths: Sequence[tuple[HealPoint, int]]
) -> None:
    async with scene_of(stores, case) as scene:
        await scene.prepare()
        prepared = await scene.views()
        assert all(prepared["charts"].values()), "a chart of an engine before was to stand"
        async with watched(scene) as client:
            expected = await healed(scene)
        agrees(client, expected)
        assert all(chart != expected["charts"][key] for key, chart in prepared["charts"].items())
        assert expected["verdicts"], "the market was to have minutes without trades"
        assert {row[3] for row in expected["revisions"]} == {0, 2}
        for point, times in deaths:
            await scene.prepare()
            async with watched(scene) as client:
                engine = scene.place.engine(**QUIET, **{VARIABLE: f"heal:{point.value}x{times}"})
                assert await engine.ended(within_s=30) == -9, point.name
                views = await healed(scene)
            for name, view in views.items():
                assert view == expected[name], f"{name} after {point.name}"
            agrees(client, views)
