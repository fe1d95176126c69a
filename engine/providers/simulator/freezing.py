"""A socket that can freeze."""

from typing import Final

import trio

from engine.providers.simulator.door import Door
from engine.providers.simulator.faults import FaultKind

_THAW_S: Final = 0.05


class FreezingStream(trio.abc.Stream):
    """A socket through which nothing passes, either way, while its door is frozen."""

    def __init__(self, stream: trio.SocketStream, door: Door) -> None:
        self._stream = stream
        self._door = door

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._thaw()
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        data = await self._stream.receive_some(max_bytes)
        await self._thaw()
        return data

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def _thaw(self) -> None:
        while self._door.fails(FaultKind.FREEZE):  # noqa: ASYNC110 - it ends by the clock or by command
            await trio.sleep(_THAW_S)
