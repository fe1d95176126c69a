"""Listening to channels, honestly: a lost connection ends the subscription with an error.

redis-py's own pub/sub reconnects and subscribes anew in silence, and what was published in between is gone unnoticed.
"""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, cast

from redis.asyncio.connection import AbstractConnection

from engine.storage.errors import HotStoreUnavailableError
from engine.storage.hot.link import RedisLink, speaking_redis

_QUIET_S = 10.0
"""After so much silence the server is asked whether it is there; after as much again the connection counts as lost."""

Message = tuple[str, bytes]


class Subscription:
    """An open subscription; iterate over it for ``(channel, payload)``."""

    def __init__(self, connection: AbstractConnection, quiet_s: float) -> None:
        self._connection = connection
        self._quiet_s = quiet_s

    def __aiter__(self) -> AsyncIterator[Message]:
        return self

    async def __anext__(self) -> Message:
        return await self.receive()

    async def receive(self) -> Message:
        """The next message. Raises ``HotStoreUnavailableError`` when the connection is lost."""
        while True:
            answer = await self._answer()
            if answer[0] == b"message":
                return answer[1].decode(), answer[2]

    async def _answer(self) -> Any:
        with speaking_redis():
            answer = await self._read()
            if answer is None:
                await self._connection.send_command("PING", check_health=False)  # pyright: ignore[reportUnknownMemberType]
                answer = await self._read()
        if answer is None:
            raise HotStoreUnavailableError(f"Nothing came for {2 * self._quiet_s:g} s, not even an answer to a ping.")
        return answer

    async def _read(self) -> Any:
        return cast("Any", await self._connection.read_response(timeout=self._quiet_s))


@contextlib.asynccontextmanager
async def subscribed(link: RedisLink, *channels: str, quiet_s: float = _QUIET_S) -> AsyncGenerator[Subscription]:
    """Subscribes to channels for the length of a block; inside, nothing published is missed."""
    connection = link.single_connection()
    try:
        with speaking_redis():
            await connection.connect()
            await connection.send_command("SUBSCRIBE", *channels, check_health=False)  # pyright: ignore[reportUnknownMemberType]
            for _ in channels:
                await connection.read_response()
        yield Subscription(connection, quiet_s)
    finally:
        await connection.disconnect(nowait=True)
