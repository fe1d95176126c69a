"""Stores behind TLS, as platforms write their addresses; what is wrong with a certificate is said with the way out."""

from collections.abc import Generator
from pathlib import Path

import anyio.to_thread
import asyncpg
import pytest

from engine.storage.durable import DurableStore, migrate
from engine.storage.errors import DurableStoreError, HotStoreError, StorageError
from engine.storage.hot import HotStore
from tests.certificates import Certificate
from tests.servers import with_database
from tests.storage.conftest import Opener
from tests.storage.tls import tls_before

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.made_in(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certificate:
    """Somebody else's certificate; and a home without one that would count."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return Certificate.made_in(tmp_path)


@pytest.fixture
def rediss(redis_url: str, certificate: Certificate) -> Generator[str]:
    with tls_before(redis_url, certificate) as url:
        yield url


@pytest.fixture
def postgres_with_tls(database_url: str, certificate: Certificate) -> Generator[str]:
    with tls_before(database_url, certificate) as url:
        yield url


@pytest.mark.parametrize("options", ["ssl_cert_reqs=none", "ssl_cert_reqs=CERT_NONE", "ssl_ca_certs={chain}"])
async def test_redis_is_reached_as_platforms_say_it(
    rediss: str, certificate: Certificate, opened: Opener, options: str
) -> None:
    store: HotStore = await opened(HotStore, f"{rediss}?{options.format(chain=certificate.chain)}")
    await store.append_events([("1-0", b"a")])
    async with store.subscribe("market_data") as messages:
        await store.publish("market_data", b"heard")
        assert await messages.receive() == ("market_data", b"heard")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("", "self-signed.*ssl_ca_certs=FILE.*ssl_cert_reqs=none"),
        ("?ssl_cert_reqs=required", "certificate is not trusted"),
        ("?ssl_cert_reqs=maybe", "ssl_cert_reqs: expected none, optional, required"),
        ("?ssl_ca_certs=/not/there.pem", "ssl_ca_certs: expected a file"),
        ("?sslmode=require", "unknown option: sslmode"),
    ],
)
async def test_a_redis_that_is_not_trusted_says_what_to_do(rediss: str, options: str, words: str) -> None:
    with pytest.raises(HotStoreError, match=words) as refused:
        await HotStore.connect(f"{rediss}{options}", answer_timeout_s=2)
    assert rediss not in str(refused.value)


@pytest.mark.parametrize(
    "options",
    [
        "",
        "?sslmode=prefer",
        "?sslmode=require",
        "?sslmode=verify-full&sslrootcert={chain}",
        "?sslmode=verify-ca&sslrootcert={chain}",
    ],
)
@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
async def test_postgresql_is_reached_as_platforms_say_it(
    postgres_with_tls: str, certificate: Certificate, opened: Opener, options: str, scheme: str
) -> None:
    address = postgres_with_tls.replace("postgresql", scheme, 1) + options.format(chain=certificate.chain)
    store: DurableStore = await opened(DurableStore, address)
    await store.ping()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("?sslmode=verify-full&sslrootcert={other}", "not trusted.*sslrootcert=FILE"),
        ("?sslmode=verify-full&sslrootcert=/not/there.pem", "expected sslrootcert=FILE"),
        ("?sslmode=verify-full&sslrootcert={key}", "expected sslrootcert=FILE"),
        ("?sslmode=verify-full", "expected sslrootcert=FILE"),
        ("?sslmode=no-verify", "sslmode: expected disable, allow"),
        ("?sslmode=disable", "closed in the middle"),
    ],
)
async def test_a_postgresql_that_is_not_trusted_says_what_to_do(
    postgres_with_tls: str, certificate: Certificate, stranger: Certificate, options: str, words: str
) -> None:
    address = postgres_with_tls + options.format(other=stranger.chain, key=certificate.key)
    with pytest.raises(DurableStoreError, match=words) as refused:
        await DurableStore.connect(address, answer_timeout_s=2)
    assert address not in str(refused.value)


async def test_a_server_without_tls_is_not_spoken_to_in_the_clear_when_tls_was_asked_for(database_url: str) -> None:
    with pytest.raises(DurableStoreError, match="no encrypted connections"):
        await DurableStore.connect(f"{database_url}?sslmode=require", answer_timeout_s=2)


def test_migrations_go_through_tls_and_say_the_same(postgres_with_tls: str) -> None:
    assert migrate(f"{postgres_with_tls}?sslmode=require", "status").is_current
    with pytest.raises(StorageError, match="expected sslrootcert=FILE"):
        migrate(f"{postgres_with_tls}?sslmode=verify-full&sslrootcert=/not/there.pem", "status")


async def test_an_account_that_may_not_make_its_database_is_told_so(postgres: str) -> None:
    administrator = await asyncpg.connect(with_database(postgres, "postgres"))
    await administrator.execute("CREATE ROLE humble LOGIN PASSWORD 'a-word'")
    place = with_database(postgres, "not_there").partition("@")[2]
    try:
        with pytest.raises(DurableStoreError, match="may not make one"):
            await anyio.to_thread.run_sync(migrate, f"postgresql://humble:a-word@{place}", "up")
    finally:
        await administrator.execute("DROP ROLE humble")
        await administrator.close()
