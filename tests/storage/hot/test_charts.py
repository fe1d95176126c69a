"""Charts in Redis: days that can change alone, and a life of one day."""

from datetime import date

import pytest

from engine.market.candle import CandleState
from engine.storage.hot import ChartAbout, HotStore, keys
from tests.storage.samples import bar, bars

NAME = "NSE:RELIANCE"
pytestmark = pytest.mark.anyio

FIRST, SECOND, THIRD = date(2026, 11, 18), date(2026, 11, 19), date(2026, 11, 20)


async def test_a_day_comes_back_as_it_was_written(hot: HotStore) -> None:
    odd = bar(open_interest=7, state=CandleState.REVISED, revision=3, resolve_required=True, source="mixed")
    await hot.write_chart_days(NAME, "1m", {FIRST: bars(5), SECOND: [odd]})

    assert await hot.chart_days(NAME, "1m", [FIRST, SECOND, THIRD]) == [*bars(5), odd]
    assert await hot.chart_days(NAME, "5m", [FIRST]) == []
    assert await hot.chart_days("NSE:TCS", "1m", [FIRST]) == []


async def test_a_day_is_replaced_without_the_others(hot: HotStore) -> None:
    await hot.write_chart_days(NAME, "1m", {FIRST: bars(2), SECOND: bars(3)})
    await hot.write_chart_days(NAME, "1m", {FIRST: bars(1)})

    assert await hot.chart_days(NAME, "1m", [FIRST, SECOND]) == [*bars(1), *bars(3)]


async def test_a_chart_stands_when_it_is_finished_and_then_has_no_other_days(hot: HotStore) -> None:
    about = ChartAbout(built_ns=2, start_ns=1)
    await hot.write_chart_days(NAME, "1m", {FIRST: bars(1), SECOND: bars(2)})
    assert await hot.chart_about(NAME, "1m") is None
    await hot.finish_chart(NAME, "1m", about, [SECOND])

    assert await hot.chart_about(NAME, "1m") == about
    assert await hot.chart_days(NAME, "1m", [FIRST, SECOND]) == bars(2)


async def test_a_chart_lives_a_day_from_its_last_writing(hot: HotStore) -> None:
    call = hot._link.call
    key = keys.chart(NAME, "4h")
    assert key == "chart:NSE:RELIANCE:4h:1year"
    await hot.write_chart_days(NAME, "4h", {FIRST: bars(1)})
    assert 0 < await call("TTL", key) <= keys.DAY_S
    await call("EXPIRE", key, 100)
    await hot.finish_chart(NAME, "4h", ChartAbout(1, 1), [FIRST])
    assert await call("TTL", key) > keys.DAY_S - 10
