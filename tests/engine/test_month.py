"""A month of sessions with seeded outages, token expiries, restarts and kills: what is lost is known, and healed."""

import logging
import os
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import structlog

from tests.engine.month import Month, Tally

LONG = bool(os.environ.get("TICKTREE_TEST_LONG"))


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """A month has much to tell."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@pytest.mark.slow
async def test_the_ledger_knows_exactly_what_two_sessions_lost_and_nothing_stays_lost(autojump_clock: Any) -> None:
    month = Month(date(2026, 11, 5), date(2026, 11, 6), instruments=1, seed=7)
    await month.live()
    assert_all_is_told_and_healed(month.tally)


@pytest.mark.slow
@pytest.mark.skipif(not LONG, reason="a month takes minutes: set TICKTREE_TEST_LONG=1")
@pytest.mark.parametrize("week", [1, 8, 15, 22])
async def test_the_ledger_knows_exactly_what_a_month_lost_and_nothing_stays_lost(
    autojump_clock: Any, week: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """November 2026, a week at a time: with Muhurat trading on a Sunday and two holidays."""
    month = Month(
        date(2026, 11, week), date(2026, 11, min(week + 6, 30) + (2 if week == 22 else 0)), instruments=2, seed=week
    )
    await month.live()
    with capsys.disabled():  # for the note
        print(f"\nweek {week}: {month.plan}: {month.tally}")  # noqa: T201
    assert_all_is_told_and_healed(month.tally)
    assert month.tally.left > 0, "the provider had everything"


def assert_all_is_told_and_healed(tally: Tally) -> None:
    """Minutes were lost, judged while they were, and all came back but for those that the provider does not have."""
    assert tally.lost > 0
    assert 0 < tally.judged_before <= tally.lost
    assert tally.healed > 0
    assert tally.left == tally.beyond_help
    assert tally.lost == tally.healed + tally.left
