"""Many cheap WebSocket clients in one process: epoll, and frames read no further than their header.

``python -m benchmarks.clients PORT TOKEN CLIENTS SUBSCRIPTIONS INSTRUMENTS``: every client follows ``ltp`` of so many
instruments in the full dialect. Says READY when all are subscribed; answers each ``begin end`` (ns, CLOCK_MONOTONIC) with
what arrived in that window, and how old the prices of a ``timed_feed`` were.
"""

import base64
import json
import os
import re
import select
import socket
import sys
import time
from random import Random
from typing import NamedTuple

from benchmarks.processes import PROMPT
from benchmarks.stores import symbol
from benchmarks.timed_feed import age_ms

PRICE = re.compile(rb'"ltp":([0-9.]+)')
ANSWER = b'"action":"subscribe"'
LONG = 126
LONGER = 127
READ_BYTES = 1 << 18
LITTLE = 4_096
"""Bytes the system keeps for a client that hardly reads; by itself it would keep megabytes and hide that."""
OPCODE = 0x0F
PING = 0x9
PONG = b"\x8a\x80" + bytes(4)


class Arrival(NamedTuple):
    at_ns: int
    updates: int
    ages_ms: list[float]


def handshake(token: str) -> bytes:
    """What a client begins with."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = ("GET /ws HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade")
    lines += (f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", f"Authorization: Bearer {token}")
    return "\r\n".join([*lines, "", ""]).encode()


def subscription(instruments: list[str]) -> bytes:
    """The frame that asks for the prices of so many instruments."""
    channels = [f"ltp.NSE:{name}" for name in instruments]
    text = json.dumps({"id": 1, "action": "subscribe", "channels": channels}).encode()
    length = bytes([0x80 | LONG]) + len(text).to_bytes(2, "big") if len(text) >= LONG else bytes([0x80 | len(text)])
    return b"\x81" + length + bytes(4) + text


class Client:
    """One socket, and what of a frame has arrived so far."""

    def __init__(self, port: int, token: str, instruments: list[str], *, reads_little: bool = False) -> None:
        self.socket = socket.socket()
        if reads_little:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LITTLE)
        self.socket.connect(("127.0.0.1", port))
        self._rest = self._shake_hands(token)
        self.subscribed = False
        self.socket.sendall(subscription(instruments))
        self.socket.setblocking(False)

    def _shake_hands(self, token: str) -> bytes:
        self.socket.sendall(handshake(token))
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.socket.recv(4096)
        if b" 101 " not in answer:
            raise ConnectionError(answer.decode())
        return answer.split(b"\r\n\r\n", 1)[1]

    def frames(self) -> list[bytes]:
        """The whole frames that have arrived."""
        data = self._rest + self.socket.recv(READ_BYTES)
        found: list[bytes] = []
        position = 0
        while len(data) - position >= 2:
            length, start = data[position + 1], position + 2
            if length >= LONG:
                size = 2 if length == LONG else 8
                start += size
                length = int.from_bytes(data[start - size : start], "big")
            if start + length > len(data):
                break
            if data[position] & OPCODE == PING:  # who answers none is taken for gone
                self.socket.sendall(PONG)
            else:
                found.append(data[start : start + length])
            position = start + length
        self._rest = data[position:]
        return found


class Crowd:
    """All clients, and a record of what came when."""

    def __init__(self, port: int, token: str, clients: int, subscriptions: int, instruments: int) -> None:
        chance, names = Random(11), [symbol(number) for number in range(instruments)]
        self._poll = select.epoll()
        self._poll.register(sys.stdin.fileno(), select.EPOLLIN)
        self._clients: dict[int, Client] = {}
        self._arrivals: list[Arrival] = []
        self._left = clients
        for _ in range(clients):
            client = Client(port, token, chance.sample(names, subscriptions))
            self._clients[client.socket.fileno()] = client
            self._poll.register(client.socket.fileno(), select.EPOLLIN)

    def serve(self) -> None:
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor != sys.stdin.fileno():
                    self._read(self._clients[descriptor])
                elif window := sys.stdin.readline():
                    print(json.dumps(self._report(*map(int, window.split()))), flush=True)
                    self._arrivals.clear()
                else:
                    return

    def _read(self, client: Client) -> None:
        now_ns = time.monotonic_ns()
        for frame in client.frames():
            prices = PRICE.findall(frame)
            if prices:
                self._arrivals.append(Arrival(now_ns, len(prices), [age_ms(float(price), now_ns) for price in prices]))
            elif ANSWER in frame and not client.subscribed:
                client.subscribed = True
                self._left -= 1
                if self._left == 0:
                    print(PROMPT, flush=True)

    def _report(self, begin_ns: int, end_ns: int) -> dict[str, float]:
        within = [arrival for arrival in self._arrivals if begin_ns <= arrival.at_ns < end_ns]
        ages = sorted(age for arrival in within for age in arrival.ages_ms) or [0.0]
        return {
            "updates": sum(arrival.updates for arrival in within),
            "frames": len(within),
            "p50_ms": ages[len(ages) // 2],
            "p99_ms": ages[min(len(ages) - 1, int(len(ages) * 0.99))],
        }


if __name__ == "__main__":
    Crowd(int(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:6])).serve()
