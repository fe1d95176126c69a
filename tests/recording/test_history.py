"""What a provider's history answers is told, the answer as it was and the failure as it was."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from engine.market.candle import Candle
from engine.market.quote import Quote
from engine.providers.base import Advice, HistoryLimits, ProviderError, Route
from engine.recording import Lost, Quoted
from engine.recording.history import RecordedHistory
from tests.recording.samples import BEGAN
from tests.storage.samples import bar

ROUTE = Route("NSE:TCS", "NSE_EQ", "11536", 0.05, "equity")


class Told:
    """Answers with one bar, or fails."""

    def __init__(self, failure: ProviderError | None = None) -> None:
        self.failure = failure
        self.closed = False
        self.limits = HistoryLimits({"1m": 5}, 1, 10.0)

    async def candles(self, *_: object, patient: bool = False) -> list[Candle]:
        if self.failure is not None:
            raise self.failure
        return [bar("NSE:TCS")]

    minutes = days = candles

    async def last_prices(self, routes: Sequence[Route]) -> dict[str, float]:
        return {route.instrument: 1.0 for route in routes}

    async def quotes(self, routes: Sequence[Route]) -> dict[str, Quote]:
        if self.failure is not None:
            raise self.failure
        return {route.instrument: Quote(2.0, 7, 9) for route in routes}

    def close(self) -> None:
        self.closed = True


def clock() -> int:
    return BEGAN


async def test_every_question_for_candles_is_told_with_its_answer() -> None:
    told: list[Any] = []
    history = RecordedHistory(Told(), "dhan", tell=told.append, now_ns=clock)

    assert await history.minutes(ROUTE, 1, 2) == [bar("NSE:TCS")]
    assert await history.candles(ROUTE, "5m", 3, 4, patient=True) == [bar("NSE:TCS")]
    assert await history.days(ROUTE, date(2026, 1, 1), date(2026, 1, 2)) == [bar("NSE:TCS")]
    assert await history.last_prices([ROUTE]) == {"NSE:TCS": 1.0}

    assert [(answer.timeframe, answer.start_ns, answer.end_ns) for answer in told] == [
        ("1m", 1, 2),
        ("5m", 3, 4),
        ("days", date(2026, 1, 1).toordinal(), date(2026, 1, 2).toordinal()),
    ]
    assert {answer.candles for answer in told} == {(bar("NSE:TCS"),)}


async def test_a_failure_is_told_and_raised() -> None:
    told: list[Any] = []
    failure = ProviderError("too many requests", advice=Advice.WAIT, wait_s=3.0, code="DH-904")
    history = RecordedHistory(Told(failure), "dhan", tell=told.append, now_ns=clock)

    with pytest.raises(ProviderError, match="too many requests"):
        await history.minutes(ROUTE, 1, 2)

    assert told[0].failure == Lost("dhan", 0, BEGAN, "too many requests", "wait", 3.0, "DH-904")


async def test_what_it_quotes_is_told_too_for_it_decides_why_a_feed_is_silent() -> None:
    told: list[Any] = []
    quote = Quote(2.0, 7, 9)
    history = RecordedHistory(Told(), "dhan", tell=told.append, now_ns=clock)
    assert await history.quotes([ROUTE]) == {"NSE:TCS": quote}

    with pytest.raises(ProviderError, match="gone"):
        await RecordedHistory(Told(ProviderError("gone")), "dhan", tell=told.append, now_ns=clock).quotes([ROUTE])

    assert told == [
        Quoted("dhan", ("NSE:TCS",), BEGAN, BEGAN, {"NSE:TCS": quote}),
        Quoted("dhan", ("NSE:TCS",), BEGAN, BEGAN, failure=Lost("dhan", 0, BEGAN, "gone", "retry")),
    ]
