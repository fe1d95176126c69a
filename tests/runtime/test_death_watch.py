"""Whoever watches hears of an end once."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from engine.runtime import Actor, Restart, Terminated
from tests.runtime.parts import AT_ONCE, CLERKS, Clerk, Crash, Note, Quit, TaskClerk, Tree, settle, until

pytestmark = pytest.mark.anyio


async def watch(tree: Tree, kind: type[Clerk | TaskClerk], path: str) -> list[Any]:
    paper: list[Any] = []
    watcher = await tree.plant("watcher", partial(kind, paper=paper))
    watcher.mailbox.actor.watch(tree.system.ref(path))
    return paper


@pytest.mark.parametrize("kind", CLERKS)
@pytest.mark.parametrize(("message", "reason"), [(Crash(), "ValueError: boom"), (Quit(), "ended")])
async def test_a_watcher_hears_why(tree: Tree, kind: type[Clerk | TaskClerk], message: Any, reason: str) -> None:
    watched = await tree.plant("watched", kind)
    paper = await watch(tree, kind, "/root/watched")
    watched.tell(message)
    await until(lambda: paper)

    assert paper == [Terminated("/root/watched", reason)]


async def test_a_stopped_actor_is_reported_as_stopped(tree: Tree) -> None:
    watched = await tree.plant("watched", Clerk)
    paper = await watch(tree, Clerk, "/root/watched")
    await watched.stop()
    await until(lambda: paper)
    assert paper == [Terminated("/root/watched", "stopped")]


async def test_watching_an_empty_place_is_answered_at_once(tree: Tree) -> None:
    paper = await watch(tree, Clerk, "/root/nobody")
    await until(lambda: paper)
    assert paper == [Terminated("/root/nobody", "nobody there")]


async def test_an_end_is_told_once_even_if_watched_twice_and_restarted(tree: Tree) -> None:
    watched = await tree.plant("watched", Clerk, restart=Restart.PERMANENT, backoff=AT_ONCE)
    paper = await watch(tree, Clerk, "/root/watched")
    tree.system.ref("/root/watcher").mailbox.actor.watch(watched)
    for restarts in (1, 2):
        watched.tell(Crash())
        await until(lambda restarts=restarts: tree.system.snapshot("/root/watched").restarts == restarts)
    await settle()
    assert len(paper) == 1


async def test_a_watcher_that_ended_is_not_told(tree: Tree) -> None:
    watched = await tree.plant("watched", Clerk)
    await watch(tree, Clerk, "/root/watched")
    await tree.system.ref("/root/watcher").stop()
    await watched.stop()
    assert tree.system.dead_letters.count == 0


async def test_a_watcher_without_a_handler_crashes(tree: Tree, log: list[dict[str, Any]]) -> None:
    class Deaf(Actor):
        pass

    watched = await tree.plant("watched", Clerk)
    deaf = await tree.plant("deaf", Deaf)
    deaf.mailbox.actor.watch(watched)
    await watched.stop()
    await until(lambda: not deaf.is_alive())
    [crash] = [entry for entry in log if entry.get("path") == "/root/deaf" and "error" in entry]
    assert "Terminated" in crash["error"]


async def test_a_paused_watcher_is_told_when_it_is_resumed(tree: Tree) -> None:
    watched = await tree.plant("watched", Clerk)
    paper = await watch(tree, Clerk, "/root/watched")
    await tree.system.pause("/root/watcher")
    tree.system.ref("/root/watcher").tell(Note("mail"))
    await watched.stop()
    await settle()
    assert paper == []
    await tree.system.resume("/root/watcher")
    await until(lambda: len(paper) == 2)
    assert paper == [Terminated("/root/watched", "stopped"), "mail"]
