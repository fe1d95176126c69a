"""Supervision: order, readiness, blast radius, escalation and backoff."""

from __future__ import annotations

from functools import partial
from typing import Any

import anyio
import pytest

from engine.runtime import (
    ONE_FOR_ALL,
    ONE_FOR_ONE,
    REST_FOR_ONE,
    Actor,
    ActorSystem,
    Backoff,
    ChildSpec,
    EscalationError,
    KernelError,
    Restart,
    SpecError,
    StartError,
    State,
    Strategy,
    Supervisor,
    TaskActor,
    WrongStateError,
)
from tests.runtime.parts import AT_ONCE, CLERKS, Clerk, Crash, Log, Note, Quit, TaskClerk, settle, until

pytestmark = pytest.mark.anyio


def specs(names: str, kind: type[Actor], log: Log, **keywords: Any) -> list[ChildSpec]:
    keywords.setdefault("backoff", AT_ONCE)
    return [ChildSpec(name, partial(kind, log), **keywords) for name in names]


def system() -> ActorSystem:
    return ActorSystem("test", jitter=lambda: 0.0)


def root(children: list[ChildSpec], **keywords: Any) -> ChildSpec:
    keywords.setdefault("intensity", 1_000)
    return ChildSpec("root", partial(Supervisor, children, **keywords))


class Slow(TaskClerk):
    """Needs a while to get ready."""

    async def on_start(self) -> None:
        self.log(f"begin {self.path}")
        await anyio.sleep(0.01)
        self.log(f"ready {self.path}")


@pytest.mark.parametrize("kind", CLERKS)
async def test_children_start_in_order_and_stop_in_reverse(kind: type[Actor], log: Any) -> None:
    events = Log()
    async with system() as s:
        await s.start(root(specs("abc", kind, events)))

    names = ["a", "b", "c"]
    assert events.events == [f"start /root/{n}" for n in names] + [f"stop /root/{n}" for n in reversed(names)]


async def test_each_child_is_ready_before_the_next_one_starts(log: Any) -> None:
    events = Log()
    async with system() as s:
        await s.start(root(specs("ab", Slow, events)))
        assert events.events == ["begin /root/a", "ready /root/a", "begin /root/b", "ready /root/b"]


async def test_a_tree_is_stopped_from_its_last_leaf_to_its_root(log: Any) -> None:
    events = Log()

    def branch() -> Supervisor:
        return Supervisor(specs("xy", TaskClerk, events))

    async with system() as s:
        await s.start(root([*specs("a", Clerk, events), ChildSpec("b", branch), *specs("c", Clerk, events)]))
        events.events.clear()

    assert events.events == [f"stop /root/{place}" for place in ("c", "b/y", "b/x", "a")]


class Unready(Clerk):
    def on_start(self) -> None:
        raise OSError("no such host")


class UnreadyTask(TaskClerk):
    async def on_start(self) -> None:
        raise OSError("no such host")


@pytest.mark.parametrize("kind", [Unready, UnreadyTask])
async def test_a_failing_first_start_fails_the_supervisor_and_stops_those_started(kind: type[Actor], log: Any) -> None:
    events = Log()
    children = [*specs("ab", TaskClerk, events), ChildSpec("c", partial(kind, events)), *specs("d", Clerk, events)]
    async with system() as s:
        with pytest.raises(StartError, match=r"/root/c: OSError: no such host") as caught:
            await s.start(root(children))
        assert isinstance(caught.value.__cause__, OSError)
        assert events.events == [
            "start /root/a",
            "start /root/b",
            "fail /root/c",
            "stop /root/b",
            "stop /root/a",
        ]


async def test_a_failing_first_start_deep_in_the_tree_names_its_place(log: Any) -> None:
    def branch() -> Supervisor:
        return Supervisor([ChildSpec("leaf", partial(Unready, Log()))])

    async with system() as s:
        with pytest.raises(StartError, match="/root/branch/leaf"):
            await s.start(root([ChildSpec("branch", branch)]))


async def test_after_a_failed_start_the_system_can_be_started_anew(log: Any) -> None:
    async with system() as s:
        with pytest.raises(StartError):
            await s.start(root([ChildSpec("leaf", partial(Unready, Log()))]))
        await s.start(root(specs("a", Clerk, Log())))
        assert s.ref("/root/a").is_alive()


