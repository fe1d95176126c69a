"""Setting many keys that expire together: one command where the server has it, one script where it has not.

Valkey 9.1 and Redis 8.4 know ``MSETEX``, which takes them a sixth of the time that the script takes.
"""

from collections.abc import Mapping

from engine.storage.errors import HotStoreError, HotStoreUnavailableError
from engine.storage.hot.link import RedisLink, Script, Value

_SET_MANY = Script("set_many")
_PROBE = "ticktree:probe"

Pairs = list[Value]
"""Keys and values in turn."""


class ExpiringKeys:
    """Writes keys with their expiries."""

    def __init__(self, link: RedisLink, *, natively: bool) -> None:
        self._link = link
        self.natively = natively

    @classmethod
    async def of(cls, link: RedisLink) -> "ExpiringKeys":
        """In the way that suits the server."""
        return cls(link, natively=await _knows_msetex(link))

    async def set(self, groups: Mapping[int, Pairs]) -> None:
        """Sets all pairs of each group, which its seconds name; each group all at once."""
        if self.natively:
            await self._link.many(
                ("MSETEX", len(pairs) // 2, *pairs, "EX", seconds) for seconds, pairs in groups.items() if pairs
            )
            return
        for seconds, pairs in groups.items():
            names = [str(name) for name in pairs[::2]]
            await self._link.run(_SET_MANY, names, [*pairs[1::2], seconds])


async def _knows_msetex(link: RedisLink) -> bool:
    try:
        await link.call("MSETEX", 1, _PROBE, 1, "EX", 1)
    except HotStoreUnavailableError:
        raise
    except HotStoreError:  # unknown, or not allowed
        return False
    return True
