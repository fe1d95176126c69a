"""Kite's record of what was traded, and last prices, over REST: behind its rate limits."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final, TypeVar

import msgspec
import trio

from engine.market.candle import Candle
from engine.market.quote import Quote
from engine.providers.base import Advice, HistoryLimits, HistoryStatistics, ProviderError, Route
from engine.providers.keyring import Keyring
from engine.providers.kite.account import KiteEndpoints
from engine.providers.kite.charts import (
    DERIVATIVES,
    INDIA,
    SECOND_NS,
    as_quote,
    chart_candles,
    last_price_table,
    on_grid,
    quote_table,
)
from engine.providers.kite.client import KiteClient, Params
from engine.providers.kite.codec import instrument_token
from engine.providers.kite.planner import is_known
from engine.providers.planning import batches
from engine.providers.rate_limiter import UNSHARED, Budget, RateLimiter, Share, TokenBucket
from engine.providers.retry import RetryPolicy, retrying

T = TypeVar("T")

YEARS_BACK: Final = 10
"""Of intraday bars; daily ones go back to an instrument's first day."""
QUOTES_PER_CALL: Final = 500
PRICES_PER_CALL: Final = 1_000

_DAY_S: Final = 86_400
_AT_ONCE: Final = 4
"""Calls of a kind under way: more would only wait for a server that hangs."""
_EASE: Final = 0.93
"""The part of an allowed rate that is used: calls arrive unevenly, and at the full rate every other second has one too many."""


class _Interval(msgspec.Struct, frozen=True):
    """Bars as Kite names them, and how many days of them one call may span."""

    name: str
    days: int


INTERVALS: Final[Mapping[str, _Interval]] = {
    "1m": _Interval("minute", 60),
    "5m": _Interval("5minute", 100),
    "15m": _Interval("15minute", 200),
    "30m": _Interval("30minute", 200),
    "1h": _Interval("60minute", 400),
    "1d": _Interval("day", 2000),
}
"""The bars that Kite has and we use; it has those of 3 and 10 minutes as well."""


class KiteLimits(msgspec.Struct, frozen=True):
    """How often an account may call, as Kite documents it, and how long a call may take."""

    charts_per_second: float = 3.0
    prices_per_second: float = 1.0
    timeout_s: float = 15.0


