"""Kite's REST calls at a door: instruments, charts, quotes and the daily login."""

from hashlib import sha256
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
import trio

from engine.providers.simulator.door import Door
from engine.providers.simulator.faults import FaultKind
from engine.providers.simulator.http import Request, Response
from engine.providers.simulator.kite.charts import chart
from engine.providers.simulator.kite.listing_table import ListingTable
from engine.providers.simulator.kite.quotes import market_quotes
from engine.providers.simulator.kite.rest_errors import KiteRestError, bad_input, too_many
from engine.providers.simulator.rate_limits import RateLimits

SIMULATED_API_SECRET: Final = "simulated-secret"  # noqa: S105 - opens nothing but a market of made-up prices
CALLS_EACH_SECOND: Final = {"historical": 3, "quote": 1, "other": 10}


class KiteCalls:
    """Answers the REST calls at one door, to those who know the API key and the access token."""

    def __init__(self, door: Door, *, api_key: str, token: str, limits: RateLimits | None = None) -> None:
        self._door = door
        self._api_key = api_key
        self._token = token
        self._limits = limits
        self._table = ListingTable(door)

    async def answer(self, request: Request) -> Response | None:
        """The answer to a request, an error included; None for what is none of Kite's calls."""
        try:
            return await self._answer(request, request.path.strip("/").split("/"))
        except KiteRestError as error:
            return error.response()

    async def _answer(self, request: Request, path: list[str]) -> Response | None:
        await trio.lowlevel.checkpoint()
        match (request.method, *path):
            case ("POST", "session", "token"):
                self._admit("other")
                return _success(self._session(request))
            case ("GET", "instruments", "historical", token, interval):
                self._admit("historical", request)
                return _success(await chart(self._door, self._place(token), interval, request))
            case ("GET", "instruments", *exchanges) if len(exchanges) <= 1:
                self._admit("other", request)
                return Response(200, self._table.csv(*exchanges), {"Content-Type": "text/csv"})
            case ("GET", "orders"):
                self._admit("other", request)
                return _success(self._door.orders.all())
            case ("GET", "quote", *details) if details in ([], ["ohlc"], ["ltp"]):
                self._admit("quote", request)
                keys = [value for name, value in request.pairs if name == "i"]
                return _success(market_quotes(self._door, self._table, keys, detail=(*details, "quote")[0]))
            case _:
                return None

    def _admit(self, kind: str, request: Request | None = None) -> None:
        """Let a call in; without a request it needs no token."""
        if limit := self._door.fails(FaultKind.LIMIT):
            raise too_many(limit.amount)
        if self._door.fails(FaultKind.ERROR):
            raise KiteRestError("GeneralException", "Something went wrong")
        known = request is None or request.headers.get("authorization") == f"token {self._api_key}:{self._token}"
        if self._door.fails(FaultKind.REFUSE) or not known:
            raise KiteRestError("TokenException", "Incorrect `api_key` or `access_token`.")
        if self._limits and not self._limits.admit(kind, self._door.exchange.elapsed_s):
            raise too_many(1)

    def _place(self, token: str) -> int:
        place = self._table.place(token) if token.isdecimal() else None
        if place is None:
            raise bad_input("invalid token")
        return place

    def _session(self, request: Request) -> dict[str, Any]:
        """Any request token is taken, if its checksum shows that the secret is known."""
        told = dict(parse_qsl(request.body.decode("ascii", "replace")))
        proof = sha256(f"{self._api_key}{told.get('request_token', '')}{SIMULATED_API_SECRET}".encode()).hexdigest()
        if told.get("api_key") != self._api_key or told.get("checksum") != proof:
            raise KiteRestError("TokenException", "Token is invalid or has expired.")
        return {"user_id": "SIM001", "api_key": self._api_key, "access_token": self._token}


def _success(data: object) -> Response:
    return Response(200, msgspec.json.encode({"status": "success", "data": data}))
