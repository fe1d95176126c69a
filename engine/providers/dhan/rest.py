"""Dhan's record of what was traded, and last prices, over REST: behind its rate limits, in worker threads."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final, TypeVar

import msgspec

from engine.market.candle import Candle
from engine.market.prices import TickSize
from engine.market.quote import Quote
from engine.providers.base import Advice, HistoryLimits, HistoryStatistics, ProviderError, Route
from engine.providers.dhan.account import DhanEndpoints
from engine.providers.dhan.calls import Caller, Lane
from engine.providers.dhan.charts import INDIA, chart_candles, last_price_table, route_quotes
from engine.providers.dhan.client import DhanClient, Reply
from engine.providers.dhan.instrument_type import instrument_type, is_derivative
from engine.providers.keyring import Keyring
from engine.providers.rate_limiter import UNSHARED, Budget, Daily, Share
from engine.providers.retry import RetryPolicy
from engine.providers.secret import fingerprint

T = TypeVar("T")

DAYS_PER_CALL: Final = 90
YEARS_BACK: Final = 5
"""Of intraday bars; daily ones go back to an instrument's first day."""
INTERVALS: Final = {"1m": 1, "5m": 5, "15m": 15, "1h": 60}
"""Minutes of the intraday bars that Dhan has and we use; it has 25 as well."""
PRICES_PER_CALL: Final = 1_000

_SECOND: Final = 1_000_000_000
_DAY_S: Final = 86_400
_AHEAD_S: Final = 19_800
"""India's clocks, of UTC: Dhan counts a day's calls by them."""
_EASE: Final = 0.93
"""The part of an allowed rate that is used: calls arrive unevenly, and at the full rate every other second has one too many."""


class DhanLimits(msgspec.Struct, frozen=True):
    """How often an account may call, as Dhan documents it, and how long a call may take."""

    charts_per_second: float = 5.0
    charts_per_day: int = 100_000
    prices_per_second: float = 1.0
    timeout_s: float = 15.0


