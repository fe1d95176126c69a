"""Orders as providers tell them: which one it is and how far it has got, whatever each calls that."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Protocol, cast

from engine.providers.base import Notification

_IDS: Final = ("order_id", "orderNo", "OrderNo", "orderId")
_STATUSES: Final = ("status", "Status", "orderStatus")
_FILLED: Final = ("filled_quantity", "tradedQty", "TradedQty", "filledQty")
_OVER: Final = frozenset({"TRADED", "COMPLETE", "CANCELLED", "REJECTED", "EXPIRED"})
"""Where an order stays; how much of it was filled need not be told on every way."""


class OrderBook(Protocol):
    """Where a provider tells of all orders of the day, for whoever did not hear of them when they changed."""

    async def orders(self) -> list[Notification]:
        """How each stands now, the oldest first. Raises ``ProviderError``."""
        ...

    def kind(self, order: Notification, told: str) -> str:
        """``order`` or ``trade``, for who tells one of them; ``told`` is the state it was told in last, empty: in none."""
        ...


class OrderStanding(NamedTuple):
    """Which order a notification is about, and how far it is."""

    order: str
    state: str


def standing_of(notification: Notification) -> OrderStanding | None:
    """``None`` where it names no order."""
    inner = notification.data.get("Data")
    told = cast("Mapping[str, Any]", inner) if isinstance(inner, dict) else notification.data
    order, status = _first(told, _IDS), str(_first(told, _STATUSES) or "").upper()
    if not order:
        return None
    return OrderStanding(str(order), status if status in _OVER else f"{status} {_first(told, _FILLED) or 0}")


def filled_in(state: str) -> int:
    """How much of an order was filled in a state of OrderStanding; 0 where that does not say."""
    quantity = state.rpartition(" ")[2]
    return int(quantity) if quantity.isdecimal() else 0


def _first(told: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((told[name] for name in names if told.get(name) is not None), None)
