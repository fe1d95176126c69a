"""The link to a Redis that is none: the same commands, answered from this process's memory."""

import time
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio
from anyio.lowlevel import checkpoint
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from engine.storage.errors import HotStoreError, HotStoreUnavailableError
from engine.storage.hot.link import ANSWER_TIMEOUT_S, Command, RedisLink, Script, Value
from engine.storage.hot.subscription import Message, Subscription
from engine.storage.memory.commands import Commands, Handler, encoded
from engine.storage.memory.keyspace import Keyspace
from engine.storage.memory.scripts import Scripts
from engine.storage.memory.streams import StreamCommands

MOST_UNHEARD = 10_000
"""Messages a listener may be behind; beyond it he is cut off, as Redis does."""


class MemoryLink(RedisLink):
    """Answers at once, on whichever loop it is asked; ``now_ns`` is the clock that names expire by."""

    def __init__(self, now_ns: Callable[[], int] = time.time_ns) -> None:
        self.answer_timeout_s = ANSWER_TIMEOUT_S
        self.away = False
        """While it is true every call fails as one to a server that is down."""
        self.space = space = Keyspace(now_ns)
        self._streams = StreamCommands(space)
        self._handlers: dict[str, Handler] = {
            **Commands(space).handlers(),
            **self._streams.handlers(),
            "PUBLISH": self._publish,
            "CLIENT": self._kill,
        }
        self._twins = Scripts(space).twins()
        self._listeners: dict[MemoryObjectSendStream[Message], Sequence[str]] = {}
        self._written = anyio.Event()

    async def call(self, *command: Value) -> Any:
        """One command, one answer."""
        await self._arrive()
        name, *arguments = command
        if name == "XREAD" and "BLOCK" in arguments:
            return await self._read_waiting(arguments)
        return self._answer(command)

    async def many(self, commands: Iterable[Command], *, together: bool = False) -> list[Any]:
        """Several commands in one go; they are always together."""
        del together
        await self._arrive()
        return [self._answer(command) for command in commands]

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Value] = ()) -> Any:
        """What the script would do."""
        await self._arrive()
        twin = self._twins.get(script.name)
        if twin is None:
            raise HotStoreError(f"In memory there is no script {script.name}.")
        answer = twin(keys, arguments)
        self._ring()
        return answer

    @asynccontextmanager
    async def subscribed(self, *channels: str) -> AsyncGenerator[Subscription]:
        """Listens for the length of a block."""
        await self._arrive()
        send, receive = anyio.create_memory_object_stream[Message](MOST_UNHEARD)
        self._listeners[send] = channels
        with send, receive:
            yield MemorySubscription(receive)
        self._listeners.pop(send, None)

    async def close(self) -> None:
        """Ends what still listens."""
        self._kill()

    def _kill(self, *_: Value) -> int:
        """``CLIENT KILL TYPE pubsub``: every listener is cut off."""
        killed = list(self._listeners)
        self._listeners.clear()
        for send in killed:
            send.close()
        return len(killed)

    async def _arrive(self) -> None:
        await checkpoint()
        if self.away:
            raise HotStoreUnavailableError("The connection was refused or lost.")

    def _answer(self, command: Command) -> Any:
        name, *arguments = command
        handler = self._handlers.get(str(name))
        if handler is None:
            raise HotStoreError(f"It answered: unknown command {name}")
        answer = handler(*arguments)
        if name == "XADD":
            self._ring()
        return answer

    def _ring(self) -> None:
        """Whoever waits for entries looks again."""
        if self._written.statistics().tasks_waiting:
            self._written.set()
            self._written = anyio.Event()

    async def _read_waiting(self, arguments: Sequence[Value]) -> list[Any]:
        longest_s = int(arguments[arguments.index("BLOCK") + 1]) / 1000
        with anyio.move_on_after(longest_s):
            while not (found := self._streams.read(*arguments)):
                await self._written.wait()
            return found
        return []

    def _publish(self, channel: str, payload: Value) -> int:
        heard = [send for send, channels in self._listeners.items() if channel in channels]
        for send in heard:
            try:
                send.send_nowait((channel, encoded(payload)))
            except anyio.WouldBlock:
                send.close()
                del self._listeners[send]
        return len(heard)


class MemorySubscription(Subscription):
    """An open subscription of this process."""

    def __init__(self, messages: MemoryObjectReceiveStream[Message]) -> None:
        self._messages = messages

    async def receive(self) -> Message:
        """The next message. Raises ``HotStoreUnavailableError`` when it was cut off."""
        try:
            return await self._messages.receive()
        except anyio.EndOfStream:
            raise HotStoreUnavailableError("The connection was refused or lost.") from None
