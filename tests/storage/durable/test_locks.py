"""Locks that end with whoever took them."""

import asyncpg
import pytest

from engine.storage.durable import DurableStore
from engine.storage.errors import DurableStoreError, DurableStoreUnavailableError
from tests.storage.conftest import Opener

pytestmark = pytest.mark.anyio

NUMBERS = [-(2**63), 0, 2**63 - 1]


async def test_what_one_holds_no_other_gets_until_it_is_given_back(database_url: str, opened: Opener) -> None:
    store: DurableStore = await opened(DurableStore, database_url)
    one, two = store.session_locks(), store.session_locks()
    try:
        assert await one.take(NUMBERS, 5) == set(NUMBERS)
        assert await two.take(NUMBERS, 5) == set()
        await one.give_back(0)
        assert await two.take(NUMBERS, 5) == {0}
        await one.check()
    finally:
        await one.close()
        await two.close()
    await two.close()


async def test_no_more_are_taken_than_are_wanted(database_url: str, opened: Opener) -> None:
    store: DurableStore = await opened(DurableStore, database_url)
    one, two = store.session_locks(), store.session_locks()
    try:
        few = await one.take(NUMBERS, 2)
        assert len(few) == 2
        assert await two.take(NUMBERS, 5) == set(NUMBERS) - few
    finally:
        await one.close()
        await two.close()


async def test_who_loses_the_connection_holds_nothing_and_is_told(database_url: str, opened: Opener) -> None:
    store: DurableStore = await opened(DurableStore, database_url)
    one, two = store.session_locks(), store.session_locks()
    try:
        await one.take([1], 1)
        killer = await asyncpg.connect(database_url)
        await killer.fetch("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
        await killer.close()
        with pytest.raises(DurableStoreUnavailableError):
            await one.check()
        with pytest.raises(DurableStoreUnavailableError):
            await one.give_back(1)
        assert await two.take([1], 1) == {1}
        assert await one.take([1, 2], 2) == {2}, "it begins anew"
    finally:
        await one.close()
        await two.close()


async def test_who_is_refused_holds_nothing_either(database_url: str, opened: Opener) -> None:
    store: DurableStore = await opened(DurableStore, database_url)
    one, two = store.session_locks(), store.session_locks()
    try:
        await one.take([1], 1)
        with pytest.raises(DurableStoreError):
            await one.take([2], -1)
        assert await two.take([1, 2], 2) == {1, 2}
    finally:
        await one.close()
        await two.close()
