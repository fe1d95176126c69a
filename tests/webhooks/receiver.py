"""A receiver of webhooks: a real server on this machine that keeps what it is sent, and answers what it is told to."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from ssl import SSLContext

import msgspec
import trio


class Received(msgspec.Struct, frozen=True):
    """One request."""

    line: str
    headers: Mapping[str, str]
    body: bytes


class Receiver:
    """Answers with the statuses it is given, one after the other; the last one stays. 0: never."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.received: list[Received] = []
        self.url = ""

    async def serve(self, stream: trio.abc.Stream) -> None:
        head, body = b"", b""
        while b"\r\n\r\n" not in head:
            head += await stream.receive_some()
            if not head.startswith(b"P"):
                return
        head, _, body = head.partition(b"\r\n\r\n")
        line, *rest = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (header.partition(": ") for header in rest)}
        while len(body) < int(headers["content-length"]):
            body += await stream.receive_some()
        self.received.append(Received(line, headers, body))
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if not status:
            await trio.sleep_forever()
        await stream.send_all(b"HTTP/1.1 %d x\r\nContent-Length: 0\r\nLocation: /other\r\n\r\n" % status)

    async def serve_encrypted(self, stream: trio.abc.Stream) -> None:
        """Who does not trust the certificate goes away, and that ends nothing here."""
        with suppress(trio.BrokenResourceError):
            await self.serve(stream)


@asynccontextmanager
async def receiving(*statuses: int, tls: SSLContext | None = None) -> AsyncGenerator[Receiver]:
    receiver = Receiver(*statuses)
    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listeners[0].socket.getsockname()[1]
        receiver.url = f"http://127.0.0.1:{port}/hook?a=1"
        if tls is None:
            nursery.start_soon(trio.serve_listeners, receiver.serve, listeners)
        else:
            encrypted = [trio.SSLListener(listener, tls) for listener in listeners]
            nursery.start_soon(partial(trio.serve_listeners, receiver.serve_encrypted, encrypted))
        yield receiver
        nursery.cancel_scope.cancel()
