"""Telling and asking."""

import gc
from functools import partial

import anyio
import pytest

from engine.runtime import (
    Actor,
    ActorDeadError,
    AskTimeoutError,
    BlockingCallError,
    MailboxSpec,
    Refused,
    Restart,
    UnknownMessageError,
    handles,
)
from tests.runtime.parts import (
    AT_ONCE,
    CLERKS,
    Clerk,
    Crash,
    Log,
    Note,
    Notes,
    Quit,
    TaskClerk,
    Tree,
    Wait,
    outcomes,
    settle,
)

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("kind", CLERKS)
async def test_messages_of_one_sender_arrive_in_order(tree: Tree, kind: type[Actor]) -> None:
    ref = await tree.plant("clerk", kind)
    for number in range(500):
        ref.tell(Note(number))

    assert await ref.ask(Notes(), timeout_s=5) == list(range(500))


@pytest.mark.parametrize("kind", CLERKS)
async def test_an_ask_returns_what_the_handler_returns(tree: Tree, kind: type[Actor]) -> None:
    ref = await tree.plant("clerk", kind)

    assert await ref.ask(Note("a"), timeout_s=5) == 1
    assert await ref.ask(Note("b"), timeout_s=5) == 2


@pytest.mark.parametrize("kind", CLERKS)
async def test_a_crash_in_ask_reaches_the_asker_and_ends_the_actor(tree: Tree, kind: type[Actor], log: list) -> None:
    notes = Log()
    ref = await tree.plant("clerk", partial(kind, notes))

    with pytest.raises(ValueError, match="boom"):
        await ref.ask(Crash(), timeout_s=5)
    await tree.until(lambda: not ref.is_alive())

    assert notes.events == ["start /root/clerk", "fail /root/clerk"]
    [entry] = [entry for entry in log if entry["event"] == "actor_crashed"]
    assert (entry["path"], entry["message_type"]) == ("/root/clerk", "Crash")
    assert entry["exc_info"] is not None


@pytest.mark.parametrize("kind", CLERKS)
async def test_a_crash_in_tell_ends_the_actor_and_buries_its_mail(tree: Tree, kind: type[Actor], log: list) -> None:
    ref = await tree.plant("clerk", kind)
    gate = anyio.Event()
    ref.tell(Note("handled"))
    ref.tell(Crash())
    for number in range(5):
        ref.tell(Note(number))
    gate.set()
    await tree.until(lambda: not ref.is_alive())

    letters = tree.system.dead_letters
    assert letters.count == 5
    assert [letter.message for letter in letters.sample] == [repr(Note(number)) for number in range(5)]
    assert letters.sample[0].path == "/root/clerk"
    assert "ValueError: boom" in letters.sample[0].reason


@pytest.mark.parametrize("kind", CLERKS)
async def test_pending_asks_of_a_dead_actor_get_an_error(tree: Tree, kind: type[Actor]) -> None:
    ref = await tree.plant("clerk", kind)
    ref.tell(Crash())

    results = await outcomes([partial(ref.ask, Note(number), timeout_s=50) for number in range(3)])

    assert [type(result) for result in results] == [ActorDeadError] * 3


async def test_asking_an_empty_place_fails_at_once(tree: Tree) -> None:
    with pytest.raises(ActorDeadError, match="/root/nobody"):
        await tree.system.ref("/root/nobody").ask(Note("?"), timeout_s=1_000)


async def test_telling_an_empty_place_makes_a_dead_letter(tree: Tree) -> None:
    tree.system.ref("/root/nobody").tell(Note("?"))

    assert tree.system.dead_letters.count == 1
    assert tree.system.dead_letters.sample[0].reason == "nobody there"


async def test_an_ask_without_answer_ends_by_its_time_limit(tree: Tree, second: float) -> None:
    ref = await tree.plant("clerk", TaskClerk)
    gate = anyio.Event()
    ref.tell(Wait(gate))
    began = anyio.current_time()

    with pytest.raises(AskTimeoutError, match="Note to /root/clerk"):
        await ref.ask(Note("late"), timeout_s=2 * second)

    assert anyio.current_time() - began > 1.9 * second
    gate.set()


async def test_an_ask_timeout_is_a_timeout_error(tree: Tree) -> None:
    assert issubclass(AskTimeoutError, TimeoutError)


async def test_a_question_that_timed_out_is_still_handled(tree: Tree) -> None:
    ref = await tree.plant("clerk", TaskClerk)
    gate = anyio.Event()
    ref.tell(Wait(gate))
    with pytest.raises(AskTimeoutError):
        await ref.ask(Note("late"), timeout_s=0.01)
    gate.set()

    assert await ref.ask(Notes(), timeout_s=5) == ["late"]


async def test_a_cancelled_asker_leaves_the_actor_alone(tree: Tree) -> None:
    ref = await tree.plant("clerk", TaskClerk)
    gate = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(partial(ref.ask, Wait(gate), timeout_s=100))
        await settle()
        group.cancel_scope.cancel()
    gate.set()

    assert await ref.ask(Note("next"), timeout_s=5) == 1


