"""The gate: what we ask of Hypercorn's sockets beyond ASGI, in one place."""

from typing import cast

from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.ws_stream import WSStream
from hypercorn.typing import ASGIFramework, ASGIReceiveCallable, ASGISendCallable, Scope
from quart import Websocket

_STREAM = "ticktree.stream"


class Gate:
    """ASGI middleware that refuses compression and keeps a socket's stream within reach of its handler.

    Hypercorn accepts permessage-deflate from whoever offers it, and browsers do: that is some 300 KiB and 50 µs a
    frame for each client, for updates that are a few hundred bytes and the same for many.
    """

    def __init__(self, app: ASGIFramework) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] == "websocket":
            stream = getattr(send, "__self__", None)
            if isinstance(stream, WSStream):
                stream.handshake.extensions = None
                scope["extensions"][_STREAM] = {"stream": stream}
        await self._app(scope, receive, send)


class Plumbing:
    """A socket's stream and the connection beneath it."""

    __slots__ = ("server", "stream")

    def __init__(self, stream: WSStream, server: TCPServer) -> None:
        self.stream = stream
        self.server = server


def plumbing(websocket: Websocket) -> Plumbing | None:
    """What lies beneath a socket; None when it does not come over HTTP/1.1, where frames can not be written directly."""
    scope = cast("dict[str, dict[str, dict[str, object]]]", websocket.scope)
    stream = scope["extensions"].get(_STREAM, {}).get("stream")
    if not isinstance(stream, WSStream):
        return None
    protocol = getattr(stream.send, "__self__", None)
    server = getattr(protocol.send, "__self__", None) if isinstance(protocol, H11Protocol) else None
    return Plumbing(stream, server) if isinstance(server, TCPServer) else None
