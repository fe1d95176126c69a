"""Kite's order book: all orders of the day over REST, for what its ticker did not tell."""

import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

from engine.providers.base import Notification, ProviderError
from engine.providers.keyring import Keyring
from engine.providers.kite.account import KiteEndpoints
from engine.providers.kite.client import KiteClient
from engine.providers.kite.fills import Fills
from engine.providers.orders import filled_in

_TIMEOUT_S: Final = 15.0


class _Orders(msgspec.Struct):
    data: list[dict[str, Any]]


class KiteOrderBook:
    """Use it from one trio loop."""

    def __init__(
        self,
        keyring: Keyring,
        endpoints: KiteEndpoints | None = None,
        *,
        name: str = "kite",
        now_ns: Callable[[], int] = time.time_ns,
        fills: Fills | None = None,
    ) -> None:
        """``fills`` are those that the ticker tells of, too."""
        self._name = name
        self._keyring = keyring
        self._now_ns = now_ns
        self._fills = fills or Fills()
        self._client = KiteClient((endpoints or KiteEndpoints()).rest_url, timeout_s=_TIMEOUT_S)

    async def orders(self) -> list[Notification]:
        """How each order of the day stands now, the oldest first; ``kind`` says which are trades. Raises ``ProviderError``."""
        body = await self._client.get("/orders", (), self._keyring.current)
        try:
            found = msgspec.json.decode(body, type=_Orders).data
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise ProviderError(f"Kite's orders can not be read: {error}") from error
        return [Notification(self._name, "order", self._now_ns(), order) for order in found]

    def kind(self, order: Notification, told: str) -> str:
        """To be asked of what is told or was, of nothing else: the ticker would tell that as a mere order."""
        return self._fills.kind(order.data, filled_in(told))
