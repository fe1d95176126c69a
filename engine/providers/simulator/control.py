"""Calls of the exchange's own, beside those of its vendors: for seeding, judging and breaking it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
import trio

from engine.providers.simulator.door import Door
from engine.providers.simulator.exchange import Exchange
from engine.providers.simulator.faults import FaultError, parse_faults
from engine.providers.simulator.history import minutes
from engine.providers.simulator.http import Request, Response
from engine.providers.simulator.instruments import Listing
from engine.providers.simulator.record import Loss

_Route = Callable[[Request], Awaitable[Any]]


class ControlError(Exception):
    """A call is not understood."""


class Control:
    """Answers calls about the exchange and its doors; ``addresses`` tells where these are."""

    def __init__(self, exchange: Exchange, *, addresses: Mapping[str, Any]) -> None:
        self._exchange = exchange
        self._addresses = addresses
        self._routes: dict[tuple[str, str], _Route] = {
            ("GET", "/instruments"): self._instruments,
            ("GET", "/history"): self._history,
            ("GET", "/health"): self._health,
            ("POST", "/control"): self._control,
        }

    async def answer(self, request: Request) -> Response | None:
        """The answer to a request, an error included; None for what is no call of our own."""
        route = self._routes.get((request.method, request.path))
        if route is None:
            return None
        try:
            return Response(200, msgspec.json.encode(await route(request)))
        except ControlError as error:
            return Response(400, msgspec.json.encode({"error": str(error)}))

    async def _instruments(self, _request: Request) -> list[dict[str, Any]]:
        """Everything that tables of instruments and mappings need."""
        await trio.lowlevel.checkpoint()
        return [describe(listing, self._exchange.doors) for listing in self._exchange.market.listings]

    async def _history(self, request: Request) -> dict[str, Any]:
        """``?instrument=NSE:RELIANCE&start_ns=…&end_ns=…``: the minutes streamed so far, and up to when that is."""
        exchange = self._exchange
        index = self._place(request.query.get("instrument", ""))
        try:
            start_ns, end_ns = int(request.query["start_ns"]), int(request.query["end_ns"])
        except (KeyError, ValueError) as error:
            raise ControlError("start_ns and end_ns must be whole numbers of nanoseconds") from error
        now_ns = exchange.now_ns
        return {"now_ns": now_ns, "candles": await minutes(exchange.market, index, start_ns, end_ns, now_ns=now_ns)}

    def _place(self, instrument: str) -> int:
        for index, listing in enumerate(self._exchange.market.listings):
            if listing.instrument == instrument:
                return index
        raise ControlError(f"expected the canonical name of a listed instrument, was {instrument!r}")

    async def _health(self, _request: Request) -> dict[str, Any]:
        """How the exchange is, and of each door: where it is, what went through it, what is planned there."""
        await trio.lowlevel.checkpoint()
        doors = self._exchange.doors.items()
        return {
            "status": "ok",
            "simulated": True,
            "now_ns": self._exchange.now_ns,
            "doors": {
                name: {
                    "address": self._addresses.get(name),
                    "statistics": door.statistics(),
                    "faults": door.faults.planned(),
                }
                for name, door in doors
            },
        }

    async def _control(self, request: Request) -> dict[str, Any]:
        """``{"faults": "close,freeze@5+10"}`` plans faults, in seconds from now; ``{"clear": true}`` ends them first.

        ``"provider": "simulator2"`` speaks of another door than the first. ``"losses": [{"start_ns": …, "end_ns": …,
        "instrument": …}]`` takes minutes from its record, ``"volume_offset": 1000`` sets it apart from the others, and
        ``"say": {"type": "order", …}`` is told to its clients as a text, such as a vendor tells of orders.
        """
        await trio.lowlevel.checkpoint()
        try:
            command = msgspec.json.decode(request.body, type=_Command)
            planned = parse_faults(command.faults)
        except (msgspec.MsgspecError, FaultError) as error:
            raise ControlError(str(error)) from error
        door = self._exchange.doors.get(command.provider)
        if door is None:
            raise ControlError(f"expected one of {', '.join(self._exchange.doors)}, was {command.provider!r}")
        if command.clear:
            door.faults.clear()
            door.record.recover()
        if command.volume_offset is not None:
            door.volume_offset = command.volume_offset
        door.faults.plan(planned, now_s=self._exchange.elapsed_s)
        door.record.lose(command.losses)
        if command.say:
            door.orders.note(command.say)
            door.say(msgspec.json.encode(command.say).decode())
        return {"elapsed_s": self._exchange.elapsed_s, "faults": door.faults.planned()}


class _Command(msgspec.Struct, forbid_unknown_fields=True):
    faults: str = ""
    clear: bool = False
    provider: str = "simulator"
    losses: list[Loss] = []
    volume_offset: int | None = None
    say: dict[str, Any] = {}


def describe(listing: Listing, doors: Mapping[str, Door]) -> dict[str, Any]:
    """A listing as plain values, with the exchange and symbol of its name apart, and each provider's route to it."""
    routes = {name: route for name, door in doors.items() if (route := door.speech.route(listing)) is not None}
    return {
        "exchange": listing.exchange,
        "symbol": listing.symbol,
        **msgspec.to_builtins(listing),
        "routes": routes,
    }
