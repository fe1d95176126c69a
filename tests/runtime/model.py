"""What supervision means, in a few lines: the reference the kernel is compared with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.runtime import Restart, Strategy

if TYPE_CHECKING:
    from collections.abc import Iterator

PERIOD_S = 10.0


@dataclass
class Node:
    """One place; a branch if it has a strategy."""

    name: str
    restart: Restart
    is_task: bool = False
    strategy: Strategy | None = None
    intensity: int = 0
    children: list[Node] = field(default_factory=list)
    parent: Node | None = None
    is_alive: bool = False
    is_held: bool = False
    times: list[float] = field(default_factory=list)
    handled: int = 0
    dead: int = 0

    @property
    def path(self) -> str:
        return f"{self.parent.path if self.parent else ''}/{self.name}"

    def all(self) -> Iterator[Node]:
        yield self
        for child in self.children:
            yield from child.all()


class Model:
    """A tree of nodes and the events its leaves would log."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.now = 0.0
        self.events: list[str] = []
        self.start(root)

    def start(self, node: Node) -> None:
        node.is_alive, node.is_held = True, False
        node.times.clear()
        if node.strategy is None:
            self.events.append(f"start {node.path}")
        for child in node.children:
            self.start(child)

    def stop(self, node: Node) -> None:
        for child in reversed(node.children):
            self.stop(child)
        if node.is_alive and node.strategy is None:
            self.events.append(f"stop {node.path}")
        node.is_alive = False

    def crash(self, leaf: Node) -> None:
        self.events.append(f"fail {leaf.path}")
        leaf.is_alive = False
        self._ended(leaf, crashed=True)

    def quit(self, leaf: Node) -> None:
        self.stop(leaf)
        self._ended(leaf, crashed=False)

    def stop_by_hand(self, node: Node) -> None:
        self.stop(node)
        node.is_held = True

    def restart_by_hand(self, node: Node) -> None:
        self.stop(node)
        self.start(node)

    def tell(self, node: Node) -> None:
        if node.is_alive and node.strategy is None:
            node.handled += 1
        else:
            node.dead += 1

    def _ended(self, node: Node, *, crashed: bool) -> None:
        supervisor = node.parent
        wanted = node.restart is Restart.PERMANENT or (node.restart is Restart.TRANSIENT and crashed)
        if supervisor is None or supervisor.strategy is None or not wanted:
            return
        supervisor.times = [time for time in [*supervisor.times, self.now] if self.now - time <= PERIOD_S]
        if len(supervisor.times) > supervisor.intensity:
            self.stop(supervisor)
            self._ended(supervisor, crashed=True)
            return
        group = supervisor.strategy.group(supervisor.children, node)
        for member in reversed(group):
            self.stop(member)
        for member in group:
            if member.restart is not Restart.TEMPORARY and not member.is_held:
                self.start(member)
