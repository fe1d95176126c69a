"""What the kernel says of a crash; a log that can not be written never breaks the tree."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import structlog

from engine.runtime import Actor, PlainError, Restart, TaskActor, handles
from tests.runtime.parts import AT_ONCE, CLERKS, Clerk, Crash, Tree, until

pytestmark = pytest.mark.anyio


class LostError(PlainError):
    """Something outside is gone."""


class Fragile(TaskActor):
    """Fails with this error at its second start only."""

    def __init__(self, starts: list[None], error: Exception) -> None:
        super().__init__()
        self._starts = starts
        self._error = error

    async def on_start(self) -> None:
        self._starts.append(None)
        if len(self._starts) == 2:
            raise self._error

    @handles(Crash)
    def on_crash(self, crash: Crash) -> None:
        raise crash.error


def events(log: list[Any], name: str) -> list[Any]:
    return [entry for entry in log if entry["event"] == name]


async def test_a_closed_log_does_not_keep_an_actor_from_ending() -> None:
    def broken(*_: object) -> None:
        raise BrokenPipeError

    async with Tree() as tree:
        ref = await tree.plant("clerk", Clerk)
        with structlog.testing.capture_logs():
            structlog.configure(processors=[broken])
            try:
                ref.tell(Crash())
                await until(lambda: not ref.is_alive())
            finally:
                structlog.reset_defaults()
        assert tree.root.is_alive()


@pytest.mark.parametrize("kind", CLERKS)
async def test_a_plain_error_is_one_line_and_any_other_has_its_traceback(
    tree: Tree, kind: type[Actor], log: list[Any]
) -> None:
    plain, other = LostError("it was killed"), ValueError("a bug")
    for name, error in (("plain", plain), ("other", other)):
        ref = await tree.plant(name, kind)
        ref.tell(Crash(error))
        await tree.until(lambda ref=ref: not ref.is_alive())

    of_plain, of_other = events(log, "actor_crashed")
    assert (of_plain["error"], "exc_info" in of_plain) == ("LostError: it was killed", False)
    assert (of_other["error"], of_other["exc_info"]) == ("ValueError: a bug", other)


@pytest.mark.parametrize(("error", "has_traceback"), [(LostError("still gone"), False), (ValueError("a bug"), True)])
async def test_a_child_that_does_not_start_is_as_plain_as_its_own_error(
    tree: Tree, log: list[Any], error: Exception, *, has_traceback: bool
) -> None:
    starts = list[None]()
    ref = await tree.plant("fragile", partial(Fragile, starts, error), restart=Restart.PERMANENT, backoff=AT_ONCE)
    ref.tell(Crash(LostError("gone")))
    await tree.until(lambda: events(log, "child_not_started"))

    [entry] = events(log, "child_not_started")
    assert str(error) in entry["error"]
    assert ("exc_info" in entry) is has_traceback
