"""Users and keys: found by what they show, and put out as a whole."""

import time
from datetime import UTC, datetime
from typing import Any

import anyio
import pytest

from engine.storage.durable import DurableStore
from engine.storage.durable.accounts import ABSOLUTE_S, ApiKey, PutOut, SessionStart, User
from engine.storage.durable.accounts.keys import KEYS
from engine.storage.durable.accounts.sessions import SESSIONS

pytestmark = pytest.mark.anyio

NOW = 1_800_000_000_000_000_000
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


async def added(durable: DurableStore, identity: str = "u1", email: str = "Ann@Example.org", **more: Any) -> User:
    fields: dict[str, Any] = {"password_hash": "hash", **more}
    user = await durable.add_user(identity, email, **fields)
    assert user is not None
    return user


def start(session: str, user: str = "u1", *, now_ns: int = NOW, password_hash: str | None = None) -> SessionStart:
    return SessionStart(session, user, f"digest-{session}", "10.0.0.1", now_ns, password_hash)


def key(identity: str, user: str | None = "u1", **more: Any) -> ApiKey:
    fields: dict[str, Any] = {
        "name": "mine",
        "scopes": ("read",),
        "requests_per_minute": 60,
        "expires_at": None,
        **more,
    }
    return ApiKey(identity, user, created_at=NOON, **fields)


async def test_an_email_has_one_account_however_it_is_written(durable: DurableStore) -> None:
    user = await added(durable, name="Ann")
    assert (user.email, user.role, user.is_active, user.has_password) == ("ann@example.org", "user", True, True)
    assert await durable.add_user("u2", "ANN@example.ORG") is None
    assert await durable.add_user("u1", "other@example.org") is None
    found = await durable.user_by_email("aNN@example.org")
    assert found is not None
    assert (found.user, found.password_hash) == (user, "hash")
    assert "hash" not in repr(found)
    assert await durable.user_by_email("nobody@example.org") is None
    assert await durable.user("u1") == user
    assert await durable.user("u2") is None


async def test_google_knows_one_account_by_a_subject(durable: DurableStore) -> None:
    user = await added(durable)
    assert await durable.user_of_google("g1") is None
    assert await durable.link_google("u1", "g1") == user
    assert await durable.user_of_google("g1") == user
    assert await durable.link_google("u1", "g2") is None
    assert await durable.add_user("u2", "bob@example.org", google_subject="g1") is None
    bob = await added(durable, "u3", "carl@example.org", google_subject="g3", password_hash=None)
    assert (bob.has_password, await durable.user_of_google("g3")) == (False, bob)


async def test_users_are_listed_by_email_from_any_of_them_on(durable: DurableStore) -> None:
    for number, name in enumerate("cab"):
        await added(durable, f"u{number}", f"{name}@example.org")
    assert [user.email[0] for user in await durable.users()] == ["a", "b", "c"]
    assert [user.email[0] for user in await durable.users(1, "a@example.org")] == ["b"]


async def test_a_change_ends_what_was_good_before_and_says_what(durable: DurableStore) -> None:
    await added(durable)
    await added(durable, "u2", "bob@example.org")
    for session, user in (("s1", "u1"), ("s2", "u1"), ("s3", "u2")):
        assert await durable.begin_session(start(session, user)) == []
    assert await durable.add_key(key("k1"), "digest")
    put_out = await durable.change_user("u1", NOW, "disabled", is_active=False)
    assert put_out is not None
    assert (put_out.user.is_active, sorted(put_out.sessions), put_out.keys) == (False, ["s1", "s2"], ("k1",))
    assert sorted(await durable.sessions_ended(NOW)) == ["s1", "s2"]
    repeated = await durable.change_user("u1", NOW, "disabled", is_active=False)
    assert repeated is not None
    assert sorted(repeated.sessions) == ["s1", "s2"], "told again, when the answer was lost"
    assert await durable.sessions_ended(NOW + 1_000) == []
    assert await durable.begin_session(start("s4")) is None
    assert await durable.key_holder("k1") is None
    assert await durable.keys_ended(0) == ["k1"]
    assert await durable.keys_ended(time.time_ns() + 60_000_000_000) == []
    again = await durable.change_user("u1", NOW + 1_000, "enabled", is_active=True, role="admin", password_hash="new")
    assert again is not None
    assert (again.user.is_active, again.user.role, again.sessions) == (True, "admin", ())
    assert await durable.begin_session(start("s5", password_hash="hash")) is None, "the password was changed meanwhile"
    assert await durable.begin_session(start("s5", password_hash="new")) == []
    await durable.rehash_password("u1", "other", "newest")
    await durable.rehash_password("u1", "new", "newer")
    newer = await durable.user_by_email("ann@example.org")
    assert newer is not None
    assert newer.password_hash == "newer"
    assert await durable.change_user("u9", NOW, "disabled", is_active=False) is None


