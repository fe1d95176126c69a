"""A cheap HTTP client: raw sockets that are kept open, and answers read no further than their length.

``python -m benchmarks.requests PORT TOKEN CONNECTIONS``: says READY, and answers each line of JSON
``{"paths": […], "seconds": 5}`` with what was answered in that time, each connection asking for one path after the other.
"""

import json
import re
import select
import socket
import sys
import time
from collections.abc import Sequence
from itertools import cycle

from benchmarks.processes import PROMPT

READ_BYTES = 1 << 20
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
LAST_CHUNK = b"\r\n0\r\n\r\n"
HEAD_END = b"\r\n\r\n"
MOST_REQUESTS = 900
"""On one connection: the server closes it after a thousand."""


class Connection:
    """One socket with at most one request under way."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._left = 0
        self.socket = self._connect()
        self._head = f" HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
        self.asked_ns = 0
        self.received = 0
        self._expected: int | None = None
        self._tail = b""

    def _connect(self) -> socket.socket:
        self._left = MOST_REQUESTS
        connected = socket.create_connection(("127.0.0.1", self._port))
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected

    def renewed(self) -> bool:
        """Whether it is another socket from now on."""
        if self._left > 0:
            return False
        self.socket.close()
        self.socket = self._connect()
        return True

    def ask(self, path: str) -> None:
        self._left -= 1
        self.asked_ns, self.received, self._expected, self._tail = time.monotonic_ns(), 0, None, b""
        self.socket.sendall(f"GET {path}{self._head}".encode())

    def read(self) -> bool:
        """Whether the answer is whole now."""
        data = self.socket.recv(READ_BYTES)
        if not data:
            raise ConnectionError("the server closed a connection")
        if self.received == 0:
            self._begin(data)
        self.received += len(data)
        self._tail = (self._tail + data[-len(LAST_CHUNK) :])[-len(LAST_CHUNK) :]
        return self.received >= self._expected if self._expected is not None else self._tail == LAST_CHUNK

    def _begin(self, data: bytes) -> None:
        if not data.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(data[:500].decode(errors="replace"))
        end = data.index(HEAD_END)
        length = LENGTH.search(data, 0, end)
        self._expected = end + len(HEAD_END) + int(length[1]) if length else None


def measure(connections: Sequence[Connection], paths: Sequence[str], seconds: float) -> dict[str, float]:
    """Asks for paths in turn until the time is over; answers how many answers came, and how long they took."""
    poll, by_descriptor, rest = select.epoll(), dict[int, Connection](), cycle(paths)
    for connection in connections:
        by_descriptor[connection.socket.fileno()] = connection
        poll.register(connection.socket.fileno(), select.EPOLLIN)
        connection.ask(next(rest))
    began_ns = time.monotonic_ns()
    times_ms: list[float] = []
    received, busy = 0, len(connections)
    while busy:
        for descriptor, _ in poll.poll():
            connection = by_descriptor[descriptor]
            if not connection.read():
                continue
            now_ns = time.monotonic_ns()
            times_ms.append((now_ns - connection.asked_ns) / 1e6)
            received += connection.received
            if now_ns - began_ns >= seconds * 1e9:
                busy -= 1
                continue
            if connection.renewed():  # a closed socket has left the poll by itself
                by_descriptor[connection.socket.fileno()] = connection
                poll.register(connection.socket.fileno(), select.EPOLLIN)
            connection.ask(next(rest))
    took_s = (time.monotonic_ns() - began_ns) / 1e9
    times_ms.sort()
    return {
        "requests": len(times_ms),
        "per_s": len(times_ms) / took_s,
        "bytes": received,
        "p50_ms": times_ms[len(times_ms) // 2],
        "p99_ms": times_ms[min(len(times_ms) - 1, int(len(times_ms) * 0.99))],
    }


def main() -> None:
    port, token, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    connections = [Connection(port, token) for _ in range(count)]
    print(PROMPT, flush=True)
    for line in sys.stdin:
        wanted = json.loads(line)
        some = connections[: wanted.get("connections", count)]
        print(json.dumps(measure(some, wanted["paths"], wanted["seconds"])), flush=True)


if __name__ == "__main__":
    main()