@pytest.mark.parametrize("made", ["not an actor", None])
async def test_a_factory_that_makes_no_actor_is_named(made: Any, log: Any) -> None:
    async with system() as s:
        with pytest.raises(StartError, match="start\\(\\) makes an Actor"):
            await s.start(root([ChildSpec("odd", lambda: made)]))


async def test_a_factory_that_gives_an_old_actor_back_is_refused(log: Any) -> None:
    one = Clerk()
    async with system() as s:
        with pytest.raises(StartError, match="fresh"):
            await s.start(root([ChildSpec("a", lambda: one), ChildSpec("b", lambda: one)]))


def test_siblings_need_different_names() -> None:
    with pytest.raises(SpecError, match="unique"):
        Supervisor([ChildSpec("a", Clerk), ChildSpec("a", Clerk)])


@pytest.mark.parametrize("name", ["", "a/b"])
def test_a_name_is_one_part_of_a_path(name: str) -> None:
    with pytest.raises(SpecError):
        ChildSpec(name, Clerk)


BLAST = [
    (ONE_FOR_ONE, "b", ["b"]),
    (REST_FOR_ONE, "a", ["a", "b", "c", "d"]),
    (REST_FOR_ONE, "b", ["b", "c", "d"]),
    (REST_FOR_ONE, "d", ["d"]),
    (ONE_FOR_ALL, "c", ["a", "b", "c", "d"]),
]


@pytest.mark.parametrize("kind", CLERKS)
@pytest.mark.parametrize(("strategy", "victim", "radius"), BLAST)
async def test_a_crash_takes_along_whom_the_strategy_names(
    kind: type[Actor], strategy: Strategy, victim: str, radius: list[str], log: Any
) -> None:
    events = Log()
    async with system() as s:
        await s.start(root(specs("abcd", kind, events), strategy=strategy))
        events.events.clear()
        s.ref(f"/root/{victim}").tell(Crash())
        await until(lambda: s.snapshot(f"/root/{victim}").restarts == 1 and len(events.events) >= 2 * len(radius))
        await settle()

        stopped = [f"stop /root/{name}" for name in reversed(radius) if name != victim]
        started = [f"start /root/{name}" for name in radius]
        assert events.events == [f"fail /root/{victim}", *stopped, *started]
        restarts = {name: s.snapshot(f"/root/{name}").restarts for name in "abcd"}
        assert restarts == {name: int(name in radius) for name in "abcd"}


@pytest.mark.parametrize("kind", CLERKS)
@pytest.mark.parametrize(
    ("restart", "message", "comes_back"),
    [
        (Restart.PERMANENT, Crash(), True),
        (Restart.PERMANENT, Quit(), True),
        (Restart.TRANSIENT, Crash(), True),
        (Restart.TRANSIENT, Quit(), False),
        (Restart.TEMPORARY, Crash(), False),
        (Restart.TEMPORARY, Quit(), False),
    ],
)
async def test_the_restart_type_decides_which_ends_call_for_a_new_one(
    kind: type[Actor], restart: Restart, message: Any, comes_back: bool, log: Any
) -> None:
    async with system() as s:
        await s.start(root(specs("a", kind, Log(), restart=restart)))
        ref = s.ref("/root/a")
        ref.tell(message)
        await until(lambda: not ref.is_alive() or s.snapshot("/root/a").restarts)
        await anyio.sleep(0.01)

        assert ref.is_alive() is comes_back
        assert s.snapshot("/root/a").restarts == int(comes_back)
        assert s.ref("/root").is_alive()


async def test_a_temporary_sibling_that_was_taken_along_stays_away(log: Any) -> None:
    children = [*specs("a", Clerk, Log()), *specs("b", Clerk, Log(), restart=Restart.TEMPORARY)]
    async with system() as s:
        await s.start(root(children, strategy=ONE_FOR_ALL))
        s.ref("/root/a").tell(Crash())
        await until(lambda: s.snapshot("/root/a").restarts == 1)
        await settle()

        assert s.snapshot("/root/b").state is State.DEAD


