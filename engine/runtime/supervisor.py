"""The supervisor: starts its children in order, restarts the failed ones, gives up when they fail too often."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

import anyio
import msgspec

from engine.runtime.bulk import stop_all
from engine.runtime.cell import Cell
from engine.runtime.child_spec import ChildSpec, Restart
from engine.runtime.errors import EscalationError, SpecError, StartError, UnknownPathError
from engine.runtime.handlers import handles
from engine.runtime.intensity import Intensity
from engine.runtime.reply import Ask, Refused, Reply, name_of
from engine.runtime.report import child_not_started, child_restarts, describe
from engine.runtime.state import State
from engine.runtime.strategy import Strategy
from engine.runtime.task_actor import TaskActor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from engine.runtime.timers import Timer


class ChildEnded(msgspec.Struct, frozen=True):
    """A child crashed, did not start again, or ended by itself."""

    cell: Cell
    incarnation: int
    error: BaseException | None


class RestartDue(msgspec.Struct, frozen=True):
    """A child's backoff is over."""

    cell: Cell


class StopByHand(msgspec.Struct, frozen=True):
    """Stop a child and leave it so."""

    cell: Cell


class RestartByHand(msgspec.Struct, frozen=True):
    """Replace a child now, whatever its state."""

    cell: Cell


