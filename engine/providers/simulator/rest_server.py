"""The exchange's REST calls: Dhan's charts and market quotes, and calls of our own for seeding, judging and breaking it."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal

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
from engine.providers.simulator.record import Loss, Record
from engine.providers.simulator.rest_errors import RestError

_DOORS: Final = {"/v2/": "simulator", "/second/v2/": "simulator2"}
"""Where each of the two providers that the exchange plays is found."""
_Route = Callable[[Request], Awaitable[Any]]
_Call = Callable[[Record, Request], Awaitable[Any]]


class RestServer:
    """Answers REST calls about one exchange, as two providers would: each with losses and faults of its own."""

    def __init__(self, exchange: Exchange, *, token: str, limits: RateLimits | None = None) -> None:
        self._exchange = exchange
        self._token = token
        self._limits = {"simulator": limits, "simulator2": RateLimits()} if limits else {}
        self._calls: dict[str, _Call] = {
            "charts/intraday": self._intraday,
            "charts/historical": self._historical,
            "marketfeed/ltp": self._quotes,
            "marketfeed/ohlc": self._quotes,
            "marketfeed/quote": self._quotes,
        }
        self._routes: dict[tuple[str, str], _Route] = {
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
        try:
            for door, provider in _DOORS.items():
                call = self._calls.get(request.path.removeprefix(door))
                if request.path.startswith(door) and request.method == "POST" and call is not None:
                    self._admit(provider, request.path.removeprefix(door), request)
                    record = self._exchange.records[provider]
                    return Response(200, msgspec.json.encode(await call(record, request)))
            route = self._routes.get((request.method, request.path))
            if route is None:
                return Response(404, b'{"error":"no such call"}')
            return Response(200, msgspec.json.encode(await route(request)))
        except RestError as error:
            return error.response()

    def _admit(self, provider: str, call: str, request: Request) -> None:
        faults, elapsed_s = self._exchange.records[provider].faults, self._exchange.elapsed_s
        if limit := faults.active(FaultKind.LIMIT, elapsed_s):
            raise RestError("DH-904", retry_after_s=limit.amount)
        if faults.active(FaultKind.ERROR, elapsed_s):
            raise RestError("DH-908")
        if faults.active(FaultKind.REFUSE, elapsed_s) or request.headers.get("access-token") != self._token:
            raise RestError("DH-901")
        limits = self._limits.get(provider)
        if limits and not limits.admit(f"/v2/{call}", elapsed_s):
            raise RestError("DH-904", retry_after_s=1)

    # Dhan's calls

    async def _intraday(self, record: Record, request: Request) -> dict[str, list[float]]:
        return await intraday_chart(self._exchange, record, request.body)

    async def _historical(self, _: Record, request: Request) -> dict[str, list[float]]:
        return await daily_chart(self._exchange, request.body)

    async def _quotes(self, _: Record, request: Request) -> dict[str, Any]:
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
        """``{"faults": "close,freeze@5+10"}`` plans faults, in seconds from now; ``{"clear": true}`` ends them first.

        ``"losses": [{"start_ns": …, "end_ns": …, "instrument": …}]`` takes minutes from a provider's record, and
        ``"provider": "simulator2"`` speaks of the second one.
        """
        await trio.lowlevel.checkpoint()
        try:
            command = msgspec.json.decode(request.body, type=_Command)
            planned = parse_faults(command.faults)
        except (msgspec.MsgspecError, FaultError) as error:
            raise RestError("DH-905", str(error)) from error
        record = self._exchange.records[command.provider]
        if command.clear:
            record.faults.clear()
            record.recover()
        record.faults.plan(planned, now_s=self._exchange.elapsed_s)
        record.lose(command.losses)
        return {"elapsed_s": self._exchange.elapsed_s, "faults": record.faults.planned()}


class _Command(msgspec.Struct, forbid_unknown_fields=True):
    faults: str = ""
    clear: bool = False
    provider: Literal["simulator", "simulator2"] = "simulator"
    losses: list[Loss] = []


def describe(listing: Listing) -> dict[str, Any]:
    """A listing as plain values, with the exchange and symbol of its name apart."""
    return {"exchange": listing.exchange, "symbol": listing.symbol, **msgspec.to_builtins(listing)}
