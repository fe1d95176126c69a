"""What clients follow: told to the engine, which works on what somebody looks at."""

from collections.abc import Callable
from typing import Any, ClassVar

import anyio

from engine.storage.errors import StorageError
from engine.storage.hot import HotStore
from web.hub import Hub, Topic
from web.protocol import Kind

CHANGES_S = 0.25
REPEAT_S = 10.0
"""The engine forgets what was not repeated for 30 s."""
RETRY_S = 2.0
REPLY_S = 2.0
SILENCES = 2
"""Questions in a row without an answer after which the engine counts as away."""


class FollowedList:
    """Says what the clients of this process follow of one kind, when it changes and again and again.

    ``heard`` and ``silent`` are told whether there is an engine that answers.
    """

    kind: ClassVar[Kind]

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

    def _name(self, topic: Topic) -> str:
        """What the engine knows a topic by."""
        raise NotImplementedError

    def _command(self, names: list[str]) -> dict[str, Any]:
        """How the engine is told what is followed."""
        raise NotImplementedError

    def _answered(self, result: dict[str, Any]) -> None:
        """What the engine can not bring is told to those who follow it."""
        raise NotImplementedError

    def _due(self) -> bool:
        if anyio.current_time() >= self._due_s:
            return True
        if self._hub.version == self._version:
            return False
        self._version = self._hub.version
        return self._followed() != self._told

    def _followed(self) -> list[str]:
        return sorted({self._name(topic) for topic in self._hub.topics(self.kind)})

    async def _tell(self) -> None:
        self._told = self._followed()
        command = {**self._command(self._told), "process": self._process}
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
        self._answered(reply.get("result") or {})