async def test_a_storm_of_crashes_escalates(log: Any) -> None:
    events = Log()
    async with system() as s:
        await s.start(root(specs("ab", Clerk, events), intensity=3, period_s=60))
        for life in range(1, 5):
            await until(lambda life=life: events.events.count("start /root/a") == life)
            s.ref("/root/a").tell(Crash())
        with pytest.raises(EscalationError, match="More than 3 restarts in 60 s") as caught:
            await s.join()
        assert isinstance(caught.value.__cause__, ValueError)
        assert events.events.count("start /root/a") == 4
        assert events.events[-1] == "stop /root/b"
        assert not s.ref("/root").is_alive()


async def test_slow_failures_never_escalate(second: float, log: Any) -> None:
    async with system() as s:
        await s.start(root(specs("a", Clerk, Log()), intensity=1, period_s=2 * second))
        for number in range(8):
            s.ref("/root/a").tell(Crash())
            await until(lambda number=number: s.snapshot("/root/a").restarts == number + 1)
            await anyio.sleep(2.5 * second)
        assert s.ref("/root").is_alive()


async def test_escalation_is_the_supervisors_own_crash_to_its_parent(log: Any) -> None:
    def branch() -> Supervisor:
        return Supervisor(specs("x", Clerk, Log()), intensity=0)

    async with system() as s:
        await s.start(root([ChildSpec("branch", branch, backoff=AT_ONCE), *specs("b", Clerk, Log())]))
        leaf = s.ref("/root/branch/x")
        leaf.tell(Crash())
        await until(lambda: s.snapshot("/root/branch").restarts == 1)
        await until(leaf.is_alive)

        assert s.ref("/root/branch/x") is leaf
        assert "EscalationError" in (s.snapshot("/root/branch").last_error or "")
        assert s.snapshot("/root/b").restarts == 0


async def test_a_restart_that_does_not_start_counts_and_backs_off(log: Any) -> None:
    class Once(Clerk):
        starts = 0

        def on_start(self) -> None:
            type(self).starts += 1
            if 1 < self.starts < 5:
                raise OSError("still down")

    async with system() as s:
        await s.start(root([ChildSpec("a", Once, backoff=AT_ONCE)], intensity=4))
        s.ref("/root/a").tell(Crash())
        await until(lambda: Once.starts == 5)

        assert s.snapshot("/root/a").restarts == 1
        assert s.ref("/root").is_alive()
        assert sum(entry["event"] == "child_not_started" for entry in log) == 3


async def test_restarts_that_never_start_escalate(log: Any) -> None:
    class Never(Clerk):
        starts = 0

        def on_start(self) -> None:
            type(self).starts += 1
            if self.starts > 1:
                raise OSError("down for good")

    async with system() as s:
        await s.start(root([ChildSpec("a", Never, backoff=AT_ONCE)], intensity=4))
        s.ref("/root/a").tell(Crash())
        with pytest.raises(EscalationError, match="down for good"):
            await s.join()
    assert Never.starts == 5


@pytest.mark.parametrize("strategy", [REST_FOR_ONE, ONE_FOR_ALL])
async def test_a_member_of_a_restarting_group_that_fails_takes_its_own_radius_along(
    strategy: Strategy, log: Any
) -> None:
    events = Log()

    class Shy(Clerk):
        starts = 0

        def on_start(self) -> None:
            type(self).starts += 1
            if self.starts == 2:
                raise OSError("not yet")
            super().on_start()

    children = [*specs("a", Clerk, events), ChildSpec("b", partial(Shy, events), backoff=AT_ONCE)]
    async with system() as s:
        await s.start(root([*children, *specs("c", Clerk, events)], strategy=strategy))
        events.events.clear()
        s.ref("/root/a").tell(Crash())
        await until(lambda: Shy.starts == 3)
        await until(s.ref("/root/c").is_alive)

        again = ["stop /root/a", "start /root/a"] if strategy is ONE_FOR_ALL else []
        assert events.events == [
            *["fail /root/a", "stop /root/c", "stop /root/b", "start /root/a", "fail /root/b"],
            *again,
            *["start /root/b", "start /root/c"],
        ]


async def test_backoff_grows_to_its_cap(second: float, log: Any) -> None:
    backoff = Backoff(initial_s=second, maximum_s=4 * second, jitter=0.5, stable_after_s=100 * second)
    async with system() as s:
        await s.start(root(specs("a", Clerk, Log(), backoff=backoff)))
        for number in range(5):
            s.ref("/root/a").tell(Crash())
            await until(lambda number=number: s.snapshot("/root/a").restarts == number + 1)

    delays = [entry["delay_s"] / second for entry in log if entry["event"] == "child_restarts"]
    assert delays == pytest.approx([1, 2, 4, 4, 4], abs=0.1)


