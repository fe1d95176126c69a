"""Databento's record of what was traded: ranges of bars over HTTP, behind its rate limit, decoded while they come."""

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from typing import Final

import msgspec

from config.calendars import load_calendar
from engine.market import Calendars
from engine.market.candle import Candle
from engine.market.quote import Quote
from engine.providers.base import Advice, HistoryLimits, HistoryStatistics, ProviderError, Route
from engine.providers.databento.account import DatabentoEndpoints
from engine.providers.databento.answers import BarReader, OutOfRangeError, candles_of
from engine.providers.databento.client import DatabentoClient
from engine.providers.databento.days import dates_between, made_days
from engine.providers.databento.failures import is_unknown_symbol
from engine.providers.databento.records import PRICE_SCALE, UNDEFINED_PRICE
from engine.providers.databento.symbols import DATASETS, stype_of
from engine.providers.keyring import Keyring
from engine.providers.planning import batches
from engine.providers.rate_limiter import UNSHARED, Budget, RateLimiter, Share, TokenBucket
from engine.providers.retry import RetryPolicy, retrying

_SECOND: Final = 1_000_000_000
_DAY: Final = 86_400 * _SECOND
_LOOK_BACK_DAYS: Final[dict[str, int | None]] = {"1m": 15 * 365, "1h": 15 * 365, "1d": 15 * 365}
_DAYS_PER_CALL: Final = 90
_SYMBOLS_PER_CALL: Final = 500
_MOST_CUTS: Final = 3
_BUSY_WAIT_S: Final = 1.0
_QUOTE_WINDOWS: Final = (("1s", 300 * _SECOND), ("1h", 4 * _DAY))
"""Where the last trade is looked for: in the last five minutes to the second, then in four days to the hour."""


class DatabentoLimits(msgspec.Struct, frozen=True):
    """How often an account may call, and how long a call may take. Each byte is paid for: we stay far below."""

    calls_per_second: float = 10.0
    timeout_s: float = 120.0
    silence_s: float = 20.0


