"""Listening on a port, a free one if need be."""

from collections.abc import Awaitable, Callable
from functools import partial

import trio

Handler = Callable[[trio.SocketStream], Awaitable[object]]


async def listen(nursery: trio.Nursery, handler: Handler, host: str, port: int) -> int:
    """Serve a port in the nursery and say which it has become."""
    serve_tcp = partial(trio.serve_tcp, handler, port, host=host)
    listeners: list[trio.SocketListener] = await nursery.start(serve_tcp)
    return listeners[0].socket.getsockname()[1]
