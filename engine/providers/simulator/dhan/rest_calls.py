"""Dhan's REST calls at a door: charts, market quotes and option chains."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
import trio

from engine.providers.simulator.dhan.charts import daily_chart, intraday_chart
from engine.providers.simulator.dhan.option_chain import expiry_list, option_chain
from engine.providers.simulator.dhan.quotes import market_quotes
from engine.providers.simulator.dhan.rest_errors import RestError
from engine.providers.simulator.door import Door
from engine.providers.simulator.faults import FaultKind
from engine.providers.simulator.http import Request, Response
from engine.providers.simulator.rate_limits import RateLimits

CALLS_EACH_SECOND: Final = {"charts": 5, "marketfeed": 1, "optionchain": 1 / 3}
"""By the first part of the path."""

_Call = Callable[[Request], Awaitable[Any]]


class DhanCalls:
    """Answers the REST calls at one door, below ``prefix``, to those who know the token."""

    def __init__(self, door: Door, *, token: str, limits: RateLimits | None = None, prefix: str = "/v2/") -> None:
        self._door = door
        self._token = token
        self._limits = limits
        self._prefix = prefix
        self._calls: dict[str, _Call] = {
            "charts/intraday": self._intraday,
            "charts/historical": self._historical,
            "marketfeed/ltp": self._quotes,
            "marketfeed/ohlc": self._quotes,
            "marketfeed/quote": self._quotes,
            "orders": self._orders,
            "optionchain": self._option_chain,
            "optionchain/expirylist": self._expiry_list,
        }

    async def answer(self, request: Request) -> Response | None:
        """The answer to a request, an error included; None for what is none of Dhan's calls."""
        path = request.path.removeprefix(self._prefix)
        call = self._calls.get(path)
        if not request.path.startswith(self._prefix) or call is None or request.method != _method(path):
            return None
        try:
            self._admit(path, request)
            return Response(200, msgspec.json.encode(await call(request)))
        except RestError as error:
            return error.response()

    def _admit(self, path: str, request: Request) -> None:
        if limit := self._door.fails(FaultKind.LIMIT):
            raise RestError("DH-904", retry_after_s=limit.amount)
        if self._door.fails(FaultKind.ERROR):
            raise RestError("DH-908")
        if self._door.fails(FaultKind.REFUSE) or request.headers.get("access-token") != self._token:
            raise RestError("DH-901")
        if self._limits and not self._limits.admit(path.partition("/")[0], self._door.exchange.elapsed_s):
            raise RestError("DH-904", retry_after_s=1)

    async def _intraday(self, request: Request) -> dict[str, list[float]]:
        return await intraday_chart(self._door, request.body)

    async def _historical(self, request: Request) -> dict[str, list[float]]:
        return await daily_chart(self._door, request.body)

    async def _quotes(self, request: Request) -> dict[str, Any]:
        await trio.lowlevel.checkpoint()
        return market_quotes(self._door, request.body, detail=request.path.rpartition("/")[2])

    async def _orders(self, request: Request) -> list[dict[str, Any]]:
        del request
        await trio.lowlevel.checkpoint()
        return [_as_rest_tells(order) for order in self._door.orders.all()]

    async def _option_chain(self, request: Request) -> dict[str, Any]:
        await trio.lowlevel.checkpoint()
        return option_chain(self._door, request.body)

    async def _expiry_list(self, request: Request) -> dict[str, Any]:
        await trio.lowlevel.checkpoint()
        return expiry_list(self._door, request.body)


def _method(path: str) -> str:
    return "GET" if path == "orders" else "POST"


def _as_rest_tells(order: Mapping[str, Any]) -> dict[str, Any]:
    """What the socket said of an order, under the names of the REST call."""
    return {
        "orderId": str(order.get("orderNo")),
        "orderStatus": str(order.get("status", "")).upper(),
        "filledQty": order.get("tradedQty", 0),
        "transactionType": order.get("txnType", "BUY"),
        "tradingSymbol": order.get("symbol", ""),
    }
