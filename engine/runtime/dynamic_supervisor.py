"""The dynamic supervisor: children that come and go while it runs, by the thousand if need be."""

from __future__ import annotations

from collections.abc import Sequence  # noqa: TC003 - msgspec reads the annotations
from typing import TYPE_CHECKING

import msgspec

from engine.runtime.bulk import start_all
from engine.runtime.child_spec import ChildSpec  # noqa: TC001 - msgspec reads the annotations
from engine.runtime.errors import SpecError, StartError, UnknownPathError
from engine.runtime.handlers import handles
from engine.runtime.reply import Refused
from engine.runtime.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.runtime.cell import Cell
    from engine.runtime.ref import ActorRef


class StartChild(msgspec.Struct, frozen=True):
    """Plant one child; the answer is its ref. Refused with SpecError or StartError."""

    spec: ChildSpec


class StartChildren(msgspec.Struct, frozen=True):
    """Plant many, in order, all or none; the answer is the list of their refs."""

    specs: Sequence[ChildSpec]


class StopChild(msgspec.Struct, frozen=True):
    """Stop one child and give up its place. Refused with UnknownPathError."""

    name: str


class StopChildren(msgspec.Struct, frozen=True):
    """Stop many, the last named first, and give up their places. All names must be known."""

    names: Sequence[str]


class DynamicSupervisor(Supervisor):
    """Starts empty, also when it is restarted. A child that ends for good gives up its place."""

    def __init__(self, *, intensity: int = 3, period_s: float = 60.0) -> None:
        super().__init__(intensity=intensity, period_s=period_s)

    @handles(StartChild)
    async def on_start_child(self, message: StartChild) -> ActorRef | Refused:
        refs = await self._start_children((message.spec,))
        return refs if isinstance(refs, Refused) else refs[0]

    @handles(StartChildren)
    async def on_start_children(self, message: StartChildren) -> list[ActorRef] | Refused:
        return await self._start_children(message.specs)

    @handles(StopChild)
    async def on_stop_child(self, message: StopChild) -> Refused | None:
        return await self._stop_children((message.name,))

    @handles(StopChildren)
    async def on_stop_children(self, message: StopChildren) -> Refused | None:
        return await self._stop_children(message.names)

    async def _start_children(self, specs: Sequence[ChildSpec]) -> list[ActorRef] | Refused:
        names = [spec.name for spec in specs]
        taken = [name for name in names if name in self._cells]
        if taken or len(set(names)) < len(names):
            return Refused(SpecError(f"{self.path}: names are unique among siblings, {taken or names} are not."))
        cells: list[Cell] = []
        try:
            await start_all(self._plant_each(specs, cells))
        except StartError as error:
            await self._uproot(cells)
            return Refused(error)
        return [cell.ref for cell in cells]

    def _plant_each(self, specs: Sequence[ChildSpec], cells: list[Cell]) -> Iterator[Cell]:
        for spec in specs:
            cells.append(self._plant(spec))
            yield cells[-1]

    async def _stop_children(self, names: Sequence[str]) -> Refused | None:
        unknown = [name for name in names if name not in self._cells]
        if unknown:
            return Refused(UnknownPathError(f"{self.path} has no {', '.join(unknown)}."))
        await self._uproot([self._cells[name] for name in dict.fromkeys(names)])
        return None

    def _dismiss(self, cell: Cell) -> None:
        self._give_up(cell)
