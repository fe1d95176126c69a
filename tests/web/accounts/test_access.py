"""Access: whose a token is, and whom guessing costs time."""

import pytest

from web.access import Access, AccessError, NotReadyError, TokenEndedError
from web.accounts.ended import EndedSessions
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
        self.access = Access(
            self.tokens, self.ended, public_feed=False, now_s=lambda: self.now_s, admin_hash=hashed
        )  # fmt: skip

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
        door.ended.note("s1", door.now_s)
    assert told == ["s1"]
    with pytest.raises(TokenEndedError):
        await door.access.admit(token, "here")
    door.ended.forget(door.now_s + ACCESS_S)
    assert len(door.ended) == 1
    door.ended.forget(door.now_s + ACCESS_S + 60)
    assert len(door.ended) == 0
