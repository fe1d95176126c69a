"""The bridge: the stores are asyncio code, the engine runs on trio, and this is where one calls the other.

One loop for the whole engine, opened at its root. A call through the bridge costs about 50 µs: bring batches, and loop
inside one call rather than bridging in a loop.
"""

import contextlib
import inspect
from asyncio import AbstractEventLoop
from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import Any, TypeVar, cast

import structlog
import trio_asyncio  # pyright: ignore[reportMissingTypeStubs]

log = structlog.get_logger("ticktree.storage")

Store = TypeVar("Store")

_TABLES = "engine.storage.durable."


@contextlib.asynccontextmanager
async def open_bridge() -> AsyncGenerator[None]:
    """Opens the asyncio loop that bridged calls of this block run on."""
    async with trio_asyncio.open_loop() as loop:  # pyright: ignore[reportUnknownMemberType]
        # First of all: without a handler, any exception that no task retrieves ends this scope, and with it the engine.
        loop.set_exception_handler(_report)
        yield


def bridged(store: Store) -> Store:
    """The same store, its coroutine methods callable from trio.

    Works for a class too: ``store = bridged(await bridged(HotStore).connect(url))``. The durable store's groups of tables, as
    ``durable.chains``, are bridged with it. What else is no coroutine method passes through as it is; ``subscribe`` is for
    asyncio only.
    """
    return cast("Store", _Bridged(store))


class _Bridged:
    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._store, name)
        if type(attribute).__module__.startswith(_TABLES):
            attribute = bridged(attribute)
            setattr(self, name, attribute)
            return attribute
        if not inspect.iscoroutinefunction(attribute):
            return attribute
        call = trio_asyncio.aio_as_trio(attribute)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        across = partial(_across, call)
        setattr(self, name, across)  # the next time it is found without us
        return across

    def __repr__(self) -> str:
        return f"bridged({self._store!r})"


async def _across(call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    return await call(*arguments, **options)


def _report(_: AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    log.warning("bridge_failure_unretrieved", message=context.get("message"), error=repr(error) if error else None)
