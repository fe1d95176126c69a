"""Attempts: how often somebody may try to sign in, counted for all web processes together."""

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

import anyio
import structlog

from engine.storage.errors import StorageError
from engine.storage.hot import HotStore
from web.accounts.tokens import digest

log = structlog.get_logger("ticktree.accounts")

ANSWER_S = 1.0
_MOST = 10_000


class Rule(NamedTuple):
    """So many attempts within so many seconds."""

    name: str
    most: int
    window_s: int


SIGN_IN = Rule("pair", 10, 900)
"""Failed ones of one account from one address: who guesses there keeps nobody out who is elsewhere."""
SIGN_IN_ACCOUNT = Rule("account", 50, 900)
"""Failed ones of one account, from wherever they come."""
SIGN_IN_ADDRESS = Rule("address", 50, 900)
"""Of one address, whichever accounts they are for."""
CHANGE_PASSWORD = Rule("password", 10, 900)
"""Failed ones of one account: who has come by an access token shall not guess the password with it."""
REGISTER_ADDRESS = Rule("register", 10, 3600)
"""New accounts from one address."""


class Attempts:
    """Counts in Redis and here: while Redis is away the count goes on here, and is never begun anew by an outage."""

    def __init__(self, hot: HotStore, now_s: Callable[[], float]) -> None:
        """``now_s`` is the time in unix seconds."""
        self._hot = hot
        self._now_s = now_s
        self._here: OrderedDict[str, tuple[int, float]] = OrderedDict()

    async def wait_s(self, rule: Rule, who: str) -> float:
        """Counts an attempt before it is made, so that many at once are many; 0, or the seconds until the next may be."""
        name = _name(rule, who)
        count, left_s = self._count(name, rule.window_s)
        try:
            with anyio.fail_after(ANSWER_S):
                together, together_left_s = await self._hot.count_attempt(name, rule.window_s)
        except (StorageError, TimeoutError) as error:
            log.warning("attempts_counted_here_only", error=str(error))
        else:
            if together > count:
                count, left_s = together, together_left_s
        return max(1.0, left_s) if count > rule.most else 0.0

    async def forgive(self, rule: Rule, who: str) -> None:
        """It was them: what was counted does not count any more."""
        name = _name(rule, who)
        self._here.pop(name, None)
        try:
            with anyio.fail_after(ANSWER_S):
                await self._hot.forgive_attempts(name)
        except (StorageError, TimeoutError) as error:
            log.warning("attempts_not_forgiven", error=str(error))

    def _count(self, name: str, window_s: float) -> tuple[int, float]:
        now_s = self._now_s()
        count, until_s = self._here.pop(name, (0, 0.0))
        if until_s <= now_s:
            count, until_s = 0, now_s + window_s
        self._here[name] = count + 1, until_s
        if len(self._here) > _MOST:
            self._here.popitem(last=False)
        return count + 1, until_s - now_s


def _name(rule: Rule, who: str) -> str:
    """No email stands in Redis, and no name is long."""
    return f"{rule.name}:{digest(who)[:32]}"
