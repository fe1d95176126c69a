"""The system as a whole: joining, paths, snapshots, dead letters, and the block it lives in."""

from __future__ import annotations

from functools import partial
from typing import Any

import anyio
import msgspec
import pytest

from engine.runtime import (
    ActorSystem,
    ChildSpec,
    EscalationError,
    LoopClock,
    StartError,
    State,
    Supervisor,
    UnknownPathError,
    WrongStateError,
)
from tests.runtime.parts import AT_ONCE, Clerk, Crash, Log, Note, Quit, TaskClerk, Tree, until

pytestmark = pytest.mark.anyio


def branch(*names: str) -> Supervisor:
    return Supervisor([ChildSpec(name, Clerk, backoff=AT_ONCE) for name in names])


def root(**branches: tuple[str, ...]) -> ChildSpec:
    specs = [ChildSpec(name, partial(branch, *leaves)) for name, leaves in branches.items()]
    return ChildSpec("root", partial(Supervisor, specs))


async def test_the_whole_tree_is_one_snapshot(log: Any) -> None:
    async with ActorSystem("test") as system:
        await system.start(root(one=("a", "b"), two=("c",)))
        snapshot = system.snapshot()

        paths = [snapshot.path, *(child.path for child in snapshot.children)]
        assert paths == ["/root", "/root/one", "/root/two"]
        assert [leaf.path for leaf in snapshot.children[0].children] == ["/root/one/a", "/root/one/b"]
        assert {child.kind for child in snapshot.children} == {"Supervisor"}
        assert snapshot.children[1].children[0].state == "running"
        assert system.snapshot("/root").children[1].path == "/root/two"
        assert msgspec.json.encode(snapshot)


async def test_a_snapshot_can_be_kept_shallow(log: Any) -> None:
    async with ActorSystem("test") as system:
        await system.start(root(one=("a", "b")))
        snapshot = system.snapshot(depth=1)
        assert [child.children for child in snapshot.children] == [()]


async def test_a_snapshot_tells_errors_restarts_and_uptime(log: Any, second: float) -> None:
    async with ActorSystem("test") as system:
        await system.start(root(one=("a",)))
        system.ref("/root/one/a").tell(Crash())
        await until(lambda: system.snapshot("/root/one/a").restarts == 1)
        await anyio.sleep(5 * second)
        snapshot = system.snapshot("/root/one/a")

        assert snapshot.last_error == "ValueError: boom"
        assert snapshot.uptime_s / second == pytest.approx(5, rel=0.5)
        assert snapshot.mailbox.processed == 1


async def test_unknown_paths_are_named(log: Any) -> None:
    async with ActorSystem("test") as system:
        with pytest.raises(UnknownPathError):
            system.snapshot()
        await system.start(root(one=("a",)))
        for path in ("/root/none", "/root/one/a/below", "/other"):
            with pytest.raises(UnknownPathError, match=path):
                system.snapshot(path)


async def test_join_waits_for_the_end_of_the_root(log: Any) -> None:
    async with ActorSystem("test") as system:
        await system.start(root(one=("a",)))
        with anyio.move_on_after(0.05) as scope:
            await system.join()
        assert scope.cancelled_caught
        async with anyio.create_task_group() as group:
            group.start_soon(system.join)
            group.start_soon(system.stop)
        assert not system.ref("/root").is_alive()


async def test_a_root_that_ends_by_itself_ends_the_join(log: Any) -> None:
    async with ActorSystem("test") as system:
        ref = await system.start(ChildSpec("solo", TaskClerk))
        ref.tell(Quit())
        await system.join()
        assert system.snapshot().state is State.DEAD


async def test_a_root_that_crashes_ends_the_join_with_its_error(log: Any) -> None:
    async with ActorSystem("test") as system:
        ref = await system.start(ChildSpec("solo", Clerk))
        ref.tell(Crash())
        with pytest.raises(EscalationError, match="boom") as caught:
            await system.join()
        assert isinstance(caught.value.__cause__, ValueError)


