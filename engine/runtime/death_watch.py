"""Death watch: who wants to hear of whose end, kept at both ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.runtime.terminated import Terminated

if TYPE_CHECKING:
    from engine.runtime.cell import Cell


class DeathWatch:
    """The watches of one cell's present incarnation; made when the first is needed."""

    __slots__ = ("watched", "watchers")

    def __init__(self) -> None:
        self.watchers: set[Cell] = set()
        self.watched: set[Cell] = set()


def watch(watcher: Cell, other: Cell) -> None:
    """Let one cell hear of the other's next end, once."""
    _of(watcher).watched.add(other)
    _of(other).watchers.add(watcher)


def conclude(cell: Cell, reason: str) -> None:
    """The cell's actor ended: its watchers hear of it, and nobody has to tell it anything any more."""
    watches, cell.death_watch = cell.death_watch, None
    if watches is None:
        return
    for other in watches.watched:
        _of(other).watchers.discard(cell)
    for watcher in watches.watchers:
        _of(watcher).watched.discard(cell)
        watcher.mailbox.urge(Terminated(cell.ref.path, reason))


def _of(cell: Cell) -> DeathWatch:
    if cell.death_watch is None:
        cell.death_watch = DeathWatch()
    return cell.death_watch
