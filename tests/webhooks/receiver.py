"""A receiver of webhooks: a real server on this machine that keeps what it is sent, and answers what it is told to."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import partial

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

    async def serve(self, stream: trio.SocketStream) -> None:
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


@asynccontextmanager
async def receiving(*statuses: int) -> AsyncGenerator[Receiver]:
    receiver = Receiver(*statuses)
    async with trio.open_nursery() as nursery:
        serve = partial(trio.serve_tcp, receiver.serve, 0, host="127.0.0.1")
        [listener] = await nursery.start(serve)
        receiver.url = f"http://127.0.0.1:{listener.socket.getsockname()[1]}/hook?a=1"
        yield receiver
        nursery.cancel_scope.cancel()
