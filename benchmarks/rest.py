"""One web process answering over HTTP, asked by eight connections of another: pages of 500 bars, 50,000 bars, 100 prices.

The bars are minutes of ten days at an exchange that never closes, saved in PostgreSQL; a page is one symbol's at a random
time of those that Redis keeps no more, and ``newest500`` one that ends now, for which both stores are read. The prices
are in Redis. ``…_per_cpu_s`` is by the processor time of the web process: on a machine that does other things it says
more. No engine runs, and nothing is cached: every answer is read anew.
"""

import json
import time
from datetime import UTC, datetime
from random import Random
from urllib.parse import urlencode

import anyio
import asyncpg
import httpx

from benchmarks.frames import FIRST_ID, SEGMENT
from benchmarks.processes import OUR_INDEX, TOKEN, Process, our, started
from benchmarks.stores import Stores, free_port, own_stores, symbol
from engine.market import Candle, CandleState
from engine.storage.hot import HotStore, InstrumentReport

INSTRUMENTS = 100
FIRST_DAY, LAST_DAY = 20, 10
"""The days that are asked for lie between twenty days ago and ten days ago; one more is saved at either end."""
YOUNG_DAYS = 3
"""Days that both stores hold, up to now."""
CONNECTIONS = 8
PATHS = 400
PAGE = 500
STREAMED = 50_000
STREAM_SYMBOLS = 5
KEYS = 100
MINUTE_S = 60

_BARS = """
INSERT INTO price_history_intraday (instrument_id, timeframe, ts, open, high, low, close, volume, oi, source, rev, state,
    resolve_required)
SELECT id, '1m', ts, price, price + 1.35, price - 0.95, price + 0.4, 1000 + extract(minute FROM ts)::int, NULL, 'dhan', 0,
    'final', false
FROM generate_series(to_timestamp($1), to_timestamp($2) - interval '1 minute', interval '1 minute') AS ts, instruments,
    LATERAL (SELECT 1500.05 + 0.05 * (extract(epoch FROM ts)::bigint / 60 % 1000) AS price) AS told
"""


def run(seconds: float) -> dict[str, float]:
    """``bars500_per_s``, ``rows_per_s``, ``prices100_per_s``, the p99 of each, and the same per second of the processor."""
    web_port = free_port()
    with own_stores(INSTRUMENTS) as stores:
        now_s = int(time.time()) // MINUTE_S * MINUTE_S
        anyio.run(_seed, stores, now_s)
        with (
            our("web", stores, free_port(), web_port) as web,
            started(["-m", "benchmarks.requests", str(web_port), TOKEN, str(CONNECTIONS)]) as client,
        ):
            client.wait_until_ready()
            _check(web_port, now_s)
            part = max(0.5, seconds / 4)
            return {
                **_figures("bars500", web, client, _pages(now_s), part),
                **_figures("newest500", web, client, _newest(now_s), part),
                **_streamed(web, client, now_s, part),
                **_prices(stores, web, client, part),
            }


def _figures(name: str, web: Process, client: Process, paths: list[str], seconds: float) -> dict[str, float]:
    client.ask(json.dumps({"paths": paths, "seconds": 0.3}))
    before_s = web.cpu_s
    told = client.ask(json.dumps({"paths": paths, "seconds": seconds}))
    return {
        f"{name}_per_s": told["per_s"],
        f"{name}_p50_ms": told["p50_ms"],
        f"{name}_p99_ms": told["p99_ms"],
        f"{name}_per_cpu_s": told["requests"] / (web.cpu_s - before_s),
    }


def _streamed(web: Process, client: Process, now_s: int, seconds: float) -> dict[str, float]:
    figures = _figures("stream", web, client, [_stream(now_s)], seconds)
    return {
        "rows_per_s": figures["stream_per_s"] * STREAMED,
        "rows_p99_ms": figures["stream_p99_ms"],
        "rows_per_cpu_s": figures["stream_per_cpu_s"] * STREAMED,
    }


