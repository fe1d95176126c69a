"""The supervisor: starts its children in order, restarts the failed ones, gives up when they fail too often."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

import anyio
import msgspec
import structlog

from engine.runtime.bulk import stop_all
from engine.runtime.cell import Cell, describe
from engine.runtime.child_spec import ChildSpec, Restart
from engine.runtime.errors import EscalationError, SpecError, StartError
from engine.runtime.handlers import handles
from engine.runtime.intensity import Intensity
from engine.runtime.reply import Ask, Refused, Reply, name_of
from engine.runtime.state import State
from engine.runtime.strategy import Strategy
from engine.runtime.task_actor import TaskActor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

log = structlog.get_logger("ticktree.runtime")


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
        names = [spec.name for spec in self._specs]
        if len(set(names)) < len(names):
            raise SpecError(f"Names are unique among siblings, were {', '.join(names)}.")

    def children(self) -> Mapping[str, Cell]:
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
        self._cell.mailbox.bury(message, f"a supervisor takes no {name_of(message)}")

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
        if event.incarnation != cell.incarnation or cell.state is not State.DEAD:
            return  # replaced meanwhile, by hand or along with a sibling
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
        self._attempts.pop(cell, None)
        self._dismiss(cell)

    @handles(RestartByHand)
    async def on_restart_by_hand(self, command: RestartByHand) -> Refused | None:
        cell = command.cell
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
            if member.spec.restart is not Restart.TEMPORARY and not member.is_held:
                member.back_off()
        delay_s = self._next_delay(cell)
        log.warning("child_restarts", path=cell.ref.path, delay_s=round(delay_s, 3), error=cell.last_error)
        self.system.timers.after(delay_s, lambda _: self._cell.mailbox.urge(RestartDue(cell)), None)

    def _next_delay(self, cell: Cell) -> float:
        backoff = cell.spec.backoff
        attempt = 0 if cell.lived_s >= backoff.stable_after_s else self._attempts.get(cell, 0)
        self._attempts[cell] = attempt + 1
        return backoff.delay(attempt, self.system.jitter())

    async def _refill(self, cell: Cell) -> bool:
        """A new incarnation; if it does not start, that is one more failure of the child."""
        cell.is_held = False
        cell.restarts += 1
        try:
            await cell.start()
        except StartError as error:
            log.error("child_not_started", path=cell.ref.path, error=cell.last_error, exc_info=error)  # noqa: TRY400
            self.child_ended(cell, error)
            return False
        return True

    def _group(self, cell: Cell) -> list[Cell]:
        return self._strategy.group(list(self._cells.values()), cell)

    # The places.

    def _plant(self, spec: ChildSpec) -> Cell:
        cell = Cell(self.system, spec, self, f"{self.path}/{spec.name}")
        self._cells[spec.name] = cell
        return cell

    def _dismiss(self, cell: Cell) -> None:
        """Nobody shall follow: the place stays, empty, until it is restarted by hand."""
        cell.is_held = True

    async def _uproot(self, cells: Sequence[Cell]) -> None:
        """Stop children in reverse and give up their places."""
        await stop_all(self.system, reversed(cells))
        for cell in cells:
            del self._cells[cell.spec.name]
            self._attempts.pop(cell, None)
            self.system.vacate(cell)
