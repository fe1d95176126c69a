"""Expiries: on which days options of an underlying expire, and which of their chains is the next one."""

from collections.abc import Callable
from datetime import date
from typing import Final

from engine.market.calendars import Calendars
from engine.market.derivatives import place_of_contracts
from engine.market.errors import CalendarError
from engine.market.time_to_expiry import expires_ns
from engine.storage.durable import DurableStore
from web.models.option_chain import ExpiryDay

_MS: Final = 1_000_000


class OptionExpiries:
    """A chain is over when the exchange that lists its options closes on the day of expiry, not when the day ends."""

    def __init__(self, durable: DurableStore, calendars: Calendars, *, now_ns: Callable[[], int]) -> None:
        self._durable = durable
        self._calendars = calendars
        self._now_ns = now_ns

    async def since(self, underlying: str, day: date) -> list[ExpiryDay]:
        """Those from a day on, the nearest first; the first of them may be over."""
        found = await self._durable.entities.instruments.option_expiries(underlying, day)
        return [ExpiryDay(expiry, self._expires_at(underlying, expiry), strikes) for expiry, strikes in found]

    async def ahead(self, underlying: str, today: date) -> list[ExpiryDay]:
        """Those that are not over, the nearest first."""
        return [one for one in await self.since(underlying, today) if not self.is_over(underlying, one.expiry)]

    def is_over(self, underlying: str, expiry: date) -> bool:
        """Whether the options of that day have expired; of an exchange without hours nobody knows."""
        expires_at = self._expires_at(underlying, expiry)
        return expires_at is not None and expires_at * _MS <= self._now_ns()

    def _expires_at(self, underlying: str, expiry: date) -> int | None:
        exchange, _ = place_of_contracts(underlying)
        try:
            return expires_ns(self._calendars.of_exchange(exchange), expiry) // _MS
        except (LookupError, CalendarError):
            return None
