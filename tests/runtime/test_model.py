"""Random trees and random fates, compared with the reference model step by step."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

import pykka
import structlog
from anyio.from_thread import start_blocking_portal
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from trio.testing import MockClock, wait_all_tasks_blocked

from engine.runtime import Actor, ActorSystem, ChildSpec, Restart, Strategy, Supervisor
from tests.runtime.model import PERIOD_S, Model, Node
from tests.runtime.parts import AT_ONCE, Clerk, Crash, Log, Note, Quit, TaskClerk

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = "abc"
LEAVES = st.builds(partial(Node, ""), st.sampled_from(Restart), is_task=st.booleans())


def branches(below: st.SearchStrategy[Node], name: str = "") -> st.SearchStrategy[Node]:
    return st.builds(
        partial(Node, name),
        st.sampled_from(Restart),
        strategy=st.sampled_from(Strategy),
        intensity=st.integers(0, 3),
        children=st.lists(below, min_size=1, max_size=3),
    )


TREES = branches(LEAVES | branches(LEAVES | branches(LEAVES)), "root")


def adopt(node: Node) -> Node:
    """Give the children names and their parent."""
    for name, child in zip(NAMES, node.children, strict=False):
        child.name, child.parent = name, node
        adopt(child)
    return node


def spec(node: Node, log: Log) -> ChildSpec:
    return ChildSpec(node.name, partial(actor, node, log), restart=node.restart, backoff=AT_ONCE)


def actor(node: Node, log: Log) -> Actor:
    if node.strategy is None:
        return TaskClerk(log) if node.is_task else Clerk(log)
    children = [spec(child, log) for child in node.children]
    return Supervisor(children, strategy=node.strategy, intensity=node.intensity, period_s=PERIOD_S)


class Supervision(RuleBasedStateMachine):
    """The kernel in a thread of its own with a clock that only we move, the model beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.stack.enter_context(structlog.testing.capture_logs())
        self.clock = MockClock()
        self.portal = self.stack.enter_context(start_blocking_portal("trio", {"clock": self.clock}))
        self.system = ActorSystem("test", jitter=lambda: 0.0)
        self.stack.enter_context(self.portal.wrap_async_context_manager(self.system))
        self.log = Log()

    @initialize(root=TREES)
    def plant(self, root: Node) -> None:
        self.model = Model(adopt(root))
        self.portal.call(self.system.start, spec(root, self.log))

    def teardown(self) -> None:
        self.stack.close()
        assert pykka.ActorRegistry.get_all() == []

    def do(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.portal.call(function, *arguments)
        self.portal.call(wait_all_tasks_blocked)

    def tell(self, node: Node, message: Any) -> None:
        self.do(self.system.ref(node.path).tell, message)
        self.model.tell(node)

    def one(self, data: st.DataObject, wanted: Callable[[Node], bool]) -> Node | None:
        nodes = [node for node in self.model.root.all() if wanted(node)]
        return data.draw(st.sampled_from(nodes), "node") if nodes else None

    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        leaf = self.one(data, lambda node: node.strategy is None and node.is_alive)
        if leaf:
            self.tell(leaf, Crash())
            self.model.crash(leaf)

    @rule(data=st.data())
    def quit(self, data: st.DataObject) -> None:
        leaf = self.one(data, lambda node: node.strategy is None and node.is_alive)
        if leaf:
            self.tell(leaf, Quit())
            self.model.quit(leaf)

    @rule(data=st.data())
    def write(self, data: st.DataObject) -> None:
        node = self.one(data, lambda _: True)
        if node:
            self.tell(node, Note("hello"))

    @rule(data=st.data())
    def stop_by_hand(self, data: st.DataObject) -> None:
        node = self.one(data, lambda node: node.parent is not None and node.parent.is_alive)
        if node:
            self.do(self.system.stop_actor, node.path)
            self.model.stop_by_hand(node)

    @rule(data=st.data())
    def restart_by_hand(self, data: st.DataObject) -> None:
        node = self.one(data, lambda node: node.parent is not None and node.parent.is_alive)
        if node:
            self.do(self.system.restart, node.path)
            self.model.restart_by_hand(node)

    @rule(seconds=st.floats(0.5, PERIOD_S * 1.5))
    def wait(self, seconds: float) -> None:
        self.do(self.clock.jump, seconds)
        self.model.now += seconds

    @precondition(lambda self: hasattr(self, "model"))
    @invariant()
    def the_same_happened_in_the_same_order(self) -> None:
        assert self.log.events == self.model.events

    @precondition(lambda self: hasattr(self, "model"))
    @invariant()
    def the_same_places_are_filled(self) -> None:
        alive = {node.path for node in self.model.root.all() if node.is_alive}
        assert {node.path for node in self.model.root.all() if self.system.ref(node.path).is_alive()} == alive
        assert sorted(ref.actor_urn for ref in pykka.ActorRegistry.get_all()) == sorted(alive)

    @precondition(lambda self: hasattr(self, "model"))
    @invariant()
    def every_message_is_accounted_for(self) -> None:
        assert self.system.dead_letters.count == sum(node.dead for node in self.model.root.all())


Supervision.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
test_random_trees_fare_as_the_model_says = Supervision.TestCase
