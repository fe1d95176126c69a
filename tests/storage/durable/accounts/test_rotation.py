"""Refresh tokens: good once, repeated for a moment, and whoever copies one ends the family."""

import anyio
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from engine.storage.durable import DurableStore
from engine.storage.durable.accounts import ABSOLUTE_S, GRACE_S, IDLE_S, Family, Member, SessionStart, Verdict, judge
from engine.storage.memory import MemoryDurableStore

pytestmark = pytest.mark.anyio

NOW = 1_800_000_000_000_000_000
SECOND = 1_000_000_000


async def begun(durable: DurableStore, now_ns: int = NOW) -> None:
    assert await durable.add_user("u1", "ann@example.org") is not None
    assert await durable.begin_session(SessionStart("s1", "u1", "t0", "", now_ns)) == []


async def shown(durable: DurableStore, token: str, successor: str, after_s: float = 0) -> Verdict:
    return (await durable.refresh_session(token, successor, NOW + int(after_s * SECOND))).verdict


async def test_a_token_is_good_once_and_its_successor_goes_on(durable: DurableStore) -> None:
    await begun(durable)
    refreshed = await durable.refresh_session("t0", "t1", NOW)
    assert (refreshed.verdict, refreshed.session, refreshed.user, refreshed.role) == ("rotate", "s1", "u1", "user")
    assert refreshed.expires_ns == NOW + int(IDLE_S * SECOND)
    assert await shown(durable, "t1", "t2", 60) is Verdict.ROTATE
    assert await shown(durable, "never", "x") is Verdict.REFUSED
    assert await durable.session_of("t1") == "s1"
    assert await durable.session_of("never") is None


async def test_a_repeat_at_once_gets_the_same_successor(durable: DurableStore) -> None:
    await begun(durable)
    assert await shown(durable, "t0", "t1") is Verdict.ROTATE
    assert await shown(durable, "t0", "t1", GRACE_S) is Verdict.REPEAT
    assert await shown(durable, "t1", "t2", GRACE_S) is Verdict.ROTATE


@pytest.mark.parametrize("after_s", [GRACE_S + 1, 3600])
async def test_a_copy_ends_the_family_and_the_one_who_was_faster_too(durable: DurableStore, after_s: float) -> None:
    await begun(durable)
    assert await shown(durable, "t0", "t1") is Verdict.ROTATE
    for _ in range(2):  # the second time because the answer was lost
        assert await shown(durable, "t0", "x", after_s) is Verdict.REUSED
    assert await shown(durable, "t0", "x", after_s + 1) is Verdict.REFUSED
    assert await shown(durable, "t1", "t2", after_s + 1) is Verdict.REFUSED
    assert await durable.sessions_ended(NOW) == ["s1"]


async def test_a_repeat_whose_successor_was_used_is_a_copy_however_soon_it_comes(durable: DurableStore) -> None:
    await begun(durable)
    assert await shown(durable, "t0", "t1") is Verdict.ROTATE
    assert await shown(durable, "t1", "t2", 1) is Verdict.ROTATE
    assert await shown(durable, "t0", "t1", 2) is Verdict.REUSED


async def test_who_is_idle_or_signed_in_for_too_long_has_to_sign_in_again(durable: DurableStore) -> None:
    await begun(durable)
    assert await shown(durable, "t0", "t1", IDLE_S - 1) is Verdict.ROTATE
    last = await durable.refresh_session("t1", "t2", NOW + int((2 * IDLE_S - 2) * SECOND))
    assert (last.verdict, last.expires_ns) == ("rotate", NOW + int(ABSOLUTE_S * SECOND)), "no longer than the session"
    assert await shown(durable, "t2", "t3", ABSOLUTE_S) is Verdict.REFUSED
    assert await shown(durable, "t2", "t3", ABSOLUTE_S - 1) is Verdict.ROTATE


async def test_an_idle_token_is_refused_and_nothing_else_happens(durable: DurableStore) -> None:
    await begun(durable)
    assert await shown(durable, "t0", "t1", IDLE_S) is Verdict.REFUSED
    assert await durable.sessions_ended(0) == []


async def test_of_many_who_refresh_at_once_all_get_one_successor(durable: DurableStore) -> None:
    await begun(durable)
    verdicts: list[Verdict] = []

    async def refresh() -> None:
        verdicts.append(await shown(durable, "t0", "t1"))

    async with anyio.create_task_group() as group:
        for _ in range(6):
            group.start_soon(refresh)
    assert sorted(verdicts) == [Verdict.REPEAT] * 5 + [Verdict.ROTATE]
    assert await shown(durable, "t1", "t2", 60) is Verdict.ROTATE


