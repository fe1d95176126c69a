"""A token that ends at three in the morning, at a venue that never closes: with a successor nobody notices, without one all know."""

import os
from datetime import date
from typing import Any

import pytest

from tests.engine.venue import HOUR_NS, MINUTE_NS, Venue, restarts

NOON = 1_795_069_800 * 1_000_000_000
"""2026-11-19 12:00 in India."""
DAY = date(2026, 11, 19)
LONG = bool(os.environ.get("TICKTREE_TEST_LONG"))
THREE = NOON + 15 * HOUR_NS


@pytest.mark.slow
async def test_a_token_that_is_replaced_before_it_ends_costs_a_whole_day_no_tick_no_restart_and_no_gap(
    autojump_clock: Any,
) -> None:
    instruments, trades_per_minute = (3, 60.0) if LONG else (1, 15.0)
    venue = Venue(NOON, DAY, instruments=instruments, trades_per_minute=trades_per_minute, lags_s=(0.3, 0.0))
    await assert_nobody_notices(venue, NOON, NOON + 24 * HOUR_NS)


@pytest.mark.slow
@pytest.mark.parametrize("lags_s", [(0.0, 0.3), (0.3, 0.0), (0.2, 0.1)])
async def test_however_the_two_connections_lag_nobody_notices_under_load(
    autojump_clock: Any, lags_s: tuple[float, float]
) -> None:
    venue = Venue(THREE - HOUR_NS // 2, DAY, instruments=20, trades_per_minute=60.0, lags_s=lags_s)
    await assert_nobody_notices(venue, THREE - HOUR_NS // 2, THREE + 10 * MINUTE_NS)


async def assert_nobody_notices(venue: Venue, start_ns: int, end_ns: int) -> None:
    await venue.enter("first", THREE)
    async with venue.engine() as system:
        await venue.until(THREE - 20 * MINUTE_NS)
        await venue.enter("second", THREE + 24 * HOUR_NS)
        await venue.until(THREE - MINUTE_NS)
        assert (venue.feed.taken, venue.feed.open) == (2, 1)
        await venue.until(end_ns + MINUTE_NS)
        assert (venue.feed.taken, venue.feed.open) == (2, 1)
        assert restarts(system.snapshot("/engine")) == 0
        assert [gap["at_ns"] for gap in venue.gaps if gap["at_ns"] > start_ns + MINUTE_NS] == []
    assert await venue.wrong(start_ns, end_ns) == []
    assert await venue.revised(start_ns + MINUTE_NS, end_ns) == 0
    assert [event for event in await venue.events("alert") if "ends" not in event["message"]] == []


@pytest.mark.slow
async def test_a_dead_token_without_a_successor_is_told_and_waited_out_without_a_storm(autojump_clock: Any) -> None:
    venue = Venue(THREE - HOUR_NS, DAY, instruments=2, trades_per_minute=20.0)
    await venue.enter("first", THREE)
    async with venue.engine() as system:
        await venue.until(THREE + HOUR_NS)
        knocked = [at_ns for at_ns in venue.feed.attempts if at_ns >= THREE]
        assert 1 <= len(knocked) <= 5
        [*_, status] = [event for event in await venue.events("status") if "feed" in event]
        assert (status["status"], status["cause"]) == ("failed", "token_dead")
        assert "ticktree credentials set simulator" in status["why"]
        words = [event["message"] for event in await venue.events("alert")]
        assert sum("refuses its token" in word for word in words) == 1
        assert sum("the token of simulator has ended" in word for word in words) == 1
        await venue.enter("second", THREE + 24 * HOUR_NS)
        await venue.until(THREE + HOUR_NS + 2 * MINUTE_NS)
        assert venue.feed.open == 1
        await venue.until(THREE + 2 * HOUR_NS + MINUTE_NS)
        assert restarts(system.snapshot("/engine")) == 0
    assert await venue.wrong(THREE - 30 * MINUTE_NS, THREE + 2 * HOUR_NS) == []
