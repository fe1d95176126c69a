"""Which failures of a provider are worth another try, when, and how often: the one place that decides it."""

import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
import trio

from engine.providers.base import Advice, ProviderError

T = TypeVar("T")


class RetryPolicy(msgspec.Struct, frozen=True):
    """Exponential backoff with jitter, a cap and an end. Times are in seconds."""

    attempts: int = 4
    initial_s: float = 0.5
    factor: float = 2.0
    maximum_s: float = 30.0
    jitter: float = 0.2
    """The largest part by which a delay grows at random; a provider's own wait is never cut short."""
    longest_wait_s: float = 90.0
    """Who is told to wait longer passes the failure on instead."""

    def delay_s(self, attempt: int, error: ProviderError, jitter: Callable[[], float]) -> float | None:
        """How long to wait after the given attempt (1 is the first) failed; ``None`` when it was the last."""
        if attempt >= self.attempts or error.advice not in (Advice.RETRY, Advice.WAIT):
            return None
        wanted_s = error.wait_s or 0.0
        if wanted_s > self.longest_wait_s:
            return None
        backoff_s = min(self.maximum_s, self.initial_s * self.factor ** (attempt - 1))
        return max(backoff_s, wanted_s) * (1 + self.jitter * jitter())


async def retrying(
    call: Callable[[], Awaitable[T]], policy: RetryPolicy, *, jitter: Callable[[], float] = random.random
) -> T:
    """The result of the call, tried again as the policy says; the last failure is raised as it came."""
    attempt = 1
    while True:
        try:
            return await call()
        except ProviderError as error:
            delay_s = policy.delay_s(attempt, error, jitter)
            if delay_s is None:
                raise
        await trio.sleep(delay_s)
        attempt += 1
