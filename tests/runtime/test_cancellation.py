"""Cancelled at any moment, a system leaves no actor alive and no question unanswered."""

from __future__ import annotations

from functools import partial
from typing import Any

import anyio
import pykka
import pytest

from engine.runtime import (
    REST_FOR_ONE,
    ActorDeadError,
    ActorRef,
    ActorSystem,
    ChildSpec,
    DynamicSupervisor,
    StartChild,
    Supervisor,
)
from tests.runtime.parts import AT_ONCE, Clerk, Crash, Log, Note, TaskClerk, Wait, settle, until

pytestmark = pytest.mark.anyio

MOMENTS = range(0, 90, 3)


class Slow(TaskClerk):
    async def on_start(self) -> None:
        for _ in range(3):
            await anyio.lowlevel.checkpoint()
        self.spawn(anyio.sleep_forever)


def tree() -> ChildSpec:
    def branch() -> Supervisor:
        children = [ChildSpec("x", Slow, backoff=AT_ONCE), ChildSpec("y", Clerk, backoff=AT_ONCE)]
        return Supervisor(children, strategy=REST_FOR_ONE, intensity=100)

    return ChildSpec(
        "root",
        partial(
            Supervisor,
            [
                ChildSpec("a", TaskClerk, shutdown_s=0.05),
                ChildSpec("branch", branch),
                ChildSpec("pool", DynamicSupervisor),
            ],
        ),
    )


async def live(systems: list[ActorSystem]) -> None:
    """A life with everything in it: starts, asks, crashes, restarts, stops."""
    async with ActorSystem("test") as system:
        systems.append(system)
        await system.start(tree())
        await system.ref("/root/pool").ask(StartChild(ChildSpec("z", Slow)), timeout_s=1e6)
        system.ref("/root/branch/x").tell(Crash())
        await system.ref("/root/a").ask(Note("hello"), timeout_s=1e6)
        await system.restart("/root/a")
        await system.pause("/root/pool/z")
        await system.stop_actor("/root/pool/z")
        await system.ref("/root/a").ask(Wait(anyio.Event()), timeout_s=1e6)


async def pester(systems: list[ActorSystem], outcomes: list[Any]) -> None:
    """Questions from outside, which nobody cancels."""
    await until(lambda: systems)
    async with anyio.create_task_group() as group:
        for path in ("/root/a", "/root/branch/x", "/root/branch/y", "/root/pool/z", "/root/pool"):
            group.start_soon(ask, systems[0].ref(path), outcomes)


async def ask(ref: ActorRef, outcomes: list[Any]) -> None:
    for _ in range(20):
        try:
            outcomes.append(await ref.ask(Note("?"), timeout_s=1e6))
        except ActorDeadError as error:
            outcomes.append(error)
        await anyio.sleep(0)


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_system_cancelled_at_any_moment_leaves_nobody_behind(moment: int, log: Any) -> None:
    systems: list[ActorSystem] = []
    outcomes: list[Any] = []

    async def cancelled_life() -> None:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(live, systems)
                for _ in range(moment):
                    await anyio.sleep(0)
                scope.cancel()

    with anyio.fail_after(100):
        async with anyio.create_task_group() as group:
            group.start_soon(cancelled_life)
            if moment:
                await until(lambda: systems)
                group.start_soon(pester, systems, outcomes)

    assert pykka.ActorRegistry.get_all() == []
    assert len(outcomes) == (100 if moment else 0)


@pytest.mark.parametrize("moment", range(12))
async def test_a_stop_that_is_cancelled_still_ends_the_tree(moment: int, log: Any) -> None:
    events = Log()
    async with ActorSystem("test") as system:
        await system.start(
            ChildSpec("root", partial(Supervisor, [ChildSpec(name, partial(TaskClerk, events)) for name in "abc"]))
        )
        async with anyio.create_task_group() as group:
            group.start_soon(system.stop)
            for _ in range(moment):
                await anyio.sleep(0)
            group.cancel_scope.cancel()

    assert events.events[3:] == [f"stop /root/{name}" for name in "cba"]
    assert pykka.ActorRegistry.get_all() == []


@pytest.mark.parametrize("moment", range(8))
async def test_a_cancelled_plant_leaves_a_whole_child_or_none(moment: int, log: Any) -> None:
    async with ActorSystem("test") as system:
        pool = await system.start(ChildSpec("pool", DynamicSupervisor))
        async with anyio.create_task_group() as group:
            group.start_soon(partial(pool.ask, StartChild(ChildSpec("z", Slow)), timeout_s=1e6))
            for _ in range(moment):
                await anyio.sleep(0)
            group.cancel_scope.cancel()
        await settle()
        states = [str(child.state) for child in system.snapshot().children]
        assert states in ([], ["running"])


@pytest.mark.parametrize("moment", range(10))
async def test_a_cancelled_restart_by_hand_is_carried_out_all_the_same(moment: int, log: Any) -> None:
    async with ActorSystem("test") as system:
        await system.start(ChildSpec("root", partial(Supervisor, [ChildSpec("a", Slow)])))
        async with anyio.create_task_group() as group:
            group.start_soon(system.restart, "/root/a")
            for _ in range(moment):
                await anyio.sleep(0)
            group.cancel_scope.cancel()
        await settle()
        assert system.ref("/root/a").is_alive()
        assert system.snapshot("/root/a").restarts <= 1


async def test_a_keyboard_interrupt_in_a_handler_is_not_swallowed(log: Any, anyio_backend_name: str) -> None:
    if anyio_backend_name == "asyncio":
        pytest.skip("asyncio hands it to the loop itself, past every task")
    events = Log()

    async def stubborn() -> None:
        async with ActorSystem("test") as system:
            await system.start(
                ChildSpec("root", partial(Supervisor, [ChildSpec(name, partial(Clerk, events)) for name in "ab"]))
            )
            system.ref("/root/a").tell(Crash(KeyboardInterrupt()))
            await anyio.sleep_forever()

    with pytest.raises(BaseExceptionGroup) as caught:
        await stubborn()
    assert caught.group_contains(KeyboardInterrupt)
    assert events.events[-1] == "stop /root/b"
    assert pykka.ActorRegistry.get_all() == []
