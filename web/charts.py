"""Asking for year charts: the engine builds them, and of all clients that ask for one only the first makes it work."""

import asyncio
from functools import partial

from engine.storage.errors import StorageUnavailableError
from engine.storage.hot import HotStore
from web.joined import Joined

ENGINE = "engine"
BUILD_S = 15.0
"""A year of minutes is read within seconds; a client that has waited longer is better told what there is."""
LOOK_S = 0.2
FRESH_S = 10.0
"""The engine hears so often that somebody still looks at a chart; it keeps it fresh for many times as long."""
AWAY = "no engine runs: the chart is as old as it says"
LATE = "the engine is still building the chart"


class ChartWishes:
    """Wishes for charts, by instrument and timeframe; those that come while one is under way join it."""

    def __init__(self, hot: HotStore) -> None:
        self._hot = hot
        self._asked = Joined[str](FRESH_S, keep=lambda why: not why)

    async def ready(self, instrument: str, timeframe: str) -> str:
        """Returns when the engine keeps the chart: empty, or why it does not, after 15 s at most."""
        return await self._asked.of((instrument, timeframe), partial(self._ask, instrument, timeframe))

    async def _ask(self, instrument: str, timeframe: str) -> str:
        try:
            async with asyncio.timeout(BUILD_S):
                return await self._built(instrument, timeframe)
        except StorageUnavailableError as error:
            return error.kind
        except TimeoutError:
            return LATE

    async def _built(self, instrument: str, timeframe: str) -> str:
        if ENGINE not in await self._hot.trees():
            return AWAY
        command = {"command": "chart", "symbol": instrument, "timeframe": timeframe}
        while True:
            reply = await self._hot.send_command(ENGINE, command, BUILD_S)
            if not reply.get("ok"):
                return str(reply.get("error"))
            if reply["result"]["built"]:
                return ""
            if reply["result"]["failed"]:
                return str(reply["result"]["failed"])
            await asyncio.sleep(LOOK_S)
