"""Rate limits: as fast as a provider allows, and no faster. The rules are pure; the limiter does the waiting."""

import time
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

import trio

from engine.providers.base import Advice, ProviderError

_DAY_S: Final = 86_400
_GIVE_WAY_S = 0.05
"""How long a patient caller steps aside before it looks again whether anybody is in a hurry."""


class Rule(Protocol):
    """One limit, asked and told about moments in seconds of one clock."""

    def ready_in(self, now_s: float) -> float:
        """Seconds until the next call may be made; 0 when it may be made now."""
        ...

    def take(self, now_s: float) -> None:
        """Count a call made now."""
        ...


class TokenBucket:
    """So many calls a second on average, and ``burst`` at once after a rest."""

    def __init__(self, per_second: float, burst: int = 1) -> None:
        self._interval_s = 1 / per_second
        self._burst = burst
        self._full_at = float("-inf")
        """When the bucket will have refilled, were no more tokens taken."""

    def ready_in(self, now_s: float) -> float:
        tokens_missing_s = self._full_at - now_s
        return max(0.0, tokens_missing_s - (self._burst - 1) * self._interval_s)

    def take(self, now_s: float) -> None:
        self._full_at = max(self._full_at, now_s) + self._interval_s


class Daily(NamedTuple):
    """So many calls a day; the day is that of a place whose clocks are always ``ahead_s`` seconds ahead of UTC."""

    calls: int
    ahead_s: int

    def left_s(self, utc_s: float) -> float:
        """Seconds until the day is over."""
        return _DAY_S - (utc_s + self.ahead_s) % _DAY_S


class Quota:
    """A day's calls as one process counts them, from its start on."""

    def __init__(self, daily: Daily, utc_s: Callable[[], float] = time.time) -> None:
        self._daily = daily
        self._utc_s = utc_s
        self._ends_at = float("-inf")
        self._left = daily.calls

    def ready_in(self, now_s: float) -> float:
        return self._ends_at - now_s if now_s < self._ends_at and not self._left else 0.0

    def take(self, now_s: float) -> None:
        if now_s >= self._ends_at:
            self._ends_at = now_s + self._daily.left_s(self._utc_s())
            self._left = self._daily.calls
        self._left -= 1


class Budget(Protocol):
    """What all processes that use one account may ask for together."""

    async def take(self, name: str, per_second: float, daily: Daily | None) -> float:
        """0 when a call may be made now, and is counted; else the seconds until one may."""
        ...

    async def hold(self, name: str, seconds: float) -> None:
        """Let no process make a call for so long."""
        ...


class Unshared:
    """The budget of a process that is alone: its own rules are enough."""

    async def take(self, name: str, per_second: float, daily: Daily | None) -> float:
        return 0.0

    async def hold(self, name: str, seconds: float) -> None:
        """Nobody else is to be told."""


UNSHARED: Final = Unshared()


class Share(NamedTuple):
    """One kind of calls of one account: whose budget it is, by which name, and what is allowed."""

    budget: Budget
    name: str
    per_second: float
    daily: Daily | None = None


class RateLimiter:
    """Lets callers through one by one, in the order they came, as the rules allow; patient ones behind all others.

    The rules are this process's, the calls that its share has a day among them; the share is what it asks for beyond
    them, among all processes of the account.
    A caller that is cancelled while the rules make it wait has taken nothing. Who would have to wait longer than
    ``patience_s`` for the rules gets a ``ProviderError`` that says how long, instead.
    """

    def __init__(
        self,
        *rules: Rule,
        patience_s: float = 90.0,
        clock: Callable[[], float] = trio.current_time,
        share: Share | None = None,
    ) -> None:
        self._share = share or Share(UNSHARED, "", 1.0)
        self._rules = rules if self._share.daily is None else (*rules, Quota(self._share.daily))
        self._patience_s = patience_s
        self._clock = clock
        self._held_until_s = float("-inf")
        self._queue = trio.Lock()
        self._patient_queue = trio.Lock()
        self._hurried = 0

    async def acquire(self, *, patient: bool = False) -> None:
        """Wait for the turn to make one call; ``patient`` callers give way to those who are not."""
        if patient:
            async with self._patient_queue:
                await self._turn(patient=True)
            return
        self._hurried += 1
        try:
            async with self._queue:
                await self._turn(patient=False)
        finally:
            self._hurried -= 1

    async def _turn(self, *, patient: bool) -> None:
        while (wait_s := self._ready_in()) or (patient and self._hurried):
            await self._sleep(wait_s or _GIVE_WAY_S)
        for rule in self._rules:
            rule.take(self._clock())
        budget, name, per_second, daily = self._share
        while wait_s := await budget.take(name, per_second, daily):
            await self._sleep(wait_s)

    async def _sleep(self, wait_s: float) -> None:
        if wait_s > self._patience_s:
            raise ProviderError(
                f"the provider's rate limit is used up for {wait_s:.0f} s", advice=Advice.WAIT, wait_s=wait_s
            )
        await trio.sleep(wait_s)

    async def hold(self, seconds: float) -> None:
        """Let nobody through for a while: the provider asked to be left alone."""
        self._held_until_s = max(self._held_until_s, self._clock() + seconds)
        await self._share.budget.hold(self._share.name, seconds)

    def _ready_in(self) -> float:
        now_s = self._clock()
        return max(0.0, self._held_until_s - now_s, *(rule.ready_in(now_s) for rule in self._rules))
