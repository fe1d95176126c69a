"""The commands: what Redis answers to those that the hot store sends, names, texts, hashes, lists and sets."""

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from engine.storage.hot.link import Value
from engine.storage.memory.keyspace import Keyspace

Handler = Callable[..., Any]


class Hash(dict[bytes, bytes]):
    """Values by field."""


class Items(list[bytes]):
    """A list, its head first."""


class Members(set[bytes]):
    """A set."""


def encoded(value: Value) -> bytes:
    """A value as it travels."""
    if isinstance(value, bytes):
        return value
    return repr(value).encode() if isinstance(value, float) else str(value).encode()


class Commands:
    """Answers commands from a keyspace, each at once and as a whole."""

    def __init__(self, space: Keyspace) -> None:
        self._space = space

    def handlers(self) -> Mapping[str, Handler]:
        """Who answers which command."""
        return {
            "PING": self.ping,
            "MODULE": self.modules,
            "FLUSHDB": self._space.clear,
            "KEYS": self.keys,
            "EXISTS": self.exists,
            "DEL": self.delete,
            "EXPIRE": self.expire,
            "TTL": self._space.lifetime_s,
            "GET": self.get,
            "MGET": self.get_many,
            "SET": self.put,
            "GETSET": self.get_and_set,
            "GETDEL": self.get_and_delete,
            "INCR": self.increment,
            "MSETEX": self.set_many,
            "HSET": self.set_fields,
            "HGET": self.field,
            "HMGET": self.some_fields,
            "HGETALL": self.all_fields,
            "HKEYS": self.field_names,
            "HLEN": self.count_fields,
            "HDEL": self.delete_fields,
            "LINDEX": self.item,
            "LRANGE": self.items,
            "LTRIM": self.trim,
            "RPUSH": self.append,
            "LPUSH": self.prepend,
            "SADD": self.add_members,
            "SREM": self.remove_members,
            "SMEMBERS": self.all_members,
        }

    def ping(self) -> bytes:
        return b"PONG"

    def modules(self, _: Value) -> list[Any]:
        return []

    # -- names

    def keys(self, pattern: str) -> list[bytes]:
        return [name.encode() for name in self._space.names() if fnmatchcase(name, pattern)]

    def exists(self, *names: str) -> int:
        return sum(self._space.find(name, object) is not None for name in names)

    def delete(self, *names: str) -> int:
        return sum(self._space.drop(name) for name in names)

    def expire(self, name: str, seconds: int) -> int:
        return self._space.expire(name, int(seconds) * 1000)

    # -- texts

    def get(self, name: str) -> bytes | None:
        return self._space.find(name, bytes)

    def get_many(self, *names: str) -> list[bytes | None]:
        return [self._space.find(name, bytes) for name in names]

    def put(self, name: str, value: Value, *options: Value) -> bytes | None:
        if "NX" in options and self._space.find(name, object) is not None:
            return None
        expiry_ms = None
        for unit, factor in (("EX", 1000), ("PX", 1)):
            if unit in options:
                expiry_ms = int(options[options.index(unit) + 1]) * factor
        self._space.put(name, encoded(value), expiry_ms=expiry_ms)
        return b"OK"

    def get_and_set(self, name: str, value: Value) -> bytes | None:
        before = self.get(name)
        self._space.put(name, encoded(value))
        return before

    def get_and_delete(self, name: str) -> bytes | None:
        before = self.get(name)
        self._space.drop(name)
        return before

    def increment(self, name: str) -> int:
        count = int(self.get(name) or 0) + 1
        self._space.change(name, encoded(count))
        return count

    def set_many(self, count: int, *arguments: Value) -> int:
        pairs, expiry_ms = arguments[: 2 * count], int(arguments[-1]) * 1000
        for name, value in zip(pairs[::2], pairs[1::2], strict=True):
            self._space.put(str(name), encoded(value), expiry_ms=expiry_ms)
        return 1

    # -- hashes

    def fields(self, name: str) -> Hash:
        return self._space.find(name, Hash) or Hash()

    def field(self, name: str, field: Value) -> bytes | None:
        return self.fields(name).get(encoded(field))

    def some_fields(self, name: str, *fields: Value) -> list[bytes | None]:
        kept = self.fields(name)
        return [kept.get(encoded(field)) for field in fields]

    def all_fields(self, name: str) -> dict[bytes, bytes]:
        return dict(self.fields(name))

    def field_names(self, name: str) -> list[bytes]:
        return list(self.fields(name))

    def count_fields(self, name: str) -> int:
        return len(self.fields(name))

    def set_fields(self, name: str, *pairs: Value) -> int:
        kept = self._space.opened(name, Hash)
        before = len(kept)
        kept.update(zip(map(encoded, pairs[::2]), map(encoded, pairs[1::2]), strict=True))
        return len(kept) - before

    def delete_fields(self, name: str, *fields: Value) -> int:
        kept = self.fields(name)
        gone = sum(kept.pop(encoded(field), None) is not None for field in fields)
        self._space.drop_if_empty(name, Hash)
        return gone

    # -- lists

    def list_of(self, name: str) -> Items:
        return self._space.find(name, Items) or Items()

    def item(self, name: str, place: int) -> bytes | None:
        kept = self.list_of(name)
        return kept[place] if -len(kept) <= place < len(kept) else None

    def items(self, name: str, first: int, last: int) -> list[bytes]:
        return self.list_of(name)[first : None if last == -1 else last + 1]

    def trim(self, name: str, first: int, last: int) -> None:
        self.list_of(name)[:] = self.items(name, first, last)
        self._space.drop_if_empty(name, Items)

    def append(self, name: str, *items: Value) -> int:
        kept = self._space.opened(name, Items)
        kept.extend(map(encoded, items))
        return len(kept)

    def prepend(self, name: str, *items: Value) -> int:
        kept = self._space.opened(name, Items)
        kept[:0] = [encoded(item) for item in reversed(items)]
        return len(kept)

    # -- sets

    def members(self, name: str) -> Members:
        return self._space.find(name, Members) or Members()

    def all_members(self, name: str) -> set[bytes]:
        return set(self.members(name))

    def add_members(self, name: str, *members: Value) -> int:
        kept = self._space.opened(name, Members)
        before = len(kept)
        kept.update(map(encoded, members))
        return len(kept) - before

    def remove_members(self, name: str, *members: Value) -> None:
        self.members(name).difference_update(map(encoded, members))
        self._space.drop_if_empty(name, Members)
