"""The keeper: carries the streams whose locks this process holds, and takes over those of processes that are gone."""

from collections.abc import Callable, Sequence
from functools import partial
from types import TracebackType
from typing import ClassVar, Final

import anyio
import msgspec
import structlog

from engine.runtime import (
    GENTLE,
    ONE_FOR_ALL,
    ActorRef,
    ChildSpec,
    DynamicSupervisor,
    MailboxSpec,
    StartChild,
    StopChildren,
    Supervisor,
    TaskActor,
    handles,
)
from engine.storage.durable import DurableStore
from engine.storage.errors import DurableStoreError, StorageError
from engine.storage.hot import HotStore, PriceStream
from web.directory import Directory
from web.last_prices import LastPriceWishes
from web.streams.messages import Look
from web.streams.price_publisher import PricePublisher
from web.streams.streams import lock_of
from web.streams.trading import trades_now

log = structlog.get_logger("ticktree.streams")

LOOK_S = 2.0
"""Between two looks; so long a stream is without a carrier when its process dies, and goes on after its last owner left."""
RENEW_S = 60.0
WATCH_S = 10.0
"""The engine forgets what was not repeated for 30 s."""
WATCH_REPLY_S = 2.0
CHANGES_S = 0.25
MOST_CARRIED: Final = 50
"""Streams of one process; those beyond wait for a process that has room."""
CHILD_S = 5.0


def streams_tree(
    hot: HotStore,
    durable: DurableStore,
    directory: Directory,
    wishes: LastPriceWishes,
    *,
    process: str,
    running: ActorRef,
) -> Supervisor:
    """Whoever holds the locks and what is carried under them begin anew together."""
    publisher = partial(PricePublisher, hot=hot, directory=directory, wishes=wishes)
    return Supervisor(
        [
            ChildSpec("running", DynamicSupervisor),
            ChildSpec(
                "keeper",
                partial(StreamKeeper, hot, durable, directory, publisher, process=process, running=running),
                backoff=GENTLE,
            ),
        ],
        strategy=ONE_FOR_ALL,
        intensity=10,
    )


class StreamKeeper(TaskActor):
    """Looks every two seconds, and when somebody has started or stopped one."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=100)

    def __init__(
        self,
        hot: HotStore,
        durable: DurableStore,
        directory: Directory,
        publisher: Callable[[PriceStream], PricePublisher],
        *,
        process: str,
        running: ActorRef,
    ) -> None:
        super().__init__()
        self._hot = hot
        self._locks = durable.session_locks()
        self._directory = directory
        self._publisher = publisher
        self._process = process
        self._running = running
        self._carried: dict[str, PriceStream] = {}
        self._renewed_s = self._watched_s = float("-inf")
        self._watched: list[str] = []

    async def on_start(self) -> None:
        self.send_every(LOOK_S, Look())
        self.spawn(self._watch_again_and_again)

    async def on_stop(self) -> None:
        """Others take over at their next look."""
        await self._locks.close()

    async def on_failure(
        self,
        exception_type: type[BaseException] | None,  # noqa: ARG002 - a crash is reported by the kernel
        exception_value: BaseException | None,  # noqa: ARG002
        traceback: TracebackType | None,  # noqa: ARG002
    ) -> None:
        await self._locks.close()

    @handles(Look)
    async def on_look(self, _: Look) -> None:
        if not self._directory.ready:
            return
        try:
            await self._compare()
        except StorageError as error:
            await self._on_outage(error)

    async def _compare(self) -> None:
        if self._carried:
            await self._locks.check()
        known = await self._hot.streams()
        await self._drop([key for key in self._carried if key not in known])
        await self._end_closed()
        await self._take([stream for key, stream in known.items() if key not in self._carried])
        await self._renew()

    async def _on_outage(self, error: StorageError) -> None:
        """Without Redis nothing is told anyway; without the lock another process may carry what we carry."""
        log.warning("streams_wait", error=str(error), carried=len(self._carried))
        if isinstance(error, DurableStoreError):
            await self._leave(list(self._carried))

    async def _end_closed(self) -> None:
        """A stream ends when the last of its markets closes."""
        now_ns = self.system.clock.now_ns()
        for key, stream in list(self._carried.items()):
            if not trades_now(self._directory, stream.instruments, now_ns):
                await self._hot.change_stream(key, lambda _: None)
                await self._drop([key])
                log.info("stream_ended", stream=key, why="the market has closed")

    async def _take(self, free: Sequence[PriceStream]) -> None:
        """Those whose lock is free are ours from now on; a lock whose stream can not be carried is given back."""
        wanted, room = {lock_of(stream.key): stream for stream in free}, MOST_CARRIED - len(self._carried)
        if not wanted or room <= 0:
            return
        taken = await self._locks.take(wanted, room)
        try:
            while taken:
                await self._carry(wanted[taken.pop()])
        finally:
            for number in taken:
                await self._locks.give_back(number)

    async def _carry(self, stream: PriceStream) -> None:
        """One that ended since it was read is carried by nobody; a lock without a stream would keep others from it."""
        signed = None
        try:
            _, signed = await self._hot.change_stream(stream.key, self._sign)
        finally:
            if signed is None:
                await self._locks.give_back(lock_of(stream.key))
        if signed is None:
            return
        await self._running.ask(StartChild(ChildSpec(stream.key, partial(self._publisher, stream))), timeout_s=CHILD_S)
        self._carried[stream.key] = stream
        log.info("stream_carried", stream=stream.key, instruments=len(stream.instruments), before=stream.process)

    def _sign(self, stream: PriceStream | None) -> PriceStream | None:
        return None if stream is None else msgspec.structs.replace(stream, process=self._process)

    async def _drop(self, keys: Sequence[str]) -> None:
        await self._leave(keys)
        for key in keys:
            await self._locks.give_back(lock_of(key))

    async def _leave(self, keys: Sequence[str]) -> None:
        if keys:
            await self._running.ask(StopChildren(list(keys)), timeout_s=CHILD_S)
            for key in keys:
                self._carried.pop(key, None)

    async def _renew(self) -> None:
        if anyio.current_time() < self._renewed_s + RENEW_S:
            return
        self._renewed_s = anyio.current_time()
        for key in self._carried:
            await self._hot.change_stream(key, self._sign)

    async def _watch_again_and_again(self) -> None:
        while True:
            await self._watch()
            await anyio.sleep(CHANGES_S)

    async def _watch(self) -> None:
        """The engine reports what is watched four times a second; it hears of it like of any clients' wishes."""
        wanted = sorted({name for stream in self._carried.values() for name in stream.instruments})
        now_s = anyio.current_time()
        if wanted == self._watched and (not wanted or now_s < self._watched_s + WATCH_S):
            return
        self._watched, self._watched_s = wanted, now_s
        command = {"command": "watch", "process": f"{self._process}/streams", "symbols": wanted}
        try:
            await self._hot.send_command("engine", command, WATCH_REPLY_S)
        except StorageError as error:
            log.debug("streams_not_watched", error=str(error))
