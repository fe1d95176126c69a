"""The relay's record of what was traded: asked for on a socket of its own, and completed by what the feed was told."""

import random
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date
from functools import partial
from typing import Any, Final

import msgspec
import trio

from config.calendars import load_calendar
from engine.market import Calendars
from engine.market.candle import Candle, CandleState
from engine.market.prices import TickSize
from engine.market.quote import Quote
from engine.providers.base import Advice, HistoryLimits, ProviderError, Route
from engine.providers.databento.account import RelayEndpoint
from engine.providers.databento.days import dates_between, made_days
from engine.providers.databento.relay.messages import LENGTHS, SYMBOLS, Bar, history_request, read_bars, read_messages
from engine.providers.databento.relay.session import target_of
from engine.providers.databento.relay.told import ToldBars
from engine.providers.rate_limiter import UNSHARED, Budget, RateLimiter, Share, TokenBucket
from engine.providers.retry import RetryPolicy, retrying
from engine.providers.socket import Patience, ProviderSocket, open_socket

MOST_BARS: Final = 30_000
"""In one answer, which comes as one message; a larger one would not pass."""
_DAY_NS: Final = LENGTHS["1d"]
_SPARE_BARS: Final = 2


def _reach_days(timeframe: str) -> int:
    return LENGTHS[timeframe] * MOST_BARS // _DAY_NS


_LOOK_BACK_DAYS: Final[dict[str, int | None]] = {
    timeframe: _reach_days("1h" if timeframe == "1d" else timeframe) for timeframe in LENGTHS
}
"""The newest bars are all that can be asked for; days are made of hours."""


class RelayLimits(msgspec.Struct, frozen=True):
    """Ours: the relay tells none."""

    calls_per_second: float = 2.0
    timeout_s: float = 30.0


