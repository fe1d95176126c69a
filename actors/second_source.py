"""The second source: what providers' REST services call the last price, for ticks that no other tick confirms."""

from collections.abc import Collection, Mapping

import anyio
import structlog

from actors.routes import Routes
from engine.providers.base import History, ProviderError, Route

log = structlog.get_logger("ticktree.second_source")


class SecondSource:
    """Asks for many instruments in one call a provider; who carries the live feed of an instrument is asked last."""

    def __init__(self, histories: Mapping[str, History], routes: Routes) -> None:
        self._histories = histories
        self._routes = routes

    async def prices(self, instruments: Collection[str], *, within_s: float) -> dict[str, float]:
        """The last price of each instrument that a provider answers for within so many seconds; the others are absent."""
        found: dict[str, float] = {}
        for carries in (False, True):
            for provider in reversed(self._routes.providers):
                wanted = [
                    route
                    for instrument in instruments
                    if instrument not in found and (route := self._route(provider, instrument, carries=carries))
                ]
                if wanted:
                    found |= await self._ask(provider, wanted, within_s)
        return found

    def _route(self, provider: str, instrument: str, *, carries: bool) -> Route | None:
        """A provider's name for an instrument that it carries, or does not, as asked."""
        route = dict(self._routes.of(instrument)).get(provider)
        return None if route is None or (self._routes.carrier(instrument)[0] == provider) != carries else route

    async def _ask(self, provider: str, routes: list[Route], within_s: float) -> dict[str, float]:
        try:
            with anyio.fail_after(within_s):
                return await self._histories[provider].last_prices(routes)
        except (ProviderError, TimeoutError) as error:
            log.info(
                "second_source_silent", provider=provider, instruments=len(routes), error=str(error) or "no answer"
            )
            return {}
