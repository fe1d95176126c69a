"""The keyspace: values by name, each of one kind, each until it expires."""

from collections.abc import Callable, Collection, Iterator
from typing import Any, TypeVar

from engine.storage.errors import HotStoreError

_MS_NS = 1_000_000
Kind = TypeVar("Kind")


class Keyspace:
    """What one Redis database holds. ``now_ns`` is the clock that names expire by."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self.now_ns = now_ns
        self._values: dict[str, Any] = {}
        self._ends_ns: dict[str, int] = {}

    def find(self, name: str, kind: type[Kind]) -> Kind | None:
        """The value of that name; ``None`` when there is none, or none any more."""
        self._let_expire(name)
        value = self._values.get(name)
        if value is not None and not isinstance(value, kind):
            raise HotStoreError("It answered: WRONGTYPE Operation against a key holding the wrong kind of value")
        return value

    def opened(self, name: str, kind: type[Kind]) -> Kind:
        """The value of that name, made when there is none."""
        found = self.find(name, kind)
        if found is None:
            found = self._values[name] = kind()
        return found

    def put(self, name: str, value: Any, *, expiry_ms: int | None = None) -> None:
        """Sets a value, whatever was there before, with or without an expiry."""
        self._values[name] = value
        self._ends_ns.pop(name, None)
        if expiry_ms is not None:
            self.expire(name, expiry_ms)

    def change(self, name: str, value: Any) -> None:
        """Sets a value and leaves its expiry as it is."""
        self._values[name] = value

    def expire(self, name: str, expiry_ms: int) -> int:
        """From now on the value has so long to live; 0 when there is none."""
        if name not in self._values:
            return 0
        self._ends_ns[name] = self.now_ns() + expiry_ms * _MS_NS
        return 1

    def lifetime_s(self, name: str) -> int:
        """Seconds left; -1 for ever, -2 when there is nothing."""
        self._let_expire(name)
        if name not in self._values:
            return -2
        end_ns = self._ends_ns.get(name)
        return -1 if end_ns is None else round((end_ns - self.now_ns()) / 1e9)

    def drop(self, name: str) -> bool:
        """Forgets a name; whether there was something."""
        self._let_expire(name)
        self._ends_ns.pop(name, None)
        return self._values.pop(name, None) is not None

    def drop_if_empty(self, name: str, kind: type[Collection[bytes]]) -> None:
        """A collection without members does not exist."""
        if not self.find(name, kind):
            self.drop(name)

    def names(self) -> Iterator[str]:
        """All that there is."""
        for name in list(self._values):
            self._let_expire(name)
        return iter(self._values)

    def clear(self) -> None:
        """Forgets everything."""
        self._values.clear()
        self._ends_ns.clear()

    def _let_expire(self, name: str) -> None:
        end_ns = self._ends_ns.get(name)
        if end_ns is not None and end_ns <= self.now_ns():
            del self._ends_ns[name]
            self._values.pop(name, None)
