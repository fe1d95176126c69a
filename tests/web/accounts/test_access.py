"""Access: whose a token is, and whom guessing costs time."""

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.storage.durable.accounts import ApiKey
from engine.storage.memory import MemoryDurableStore
from web.access import Access, AccessError, NotReadyError, TokenEndedError
from web.accounts.ended import EndedSessions
from web.accounts.keys import KeyRing, NewKey, new_key
from web.accounts.principal import OPERATOR, SCOPES, USER_SCOPES, Principal
from web.accounts.tokens import ACCESS_S, AccessTokens, digest

pytestmark = pytest.mark.anyio
KEY = "a-key-for-tests-only-and-long-enough"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Door:
    """Access with a clock that tests move."""

    def __init__(self, admin: str | None = "right") -> None:
        self.now_s = 1_000_000.0
        self.tokens = AccessTokens(KEY)
        self.ended = EndedSessions(ACCESS_S + 60)
        hashed = None if admin is None else digest(admin)
        self.durable = MemoryDurableStore()
        self.keys = KeyRing(self.durable, lambda: self.now_s)
        self.ended.ready = True
        self.ended.on_end(self.keys.forget)
        self.access = Access(
            self.tokens, self.keys, self.ended, public_feed=False, now_s=lambda: self.now_s, admin_hash=hashed
        )

    async def key(self, user: str | None = "u1", **more: Any) -> NewKey:
        made = new_key()
        fields: dict[str, Any] = {"scopes": ("read",), "requests_per_minute": 60, "expires_at": None, **more}
        key = ApiKey(id=made.id, user=user, name="mine", created_at=datetime.now(UTC), **fields)
        assert await self.durable.add_key(key, made.digest)
        return made

    async def admits(self, token: str, address: str = "here") -> bool:
        try:
            await self.access.admit(token, address)
        except AccessError:
            return False
        return True


async def test_only_the_administrators_token_makes_an_operator() -> None:
    door = Door()
    assert await door.access.admit("right", "here") == OPERATOR
    for wrong in ("wrong", "\ud800", "", "right\n", digest("right")):
        assert not await door.admits(wrong)


async def test_nobody_is_called_wrong_while_no_token_is_known_and_nobody_has_guessed() -> None:
    door = Door(admin=None)
    for _ in range(20):
        with pytest.raises(NotReadyError):
            await door.access.admit("-" * 64, "here")
    door.access.admin_hash = digest("right")
    assert await door.admits("right")


async def test_guessing_costs_time_and_only_whoever_guesses() -> None:
    door = Door()
    for _ in range(10):
        assert not await door.admits("wrong")
    assert not await door.admits("right")
    assert await door.admits("right", "elsewhere")
    assert await door.admits(door.tokens.issue("u1", "s1", "user", door.now_s)), "it can not be guessed"
    door.now_s += 6.5
    assert await door.admits("right")


async def test_a_signed_token_tells_who_it_is_until_it_expires() -> None:
    door = Door()
    token = door.tokens.issue("u1", "s1", "user", door.now_s)
    who = await door.access.admit(token, "here")
    assert who == Principal("user", "u1", "user", USER_SCOPES, "s1", door.now_s + ACCESS_S)
    admin = await door.access.admit(door.tokens.issue("u2", "s2", "admin", door.now_s), "here")
    assert (admin.scopes, admin.is_admin, who.is_admin) == (SCOPES, True, False)
    door.now_s += ACCESS_S
    with pytest.raises(TokenEndedError):
        await door.access.admit(token, "here")


async def test_a_session_that_has_ended_admits_nobody_and_is_forgotten_when_its_tokens_have_expired() -> None:
    door = Door()
    told: list[str] = []
    door.ended.on_end(told.append)
    token = door.tokens.issue("u1", "s1", "user", door.now_s)
    for _ in range(2):
        door.ended.note("sid", "s1", door.now_s)
    assert told == ["s1"]
    with pytest.raises(TokenEndedError):
        await door.access.admit(token, "here")
    door.ended.forget(door.now_s + ACCESS_S)
    assert len(door.ended) == 1
    door.ended.forget(door.now_s + ACCESS_S + 60)
    assert len(door.ended) == 0


async def test_nobody_comes_in_before_it_is_known_what_has_ended() -> None:
    door = Door()
    door.ended.ready = False
    with pytest.raises(NotReadyError):
        await door.access.admit(door.tokens.issue("u1", "s1", "user", door.now_s), "here")
    assert await door.admits("right")


async def test_a_key_does_what_its_scopes_and_its_owner_may() -> None:
    door = Door()
    await door.durable.add_user("u1", "ann@example.org")
    await door.durable.add_user("u2", "bob@example.org", role="admin")
    made = await door.key(requests_per_minute=90)
    who = await door.access.admit(made.text, "here")
    assert who == Principal("key", made.id, "user", frozenset({"read"}), made.id, None, 90, "u1")
    for user, admin in (("u1", False), ("u2", True), (None, True)):
        wide = await door.key(user, scopes=("admin", "read", "stream"))
        found = await door.access.admit(wide.text, "here")
        assert (found.is_admin, "admin" in found.scopes) == (admin, admin)
    assert not (await door.access.admit((await door.key("u2")).text, "here")).is_admin, "its scopes say less"


async def test_a_key_with_another_secret_or_another_name_is_none() -> None:
    door = Door()
    made, other = await door.key(None), await door.key(None)
    swapped = (
        f"tt_{other.id}_{made.text.rpartition('_')[2]}" if "_" not in made.text[12:] else f"tt_{other.id}_{'x' * 43}"
    )
    for wrong in (made.text[:-1], made.text + "x", f"tt_{made.id}_{'x' * 43}", swapped, "tt_", "tt_\ud800"):
        assert not await door.admits(wrong, wrong[:30])
    assert made.text not in repr(made)


async def test_a_key_that_ends_is_refused_at_once_where_that_is_told_and_soon_elsewhere() -> None:
    door = Door()
    made = await door.key(None)
    assert await door.admits(made.text)
    await door.durable.end_key(made.id, None)
    assert await door.admits(made.text), "it is remembered"
    door.ended.note("key", made.id, door.now_s)
    assert not await door.admits(made.text, "there")
    another = await door.key(None)
    assert await door.admits(another.text)
    await door.durable.end_key(another.id, None)
    door.now_s += 31
    assert not await door.admits(another.text, "there")


async def test_a_key_expires() -> None:
    door = Door()
    made = await door.key(None, expires_at=datetime.fromtimestamp(door.now_s + 10, UTC))
    assert (await door.access.admit(made.text, "here")).expires_s == door.now_s + 10
    door.now_s += 10
    with pytest.raises(TokenEndedError):
        await door.access.admit(made.text, "here")


async def test_who_shows_wrong_keys_does_not_keep_the_database_busy() -> None:
    door = Door()
    made = await door.key(None)
    assert await door.admits(made.text)
    for _ in range(10):
        assert not await door.admits(new_key().text)
    door.durable.tables.away = True
    assert await door.admits(made.text), "it is remembered"
    with pytest.raises(AccessError) as refused:
        await door.access.admit(new_key().text, "here")
    assert not isinstance(refused.value, NotReadyError), "nobody was asked"


async def test_a_key_that_can_not_be_looked_up_is_not_called_wrong() -> None:
    door = Door()
    made = await door.key(None)
    door.durable.tables.away = True
    with pytest.raises(NotReadyError):
        await door.access.admit(made.text, "here")
