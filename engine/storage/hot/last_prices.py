"""Last prices: those of the feeds' ticks, and beside them those that a provider was asked for."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from engine.storage.hot import keys
from engine.storage.hot.link import RedisLink, Value
from engine.storage.hot.setting import ExpiringKeys

_MS_NS = 1_000_000


class LastPrice(msgspec.Struct, frozen=True, gc=False):
    """What is known of the last price of one instrument."""

    price: float | None = None
    """None: no tick and no provider has told one within 30 s."""
    observed_ms: int | None = None
    """When it was observed, unix milliseconds: by the exchange's clock, or when the provider answered."""
    asked_ms: int | None = None
    """When a provider was asked, within the last 30 s; then there is no sense in asking once more."""

    @property
    def is_provider_s(self) -> bool:
        """Whether a provider told it, and no tick since."""
        return self.asked_ms is not None and self.observed_ms == self.asked_ms


class _Observed(msgspec.Struct, gc=False):
    """Of a quote, only its time: a request reads a thousand of them."""

    ts_event: int | None = None


_observed = msgspec.msgpack.Decoder(_Observed).decode


class LastPrices:
    """Prices under ``ltp:``, whoever told them; ``asked:`` tells since when a provider's answer stands."""

    def __init__(self, link: RedisLink, keys: ExpiringKeys) -> None:
        self._link = link
        self._keys = keys

    async def last_prices(self, places: Mapping[str, str | None]) -> dict[str, LastPrice]:
        """Of segment keys, each beside its instrument where that is known; by one command."""
        if not places:
            return {}
        names = [name for place, instrument in places.items() for name in _names(place, instrument)]
        found: list[bytes | None] = await self._link.call("MGET", *names)
        triples = zip(found[::3], found[1::3], found[2::3], strict=True)
        return {place: _last_price(*triple) for place, triple in zip(places, triples, strict=True)}

    async def keep_asked(self, prices: Mapping[str, float], asked: Sequence[str], asked_ms: int) -> None:
        """Keeps for 30 s what a provider said, and that it was asked, whether it said anything or not.

        A price that a tick has brought meanwhile is newer, and stays.
        """
        expiry: Sequence[Value] = ("EX", keys.PRICE_EXPIRY_S)
        await self._link.many(("SET", keys.price(place), price, *expiry, "NX") for place, price in prices.items())
        await self._keys.set({keys.PRICE_EXPIRY_S: [part for place in asked for part in (keys.asked(place), asked_ms)]})


def _names(place: str, instrument: str | None) -> Iterable[str]:
    return keys.price(place), keys.quote(instrument or ""), keys.asked(place)


def _last_price(price: bytes | None, quote: bytes | None, asked: bytes | None) -> LastPrice:
    asked_ms = None if asked is None else int(asked)
    if price is None:
        return LastPrice(asked_ms=asked_ms)
    quoted_ns = (_observed(quote).ts_event if quote is not None else None) or 0
    observed_ms = max(quoted_ns // _MS_NS, asked_ms or 0)
    return LastPrice(float(price), observed_ms or None, asked_ms)
