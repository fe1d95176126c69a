"""The TCP line to a gateway: opened within a bound, watched for silence, and always closed."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import msgspec
import trio

from engine.providers.base import ProviderError
from engine.providers.databento.lines import LONGEST_LINE
from engine.providers.socket import OwnNursery, WatchedStream

_WHO: Final = "Databento's gateway"
_MOST_AT_ONCE: Final = 65_536
_GONE: Final = (trio.BrokenResourceError, trio.ClosedResourceError)


class Patience(msgspec.Struct, frozen=True):
    """How long each wait may last, in seconds."""

    connect_s: float = 15.0
    login_s: float = 30.0
    send_s: float = 10.0
    heartbeat_s: int = 10
    """The gateway says so often that it is there, when it has nothing else to say; 5 is the least it accepts."""
    silence_s: float = 25.0
    """Two heartbeats and some: without anything for so long, nobody is there."""


class Wire:
    """One open line. Its failures are ``ProviderError``."""

    def __init__(self, stream: WatchedStream, patience: Patience) -> None:
        self._stream = stream
        self._patience = patience
        self._rest = b""
        self._silence: ProviderError | None = None

    @property
    def heard_s(self) -> float:
        """When anything at all last came; seconds of trio's clock."""
        return self._stream.heard_s

    async def receive(self) -> bytes:
        """The next bytes, as many as have come; raises ``ProviderError`` when the line has ended or fallen silent."""
        if self._rest:
            rest, self._rest = self._rest, b""
            return rest
        try:
            data = bytes(await self._stream.receive_some(_MOST_AT_ONCE))
        except _GONE as error:
            raise self._silence or ProviderError(f"{_WHO} broke the connection off") from error
        if not data:
            raise self._silence or ProviderError(f"{_WHO} closed the connection without a word")
        return data

    async def read_line(self) -> bytes:
        """The next line; one without an end is nobody's."""
        line = b""
        while b"\n" not in line:
            if len(line) > LONGEST_LINE:
                raise ProviderError(f"{_WHO} sent a line of more than {LONGEST_LINE:,} bytes")
            line += await self.receive()
        line, _, self._rest = line.partition(b"\n")
        return line

    async def send(self, *lines: bytes) -> None:
        """Send lines in their order, within a bound."""
        try:
            with trio.fail_after(self._patience.send_s):
                await self._stream.send_all(b"".join(lines))
        except trio.TooSlowError as error:
            raise ProviderError(f"{_WHO} took no request within {self._patience.send_s:g} s") from error
        except _GONE as error:
            raise self._silence or ProviderError(f"{_WHO} broke the connection off") from error

    async def close(self) -> None:
        """Hang up: there is nothing to be said at the end."""
        await trio.aclose_forcefully(self._stream)

    async def watch(self) -> None:
        """End the line when it falls silent."""
        await self._stream.silence(self._patience.silence_s)
        self._silence = ProviderError(f"{_WHO} has been silent for {self._patience.silence_s:g} s, heartbeats included")
        await self.close()


@asynccontextmanager
async def open_wire(host: str, port: int, patience: Patience) -> AsyncGenerator[Wire]:
    """An open line, watched while the block runs."""
    async with OwnNursery() as nursery:
        stream = WatchedStream(await _open(host, port, patience.connect_s))
        try:
            wire = Wire(stream, patience)
            nursery.start_soon(wire.watch)
            yield wire
        finally:
            with trio.CancelScope(shield=True):
                await trio.aclose_forcefully(stream)


async def _open(host: str, port: int, timeout_s: float) -> trio.SocketStream:
    try:
        with trio.fail_after(timeout_s):
            return await trio.open_tcp_stream(host, port)
    except trio.TooSlowError as error:
        raise ProviderError(f"{_WHO} at {host} could not be reached within {timeout_s:g} s") from error
    except OSError as error:
        raise ProviderError(f"{_WHO} at {host} can not be reached: {error}") from error
