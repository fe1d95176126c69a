"""The dispatcher: fair turns, a loop that is never starved, slow handlers named, producers held back."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import anyio
import pytest

from engine.runtime import Actor, MailboxSpec, handles
from engine.runtime.dispatcher import THROUGHPUT
from engine.runtime.slow import SLICE_S, SLOW_S
from tests.runtime.parts import CLERKS, Clerk, Note, TaskClerk, Tree, settle, until

pytestmark = pytest.mark.anyio


async def test_a_busy_actor_lets_the_next_one_have_its_turn(tree: Tree) -> None:
    paper: list[Any] = []
    busy = await tree.plant("busy", partial(Clerk, paper=paper))
    modest = await tree.plant("modest", partial(Clerk, paper=paper))
    for _ in range(3 * THROUGHPUT):
        busy.tell(Note("busy"))
    modest.tell(Note("modest"))
    await until(lambda: len(paper) > 3 * THROUGHPUT)

    assert paper.index("modest") == THROUGHPUT


async def test_order_holds_across_many_turns_and_slices(tree: Tree) -> None:
    class Heavy(Clerk):
        mailbox = MailboxSpec(capacity=2_000)

        @handles(Note)
        def on_note(self, note: Note) -> int:
            time.sleep(SLICE_S / 10)
            return super().on_note(note)

    heavy = await tree.plant("heavy", Heavy)
    for number in range(300):
        heavy.tell(Note(number))
    notes = heavy.mailbox.actor.notes
    await until(lambda: len(notes) == 300)

    assert notes == list(range(300))


async def test_the_loop_gets_its_turn_between_slices(tree: Tree) -> None:
    class Echo(Actor):
        @handles(Note)
        def on_note(self, note: Note) -> None:
            self.actor_ref.tell(note)  # never out of mail

    echo = await tree.plant("echo", Echo)
    echo.tell(Note("again"))
    for _ in range(20):
        began = time.thread_time()
        await anyio.lowlevel.checkpoint()
        assert time.thread_time() - began < SLOW_S


@pytest.mark.parametrize("kind", CLERKS)
@pytest.mark.parametrize("others", [0, 3])
async def test_a_handler_that_holds_the_loop_is_named(tree: Tree, kind: type[Actor], others: int, log: Any) -> None:
    class Sleepy(kind):
        @handles(Note)
        def on_note(self, note: Note) -> None:
            time.sleep(note.text)

    ref = await tree.plant("sleepy", Sleepy)
    for _ in range(others):
        ref.tell(Note(0))
    ref.tell(Note(SLOW_S * 1.2))
    await until(lambda: any(entry["event"] == "slow_handler" for entry in log))

    [entry] = [entry for entry in log if entry["event"] == "slow_handler"]
    assert (entry["path"], entry["message_type"]) == ("/root/sleepy", "Note")
    assert entry["duration_s"] >= SLOW_S


async def test_many_short_handlers_are_not_called_slow(tree: Tree, log: Any) -> None:
    class Brisk(Actor):
        @handles(Note)
        def on_note(self, note: Note) -> None:
            time.sleep(SLOW_S / 12)

    ref = await tree.plant("brisk", Brisk)
    for _ in range(40):
        ref.tell(Note(0))
    await tree.system.caught_up(1)

    assert not [entry for entry in log if entry["event"] == "slow_handler" and entry["duration_s"] > 2 * SLOW_S]


async def test_an_async_handler_is_judged_by_what_it_holds_not_by_what_it_waits(
    tree: Tree, second: float, log: Any
) -> None:
    class Waiter(TaskClerk):
        @handles(Note)
        async def on_note(self, note: Note) -> int:
            await anyio.sleep(second)
            if note.text == "hold":
                time.sleep(SLOW_S * 1.2)
            await anyio.sleep(second)
            return 1

    ref = await tree.plant("waiter", Waiter)
    await ref.ask(Note("wait"), timeout_s=50)
    assert not [entry for entry in log if entry["event"] == "slow_handler"]
    await ref.ask(Note("hold"), timeout_s=50)
    [entry] = [entry for entry in log if entry["event"] == "slow_handler"]
    assert entry["message_type"] == "Note"


async def test_a_producer_waits_until_the_dispatcher_caught_up(tree: Tree) -> None:
    class Big(Clerk):
        mailbox = MailboxSpec(capacity=100_000)

    big = await tree.plant("big", Big)
    for number in range(50_000):
        big.tell(Note(number))
    await tree.system.caught_up(below=1_000)
    depth = tree.system.snapshot("/root/big").mailbox.depth
    assert depth < 1_000
    await tree.system.caught_up(1)
    assert tree.system.snapshot("/root/big").mailbox.depth == 0


async def test_a_producer_that_is_not_ahead_does_not_wait(tree: Tree) -> None:
    clerk = await tree.plant("clerk", Clerk)
    clerk.tell(Note("x"))
    await tree.system.caught_up(below=2)
    assert clerk.mailbox.depth == 1


async def test_several_producers_wait_for_their_own_marks(tree: Tree) -> None:
    class Slow(Clerk):
        @handles(Note)
        def on_note(self, note: Note) -> int:
            time.sleep(SLICE_S / 5)  # a handful in a slice, so that none passes two marks at once
            return super().on_note(note)

    slow = await tree.plant("slow", Slow)
    for number in range(6 * THROUGHPUT):
        slow.tell(Note(number))
    seen: list[tuple[int, int]] = []

    async def wait(below: int) -> None:
        await tree.system.caught_up(below)
        seen.append((below, len(slow.mailbox.waiting)))

    async with anyio.create_task_group() as group:
        for below in (1, 4 * THROUGHPUT, 2 * THROUGHPUT):
            group.start_soon(wait, below)

    assert [below for below, _ in seen] == [4 * THROUGHPUT, 2 * THROUGHPUT, 1]
    assert all(waiting < below for below, waiting in seen)


async def test_a_waiting_producer_can_be_cancelled(tree: Tree) -> None:
    class Echo(Actor):
        @handles(Note)
        def on_note(self, note: Note) -> None:
            self.actor_ref.tell(note)  # never out of mail, so that nobody ever catches up

    echo = await tree.plant("echo", Echo)
    echo.tell(Note("again"))
    async with anyio.create_task_group() as group:
        group.start_soon(tree.system.caught_up, 1)
        await settle()
        assert group.cancel_scope.cancelled_caught is False
        group.cancel_scope.cancel()
    assert group.cancel_scope.cancelled_caught
    assert echo.is_alive()


async def test_task_actors_with_plain_handlers_share_the_loop_too(tree: Tree) -> None:
    class Plain(TaskClerk):
        mailbox = MailboxSpec(capacity=100_000)

        @handles(Note)
        def on_note(self, note: Note) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
            self.notes.append(note.text)
            return 0

    plain = await tree.plant("plain", Plain)
    for number in range(50_000):
        plain.tell(Note(number))
    turns = 0
    while plain.mailbox.depth:
        turns += 1
        await anyio.lowlevel.checkpoint()

    assert turns > 3
    assert plain.mailbox.actor.notes == list(range(50_000))
