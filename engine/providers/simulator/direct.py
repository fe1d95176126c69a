"""The direct provider: the simulated market behind the contract of every provider, in this process, without sockets.

A simulated month takes minutes with it, and it can tell to the trade what it handed over and what nobody heard.
"""

from bisect import bisect_right
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from struct import Struct
from typing import Any, Final, Protocol

import anyio
import msgspec

from engine.market.candle import Candle
from engine.market.quote import Quote
from engine.market.tick import Tick
from engine.providers.base import (
    Advice,
    Capabilities,
    DecoderStatistics,
    FeedLimits,
    HistoryLimits,
    Mode,
    Notify,
    ProviderError,
    Route,
    ignore,
)
from engine.providers.simulator import history as record
from engine.providers.simulator.hours import DAY_NS, SECOND_NS, indian_midnight
from engine.providers.simulator.stream import Stream
from engine.providers.simulator.tape import Market, Trade

_ROW: Final = Struct("<IqdIq")
"""Place in the listings, time, price, quantity, volume of the day."""
_LONGEST_WAIT_S: Final = 600.0
"""Who waits for the morning looks again in between: something may have been planned since."""


class WallClock(Protocol):
    """What the provider asks of the engine's clock."""

    def now_ns(self) -> int: ...

    def seconds_until(self, ns: int) -> float: ...


class Refusal(msgspec.Struct, frozen=True):
    """From when to when nobody is served, and with which advice."""

    start_ns: int
    end_ns: int
    advice: Advice = Advice.RETRY


class Refusals:
    """The planned ones of a feed or of a history, in order of time; they do not overlap."""

    def __init__(self) -> None:
        self._planned: list[Refusal] = []

    def plan(self, refusals: Sequence[Refusal]) -> None:
        """Adds some."""
        self._planned = sorted([*self._planned, *refusals], key=lambda refusal: refusal.start_ns)

    def check(self, now_ns: int) -> None:
        """Raises what a caller is told at that time."""
        place = bisect_right(self._planned, now_ns, key=lambda refusal: refusal.start_ns) - 1
        if place >= 0 and now_ns < self._planned[place].end_ns:
            raise ProviderError("Nobody is served at the moment.", advice=self._planned[place].advice)

    def next_ns(self, now_ns: int) -> int | None:
        """When the next one begins."""
        place = bisect_right(self._planned, now_ns, key=lambda refusal: refusal.start_ns)
        return self._planned[place].start_ns if place < len(self._planned) else None


class DirectFeed:
    """The live feed: hands over every ``step_s`` what was traded since the step before.

    ``carried`` are the stretches of time, from a connection to its last frame, whose trades were handed over.
    ``accepts`` are the seconds of a minute within which connections are taken: with it who was cut off is known to have
    lost trades in the minute in which he comes back, too.
    """

    def __init__(
        self,
        market: Market,
        clock: WallClock,
        *,
        name: str = "simulator",
        step_s: float = 1.0,
        accepts: tuple[int, int] = (0, 60),
    ) -> None:
        self.name = name
        self.capabilities = Capabilities()
        self.limits = FeedLimits(
            connections=1, instruments_per_connection=len(market.listings), instruments_per_message=len(market.listings)
        )
        self.refusals = Refusals()
        self.carried: list[tuple[int, int]] = []
        self._market = market
        self._clock = clock
        self._step_ns = int(step_s * SECOND_NS)
        self._accepts = accepts
        self._places = {listing.key: place for place, listing in enumerate(market.listings)}

    def plan(self, routes: Sequence[Route]) -> list[list[Route]]:
        """All on one connection."""
        return [list(routes)] if routes else []

    def decoder(self, routes: Sequence[Route]) -> "DirectDecoder":
        return DirectDecoder(self.name, self._places, routes)

    @asynccontextmanager
    async def connect(
        self,
        routes: Sequence[Route],
        *,
        since_ns: int = 0,
        notify: Notify = ignore,
    ) -> AsyncGenerator["DirectConnection"]:
        """A connection on which the routes are subscribed."""
        self.refusals.check(self._clock.now_ns())
        await self._accepted()
        self.refusals.check(self._clock.now_ns())
        connection = DirectConnection(Stream(self._market, now_ns=self._clock.now_ns()), self)
        await connection.subscribe(routes)
        yield connection

    async def _accepted(self) -> None:
        second, (first, last) = self._clock.now_ns() // SECOND_NS % 60, self._accepts
        if not first <= second < last:
            await anyio.sleep(self._clock.seconds_until(self._clock.now_ns() + (first - second) % 60 * SECOND_NS))

    def place(self, route: Route) -> int:
        """Where an instrument stands in the listings."""
        return self._places[route.segment, int(route.security_id)]

    async def wait(self, stream: Stream) -> None:
        """Returns at the next step in which something was traded, or when nobody is served any more."""
        now_ns = self._clock.now_ns()
        due_ns = max(now_ns + self._step_ns, stream.due_ns or 0)
        refused_ns = self.refusals.next_ns(now_ns)
        until_ns = due_ns if refused_ns is None else min(due_ns, refused_ns)
        await anyio.sleep(min(self._clock.seconds_until(until_ns), _LONGEST_WAIT_S))

    def now_ns(self) -> int:
        return self._clock.now_ns()