class KiteHistory:
    """A provider's record of what was traded, as Kite keeps it. Use it from one trio loop.

    Failures worth another try are tried again here; what is raised is what remains after that. Instruments are asked
    for by their token, which Kite takes wherever it takes ``NSE:INFY``: names of its own for indices, weekly options
    and shares of other series could only be guessed from ours.
    """

    def __init__(
        self,
        keyring: Keyring,
        endpoints: KiteEndpoints | None = None,
        *,
        name: str = "kite",
        limits: KiteLimits | None = None,
        retry: RetryPolicy | None = None,
        jitter: Callable[[], float] = random.random,
        budget: Budget = UNSHARED,
    ) -> None:
        """``budget`` is what all processes may ask for together that use this account."""
        limits = limits or KiteLimits()
        self.name = name
        self.limits = HistoryLimits(
            dict.fromkeys(INTERVALS, YEARS_BACK * 365) | {"1d": None}, INTERVALS["1m"].days, limits.charts_per_second
        )
        self._keyring = keyring
        self._client = KiteClient((endpoints or KiteEndpoints()).rest_url, timeout_s=limits.timeout_s)
        self._retry = retry or RetryPolicy()
        self._jitter = jitter
        self._charts = _Lane(Share(budget, f"{name}/charts", limits.charts_per_second * _EASE))
        self._prices = _Lane(Share(budget, f"{name}/prices", limits.prices_per_second))
        self._calls = self._failures = self._bars_skipped = 0

    def statistics(self) -> HistoryStatistics:
        return HistoryStatistics(self._calls, self._failures, self._bars_skipped)

    async def candles(
        self, route: Route, timeframe: str, start_ns: int, end_ns: int, *, patient: bool = False
    ) -> list[Candle]:
        """The candles of 1m, 5m, 15m, 30m, 1h or 1d that open in ``[start_ns, end_ns)``, oldest first.

        The bucket that is still forming is among them where the range reaches so far. An hour counts from the open.
        """
        interval = INTERVALS.get(timeframe)
        if interval is None:
            detail = f"Kite has no candles of {timeframe}: make them of shorter ones"
            raise ProviderError(detail, advice=Advice.FIX_REQUEST)
        found: dict[int, Candle] = {}
        async with self._client.line():
            for first_s, last_s in _spans(start_ns, end_ns, interval.days):
                chart = await self._chart(route, timeframe, first_s, last_s, patient=patient)
                found.update((candle.time, candle) for candle in chart)
        return [found[time] for time in sorted(found) if start_ns <= time < end_ns]

    async def minutes(self, route: Route, start_ns: int, end_ns: int) -> list[Candle]:
        """The one-minute candles that open in ``[start_ns, end_ns)``, oldest first.

        The minute that is still forming is among them where the range reaches so far.
        """
        return await self.candles(route, "1m", start_ns, end_ns)

    async def days(self, route: Route, first: date, last: date) -> list[Candle]:
        """The daily candles of the Indian days ``first`` to ``last``, both included, oldest first.

        A candle's time is the Indian midnight its day begins with, not the opening of its session.
        """
        return await self.candles(route, "1d", _midnight_ns(first), _midnight_ns(last + timedelta(days=1)))

    async def last_prices(self, routes: Sequence[Route]) -> dict[str, float]:
        """The last price of each instrument by canonical name; what Kite does not know is absent."""
        prices: dict[str, float] = {}
        async with self._client.line():
            for asked in batches(_known(routes), PRICES_PER_CALL):
                table = await self._ask(self._prices, "/quote/ltp", _tokens(asked), last_price_table)
                found = ((route, table.get(_token(route))) for route in asked)
                prices.update((route.instrument, on_grid(price, route)) for route, price in found if price is not None)
        return prices

    async def quotes(self, routes: Sequence[Route]) -> dict[str, Quote]:
        """The last trade of each instrument by canonical name; what Kite does not know is absent."""
        quotes: dict[str, Quote] = {}
        async with self._client.line():
            for asked in batches(_known(routes), QUOTES_PER_CALL):
                table = await self._ask(self._prices, "/quote", _tokens(asked), quote_table)
                found = ((route, table.get(_token(route))) for route in asked)
                quotes.update((route.instrument, as_quote(answer, route)) for route, answer in found if answer)
        return quotes

    def close(self) -> None:
        """Nothing is open while nobody asks."""

    async def _chart(self, route: Route, timeframe: str, first_s: int, last_s: int, *, patient: bool) -> list[Candle]:
        path = f"/instruments/historical/{_token(route)}/{INTERVALS[timeframe].name}"
        span = [("from", _wall_clock(first_s)), ("to", _wall_clock(last_s))]
        interest = [("oi", 1)] if route.kind in DERIVATIVES else []
        read = partial(chart_candles, route=route, timeframe=timeframe, source=self.name)
        bars = await self._ask(self._charts, path, [*span, *interest], read, patient=patient)
        candles = [bar for bar in bars if bar is not None]
        self._bars_skipped += len(bars) - len(candles)
        return candles

    async def _ask(
        self, lane: "_Lane", path: str, params: Params, read: Callable[[bytes], T], *, patient: bool = False
    ) -> T:
        """What is read from the answer to a call, tried again as the policy says."""

        async def attempt() -> T:
            await lane.limiter.acquire(patient=patient)
            try:
                async with lane.turns:
                    self._calls += 1
                    body = await self._client.get(path, params, self._keyring.current)
                # in a thread: sixty days of minutes would hold the loop for too long
                return await trio.to_thread.run_sync(read, body)
            except ProviderError as error:
                self._failures += 1
                if error.advice is Advice.WAIT:
                    await lane.limiter.hold(error.wait_s or 0.0)  # everyone else would be refused as well
                raise

        return await retrying(attempt, self._retry, jitter=self._jitter)


class _Lane:
    """Calls of one kind: their rate, and how many are under way at once."""

    def __init__(self, share: Share) -> None:
        self.limiter = RateLimiter(TokenBucket(share.per_second), share=share)
        self.turns = trio.Semaphore(_AT_ONCE)


def _known(routes: Sequence[Route]) -> list[Route]:
    """Without those whose segment or id is none of Kite's: they are as absent as what Kite does not list."""
    return [route for route in routes if is_known(route)]


def _token(route: Route) -> int:
    if not is_known(route):
        raise ProviderError(f"Kite has no such segment or id: {route.key}", advice=Advice.FIX_REQUEST)
    return instrument_token(route.segment, route.security_id)


def _tokens(routes: Sequence[Route]) -> Params:
    return [("i", _token(route)) for route in routes]


def _spans(start_ns: int, end_ns: int, days: int) -> Iterator[tuple[int, int]]:
    """The range in pieces of what one call may ask for, to whole seconds that enclose it."""
    end_s = -(-end_ns // SECOND_NS)
    for first_s in range(start_ns // SECOND_NS, end_s, days * _DAY_S):
        yield first_s, min(end_s, first_s + days * _DAY_S)


def _wall_clock(time_s: int) -> str:
    return datetime.fromtimestamp(time_s, INDIA).strftime("%Y-%m-%d %H:%M:%S")


def _midnight_ns(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=INDIA).timestamp()) * SECOND_NS