async def test_a_family_that_is_being_ended_takes_no_new_member(durable: DurableStore) -> None:
    """A thief replays the old token while the owner refreshes with the newest one: no token comes out alive."""
    await begun(durable)
    assert await shown(durable, "t0", "t1") is Verdict.ROTATE
    late_s = GRACE_S + 1

    async with anyio.create_task_group() as group:
        group.start_soon(shown, durable, "t0", "x", late_s)
        group.start_soon(shown, durable, "t1", "t2", late_s)
        group.start_soon(shown, durable, "t0", "x", late_s)
    assert await durable.sessions_ended(NOW) == ["s1"]
    for token in ("t0", "t1", "t2", "x"):
        assert await shown(durable, token, f"{token}+", late_s + 1) is Verdict.REFUSED


async def test_a_disabled_user_refreshes_nothing(durable: DurableStore) -> None:
    await begun(durable)
    await durable.change_user("u1", NOW, "disabled", is_active=False)
    await durable.change_user("u1", NOW, "enabled", is_active=True)
    assert await shown(durable, "t0", "t1") is Verdict.REFUSED


def test_the_verdict_is_a_table() -> None:
    family, ended = Family(100 * SECOND, ended=False), Family(100 * SECOND, ended=True)
    by_this = Family(100 * SECOND, ended=True, ended_by_this=True)
    fresh, used = Member(50 * SECOND, None, False), Member(50 * SECOND, 20 * SECOND, False)
    passed_on = Member(50 * SECOND, 20 * SECOND, True)
    table = [
        (family, fresh, 49, Verdict.ROTATE),
        (family, fresh, 50, Verdict.REFUSED),
        (family, fresh, 100, Verdict.REFUSED),
        (family, used, 30, Verdict.REPEAT),
        (family, used, 31, Verdict.REUSED),
        (family, used, 99, Verdict.REUSED),
        (family, used, 100, Verdict.REFUSED),
        (family, passed_on, 21, Verdict.REUSED),
        *((ended, member, 21, Verdict.REFUSED) for member in (fresh, used, passed_on)),
        *((by_this, member, 21, Verdict.REUSED) for member in (used, passed_on)),
        (by_this, fresh, 21, Verdict.REFUSED),
    ]
    for one, member, at_s, verdict in table:
        assert judge(one, member, at_s * SECOND) is verdict


class Thieves(RuleBasedStateMachine):
    """An owner and thieves use one session's tokens in any order, at any pace.

    The model keeps the chain: the newest token, the one before it with when it was used, and whether the family lives.
    """

    tokens = Bundle("tokens")

    @initialize(target=tokens)
    def sign_in(self) -> str:
        self.durable = MemoryDurableStore()
        self.now_ns = NOW
        self.newest, self.before, self.used_ns = "t0", "", 0
        self.alive, self.reused_ns = True, 0
        anyio.run(begun, self.durable)
        return "t0"

    @rule(seconds=st.sampled_from([0.0, 1.0, GRACE_S, GRACE_S + 1, 900.0, IDLE_S - 1, IDLE_S]))
    def time_passes(self, seconds: float) -> None:
        self.now_ns += int(seconds * SECOND)

    @rule(target=tokens, token=tokens)
    def anybody_shows_a_token(self, token: str) -> str:
        """Who it is makes no difference: nobody can tell."""
        successor = f"after-{token}"
        found = anyio.run(self.durable.refresh_session, token, successor, self.now_ns)
        assert found.verdict is self._expected(token)
        if found.verdict is Verdict.ROTATE:
            self.before, self.newest, self.used_ns = token, successor, self.now_ns
            self.idle_until_ns = self.now_ns + int(IDLE_S * SECOND)
        if found.verdict is Verdict.REUSED:
            self.alive, self.reused_ns = False, self.now_ns
        return successor if found.verdict in (Verdict.ROTATE, Verdict.REPEAT) else token

    @rule()
    def the_owner_signs_out(self) -> None:
        anyio.run(self.durable.end_session, "s1", self.now_ns, "logout")
        self.alive = False

    def _expected(self, token: str) -> Verdict:
        began = NOW + int(ABSOLUTE_S * SECOND)
        if self.now_ns == self.reused_ns and token != self.newest:
            return Verdict.REUSED
        if not self.alive or self.now_ns >= began:
            return Verdict.REFUSED
        if token == self.newest:
            idle_until_ns = getattr(self, "idle_until_ns", NOW + int(IDLE_S * SECOND))
            return Verdict.REFUSED if self.now_ns >= idle_until_ns else Verdict.ROTATE
        recent = self.now_ns - self.used_ns <= int(GRACE_S * SECOND)
        return Verdict.REPEAT if token == self.before and recent else Verdict.REUSED


def test_whatever_thieves_do_no_copied_token_outlives_its_discovery() -> None:
    run_state_machine_as_test(Thieves, settings=settings(max_examples=60, stateful_step_count=25, deadline=None))
