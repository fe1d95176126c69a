"""Members on stores without servers: what happens between two steps, and how a hash grows older."""

from collections.abc import Iterator

import anyio
import pytest
from argon2 import PasswordHasher

from engine.storage.durable.accounts import Credentials
from engine.storage.memory import MemoryDurableStore, MemoryHotStore
from web.accounts.accounts import Accounts
from web.accounts.ended import EndedSessions
from web.accounts.errors import CredentialsError, EmailError, EmailTakenError, PasswordError, SessionOverError
from web.accounts.members import checked_email
from web.accounts.passwords import Passwords
from web.accounts.tokens import AccessTokens

pytestmark = pytest.mark.anyio

KEY = "a-key-for-tests-only-and-long-enough"
EMAIL, PASSWORD = "ann@example.org", "vexed-otter-climbs"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Place(Accounts):
    """Accounts with a clock that tests move, and everything within reach."""

    def __init__(self) -> None:
        self.clock_ns = 1_800_000_000_000_000_000
        self.durable = MemoryDurableStore()
        self.hot = MemoryHotStore(lambda: self.clock_ns)
        self.tokens = AccessTokens(KEY)
        super().__init__(
            self.durable,
            self.hot,
            self.tokens,
            Passwords(threads=1),
            EndedSessions(960.0),
            key=KEY,
            now_ns=lambda: self.clock_ns,
        )

    async def told(self) -> list[str]:
        return [ended.name for _, ended in await self.hot.follow_sessions("0-0")]


@pytest.fixture
def place() -> Iterator[Place]:
    made = Place()
    yield made
    made.close()


async def test_an_older_hash_is_renewed_when_its_owner_shows_the_password(place: Place) -> None:
    older = PasswordHasher(1, 8, 1).hash(PASSWORD)
    await place.durable.add_user("u1", EMAIL, password_hash=older)
    found = await place.recognize(EMAIL, PASSWORD)
    assert found.password_hash != older
    kept = await place.durable.user_by_email(EMAIL)
    assert kept == found
    assert not place.passwords.is_outdated(found.password_hash or "")
    assert await place.recognize(EMAIL, PASSWORD) == found


async def test_a_password_that_is_changed_while_the_old_one_is_compared_opens_nothing(place: Place) -> None:
    user = await place.register(EMAIL, PASSWORD)
    found = await place.recognize(EMAIL, PASSWORD)
    await place.change(user.id, "password reset", password="calm-heron-wades")
    with pytest.raises(CredentialsError):
        await place.sign_in(user, "here", password_hash=found.password_hash)
    assert (await place.recognize(EMAIL, "calm-heron-wades")).user == user


async def test_who_signs_in_with_google_only_has_no_password_to_guess(place: Place) -> None:
    await place.durable.add_user("u1", EMAIL, google_subject="g1")
    for password in ("", "None", "null", PASSWORD):
        with pytest.raises(CredentialsError):
            await place.recognize(EMAIL, password)


async def test_a_copied_token_ends_the_session_everywhere(place: Place) -> None:
    user = await place.register(EMAIL, PASSWORD)
    first = await place.sign_in(user, "here")
    second = await place.refresh(first.refresh_token)
    again = await place.refresh(first.refresh_token)
    assert (again.session, again.refresh_token) == (first.session, second.refresh_token)
    place.clock_ns += 11 * 10**9
    with pytest.raises(SessionOverError):
        await place.refresh(first.refresh_token)
    assert first.session in place.ended
    assert await place.told() == [first.session]
    with pytest.raises(SessionOverError):
        await place.refresh(second.refresh_token)


async def test_another_installations_key_makes_other_successors(place: Place) -> None:
    user = await place.register(EMAIL, PASSWORD)
    token = (await place.sign_in(user, "here")).refresh_token
    ours = (await place.refresh(token)).refresh_token
    place._key = b"another"  # pyright: ignore[reportPrivateUsage]
    assert place._successor(token) != ours  # pyright: ignore[reportPrivateUsage]


async def test_everything_ends_when_somebody_is_put_out_even_while_redis_hangs(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hangs(*_: object) -> None:
        await anyio.sleep_forever()

    user = await place.register(EMAIL, PASSWORD)
    grants = [await place.sign_in(user, "here") for _ in range(3)]
    monkeypatch.setattr("web.accounts.members.TELL_S", 0.01)
    monkeypatch.setattr(place.hot, "end_session", hangs)
    put_out = await place.change(user.id, "disabled", is_active=False)
    assert put_out is not None
    assert set(put_out.sessions) == {grant.session for grant in grants}
    assert all(grant.session in place.ended for grant in grants)


async def test_nothing_secret_is_in_what_a_failure_would_print(place: Place) -> None:
    user = await place.register(EMAIL, PASSWORD)
    found = await place.recognize(EMAIL, PASSWORD)
    grant = await place.sign_in(user, "here")
    shown = f"{found!r} {grant!r} {place!r} {place.passwords!r} {place.tokens!r}"
    for secret in (PASSWORD, found.password_hash or "", grant.access_token, grant.refresh_token, KEY):
        assert secret not in shown
    assert isinstance(found, Credentials)


@pytest.mark.parametrize(
    "text", ["", "ann", "@example.org", "ann@", "ann@example", "a b@c.d", "a@b@c.d", "ann@example.", "a\x00@b.c"]
)
async def test_what_can_be_no_email_is_none(text: str) -> None:
    with pytest.raises(EmailError):
        checked_email(text)


async def test_an_account_is_refused_before_a_password_is_hashed_for_it(place: Place) -> None:
    with pytest.raises(PasswordError):
        await place.register(EMAIL, "ann@example.org")
    await place.register(EMAIL, PASSWORD)
    with pytest.raises(EmailTakenError):
        await place.register(f" {EMAIL.upper()} ", PASSWORD)