class Supervisor(TaskActor):
    """Semantics as OTP's, with backoff between restarts.

    The first start of every child must succeed, or the supervisor does not start. Later failures count, and back off
    while the siblings go on. More than ``intensity`` restarts within ``period_s`` seconds stop all children and
    become this supervisor's own crash.
    """

    interruptible: ClassVar[bool] = True

    def __init__(
        self,
        children: Sequence[ChildSpec] = (),
        *,
        strategy: Strategy = Strategy.ONE_FOR_ONE,
        intensity: int = 3,
        period_s: float = 60.0,
    ) -> None:
        super().__init__()
        self._specs = tuple(children)
        self._strategy = strategy
        self._intensity = Intensity(intensity, period_s)
        self._cells: dict[str, Cell] = {}
        self._attempts: dict[Cell, int] = {}
        self._due: dict[Cell, Timer] = {}
        names = [spec.name for spec in self._specs]
        if len(set(names)) < len(names):
            raise SpecError(f"Names are unique among siblings, were {', '.join(names)}.")

    def cells_below(self) -> Mapping[str, Cell]:
        return self._cells

    async def on_start(self) -> None:
        for spec in self._specs:
            await self._plant(spec).start()

    async def on_stop(self) -> None:
        await self._uproot(list(self._cells.values()))

    async def on_failure(
        self,
        exception_type: type[BaseException] | None,  # noqa: ARG002 - pykka's signature
        exception_value: BaseException | None,  # noqa: ARG002
        traceback: TracebackType | None,  # noqa: ARG002
    ) -> None:
        await self._uproot(list(self._cells.values()))

    def on_receive(self, message: Any) -> None:
        """A stray message must not cost a whole branch of the tree."""
        self.system.dead_letters.bury(self.path, message, f"a supervisor takes no {name_of(message)}")

    # Called by the cells below and by the system.

    def child_ended(self, cell: Cell, error: BaseException | None) -> None:
        self._cell.mailbox.urge(ChildEnded(cell, cell.incarnation, error))

    async def stop_child(self, cell: Cell) -> None:
        await self._command(StopByHand(cell))

    async def restart_child(self, cell: Cell) -> None:
        """Replace a child now; not counted to the intensity, unless the new one does not start."""
        await self._command(RestartByHand(cell))

    async def _command(self, command: StopByHand | RestartByHand) -> None:
        """Served in turn with the supervisor's other work, which is bounded by its children's budgets."""
        reply = Reply()
        self._cell.mailbox.urge(Ask(command, reply))
        await reply.wait(math.inf)

    # The control lane.

    @handles(ChildEnded)
    async def on_child_ended(self, event: ChildEnded) -> None:
        cell = event.cell
        if event.incarnation != cell.incarnation or cell.state is not State.DEAD or not self._has(cell):
            return  # replaced or given up meanwhile, by hand or along with a sibling
        if cell.spec.restart is Restart.PERMANENT or (
            cell.spec.restart is Restart.TRANSIENT and event.error is not None
        ):
            await self._recover(cell, event.error)
        else:
            self._dismiss(cell)

    @handles(RestartDue)
    async def on_restart_due(self, event: RestartDue) -> None:
        for member in self._group(event.cell):
            if member.state is State.BACKING_OFF and not await self._refill(member):
                return  # its own recovery takes those after it along

    @handles(StopByHand)
    async def on_stop_by_hand(self, command: StopByHand) -> None:
        cell = command.cell
        await cell.stop()
        cell.is_held = True
        self._attempts.pop(cell, None)
        if self._has(cell):
            self._dismiss(cell)

    @handles(RestartByHand)
    async def on_restart_by_hand(self, command: RestartByHand) -> Refused | None:
        cell = command.cell
        if not self._has(cell):
            return Refused(UnknownPathError(f"{cell.ref.path} was given up."))
        await cell.stop()
        if await self._refill(cell):
            return None
        return Refused(StartError(f"{cell.ref.path}: {cell.last_error}"))

    # Restarting.

    async def _recover(self, cell: Cell, error: BaseException | None) -> None:
        """Stop whom the strategy names, and refill their places after the backoff."""
        if not self._intensity.allows(anyio.current_time()):
            raise EscalationError(
                f"More than {self._intensity.limit} restarts in {self._intensity.period_s:g} s, "
                f"the last of {cell.ref.path}: {describe(error) if error else 'it ended'}"
            ) from error
        group = self._group(cell)
        await stop_all(self.system, reversed(group))
        for member in group:
            self._forget_due(member)
            if member.spec.restart is not Restart.TEMPORARY and not member.is_held:
                member.back_off()
        delay_s = self._next_delay(cell)
        child_restarts(cell.ref.path, delay_s, "ended" if error is None else describe(error))
        self._due[cell] = self.system.timers.after(delay_s, self._call_due, cell)

    def _call_due(self, timer: Timer) -> None:
        self._cell.mailbox.urge(RestartDue(timer.argument))

    def _forget_due(self, cell: Cell) -> None:
        timer = self._due.pop(cell, None)
        if timer is not None:
            timer.cancel()

    def _next_delay(self, cell: Cell) -> float:
        backoff = cell.spec.backoff
        attempt = 0 if cell.lived_s >= backoff.stable_after_s else self._attempts.get(cell, 0)
        self._attempts[cell] = attempt + 1
        return backoff.delay(attempt, self.system.jitter())

    async def _refill(self, cell: Cell) -> bool:
        """A new incarnation; if it does not start, that is one more failure of the child."""
        cell.is_held = False
        try:
            await cell.start()
        except StartError as error:
            child_not_started(cell.ref.path, error)
            self.child_ended(cell, error)
            return False
        cell.restarts += 1
        return True

    def _has(self, cell: Cell) -> bool:
        return self._cells.get(cell.spec.name) is cell

    def _group(self, cell: Cell) -> list[Cell]:
        return self._strategy.group(list(self._cells.values()), cell)

    # The places.

    def _plant(self, spec: ChildSpec) -> Cell:
        cell = Cell(self.system, spec, self, f"{self.path}/{spec.name}")
        self._cells[spec.name] = cell
        return cell

    def _dismiss(self, cell: Cell) -> None:
        """Nobody follows this child; its place stays, empty, unless a subclass gives it up."""

    async def _uproot(self, cells: Sequence[Cell]) -> None:
        """Stop children in reverse and give up their places."""
        await stop_all(self.system, reversed(cells))
        for cell in cells:
            self._give_up(cell)

    def _give_up(self, cell: Cell) -> None:
        """Forget a child that has ended, and its place."""
        del self._cells[cell.spec.name]
        self._attempts.pop(cell, None)
        self._forget_due(cell)
        self.system.vacate(cell)
