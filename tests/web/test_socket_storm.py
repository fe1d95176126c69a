"""Sockets in numbers: all may come and go at once, as they do around a restart or when a line fails."""

import anyio
import pytest

from tests.web.lines import client
from tests.web.process import Web, until

pytestmark = pytest.mark.anyio

MANY = 1_500
"""More than an actor's mailbox usually holds."""


async def test_many_clients_may_come_and_go_at_once(web: Web) -> None:
    sessions, leaving = web.services.sessions, anyio.Event()

    async def come_and_go() -> None:
        outbox, _ = client()
        session = await sessions.open(outbox, "127.0.0.1")
        await leaving.wait()
        sessions.close(session)

    async with anyio.create_task_group() as tasks:
        for _ in range(MANY):
            tasks.start_soon(come_and_go)
        await until(lambda: len(sessions) == MANY, within_s=30)
        assert web.services.hub.statistics().clients == MANY
        leaving.set()
    await until(lambda: not web.system.snapshot("/web/sessions").children, within_s=30)
    assert web.services.hub.statistics().clients == 0
