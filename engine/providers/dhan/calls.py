"""How Dhan's REST calls are made: in worker threads, behind a rate limit, tried again where that may help."""

import random
from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeVar

import trio

from engine.providers.base import Advice, ProviderError
from engine.providers.dhan.client import Reply
from engine.providers.dhan.failures import NO_DATA, failure, http_failure
from engine.providers.rate_limiter import RateLimiter, Share, TokenBucket
from engine.providers.retry import RetryPolicy, retrying

T = TypeVar("T")

_THREADS: Final = 2
_BUSY_WAIT_S: Final = 5.0
"""What a 429 without a ``Retry-After`` is taken to mean."""


class Lane:
    """Calls of one kind: their rate, and threads of their own, so that prices that hang hold up no healing."""

    def __init__(self, share: Share) -> None:
        self.limiter = RateLimiter(TokenBucket(share.per_second), share=share)
        self.turns = trio.Semaphore(_THREADS)
        self.threads = trio.CapacityLimiter(_THREADS)


class Caller:
    """Makes calls and counts what became of them; what it raises is what remains after the tries."""

    def __init__(
        self, timeout_s: float, retry: RetryPolicy | None = None, jitter: Callable[[], float] = random.random
    ) -> None:
        self.calls = 0
        self.failures = 0
        self._timeout_s = timeout_s
        self._retry = retry or RetryPolicy()
        self._jitter = jitter

    async def ask(
        self, lane: Lane, call: Callable[[], Reply], read: Callable[[Any], T], *, patient: bool = False
    ) -> T | None:
        """What is read from the reply to a call, tried again as the policy says; ``None`` where there is no data."""

        async def attempt() -> T | None:
            await lane.limiter.acquire(patient=patient)
            try:
                return await self._in_thread(lane, partial(_call, call, read))
            except ProviderError as error:
                self.failures += 1
                if error.advice is Advice.WAIT:
                    await lane.limiter.hold(error.wait_s or 0.0)  # everyone else would be refused as well
                raise

        return await retrying(attempt, self._retry, jitter=self._jitter)

    async def _in_thread(self, lane: Lane, call: Callable[[], T]) -> T:
        # The thread of a cancelled or timed-out call goes on to its end, and keeps its place among the threads until
        # then: a server that answers nobody costs two threads, not one more for each try.
        async with lane.turns:
            self.calls += 1
            try:
                with trio.fail_after(3 * self._timeout_s):  # connect, send and read have that bound each
                    return await trio.to_thread.run_sync(call, abandon_on_cancel=True, limiter=lane.threads)
            except trio.TooSlowError as error:
                raise ProviderError(f"Dhan did not answer within {3 * self._timeout_s:g} s") from error


def _call(call: Callable[[], Reply], read: Callable[[Any], T]) -> T | None:
    """Ask and read in one go, in the worker thread: ninety days of minutes would hold the loop for too long."""
    reply = call()
    if reply.ok:
        return read(reply.body)
    if reply.code == NO_DATA:
        return None
    raise _failure(reply)


def _failure(reply: Reply) -> ProviderError:
    wait_s = _BUSY_WAIT_S if reply.retry_after_s is None and reply.status == 429 else reply.retry_after_s
    if reply.code is not None:
        return failure(reply.code, wait_s=wait_s)
    if reply.status is None:
        return ProviderError(f"Dhan can not be reached: {reply.complaint}")
    if reply.status < 400:
        return ProviderError(f"Dhan's answer can not be read: {reply.complaint}")
    return http_failure(reply.status, wait_s=wait_s)
