"""Small actors and a planted tree for the contract suite."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Self

import anyio
import msgspec

from engine.runtime import (
    Actor,
    ActorRef,
    ActorSystem,
    Backoff,
    ChildSpec,
    DynamicSupervisor,
    Restart,
    StartChild,
    TaskActor,
    Terminated,
    handles,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from engine.runtime import State

PATIENCE_S = 30.0


class Note(msgspec.Struct, frozen=True):
    """Something to write down; answered with how many notes there are."""

    text: Any
    key: str = ""


class Notes(msgspec.Struct, frozen=True):
    """Asks for all that was written down."""


class Crash(msgspec.Struct, frozen=True):
    """Raises this, or a ValueError, in the handler."""

    error: BaseException = ValueError("boom")


class Quit(msgspec.Struct, frozen=True):
    """Has the actor end by itself."""


class Wait(msgspec.Struct, frozen=True):
    """Holds a task actor's handler until the gate opens."""

    gate: anyio.Event


class Log:
    """What happened, in order; shared by the actors of a test."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def __call__(self, event: str) -> None:
        self.events.append(event)


class Clerk(Actor):
    """Reactive: writes notes down, in this object and in a list that outlives it."""

    def __init__(self, log: Log | None = None, paper: list[Any] | None = None) -> None:
        super().__init__()
        self.log = log or Log()
        self.notes: list[Any] = []
        self.paper: list[Any] = self.notes if paper is None else paper

    def on_start(self) -> None:
        self.log(f"start {self.path}")

    def on_stop(self) -> None:
        self.log(f"stop {self.path}")

    def on_failure(self, exception_type: Any, exception_value: Any, traceback: Any) -> None:
        self.log(f"fail {self.path}")

    @handles(Note)
    def on_note(self, note: Note) -> int:
        self.notes.append(note.text)
        if self.paper is not self.notes:
            self.paper.append(note.text)
        return len(self.notes)

    @handles(Notes)
    def on_notes(self, _: Notes) -> list[Any]:
        return list(self.notes)

    @handles(Crash)
    def on_crash(self, crash: Crash) -> None:
        raise crash.error

    @handles(Quit)
    def on_quit(self, _: Quit) -> None:
        self.stop()

    @handles(Terminated)
    def on_terminated(self, message: Terminated) -> None:
        self.paper.append(message)


class TaskClerk(TaskActor):
    """The same with a task of its own."""

    def __init__(self, log: Log | None = None, paper: list[Any] | None = None) -> None:
        super().__init__()
        self.log = log or Log()
        self.notes: list[Any] = []
        self.paper: list[Any] = self.notes if paper is None else paper

    async def on_start(self) -> None:
        await anyio.lowlevel.checkpoint()
        self.log(f"start {self.path}")

    async def on_stop(self) -> None:
        await anyio.lowlevel.checkpoint()
        self.log(f"stop {self.path}")

    async def on_failure(self, exception_type: Any, exception_value: Any, traceback: Any) -> None:
        self.log(f"fail {self.path}")

    @handles(Note)
    async def on_note(self, note: Note) -> int:
        await anyio.lowlevel.checkpoint()
        self.notes.append(note.text)
        if self.paper is not self.notes:
            self.paper.append(note.text)
        return len(self.notes)

    @handles(Notes)
    def on_notes(self, _: Notes) -> list[Any]:
        return list(self.notes)

    @handles(Crash)
    async def on_crash(self, crash: Crash) -> None:
        raise crash.error

    @handles(Quit)
    def on_quit(self, _: Quit) -> None:
        self.stop()

    @handles(Terminated)
    def on_terminated(self, message: Terminated) -> None:
        self.paper.append(message)

    @handles(Wait)
    async def on_wait(self, wait: Wait) -> str:
        await wait.gate.wait()
        return "waited"


CLERKS = [Clerk, TaskClerk]
AT_ONCE = Backoff(initial_s=0.0, maximum_s=0.0)
NEVER_MIND = 1_000_000
"""An intensity no test reaches."""


class Tree:
    """A running system whose root takes children on demand."""

    def __init__(self) -> None:
        self.system = ActorSystem("test", jitter=lambda: 0.0)
        self.root: ActorRef

    async def __aenter__(self) -> Self:
        await self.system.__aenter__()
        self.root = await self.system.start(ChildSpec("root", partial(DynamicSupervisor, intensity=NEVER_MIND)))
        return self

    async def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.system.__aexit__(exception_type, exception, traceback)

    async def plant(self, name: str, start: Callable[[], Actor], **keywords: Any) -> ActorRef:
        """One more child of the root; temporary unless said otherwise."""
        keywords.setdefault("restart", Restart.TEMPORARY)
        return await self.root.ask(StartChild(ChildSpec(name, start, **keywords)), timeout_s=PATIENCE_S)

    def state(self, path: str) -> State:
        return self.system.snapshot(path).state

    async def until(self, condition: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
        await until(condition, patience_s)

    async def settled(self) -> None:
        """Let everything that can happen without time passing happen."""
        await settle()


async def until(condition: Callable[[], Any], patience_s: float = PATIENCE_S) -> None:
    """Let things happen until the condition holds."""
    pause_s = 0.0005
    with anyio.fail_after(patience_s):
        while not condition():
            await anyio.sleep(pause_s)
            pause_s = min(0.02, pause_s * 1.3)


async def settle() -> None:
    """Let every task run until all wait, as far as turns of the loop can tell."""
    for _ in range(20):
        await anyio.sleep(0)


async def outcomes(asks: Sequence[Callable[[], Any]]) -> list[Any]:
    """Ask all at the same time; answers and errors in the order asked."""
    results: list[Any] = [None] * len(asks)

    async def one(index: int, ask: Callable[[], Any]) -> None:
        try:
            results[index] = await ask()
        except Exception as error:  # noqa: BLE001 - the error is the outcome
            results[index] = error

    async with anyio.create_task_group() as group:
        for index, ask in enumerate(asks):
            group.start_soon(one, index, ask)
    return results
