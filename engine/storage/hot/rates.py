"""Token buckets that all processes take from, so that together they keep one limit."""

from engine.storage.hot import keys
from engine.storage.hot.link import RedisLink, Script

_TAKE = Script("take_token")
_HOLD = Script("hold_tokens")
_MICROSECONDS = 1_000_000


class Rates:
    """Buckets by name; one that nobody takes from any more is forgotten. Times are Redis' own."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link

    async def take_token(
        self, name: str, per_second: float, burst: int = 1, *, daily: tuple[int, int] | None = None
    ) -> float:
        """0 when one was there and is taken, else the seconds until one will be.

        ``daily`` is how many are taken in a day at most, and how far that day's clocks are ahead of UTC, in seconds.
        Repeated after a lost answer it takes two: whoever asked goes slower than he might.
        """
        interval = max(1, round(_MICROSECONDS / per_second))
        names = [keys.rate(name)] if daily is None else [keys.rate(name), keys.rate_today(name)]
        return int(await self._link.run(_TAKE, names, [interval, burst, *(daily or ())])) / _MICROSECONDS

    async def hold_tokens(self, name: str, seconds: float) -> None:
        """Lets nobody take one for so long."""
        await self._link.run(_HOLD, [keys.rate(name)], [round(seconds * _MICROSECONDS)])
