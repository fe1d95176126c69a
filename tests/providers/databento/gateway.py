"""A small gateway on loopback: it remembers what it was told and plays the script it is given."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from hashlib import sha256

import trio

KEY = "db-canary-0123456789abcdefGHIJK"
CHALLENGE = "t7kNhwj4xqR0QYjzFKtBEG2ec2pXJ4FK"

Script = Callable[["Gateway", trio.SocketStream], Awaitable[None]]


class Gateway:
    def __init__(self, script: Script, greeting: bytes) -> None:
        self._script = script
        self._greeting = greeting
        self.port = 0
        self.lines: list[dict[str, str]] = []
        self.raw = b""
        self.closed = trio.Event()

    @property
    def url(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    async def handle(self, stream: trio.SocketStream) -> None:
        async with stream:
            try:
                await stream.send_all(self._greeting)
                await self._script(self, stream)
                while await self.read_line(stream):
                    pass
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                pass
        self.closed.set()

    async def read_line(self, stream: trio.SocketStream) -> dict[str, str]:
        """The next line of the client; an empty one when it has hung up."""
        while b"\n" not in self.raw:
            data = await stream.receive_some()
            if not data:
                return {}
            self.raw += data
        line, _, self.raw = self.raw.partition(b"\n")
        self.lines.append(dict(part.split("=", 1) for part in line.decode().split("|")))
        return self.lines[-1]

    async def log_in(self, stream: trio.SocketStream) -> None:
        told = await self.read_line(stream)
        proof = sha256(f"{CHALLENGE}|{KEY}".encode()).hexdigest()
        assert told["auth"] == f"{proof}-{KEY[-5:]}"
        await stream.send_all(b"success=1|session_id=5\n")

    async def begin(self, stream: trio.SocketStream) -> None:
        """Everything up to the start of the session."""
        await self.log_in(stream)
        while "start_session" not in await self.read_line(stream):
            assert self.lines[-1]


def playing(*pieces: bytes) -> Script:
    """Logs the client in and sends these."""

    async def play(gateway: Gateway, stream: trio.SocketStream) -> None:
        await gateway.begin(stream)
        for piece in pieces:
            await stream.send_all(piece)

    return play


@asynccontextmanager
async def serve(
    script: Script, greeting: bytes = f"lsg_version=0.4.2\ncram={CHALLENGE}\n".encode()
) -> AsyncGenerator[Gateway]:
    gateway = Gateway(script, greeting)
    async with trio.open_nursery() as nursery:
        (listener,) = await nursery.start(partial(trio.serve_tcp, gateway.handle, 0, host="127.0.0.1"))
        gateway.port = listener.socket.getsockname()[1]
        yield gateway
        nursery.cancel_scope.cancel()
