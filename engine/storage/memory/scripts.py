"""The scripts: what each Lua script of the hot store does, in Python, under the script's name."""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any
from uuid import uuid4

import msgspec

from engine.storage.hot.link import Value
from engine.storage.memory.commands import Commands, Hash, Items, encoded
from engine.storage.memory.keyspace import Keyspace
from engine.storage.memory.streams import Stream, parsed, written

Twin = Callable[[Sequence[str], Sequence[Value]], Any]
Fresh = tuple[int, int, bytes]
"""Opening time, revision and entry of a closed candle."""

_HOUR_MS = 3_600_000
_DAY_US = 86_400_000_000


class Placed(msgspec.Struct):
    """What a buffer's order depends on."""

    time: int
    rev: int


_placed = msgspec.json.Decoder(Placed).decode


class Scripts:
    """Runs the scripts on a keyspace, each at once and as a whole."""

    def __init__(self, space: Keyspace) -> None:
        self._space = space
        self._commands = Commands(space)
        self._run_id = uuid4().hex

    def twins(self) -> Mapping[str, Twin]:
        """Who stands for which script; those of the TimeSeries module have none, as there is none here."""
        return {
            "append_events": self.append_events,
            "append_ticks": self.append_ticks,
            "events_window": self.events_window,
            "hold_lease": self.hold_lease,
            "hold_tokens": self.hold_tokens,
            "push_closed": self.push_closed,
            "read_hash": self.read_hash,
            "release_lease": self.release_lease,
            "replace_stream": self.replace_stream,
            "send_command": self.send_command,
            "set_many": self.set_many,
            "take_token": self.take_token,
            "write_hash": self.write_hash,
        }

    def append_events(self, names: Sequence[str], arguments: Sequence[Value]) -> bytes:
        stream = self._space.opened(names[0], Stream)
        for text, data in zip(arguments[1::2], arguments[2::2], strict=True):
            identity = parsed(text)
            if identity > stream.last:
                stream.add(identity, encoded(data), int(arguments[0]))
            elif identity not in stream.identities:
                return encoded(text)
        return b""

    def append_ticks(self, names: Sequence[str], arguments: Sequence[Value]) -> int:
        expiry_s, *rest = arguments
        told = iter(rest)
        for name in names:
            stream, longest, count = self._space.opened(name, Stream), int(next(told)), int(next(told))
            for text, data in zip(*[islice(told, 2 * count)] * 2, strict=True):
                if parsed(text) > stream.last:
                    stream.add(parsed(text), encoded(data), longest)
            self._commands.expire(name, int(expiry_s))
        return len(names)

    def events_window(self, names: Sequence[str], arguments: Sequence[Value]) -> list[Any]:
        epoch = self._commands.get(names[1])
        if epoch is None:
            epoch = f"{self._run_id}.{arguments[0]}".encode()
            self._space.put(names[1], epoch)
        stream = self._space.find(names[0], Stream)
        if stream is None or not stream.data:
            return [epoch, b"0-0", b"0-0", 0]
        return [epoch, written(stream.identities[0]), written(stream.last), int(stream.added != len(stream.data))]

    def hold_lease(self, names: Sequence[str], arguments: Sequence[Value]) -> int:
        holder = self._commands.get(names[0])
        if holder is not None and holder != encoded(arguments[0]):
            return 0
        self._space.put(names[0], encoded(arguments[0]), expiry_ms=int(arguments[1]))
        return 1

    def release_lease(self, names: Sequence[str], arguments: Sequence[Value]) -> int:
        if self._commands.get(names[0]) == encoded(arguments[0]):
            self._space.drop(names[0])
        return 1

    def take_token(self, names: Sequence[str], arguments: Sequence[Value]) -> int:
        now, interval, burst = self._now_us(), int(arguments[0]), int(arguments[1])
        if names[1:] and int(self._commands.get(names[1]) or 0) >= int(arguments[2]):
            return self._left_us(now, int(arguments[3]))
        full = self._full_us(names[0], now)
        wait = full - now - (burst - 1) * interval
        if wait > 0:
            return wait
        self._fill_by(names[0], max(full, now) + interval, now)
        if names[1:] and self._commands.increment(names[1]) == 1:
            self._space.expire(names[1], self._left_us(now, int(arguments[3])) // 1_000 - 1_000)
        return 0

    def _left_us(self, now: int, ahead_s: int) -> int:
        """Until the day is over where clocks are so far ahead of UTC."""
        return _DAY_US - (now + ahead_s * 1_000_000) % _DAY_US

    def hold_tokens(self, names: Sequence[str], arguments: Sequence[Value]) -> None:
        now = self._now_us()
        self._fill_by(names[0], max(self._full_us(names[0], now), now + int(arguments[0])), now)

    def _now_us(self) -> int:
        return self._space.now_ns() // 1_000

    def _full_us(self, name: str, now: int) -> int:
        known = self._commands.get(name)
        return now if known is None else int(known)

    def _fill_by(self, name: str, full: int, now: int) -> None:
        self._space.put(name, b"%d" % full, expiry_ms=-(-(full - now) // 1_000) + 1)

    def push_closed(self, names: Sequence[str], arguments: Sequence[Value]) -> int:
        rest = iter(arguments)
        longest = int(next(rest))
        for name in names:
            expiry_s, count = int(next(rest)), int(next(rest))
            numbers = list(islice(rest, 3 * count))
            fresh = [
                (int(time), int(revision), encoded(entry))
                for time, revision, entry in zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True)
            ]
            kept = self._space.opened(name, Items)
            kept[:] = _merged(kept, fresh)[:longest]
            self._space.expire(name, expiry_s * 1000)
        return len(names)

    def read_hash(self, names: Sequence[str], arguments: Sequence[Value]) -> list[list[bytes | None]]:
        fields = [encoded(field) for field in arguments]
        return [[*map(self._commands.fields(name).get, fields)] for name in names]

    def write_hash(self, names: Sequence[str], arguments: Sequence[Value]) -> int:
        expiry_ms, oldest = int(arguments[-2]) * 1000, int(arguments[-1])
        for name, field, packed in zip(names, arguments[:-2:2], arguments[1:-2:2], strict=True):
            kept = self._space.opened(name, Hash)
            before = len(kept)
            kept[encoded(field)] = encoded(packed)
            if len(kept) > before and not len(kept) % 256:
                for old in [key for key in kept if int(key) < oldest]:
                    del kept[old]
            self._space.expire(name, expiry_ms)
        return len(names)

    def replace_stream(self, names: Sequence[str], arguments: Sequence[Value]) -> int:
        before, after, expiry_s, key = arguments
        if (self._commands.get(names[0]) or b"") != encoded(before):
            return 0
        if encoded(after):
            self._commands.put(names[0], after, "EX", expiry_s)
            self._commands.add_members(names[1], key)
        else:
            self._space.drop(names[0])
            self._commands.remove_members(names[1], key)
        return 1

    def send_command(self, names: Sequence[str], arguments: Sequence[Value]) -> int:
        if self._commands.put(names[1], 1, "NX", "EX", arguments[2]):
            stream = self._space.opened(names[0], Stream)
            identity = max((self._space.now_ns() // 1_000_000, 0), (stream.last[0], stream.last[1] + 1))
            stream.add(identity, encoded(arguments[0]), int(arguments[1]))
            self._space.expire(names[0], _HOUR_MS)
        return 1

    def set_many(self, names: Sequence[str], arguments: Sequence[Value]) -> int:
        for name, value in zip(names, arguments[:-1], strict=True):
            self._space.put(name, encoded(value), expiry_ms=int(arguments[-1]) * 1000)
        return len(names)


def _merged(kept: Sequence[bytes], fresh: Sequence[Fresh]) -> list[bytes]:
    """Newest first, each opening time once: the higher revision, of equals the later one."""
    if not kept or _placed(kept[0]).time < fresh[0][0]:
        return [entry for *_, entry in reversed(fresh)] + list(kept)
    chosen: dict[int, Fresh] = {}
    known = [(placed.time, placed.rev, entry) for entry in kept for placed in (_placed(entry),)]
    for candle in (*known, *fresh):
        before = chosen.get(candle[0])
        if before is None or before[1] <= candle[1]:
            chosen[candle[0]] = candle
    return [chosen[time][2] for time in sorted(chosen, reverse=True)]
