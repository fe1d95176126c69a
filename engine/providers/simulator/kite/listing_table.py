"""The exchange's instruments as Kite lists and finds them."""

from collections.abc import Iterable, Iterator
from typing import Final

from engine.providers.simulator.door import Door
from engine.providers.simulator.instruments import Listing
from engine.providers.simulator.kite.names import KiteName, kite_name, underlying_symbol

_HEADER: Final = (
    "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,"
    "instrument_type,segment,exchange"
)


class ListingTable:
    """Finds an instrument by its token, or by exchange and trading symbol; what has been retired is gone."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._names = list(_named(door.exchange.market.listings))
        self._routes: dict[str, tuple[str, str]] = {}
        for listing, name in self._names:
            route = (name.segment, name.security_id)
            self._routes[str(name.token)] = self._routes[f"{listing.exchange}:{name.symbol}"] = route

    def place(self, key: str) -> int | None:
        """Where it stands in the listings."""
        route = self._routes.get(key)
        return None if route is None else self._door.places.get(route)

    def csv(self, exchange: str | None = None) -> bytes:
        """Kite's instrument list, of one exchange or of all."""
        lines = [
            _line(listing, name)
            for listing, name in self._names
            if exchange in (None, listing.exchange) and (name.segment, name.security_id) in self._door.places
        ]
        return "\n".join((_HEADER, *lines, "")).encode()


def _named(listings: Iterable[Listing]) -> Iterator[tuple[Listing, KiteName]]:
    for listing in listings:
        if (name := kite_name(listing)) is not None:
            yield listing, name


def _line(listing: Listing, name: KiteName) -> str:
    is_index = listing.kind == "index"
    kind = {"future": "FUT", "option": listing.option_type}.get(listing.kind, "EQ")
    segment = {"index": "INDICES", "future": "NFO-FUT", "option": "NFO-OPT"}.get(listing.kind, listing.exchange)
    title = name.symbol if is_index else underlying_symbol(listing) or listing.name
    fields = (
        name.token,
        name.security_id,
        name.symbol,
        title.replace(",", " "),
        0,
        listing.expiry or "",
        listing.strike or 0,
        0 if is_index else listing.tick_size,
        0 if is_index else listing.lot_size,
        kind,
        segment,
        listing.exchange,
    )
    return ",".join(map(str, fields))
