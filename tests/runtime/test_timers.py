"""Delayed and repeated messages to oneself, on the loop's time."""

from __future__ import annotations

from functools import partial
from typing import Any

import anyio
import pytest

from engine.runtime import Actor, Conflate, MailboxSpec, Restart, handles
from engine.runtime.timers import Timers
from tests.runtime.parts import AT_ONCE, CLERKS, Clerk, Crash, Note, TaskClerk, Tree, until

pytestmark = pytest.mark.anyio


class Punctual(Clerk):
    """Notes the time of every message."""

    @handles(Note)
    def on_note(self, note: Note) -> int:
        self.paper.append((note.text, anyio.current_time()))
        return len(self.paper)


def actor_at(tree: Tree, path: str) -> Any:
    return tree.system.ref(path).mailbox.actor


@pytest.mark.parametrize("kind", CLERKS)
async def test_a_delayed_message_comes_once_and_in_time(
    tree: Tree, kind: type[Clerk | TaskClerk], second: float
) -> None:
    paper: list[Any] = []
    await tree.plant("clerk", partial(kind, paper=paper))
    actor_at(tree, "/root/clerk").send_after(3 * second, Note("later"))
    await anyio.sleep(2 * second)
    assert paper == []
    await anyio.sleep(4 * second)
    assert paper == ["later"]


async def test_delayed_messages_come_in_the_order_of_their_times(tree: Tree, second: float) -> None:
    paper: list[Any] = []
    await tree.plant("clerk", partial(Clerk, paper=paper))
    for delay in (5, 1, 4, 2, 3):
        actor_at(tree, "/root/clerk").send_after(delay * second, Note(delay))
    await until(lambda: len(paper) == 5)
    assert paper == [1, 2, 3, 4, 5]


async def test_a_repeated_message_keeps_its_rhythm(tree: Tree, second: float) -> None:
    paper: list[Any] = []
    await tree.plant("clerk", partial(Punctual, paper=paper))
    began = anyio.current_time()
    timer = actor_at(tree, "/root/clerk").send_every(2 * second, Note("beat"))
    await until(lambda: len(paper) == 4)
    timer.cancel()
    await anyio.sleep(5 * second)

    assert [round((time - began) / second) for _, time in paper] == [2, 4, 6, 8]


async def test_a_cancelled_timer_is_silent_and_can_be_cancelled_again(tree: Tree, second: float) -> None:
    paper: list[Any] = []
    await tree.plant("clerk", partial(Clerk, paper=paper))
    timer = actor_at(tree, "/root/clerk").send_after(second, Note("never"))
    timer.cancel()
    timer.cancel()
    await anyio.sleep(2 * second)
    assert paper == []
    assert not timer.is_active


@pytest.mark.parametrize("kind", CLERKS)
async def test_timers_end_with_their_actor(tree: Tree, kind: type[Clerk | TaskClerk], second: float) -> None:
    paper: list[Any] = []
    ref = await tree.plant("clerk", partial(kind, paper=paper), restart=Restart.PERMANENT, backoff=AT_ONCE)
    actor_at(tree, "/root/clerk").send_after(second, Note("late"))
    actor_at(tree, "/root/clerk").send_every(second, Note("beat"))
    ref.tell(Crash())
    await until(lambda: tree.system.snapshot("/root/clerk").restarts == 1)
    await anyio.sleep(3 * second)
    assert paper == []


async def test_a_delay_of_nothing_is_a_message_soon(tree: Tree) -> None:
    paper: list[Any] = []
    await tree.plant("clerk", partial(Clerk, paper=paper))
    timer = actor_at(tree, "/root/clerk").send_after(-1, Note("now"))
    await until(lambda: paper)
    assert (paper, timer.is_active) == (["now"], False)


async def test_an_interval_of_nothing_is_refused(tree: Tree) -> None:
    await tree.plant("clerk", Clerk)
    with pytest.raises(ValueError, match="interval"):
        actor_at(tree, "/root/clerk").send_every(0, Note("storm"))


async def test_a_full_mailbox_drops_the_beat_and_counts_it(tree: Tree, second: float) -> None:
    class Small(Clerk):
        mailbox = MailboxSpec(capacity=2)

    await tree.plant("small", Small)
    actor_at(tree, "/root/small").send_every(second, Note("beat"))
    await tree.system.pause("/root/small")
    await anyio.sleep(5.5 * second)

    mail = tree.system.snapshot("/root/small").mailbox
    assert (mail.depth, mail.dropped) == (2, 3)


async def test_beats_without_the_conflation_attribute_are_let_through(tree: Tree, second: float) -> None:
    paper: list[Any] = []

    class Beat(Clerk):
        mailbox = MailboxSpec(capacity=5, overflow=Conflate("key"))

        @handles(int)
        def on_beat(self, beat: int) -> None:
            self.paper.append(beat)

    await tree.plant("beat", partial(Beat, paper=paper))
    actor_at(tree, "/root/beat").send_after(second, 7)
    await until(lambda: paper)
    assert (paper, tree.system.snapshot("/root/beat").mailbox.dropped) == ([7], 0)


@pytest.mark.parametrize("kind", CLERKS)
async def test_a_failing_conflation_key_crashes_the_actor_not_the_timers(
    tree: Tree, kind: type[Actor], second: float
) -> None:
    faulty = type("Faulty", (kind,), {"mailbox": MailboxSpec(overflow=Conflate(lambda message: message.missing))})
    ref = await tree.plant("faulty", faulty)
    actor_at(tree, "/root/faulty").send_after(second, Note("x"))
    await until(lambda: not ref.is_alive())
    paper: list[Any] = []
    await tree.plant("clerk", partial(Clerk, paper=paper))
    actor_at(tree, "/root/clerk").send_after(second, Note("timers live"))
    await until(lambda: paper)
    assert paper == ["timers live"]


async def test_missed_beats_are_skipped_not_made_up_for(second: float, anyio_backend_name: str) -> None:
    if anyio_backend_name == "asyncio":
        pytest.skip("holding the loop back needs a virtual clock")
    beats: list[float] = []
    timers = Timers()
    timers.every(1.0, lambda timer: beats.append(anyio.current_time()), None)
    began = anyio.current_time()
    await anyio.sleep(3.5)
    async with anyio.create_task_group() as group:
        group.start_soon(timers.run)
        await anyio.sleep(2)
        group.cancel_scope.cancel()
    assert [beat - began for beat in beats] == pytest.approx([3.5, 4, 5])


async def test_cancelled_timers_do_not_pile_up(tree: Tree) -> None:
    await tree.plant("clerk", Clerk)
    for _ in range(10_000):
        actor_at(tree, "/root/clerk").send_after(10_000, Note("never")).cancel()

    assert tree.system.timers.pending < 200
