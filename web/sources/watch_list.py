"""The watch list: tells the engine which instruments' candles the clients of this process look at."""

from collections.abc import Callable

import anyio

from engine.storage.errors import StorageError
from engine.storage.hot import HotStore
from web.hub import Hub, followed
from web.protocol import Code, Kind

CHANGES_S = 0.25
REPEAT_S = 10.0
"""The engine forgets what was not repeated for 30 s."""
RETRY_S = 2.0
REPLY_S = 2.0
SILENCES = 2
"""Questions in a row without an answer after which the engine counts as away."""


class WatchList:
    """Says what is watched when it changes, and again and again; the engine answers what it does not have.

    ``heard`` and ``silent`` are told whether there is an engine that answers.
    """

    def __init__(
        self, hot: HotStore, hub: Hub, process: str, *, heard: Callable[[], None], silent: Callable[[str], None]
    ) -> None:
        self._hot = hot
        self._hub = hub
        self._process = process
        self._heard = heard
        self._silent = silent
        self._told: list[str] | None = None
        self._due_s = 0.0
        self._version = -1
        self._silences = 0

    async def run(self) -> None:
        while True:
            await anyio.sleep(CHANGES_S)
            if self._due():
                await self._tell()

    def _due(self) -> bool:
        if anyio.current_time() >= self._due_s:
            return True
        if self._hub.version == self._version:
            return False
        self._version = self._hub.version
        return self._watched() != self._told

    def _watched(self) -> list[str]:
        return sorted(followed(self._hub.topics(Kind.CANDLE)))

    async def _tell(self) -> None:
        self._told = self._watched()
        command = {"command": "watch", "process": self._process, "symbols": self._told}
        try:
            reply = await self._hot.send_command("engine", command, REPLY_S)
        except StorageError as error:
            self._due_s = anyio.current_time() + RETRY_S
            self._silences += 1
            if self._silences >= SILENCES:
                self._silent(str(error))
            return
        self._due_s = anyio.current_time() + REPEAT_S
        self._silences = 0
        self._heard()
        result: dict[str, list[str]] = reply.get("result") or {}
        for instrument in result.get("unmapped", ()):
            self._hub.tell_followers(instrument, Code.NOT_AVAILABLE, f"the engine does not carry {instrument} now")
