"""Sockets in numbers: all may come and go at once, as they do around a restart or when a line fails."""

import anyio
import pytest

from engine.runtime import MailboxFullError
from tests.web.lines import client
from tests.web.process import Web, until
from tests.web.test_sockets import closed_with

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


async def test_who_can_not_be_taken_now_is_told_so_and_leaves_nothing_behind(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise MailboxFullError

    monkeypatch.setattr(web.services.sessions, "open", full)
    async with web.client() as refused:
        assert (await refused.receive())["code"] == 406
        assert await closed_with(refused) == 3504
    monkeypatch.undo()
    await until(lambda: len(web.services.admission) == 0)
    async with web.client() as welcome:
        assert (await welcome.ask(action="ping"))["action"] == "pong"
