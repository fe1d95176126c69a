"""A provider's history that tells what it answers, so that heals can be replayed."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from functools import partial

from engine.market.candle import Candle
from engine.market.quote import Quote
from engine.providers.base import History, HistoryLimits, ProviderError, Route
from engine.recording.records import Answer, Lost, Quoted

DAYS = "days"
"""The timeframe that a question for whole days is recorded under; its bounds are numbers of days."""


class RecordedHistory:
    """Asks the history within and tells each answer, also that there is none."""

    def __init__(
        self, history: History, provider: str, *, tell: Callable[[Answer | Quoted], object], now_ns: Callable[[], int]
    ) -> None:
        self._history = history
        self._provider = provider
        self._tell = tell
        self._now_ns = now_ns

    @property
    def limits(self) -> HistoryLimits:
        return self._history.limits

    async def candles(
        self, route: Route, timeframe: str, start_ns: int, end_ns: int, *, patient: bool = False
    ) -> list[Candle]:
        ask = partial(self._history.candles, route, timeframe, start_ns, end_ns, patient=patient)
        return await self._ask(route, timeframe, start_ns, end_ns, ask)

    async def minutes(self, route: Route, start_ns: int, end_ns: int) -> list[Candle]:
        ask = partial(self._history.minutes, route, start_ns, end_ns)
        return await self._ask(route, "1m", start_ns, end_ns, ask)

    async def days(self, route: Route, first: date, last: date) -> list[Candle]:
        ask = partial(self._history.days, route, first, last)
        return await self._ask(route, DAYS, first.toordinal(), last.toordinal(), ask)

    async def last_prices(self, routes: Sequence[Route]) -> dict[str, float]:
        """Not recorded: no candle comes of them."""
        return await self._history.last_prices(routes)

    async def quotes(self, routes: Sequence[Route]) -> dict[str, Quote]:
        asked_ns, names = self._now_ns(), tuple(route.instrument for route in routes)
        try:
            quotes = await self._history.quotes(routes)
        except ProviderError as error:
            answered_ns = self._now_ns()
            failure = loss_of(self._provider, 0, answered_ns, error)
            self._tell(Quoted(self._provider, names, asked_ns, answered_ns, failure=failure))
            raise
        self._tell(Quoted(self._provider, names, asked_ns, self._now_ns(), quotes))
        return quotes

    def close(self) -> None:
        self._history.close()

    async def _ask(
        self, route: Route, timeframe: str, start_ns: int, end_ns: int, ask: Callable[[], Awaitable[list[Candle]]]
    ) -> list[Candle]:
        asked_ns = self._now_ns()
        question = (self._provider, route.instrument, timeframe, start_ns, end_ns, asked_ns)
        try:
            candles = await ask()
        except ProviderError as error:
            answered_ns = self._now_ns()
            self._tell(Answer(*question, answered_ns, failure=loss_of(self._provider, 0, answered_ns, error)))
            raise
        self._tell(Answer(*question, self._now_ns(), tuple(candles)))
        return candles


def loss_of(provider: str, connection: int, at_ns: int, error: ProviderError) -> Lost:
    """A provider's error as it is recorded."""
    return Lost(provider, connection, at_ns, str(error), error.advice.value, error.wait_s, error.code)
