"""PostgreSQL is killed, restarted, silent: what was acknowledged is stored, and nothing hangs."""

import asyncio
import time
from collections.abc import Generator

import pytest

from engine.storage.durable import DurableStore, migrate
from engine.storage.errors import DurableStoreError, DurableStoreUnavailableError, StorageUnavailableError
from tests.servers import hasty_postgres, reachable_folder, with_database
from tests.storage.conftest import ON_POSTGRESQL, Opener
from tests.storage.durable.seeds import seeded
from tests.storage.killable import Killable, killable_server
from tests.storage.proxy import Proxy
from tests.storage.samples import NOW, bar, bars

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def killable() -> Generator[Killable]:
    with reachable_folder() as folder, killable_server(hasty_postgres(folder)) as server:
        yield server


@pytest.fixture
def url(killable: Killable, request: pytest.FixtureRequest) -> str:
    url = with_database(killable.url, request.node.name)
    migrate(url, "up")
    return url


async def test_what_was_acknowledged_is_stored_whatever_is_killed(killable: Killable, url: str, opened: Opener) -> None:
    store: DurableStore = await opened(DurableStore, url)
    await seeded(store)
    acknowledged = 0
    sent = 0

    async def save_on() -> None:
        nonlocal acknowledged, sent
        while acknowledged < 60:
            sent = max(sent, acknowledged + 1)
            try:
                await store.save(
                    [bar(minutes_ago=acknowledged + 1, volume=acknowledged)], checkpoint_ns=acknowledged + 1
                )
            except StorageUnavailableError:
                await asyncio.sleep(0.01)
            else:
                acknowledged += 1

    saving = asyncio.create_task(save_on())
    for _ in range(3):
        await asyncio.sleep(0.05)
        killable.kill()
        known = acknowledged
        killable.start()
        assert known <= await _retried(store) <= sent
    await saving

    rows = await store.candles("NSE:RELIANCE", "1m", 0, NOW)
    assert [row.volume for row in reversed(rows)] == list(range(60))
    assert await store.checkpoint() == 60
    assert await store._link.value("SELECT count(*) FROM candle_revisions") == 0


async def _retried(store: DurableStore) -> int:
    while True:
        try:
            return len(await store.candles("NSE:RELIANCE", "1m", 0, NOW))
        except StorageUnavailableError:
            await asyncio.sleep(0.02)


async def test_a_restart_between_two_calls_goes_unnoticed(killable: Killable, url: str, opened: Opener) -> None:
    store: DurableStore = await opened(DurableStore, url)
    await asyncio.gather(*(store.ping() for _ in range(8)))
    killable.kill()
    killable.start()

    await seeded(store)
    assert (await store.save(bars(3))).written == 3


async def test_while_it_is_away_every_call_says_so(killable: Killable, url: str, opened: Opener) -> None:
    store: DurableStore = await opened(DurableStore, url)
    killable.kill()
    for call in (store.instruments, store.checkpoint, store.ping):
        with pytest.raises(DurableStoreUnavailableError):
            await call()
    killable.start()
    await store.ping()


async def test_nothing_is_logged_while_it_is_away_but_what_calls_say(
    killable: Killable, url: str, opened: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    await opened(DurableStore, url)
    killable.kill()
    await asyncio.sleep(0.2)
    killable.start()
    assert [record.getMessage() for record in caplog.records if record.name.startswith("asyncpg")] == []


async def test_a_silent_server_is_given_up_in_time_and_taken_back(database_url: str, opened: Opener) -> None:
    async with Proxy.before(database_url) as proxy:
        store: DurableStore = await opened(DurableStore, proxy.url, answer_timeout_s=1.0)
        await seeded(store)
        proxy.fall_silent()

        before = time.monotonic()
        with pytest.raises(DurableStoreUnavailableError, match="in time"):
            await store.save(bars(3), checkpoint_ns=1)
        assert time.monotonic() - before < 5

        proxy.speak()
        await store.save(bars(3), checkpoint_ns=1)
        assert await store.candles("NSE:RELIANCE", "1m", 0, NOW) == bars(3)


async def test_a_commit_whose_answer_was_lost_is_settled_by_saving_again(database_url: str, opened: Opener) -> None:
    async with Proxy.before(database_url) as proxy:
        store: DurableStore = await opened(DurableStore, proxy.url)
        await seeded(store)
        for _ in range(4):
            proxy.lose_answers = 1
            await store.save(bars(5), checkpoint_ns=5)

        assert proxy.lost == 4
        assert await store.candles("NSE:RELIANCE", "1m", 0, NOW) == bars(5)
        assert await store.checkpoint() == 5


@ON_POSTGRESQL
async def test_a_cancelled_query_leaves_the_store_usable(durable: DurableStore) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await durable._link.value("SELECT pg_sleep(10)")
    await durable.ping()


async def test_a_wrong_password_is_said_and_not_repeated(database_url: str) -> None:
    user, _, rest = database_url.partition("@")[0].rpartition(":")[0], "", database_url.partition("@")[2]
    with pytest.raises(DurableStoreError, match="password authentication failed") as refused:
        await DurableStore.connect(f"{user}:hunter2@{rest}")
    assert not isinstance(refused.value, StorageUnavailableError)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("url", ["postgresql://me:hunter2@host:port/x", "mysql://me:hunter2@host/x", "hunter2"])
async def test_a_bad_address_is_explained_without_being_quoted(url: str) -> None:
    with pytest.raises(DurableStoreError, match="DATABASE_URL is no address") as refused:
        await DurableStore.connect(url)
    assert "hunter2" not in f"{refused.value!r} {refused.value.__cause__!r}"
