"""The fills of Kite's orders: Kite tells of a trade only by an order whose filled quantity has grown."""

from collections.abc import Mapping
from typing import Any, Final

MOST: Final = 10_000
"""Orders remembered; of more those go first of which nothing was told for longest."""


class Fills:
    """How much of each order is known to be filled, whether its ticker told it or its order book."""

    def __init__(self) -> None:
        self._filled: dict[str, int] = {}

    def kind(self, order: Mapping[str, Any], at_least: int = 0) -> str:
        """``trade`` where more of the order is filled than was told before, else ``order``.

        ``at_least`` was told, if only by an engine before this one.
        """
        identity, filled = order.get("order_id"), order.get("filled_quantity")
        if not isinstance(identity, str) or not isinstance(filled, int):
            return "order"
        before = max(self._filled.pop(identity, 0), at_least)
        self._filled[identity] = max(before, filled)
        if len(self._filled) > MOST:
            del self._filled[next(iter(self._filled))]
        return "trade" if filled > before else "order"
