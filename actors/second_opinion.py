"""The second opinion: the provider's own quote, asked when a feed's silence alone does not say what it means."""

from collections.abc import Sequence

import anyio
import structlog

from engine.market.quote import Quote
from engine.providers.base import History, ProviderError, Route

log = structlog.get_logger("ticktree.second_opinion")


async def second_opinion(
    history: History, routes: Sequence[Route], *, within_s: float
) -> dict[str, Quote | None] | None:
    """The last trade of each instrument, ``None`` for one the provider does not know; ``None`` without any answer."""
    if not routes:
        return None
    with anyio.move_on_after(within_s):
        try:
            quotes = await history.quotes(routes)
        except ProviderError as error:
            log.debug("no_second_opinion", error=str(error))
            return None
        return {route.instrument: quotes.get(route.instrument) for route in routes}
    return None
