"""The watch list: tells the engine which instruments' candles the clients of this process look at."""

import anyio
import structlog

from engine.storage.errors import StorageError
from engine.storage.hot import HotStore
from web.hub import Hub, followed
from web.protocol import Code, Kind

log = structlog.get_logger("ticktree.watch_list")

CHANGES_S = 0.25
REPEAT_S = 10.0
"""The engine forgets what was not repeated for 30 s."""
REPLY_S = 2.0


class WatchList:
    """Says what is watched when it changes, and again and again; the engine answers what it does not have."""

    def __init__(self, hot: HotStore, hub: Hub, process: str) -> None:
        self._hot = hot
        self._hub = hub
        self._process = process
        self._told: list[str] | None = None
        self._told_at_s = float("-inf")
        self._version = -1

    async def run(self) -> None:
        while True:
            await anyio.sleep(CHANGES_S)
            if self._due():
                await self._tell()

    def _due(self) -> bool:
        if anyio.current_time() - self._told_at_s >= REPEAT_S:
            return True
        if self._hub.version == self._version:
            return False
        self._version = self._hub.version
        return self._watched() != self._told

    def _watched(self) -> list[str]:
        return sorted(followed(self._hub.topics(Kind.CANDLE)))

    async def _tell(self) -> None:
        self._told, self._told_at_s = self._watched(), anyio.current_time()
        command = {"command": "watch", "process": self._process, "symbols": self._told}
        try:
            reply = await self._hot.send_command("engine", command, REPLY_S)
        except StorageError as error:  # no engine: it is told again, and its absence is seen elsewhere
            log.debug("engine_not_told", error=str(error))
            return
        result: dict[str, list[str]] = reply.get("result") or {}
        for instrument in result.get("unmapped", ()):
            self._hub.tell_followers(instrument, Code.NOT_AVAILABLE, f"the engine does not carry {instrument} now")
