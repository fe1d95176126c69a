"""Yahoo's REST calls: charts, quotes and search, and the cookie and crumb that come before them."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote

import msgspec
import trio

from engine.market.candle import Candle, CandleState
from engine.providers.simulator.door import Door
from engine.providers.simulator.faults import FaultKind
from engine.providers.simulator.history import days, merge, minutes
from engine.providers.simulator.hours import DAY_NS, MINUTE_NS, SECOND_NS, indian_date, indian_midnight
from engine.providers.simulator.http import Request, Response
from engine.providers.simulator.yahoo import answers
from engine.providers.simulator.yahoo.answers import INTERVALS_S, Instrument, LastTrade, Period
from engine.providers.simulator.yahoo.places import TIMEZONE, place_of

CRUMB: Final = "simulated-crumb"
_CHART: Final = "/v8/finance/chart/"
_COOKIE: Final = {"Set-Cookie": "A3=d; Path=/; HttpOnly"}
_LOOK_BACK_DAYS: Final = {"1m": 30, "1h": 730, "60m": 730}
_MOST_MINUTES_DAYS: Final = 8
_SESSION_OPEN_NS: Final = (9 * 60 + 15) * MINUTE_NS
_HITS: Final = 8


class Refused(Exception):  # noqa: N818 - Yahoo's answer to a request, not a failure of ours
    """A call is answered with an error that Yahoo explains."""

    def __init__(self, status: int, code: str, description: str, part: str = "chart") -> None:
        super().__init__(description)
        self.response = Response(status, answers.refusal(part, code, description))


class YahooCalls:
    """The REST calls of one door."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._segments = {symbol: segment for segment, symbol in door.places}
        self._calls: Mapping[str, Callable[[Request], Awaitable[Any]]] = {
            "/v7/finance/quote": self._quotes,
            "/v1/finance/search": self._search,
        }

    async def answer(self, request: Request) -> Response | None:
        """The answer to a call of Yahoo's; None to others."""
        await trio.lowlevel.checkpoint()
        if request.path == "/":
            return Response(404, b"", _COOKIE)  # so it is at the host that gives the cookie
        call = self._chart if request.path.startswith(_CHART) else self._calls.get(request.path)
        if call is None and request.path != "/v1/test/getcrumb":
            return None
        if (trouble := self._trouble()) is not None:
            return trouble
        if call is None:
            return Response(200, CRUMB.encode(), {"Content-Type": "text/plain"})
        try:
            return Response(200, msgspec.json.encode(await call(request)))
        except Refused as refused:
            return refused.response

    def _trouble(self) -> Response | None:
        if limit := self._door.fails(FaultKind.LIMIT):
            return Response(429, b"Too Many Requests\r\n", {"Retry-After": f"{limit.amount:g}"})
        if self._door.fails(FaultKind.ERROR):
            return Response(500, b"<html>")
        if self._door.fails(FaultKind.REFUSE):
            return Response(401, answers.refusal("finance", "Unauthorized", "Invalid Crumb"))
        return None

    # Charts

    async def _chart(self, request: Request) -> dict[str, Any]:
        index = self._place(unquote(request.path.removeprefix(_CHART)))
        interval, start_s, end_s = self._wanted(request.query)
        candles = await self._candles(index, interval, start_s * SECOND_NS, end_s * SECOND_NS)
        if not candles:
            raise Refused(400, "Bad Request", f"Data doesn't exist for startDate = {start_s}, endDate = {end_s}")
        times_s = [candle.time // SECOND_NS for candle in candles]
        candles, times_s = _with_live_part(candles, times_s, self._now_s, interval)
        periods = map(_whole_day, sorted({indian_date(time_s * SECOND_NS) for time_s in times_s}))
        instrument = self._instrument(index)
        return answers.chart(
            instrument, interval, candles, times_s=times_s, periods=periods, last=_last(self._door, index)
        )

    def _wanted(self, query: Mapping[str, str]) -> tuple[str, int, int]:
        """Interval and range of a chart, as far as Yahoo gives it."""
        interval = query.get("interval", "")
        if interval not in INTERVALS_S:
            raise Refused(422, "Unprocessable Entity", f"Invalid input - interval={interval} is not supported.")
        try:
            start_s, end_s = int(query["period1"]), int(query["period2"])
        except (KeyError, ValueError) as error:
            raise Refused(422, "Unprocessable Entity", "Invalid input - period1 and period2 are needed.") from error
        if interval != "1d":
            self._check_reach(interval, start_s, end_s)
        return interval, start_s, end_s

    def _check_reach(self, interval: str, start_s: int, end_s: int) -> None:
        told = f"{interval} data not available for startTime={start_s} and endTime={end_s}."
        look_back = _LOOK_BACK_DAYS.get(interval, 60)
        if start_s < self._now_s - look_back * 86_400:
            detail = f"{told} The requested range must be within the last {look_back} days."
            raise Refused(422, "Unprocessable Entity", detail)
        if interval == "1m" and end_s - start_s > _MOST_MINUTES_DAYS * 86_400:
            detail = f"{told} Only 8 days worth of 1m granularity data are allowed to be fetched per request."
            raise Refused(422, "Unprocessable Entity", detail)

    async def _candles(self, index: int, interval: str, start_ns: int, end_ns: int) -> list[Candle]:
        market, now_ns = self._door.exchange.market, self._door.exchange.now_ns
        if interval == "1d":
            return await days(market, index, start_ns, end_ns, now_ns=now_ns)
        candles = self._door.record.kept(await minutes(market, index, start_ns, end_ns, now_ns=now_ns))
        if interval == "1m":
            return candles
        origin_ns = indian_midnight(indian_date(start_ns)) + _SESSION_OPEN_NS
        return merge(candles, interval, INTERVALS_S[interval] * SECOND_NS, origin_ns=origin_ns)

    # Quotes and search

    async def _quotes(self, request: Request) -> dict[str, Any]:
        await trio.lowlevel.checkpoint()
        symbols = request.query.get("symbols", "").split(",")
        places = [place for symbol in symbols if (place := self._known(symbol)) is not None]
        told = ((self._instrument(place), _last(self._door, place)) for place in places)
        return answers.quotes((instrument, last) for instrument, last in told if last is not None)

    async def _search(self, request: Request) -> dict[str, Any]:
        await trio.lowlevel.checkpoint()
        text, count = request.query.get("q", "").upper(), request.query.get("quotesCount", "")
        most = int(count) if count.isdecimal() else _HITS
        instruments = (self._instrument(index) for index in self._door.places.values())
        hits = [one for one in instruments if text in one.symbol or text in one.name.upper()]
        return answers.search(sorted(hits, key=lambda one: not one.symbol.startswith(text))[:most])

    # What all of them need

    @property
    def _now_s(self) -> int:
        return self._door.exchange.now_ns // SECOND_NS

    def _known(self, symbol: str) -> int | None:
        return self._door.places.get((self._segments.get(symbol, ""), symbol))

    def _place(self, symbol: str) -> int:
        index = self._known(symbol)
        if index is None:
            raise Refused(404, "Not Found", "No data found, symbol may be delisted")
        return index

    def _instrument(self, index: int) -> Instrument:
        listing = self._door.exchange.market.listings[index]
        place, (_, symbol) = place_of(listing), self._door.speech.route(listing) or ("", "")
        return Instrument(symbol, listing.name, listing.kind, place.code, TIMEZONE, place.currency)


def _last(door: Door, index: int) -> LastTrade | None:
    trade = door.last(index)
    if trade is None:
        return None
    return LastTrade(
        trade.time_ns // SECOND_NS,
        trade.price,
        trade.volume,
        trade.day_open,
        trade.day_high,
        trade.day_low,
        trade.previous_close,
    )


def _whole_day(day: Any) -> Period:
    start_s = indian_midnight(day) // SECOND_NS
    return Period(start_s, start_s + DAY_NS // SECOND_NS)


def _with_live_part(
    candles: list[Candle], times_s: list[int], now_s: int, interval: str
) -> tuple[list[Candle], list[int]]:
    """The newest price as a row of its own behind the bar that forms, stamped with the second: so Yahoo does it."""
    newest = candles[-1]
    if interval == "1d" or newest.state is not CandleState.FORMING or now_s <= times_s[-1]:
        return candles, times_s
    price = newest.close
    live = msgspec.structs.replace(newest, open=price, high=price, low=price, volume=0)
    return [*candles, live], [*times_s, now_s]
