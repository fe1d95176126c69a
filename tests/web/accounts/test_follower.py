"""The follower: what ends elsewhere is known here, whichever store is away."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from functools import partial

import pytest

from engine.runtime import ActorSystem, ChildSpec
from engine.storage.durable.accounts import ApiKey, SessionStart
from engine.storage.memory import MemoryDurableStore, MemoryHotStore
from engine.storage.packing import pack
from tests.web.process import until
from web.accounts.ended import EndedSessions
from web.accounts.follower import Follower

pytestmark = pytest.mark.anyio

REMEMBER_S = 960.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Process:
    """What a web process has of accounts, on stores without servers."""

    def __init__(self) -> None:
        self.hot = MemoryHotStore()
        self.durable = MemoryDurableStore()
        self.ended = EndedSessions(REMEMBER_S)
        self.closed: list[str] = []
        self.ended.on_end(self.closed.append)
        self.system = ActorSystem("web")

    async def follow(self) -> None:
        await self.system.start(ChildSpec("accounts", partial(Follower, self.hot, self.durable, self.ended)))

    async def signed_in(self, *sessions: str) -> None:
        await self.durable.add_user("u1", "ann@example.org")
        for session in sessions:
            start = SessionStart(session, "u1", f"digest-{session}", "", self.now_ns)
            assert await self.durable.begin_session(start) == []

    @property
    def now_ns(self) -> int:
        return self.system.clock.now_ns()


@pytest.fixture
async def process(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Process]:
    monkeypatch.setattr("web.accounts.follower.AWAY_READ_S", 0.01)
    monkeypatch.setattr("web.accounts.follower.BLOCK_MS", 20)
    made = Process()
    async with made.system:
        yield made


async def test_what_ended_before_it_began_is_known_before_anybody_comes_in(process: Process) -> None:
    await process.signed_in("s1", "s2")
    await process.durable.end_session("s1", process.now_ns, "logout")
    await process.hot.end_session("sid", "s2")
    await process.follow()
    assert process.ended.ready
    assert "s1" in process.ended
    await until(lambda: "s2" in process.ended)


async def test_nobody_comes_in_while_neither_store_can_say_what_has_ended(process: Process) -> None:
    process.durable.tables.away = process.hot.link.away = True
    await process.follow()
    assert not process.ended.ready
    process.hot.link.away = False
    await until(lambda: process.ended.ready)


async def test_while_redis_is_away_the_database_tells_and_redis_goes_on_when_it_is_back(process: Process) -> None:
    await process.signed_in("s1", "s2")
    await process.follow()
    process.hot.link.away = True
    await process.durable.end_session("s1", process.now_ns, "logout")
    await until(lambda: "s1" in process.ended)
    process.hot.link.away = False
    await process.hot.end_session("sid", "s2")
    await until(lambda: "s2" in process.ended)


async def test_a_redis_that_lost_everything_is_followed_from_its_new_beginning(process: Process) -> None:
    await process.signed_in("s0")
    await process.hot.end_session("sid", "s1")
    await process.follow()
    await until(lambda: "s1" in process.ended)
    process.hot.link.away = True
    process.hot.link.space.clear()
    await process.durable.end_session("s0", process.now_ns, "logout")
    await until(lambda: "s0" in process.ended)  # so it has met the outage
    process.hot.link.away = False
    await process.hot.end_session("sid", "s2")
    await until(lambda: "s2" in process.ended)


async def test_an_end_of_long_ago_is_not_remembered(process: Process) -> None:
    old_ms = (process.now_ns - int((REMEMBER_S + 1) * 1e9)) // 1_000_000
    for name, identity in (("old", f"{old_ms}-0"), ("new", "*")):
        await process.hot.link.call("XADD", "sessions", "MAXLEN", "~", 100, identity, "data", pack(["sid", name]))
    await process.follow()
    await until(lambda: "new" in process.ended)
    assert "old" not in process.ended


async def test_an_ended_key_is_passed_on_and_kept_no_longer_than_a_ticket(process: Process) -> None:
    key = ApiKey("k1", None, "mine", ("read",), 60, None, datetime.now(UTC))
    assert await process.durable.add_key(key, "digest")
    await process.follow()
    await process.hot.end_session("key", "k1")
    await until(lambda: "k1" in process.closed)
    assert "k1" in process.ended
    process.ended.forget(process.now_ns / 1e9 + 61)
    assert "k1" not in process.ended


async def test_sessions_that_were_over_a_day_ago_are_taken_away(process: Process) -> None:
    await process.signed_in("s1", "s2")
    long_ago = process.now_ns - 2 * 86_400 * 10**9
    await process.durable.end_session("s1", long_ago, "logout")
    process.hot.link.away = True
    await process.follow()
    await until(lambda: "s1" not in process.durable.tables.accounts.sessions)
    assert "s2" in process.durable.tables.accounts.sessions
