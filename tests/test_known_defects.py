"""What was wrong with the systems that ticktree replaces, each as a test of the whole: exchange, engine, stores and web."""

import json
import os
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

import pytest
import trio
from redis import Redis
from websockets.sync.client import connect

from config.places import simulated_redis
from engine.market import TIMEFRAMES, Candle, derive
from engine.providers.simulator.history import minutes
from engine.providers.simulator.options import SimulatorOptions
from engine.runtime import SystemClock
from tests.engine import conftest as whole_engines
from tests.engine.conftest import Stores, emptied
from tests.engine.harness import MINUTE_NS, Bench, until, whole_engine
from tests.engine.test_processes import Process, free_port

ADMIN = "canary-of-the-admin-token"
SECRET = "canary-of-the-secret-key-canary-of-it"
DHAN = "canary-of-the-access-token"
DAYS = 4
"""Of the past: the whole year's is the same four days over and over, and takes the simulated exchange minutes."""
DAY_NS = 1_440 * MINUTE_NS
OPTIONS = SimulatorOptions(instruments=3, ticks_per_second=30)


simulated_database_url = whole_engines.simulated_database_url


@pytest.fixture
def places(valkey: str, simulated_database_url: str) -> Stores:
    return Stores(emptied(valkey), simulated_database_url)


@dataclass(frozen=True)
class Site:
    """The engine's bench, and the web process beside it as a browser sees it."""

    bench: Bench
    port: int

    @property
    def symbols(self) -> Sequence[str]:
        return self.bench.exam.instruments

    async def get(self, path: str, *, token: str = ADMIN) -> tuple[int, str, str]:
        """Status, head and body."""
        return await trio.to_thread.run_sync(self._get, path, token)

    async def chart(self, symbol: str, timeframe: str) -> dict[str, Any]:
        status, _, body = await self.get(f"/api/v1/chart/{symbol}?timeframe={timeframe}")
        assert status == 200, body
        return json.loads(body)

    def _get(self, path: str, token: str) -> tuple[int, str, str]:
        request = Request(f"http://127.0.0.1:{self.port}{path}")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with build_opener(ProxyHandler({})).open(request, timeout=30) as answer:
                return answer.status, str(answer.headers), answer.read().decode()
        except HTTPError as error:
            return error.code, str(error.headers), error.read().decode()


@asynccontextmanager
async def whole_site(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Site]:
    monkeypatch.setattr("engine.market.window.DAYS", DAYS)
    async with whole_engine(stores, SystemClock(), options=OPTIONS) as bench:
        port = free_port()
        web = Process(["run", "--role", "web"], environment(stores, bench, port))
        try:
            await web.ready()
            site = Site(bench, port)
            await until(lambda: _lists_instruments(site))
            yield site
        finally:
            web.end()


async def _lists_instruments(site: Site) -> bool:
    return (await site.get(f"/marketdata/intraday?symbol={site.symbols[0]}"))[0] == 200


def environment(stores: Stores, bench: Bench, port: int) -> Mapping[str, str]:
    return {
        **os.environ,
        "REDIS_URL": stores.redis_url,
        "DATABASE_URL": stores.database_url,
        "TICKTREE_PROVIDERS": "simulator",
        "TICKTREE_SIMULATOR_FEED_URL": bench.simulator.feed_url,
        "TICKTREE_SIMULATOR_REST_URL": bench.simulator.rest_url,
        "TICKTREE_ADMIN_TOKEN": ADMIN,
        "TICKTREE_SECRET_KEY": SECRET,
        "DHAN_ACCESS_TOKEN": DHAN,
        "PORT": str(port),
    }


async def told(bench: Bench, symbol: str, start_ns: int, end_ns: int) -> list[Candle]:
    """What the exchange itself says it traded."""
    exchange = bench.simulator.exchange
    return await minutes(
        exchange.market, bench.exam.instruments.index(symbol), start_ns, end_ns, now_ns=exchange.now_ns
    )


@pytest.mark.slow
async def test_every_symbol_has_a_chart_in_every_timeframe_and_all_are_made_of_its_minutes(
    places: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One symbol in one timeframe was cached, others stayed empty, and nothing was aggregated above a minute."""
    async with whole_site(places, monkeypatch) as site:
        calendar = site.bench.exam.calendar
        for symbol in site.symbols:
            await site.chart(symbol, "1m")
        await until(lambda: _have_read_their_past(site), within_s=120)
        today = calendar.session_at(site.bench.clock.now_ns())
        assert today is not None
        for symbol in site.symbols:
            first = await told(site.bench, symbol, today.start_ns - 2 * DAY_NS, today.start_ns)
            for timeframe in TIMEFRAMES:
                await until(partial(_reaches_back, site, symbol, timeframe, first[0].time))
                chart = await site.chart(symbol, timeframe)
                expected = first if timeframe == "1m" else derive(first, timeframe, calendar)
                shown = {row["t"] * 1_000_000: row for row in chart["candles"]}
                for candle in expected:
                    row = shown[candle.time]
                    prices = (candle.open, candle.high, candle.low, candle.close, candle.volume)
                    assert (row["o"], row["h"], row["l"], row["c"], row["v"]) == prices, (symbol, timeframe)
                times = [row["t"] for row in chart["candles"]]
                assert times == sorted(set(times))


async def _have_read_their_past(site: Site) -> bool:
    jobs = [job for job in await site.bench.durable.jobs() if job.kind == "history"]
    asked = {name for job in jobs if job.status == "done" for name in job.arguments["instruments"]}
    return set(site.symbols) <= asked


async def _reaches_back(site: Site, symbol: str, timeframe: str, to_ns: int) -> bool:
    rows = (await site.chart(symbol, timeframe))["candles"]
    return bool(rows) and rows[0]["t"] * 1_000_000 <= to_ns


async def test_a_watched_symbol_forms_in_every_timeframe_under_the_key_the_contract_names(
    places: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers looked under another key than the one that was written, and found nothing for ever."""
    async with whole_site(places, monkeypatch) as site:
        channels = [f"candle.{symbol}.{timeframe}" for symbol in site.symbols for timeframe in TIMEFRAMES]
        following = trio.to_thread.run_sync(_pushes_of, site.port, channels, abandon_on_cancel=True)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_forming_keys_appear, site, places)
            pushed = await following

        assert set(channels) == pushed