def _prices(stores: Stores, web: Process, client: Process, seconds: float) -> dict[str, float]:
    anyio.run(_write_prices, stores)  # they are gone after 30 s
    keys = ",".join(f"NSE:{symbol(number)}" for number in range(KEYS))
    return _figures("prices100", web, client, [f"/api/v1/current_prices?keys={keys}"], seconds)


def _pages(now_s: int) -> list[str]:
    chance = Random(7)
    starts = range(now_s - FIRST_DAY * 86_400, now_s - LAST_DAY * 86_400, MINUTE_S)
    return [_page(chance.randrange(INSTRUMENTS), chance.choice(starts)) for _ in range(PATHS)]


def _newest(now_s: int) -> list[str]:
    chance = Random(8)
    return [_page(chance.randrange(INSTRUMENTS), now_s - PAGE * MINUTE_S, sort="desc") for _ in range(PATHS)]


def _page(number: int, start_s: int, **more: str) -> str:
    return _path(f"NSE:{symbol(number)}", start_s, start_s + (PAGE - 1) * MINUTE_S, limit=str(PAGE), **more)


def _stream(now_s: int) -> str:
    names = ",".join(f"NSE:{symbol(number)}" for number in range(STREAM_SYMBOLS))
    start_s = now_s - FIRST_DAY * 86_400
    return _path(names, start_s, start_s + (STREAMED // STREAM_SYMBOLS - 1) * MINUTE_S, limit=str(STREAMED))


def _path(symbols: str, start_s: int, end_s: int, **more: str) -> str:
    span = {
        "start": f"{datetime.fromtimestamp(start_s, UTC):%FT%TZ}",
        "end": f"{datetime.fromtimestamp(end_s, UTC):%FT%TZ}",
    }
    return "/api/v1/bars?" + urlencode({"symbols": symbols, "timeframe": "1m", **span, **more})


def _check(port: int, now_s: int) -> None:
    """Answers that are fast and lack something are of no use."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {TOKEN}"}) as http:
        for path, count in ((_pages(now_s)[0], PAGE), (_newest(now_s)[0], PAGE), (_stream(now_s), STREAMED)):
            body = http.get(path, timeout=60).json()
            assert sum(map(len, body["bars"].values())) == count, body | {"bars": ()}
            assert (body["complete"], body["next_page_token"]) == (True, None), body | {"bars": ()}


async def _seed(stores: Stores, now_s: int) -> None:
    connection = await asyncpg.connect(stores.database_url)
    try:
        await connection.execute("ALTER TABLE price_history_intraday SET UNLOGGED")
        for first, last in ((FIRST_DAY + 1, LAST_DAY - 1), (YOUNG_DAYS, 0)):
            await connection.execute(_BARS, now_s - first * 86_400, now_s - last * 86_400, timeout=600)
        await connection.execute("VACUUM (ANALYZE) price_history_intraday")
    finally:
        await connection.close()
    hot = await HotStore.connect(f"{stores.redis_url}/{OUR_INDEX}")
    young = range(now_s - 86_400, now_s, MINUTE_S)
    for number in range(INSTRUMENTS):
        name = f"NSE:{symbol(number)}"
        await hot.write_candles([_candle(name, at_s) for at_s in young])
    await hot.close()


def _candle(name: str, at_s: int) -> Candle:
    price = 1500.05 + 0.05 * (at_s // 60 % 1000)
    prices = price, price + 1.35, price - 0.95, price + 0.4
    return Candle(name, "1m", at_s * 10**9, *prices, 1000, state=CandleState.FINAL, source="dhan")


async def _write_prices(stores: Stores) -> None:
    hot = await HotStore.connect(f"{stores.redis_url}/{OUR_INDEX}")
    now_ns = time.time_ns()
    reports = [_report(number, now_ns) for number in range(KEYS)]
    await hot.write_live(reports)
    await hot.close()


def _report(number: int, now_ns: int) -> InstrumentReport:
    quote = {"ltp": 1500.5, "ts_event": now_ns, "volume": 10, "open": 1.0, "high": 2.0, "low": 0.5}
    return InstrumentReport(f"NSE:{symbol(number)}", f"{SEGMENT}:{FIRST_ID + number}", 1500.5, quote, {}, ())
