"""Yahoo's record of what was traded, last prices and search, over REST: slowly, in worker threads."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec
import trio

from engine.market.candle import Candle
from engine.market.corporate_action import CorporateAction
from engine.market.prices import shortest
from engine.market.quote import Quote
from engine.providers.base import Advice, HistoryLimits, ProviderError, Route
from engine.providers.planning import batches
from engine.providers.rate_limiter import UNSHARED, Budget, RateLimiter, Share, TokenBucket
from engine.providers.retry import RetryPolicy, retrying
from engine.providers.yahoo.actions import actions_of
from engine.providers.yahoo.charts import DAY_NS, SECOND_NS, Chart, Found, candles, quote_table, search_results
from engine.providers.yahoo.failures import COOL_OFF_S

if TYPE_CHECKING:
    from engine.providers.yahoo.client import YahooClient

T = TypeVar("T")

REST_URL: Final = "https://query2.finance.yahoo.com"
LENGTHS_NS: Final = {"1m": DAY_NS // 1440, "5m": DAY_NS // 288, "15m": DAY_NS // 96, "1h": DAY_NS // 24, "1d": DAY_NS}
LOOK_BACK_DAYS: Final = {"1m": 30, "5m": 60, "15m": 60, "1h": 730, "1d": None}
DAYS_PER_CALL: Final = 7
"""Of minutes, which Yahoo gives least of; longer bars come in one call whatever the range."""
PRICES_PER_CALL: Final = 50
HITS: Final = 20

_MARGIN_NS: Final = 300 * SECOND_NS  # what lies at the very edge of the look-back is refused, and with it all the rest
_THREADS: Final = 2
_IMPORT_S: Final = 30.0  # what a busy machine may take for the package
_CLIENT: Final = "engine.providers.yahoo.client"
_BURST: Final = 5


class YahooLimits(msgspec.Struct, frozen=True):
    """How often we call; ours, as Yahoo tells nothing. Blocks are reported from about 2,000 calls an hour on."""

    calls_per_second: float = 0.5
    timeout_s: float = 15.0
    cool_off_s: float = COOL_OFF_S
    """How long nobody calls after a refusal."""


class YahooHistory:
    """A provider's record of what was traded, as Yahoo keeps it. Use it from one trio loop; ``close`` it at the end.

    Prices are as traded, save for splits, which Yahoo works into all earlier ones. Failures worth another try are tried
    again here; after a refusal nobody calls for minutes.
    """

    def __init__(
        self,
        rest_url: str = REST_URL,
        *,
        name: str = "yahoo",
        limits: YahooLimits | None = None,
        retry: RetryPolicy | None = None,
        budget: Budget = UNSHARED,
        jitter: Callable[[], float] = random.random,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """``budget`` is what all processes may ask for together that have this machine's address."""
        limits = limits or YahooLimits()
        self.name = name
        self._rest_url = rest_url
        self._timeout_s = limits.timeout_s
        self._cool_off_s = limits.cool_off_s
        self._limits = HistoryLimits(LOOK_BACK_DAYS, DAYS_PER_CALL, limits.calls_per_second)
        self._retry = retry or RetryPolicy()
        self._jitter = jitter
        self._now_ns = now_ns
        share = Share(budget, f"{name}/calls", limits.calls_per_second)
        self._limiter = RateLimiter(TokenBucket(limits.calls_per_second, _BURST), share=share)
        self._turns = trio.Semaphore(_THREADS)
        self._threads = trio.CapacityLimiter(_THREADS)
        self._making = Lock()
        self._client: YahooClient | None = None

    @property
    def limits(self) -> HistoryLimits:
        """How far Yahoo's record reaches, and the rate we call it at."""
        return self._limits

    async def candles(
        self, route: Route, timeframe: str, start_ns: int, end_ns: int, *, patient: bool = False
    ) -> list[Candle]:
        """The candles of 1m, 5m, 15m, 1h or 1d that open in ``[start_ns, end_ns)``, oldest first.

        The bucket that is still forming is among them where the range reaches so far. An hour counts from the open.
        """
        if timeframe not in LENGTHS_NS:
            detail = f"Yahoo has no candles of {timeframe}: make them of shorter ones"
            raise ProviderError(detail, advice=Advice.FIX_REQUEST)
        found: dict[int, Candle] = {}
        for first_ns, last_ns in self._spans(timeframe, start_ns, end_ns):
            chart = await self._chart(route, timeframe, first_ns, last_ns, patient=patient)
            found.update((candle.time, candle) for candle in self._candles(chart, route, timeframe))
        return [found[time] for time in sorted(found) if start_ns <= time < end_ns]

    async def minutes(self, route: Route, start_ns: int, end_ns: int) -> list[Candle]:
        """The one-minute candles that open in ``[start_ns, end_ns)``, oldest first.

        The minute that is still forming is among them where the range reaches so far.
        """
        return await self.candles(route, "1m", start_ns, end_ns)

    async def days(self, route: Route, first: date, last: date) -> list[Candle]:
        """The daily candles of the exchange's days ``first`` to ``last``, both included, oldest first.

        A candle's time is the exchange's midnight its day begins with, not the opening of its session.
        """
        chart = await self._days(route, first, last)
        return self._candles(chart, route, "1d")

    async def adjusted(self, route: Route, first: date, last: date) -> dict[date, float]:
        """The closes of these days, corrected for splits and dividends up to now: for returns, not for charts."""
        chart = await self._days(route, first, last)
        return {chart.day(bar): shortest(bar.adjusted_close) for bar in chart.bars if bar.sound}

    async def actions(self, route: Route, first: date, last: date) -> list[CorporateAction]:
        """The splits and dividends with ex-dates of these days, oldest first; dividends as they were paid.

        Yahoo corrects amounts for all splits since, so those up to now are asked for. A bonus is a split to it.
        """
        start_s, end_s = _utc_midnight_ns(first) // SECOND_NS, self._now_ns() // SECOND_NS + 1
        told = await self._ask(lambda client: client.actions(route.security_id, start_s, end_s), patient=True)
        found = actions_of(told, route.instrument, self.name)
        return [action for action in found if first <= action.ex_date <= last]

    async def last_prices(self, routes: Sequence[Route]) -> dict[str, float]:
        """The last price of each instrument by canonical name; what Yahoo does not know is absent."""
        return {instrument: quote.price for instrument, quote in (await self.quotes(routes)).items()}

    async def quotes(self, routes: Sequence[Route]) -> dict[str, Quote]:
        """The last trade of each instrument by canonical name; what Yahoo does not know is absent."""
        quotes: dict[str, Quote] = {}
        for asked in batches(routes, PRICES_PER_CALL):
            symbols = [route.security_id for route in asked]

            def call(
                client: "YahooClient", asked: list[Route] = asked, symbols: list[str] = symbols
            ) -> dict[str, Quote]:
                return quote_table(client.quotes(symbols), asked)

            quotes |= await self._ask(call)
        return quotes

    async def search(self, text: str, most: int = HITS) -> list[Found]:
        """The symbols that Yahoo knows by a name or a part of one, best first."""
        return await self._ask(lambda client: search_results(client.search(text, most)))

    def close(self) -> None:
        """Give the connections back."""
        if self._client is not None:
            self._client.close()

    def _candles(self, chart: Chart, route: Route, timeframe: str) -> list[Candle]:
        length_ns = LENGTHS_NS[timeframe]
        return candles(chart, route, timeframe, length_ns, source=self.name, now_ns=self._now_ns())

    def _spans(self, timeframe: str, start_ns: int, end_ns: int) -> Iterator[tuple[int, int]]:
        """The range, as far as Yahoo goes back, in pieces of what one call may ask for."""
        oldest_ns = self._limits.oldest_ns(timeframe, self._now_ns())
        start_ns = max(start_ns, oldest_ns + _MARGIN_NS if oldest_ns else 0)
        if timeframe == "1d":  # a day is named by the exchange's midnight, and found by the open of its session
            start_ns, end_ns = start_ns - DAY_NS, end_ns + DAY_NS
        step_ns = DAYS_PER_CALL * DAY_NS if timeframe == "1m" else max(end_ns - start_ns, 1)
        for first_ns in range(start_ns, end_ns, step_ns):
            yield first_ns, min(end_ns, first_ns + step_ns)

    async def _days(self, route: Route, first: date, last: date) -> Chart:
        """The bars of these days: a day more is asked for at each end, as the exchange's zone is only in the answer."""
        if last < first:
            return Chart()
        start_ns, end_ns = _utc_midnight_ns(first - timedelta(days=1)), _utc_midnight_ns(last + timedelta(days=2))
        chart = await self._chart(route, "1d", start_ns, end_ns)
        return chart._replace(bars=[bar for bar in chart.bars if first <= chart.day(bar) <= last])

    async def _chart(self, route: Route, timeframe: str, start_ns: int, end_ns: int, *, patient: bool = False) -> Chart:
        start_s, end_s = max(start_ns, 0) // SECOND_NS, -(-end_ns // SECOND_NS)
        return await self._ask(
            lambda client: client.chart(route.security_id, timeframe, start_s, end_s), patient=patient
        )

    async def _ask(self, call: "Callable[[YahooClient], T]", *, patient: bool = False) -> T:
        """What a call returns, tried again as the policy says."""

        async def attempt() -> T:
            await self._limiter.acquire(patient=patient)
            try:
                return await self._in_thread(call)
            except ProviderError as error:
                if error.advice is Advice.WAIT:
                    await self._limiter.hold(error.wait_s or 0.0)  # everyone else would be refused as well
                raise

        return await retrying(attempt, self._retry, jitter=self._jitter)

    async def _in_thread(self, call: "Callable[[YahooClient], T]") -> T:
        # The thread of a cancelled or timed-out call goes on to its end, and keeps its place among the threads until
        # then: a server that answers nobody costs two threads, not one more for each try.
        limit_s = 4 * self._timeout_s  # cookie, crumb, and the call itself, which a stale crumb makes two
        if self._client is None:
            limit_s += _IMPORT_S
        async with self._turns:
            try:
                with trio.fail_after(limit_s):
                    return await trio.to_thread.run_sync(
                        partial(self._call, call), abandon_on_cancel=True, limiter=self._threads
                    )
            except trio.TooSlowError as error:
                raise ProviderError(f"Yahoo did not answer within {limit_s:g} s") from error

    def _call(self, call: "Callable[[YahooClient], T]") -> T:
        """Ask and read in one go, in the worker thread; there the package is imported, too, when first needed."""
        with self._making:
            client = self._client = self._client or self._make_client()
        return call(client)

    def _make_client(self) -> "YahooClient":
        make: type[YahooClient] = import_module(_CLIENT).YahooClient
        return make(self._rest_url, timeout_s=self._timeout_s, cool_off_s=self._cool_off_s)


def _utc_midnight_ns(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * SECOND_NS
