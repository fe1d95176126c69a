"""The launcher's actors: each owns one process, and crashes when its process does."""

from types import TracebackType

import structlog
import trio

from engine.launcher.process import Process, ProcessError, Program, outcome
from engine.runtime import TaskActor

log = structlog.get_logger("ticktree.launcher")


class Children:
    """The processes of a run: those that live now, so that a hard stop finds them all, and which have served."""

    def __init__(self) -> None:
        self._living: set[Process] = set()
        self._served: set[str] = set()

    def start(self, program: Program) -> Process:
        """Starts one and remembers it."""
        process = Process(program)
        self._living.add(process)
        return process

    async def stop(self, process: Process) -> None:
        """Stops it and forgets it."""
        log.info("process_ended", process=process.program.name, how=outcome(await process.stop()))
        self._living.discard(process)

    async def ready(self, process: Process) -> None:
        """Returns when it serves."""
        await process.ready()
        self._served.add(process.program.name)
        log.info("process_ready", process=process.program.name, pid=process.pid)

    def has_served(self, program: Program) -> bool:
        """Whether the program was ready once in this run."""
        return program.name in self._served

    def kill(self) -> None:
        """Ends all of them, at once."""
        for process in self._living:
            process.kill()


class ProcessActor(TaskActor):
    """A process that shall run for ever.

    Its first start is over when it serves, so that what comes after finds it. A restart waits for nobody: the
    supervisor would meanwhile not restart the store that the process itself may be waiting for.
    """

    def __init__(self, program: Program, children: Children) -> None:
        super().__init__()
        self._program = program
        self._children = children
        self._process: Process | None = None
        self._stopping = False

    async def on_start(self) -> None:
        """Starts the process."""
        self._process = self._children.start(self._program)
        if self._children.has_served(self._program):
            self.spawn(self._serve, self._process)
            return
        try:
            await self._children.ready(self._process)
        except trio.Cancelled:  # neither hook is called then
            self._process.kill()
            raise
        self.spawn(self._watch, self._process)

    async def on_stop(self) -> None:
        """Returns when the process has ended, within its budget."""
        self._stopping = True
        if self._process:
            await self._children.stop(self._process)

    async def on_failure(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """What did not become ready in time must not go on without its actor."""
        del exception_type, exception_value, traceback
        await self.on_stop()

    async def _serve(self, process: Process) -> None:
        await self._children.ready(process)
        await self._watch(process)

    async def _watch(self, process: Process) -> None:
        code = await process.wait()
        if not self._stopping:
            raise ProcessError(f"{self._program.name}: expected to run on, {outcome(code)}.")


class TaskProcessActor(TaskActor):
    """A process that does one thing and ends: whoever comes after it starts when it is done."""

    def __init__(self, program: Program, children: Children) -> None:
        super().__init__()
        self._program = program
        self._children = children

    async def on_start(self) -> None:
        """Returns when the process has done its work; what it had to say it has said itself."""
        process = self._children.start(self._program)
        try:
            code = await process.wait()
        finally:
            await self._children.stop(process)
        if code:
            raise ProcessError(f"{self._program.name}: expected to succeed, {outcome(code)}.")