async def _forming_keys_appear(site: Site, stores: Stores) -> None:
    names = {
        f"live:{symbol}:{timeframe}:current": (symbol, timeframe) for symbol in site.symbols for timeframe in TIMEFRAMES
    }
    redis: Any = Redis.from_url(simulated_redis(stores.redis_url))  # pyright: ignore[reportUnknownMemberType]
    await until(lambda: redis.exists(*names) == len(names), within_s=40)
    for name, (symbol, timeframe) in names.items():
        bucket = site.bench.exam.calendar.bucket(timeframe, site.bench.clock.now_ns() - 1_000_000_000)
        forming = json.loads(redis.get(name))
        assert bucket is not None
        assert forming["time"] * 1_000_000_000 in {bucket.start_ns, bucket.end_ns}, (symbol, timeframe)
        assert redis.ttl(name) > (bucket.end_ns - site.bench.clock.now_ns()) // 1_000_000_000
    redis.close()


def _pushes_of(port: int, channels: Sequence[str]) -> set[str]:
    """The channels that have pushed a candle, when all have or patience ends."""
    seen: set[str] = set()
    with connect(
        f"ws://127.0.0.1:{port}/ws", additional_headers={"Authorization": f"Bearer {ADMIN}"}, proxy=None
    ) as ws:
        ws.send(json.dumps({"id": 1, "action": "subscribe", "channels": channels}))
        while seen != set(channels):
            told = json.loads(ws.recv(timeout=40))
            pushes = cast("list[dict[str, Any]]", told if isinstance(told, list) else [told])
            seen |= {push["channel"] for push in pushes if push.get("data", {}).get("timeframe")}
    return seen


PATHS = (
    "/",
    "/health",
    "/health/ready",
    "/metrics",
    "/admin/tree",
    "/admin/tree/engine",
    "/admin/feeds",
    "/admin/clients",
    "/admin/dead_letters",
    "/admin/audit",
    "/api/v1/health/market_stream",
    "/api/v1/current_prices?keys=NSE_EQ:1333",
    "/marketdata/intraday?symbol=nobody",
    "/marketdata/daily",
    "/api/v1/chart/nobody",
    "/nowhere",
    "/admin/tree/%00",
)


async def test_no_page_and_no_answer_tells_a_stores_address_or_a_token(
    places: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store's token and address stood in a page, for every visitor to take."""
    async with whole_site(places, monkeypatch) as site:
        symbol = site.symbols[0]
        said = [
            "".join(map(str, await site.get(path, token=token)))
            for path in (*PATHS, f"/api/v1/chart/{symbol}?timeframe=1m", f"/marketdata/daily?symbol={symbol}")
            for token in (ADMIN, "", "wrong")
        ]

    parts = [urlsplit(url) for url in (places.redis_url, places.database_url)]
    secrets = {ADMIN, SECRET, DHAN, *(part.netloc for part in parts)}
    secrets |= {part.password for part in parts if part.password} | {"redis://", "postgresql://", "postgres://"}
    # A bare port may stand in a request's id or be a volume: it counts where an address is told.
    hosts = "|".join(re.escape(part.hostname or "") for part in parts)
    address = re.compile(rf"(host|port|{hosts})\W+({'|'.join(str(part.port) for part in parts)})\b")
    for text in said:
        found = {secret for secret in secrets if secret in text}
        assert not found, text
        assert address.search(text) is None, text


def test_nothing_that_is_sent_to_browsers_names_a_store() -> None:
    """What a page does not hold nobody can forget to take out of it."""
    root = Path(__file__).parents[1] / "web"
    ours = (path for path in root.rglob("*") if "node_modules" not in path.parts)
    pages = [path for path in ours if path.suffix in {".html", ".js", ".css", ".json", ".svg", ".ts", ".tsx"}]
    secret = re.compile(r"(redis|rediss|postgres|postgresql)://|access_token\s*=|REDIS_URL|DATABASE_URL", re.IGNORECASE)

    assert [path for path in pages if secret.search(path.read_text())] == []
