"""The current depths: ``depth:{symbol}``, as msgpack maps."""

from collections.abc import Iterable, Sequence

from engine.market.depth import Depth, pack_depth, unpack_depth
from engine.storage.hot import keys
from engine.storage.hot.link import RedisLink
from engine.storage.hot.setting import ExpiringKeys, Pairs


class CurrentDepths:
    """The newest book of each instrument that somebody looks at. It expires a minute after it was written last."""

    def __init__(self, link: RedisLink, keys: ExpiringKeys) -> None:
        self._link = link
        self._keys = keys

    async def write_depths(self, books: Iterable[Depth]) -> None:
        """Puts books in the place of those before them."""
        pairs: Pairs = []
        for book in books:
            pairs += (keys.depth(book.instrument), pack_depth(book))
        await self._keys.set({keys.DEPTH_EXPIRY_S: pairs})

    async def depths(self, instruments: Sequence[str]) -> dict[str, Depth]:
        """The newest books by instrument, their times in whole milliseconds; who has none is left out."""
        if not instruments:
            return {}
        found: list[bytes | None] = await self._link.call("MGET", *map(keys.depth, instruments))
        return {name: unpack_depth(one) for name, one in zip(instruments, found, strict=True) if one is not None}
