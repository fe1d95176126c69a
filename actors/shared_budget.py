"""The shared budget: what all processes may ask of a provider together, kept in the hot store."""

import structlog

from engine.providers.rate_limiter import Daily
from engine.storage.errors import StorageUnavailableError
from engine.storage.hot import HotStore

log = structlog.get_logger("ticktree.shared_budget")


class SharedBudget:
    """While the hot store is away each process keeps to its own rules, which are those of the provider as well."""

    def __init__(self, hot: HotStore) -> None:
        self._hot = hot

    async def take(self, name: str, per_second: float, daily: Daily | None) -> float:
        """0 when a call may be made now, and is counted; else the seconds until one may."""
        try:
            return await self._hot.take_token(name, per_second, daily=daily)
        except StorageUnavailableError as error:
            log.debug("budget_not_shared", name=name, error=str(error))
            return 0.0

    async def hold(self, name: str, seconds: float) -> None:
        """Let no process make a call for so long."""
        try:
            await self._hot.hold_tokens(name, seconds)
        except StorageUnavailableError as error:
            log.debug("budget_not_held", name=name, error=str(error))
