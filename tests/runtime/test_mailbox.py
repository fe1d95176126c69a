"""Bounded mailboxes: each overflow rule keeps memory bounded and its counters exact."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.runtime import (
    Actor,
    Backoff,
    Conflate,
    MailboxFullError,
    MailboxSpec,
    MailboxStatistics,
    Overflow,
    Restart,
    SpecError,
    Terminated,
    handles,
)
from engine.runtime.dead_letters import DeadLetters
from engine.runtime.mailbox import Mailbox
from engine.runtime.overflow_mailbox import new_mailbox
from tests.runtime.parts import (
    AT_ONCE,
    CLERKS,
    Clerk,
    Crash,
    Note,
    Notes,
    TaskClerk,
    Tree,
    Wait,
    outcomes,
    settle,
    until,
)

anyio_test = pytest.mark.anyio
FOR_GOOD = Backoff(initial_s=1e6, maximum_s=1e6)


def bounded(kind: type[Actor], spec: MailboxSpec) -> type[Actor]:
    return type(kind.__name__, (kind,), {"mailbox": spec})


@anyio_test
@pytest.mark.parametrize("kind", CLERKS)
async def test_a_full_mailbox_refuses_by_default(tree: Tree, kind: type[Actor]) -> None:
    ref = await tree.plant("clerk", bounded(kind, MailboxSpec(capacity=3)))
    for number in range(3):
        ref.tell(Note(number))
    with pytest.raises(MailboxFullError, match="/root/clerk has 3 waiting and refused Note"):
        ref.tell(Note("too much"))

    assert tree.system.snapshot("/root/clerk").mailbox.dropped == 1
    await until(lambda: tree.system.snapshot("/root/clerk").mailbox.depth == 0)
    assert await ref.ask(Notes(), timeout_s=5) == [0, 1, 2]


@anyio_test
@pytest.mark.parametrize("kind", CLERKS)
async def test_a_full_mailbox_refuses_questions_too(tree: Tree, kind: type[Actor]) -> None:
    ref = await tree.plant("clerk", bounded(kind, MailboxSpec(capacity=1)))
    ref.tell(Note(0))
    with pytest.raises(MailboxFullError):
        await ref.ask(Notes(), timeout_s=5)


@anyio_test
@pytest.mark.parametrize("kind", CLERKS)
async def test_drop_oldest_keeps_the_newest(tree: Tree, kind: type[Actor]) -> None:
    ref = await tree.plant("clerk", bounded(kind, MailboxSpec(capacity=4, overflow=Overflow.DROP_OLDEST)))
    for number in range(10):
        ref.tell(Note(number))
    assert tree.system.snapshot("/root/clerk").mailbox.dropped == 6
    await until(lambda: tree.system.snapshot("/root/clerk").mailbox.depth == 0)

    assert await ref.ask(Notes(), timeout_s=5) == [6, 7, 8, 9]


@anyio_test
async def test_a_dropped_question_is_answered_with_an_error(tree: Tree) -> None:
    ref = await tree.plant("clerk", bounded(TaskClerk, MailboxSpec(capacity=1, overflow=Overflow.DROP_OLDEST)))
    gate = anyio.Event()
    ref.tell(Wait(gate))
    await settle()

    async def crowd() -> None:
        await settle()
        ref.tell(Note("newer"))
        gate.set()

    results = await outcomes([partial(ref.ask, Notes(), timeout_s=50), crowd])
    assert isinstance(results[0], MailboxFullError)


@anyio_test
@pytest.mark.parametrize("kind", CLERKS)
@pytest.mark.parametrize("key", ["key", lambda note: note.key])
async def test_conflation_keeps_the_newest_of_each_key_in_order_of_first_arrival(
    tree: Tree, kind: type[Actor], key: Any
) -> None:
    ref = await tree.plant("clerk", bounded(kind, MailboxSpec(capacity=10, overflow=Conflate(key))))
    for text, name in enumerate("abacab"):
        ref.tell(Note(text, key=name))
    await until(lambda: tree.system.snapshot("/root/clerk").mailbox.depth == 0)
    statistics = tree.system.snapshot("/root/clerk").mailbox

    assert await ref.ask(Notes(), timeout_s=5) == [4, 5, 3]
    assert (statistics.processed, statistics.conflated) == (3, 3)


@anyio_test
@pytest.mark.parametrize("kind", CLERKS)
async def test_questions_are_not_conflated(tree: Tree, kind: type[Actor]) -> None:
    ref = await tree.plant("clerk", bounded(kind, MailboxSpec(capacity=10, overflow=Conflate("key"))))

    assert sorted(await outcomes([partial(ref.ask, Note(text), timeout_s=5) for text in "abc"])) == [1, 2, 3]


@anyio_test
async def test_more_keys_than_the_capacity_are_refused(tree: Tree) -> None:
    ref = await tree.plant("clerk", bounded(Clerk, MailboxSpec(capacity=2, overflow=Conflate("key"))))
    ref.tell(Note(1, key="a"))
    ref.tell(Note(2, key="b"))
    with pytest.raises(MailboxFullError):
        ref.tell(Note(3, key="c"))
    ref.tell(Note(4, key="a"))
    await until(lambda: tree.system.snapshot("/root/clerk").mailbox.depth == 0)

    assert await ref.ask(Notes(), timeout_s=5) == [4, 2]


def test_a_mailbox_for_nothing_is_refused() -> None:
    with pytest.raises(SpecError):
        MailboxSpec(capacity=0)


@anyio_test
@pytest.mark.parametrize("kind", CLERKS)
@pytest.mark.parametrize(
    "spec",
    [
        MailboxSpec(capacity=5),
        MailboxSpec(capacity=5, overflow=Overflow.DROP_OLDEST),
        MailboxSpec(capacity=5, overflow=Conflate("key")),
    ],
)
async def test_every_message_sent_is_accounted_for(tree: Tree, kind: type[Actor], spec: MailboxSpec) -> None:
    ref = await tree.plant("clerk", bounded(kind, spec), restart=Restart.PERMANENT, backoff=FOR_GOOD)
    sent = 0

    def balance() -> int:
        mail = tree.system.snapshot("/root/clerk").mailbox
        return mail.processed + mail.dropped + mail.conflated + mail.dead + mail.depth

    def send(message: Any) -> None:
        nonlocal sent
        sent += 1
        with suppress(MailboxFullError):
            ref.tell(message)
        assert balance() == sent

    for burst in range(12):
        for number in range(burst):
            send(Note(number, key="xyz"[number % 3]))
        await anyio.sleep(0)
        assert balance() == sent
    await until(lambda: tree.system.snapshot("/root/clerk").mailbox.depth == 0)
    send(Note("before the end"))
    send(Crash())
    send(Note("after the end", key="q"))
    await until(lambda: not ref.is_alive())

    assert balance() == sent
    assert tree.system.snapshot("/root/clerk").mailbox.depth == 0


@anyio_test
async def test_figures_add_up_inside_a_handler_too(tree: Tree) -> None:
    seen: list[MailboxStatistics] = []

    class Curious(Actor):
        @handles(Note)
        def on_note(self, _: Note) -> None:
            seen.append(self.system.snapshot(self.path).mailbox)

    ref = await tree.plant("curious", Curious)
    for number in range(5):
        ref.tell(Note(number))
    await until(lambda: len(seen) == 5)

    assert [(mail.processed, mail.depth) for mail in seen] == [(1, 4), (2, 3), (3, 2), (4, 1), (5, 0)]


@anyio_test
@pytest.mark.parametrize("kind", CLERKS)
async def test_the_age_of_the_oldest_message_is_known(tree: Tree, kind: type[Actor], second: float) -> None:
    ref = await tree.plant("clerk", kind)
    await tree.system.pause("/root/clerk")
    await anyio.sleep(3 * second)
    assert tree.system.snapshot("/root/clerk").mailbox.oldest_age_s == 0
    ref.tell(Note("old"))
    await anyio.sleep(2 * second)
    ref.tell(Note("new"))
    await anyio.sleep(second)

    assert tree.system.snapshot("/root/clerk").mailbox.oldest_age_s / second == pytest.approx(3, rel=0.5)


@anyio_test
async def test_mail_that_arrives_while_a_task_actor_is_busy_ages_from_its_arrival(tree: Tree, second: float) -> None:
    ref = await tree.plant("clerk", TaskClerk)
    gate = anyio.Event()
    ref.tell(Wait(gate))
    await anyio.sleep(5 * second)
    ref.tell(Note("new"))
    await anyio.sleep(second)
    age_s = tree.system.snapshot("/root/clerk").mailbox.oldest_age_s
    gate.set()

    assert age_s / second == pytest.approx(1, rel=0.5)


@anyio_test
@pytest.mark.parametrize("kind", CLERKS)
async def test_a_restart_goes_on_counting(tree: Tree, kind: type[Actor]) -> None:
    ref = await tree.plant("clerk", kind, restart=Restart.PERMANENT, backoff=AT_ONCE)
    for message in (Note(1), Note(2), Crash()):
        ref.tell(message)
    await until(lambda: tree.system.snapshot("/root/clerk").restarts == 1)
    ref.tell(Note(3))

    await until(lambda: tree.system.snapshot("/root/clerk").mailbox.processed == 4)


@anyio_test
async def test_the_control_lane_is_served_first_and_passes_a_full_mailbox(tree: Tree) -> None:
    paper: list[Any] = []
    watcher = await tree.plant("watcher", partial(bounded(TaskClerk, MailboxSpec(capacity=2)), paper=paper))
    await tree.plant("watched", Clerk)
    gate = anyio.Event()
    watcher.tell(Wait(gate))
    await settle()
    tree.system.ref("/root/watcher").mailbox.actor.watch(tree.system.ref("/root/watched"))
    watcher.tell(Note(1))
    watcher.tell(Note(2))
    await tree.system.ref("/root/watched").stop()
    gate.set()
    await until(lambda: len(paper) == 3)

    assert paper == [Terminated("/root/watched", "stopped"), 1, 2]


class Pulse:
    """A scheduler for mailboxes without actors."""

    parked = False
    ready: list[Any]

    def __init__(self) -> None:
        self.time = 0.0
        self.ready = []

    def wake(self) -> None:
        raise AssertionError


MAILBOX_SPECS = st.sampled_from([Overflow.FAIL, Overflow.DROP_OLDEST, Conflate("key")])


@given(
    overflow=MAILBOX_SPECS,
    capacity=st.integers(1, 5),
    steps=st.lists(st.one_of(st.sampled_from("abcd"), st.integers(1, 4)), max_size=40),
)
def test_a_mailbox_never_exceeds_its_capacity_nor_loses_count(
    overflow: Overflow | Conflate, capacity: int, steps: list[str | int]
) -> None:
    letters = DeadLetters(_NoClock())
    mailbox = new_mailbox("/x", letters, Mailbox("/x", letters), MailboxSpec(capacity, overflow))
    mailbox.open(None, object(), {}, Pulse(), capacity)  # pyright: ignore[reportArgumentType]
    sent, taken = 0, 0
    for step in steps:
        if isinstance(step, int):
            taken += len(mailbox.take(step))
        else:
            sent += 1
            try:
                mailbox.put(Note(sent, key=step))
            except MailboxFullError:
                assert overflow is not Overflow.DROP_OLDEST
        figures = mailbox.statistics(0.0)
        assert figures.depth <= capacity
        assert figures.processed == taken
        assert figures.processed + figures.dropped + figures.conflated + figures.depth == sent
    mailbox.close("the end")
    figures = mailbox.statistics(0.0)
    assert figures.processed + figures.dropped + figures.conflated + figures.dead == sent
    assert letters.count == figures.dead


class _NoClock:
    def now_ns(self) -> int:
        return 0


@given(gaps=st.lists(st.integers(0, 5), min_size=1, max_size=30), take=st.integers(1, 3))
def test_the_age_of_a_mailbox_that_never_empties_is_an_upper_bound(gaps: list[int], take: int) -> None:
    pulse = Pulse()
    letters = DeadLetters(_NoClock())
    mailbox = Mailbox("/x", letters)
    mailbox.open(None, object(), {}, pulse, 10_000)  # pyright: ignore[reportArgumentType]
    arrivals: list[float] = []
    for gap in gaps:
        pulse.time += gap
        for _ in range(take + 1):
            arrivals.append(pulse.time)
            mailbox.put(Note(pulse.time))
        del arrivals[: len(mailbox.take(take))]
        true_age = pulse.time - arrivals[0]
        assert mailbox.statistics(pulse.time).oldest_age_s >= true_age
