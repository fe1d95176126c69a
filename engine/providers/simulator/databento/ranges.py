"""The historical call of a door: ranges of bars, as DBN."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import groupby
from typing import Final
from urllib.parse import parse_qsl

import msgspec
import zstandard

from engine.market.candle import Candle
from engine.providers.databento.symbols import DATASETS
from engine.providers.simulator.databento.speech import BAR_KINDS, encode_bar, metadata
from engine.providers.simulator.databento.traded import traded
from engine.providers.simulator.door import Door
from engine.providers.simulator.faults import FaultKind
from engine.providers.simulator.history import merge, minutes
from engine.providers.simulator.hours import DAY_NS, MINUTE_NS, SECOND_NS
from engine.providers.simulator.http import Request, Response
from engine.providers.simulator.tape import Trade

_LENGTHS: Final = {"ohlcv-1m": MINUTE_NS, "ohlcv-1h": 60 * MINUTE_NS, "ohlcv-1d": DAY_NS}


class _Refusal(Exception):  # noqa: N818 - an answer, not a failure of ours
    def __init__(self, status: int, case: str, *, retry_after_s: float | None = None, **payload: str) -> None:
        super().__init__(case)
        self.status = status
        self.case = case
        self.retry_after_s = retry_after_s
        self.payload = payload

    def response(self) -> Response:
        detail = {"case": self.case, "message": self.case, "status_code": self.status, "payload": self.payload}
        headers = {} if self.retry_after_s is None else {"Retry-After": f"{self.retry_after_s:g}"}
        return Response(self.status, msgspec.json.encode({"detail": detail}), headers)


class RangeCalls:
    """Answers ``timeseries.get_range`` for whoever knows the door's key."""

    def __init__(self, door: Door, *, key: str) -> None:
        self._door = door
        self._key = key

    async def answer(self, request: Request) -> Response | None:
        """The answer to a request; None for one that is no range."""
        if (request.method, request.path) != ("POST", "/v0/timeseries.get_range"):
            return None
        try:
            self._admit(request)
            form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
            body = await self._body(form)
        except _Refusal as refusal:
            return refusal.response()
        if form.get("compression") == "zstd":
            body = zstandard.ZstdCompressor().compress(body)
        return Response(200, body, {"Content-Type": "application/octet-stream"})

    def _admit(self, request: Request) -> None:
        if limit := self._door.fails(FaultKind.LIMIT):
            raise _Refusal(429, "rate_limit_exceeded", retry_after_s=limit.amount)
        if self._door.fails(FaultKind.ERROR):
            raise _Refusal(500, "internal_error")
        if self._door.fails(FaultKind.REFUSE) or _user(request.headers.get("authorization", "")) != self._key:
            raise _Refusal(401, "auth_authentication_failed")

    async def _body(self, form: Mapping[str, str]) -> bytes:
        schema, dataset = form.get("schema", ""), form.get("dataset", "")
        start, end = form.get("start", ""), form.get("end", "")
        if schema not in BAR_KINDS or not start.isdecimal() or not end.isdecimal():
            raise _Refusal(422, "data_parameter_invalid")
        start_ns, end_ns = int(start), int(end)
        self._check_range(start_ns, end_ns)
        places = self._places(dataset, form.get("symbols", "").split(","))
        listings = self._door.exchange.market.listings
        bars = [
            (bar.time, encode_bar(listings[index], bar, BAR_KINDS[schema]))
            for index in places.values()
            for bar in await self._bars(index, schema, start_ns, end_ns)
        ]
        numbers = {symbol: listings[index].security_id for symbol, index in places.items()}
        head = metadata(dataset, numbers=numbers, start_ns=start_ns, schema=schema)
        return head + b"".join(record for _, record in sorted(bars, key=lambda bar: bar[0]))

    def _check_range(self, start_ns: int, end_ns: int) -> None:
        now_ns = self._door.exchange.now_ns
        if start_ns >= end_ns:
            raise _Refusal(422, "data_time_range_start_on_or_after_end")
        if end_ns > now_ns + 1:
            case = "data_start_after_available_end" if start_ns > now_ns else "data_end_after_available_end"
            raise _Refusal(422, case, available_start=_iso(0), available_end=_iso(now_ns + 1))

    def _places(self, dataset: str, symbols: list[str]) -> dict[str, int]:
        known = {
            symbol: index for (segment, symbol), index in self._door.places.items() if DATASETS.get(segment) == dataset
        }
        found = {symbol: known[symbol] for symbol in symbols if symbol in known}
        if not found:
            raise _Refusal(422, "symbology_invalid_symbol")
        return found

    async def _bars(self, index: int, schema: str, start_ns: int, end_ns: int) -> list[Candle]:
        market, now_ns = self._door.exchange.market, self._door.exchange.now_ns
        if schema == "ohlcv-1s":
            return self._seconds(index, start_ns, end_ns)
        length = _LENGTHS[schema]
        first_ns = -(-start_ns // length) * length
        last_ns = -(-end_ns // length) * length
        candles = self._door.record.kept(await minutes(market, index, first_ns, last_ns, now_ns=now_ns))
        return candles if length == MINUTE_NS else merge(candles, schema.removeprefix("ohlcv-"), length, origin_ns=0)

    def _seconds(self, index: int, start_ns: int, end_ns: int) -> list[Candle]:
        trades = traded(self._door.exchange.market, index, start_ns, end_ns - 1)
        instrument = self._door.exchange.market.listings[index].instrument
        parts = groupby(trades, key=lambda trade: trade.time_ns // SECOND_NS * SECOND_NS)
        return [_second(instrument, time_ns, list(members)) for time_ns, members in parts]


def _second(instrument: str, time_ns: int, trades: list[Trade]) -> Candle:
    prices = [trade.price for trade in trades]
    volume = sum(trade.quantity for trade in trades)
    return Candle(instrument, "1s", time_ns, prices[0], max(prices), min(prices), prices[-1], volume)


def _user(header: str) -> str:
    """Who a basic authorization is of."""
    try:
        return b64decode(header.removeprefix("Basic ")).decode().partition(":")[0]
    except (Base64Error, UnicodeDecodeError, ValueError):
        return ""


def _iso(time_ns: int) -> str:
    seconds, rest = divmod(time_ns, SECOND_NS)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