class DhanHistory:
    """A provider's record of what was traded, as Dhan keeps it. Use it from one trio loop; ``close`` it at the end.

    Failures worth another try are tried again here; what is raised is what remains after that.
    """

    def __init__(
        self,
        keyring: Keyring,
        endpoints: DhanEndpoints | None = None,
        *,
        name: str = "dhan",
        limits: DhanLimits | None = None,
        retry: RetryPolicy | None = None,
        jitter: Callable[[], float] = random.random,
        budget: Budget = UNSHARED,
    ) -> None:
        """``budget`` is what all processes may ask for together that use this account."""
        limits = limits or DhanLimits()
        self.name = name
        self._client = DhanClient(keyring, (endpoints or DhanEndpoints()).rest_url, timeout_s=limits.timeout_s)
        self._caller = Caller(limits.timeout_s, retry, jitter)
        self._limits = HistoryLimits(
            dict.fromkeys(INTERVALS, YEARS_BACK * 365) | {"1d": None}, DAYS_PER_CALL, limits.charts_per_second
        )
        account = f"{name}/{fingerprint(keyring.credential.identity if keyring.credential else '')}"
        daily = Daily(limits.charts_per_day, _AHEAD_S)
        charts = Share(budget, f"{account}/charts", limits.charts_per_second * _EASE, daily)
        prices = Share(budget, f"{account}/prices", limits.prices_per_second * _EASE)
        self._charts = Lane(charts)
        self._prices = Lane(prices)
        self._bars_skipped = 0

    def statistics(self) -> HistoryStatistics:
        return HistoryStatistics(self._caller.calls, self._caller.failures, self._bars_skipped)

    @property
    def limits(self) -> HistoryLimits:
        """What Dhan documents of its record's reach, and the rate its calls are held to."""
        return self._limits

    async def candles(
        self, route: Route, timeframe: str, start_ns: int, end_ns: int, *, patient: bool = False
    ) -> list[Candle]:
        """The candles of 1m, 5m, 15m, 1h or 1d that open in ``[start_ns, end_ns)``, oldest first.

        The bucket that is still forming is among them where the range reaches so far. An hour counts from the open.
        """
        if timeframe == "1d":
            first, last = _indian_date(start_ns), _indian_date(end_ns - 1)
            found = {candle.time: candle for candle in await self._days(route, first, last, patient=patient)}
        elif timeframe in INTERVALS:
            found = await self._intraday(route, timeframe, start_ns, end_ns, patient=patient)
        else:
            detail = f"Dhan has no candles of {timeframe}: make them of shorter ones"
            raise ProviderError(detail, advice=Advice.FIX_REQUEST)
        return [found[time] for time in sorted(found) if start_ns <= time < end_ns]

    async def minutes(self, route: Route, start_ns: int, end_ns: int) -> list[Candle]:
        """The one-minute candles that open in ``[start_ns, end_ns)``, oldest first.

        The minute that is still forming is among them where the range reaches so far.
        """
        return await self.candles(route, "1m", start_ns, end_ns)

    async def _intraday(
        self, route: Route, timeframe: str, start_ns: int, end_ns: int, *, patient: bool
    ) -> dict[int, Candle]:
        candles: dict[int, Candle] = {}
        for first_ns, last_ns in _spans(start_ns, end_ns):
            call = partial(
                self._client.intraday,
                _named(route),
                _wall_clock(first_ns),
                _wall_clock(last_ns),
                minutes=INTERVALS[timeframe],
                open_interest=is_derivative(route),
            )
            chart = await self._chart(call, route, timeframe, patient=patient)
            candles.update((candle.time, candle) for candle in chart)
        return candles

    async def days(self, route: Route, first: date, last: date) -> list[Candle]:
        """The daily candles of the Indian days ``first`` to ``last``, both included, oldest first.

        A candle's time is the Indian midnight its day begins with, not the opening of its session.
        """
        return await self._days(route, first, last)

    async def _days(self, route: Route, first: date, last: date, *, patient: bool = False) -> list[Candle]:
        if last < first:
            return []
        start, end = first.isoformat(), (last + timedelta(days=1)).isoformat()  # Dhan leaves the last day out
        call = partial(self._client.days, _named(route), start, end, open_interest=is_derivative(route))
        days = {_indian_date(candle.time): candle for candle in await self._chart(call, route, "1d", patient=patient)}
        return [
            msgspec.structs.replace(days[day], time=_midnight_ns(day)) for day in sorted(days) if first <= day <= last
        ]

    async def last_prices(self, routes: Sequence[Route]) -> dict[str, float]:
        """The last price of each instrument by canonical name; what Dhan does not know is absent."""
        prices: dict[str, float] = {}
        for asked, ids in _portions(routes):
            table = await self._caller.ask(self._prices, partial(self._client.last_prices, ids), last_price_table)
            prices.update(_on_grid(table or {}, asked))
        return prices

    async def quotes(self, routes: Sequence[Route]) -> dict[str, Quote]:
        """Last trade and day of each instrument by canonical name; what Dhan does not know is absent."""
        quotes: dict[str, Quote] = {}
        for asked, ids in _portions(routes):
            read = partial(route_quotes, routes=asked)
            quotes |= await self._caller.ask(self._prices, partial(self._client.quotes, ids), read) or {}
        return quotes

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    async def _chart(self, call: Callable[[], Reply], route: Route, timeframe: str, *, patient: bool) -> list[Candle]:
        read = partial(chart_candles, route=route, timeframe=timeframe, source=self.name)
        bars = await self._caller.ask(self._charts, call, read, patient=patient) or []
        candles = [bar for bar in bars if bar is not None]
        self._bars_skipped += len(bars) - len(candles)
        return candles


def _portions(routes: Sequence[Route]) -> Iterator[tuple[Sequence[Route], dict[str, list[int]]]]:
    """The routes of each price call, and their ids by segment; a name that is no number is none of Dhan's."""
    numbered = [route for route in routes if route.security_id.isdecimal()]
    for start in range(0, len(numbered), PRICES_PER_CALL):
        asked = numbered[start : start + PRICES_PER_CALL]
        ids: defaultdict[str, list[int]] = defaultdict(list)
        for route in asked:
            ids[route.segment].append(int(route.security_id))
        yield asked, ids


def _on_grid(table: Mapping[str, Mapping[str, float]], routes: Sequence[Route]) -> dict[str, float]:
    found = ((route, table.get(route.segment, {}).get(route.security_id)) for route in routes)
    return {route.instrument: TickSize(route.tick_size).round(price) for route, price in found if price is not None}


def _named(route: Route) -> dict[str, str]:
    return {
        "security_id": route.security_id,
        "exchange_segment": route.segment,
        "instrument_type": instrument_type(route),
    }


def _spans(start_ns: int, end_ns: int) -> Iterator[tuple[int, int]]:
    """The range in pieces of what one call may ask for, to whole seconds that enclose it."""
    start_s, end_s = start_ns // _SECOND, -(-end_ns // _SECOND)
    for first_s in range(start_s, end_s, DAYS_PER_CALL * _DAY_S):
        yield first_s * _SECOND, min(end_s, first_s + DAYS_PER_CALL * _DAY_S) * _SECOND


def _wall_clock(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // _SECOND, INDIA).strftime("%Y-%m-%d %H:%M:%S")


def _indian_date(time_ns: int) -> date:
    return datetime.fromtimestamp(time_ns // _SECOND, INDIA).date()


def _midnight_ns(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=INDIA).timestamp()) * _SECOND
