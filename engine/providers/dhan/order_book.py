"""Dhan's order book: all orders of the day over REST, for what the socket did not tell."""

import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

from engine.providers.base import Notification, ProviderError
from engine.providers.dhan.account import DhanEndpoints
from engine.providers.dhan.calls import Caller, Lane
from engine.providers.dhan.client import DhanClient
from engine.providers.dhan.orders import TRADED
from engine.providers.keyring import Keyring
from engine.providers.rate_limiter import UNSHARED, Share
from engine.providers.retry import RetryPolicy

CALLS_PER_SECOND: Final = 1.0
"""Dhan allows more; it is asked after each connect."""
_TIMEOUT_S: Final = 15.0


class DhanOrderBook:
    """Use it from one trio loop."""

    def __init__(
        self,
        keyring: Keyring,
        endpoints: DhanEndpoints | None = None,
        *,
        name: str = "dhan",
        retry: RetryPolicy | None = None,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._name = name
        self._now_ns = now_ns
        self._client = DhanClient(keyring, (endpoints or DhanEndpoints()).rest_url, timeout_s=_TIMEOUT_S)
        self._caller = Caller(_TIMEOUT_S, retry)
        self._lane = Lane(Share(UNSHARED, f"{name}/orders", CALLS_PER_SECOND))

    async def orders(self) -> list[Notification]:
        """How each order of the day stands now, the oldest first. Raises ``ProviderError``."""
        found = await self._caller.ask(self._lane, self._client.orders, _read) or []
        return [Notification(self._name, _kind(order), self._now_ns(), order) for order in sorted(found, key=_created)]

    def kind(self, order: Notification, told: str) -> str:
        """As its status says."""
        del told
        return order.kind


def _read(body: Any) -> list[dict[str, Any]]:
    try:
        return msgspec.convert(body, list[dict[str, Any]])
    except msgspec.ValidationError as error:
        raise ProviderError(f"Dhan's orders have an unknown form: {error}") from error


def _kind(order: dict[str, Any]) -> str:
    return "trade" if str(order.get("orderStatus")).lower() in TRADED else "order"


def _created(order: dict[str, Any]) -> str:
    return str(order.get("createTime") or "")
