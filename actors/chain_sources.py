"""The chain sources: providers that are asked for a chain, whole where one tells it so, else leg by leg."""

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

import anyio
import structlog

from actors.messages import ChainPolled, LegsPolled
from actors.quote_sources import QuoteSources
from actors.routes import Routes
from engine.market.chain_place import ChainPlace
from engine.market.instrument import InstrumentKind
from engine.market.option_chain import OptionChain
from engine.providers.base import Options, ProviderError, Route
from engine.runtime import Circuit

if TYPE_CHECKING:
    from engine.market import Quote

log = structlog.get_logger("ticktree.chain_sources")

PROVIDER_S = 15.0
"""One that hangs must not hold up the others; a call waits its turn in this time, too."""
A_PORTION = 500
"""Instruments in one call: what Kite takes, the strictest of them."""

Polled = ChainPolled | LegsPolled


class ChainSources:
    """Asks the providers in their order, and leaves each alone while it fails."""

    def __init__(
        self,
        options: Mapping[str, Options],
        quotes: QuoteSources,
        routes: Routes,
        *,
        jitter: Callable[[], float],
    ) -> None:
        self._options = options
        self._quotes = quotes
        self._routes = routes
        self._jitter = jitter
        self._circuits = {name: Circuit(failures=1) for name in options}

    def knows(self, instrument: str) -> bool:
        """Whether any provider does; there is no sense in asking for others."""
        return instrument in self._routes

    async def ask(self, place: ChainPlace, instruments: Collection[str]) -> list[Polled]:
        """The whole chain, of the first provider that tells it, and what that leaves out; else what is said of these."""
        for provider, route in self._routes.of(place.underlying):
            if provider in self._options:
                chain = await self._chain(provider, route, place)
                if chain is not None and chain.strikes:
                    return [ChainPolled(chain), *await self._legs(self._left_out(place, instruments))]
        return await self._legs(sorted(instruments))

    def _left_out(self, place: ChainPlace, instruments: Collection[str]) -> list[str]:
        """What no chain says: the future's price and the volatility index."""
        return sorted(name for name in instruments if name != place.underlying and not self._is_option(name))

    def _is_option(self, instrument: str) -> bool:
        return any(route.kind == InstrumentKind.OPTION for _, route in self._routes.of(instrument))

    async def _chain(self, provider: str, route: Route, place: ChainPlace) -> OptionChain | None:
        circuit = self._circuits[provider]
        if not circuit.admits(anyio.current_time()):
            return None
        try:
            with anyio.fail_after(PROVIDER_S):
                chain = await self._options[provider].chain(route, place.expiry)
        except (ProviderError, TimeoutError) as error:
            wait_s = (error.wait_s or 0.0) if isinstance(error, ProviderError) else 0.0
            circuit.failed(anyio.current_time(), self._jitter(), wait_s=wait_s)
            log.info("no_chain", provider=provider, chain=str(place), error=str(error) or "no answer in time")
            return None
        circuit.succeeded()
        return chain

    async def _legs(self, instruments: list[str]) -> list[Polled]:
        found: dict[str, dict[str, Quote]] = {}
        for start in range(0, len(instruments), A_PORTION):
            portion = await self._quotes.quotes(instruments[start : start + A_PORTION])
            for name, (provider, quote) in portion.items():
                found.setdefault(provider, {})[name] = quote
        return [LegsPolled(provider, quotes) for provider, quotes in found.items()]
