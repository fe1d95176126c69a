"""A recorded feed and a recorded history: at their times, to the nanosecond, and sensible where ours does something else."""

from collections.abc import Callable, Sequence

import pytest
import trio
from trio.testing import MockClock

from config.settings import Settings
from engine.providers.base import Advice, ProviderError, Route
from engine.providers.catalog import silent_provider
from engine.recording import Answer, Ended, Frame, Hole, Lost, Opened, Quoted, Record
from engine.replay.clock import RecordedClock
from engine.replay.feed import ReplayFeed
from engine.replay.history import ReplayHistory
from engine.replay.timeline import Timeline
from tests.recording.samples import BEGAN, SESSION, Quote
from tests.storage.samples import bar

SECOND_NS = 10**9
MINUTE_NS = 60 * SECOND_NS
NAME = "NSE:TCS"
ROUTE = Route(NAME, "NSE_EQ", "11536", 0.05, "equity")
ADAPTER = silent_provider("simulator", Settings(providers=("simulator",)))


def timeline(*records: Record) -> tuple[Timeline, RecordedClock]:
    clock = RecordedClock(BEGAN)
    return Timeline(SESSION, iter(records), clock), clock


def feed(*records: Record) -> tuple[ReplayFeed, RecordedClock, list[Route]]:
    line, clock = timeline(*records)
    replayed = ReplayFeed(ADAPTER.feed, line, clock)
    [routes] = replayed.plan([ROUTE])
    return replayed, clock, routes


def history(*records: Record) -> tuple[ReplayHistory, RecordedClock]:
    line, clock = timeline(*records)
    return ReplayHistory(ADAPTER.history, "simulator", line, clock), clock


def frame(at_ns: int, data: bytes = b"x") -> Frame:
    return Frame("simulator", 0, BEGAN + at_ns, data)


def opened(at_ns: int) -> Opened:
    return Opened("simulator", 0, BEGAN + at_ns)


def lost(at_ns: int, why: str = "cut") -> Lost:
    return Lost("simulator", 0, BEGAN + at_ns, why, "wait", 7.0, "800")


def answer(start: int, end: int, asked_ns: int, took_ns: int = 0, failure: Lost | None = None) -> Answer:
    """Of the minutes from one to another, each with a candle that tells when it was asked for."""
    candles = tuple(
        bar(NAME, time=BEGAN + minute * MINUTE_NS, volume=asked_ns)
        for minute in range(start, end if not failure else start)
    )
    bounds = BEGAN + start * MINUTE_NS, BEGAN + end * MINUTE_NS
    return Answer("simulator", NAME, "1m", *bounds, BEGAN + asked_ns, BEGAN + asked_ns + took_ns, candles, failure)


async def test_frames_come_out_when_the_clock_shows_their_very_time_of_receipt(autojump_clock: MockClock) -> None:
    times = [1_000_000_001, 1_000_000_777, 1_300_000_003, 90_000_000_000_000_007]
    replayed, clock, routes = feed(opened(7), *(frame(time) for time in times), Ended(BEGAN + times[-1]))
    async with replayed.connect(routes) as connection:
        assert clock.now_ns() >= BEGAN + 7
        for time in times:
            assert await connection.receive() == b"x"
            assert clock.now_ns() == BEGAN + time


async def test_a_connection_fails_ends_and_opens_again_as_it_did(autojump_clock: MockClock) -> None:
    replayed, clock, routes = feed(
        lost(1 * SECOND_NS, "refused"),
        opened(5 * SECOND_NS),
        frame(6 * SECOND_NS),
        lost(9 * SECOND_NS),
        opened(20 * SECOND_NS),
    )
    with pytest.raises(ProviderError, match="refused") as refused:
        async with replayed.connect(routes):
            pytest.fail("it was refused")
    assert (refused.value.advice, refused.value.wait_s, refused.value.code) == (Advice.WAIT, 7.0, "800")
    assert clock.now_ns() == BEGAN + 1 * SECOND_NS
    async with replayed.connect(routes) as connection:
        await connection.receive()
        with pytest.raises(ProviderError, match="cut"):
            await connection.receive()
        assert clock.now_ns() == BEGAN + 9 * SECOND_NS
    async with replayed.connect(routes):
        assert clock.now_ns() == BEGAN + 20 * SECOND_NS


async def test_one_that_ours_gave_up_too_early_is_taken_up_where_it_was(autojump_clock: MockClock) -> None:
    replayed, _, routes = feed(opened(0), frame(1, b"a"), frame(2, b"b"), lost(3), opened(4), frame(5, b"c"))
    async with replayed.connect(routes) as connection:
        assert await connection.receive() == b"a"
    async with replayed.connect(routes) as connection:
        assert await connection.receive() == b"b"
    async with replayed.connect(routes) as connection:
        assert await connection.receive() == b"c"