@pytest.mark.parametrize("kind", CLERKS)
async def test_a_ref_outlives_the_actor_and_finds_the_next_one(tree: Tree, kind: type[Actor]) -> None:
    ref = await tree.plant("clerk", kind, restart=Restart.PERMANENT, backoff=AT_ONCE)
    await ref.ask(Note("first life"), timeout_s=5)
    ref.tell(Crash())
    await tree.until(lambda: tree.system.snapshot("/root/clerk").restarts == 1)

    assert ref.is_alive()
    assert await ref.ask(Notes(), timeout_s=5) == []
    assert tree.system.ref("/root/clerk") is ref


async def test_the_same_path_is_the_same_ref_while_anyone_holds_it(tree: Tree) -> None:
    early = tree.system.ref("/root/later")
    assert not early.is_alive()
    planted = await tree.plant("later", Clerk)
    assert planted is early
    await planted.stop()
    assert tree.system.ref("/root/later") is early
    assert await tree.plant("later", Clerk) is early
    assert early.path == "/root/later"


async def test_refs_nobody_holds_are_forgotten(tree: Tree) -> None:
    first = id(tree.system.ref("/root/passing"))
    gc.collect()
    others = [tree.system.ref(f"/elsewhere/{number}") for number in range(10)]
    assert len({id(ref) for ref in others}) == 10
    assert first


@pytest.mark.parametrize("kind", CLERKS)
async def test_a_message_nobody_handles_crashes_with_its_name(tree: Tree, kind: type[Actor]) -> None:
    ref = await tree.plant("clerk", kind)

    with pytest.raises(UnknownMessageError, match="received int"):
        await ref.ask(1, timeout_s=5)

    await tree.until(lambda: not ref.is_alive())


async def test_a_refused_question_raises_at_the_asker_and_the_actor_lives(tree: Tree) -> None:
    class Picky(Actor):
        @handles(Note)
        def on_note(self, note: Note) -> Refused:
            return Refused(KeyError(note.text))

    ref = await tree.plant("picky", Picky)
    with pytest.raises(KeyError, match="x"):
        await ref.ask(Note("x"), timeout_s=5)
    assert ref.is_alive()


@pytest.mark.parametrize("kind", CLERKS)
async def test_stop_waits_for_the_end(tree: Tree, kind: type[Actor]) -> None:
    log = Log()
    ref = await tree.plant("clerk", partial(kind, log))
    await ref.stop()

    assert not ref.is_alive()
    assert log.events == ["start /root/clerk", "stop /root/clerk"]


async def test_stopping_twice_does_no_harm(tree: Tree) -> None:
    ref = await tree.plant("clerk", Clerk)
    await ref.stop()
    await ref.stop()

    assert not ref.is_alive()


async def test_a_task_actor_can_not_wait_for_its_own_end(tree: Tree) -> None:
    class Suicidal(TaskClerk):
        @handles(Quit)
        async def on_quit(self, _: Quit) -> None:
            await self.actor_ref.stop()

    ref = await tree.plant("clerk", Suicidal)
    with pytest.raises(BlockingCallError, match="its own end"):
        await ref.ask(Quit(), timeout_s=5)


@pytest.mark.parametrize("kind", CLERKS)
async def test_an_actor_stops_itself_after_the_current_message(tree: Tree, kind: type[Actor]) -> None:
    log = Log()
    ref = await tree.plant("clerk", partial(kind, log))
    ref.tell(Note("before"))
    ref.tell(Quit())
    ref.tell(Note("after"))
    await tree.until(lambda: not ref.is_alive())

    assert log.events == ["start /root/clerk", "stop /root/clerk"]
    assert [letter.message for letter in tree.system.dead_letters.sample] == [repr(Note("after"))]


@pytest.mark.parametrize("kind", CLERKS)
async def test_an_actor_that_drains_handles_what_waits_before_it_stops(tree: Tree, kind: type[Actor]) -> None:
    class Thorough(kind):
        drains = True

    paper: list[str] = []
    ref = await tree.plant("clerk", partial(Thorough, paper=paper))
    for number in range(10):
        ref.tell(Note(number))
    await ref.stop()

    assert paper == list(range(10))
    assert tree.system.dead_letters.count == 0


async def test_an_actor_that_does_not_drain_leaves_dead_letters(tree: Tree) -> None:
    class Full(TaskClerk):
        mailbox = MailboxSpec(capacity=10)

    ref = await tree.plant("clerk", Full)
    gate = anyio.Event()
    ref.tell(Wait(gate))
    await settle()
    for number in range(10):
        ref.tell(Note(number))
    async with anyio.create_task_group() as group:
        group.start_soon(ref.stop)
        await settle()
        gate.set()

    assert tree.system.dead_letters.count == 10