class DirectConnection:
    """One connection: its frames are rows of trades."""

    def __init__(self, stream: Stream, feed: DirectFeed) -> None:
        self._stream = stream
        self._feed = feed
        self._since_ns = stream.now_ns
        self._number = len(feed.carried)
        feed.carried.append((self._since_ns, self._since_ns))

    @property
    def heard_s(self) -> float:
        """When anything at all last came: this one never falls silent by itself."""
        return anyio.current_time()

    async def receive(self) -> bytes:
        """What was traded since the frame before."""
        while True:
            await self._feed.wait(self._stream)
            now_ns = self._feed.now_ns()
            self._feed.refusals.check(now_ns)
            events = self._stream.step(now_ns)
            self._feed.carried[self._number] = (self._since_ns, now_ns)
            trades = [(place, event) for place, event in events if isinstance(event, Trade)]
            if trades:
                return b"".join(
                    _ROW.pack(place, trade.time_ns, trade.price, trade.quantity, trade.volume)
                    for place, trade in trades
                )

    async def subscribe(self, routes: Sequence[Route], mode: Mode | None = None) -> None:
        for route in routes:
            self._stream.follow(self._feed.place(route))

    async def unsubscribe(self, routes: Sequence[Route]) -> None:
        for route in routes:
            self._stream.leave(self._feed.place(route))


class DirectDecoder:
    """Rows of trades, as ticks."""

    def __init__(self, provider: str, places: Mapping[tuple[str, int], int], routes: Sequence[Route]) -> None:
        self._provider = provider
        self._places = places
        self._routes: dict[int, Route] = {}
        self._frames = self._ticks = self._malformed = self._unmapped = 0
        self.add(routes)

    def add(self, routes: Sequence[Route]) -> None:
        """Take up more routes."""
        self._routes |= {self._places[route.segment, int(route.security_id)]: route for route in routes}

    def remove(self, routes: Sequence[Route]) -> None:
        """Forget routes."""
        for route in routes:
            self._routes.pop(self._places[route.segment, int(route.security_id)], None)

    def decode(self, frame: bytes, ts_recv: int) -> list[tuple[Any, Tick]]:
        """The ticks of a frame; what is left of one that was cut is counted."""
        self._frames += 1
        whole = len(frame) - len(frame) % _ROW.size
        self._malformed += whole != len(frame)
        ticks: list[tuple[Any, Tick]] = []
        for place, time_ns, price, quantity, volume in _ROW.iter_unpack(frame[:whole]):
            route = self._routes.get(place)
            if route is None:
                self._unmapped += 1
                continue
            tick = Tick(route.instrument, price, quantity, volume or None, time_ns, ts_recv, self._provider)
            ticks.append((route.target, tick))
        self._ticks += len(ticks)
        return ticks

    def statistics(self) -> DecoderStatistics:
        return DecoderStatistics(
            frames=self._frames,
            packets=self._ticks + self._unmapped,
            ticks=self._ticks,
            malformed=self._malformed,
            unmapped=self._unmapped,
        )


class DirectHistory:
    """The record of the market, up to now; of the minutes in ``lacks`` it knows nothing."""

    def __init__(
        self,
        market: Market,
        clock: WallClock,
        *,
        lacks: Mapping[str, Collection[int]] | None = None,
        look_back_days: int | None = None,
    ) -> None:
        self.refusals = Refusals()
        self.calls = 0
        self._look_back_days = look_back_days
        self._market = market
        self._clock = clock
        self._lacks = lacks or {}
        self._places = {listing.instrument: place for place, listing in enumerate(market.listings)}

    @property
    def limits(self) -> HistoryLimits:
        return HistoryLimits({"1m": self._look_back_days, "1d": None}, days_per_call=90, calls_per_second=100.0)

    async def candles(
        self, route: Route, timeframe: str, start_ns: int, end_ns: int, *, patient: bool = False
    ) -> list[Candle]:
        """The candles of a timeframe that open in ``[start_ns, end_ns)``."""
        del patient  # nobody has to wait
        self.calls += 1
        now_ns, place = self._clock.now_ns(), self._places[route.instrument]
        self.refusals.check(now_ns)
        if timeframe == "1d":
            return await record.days(self._market, place, start_ns, end_ns, now_ns=now_ns)
        lacks = self._lacks.get(route.instrument, ())
        found = await record.minutes(self._market, place, start_ns, end_ns, now_ns=now_ns)
        return [candle for candle in found if candle.time not in lacks]

    async def minutes(self, route: Route, start_ns: int, end_ns: int) -> list[Candle]:
        """The one-minute candles that open in ``[start_ns, end_ns)``."""
        return await self.candles(route, "1m", start_ns, end_ns)

    async def days(self, route: Route, first: date, last: date) -> list[Candle]:
        """The daily candles of these days."""
        return await self.candles(route, "1d", indian_midnight(first), indian_midnight(last) + DAY_NS)

    async def last_prices(self, routes: Sequence[Route]) -> dict[str, float]:
        """The last price of each."""
        return {instrument: quote.price for instrument, quote in (await self.quotes(routes)).items()}

    async def quotes(self, routes: Sequence[Route]) -> dict[str, Quote]:
        """The last trade of each."""
        self.calls += 1
        now_ns = self._clock.now_ns()
        self.refusals.check(now_ns)
        trades = {route.instrument: self._market.last(self._places[route.instrument], now_ns) for route in routes}
        return {
            instrument: Quote(trade.price, trade.time_ns, trade.volume or None)
            for instrument, trade in trades.items()
            if trade is not None
        }

    def close(self) -> None:
        """There is nothing to give back."""
