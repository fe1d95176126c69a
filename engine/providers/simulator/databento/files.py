"""A gateway that plays a file of DBN to whoever knows its key: for recordings that no market is made of."""

from pathlib import Path
from typing import Final

import trio
import zstandard

from engine.providers.simulator.databento.login import Lines, Login, accepted, refused

_PIECE: Final = 1_024
_PACKED: Final = b"\x28\xb5\x2f\xfd"


class FileGateway:
    """Serves the same file to each client from its beginning, in small pieces, and hangs up at its end."""

    def __init__(self, path: Path, *, key: str) -> None:
        self._data = unpacked(path.read_bytes())
        self._key = key

    async def serve_stream(self, stream: trio.SocketStream) -> None:
        """Serve one connection until the file or the client's patience ends."""
        async with stream:
            try:
                await self._serve(stream)
            except trio.BrokenResourceError:
                return

    async def _serve(self, stream: trio.SocketStream) -> None:
        lines, login = Lines(stream), Login(self._key)
        await stream.send_all(login.greeting)
        told = await lines.next()
        if told is None or not login.fits(told):
            await stream.send_all(refused("Authentication failed"))
            return
        await stream.send_all(accepted())
        while (told := await lines.next()) is not None:
            if "start_session" in told:
                for at in range(0, len(self._data), _PIECE):
                    await stream.send_all(self._data[at : at + _PIECE])
                return


def unpacked(data: bytes) -> bytes:
    """Without the compression that files of DBN mostly have."""
    if not data.startswith(_PACKED):
        return data
    with zstandard.ZstdDecompressor().stream_reader(data) as reader:
        return reader.read()
