"""The record of one line's connections, so that gaps can be replayed.

A connection that the engine itself gives up is not told: in a replay it is given up for the same reason. Nor are the two
of a handover: for a recording they are one, whose frames it has from both.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from engine.providers.base import Connection, ProviderError
from engine.recording import Opened
from engine.recording.history import loss_of
from engine.runtime import ActorRef


class LineRecord:
    """Tells the recorder, where there is one."""

    def __init__(self, provider: str, number: int, recorder: ActorRef | None, now_ns: Callable[[], int]) -> None:
        self._provider = provider
        self._number = number
        self._recorder = recorder
        self._now_ns = now_ns

    @asynccontextmanager
    async def opening(self, connecting: AbstractAsyncContextManager[Connection]) -> AsyncGenerator[Connection]:
        """The connection; tells that it is open, or that it could not be had."""
        is_open = False
        try:
            async with connecting as connection:
                is_open = True
                self.opened()
                yield connection
        except ProviderError as error:
            if not is_open:
                self.lost(error)
            raise

    def opened(self) -> None:
        if self._recorder is not None:
            self._recorder.tell(Opened(self._provider, self._number, self._now_ns()))

    def lost(self, error: ProviderError) -> None:
        """The provider has ended it."""
        if self._recorder is not None:
            self._recorder.tell(loss_of(self._provider, self._number, self._now_ns(), error))
