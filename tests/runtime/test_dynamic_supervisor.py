"""Children that come and go."""

from __future__ import annotations

import gc
from contextlib import suppress
from functools import partial
from time import thread_time
from typing import TYPE_CHECKING, Any

import anyio
import pykka
import pytest

from engine.runtime import (
    Actor,
    ActorSystem,
    ChildSpec,
    DynamicSupervisor,
    KernelError,
    Restart,
    SpecError,
    StartChild,
    StartChildren,
    StartError,
    StopChild,
    StopChildren,
    UnknownPathError,
)
from tests.runtime.parts import AT_ONCE, CLERKS, Clerk, Crash, Log, Note, Quit, TaskClerk, Tree, until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("kind", CLERKS)
async def test_a_child_is_planted_and_stopped_on_demand(tree: Tree, kind: type[Actor]) -> None:
    ref = await tree.root.ask(StartChild(ChildSpec("a", kind)), timeout_s=5)
    assert await ref.ask(Note("hello"), timeout_s=5) == 1
    await tree.root.ask(StopChild("a"), timeout_s=5)

    assert not ref.is_alive()
    assert tree.system.snapshot("/root").children == ()


async def test_a_name_is_taken_until_its_child_has_gone(tree: Tree) -> None:
    await tree.plant("a", Clerk)
    with pytest.raises(SpecError, match="unique"):
        await tree.plant("a", Clerk)
    await tree.root.ask(StopChild("a"), timeout_s=5)
    await tree.plant("a", Clerk)


async def test_stopping_an_unknown_child_is_refused(tree: Tree) -> None:
    with pytest.raises(UnknownPathError, match="nobody"):
        await tree.root.ask(StopChild("nobody"), timeout_s=5)
    assert tree.root.is_alive()


class Broken(Clerk):
    def on_start(self) -> None:
        raise OSError("broken")


async def test_a_child_that_does_not_start_is_refused_and_leaves_no_trace(tree: Tree) -> None:
    with pytest.raises(StartError, match="broken"):
        await tree.plant("a", Broken)

    assert tree.root.is_alive()
    assert tree.system.snapshot("/root").children == ()
    await tree.plant("a", Clerk)


async def test_many_children_are_planted_all_or_none(tree: Tree) -> None:
    events = Log()
    specs = [ChildSpec(f"c{number}", partial(Clerk, events)) for number in range(3)]
    with pytest.raises(StartError):
        await tree.root.ask(StartChildren([*specs, ChildSpec("bad", Broken)]), timeout_s=5)
    assert tree.system.snapshot("/root").children == ()
    assert events.events[3:] == ["stop /root/c2", "stop /root/c1", "stop /root/c0"]

    refs = await tree.root.ask(StartChildren(specs), timeout_s=5)
    assert [ref.path for ref in refs] == ["/root/c0", "/root/c1", "/root/c2"]


async def test_a_crashed_child_is_restarted_and_a_finished_one_gives_up_its_place(tree: Tree) -> None:
    ref = await tree.plant("a", Clerk, restart=Restart.TRANSIENT, backoff=AT_ONCE)
    ref.tell(Crash())
    await until(lambda: tree.system.snapshot("/root/a").restarts == 1)
    ref.tell(Quit())
    await until(lambda: tree.system.snapshot("/root").children == ())


async def test_children_stop_in_reverse(tree: Tree) -> None:
    events = Log()
    await tree.root.ask(
        StartChildren([ChildSpec(name, partial(kind, events)) for name, kind in zip("abcd", CLERKS * 2, strict=True)]),
        timeout_s=5,
    )
    await tree.root.ask(StopChildren(["a", "c"]), timeout_s=5)
    await tree.system.stop()

    assert events.events[4:] == [f"stop /root/{name}" for name in "cadb"]


async def test_a_restarted_dynamic_supervisor_starts_empty(log: Any) -> None:
    async with ActorSystem("test", jitter=lambda: 0.0) as system:
        spec = ChildSpec("pool", partial(DynamicSupervisor, intensity=0), backoff=AT_ONCE)
        await system.start(ChildSpec("root", DynamicSupervisor))
        pool = await system.ref("/root").ask(StartChild(spec), timeout_s=5)
        child = await pool.ask(StartChild(ChildSpec("a", Clerk)), timeout_s=5)
        child.tell(Crash())
        await until(lambda: system.snapshot("/root/pool").restarts == 1)
        assert system.snapshot("/root/pool").children == ()


