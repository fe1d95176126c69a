"""What is left of pykka: its registry and proxies work, its blocking calls fail instead of hanging the loop."""

from __future__ import annotations

from functools import partial
from typing import Any

import pykka
import pytest

from engine.runtime import Actor, ActorDeadError, BlockingCallError, KernelError, TaskActor
from tests.runtime.parts import CLERKS, Clerk, Crash, Note, Tree, until

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("kind", CLERKS)
async def test_actors_are_registered_while_they_live(tree: Tree, kind: type[Actor]) -> None:
    ref = await tree.plant("clerk", kind)
    assert pykka.ActorRegistry.get_by_urn("/root/clerk") is ref
    assert pykka.ActorRegistry.get_by_class(kind) == [ref]
    ref.tell(Crash())
    await until(lambda: not ref.is_alive())
    assert pykka.ActorRegistry.get_by_urn("/root/clerk") is None


async def test_the_error_of_the_dead_is_pykkas_too(tree: Tree) -> None:
    with pytest.raises(pykka.ActorDeadError):
        await tree.system.ref("/nobody").ask("?", timeout_s=1)
    assert issubclass(ActorDeadError, KernelError)


async def test_pykkas_blocking_calls_fail_loudly(tree: Tree) -> None:
    ref: Any = await tree.plant("clerk", Clerk)
    with pytest.raises(BlockingCallError):
        ref.ask(Note("x"))
    with pytest.raises(BlockingCallError):
        ref.ask(Note("x"), block=True)
    with pytest.raises(BlockingCallError):
        ref.ask(Note("x"), block=False).get(timeout=1)
    with pytest.raises(BlockingCallError):
        ref.stop(block=True)
    with pytest.raises(BlockingCallError):
        pykka.ActorRegistry.stop_all()
    with pytest.raises(BlockingCallError):
        Clerk.start()
    with pytest.raises(BlockingCallError):
        ref.proxy().log = None
    with pytest.raises(BlockingCallError):
        ref.ask(Note("x"), block=False).map(str)
    with pytest.raises(BlockingCallError):
        ref.actor_stopped.set()
    with pytest.raises(BlockingCallError):
        ref.actor_inbox.get()
    assert ref.is_alive()


class Speaker(Clerk):
    volume = 7

    def shout(self, word: str) -> str:
        return word.upper() * 2


class TaskSpeaker(TaskActor):
    volume = 7

    async def shout(self, word: str) -> str:
        return word.upper() * 2


@pytest.mark.parametrize("kind", [Speaker, TaskSpeaker])
async def test_pykkas_proxies_are_awaited(tree: Tree, kind: type[Actor]) -> None:
    proxy = (await tree.plant("speaker", kind)).proxy()

    assert await proxy.shout("hey") == "HEYHEY"
    assert await proxy.volume == 7


async def test_a_proxy_of_an_empty_place_is_refused(tree: Tree) -> None:
    with pytest.raises(ActorDeadError):
        tree.system.ref("/nobody").proxy()


async def test_pykkas_broadcast_reaches_everyone_of_a_class(tree: Tree) -> None:
    paper: list[Any] = []
    for name in "abc":
        await tree.plant(name, partial(Clerk, paper=paper))
    pykka.ActorRegistry.broadcast(Note("hear"), Clerk)
    await until(lambda: len(paper) == 3)
    assert paper == ["hear"] * 3


async def test_a_future_that_is_there_can_be_read(tree: Tree) -> None:
    ref = await tree.plant("clerk", Clerk)
    future = ref.ask(Note("x"), block=False)
    assert await future == 1
    assert future.get() == 1
