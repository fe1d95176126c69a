"""The current option chains: ``chain:{symbol}:{expiry}``, as msgpack maps."""

from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from engine.market.chain_place import ChainPlace
from engine.market.chain_snapshot import ChainSnapshot
from engine.storage.hot import keys
from engine.storage.hot.link import RedisLink
from engine.storage.hot.setting import ExpiringKeys, Pairs

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(ChainSnapshot).decode


class CurrentChains:
    """The newest snapshot of each chain. It expires a day after it was written last."""

    def __init__(self, link: RedisLink, keys: ExpiringKeys) -> None:
        self._link = link
        self._keys = keys

    async def write_chains(self, snapshots: Iterable[ChainSnapshot]) -> None:
        """Puts snapshots in the place of those before them."""
        pairs: Pairs = []
        for one in snapshots:
            pairs += (keys.chain(one.underlying, one.expiry), _encode(one))
        await self._keys.set({keys.DAY_S: pairs})

    async def chains(self, places: Sequence[tuple[str, date]]) -> dict[ChainPlace, ChainSnapshot]:
        """The newest snapshots; a chain that has none is left out."""
        if not places:
            return {}
        found: list[bytes | None] = await self._link.call("MGET", *(keys.chain(*place) for place in places))
        read = [_decode(one) for one in found if one is not None]
        return {ChainPlace(one.underlying, one.expiry): one for one in read}

    async def chain(self, underlying: str, expiry: date) -> ChainSnapshot | None:
        """The newest snapshot of one chain."""
        return (await self.chains([(underlying, expiry)])).get(ChainPlace(underlying, expiry))
