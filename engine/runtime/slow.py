"""Handlers that hold the loop: the limits, and the meter for those that wait in between."""

import types
from collections.abc import Awaitable, Coroutine, Generator
from time import perf_counter
from typing import Any, TypeVar

from engine.runtime.report import slow_handler

T = TypeVar("T")


SLICE_S = 0.003
"""How long handlers run before the loop gets to its sockets and timers; a handler is never interrupted."""
SLOW_S = 0.05
"""A handler that holds the loop longer than this is reported; wall time, a busy machine's pauses included."""


async def as_coroutine(awaitable: Awaitable[T]) -> T:
    return await awaitable


@types.coroutine
def timed(coroutine: Coroutine[Any, Any, Any], path: str, message_type: str) -> Generator[Any, Any, Any]:
    """Run a coroutine and report each stretch between two waits in which it held the loop too long."""
    argument: Any = None
    thrown: BaseException | None = None
    while True:
        began = perf_counter()
        try:
            wish = coroutine.send(argument) if thrown is None else coroutine.throw(thrown)
        except StopIteration as stop:
            return stop.value
        finally:
            held_s = perf_counter() - began
            if held_s > SLOW_S:
                slow_handler(path, message_type, held_s)
        argument = thrown = None
        try:
            argument = yield wish
        except BaseException as error:  # noqa: BLE001 - handed on to the coroutine, whose it is
            thrown = error
