"""The table of credentials: one of each kind a provider has, and nothing left of one that was ended."""

from datetime import UTC, datetime

import msgspec
import pytest

from engine.storage.durable import DurableStore
from engine.storage.durable.credentials import CredentialDraft

pytestmark = pytest.mark.anyio

DRAFT = CredentialDraft(
    provider="dhan",
    kind="token",
    identity="1100012345",
    ciphertext=b"sealed",
    nonce=b"once",
    key_id="k1",
    fingerprint="abc",
    expires_at=datetime(2026, 11, 22, 3, tzinfo=UTC),
    source="admin",
)


async def test_the_next_one_takes_the_place_of_the_first(durable: DurableStore) -> None:
    first = await durable.keep_credential(DRAFT)
    other = await durable.keep_credential(msgspec.structs.replace(DRAFT, provider="kite", expires_at=None))
    second = await durable.keep_credential(msgspec.structs.replace(DRAFT, ciphertext=b"newer"))
    assert second.id == first.id
    assert await durable.credentials() == [second, other]
    assert second.ciphertext == b"newer"
    assert second.expires_at == DRAFT.expires_at
    assert second.created_at == first.created_at
    assert second.updated_at >= first.updated_at


async def test_of_one_that_is_ended_no_secret_is_left(durable: DurableStore) -> None:
    kept = await durable.keep_credential(DRAFT)
    ended = await durable.end_credential(kept.id)
    assert ended is not None
    assert (ended.ciphertext, ended.nonce, ended.is_active) == (b"", b"", False)
    assert await durable.credentials() == []
    assert await durable.end_credential(kept.id) is None
    assert await durable.end_credential(2**40) is None
    assert (await durable.keep_credential(DRAFT)).is_active


async def test_a_row_does_not_show_what_it_holds(durable: DurableStore) -> None:
    assert "sealed" not in repr(await durable.keep_credential(DRAFT))
