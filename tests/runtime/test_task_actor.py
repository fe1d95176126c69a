"""Actors with a task of their own: one message at a time, background tasks, and an end within bounds."""

from __future__ import annotations

from functools import partial
from typing import Any

import anyio
import pytest

from engine.runtime import ActorDeadError, ActorRef, Restart, StartError, State, TaskActor, handles
from tests.runtime.parts import AT_ONCE, Crash, Log, Note, Quit, TaskClerk, Tree, Wait, outcomes, settle, until

pytestmark = pytest.mark.anyio


async def stop_soon(ref: ActorRef) -> None:
    """After those that start at the same time have asked."""
    await settle()
    await ref.stop()


class Overlap(TaskActor):
    """Notices when two handlers run at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = 0
        self.most = 0

    @handles(Note)
    async def on_note(self, _: Note) -> int:
        self.inside += 1
        self.most = max(self.most, self.inside)
        await anyio.sleep(0)
        self.inside -= 1
        return self.most


async def test_messages_are_handled_one_at_a_time(tree: Tree) -> None:
    ref = await tree.plant("overlap", Overlap)

    assert await outcomes([partial(ref.ask, Note(number), timeout_s=5) for number in range(10)]) == [1] * 10


class Worker(TaskClerk):
    """With a background task."""

    def __init__(self, log: Log, work: Any) -> None:
        super().__init__(log)
        self.work = work

    async def on_start(self) -> None:
        self.spawn(self._run, self.work)

    async def _run(self, work: Any) -> None:
        try:
            await work()
        finally:
            self.log("work ended")


async def test_background_tasks_are_cancelled_after_on_stop(tree: Tree) -> None:
    events = Log()
    ref = await tree.plant("worker", partial(Worker, events, anyio.sleep_forever))
    await settle()
    await ref.stop()

    assert events.events == ["stop /root/worker", "work ended"]


async def test_a_background_task_that_returns_changes_nothing(tree: Tree) -> None:
    events = Log()
    ref = await tree.plant("worker", partial(Worker, events, partial(anyio.sleep, 0)))
    await until(lambda: events.events == ["work ended"])

    assert await ref.ask(Note("still here"), timeout_s=5) == 1


async def test_a_background_task_that_fails_crashes_the_actor(tree: Tree, log: Any) -> None:
    events = Log()

    async def work() -> None:
        await anyio.sleep(0.01)
        raise OSError("line cut")

    ref = await tree.plant("worker", partial(Worker, events, work), restart=Restart.PERMANENT, backoff=AT_ONCE)
    await until(lambda: tree.system.snapshot("/root/worker").restarts == 1)

    assert ref.is_alive()
    assert events.events == ["work ended", "fail /root/worker"]
    [entry] = [entry for entry in log if entry["event"] == "actor_crashed"]
    assert (entry["message_type"], entry["error"]) == ("Worker._run", "OSError: line cut")


async def test_a_failing_background_task_interrupts_the_handler_and_answers_its_asker(tree: Tree) -> None:
    go = anyio.Event()

    async def work() -> None:
        await go.wait()
        raise OSError("line cut")

    ref = await tree.plant("worker", partial(Worker, Log(), work))

    async def trip() -> None:
        await settle()
        go.set()

    results = await outcomes([partial(ref.ask, Wait(anyio.Event()), timeout_s=100), trip])
    assert isinstance(results[0], ActorDeadError)
    assert not ref.is_alive()


async def test_a_stop_waits_for_the_current_handler(tree: Tree) -> None:
    events = Log()
    ref = await tree.plant("clerk", partial(TaskClerk, events))
    gate = anyio.Event()

    async def open_late() -> None:
        await settle()
        await settle()
        events("opens")
        gate.set()

    results = await outcomes([partial(ref.ask, Wait(gate), timeout_s=50), partial(stop_soon, ref), open_late])
    assert results[0] == "waited"
    assert events.events == ["start /root/clerk", "opens", "stop /root/clerk"]


async def test_a_handler_that_outlasts_the_budget_is_cut_and_its_asker_told(
    tree: Tree, second: float, log: Any
) -> None:
    events = Log()
    ref = await tree.plant("clerk", partial(TaskClerk, events), shutdown_s=2 * second)
    began = anyio.current_time()
    results = await outcomes([partial(ref.ask, Wait(anyio.Event()), timeout_s=1_000), partial(stop_soon, ref)])

    assert isinstance(results[0], ActorDeadError)
    assert 1.9 < (anyio.current_time() - began) / second < 4
    assert [entry["path"] for entry in log if entry["event"] == "actor_cut"] == ["/root/clerk"]
    assert events.events == ["start /root/clerk"]
    assert not ref.is_alive()


async def test_a_budget_of_nothing_cuts_at_once(tree: Tree) -> None:
    ref = await tree.plant("clerk", TaskClerk, shutdown_s=0)
    ref.tell(Wait(anyio.Event()))
    await settle()
    await ref.stop()
    assert not ref.is_alive()


async def test_a_start_that_is_interrupted_is_no_stop(tree: Tree) -> None:
    events = Log()

    class Endless(TaskClerk):
        async def on_start(self) -> None:
            self.log("begin")
            await anyio.sleep_forever()

    async with anyio.create_task_group() as group:
        group.start_soon(partial(outcomes, [partial(tree.plant, "endless", partial(Endless, events))]))
        await until(lambda: events.events == ["begin"])
        assert tree.state("/root/endless") is State.STARTING
        await tree.system.stop()
        group.cancel_scope.cancel()

    assert events.events == ["begin", "fail /root/endless"]


async def test_mail_that_arrives_during_the_start_is_handled_after_it(tree: Tree) -> None:
    paper: list[Any] = []

    class Late(TaskClerk):
        async def on_start(self) -> None:
            await anyio.sleep(0.01)
            self.paper.append("ready")

    ref = tree.system.ref("/root/late")
    async with anyio.create_task_group() as group:
        group.start_soon(partial(tree.plant, "late", partial(Late, paper=paper)))
        await until(ref.is_alive)
        ref.tell(Note("early mail"))
    await until(lambda: len(paper) == 2)

    assert paper == ["ready", "early mail"]


async def test_a_background_task_that_fails_during_the_start_fails_the_start(tree: Tree) -> None:
    async def work() -> None:
        raise OSError("no line")

    class Linked(Worker):
        async def on_start(self) -> None:
            await super().on_start()
            await anyio.sleep_forever()

    with pytest.raises(StartError, match="no line"):
        await tree.plant("linked", partial(Linked, Log(), work))


async def test_on_start_can_be_followed_by_an_end_of_its_own(tree: Tree) -> None:
    class Brief(TaskClerk):
        async def on_start(self) -> None:
            self.stop()

    events = Log()
    ref = await tree.plant("brief", partial(Brief, events))
    await until(lambda: not ref.is_alive())
    assert events.events == ["stop /root/brief"]


async def test_a_failing_on_stop_is_reported_and_the_actor_is_dead(tree: Tree, log: Any) -> None:
    class Messy(TaskClerk):
        async def on_stop(self) -> None:
            raise OSError("can not close")

    ref = await tree.plant("messy", Messy)
    await ref.stop()

    assert not ref.is_alive()
    assert [entry["message_type"] for entry in log if entry["event"] == "actor_crashed"] == ["on_stop"]


@pytest.mark.parametrize(("message", "hook"), [(Crash(), "on_failure"), (Quit(), "on_stop")])
async def test_an_end_nobody_asked_for_has_the_same_budget(
    tree: Tree, second: float, log: Any, message: Any, hook: str
) -> None:
    async def linger(*_: Any) -> None:
        await anyio.sleep_forever()

    lingering = type("Lingering", (TaskClerk,), {hook: linger})
    ref = await tree.plant("lingering", lingering, shutdown_s=second)
    ref.tell(message)
    await until(lambda: not ref.is_alive())
    assert [entry["path"] for entry in log if entry["event"] == "actor_cut"] == ["/root/lingering"]


async def test_the_exception_of_a_handler_reaches_on_failure(tree: Tree) -> None:
    seen: list[Any] = []

    class Patient(TaskClerk):
        async def on_failure(self, exception_type: Any, exception_value: Any, traceback: Any) -> None:
            seen.append((exception_type, str(exception_value), traceback is not None))

    ref = await tree.plant("patient", Patient)
    ref.tell(Crash())
    await until(lambda: not ref.is_alive())
    assert seen == [(ValueError, "boom", True)]


async def test_quitting_inside_a_handler_lets_its_answer_out_first(tree: Tree) -> None:
    ref = await tree.plant("clerk", TaskClerk)
    assert await ref.ask(Quit(), timeout_s=5) is None
    await until(lambda: not ref.is_alive())
