"""The quote sources: providers that are asked what instruments last traded at, each left alone while it fails."""

from collections.abc import Callable, Collection, Mapping

import anyio
import structlog

from actors.routes import Routes
from engine.market import Quote
from engine.providers.base import History, ProviderError, Route
from engine.runtime import Circuit

log = structlog.get_logger("ticktree.quote_sources")

PROVIDER_S = 5.0
"""One that hangs must not hold up the others."""


class QuoteSources:
    """Asks the providers in their order, each for what those before it did not answer; all but a call fit into one."""

    def __init__(self, histories: Mapping[str, History], routes: Routes, *, jitter: Callable[[], float]) -> None:
        self._histories = histories
        self._routes = routes
        self._jitter = jitter
        self._circuits = {name: Circuit(failures=1) for name in routes.providers}

    async def quotes(self, instruments: Collection[str]) -> dict[str, tuple[str, Quote]]:
        """The quotes of those that somebody answers for, each with who did."""
        found: dict[str, tuple[str, Quote]] = {}
        for provider in self._routes.providers:
            wanted = [route for name in instruments if name not in found and (route := self._route(provider, name))]
            if wanted:
                answered = await self._ask(provider, wanted)
                found |= {name: (provider, quote) for name, quote in answered.items()}
        return found

    def _route(self, provider: str, instrument: str) -> Route | None:
        return dict(self._routes.of(instrument)).get(provider)

    async def _ask(self, provider: str, routes: list[Route]) -> dict[str, Quote]:
        circuit = self._circuits[provider]
        if not circuit.admits(anyio.current_time()):
            return {}
        try:
            with anyio.fail_after(PROVIDER_S):
                quotes = await self._histories[provider].quotes(routes)
        except (ProviderError, TimeoutError) as error:
            wait_s = (error.wait_s or 0.0) if isinstance(error, ProviderError) else 0.0
            circuit.failed(anyio.current_time(), self._jitter(), wait_s=wait_s)
            log.info("no_quotes", provider=provider, instruments=len(routes), error=str(error) or "no answer in time")
            return {}
        circuit.succeeded()
        return quotes