class DatabentoHistory:
    """A provider's record of what was traded, as Databento keeps it. Use it from one trio loop.

    Failures worth another try are tried again here. The record ends some minutes ago, or yesterday, as the account is:
    what is asked beyond its ends is left out.
    """

    def __init__(
        self,
        keyring: Keyring,
        endpoints: DatabentoEndpoints | None = None,
        *,
        name: str = "databento",
        limits: DatabentoLimits | None = None,
        retry: RetryPolicy | None = None,
        calendars: Calendars | None = None,
        clock: Callable[[], int] = time.time_ns,
        jitter: Callable[[], float] = random.random,
        budget: Budget = UNSHARED,
    ) -> None:
        limits = limits or DatabentoLimits()
        self.name = name
        self._keyring = keyring
        self._client = DatabentoClient(
            (endpoints or DatabentoEndpoints()).rest_url, timeout_s=limits.timeout_s, silence_s=limits.silence_s
        )
        self._limits = HistoryLimits(_LOOK_BACK_DAYS, _DAYS_PER_CALL, limits.calls_per_second)
        share = Share(budget, f"{name}/ranges", limits.calls_per_second)
        self._limiter = RateLimiter(TokenBucket(limits.calls_per_second, burst=5), share=share)
        self._retry = retry or RetryPolicy()
        self._calendars = calendars or Calendars(load_calendar)
        self._clock = clock
        self._jitter = jitter
        self._calls = self._failures = self._bars_skipped = 0

    def statistics(self) -> HistoryStatistics:
        return HistoryStatistics(self._calls, self._failures, self._bars_skipped)

    @property
    def limits(self) -> HistoryLimits:
        """What Databento's own limits leave, and a reach that costs no fortune by mistake."""
        return self._limits

    async def candles(
        self, route: Route, timeframe: str, start_ns: int, end_ns: int, *, patient: bool = False
    ) -> list[Candle]:
        """The candles of 1m, 1h or 1d that open in ``[start_ns, end_ns)``, oldest first; hours are those of the clock."""
        if timeframe == "1d":
            dates = dates_between(start_ns, end_ns, self._calendars.of(route.instrument))
            return await self._days(route, *dates, patient=patient) if dates else []
        if timeframe not in ("1m", "1h"):
            raise ProviderError(f"Databento has no candles of {timeframe}", advice=Advice.FIX_REQUEST)
        found: dict[int, Candle] = {}
        for first_ns, last_ns in _spans(start_ns, end_ns):
            reader = await self._ask([route], timeframe, first_ns, last_ns, patient=patient)
            for candle in candles_of(reader.bars_of(route.security_id), route, timeframe, self.name):
                if candle is None:
                    self._bars_skipped += 1
                elif start_ns <= candle.time < end_ns:
                    found[candle.time] = candle
        return [found[time_ns] for time_ns in sorted(found)]

    async def minutes(self, route: Route, start_ns: int, end_ns: int) -> list[Candle]:
        """The one-minute candles that open in ``[start_ns, end_ns)``, oldest first."""
        return await self.candles(route, "1m", start_ns, end_ns)

    async def days(self, route: Route, first: date, last: date) -> list[Candle]:
        """The daily candles of the exchange's days ``first`` to ``last``, both included, oldest first.

        They are made of what was traded in the exchange's sessions: of hours where these open and close on the hour, as
        futures' do, else of minutes.
        """
        return await self._days(route, first, last)

    async def last_prices(self, routes: Sequence[Route]) -> dict[str, float]:
        """The last price of each instrument by canonical name; what Databento does not know is absent."""
        return {name: quote.price for name, quote in (await self.quotes(routes)).items()}

    async def quotes(self, routes: Sequence[Route]) -> dict[str, Quote]:
        """The last trade of each instrument by canonical name; what Databento does not know is absent.

        There is no call for it: the last bars are asked for, of seconds in five minutes, of hours in four days. A quote
        is as old as the account's record; it was traded at its time or, within its bar, later.
        """
        quotes: dict[str, Quote] = {}
        for timeframe, window_ns in _QUOTE_WINDOWS:
            missing = [route for route in routes if route.instrument not in quotes]
            for group in _groups(missing):
                try:
                    quotes |= await self._last(group, timeframe, window_ns)
                except ProviderError as error:
                    if not is_unknown_symbol(error):
                        raise
        return quotes

    def close(self) -> None:
        """Nothing is held between two calls."""

    async def _days(self, route: Route, first: date, last: date, *, patient: bool = False) -> list[Candle]:
        ask = partial(self.candles, route, patient=patient)
        return await made_days(self._calendars.of(route.instrument), first, last, ask)

    async def _last(self, routes: Sequence[Route], timeframe: str, window_ns: int) -> dict[str, Quote]:
        """The last bar of each in the newest stretch of the record."""
        end_ns = self._clock()
        try:
            reader = await self._ask(routes, timeframe, end_ns - window_ns, end_ns, cut=False)
        except OutOfRangeError as error:
            if error.end_ns is None:
                raise
            end_ns = error.end_ns
            reader = await self._ask(routes, timeframe, end_ns - window_ns, end_ns)
        newest = {bar[0]: bar for bar in reader.bars if bar[5] != UNDEFINED_PRICE}
        quotes: dict[str, Quote] = {}
        for route in routes:
            bars = [newest[number] for number in reader.numbers().get(route.security_id, ()) if number in newest]
            if bars:
                bar = max(bars, key=lambda bar: bar[1])
                quotes[route.instrument] = Quote(bar[5] / PRICE_SCALE, bar[1])
        return quotes

    async def _ask(
        self,
        routes: Sequence[Route],
        timeframe: str,
        start_ns: int,
        end_ns: int,
        *,
        patient: bool = False,
        cut: bool = True,
    ) -> BarReader:
        """The bars of a range; with ``cut``, of as much of it as the account may read."""
        for _ in range(_MOST_CUTS):
            if start_ns >= end_ns:
                break
            call = partial(self._call, routes, timeframe, start_ns, end_ns, patient=patient)
            try:
                return await retrying(call, self._retry, jitter=self._jitter)
            except OutOfRangeError as error:
                before = start_ns, end_ns
                start_ns, end_ns = max(start_ns, error.start_ns or start_ns), min(end_ns, error.end_ns or end_ns)
                if not cut or before == (start_ns, end_ns):
                    raise
        return BarReader(timeframe)

    async def _call(
        self, routes: Sequence[Route], timeframe: str, start_ns: int, end_ns: int, *, patient: bool
    ) -> BarReader:
        await self._limiter.acquire(patient=patient)
        self._calls += 1
        reader = BarReader(timeframe)
        form = _form(routes, timeframe, start_ns, end_ns)
        try:
            await self._client.read(form, self._keyring.current.token, reader.take)
            reader.finish()
        except ProviderError as error:
            self._failures += not isinstance(error, OutOfRangeError)
            if error.advice is Advice.WAIT:
                await self._limiter.hold(error.wait_s or _BUSY_WAIT_S)
            raise
        return reader


def _form(routes: Sequence[Route], timeframe: str, start_ns: int, end_ns: int) -> dict[str, str]:
    return {
        "dataset": _dataset(routes[0]),
        "symbols": ",".join(route.security_id for route in routes),
        "schema": f"ohlcv-{timeframe}",
        "stype_in": stype_of(routes[0].security_id) or "raw_symbol",
        "stype_out": "instrument_id",
        "start": str(start_ns),
        "end": str(end_ns),
        "encoding": "dbn",
        "compression": "zstd",
    }


def _dataset(route: Route) -> str:
    if route.segment not in DATASETS:
        raise ProviderError(f"Databento has nothing of {route.key}", advice=Advice.FIX_REQUEST)
    return DATASETS[route.segment]


def _groups(routes: Sequence[Route]) -> Iterator[list[Route]]:
    """Those that one call may ask for together."""
    groups: defaultdict[tuple[str, str], list[Route]] = defaultdict(list)
    for route in routes:
        stype = stype_of(route.security_id)
        if route.segment in DATASETS and stype is not None:
            groups[DATASETS[route.segment], stype].append(route)
    for members in groups.values():
        yield from batches(members, _SYMBOLS_PER_CALL)


def _spans(start_ns: int, end_ns: int) -> Iterator[tuple[int, int]]:
    """The range in pieces of what one call asks for."""
    step = _DAYS_PER_CALL * _DAY
    for first_ns in range(start_ns, end_ns, step):
        yield first_ns, min(end_ns, first_ns + step)
