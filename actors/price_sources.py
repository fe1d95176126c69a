"""The price sources: providers that are asked for last prices, each left alone while it fails."""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime

import anyio
import structlog

from actors.routes import Routes
from engine.providers.base import History, ProviderError, Route
from engine.runtime import Circuit
from engine.storage.durable import DurableStore, MappedInstrument
from engine.storage.errors import StorageError

log = structlog.get_logger("ticktree.price_sources")

PROVIDER_S = 2.0
"""Who asked does not wait longer for one provider; what comes later is nobody's any more."""
READ_S = 30.0
"""Time between two readings of what has been mapped since the engine started."""
_S_NS = 1_000_000_000


class PriceSources:
    """Asks the providers in their order, each for what those before it do not know."""

    def __init__(
        self,
        histories: Mapping[str, History],
        routes: Routes,
        durable: DurableStore,
        *,
        now_ns: Callable[[], int],
        jitter: Callable[[], float],
    ) -> None:
        self._histories = histories
        self._routes = routes
        self._durable = durable
        self._now_ns = now_ns
        self._jitter = jitter
        self._circuits = {name: Circuit() for name in routes.providers}
        self._mapped_later = Routes(routes.providers)
        self._read_s = float("-inf")

    async def places(self, instruments: Collection[str]) -> dict[str, str]:
        """The segment keys of those that some provider knows, as the database maps them."""
        if any(instrument not in self._routes for instrument in instruments):
            await self._read_mappings()
        found = {instrument: self._place(instrument) for instrument in instruments}
        return {instrument: place for instrument, place in found.items() if place}

    async def prices(self, instruments: Collection[str]) -> tuple[dict[str, float], str]:
        """The last prices of instruments that have a place, and why others may lack one: empty, when all were asked for."""
        found: dict[str, float] = {}
        failure = ""
        for provider in self._routes.providers:
            wanted = [route for instrument in instruments if (route := self._way(provider, instrument, found))]
            if wanted:
                prices, why = await self._ask(provider, wanted)
                found |= prices
                failure = failure or why
        return found, failure if len(found) < len(instruments) else ""

    def _ways(self, instrument: str) -> list[tuple[str, Route]]:
        return self._routes.of(instrument) or self._mapped_later.of(instrument)

    def _place(self, instrument: str) -> str:
        """Whoever carries it writes its price under its own name for it."""
        if instrument in self._routes:
            return self._routes.carrier(instrument)[1].key
        known = self._mapped_later.of(instrument)
        return known[0][1].key if known else ""

    def _way(self, provider: str, instrument: str, found: Collection[str]) -> Route | None:
        return None if instrument in found else dict(self._ways(instrument)).get(provider)

    async def _ask(self, provider: str, routes: list[Route]) -> tuple[dict[str, float], str]:
        circuit = self._circuits[provider]
        if not circuit.admits(anyio.current_time()):
            return {}, f"{provider} has failed again and again; it is tried again in a while"
        try:
            with anyio.fail_after(PROVIDER_S):
                prices = await self._histories[provider].last_prices(routes)
        except (ProviderError, TimeoutError) as error:
            why = str(error) or f"{provider} did not answer within {PROVIDER_S:g} s"
            circuit.failed(anyio.current_time(), self._jitter(), wait_s=_wait_s(error))
            log.info("no_last_prices", provider=provider, instruments=len(routes), error=why, open=circuit.is_open)
            return {}, why
        circuit.succeeded()
        return prices, ""

    async def _read_mappings(self) -> None:
        """What was mapped after the feeds began is on no feed, and may be asked for all the same."""
        if anyio.current_time() < self._read_s + READ_S:
            return
        self._read_s = anyio.current_time()
        day = datetime.fromtimestamp(self._now_ns() // _S_NS, UTC).date()
        try:
            with anyio.fail_after(PROVIDER_S):
                for provider in self._routes.providers:
                    rows = await self._durable.routes(provider, day)
                    self._mapped_later.cover(provider, [_route(row) for row in rows])
        except (StorageError, TimeoutError) as error:
            log.info("mappings_not_read", error=str(error) or "no answer")


def _route(row: MappedInstrument) -> Route:
    return Route(row.instrument, row.segment, row.provider_symbol, row.tick_size, row.kind)


def _wait_s(error: ProviderError | TimeoutError) -> float:
    return (error.wait_s or 0.0) if isinstance(error, ProviderError) else 0.0
