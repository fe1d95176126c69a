"""A provider's history as it was recorded: the same answers to the same questions, at the same times."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TypeVar

from engine.market.candle import Candle
from engine.market.quote import Quote
from engine.providers.base import Advice, History, HistoryLimits, ProviderError, Route
from engine.recording import Answer, Lost, Quoted
from engine.recording.history import DAYS
from engine.replay.clock import NS_PER_S, RecordedClock
from engine.replay.timeline import Timeline

Told = TypeVar("Told", Answer, Quoted)

AHEAD_NS = 120 * NS_PER_S
"""No answer took longer."""
EARLY_NS = NS_PER_S
"""A question may come so much later than it was recorded, and its answer is still the one."""


class ReplayHistory:
    """Answers from the recording. What was never asked is put together of what was, nearest in time first."""

    def __init__(self, adapter: History, provider: str, timeline: Timeline, clock: RecordedClock) -> None:
        self.unanswered = 0
        """Questions that the recording has no answer to."""
        self._adapter = adapter
        self._provider = provider
        self._timeline = timeline
        self._clock = clock
        self._given: set[int] = set()

    @property
    def limits(self) -> HistoryLimits:
        return self._adapter.limits

    async def candles(
        self, route: Route, timeframe: str, start_ns: int, end_ns: int, *, patient: bool = False
    ) -> list[Candle]:
        del patient
        return await self._answer(route.instrument, timeframe, start_ns, end_ns)

    async def minutes(self, route: Route, start_ns: int, end_ns: int) -> list[Candle]:
        return await self._answer(route.instrument, "1m", start_ns, end_ns)

    async def days(self, route: Route, first: date, last: date) -> list[Candle]:
        return await self._answer(route.instrument, DAYS, first.toordinal(), last.toordinal())

    async def last_prices(self, routes: Sequence[Route]) -> dict[str, float]:
        """They are not recorded: no candle comes of them."""
        del routes
        return {}

    async def quotes(self, routes: Sequence[Route]) -> dict[str, Quote]:
        quoted = self._quoted({route.instrument for route in routes})
        await self._clock.reach(quoted.answered_ns)
        if quoted.failure is not None:
            raise _error(quoted.failure)
        return dict(quoted.quotes)

    def close(self) -> None:
        """There is nothing to give back."""

    def _quoted(self, names: set[str]) -> Quoted:
        """The first answer about these instruments that was not given yet."""
        told = self._timeline.quoted[self._provider]
        for quoted in self._reading(told, self._clock.now_ns()):
            if set(quoted.instruments) == names:
                self._given.add(id(quoted))
                return quoted
        self.unanswered += 1
        raise ProviderError("The recording does not tell what was quoted then.", advice=Advice.FIX_REQUEST)

    async def _answer(self, instrument: str, timeframe: str, start_ns: int, end_ns: int) -> list[Candle]:
        question = timeframe, start_ns, end_ns
        answer = self._recorded(instrument, question) or self._composed(instrument, question)
        await self._clock.reach(answer.answered_ns)
        if answer.failure is not None:
            raise _error(answer.failure)
        return list(answer.candles)

    def _recorded(self, instrument: str, question: tuple[str, int, int]) -> Answer | None:
        """The first answer to this very question that was not given yet."""
        for answer in self._reading(self._timeline.answers[instrument], self._clock.now_ns()):
            if _question(answer) == question:
                self._given.add(id(answer))
                return answer
        return None

    def _reading(self, told: list[Told], now_ns: int) -> Iterator[Told]:
        """The provider's answers from now on that were not given yet, however far ahead they lie."""
        seen = 0
        while True:
            for answer in told[seen:]:
                if self._is_next(answer, now_ns):
                    yield answer
            seen = len(told)
            if self._timeline.has_ended or self._timeline.end_ns > now_ns + AHEAD_NS:
                return
            self._timeline.read()

    def _is_next(self, answer: Answer | Quoted, now_ns: int) -> bool:
        wanted = answer.provider == self._provider and answer.answered_ns >= now_ns - EARLY_NS
        return wanted and id(answer) not in self._given

    def _composed(self, instrument: str, question: tuple[str, int, int]) -> Answer:
        """Of answers to other questions, the nearest in time for each minute; given at once."""
        timeframe, start_ns, end_ns = question
        now_ns = self._clock.now_ns()
        open_parts, candles = [(start_ns, end_ns)], list[Candle]()
        for answer in self._nearest(instrument, timeframe, now_ns):
            covered = [part for gap in open_parts if (part := _overlap(gap, answer))]
            candles += [one for one in answer.candles if any(first <= one.time < last for first, last in covered)]
            open_parts = [part for gap in open_parts for part in _left_over(gap, answer)]
        if open_parts:
            self.unanswered += 1
            raise ProviderError(
                f"The recording does not tell what {instrument} traded then.", advice=Advice.FIX_REQUEST
            )
        candles.sort(key=lambda candle: candle.time)
        return Answer(self._provider, instrument, timeframe, start_ns, end_ns, now_ns, now_ns, tuple(candles))

    def _nearest(self, instrument: str, timeframe: str, now_ns: int) -> list[Answer]:
        told = self._timeline.answers[instrument]
        fitting = [
            answer
            for answer in told
            if answer.failure is None and (answer.provider, answer.timeframe) == (self._provider, timeframe)
        ]
        return sorted(fitting, key=lambda answer: abs(answer.asked_ns - now_ns))


def _error(failure: Lost) -> ProviderError:
    return ProviderError(failure.detail, advice=Advice(failure.advice), wait_s=failure.wait_s, code=failure.code)


def _question(answer: Answer) -> tuple[str, int, int]:
    return answer.timeframe, answer.start_ns, answer.end_ns


def _overlap(gap: tuple[int, int], answer: Answer) -> tuple[int, int] | None:
    start_ns, end_ns = max(gap[0], answer.start_ns), min(gap[1], answer.end_ns)
    return (start_ns, end_ns) if start_ns < end_ns else None


def _left_over(gap: tuple[int, int], answer: Answer) -> Iterator[tuple[int, int]]:
    """What of a gap an answer says nothing about."""
    if answer.end_ns <= gap[0] or answer.start_ns >= gap[1]:
        yield gap
        return
    if gap[0] < answer.start_ns:
        yield gap[0], answer.start_ns
    if answer.end_ns < gap[1]:
        yield answer.end_ns, gap[1]
