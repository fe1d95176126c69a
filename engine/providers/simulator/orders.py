"""Orders nobody placed: what a door was told to say of them, as its REST service tells them later."""

from collections.abc import Mapping
from typing import Any, Final, cast

MOST: Final = 1_000


class SaidOrders:
    """The newest of each order, the oldest first; of more than a thousand the oldest are forgotten."""

    def __init__(self) -> None:
        self._by_number: dict[str, dict[str, Any]] = {}

    def note(self, said: Mapping[str, Any]) -> None:
        """Something that was said; what is of no order is passed over."""
        inner = said.get("Data", said.get("data"))
        order = cast("dict[str, Any]", inner) if isinstance(inner, dict) else {}
        number = order.get("orderNo", order.get("order_id"))
        if number is not None:
            self._by_number[str(number)] = order
            while len(self._by_number) > MOST:
                del self._by_number[next(iter(self._by_number))]

    def all(self) -> list[dict[str, Any]]:
        return [*self._by_number.values()]