async def test_backoff_starts_over_only_after_a_stable_time(second: float, log: Any) -> None:
    backoff = Backoff(initial_s=second, maximum_s=8 * second, jitter=0, stable_after_s=10 * second)
    async with system() as s:
        await s.start(root(specs("a", Clerk, Log(), backoff=backoff)))
        for lived in (0, 5, 5, 15, 0):
            number = s.snapshot("/root/a").restarts
            await anyio.sleep(lived * second)
            s.ref("/root/a").tell(Crash())
            await until(lambda number=number: s.snapshot("/root/a").restarts == number + 1)

    delays = [entry["delay_s"] / second for entry in log if entry["event"] == "child_restarts"]
    assert delays == pytest.approx([1, 2, 4, 1, 2], abs=0.1)


async def test_siblings_go_on_while_a_child_backs_off(second: float, log: Any) -> None:
    backoff = Backoff(initial_s=10 * second, maximum_s=10 * second)
    async with system() as s:
        await s.start(root(specs("ab", Clerk, Log(), backoff=backoff)))
        s.ref("/root/a").tell(Crash())
        await until(lambda: s.snapshot("/root/a").state is State.BACKING_OFF)

        assert await s.ref("/root/b").ask(Note("on"), timeout_s=5) == 1
        s.ref("/root/b").tell(Crash())
        await until(lambda: s.snapshot("/root/b").state is State.BACKING_OFF)
        await until(lambda: s.snapshot("/root/a").restarts == s.snapshot("/root/b").restarts == 1)


async def test_mail_to_a_place_that_backs_off_is_dead(second: float, log: Any) -> None:
    backoff = Backoff(initial_s=10 * second, maximum_s=10 * second)
    async with system() as s:
        await s.start(root(specs("a", Clerk, Log(), backoff=backoff)))
        ref = s.ref("/root/a")
        ref.tell(Crash())
        await until(lambda: s.snapshot("/root/a").state is State.BACKING_OFF)
        ref.tell(Note("lost"))

        assert s.dead_letters.count == 1
        assert not ref.is_alive()


class Stubborn(TaskClerk):
    """Does not end in time."""

    async def on_stop(self) -> None:
        self.log(f"begin stop {self.path}")
        await anyio.sleep(10_000)
        self.log(f"never {self.path}")


async def test_a_stubborn_child_is_cut_and_the_others_keep_their_budgets(second: float, log: Any) -> None:
    events = Log()
    children = [
        *specs("a", TaskClerk, events),
        *specs("b", Stubborn, events, shutdown_s=3 * second),
        *specs("c", TaskClerk, events),
    ]
    async with system() as s:
        await s.start(root(children))
        began = anyio.current_time()
    took = (anyio.current_time() - began) / second

    assert events.events[3:] == ["stop /root/c", "begin stop /root/b", "stop /root/a"]
    assert 2.9 < took < 6
    assert [entry["path"] for entry in log if entry["event"] == "actor_cut"] == ["/root/b"]


async def test_a_supervisor_is_given_the_time_its_children_need(second: float, log: Any) -> None:
    events = Log()

    class Long(TaskClerk):
        async def on_stop(self) -> None:
            await anyio.sleep(2 * second)
            await super().on_stop()

    def branch() -> Supervisor:
        return Supervisor(specs("xy", Long, events, shutdown_s=10 * second))

    async with system() as s:
        await s.start(root([ChildSpec("branch", branch, shutdown_s=0.1 * second)]))

    assert events.events[2:] == ["stop /root/branch/y", "stop /root/branch/x"]


async def test_a_stop_interrupts_a_supervisor_that_waits_for_a_childs_start(second: float, log: Any) -> None:
    class Endless(TaskActor):
        async def on_start(self) -> None:
            await anyio.sleep(100_000)

    events = Log()
    async with system() as s:
        async with anyio.create_task_group() as group:
            group.start_soon(s.start, root([*specs("a", Clerk, events), ChildSpec("b", Endless)]))
            await until(lambda: events.events == ["start /root/a"])
            await settle()
            group.cancel_scope.cancel()
        assert events.events == ["start /root/a", "stop /root/a"]