async def test_a_password_takes_the_place_of_the_one_that_was_shown_and_of_no_other(durable: DurableStore) -> None:
    await added(durable)
    assert await durable.begin_session(start("s1")) == []

    async def change(before: str, after: str) -> PutOut | None:
        return await durable.change_user("u1", NOW, "changed", password_hash=after, password_before=before)

    assert await change("other", "new") is None
    assert await durable.sessions_ended(NOW) == [], "nothing has happened"
    for _ in range(2):  # told again, when the answer was lost
        put_out = await change("hash", "new")
        assert put_out is not None
        assert put_out.sessions == ("s1",)
    assert await change("hash", "newer") is None


async def test_who_is_disabled_while_signing_in_is_not_signed_in(durable: DurableStore) -> None:
    await added(durable)
    begun: dict[str, bool] = {}

    async def sign_in(session: str) -> None:
        begun[session] = await durable.begin_session(start(session)) is not None

    async with anyio.create_task_group() as group:
        for number in range(6):
            group.start_soon(sign_in, f"s{number}")
            if number == 3:
                group.start_soon(lambda: durable.change_user("u1", NOW, "disabled", is_active=False))
    ended = set(await durable.sessions_ended(NOW))
    assert {session for session, good in begun.items() if good} == ended


async def test_a_user_has_so_many_sessions_and_the_oldest_ends_first(durable: DurableStore) -> None:
    await added(durable)
    for number in range(SESSIONS):
        assert await durable.begin_session(start(f"s{number}", now_ns=NOW + number * 1_000_000)) == []
    for _ in range(2):  # the second time because the answer was lost
        assert await durable.begin_session(start("more", now_ns=NOW + SESSIONS * 1_000_000)) == ["s0"]
    assert await durable.end_session("s0", NOW, "logout") is False
    assert await durable.end_session("s1", NOW, "logout") is True
    assert await durable.end_session("nobody's", NOW, "logout") is False
    await durable.forget_sessions(NOW)
    assert sorted(await durable.sessions_ended(0)) == ["s0", "s1"]
    await durable.forget_sessions(NOW + 1_000)
    assert await durable.sessions_ended(0) == ["s0"]
    await durable.forget_sessions(NOW + int((ABSOLUTE_S + 1) * 1e9))
    assert await durable.sessions_ended(0) == []
    assert await durable.session_of("digest-s7") is None


async def test_a_user_who_is_deleted_leaves_nothing(durable: DurableStore) -> None:
    await added(durable, google_subject="g1")
    assert await durable.begin_session(start("s1")) == []
    assert await durable.add_key(key("k1"), "digest")
    await durable.delete_user("u1")
    assert await durable.user("u1") is None
    assert await durable.user_of_google("g1") is None
    assert await durable.session_of("digest-s1") is None
    assert await durable.key_holder("k1") is None
    await added(durable)


async def test_a_key_tells_what_its_owner_may_do_now(durable: DurableStore) -> None:
    await added(durable, role="admin")
    assert await durable.add_key(key("k1", scopes=("read", "admin"), expires_at=NOON), "digest")
    assert not await durable.add_key(key("k1"), "another digest")
    holder = await durable.key_holder("k1")
    assert holder is not None
    assert (holder.key, holder.digest, holder.role) == (
        key("k1", scopes=("read", "admin"), expires_at=NOON),
        "digest",
        "admin",
    )
    assert "digest" not in repr(holder)
    await durable.change_user("u1", NOW, "role", role="user")
    assert (await durable.key_holder("k1")).role == "user"  # pyright: ignore[reportOptionalMemberAccess]
    assert await durable.key_holder("k2") is None


async def test_keys_belong_to_whoever_made_them(durable: DurableStore) -> None:
    await added(durable)
    assert await durable.add_key(key("k1"), "one")
    assert await durable.add_key(key("k2", None), "two")
    assert [mine.id for mine in await durable.keys_of("u1")] == ["k1"]
    assert [mine.id for mine in await durable.keys_of(None)] == ["k2"]
    assert (await durable.key_holder("k2")).role == "admin"  # pyright: ignore[reportOptionalMemberAccess]
    assert not await durable.end_key("k2", "u1")
    assert not await durable.end_key("k1", None)
    assert await durable.end_key("k1", "u1")
    assert not await durable.end_key("k1", "u1")
    assert await durable.key_holder("k1") is None
    assert await durable.keys_of("u1") == []
    assert await durable.keys_ended(0) == ["k1"]


async def test_nobody_makes_more_keys_than_one_may_have(durable: DurableStore) -> None:
    await added(durable)
    for number in range(KEYS):
        assert await durable.add_key(key(f"k{number}"), "digest")
    assert not await durable.add_key(key("more"), "digest")
    assert await durable.end_key("k7", "u1")
    assert await durable.add_key(key("more"), "digest")
