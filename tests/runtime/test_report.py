"""A log that can not be written never breaks the tree."""

from __future__ import annotations

import pytest
import structlog

from tests.runtime.parts import Clerk, Crash, Tree, until

pytestmark = pytest.mark.anyio


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
