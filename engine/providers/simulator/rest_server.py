"""The exchange's REST calls: Dhan's charts and market quotes, and calls of our own for seeding, judging and breaking it."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import trio

from engine.providers.simulator import http
from engine.providers.simulator.charts import daily_chart, intraday_chart
from engine.providers.simulator.exchange import Exchange
from engine.providers.simulator.faults import FaultError, FaultKind, parse_faults
from engine.providers.simulator.history import minutes
from engine.providers.simulator.http import Request, Response
from engine.providers.simulator.instruments import Listing
from engine.providers.simulator.quotes import market_quotes
from engine.providers.simulator.rate_limits import RateLimits
from engine.providers.simulator.rest_errors import RestError

_VENDOR: Final = "/v2/"
_Route = Callable[[Request], Awaitable[Any]]


class RestServer:
    """Answers REST calls about one exchange."""

    def __init__(self, exchange: Exchange, *, token: str, limits: RateLimits | None = None) -> None:
        self._exchange = exchange
        self._token = token
        self._limits = limits
        self._routes: dict[tuple[str, str], _Route] = {
            ("POST", "/v2/charts/intraday"): self._intraday,
            ("POST", "/v2/charts/historical"): self._historical,
            ("POST", "/v2/marketfeed/ltp"): self._quotes,
            ("POST", "/v2/marketfeed/ohlc"): self._quotes,
            ("POST", "/v2/marketfeed/quote"): self._quotes,
            ("GET", "/instruments"): self._instruments,
            ("GET", "/history"): self._history,
            ("GET", "/health"): self._health,
            ("POST", "/control"): self._control,
        }

    async def serve_stream(self, stream: trio.SocketStream) -> None:
        """Serve one connection until it ends."""
        await http.serve_stream(stream, self.answer)

    async def answer(self, request: Request) -> Response:
        """The answer to a request, an error included."""
        route = self._routes.get((request.method, request.path))
        if route is None:
            return Response(404, b'{"error":"no such call"}')
        try:
            if request.path.startswith(_VENDOR):
                self._admit(request)
            return Response(200, msgspec.json.encode(await route(request)))
        except RestError as error:
            return error.response()

    def _admit(self, request: Request) -> None:
        if limit := self._exchange.fails(FaultKind.LIMIT):
            raise RestError("DH-904", retry_after_s=limit.amount)
        if self._exchange.fails(FaultKind.ERROR):
            raise RestError("DH-908")
        if self._exchange.fails(FaultKind.REFUSE) or request.headers.get("access-token") != self._token:
            raise RestError("DH-901")
        if self._limits and not self._limits.admit(request.path, self._exchange.elapsed_s):
            raise RestError("DH-904", retry_after_s=1)

    # Dhan's calls

    async def _intraday(self, request: Request) -> dict[str, list[float]]:
        return await intraday_chart(self._exchange, request.body)

    async def _historical(self, request: Request) -> dict[str, list[float]]:
        return await daily_chart(self._exchange, request.body)

    async def _quotes(self, request: Request) -> dict[str, Any]:
        await trio.lowlevel.checkpoint()
        return market_quotes(self._exchange, request.body, detail=request.path.rpartition("/")[2])

    # Our own calls

    async def _instruments(self, _request: Request) -> list[dict[str, Any]]:
        """Everything that tables of instruments and mappings need."""
        await trio.lowlevel.checkpoint()
        return [describe(listing) for listing in self._exchange.market.listings]

    async def _history(self, request: Request) -> dict[str, Any]:
        """``?instrument=NSE:RELIANCE&start_ns=…&end_ns=…``: the minutes streamed so far, and up to when that is."""
        exchange = self._exchange
        index = self._place(request.query.get("instrument", ""))
        try:
            start_ns, end_ns = int(request.query["start_ns"]), int(request.query["end_ns"])
        except (KeyError, ValueError) as error:
            raise RestError("DH-905", "start_ns and end_ns must be whole numbers of nanoseconds") from error
        now_ns = exchange.now_ns
        return {"now_ns": now_ns, "candles": await minutes(exchange.market, index, start_ns, end_ns, now_ns=now_ns)}

    def _place(self, instrument: str) -> int:
        for index, listing in enumerate(self._exchange.market.listings):
            if listing.instrument == instrument:
                return index
        raise RestError("DH-905", f"expected the canonical name of a listed instrument, was {instrument!r}")

    async def _health(self, _request: Request) -> dict[str, Any]:
        await trio.lowlevel.checkpoint()
        exchange = self._exchange
        return {
            "status": "ok",
            "simulated": True,
            "statistics": exchange.statistics(),
            "faults": exchange.faults.planned(),
        }

    async def _control(self, request: Request) -> dict[str, Any]:
        """``{"faults": "close,freeze@5+10"}`` plans faults, in seconds from now; ``{"clear": true}`` ends them first."""
        await trio.lowlevel.checkpoint()
        faults = self._exchange.faults
        try:
            command = msgspec.json.decode(request.body, type=_Command)
            planned = parse_faults(command.faults)
        except (msgspec.MsgspecError, FaultError) as error:
            raise RestError("DH-905", str(error)) from error
        if command.clear:
            faults.clear()
        faults.plan(planned, now_s=self._exchange.elapsed_s)
        return {"elapsed_s": self._exchange.elapsed_s, "faults": faults.planned()}


class _Command(msgspec.Struct, forbid_unknown_fields=True):
    faults: str = ""
    clear: bool = False


def describe(listing: Listing) -> dict[str, Any]:
    """A listing as plain values, with the exchange and symbol of its name apart."""
    return {"exchange": listing.exchange, "symbol": listing.symbol, **msgspec.to_builtins(listing)}
