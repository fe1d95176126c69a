"""Joining: what several callers want at once is done once, and its result serves those that come soon after."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

MOST_KEPT = 1_000

Value = TypeVar("Value")


class Joined(Generic[Value]):
    """Work by key. A caller that leaves takes nobody's result with it; ``keep`` says which results are worth keeping."""

    def __init__(self, fresh_s: float, *, keep: Callable[[Value], bool] = lambda _: True) -> None:
        self._fresh_s = fresh_s
        self._keep = keep
        self._running: dict[Hashable, asyncio.Task[Value]] = {}
        self._kept: dict[Hashable, tuple[float, Value]] = {}

    async def of(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, Value]]) -> Value:
        """The result of the work that runs for this key, or ran a moment ago; else it begins now."""
        until_s, value = self._kept.get(key, (0.0, None))
        if until_s > _now_s() and value is not None:
            return value
        running = self._running.get(key)
        if running is None:
            running = self._running[key] = asyncio.create_task(self._do(key, work))
            running.add_done_callback(lambda _: self._running.pop(key))
        return await asyncio.shield(running)

    async def _do(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, Value]]) -> Value:
        value = await work()
        if self._keep(value):
            if len(self._kept) >= MOST_KEPT:
                self._kept = {one: kept for one, kept in self._kept.items() if kept[0] > _now_s()}
            if len(self._kept) < MOST_KEPT:
                self._kept[key] = _now_s() + self._fresh_s, value
        return value


def _now_s() -> float:
    return asyncio.get_running_loop().time()