async def test_one_that_the_recorded_engine_gave_up_is_given_up_soon_after(autojump_clock: MockClock) -> None:
    replayed, clock, routes = feed(opened(0), frame(1), opened(5 * SECOND_NS), frame(8 * SECOND_NS))
    async with replayed.connect(routes) as connection:
        await connection.receive()
        with pytest.raises(ProviderError, match="gave this connection up"):
            await connection.receive()
        assert clock.now_ns() == BEGAN + 6 * SECOND_NS
    async with replayed.connect(routes) as connection:
        await connection.receive()
        assert clock.now_ns() == BEGAN + 8 * SECOND_NS


async def test_after_the_last_frame_nothing_comes_any_more(autojump_clock: MockClock) -> None:
    replayed, _, routes = feed(opened(0), frame(1))
    async with replayed.connect(routes) as connection:
        await connection.receive()
        with trio.move_on_after(3600) as waiting:
            await connection.receive()
        assert waiting.cancelled_caught


async def test_holes_are_counted(autojump_clock: MockClock) -> None:
    line, _ = timeline(Hole(BEGAN, 5, "slow"), frame(1), Hole(BEGAN, 2, "slow"))
    while not line.has_ended:
        line.read()
    assert (line.counts.holes, line.counts.lost, line.counts.frames) == (2, 7, 1)


async def test_the_same_question_has_its_recorded_answers_one_after_the_other_at_their_times(
    autojump_clock: MockClock,
) -> None:
    first, second = answer(0, 2, 10, took_ns=SECOND_NS), answer(0, 2, 50 * SECOND_NS, took_ns=SECOND_NS)
    replayed, clock = history(first, second)
    bounds = BEGAN, BEGAN + 2 * MINUTE_NS

    assert await replayed.minutes(ROUTE, *bounds) == list(first.candles)
    assert clock.now_ns() == first.answered_ns
    assert await replayed.candles(ROUTE, "1m", *bounds, patient=True) == list(second.candles)
    assert clock.now_ns() == second.answered_ns


async def test_a_failure_is_one_again(autojump_clock: MockClock) -> None:
    replayed, clock = history(answer(0, 2, 10, took_ns=SECOND_NS, failure=lost(10, "server error")))
    with pytest.raises(ProviderError, match="server error"):
        await replayed.minutes(ROUTE, BEGAN, BEGAN + 2 * MINUTE_NS)
    assert clock.now_ns() == BEGAN + 10 + SECOND_NS


async def test_another_question_is_answered_of_the_nearest_answers(autojump_clock: MockClock) -> None:
    replayed, _ = history(answer(0, 4, 1 * SECOND_NS), answer(2, 6, 100 * SECOND_NS))

    found = await replayed.minutes(ROUTE, BEGAN + MINUTE_NS, BEGAN + 5 * MINUTE_NS)

    assert [(candle.time - BEGAN) // MINUTE_NS for candle in found] == [1, 2, 3, 4]
    assert [candle.volume // SECOND_NS for candle in found] == [1, 1, 1, 100]


@pytest.mark.parametrize("ask", ["minutes", "quotes"])
async def test_what_was_never_asked_is_said_to_be_unknown(ask: str, autojump_clock: MockClock) -> None:
    replayed, _ = history(answer(0, 2, 1))
    questions: dict[str, Callable[[], object]] = {
        "minutes": lambda: replayed.minutes(ROUTE, BEGAN, BEGAN + 3 * MINUTE_NS),
        "quotes": lambda: replayed.quotes([ROUTE]),
    }
    with pytest.raises(ProviderError, match="does not tell"):
        await questions[ask]()
    assert replayed.unanswered == 1


async def test_quotes_are_those_that_were_told(autojump_clock: MockClock) -> None:
    def quoted(at_ns: int, names: Sequence[str], price: float) -> Quoted:
        quotes = {name: Quote(price) for name in names}
        return Quoted("simulator", tuple(names), BEGAN + at_ns, BEGAN + at_ns + 5, quotes)

    replayed, clock = history(quoted(1, ["NSE:INFY"], 1.0), quoted(2, [NAME], 2.0), quoted(SECOND_NS, [NAME], 3.0))
    assert await replayed.quotes([ROUTE]) == {NAME: Quote(2.0)}
    assert await replayed.quotes([ROUTE]) == {NAME: Quote(3.0)}
    assert clock.now_ns() == BEGAN + SECOND_NS + 5