async def test_there_is_one_root(log: Any) -> None:
    async with ActorSystem("test") as system:
        await system.start(root())
        with pytest.raises(WrongStateError, match="/root"):
            await system.start(root())


async def test_stopping_twice_or_before_the_start_does_no_harm(log: Any) -> None:
    async with ActorSystem("test") as system:
        await system.stop()
    async with ActorSystem("test") as system:
        ref = await system.start(root(one=("a",)))
        async with anyio.create_task_group() as group:
            group.start_soon(system.stop)
            group.start_soon(system.stop)
        await system.stop()
        assert not ref.is_alive()


async def test_the_root_can_be_stopped_through_its_ref(log: Any) -> None:
    events = Log()
    async with ActorSystem("test") as system:
        ref = await system.start(ChildSpec("solo", partial(TaskClerk, events)))
        await ref.stop()
        await system.join()
    assert events.events == ["start /solo", "stop /solo"]


async def test_an_error_of_the_block_leaves_it_as_it_is_and_the_tree_is_stopped(log: Any) -> None:
    events = Log()

    async def live() -> None:
        async with ActorSystem("test") as system:
            await system.start(ChildSpec("solo", partial(TaskClerk, events)))
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await live()
    assert events.events == ["start /solo", "stop /solo"]


async def test_a_cancelled_block_still_stops_its_tree_in_good_order(log: Any) -> None:
    events = Log()

    async def live() -> None:
        async with ActorSystem("test") as system:
            await system.start(
                ChildSpec("root", partial(Supervisor, [ChildSpec(n, partial(TaskClerk, events)) for n in "ab"]))
            )
            await anyio.sleep_forever()

    async with anyio.create_task_group() as group:
        group.start_soon(live)
        await until(lambda: len(events.events) == 2)
        group.cancel_scope.cancel()

    assert events.events == ["start /root/a", "start /root/b", "stop /root/b", "stop /root/a"]


async def test_dead_letters_keep_the_last_hundred(tree: Tree) -> None:
    nobody = tree.system.ref("/root/nobody")
    for number in range(250):
        nobody.tell(Note(number))

    letters = tree.system.dead_letters
    assert letters.count == 250
    assert len(letters.sample) == 100
    assert letters.sample[-1].message == repr(Note(249))


async def test_dead_letters_carry_the_wall_time_of_the_systems_clock(log: Any) -> None:
    async with ActorSystem("test", clock=LoopClock(1_000)) as system:
        system.clock.now_ns()
        system.ref("/nobody").tell("hello")
        assert 1_000 <= system.dead_letters.sample[0].time < 1_000_000_000


async def test_a_long_dead_letter_is_cut(tree: Tree) -> None:
    tree.system.ref("/nobody").tell("x" * 10_000)
    assert len(tree.system.dead_letters.sample[0].message) == 200


async def test_a_ref_of_a_path_without_a_slash_in_front_is_the_same_place(tree: Tree) -> None:
    ref = await tree.plant("clerk", Clerk)
    assert tree.system.ref("root/clerk/") is ref
    empty = tree.system.ref("/root/empty")
    assert tree.system.ref("root/empty") is empty


async def test_an_actor_knows_its_place(tree: Tree) -> None:
    ref = await tree.plant("clerk", Clerk)
    actor = ref.mailbox.actor
    assert (actor.path, actor.actor_ref, actor.system) == ("/root/clerk", ref, tree.system)


async def test_a_failed_first_start_is_raised_and_not_joined(log: Any) -> None:
    class Broken(Clerk):
        def on_start(self) -> None:
            raise OSError("broken")

    with pytest.raises(StartError, match="/solo: OSError: broken"):
        async with ActorSystem("test") as system:
            await system.start(ChildSpec("solo", Broken))