async def test_two_who_stop_the_same_child_do_no_harm(tree: Tree) -> None:
    ref = await tree.plant("a", TaskClerk)
    async with anyio.create_task_group() as group:
        group.start_soon(ref.stop)
        group.start_soon(tree.system.stop_actor, "/root/a")
        group.start_soon(ref.stop)
    assert tree.root.is_alive()
    assert tree.system.snapshot("/root").restarts == 0


async def test_naming_a_child_twice_stops_it_once(tree: Tree) -> None:
    await tree.plant("a", Clerk)
    await tree.root.ask(StopChildren(["a", "a"]), timeout_s=5)
    assert tree.system.snapshot("/root").children == ()


@pytest.mark.parametrize("kind", CLERKS)
async def test_a_child_that_crashes_while_it_is_stopped_is_just_gone(tree: Tree, kind: type[Actor]) -> None:
    for round_ in range(20):
        ref = await tree.plant("a", kind)
        ref.tell(Crash())
        for _ in range(round_ % 5):
            await anyio.sleep(0)
        with suppress(UnknownPathError):
            await tree.root.ask(StopChild("a"), timeout_s=5)
        await until(lambda: not tree.system.snapshot("/root").children)
    assert tree.root.is_alive()
    assert tree.system.snapshot("/root").restarts == 0


async def test_a_child_that_was_given_up_can_not_be_restarted(tree: Tree) -> None:
    ref = await tree.plant("a", TaskClerk)
    errors: list[Exception] = []

    async def restart() -> None:
        try:
            await tree.system.restart("/root/a")
        except KernelError as error:
            errors.append(error)

    async with anyio.create_task_group() as group:
        group.start_soon(ref.stop)
        await anyio.lowlevel.checkpoint()
        group.start_soon(restart)
    if errors:
        assert isinstance(errors[0], UnknownPathError)
        assert not ref.is_alive()


COUNT = 5_000
BEARABLE_S = 0.05


@pytest.fixture
def no_garbage_collection() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_garbage_collection")
@pytest.mark.parametrize("many", [COUNT])
async def test_thousands_start_and_stop_without_holding_the_loop(many: int, log: Any) -> None:
    """In CPU time and without the garbage collector: neither a busy machine nor the test run's own heap count."""
    async with ActorSystem("test") as system:
        root = await system.start(ChildSpec("root", DynamicSupervisor))
        holds: list[float] = []

        async def meter() -> None:
            while True:
                began = thread_time()
                await anyio.lowlevel.checkpoint()
                holds.append(thread_time() - began)

        async with anyio.create_task_group() as group:
            group.start_soon(meter)
            began = thread_time()
            specs = [ChildSpec(f"i{number}", Clerk) for number in range(many)]
            refs = await root.ask(StartChildren(specs), timeout_s=60)
            assert len(pykka.ActorRegistry.get_all()) == many + 1
            started = thread_time()
            await root.ask(StopChildren([spec.name for spec in specs]), timeout_s=60)
            stopped = thread_time()
            group.cancel_scope.cancel()

        assert not any(ref.is_alive() for ref in refs)
        assert len(pykka.ActorRegistry.get_all()) == 1
        assert started - began < 1
        assert stopped - started < 1
        assert max(holds) < BEARABLE_S


async def test_thousands_that_end_by_themselves_are_gone_soon(log: Any) -> None:
    async with ActorSystem("test") as system:
        root = await system.start(ChildSpec("root", DynamicSupervisor))
        specs = [ChildSpec(f"i{n}", Clerk, restart=Restart.TEMPORARY) for n in range(5_000)]
        refs = await root.ask(StartChildren(specs), timeout_s=60)
        began = thread_time()
        for ref in refs:
            ref.tell(Quit())
        await system.caught_up(1)
        await until(lambda: not system.snapshot("/root").children)
        assert len(pykka.ActorRegistry.get_all()) == 1
        assert thread_time() - began < 1


async def test_thousands_below_a_root_stop_with_it(log: Any) -> None:
    async with ActorSystem("test") as system:
        root = await system.start(ChildSpec("root", DynamicSupervisor))
        await root.ask(StartChildren([ChildSpec(f"i{n}", Clerk) for n in range(2_000)]), timeout_s=60)
        await root.ask(StartChildren([ChildSpec(f"t{n}", TaskClerk) for n in range(50)]), timeout_s=60)
    assert pykka.ActorRegistry.get_all() == []
