"""Asking for year charts: the engine builds them, and of all clients that ask for one only the first makes it work."""

import asyncio

from engine.storage.errors import StorageUnavailableError
from engine.storage.hot import HotStore

ENGINE = "engine"
BUILD_S = 15.0
"""A year of minutes is read within seconds; a client that has waited longer is better told what there is."""
LOOK_S = 0.2
FRESH_S = 10.0
"""The engine hears so often that somebody still looks at a chart; it keeps it fresh for many times as long."""
MOST_KEPT = 1_000
AWAY = "no engine runs: the chart is as old as it says"
LATE = "the engine is still building the chart"

Key = tuple[str, str]


class ChartWishes:
    """Wishes for charts, by instrument and timeframe; those that come while one is under way join it."""

    def __init__(self, hot: HotStore) -> None:
        self._hot = hot
        self._asking: dict[Key, asyncio.Task[str]] = {}
        self._fresh_until_s: dict[Key, float] = {}

    async def ready(self, instrument: str, timeframe: str) -> str:
        """Returns when the engine keeps the chart: empty, or why it does not, after 15 s at most."""
        key = instrument, timeframe
        if self._fresh_until_s.get(key, 0.0) > _now_s():
            return ""
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = asyncio.create_task(self._ask(key))
            asking.add_done_callback(lambda _: self._asking.pop(key))
        return await asyncio.shield(asking)  # a client that leaves takes nobody's chart with it

    async def _ask(self, key: Key) -> str:
        try:
            async with asyncio.timeout(BUILD_S):
                why = await self._built(key)
        except StorageUnavailableError as error:
            return str(error)
        except TimeoutError:
            return LATE
        if not why:
            self._keep(key)
        return why

    async def _built(self, key: Key) -> str:
        if ENGINE not in await self._hot.trees():
            return AWAY
        command = {"command": "chart", "symbol": key[0], "timeframe": key[1]}
        while True:
            reply = await self._hot.send_command(ENGINE, command, BUILD_S)
            if not reply.get("ok"):
                return str(reply.get("error"))
            if reply["result"]["built"]:
                return ""
            if reply["result"]["failed"]:
                return str(reply["result"]["failed"])
            await asyncio.sleep(LOOK_S)

    def _keep(self, key: Key) -> None:
        if len(self._fresh_until_s) >= MOST_KEPT:
            self._fresh_until_s = {kept: until for kept, until in self._fresh_until_s.items() if until > _now_s()}
        self._fresh_until_s[key] = _now_s() + FRESH_S


def _now_s() -> float:
    return asyncio.get_running_loop().time()