class RelayHistory:
    """A provider's record of what was traded, as the relay has it. Use it from one trio loop.

    The relay gives the newest bars up to now, and pushes the forming one to its feed. Those the feed was told of since
    fill up what an answer lacks; they never replace what it has.
    """

    def __init__(
        self,
        endpoint: RelayEndpoint | None = None,
        *,
        name: str = "databento_relay",
        told: ToldBars | None = None,
        limits: RelayLimits | None = None,
        retry: RetryPolicy | None = None,
        calendars: Calendars | None = None,
        clock: Callable[[], int] = time.time_ns,
        jitter: Callable[[], float] = random.random,
        budget: Budget = UNSHARED,
    ) -> None:
        limits = limits or RelayLimits()
        self.name = name
        self._target = target_of(endpoint or RelayEndpoint())
        self._told = told or ToldBars()
        self._timeout_s = limits.timeout_s
        self._patience = Patience(silence_s=limits.timeout_s)
        self._limits = HistoryLimits(_LOOK_BACK_DAYS, _reach_days("1m") - 1, limits.calls_per_second)
        share = Share(budget, f"{name}/history", limits.calls_per_second)
        self._limiter = RateLimiter(TokenBucket(limits.calls_per_second, burst=5), share=share)
        self._retry = retry or RetryPolicy()
        self._calendars = calendars or Calendars(load_calendar)
        self._clock = clock
        self._jitter = jitter
        self._one_at_a_time = trio.Lock()

    @property
    def limits(self) -> HistoryLimits:
        """What fits into one answer."""
        return self._limits

    async def candles(
        self, route: Route, timeframe: str, start_ns: int, end_ns: int, *, patient: bool = False
    ) -> list[Candle]:
        """The candles of an offered timeframe that open in ``[start_ns, end_ns)``, oldest first."""
        if timeframe == "1d":
            dates = dates_between(start_ns, end_ns, self._calendars.of(route.instrument))
            return await self._days(route, *dates, patient=patient) if dates else []
        if timeframe not in LENGTHS or route.security_id not in SYMBOLS:
            raise ProviderError(f"the relay has no candles of {timeframe} of {route.key}", advice=Advice.FIX_REQUEST)
        behind = (self._clock() - start_ns) // LENGTHS[timeframe] + _SPARE_BARS
        bars = await self._bars(route.security_id, timeframe, max(_SPARE_BARS, min(behind, MOST_BARS)), patient=patient)
        return [self._candle(route, timeframe, bar) for bar in bars if start_ns <= bar.time_ns < end_ns]

    async def minutes(self, route: Route, start_ns: int, end_ns: int) -> list[Candle]:
        """The one-minute candles that open in ``[start_ns, end_ns)``, oldest first."""
        return await self.candles(route, "1m", start_ns, end_ns)

    async def days(self, route: Route, first: date, last: date) -> list[Candle]:
        """The daily candles of the exchange's days ``first`` to ``last``, made of what was traded in its sessions."""
        return await self._days(route, first, last)

    async def last_prices(self, routes: Sequence[Route]) -> dict[str, float]:
        """The last price of each instrument by canonical name; what the relay does not know is absent."""
        return {name: quote.price for name, quote in (await self.quotes(routes)).items()}

    async def quotes(self, routes: Sequence[Route]) -> dict[str, Quote]:
        """The last trade of each instrument by canonical name, as the newest minute has it: it was made then or later.

        The relay's errors do not say whether a symbol is unknown: one that fails beside others that do not is absent.
        """
        quotes: dict[str, Quote] = {}
        failure: ProviderError | None = None
        for route in routes:
            if route.security_id in SYMBOLS:
                try:
                    bars = await self._bars(route.security_id, "1m", _SPARE_BARS, patient=False)
                except ProviderError as error:
                    failure = error
                    continue
                if bars:
                    price = TickSize(route.tick_size).round(bars[-1].close)
                    quotes[route.instrument] = Quote(price, bars[-1].time_ns)
        if failure is not None and not quotes:
            raise failure
        return quotes

    def close(self) -> None:
        """Nothing is held between two calls."""

    async def _days(self, route: Route, first: date, last: date, *, patient: bool = False) -> list[Candle]:
        ask = partial(self.candles, route, patient=patient)
        return await made_days(self._calendars.of(route.instrument), first, last, ask)

    async def _bars(self, symbol: str, timeframe: str, count: int, *, patient: bool) -> list[Bar]:
        """The newest bars, oldest first."""

        async def ask() -> list[Bar]:
            await self._limiter.acquire(patient=patient)
            async with self._one_at_a_time, self._line() as socket:
                await socket.send(history_request(symbol, timeframe, count))
                return await _answer(socket, symbol, timeframe)

        found = {bar.time_ns: bar for bar in self._told.closed(symbol, timeframe)}
        answered = await retrying(ask, self._retry, jitter=self._jitter)
        oldest_ns = min((bar.time_ns for bar in answered), default=0)
        found |= {bar.time_ns: bar for bar in answered}
        return [found[time_ns] for time_ns in sorted(found) if time_ns >= oldest_ns]

    @asynccontextmanager
    async def _line(self) -> AsyncGenerator[ProviderSocket]:
        """A socket for one question, and no longer than that may take."""
        try:
            with trio.fail_after(self._timeout_s):
                async with open_socket(self._target, self._patience) as socket:
                    yield socket
        except trio.TooSlowError as error:
            raise ProviderError(f"the relay did not answer within {self._timeout_s:g} s") from error

    def _candle(self, route: Route, timeframe: str, bar: Bar) -> Candle:
        tick_size = TickSize(route.tick_size)
        prices = [tick_size.round(price) for price in (bar.open, bar.high, bar.low, bar.close)]
        return Candle(
            route.instrument,
            timeframe,
            bar.time_ns,
            *prices,
            volume=bar.volume,
            state=CandleState.FINAL,
            source=self.name,
        )


async def _answer(socket: ProviderSocket, symbol: str, timeframe: str) -> list[Bar]:
    """The bars that were asked for; they may come in parts, with trades and other bars in between."""
    bars: list[Bar] = []
    while True:
        for message in read_messages(await socket.receive()) or ():
            if message.get("type") == "error":
                raise ProviderError(f"the relay failed: {str(message.get('message', 'without a word'))[:200]}")
            if _is_answer(message, symbol, timeframe):
                bars += read_bars(message)
                if not message.get("more"):
                    return bars


def _is_answer(message: dict[str, Any], symbol: str, timeframe: str) -> bool:
    told = message.get("symbol", symbol), message.get("timeframe", timeframe)
    return message.get("type") == "historical_candles" and told == (symbol, timeframe)