async def test_a_restart_by_hand_does_not_count(log: Any) -> None:
    async with system() as s:
        await s.start(root(specs("a", Clerk, Log()), intensity=0))
        for _ in range(3):
            await s.restart("/root/a")

        assert s.snapshot("/root/a").restarts == 3
        assert s.ref("/root/a").is_alive()


async def test_a_restart_by_hand_ends_a_backoff(second: float, log: Any) -> None:
    backoff = Backoff(initial_s=5 * second, maximum_s=20 * second)
    async with system() as s:
        await s.start(root(specs("a", Clerk, Log(), backoff=backoff)))
        s.ref("/root/a").tell(Crash())
        await until(lambda: s.snapshot("/root/a").state is State.BACKING_OFF)
        await s.restart("/root/a")
        assert s.ref("/root/a").is_alive()

        s.ref("/root/a").tell(Crash())  # the first backoff's time must not end the second one
        await until(lambda: s.snapshot("/root/a").state is State.BACKING_OFF)
        await anyio.sleep(7 * second)
        assert s.snapshot("/root/a").state is State.BACKING_OFF


async def test_an_actor_stopped_by_hand_stays_away_until_it_is_restarted_by_hand(log: Any) -> None:
    async with system() as s:
        await s.start(root(specs("ab", Clerk, Log()), strategy=ONE_FOR_ALL))
        await s.stop_actor("/root/a")
        assert s.snapshot("/root/a").state is State.DEAD

        s.ref("/root/b").tell(Crash())
        await until(lambda: s.snapshot("/root/b").restarts == 1)
        await settle()
        assert s.snapshot("/root/a").state is State.DEAD

        await s.restart("/root/a")
        assert s.ref("/root/a").is_alive()


async def test_a_restart_by_hand_that_fails_says_so(log: Any) -> None:
    class Once(Clerk):
        starts = 0

        def on_start(self) -> None:
            type(self).starts += 1
            if self.starts == 2:
                raise OSError("still down")

    async with system() as s:
        await s.start(root([ChildSpec("a", Once, backoff=AT_ONCE)]))
        with pytest.raises(StartError, match="still down"):
            await s.restart("/root/a")
        await until(s.ref("/root/a").is_alive)


@pytest.mark.parametrize("kind", CLERKS)
async def test_a_paused_actor_keeps_its_mail_until_it_is_resumed(kind: type[Actor], log: Any) -> None:
    paper: list[Any] = []
    async with system() as s:
        await s.start(root([ChildSpec("a", partial(kind, paper=paper))]))
        ref = s.ref("/root/a")
        ref.tell(Note("before"))
        await until(lambda: paper)
        await s.pause("/root/a")
        ref.tell(Note("meanwhile"))
        await anyio.sleep(0.01)
        snapshot = s.snapshot("/root/a")
        assert (paper, snapshot.state, snapshot.mailbox.depth) == (["before"], State.PAUSED, 1)

        await s.resume("/root/a")
        await until(lambda: len(paper) == 2)
        assert s.snapshot("/root/a").state is State.RUNNING


@pytest.mark.parametrize("kind", CLERKS)
async def test_a_paused_actor_can_be_stopped(kind: type[Actor], log: Any) -> None:
    events = Log()
    async with system() as s:
        await s.start(root(specs("a", kind, events)))
        await s.pause("/root/a")
        await s.stop_actor("/root/a")
    assert events.events == ["start /root/a", "stop /root/a"]


async def test_what_can_not_be_done_by_hand_is_said(log: Any) -> None:
    async with system() as s:
        await s.start(root(specs("a", Clerk, Log())))
        with pytest.raises(WrongStateError, match="root"):
            await s.restart("/root")
        with pytest.raises(WrongStateError, match="supervisor"):
            await s.pause("/root")
        with pytest.raises(WrongStateError, match="not paused"):
            await s.resume("/root/a")
        with pytest.raises(KernelError, match="/root/z"):
            await s.restart("/root/z")
        await s.stop_actor("/root/a")
        with pytest.raises(WrongStateError, match="dead"):
            await s.pause("/root/a")


async def test_a_stray_message_does_not_cost_a_supervisor(log: Any) -> None:
    async with system() as s:
        await s.start(root(specs("a", Clerk, Log())))
        s.ref("/root").tell(Note("lost my way"))
        await until(lambda: s.dead_letters.count == 1)
        assert s.ref("/root/a").is_alive()
